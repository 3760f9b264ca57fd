package payments.fraud;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.client.program.ClusterClient;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.CommonTestUtils;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.DiscardingSink;
import org.apache.flink.streaming.api.functions.source.SourceFunction;
import org.apache.flink.test.junit5.InjectClusterClient;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Writes the savepoint of this version, which {@link SavepointTest} of later versions restores. It is no test and runs
 * by name only, once for each release:
 *
 * <pre>mvn test -Dtest=WriteSavepoint -Dsavepoint=src/test/resources/savepoints/VERSION</pre>
 */
class WriteSavepoint {

    @RegisterExtension
    static final MiniClusterExtension CLUSTER = Events.cluster();

    @Test
    @SuppressWarnings("deprecation") // the one kind of source that can be held at a place
    void write(@InjectClusterClient ClusterClient<?> cluster, @InjectMiniCluster MiniCluster running)
            throws Exception {
        Path to = Path.of(System.getProperty("savepoint"));
        Files.createDirectories(to.toAbsolutePath().getParent());
        Path parent = Files.createTempDirectory("savepoint");

        StreamExecutionEnvironment env = Events.environment(new Configuration());
        FraudScoring.score(env.addSource(new Held(), TypeInformation.of(Authorization.class))
                        .uid("events")
                        .assignTimestampsAndWatermarks(FraudScoring.watermarks())
                        .uid("times"))
                .addSink(new DiscardingSink<>())
                .uid("nowhere");
        JobClient job = env.executeAsync();
        CommonTestUtils.waitForAllTaskRunning(running, job.getJobID(), false);
        assertTrue(Held.EMITTED.tryAcquire(2, TimeUnit.MINUTES));
        String path = cluster.stopWithSavepoint(
                        job.getJobID(), false, parent.toUri().toString(), SavepointFormatType.CANONICAL)
                .get(1, TimeUnit.MINUTES);
        Files.move(Path.of(URI.create(path)), to);
    }

    /** Emits {@link Events#beforeSavepoint} and goes on, for a job whose source has ended cannot be stopped with a savepoint. */
    @SuppressWarnings("deprecation")
    private static class Held implements SourceFunction<Authorization> {
        static final Semaphore EMITTED = new Semaphore(0);

        private volatile boolean running = true;

        @Override
        public void run(SourceContext<Authorization> context) throws Exception {
            synchronized (context.getCheckpointLock()) {
                Events.beforeSavepoint().forEach(context::collect);
            }
            EMITTED.release();
            while (running) {
                Thread.sleep(50);
            }
        }

        @Override
        public void cancel() {
            running = false;
        }
    }
}
