package preflight;

import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.List;
import java.util.Optional;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.plugin.PluginUtils;
import org.apache.flink.runtime.util.EnvironmentInformation;

/**
 * Says whether this image with this configuration would start from the job's state, without starting anything:
 * no task, no source, no sink. main() runs until it calls execute().
 *
 * <p>FLINK_CONF_DIR holds the configuration, as for a JobManager. The result is one line of JSON, in the file that
 * PREFLIGHT_RESULT names (default: the container's termination message) and last on standard output, below a table for
 * people. The exit code is the kind of the result.
 */
public final class Preflight {

    /** How often the newest checkpoint may vanish while it is read. */
    private static final int ATTEMPTS = 5;

    private Preflight() {}

    public static void main(String[] args) {
        Path file = Paths.get(System.getenv().getOrDefault("PREFLIGHT_RESULT", "/dev/termination-log"));
        Result result = new Result(EnvironmentInformation.getVersion());
        Guard guard = new Guard(result, file);
        try {
            Request request = Request.parse(args);
            guard.start(Thread.currentThread(), request.seconds);
            run(request, result, guard);
        } catch (Failure failure) {
            result.fail(failure.kind, failure.getMessage(), failure.details);
        } catch (Throwable thrown) {
            thrown.printStackTrace();
            result.fail(Kind.INTERNAL, Failure.inOneLine(thrown), List.of());
        }
        guard.finish();
    }

    private static void run(Request request, Result result, Guard guard) throws Exception {
        guard.phase("configuration");
        Configuration configuration = configuration();
        ConfigurationTypes.check(configuration, result);

        guard.phase("secret files");
        SecretFiles.check(request.secretFiles);

        guard.phase("storage");
        FileSystem.initialize(configuration, PluginUtils.createPluginManagerFromRootFolder(configuration));
        Storage.probe(configuration);
        if (request.restore.isEmpty()) {
            Storage.newest(configuration);
        } else {
            Snapshot.mustExist(request.restore);
        }

        guard.phase("main()");
        Program program = Program.run(request, configuration);

        guard.phase("state");
        StateMatch match = new StateMatch(program, request.allowNonRestoredState);
        if (!request.restore.isEmpty()) {
            match.compare(request.restore, result);
            return;
        }
        // The running job goes on completing checkpoints and removing old ones: one that was gone when it had been read
        // says nothing.
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            Optional<String> snapshot = Storage.newest(configuration);
            match.compare(snapshot.orElse(""), result);
            if (snapshot.isEmpty() || result.kind == Kind.PASSED || Snapshot.exists(snapshot.get())) {
                return;
            }
        }
    }

    private static Configuration configuration() {
        try {
            return GlobalConfiguration.loadConfiguration();
        } catch (RuntimeException thrown) {
            throw new Failure(Kind.CONFIGURATION, "Flink cannot load its configuration: " + Failure.inOneLine(thrown));
        }
    }
}
