package payments.fraud;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.jobgraph.SavepointConfigOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An upgrade keeps what is known of each card: this version reads the savepoints of those before. */
class SavepointTest {

    @RegisterExtension
    static final MiniClusterExtension CLUSTER = Events.cluster();

    private static final Path SAVEPOINTS = Path.of("src/test/resources/savepoints");

    static List<Path> versions() throws Exception {
        try (Stream<Path> versions = Files.list(SAVEPOINTS)) {
            return versions.sorted().collect(Collectors.toList());
        }
    }

    @Test
    void thereIsASavepointToRestore() throws Exception {
        assertFalse(versions().isEmpty());
    }

    @ParameterizedTest
    @MethodSource("versions")
    void goesOnWhereThatVersionEnded(Path savepoint) throws Exception {
        Configuration configuration = new Configuration();
        configuration.set(SavepointConfigOptions.SAVEPOINT_PATH, savepoint.toUri().toString());
        // Of source and sink: they are others here than in the job.
        configuration.set(SavepointConfigOptions.SAVEPOINT_IGNORE_UNCLAIMED_STATE, true);
        Map<String, Score> scores = run(configuration);

        assertEquals(4, scores.get("card-a").count);
        assertEquals(6_010, scores.get("card-a").sum);
        // 1.3.0 kept no merchants.
        assertEquals(savepoint.endsWith("1.3.0") ? 1 : 2, scores.get("card-a").merchants);
        assertEquals(2, scores.get("card-b").count);
        assertEquals(510, scores.get("card-b").sum);
        assertEquals(1, scores.get("card-d").count);
    }

    /** One more authorization of each card, 10 minutes after the savepoint. */
    private static Map<String, Score> run(Configuration configuration) throws Exception {
        long time = Events.NOON + 900_000;
        StreamExecutionEnvironment env = Events.environment(configuration);
        return FraudScoring.score(Events.bounded(env, List.of(
                        Events.of("a4", "card-a", "shop-2", 10, time),
                        Events.of("b2", "card-b", "shop-9", 10, time),
                        Events.of("d1", "card-d", "shop-1", 10, time))))
                .executeAndCollect(3)
                .stream()
                .collect(Collectors.toMap(score -> score.card, score -> score));
    }
}
