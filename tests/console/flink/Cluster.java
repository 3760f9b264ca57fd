import java.lang.reflect.Field;
import java.util.Collection;
import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.runtime.rest.RestServerEndpoint;
import org.apache.flink.runtime.rest.handler.RestHandlerSpecification;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;

/**
 * A Flink with its own REST server and UI on loopback, and a job that runs until standard input
 * ends. Prints "route METHOD PATH" for each route that this server registered, then "job ID" and
 * "rest URL". Written for every version from 1.18 on.
 */
public class Cluster {
  public static void main(String[] args) {
    try {
      run();
      Runtime.getRuntime().halt(0); // exit would wait for the job
    } catch (Throwable thrown) {
      thrown.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  static void run() throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("rest.address", "localhost");
    configuration.setString("rest.port", "0");
    configuration.setString(
        "state.savepoints.dir", "file://" + System.getProperty("java.io.tmpdir") + "/savepoints");
    // These register routes that a configuration may leave out.
    configuration.setString("web.submit.enable", "true");
    configuration.setString("rest.profiling.enabled", "true");
    configuration.setString("rest.flamegraph.enabled", "true");
    MiniCluster cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(2)
                .build());
    cluster.start();
    for (Object component : (Collection<?>) field(cluster, "dispatcherResourceManagerComponents")) {
      printRoutes((RestServerEndpoint) field(component, "webMonitorEndpoint"));
    }
    System.out.println("job " + cluster.submitJob(job().getJobGraph()).get().getJobID());
    System.out.println("rest " + cluster.getRestAddress().get());
    while (System.in.read() >= 0) {}
  }

  static StreamGraph job() {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.setParallelism(2);
    env.enableCheckpointing(3600_000); // none comes by itself while a test counts them
    env.fromSource(
            new NumberSequenceSource(0, Long.MAX_VALUE - 1),
            WatermarkStrategy.noWatermarks(),
            "card-auth")
        .map(
            card -> {
              Thread.sleep(10);
              return card;
            })
        .returns(Long.class)
        .keyBy(card -> card % 100)
        .filter(card -> false)
        .name("score")
        .print()
        .name("fraud-scores");
    StreamGraph graph = env.getStreamGraph();
    graph.setJobName("fraud-scoring");
    return graph;
  }

  static void printRoutes(RestServerEndpoint server) throws Exception {
    for (Object handler : (List<?>) field(server, "handlers")) {
      RestHandlerSpecification route =
          (RestHandlerSpecification) handler.getClass().getField("f0").get(handler);
      System.out.println("route " + route.getHttpMethod() + " " + route.getTargetRestEndpointURL());
    }
  }

  /** Flink tells nobody its routes: they are private to the server. */
  static Object field(Object of, String name) throws Exception {
    for (Class<?> type = of.getClass(); type != null; type = type.getSuperclass()) {
      try {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field.get(of);
      } catch (NoSuchFieldException inherited) {
        continue;
      }
    }
    throw new NoSuchFieldException(of.getClass() + " " + name);
  }
}
