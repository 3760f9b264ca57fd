package preflight;

import java.util.List;

/** Ends the check with a kind and a cause in one line. */
final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 300;

    final transient Kind kind;
    final transient List<String> details;

    Failure(Kind kind, String cause) {
        this(kind, cause, List.of());
    }

    Failure(Kind kind, String cause, List<String> details) {
        super(cause);
        this.kind = kind;
        this.details = details;
    }

    /** The innermost cause with its first line of text: what a person looks for in a stack trace. */
    static String inOneLine(Throwable thrown) {
        Throwable cause = innermost(thrown);
        String name = cause.getClass().getSimpleName();
        String message = cause.getMessage();
        String line = message == null || message.isBlank() ? name : name + ": " + message.strip().lines().findFirst().get();
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
    }

    static Throwable innermost(Throwable thrown) {
        Throwable cause = thrown;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        return cause;
    }
}
