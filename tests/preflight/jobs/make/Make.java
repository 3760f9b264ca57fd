package jobs;

import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.plugin.PluginUtils;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Runs the job in a MiniCluster until it has completed checkpoints, then takes a savepoint of each format and cancels it.
 * Prints the paths: canonical savepoint, native savepoint.
 */
public final class Make {

    private Make() {}

    public static void main(String[] args) {
        try {
            make(args);
        } catch (Throwable thrown) {
            thrown.printStackTrace();
            Runtime.getRuntime().halt(1); // the cluster's threads would keep the JVM
        }
        Runtime.getRuntime().halt(0);
    }

    private static void make(String[] args) throws Exception {
        Configuration configuration = GlobalConfiguration.loadConfiguration();
        FileSystem.initialize(configuration, PluginUtils.createPluginManagerFromRootFolder(configuration));
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        Job.build(env, List.of(args));
        JobClient client = env.executeAsync("make");
        String savepoints = configuration.toMap().get("state.savepoints.dir");
        for (SavepointFormatType format : new SavepointFormatType[] {SavepointFormatType.CANONICAL, SavepointFormatType.NATIVE}) {
            System.out.println(format + "=" + savepoint(client, savepoints, format));
        }
        Thread.sleep(1500); // a checkpoint after the savepoints
        client.cancel().get();
    }

    /** Until all tasks run there is no savepoint. */
    private static String savepoint(JobClient client, String directory, SavepointFormatType format) throws Exception {
        while (true) {
            try {
                return client.triggerSavepoint(directory, format).get();
            } catch (ExecutionException thrown) {
                System.out.println("not yet: " + thrown.getMessage());
                Thread.sleep(500);
            }
        }
    }
}
