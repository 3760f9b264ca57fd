package preflight;

import java.nio.file.Path;
import java.util.List;

/**
 * Sees to it that there is a result whatever main() does: when it does not return, calls System.exit, or leaves threads
 * behind, and when Kubernetes ends the pod.
 */
final class Guard {
    private final Result result;
    private final Path file;
    private volatile Thread main = Thread.currentThread();
    private volatile String phase = "start";
    private boolean finished;

    Guard(Result result, Path file) {
        this.result = result;
        this.file = file;
        Runtime.getRuntime().addShutdownHook(new Thread(this::endedFromOutside));
    }

    void phase(String now) {
        phase = now;
        System.out.println("preflight: " + now);
    }

    void start(Thread checked, int seconds) {
        main = checked;
        Thread watch = new Thread(() -> watch(seconds), "preflight-watch");
        watch.setDaemon(true);
        watch.start();
    }

    /** Writes the result and ends the JVM: threads that main() left behind do not keep it. */
    void finish() {
        synchronized (this) {
            if (!finished) {
                finished = true;
                result.write(file);
            }
        }
        Runtime.getRuntime().halt(result.kind.exitCode);
    }

    private void watch(int seconds) {
        try {
            Thread.sleep(seconds * 1000L);
        } catch (InterruptedException thrown) {
            return;
        }
        end(Kind.TIMEOUT, phase + " did not end within " + seconds + " s");
    }

    private void endedFromOutside() {
        for (StackTraceElement frame : main.getStackTrace()) {
            if (frame.getClassName().equals("java.lang.Shutdown")) {
                end(Kind.PROGRAM, "main() called System.exit before execute()");
            }
        }
        end(Kind.TIMEOUT, phase + " was ended from outside");
    }

    private void end(Kind kind, String cause) {
        synchronized (this) {
            if (!finished) {
                result.fail(kind, cause + where(main.getStackTrace()), List.of());
            }
        }
        finish();
    }

    /** The innermost frame that is neither Java's nor Flink's: the team's own code. */
    static String where(StackTraceElement[] frames) {
        for (StackTraceElement frame : frames) {
            if (!frame.getClassName().matches("(java|javax|jdk|sun|com\\.sun|scala|org\\.apache\\.flink|preflight)\\..*")) {
                return ", at " + frame;
            }
        }
        return "";
    }
}
