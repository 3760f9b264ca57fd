package preflight;

import java.io.File;
import java.net.URI;
import org.apache.flink.client.program.DefaultPackagedProgramRetriever;
import org.apache.flink.client.program.PackagedProgram;
import org.apache.flink.client.program.PackagedProgramUtils;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.runtime.entrypoint.ClusterEntrypointUtils;
import org.apache.flink.runtime.jobgraph.JobGraph;

/** The job's main(), run up to the job graph as a JobManager in application mode and `flink info` do. */
final class Program {
    final JobGraph graph;
    final ClassLoader classLoader;
    /** parallelism.default: of the vertices that set none. */
    final int parallelism;

    private Program(JobGraph graph, ClassLoader classLoader, int parallelism) {
        this.graph = graph;
        this.classLoader = classLoader;
        this.parallelism = parallelism;
    }

    static Program run(Request request, Configuration configuration) {
        File jar = new File(URI.create(request.jar).getPath());
        if (!jar.isFile()) {
            throw new Failure(Kind.PROGRAM, "the image has no file " + jar);
        }
        try {
            PackagedProgram packaged = DefaultPackagedProgramRetriever.create(
                            ClusterEntrypointUtils.tryFindUserLibDirectory().orElse(null),
                            jar,
                            request.entryClass.isEmpty() ? null : request.entryClass,
                            request.programArguments.toArray(new String[0]),
                            configuration)
                    .getPackagedProgram();
            int parallelism = configuration.get(CoreOptions.DEFAULT_PARALLELISM);
            JobGraph graph = PackagedProgramUtils.createJobGraph(packaged, configuration, parallelism, false);
            return new Program(graph, packaged.getUserCodeClassLoader(), parallelism);
        } catch (Throwable thrown) { // a missing class and a clash of libraries are Errors
            thrown.printStackTrace();
            throw new Failure(Kind.PROGRAM,
                    Failure.inOneLine(thrown) + Guard.where(Failure.innermost(thrown).getStackTrace()));
        }
    }
}
