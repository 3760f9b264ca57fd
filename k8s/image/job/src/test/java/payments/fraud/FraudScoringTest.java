package payments.fraud;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class FraudScoringTest {

    @RegisterExtension
    static final MiniClusterExtension CLUSTER = Events.cluster();

    @TempDir
    Path folder;

    @Test
    void everyOperatorHasAUidSourceAndSinkToo() throws Exception {
        Set<String> uids = built().getStreamGraph().getStreamNodes().stream()
                .map(StreamNode::getTransformationUID)
                .collect(Collectors.toSet());
        assertEquals(Set.of("card-auth", "velocity", "fraud-scores", "Sink Committer: fraud-scores"), uids);
    }

    @Test
    void theJobGraphHoldsNoPassword() throws Exception {
        byte[] graph = InstantiationUtil.serializeObject(built().getStreamGraph().getJobGraph());
        String text = new String(graph, StandardCharsets.ISO_8859_1);
        assertTrue(text.contains("${file:" + folder));
        assertFalse(text.contains("correct-horse"));
    }

    @Test
    void refusesToRunWithoutCheckpoints() throws Exception {
        Settings settings = settings();
        Exception refused = assertThrows(
                IllegalStateException.class, () -> FraudScoring.build(settings, new Configuration()));
        assertTrue(refused.getMessage().contains("execution.checkpointing.interval"), refused.getMessage());
    }

    @Test
    void scoresEachAuthorizationOnceOnACluster() throws Exception {
        List<Authorization> events = Events.beforeSavepoint();
        Map<String, Score> scores = new HashMap<>();
        FraudScoring.score(Events.bounded(Events.environment(new Configuration()), events))
                .executeAndCollect(events.size() + 1)
                .forEach(score -> assertEquals(null, scores.put(score.eventId, score)));
        assertEquals(5, scores.size());
        assertEquals(3, scores.get("a3").count);
        assertEquals(6_000, scores.get("a3").sum);
        assertEquals(2, scores.get("a3").merchants);
        assertEquals(1, scores.get("c1").count);
    }

    private StreamExecutionEnvironment built() throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString("execution.checkpointing.interval", "30 s");
        return FraudScoring.build(settings(), configuration);
    }

    private Settings settings() throws Exception {
        Path credential = Files.writeString(
                folder.resolve("kafka.properties"), "security.protocol=SASL_SSL\nsasl.jaas.config=correct-horse\n");
        return Settings.read(
                new String[] {"--properties", credential.toString()},
                Map.of(
                        "KAFKA_BOOTSTRAP_SERVERS", "localhost:1",
                        "KAFKA_TOPIC_IN", "card-auth",
                        "KAFKA_TOPIC_OUT", "fraud-scores",
                        "KAFKA_TRANSACTIONAL_ID_PREFIX", "payments-fraud-scoring"));
    }
}
