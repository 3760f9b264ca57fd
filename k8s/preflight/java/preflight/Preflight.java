package preflight;

import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.List;
import java.util.Optional;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.plugin.PluginUtils;
import org.apache.flink.runtime.checkpoint.OperatorState;
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
        Optional<String> snapshot = request.restore.isEmpty() ? Storage.newest(configuration) : Optional.of(request.restore);
        // The state is read before main() runs: a job that cannot read it should not run even that far.
        Snapshot.mustExist(snapshot);

        guard.phase("main()");
        Program program = Program.run(request, configuration);

        guard.phase("state");
        result.snapshot = snapshot.orElse("");
        Iterable<OperatorState> states = snapshot.isPresent() ? Snapshot.read(snapshot.get(), program.classLoader) : List.of();
        new StateMatch(program, request.allowNonRestoredState).compare(states, result);
    }

    private static Configuration configuration() {
        try {
            return GlobalConfiguration.loadConfiguration();
        } catch (RuntimeException thrown) {
            throw new Failure(Kind.CONFIGURATION, "Flink cannot load its configuration: " + Failure.inOneLine(thrown));
        }
    }
}
