package preflight;

import java.util.ArrayList;
import java.util.List;

/** The command line: options, then after "--" the arguments of the job's own main(). */
final class Request {
    /** A local path or a local: or file: URI. */
    String jar = "";
    /** Empty: the jar's manifest says. */
    String entryClass = "";
    /** Path of a savepoint or checkpoint; empty: the newest below the configured directories. */
    String restore = "";
    boolean allowNonRestoredState;
    /** Files that must be there and readable. */
    final List<String> secretFiles = new ArrayList<>();
    /** After which the check gives up and says where main() stands. */
    int seconds = 240;

    final List<String> programArguments = new ArrayList<>();

    static Request parse(String[] args) {
        Request request = new Request();
        int at = 0;
        while (at < args.length && !args[at].equals("--")) {
            String option = args[at++];
            if (option.equals("--allow-non-restored-state")) {
                request.allowNonRestoredState = true;
                continue;
            }
            if (at == args.length) {
                throw new IllegalArgumentException(option + " has no value");
            }
            String value = args[at++];
            switch (option) {
                case "--jar":
                    request.jar = value;
                    break;
                case "--class":
                    request.entryClass = value;
                    break;
                case "--restore":
                    request.restore = value;
                    break;
                case "--secret-file":
                    request.secretFiles.add(value);
                    break;
                case "--seconds":
                    request.seconds = Integer.parseInt(value);
                    break;
                default:
                    throw new IllegalArgumentException("unknown option " + option);
            }
        }
        for (at++; at < args.length; at++) {
            request.programArguments.add(args[at]);
        }
        return request;
    }
}
