package payments.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a consumer sees of the sample job's results, through what happens to a job: on a real broker and Flink's own
 * JobManager and TaskManagers. The scenes go on from one another.
 *
 * <p>The first job to run must not be one that fails early: Kafka's client registers its SCRAM login for the whole JVM,
 * and when the job ends in the middle of the first login, with its class loader, no later job can log in there.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ExactlyOnceTest {

    private static final String IN = "card-auth";
    private static final String OUT = "fraud-scores";

    /** An hour of the sink's own default, above the 15 minutes that a broker allows. */
    private static final String AN_HOUR = "3600000";

    private static final List<String> REPORT = new ArrayList<>();

    @TempDir
    static Path folder;

    private static Broker broker;
    private static Cluster flink;
    private static Scores scores;
    private static String jar;
    private static Path credential;

    /** The running job, and the savepoint that it was stopped with. */
    private static String job;
    private static String stopped;

    @BeforeAll
    static void start() throws Exception {
        broker = new Broker(folder.resolve("kafka"));
        broker.createTopics(IN, OUT);
        credential = Files.writeString(folder.resolve("kafka.properties"), Broker.CREDENTIAL, StandardCharsets.UTF_8);
        flink = new Cluster(
                folder.resolve("flink"),
                Map.of(
                        "KAFKA_BOOTSTRAP_SERVERS", broker.saslAddress,
                        "KAFKA_TOPIC_IN", IN,
                        "KAFKA_TOPIC_OUT", OUT,
                        "KAFKA_TRANSACTION_TIMEOUT_MS", "600000"));
        jar = flink.rest.upload(jar());
        scores = new Scores(broker.address, OUT);
    }

    private static Path jar() throws Exception {
        Path target = Path.of("../../k8s/image/job/target");
        try (Stream<Path> jars = Files.list(target)) {
            return jars.filter(path -> path.getFileName().toString().matches("fraud-scoring-[0-9.]+\\.jar"))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no jar in " + target + ": start with ./run"));
        }
    }

    @AfterAll
    static void table() {
        System.out.printf("%n%-46s %8s %8s %6s %6s%n", "scene", "in", "out", "lost", "twice");
        REPORT.forEach(System.out::println);
    }

    @Test
    @Order(1)
    void anUpgradeLosesNothingAndRepeatsNothing() throws Exception {
        Feed feed = new Feed(broker.address, IN, "upgrade");
        job = run(null, false, "--starting-offsets", "earliest");
        flink.awaitCheckpoints(job, 3);
        job = run(flink.stop(job), false);
        flink.awaitCheckpoints(job, 3);
        assertEquals(Set.of(), twice(ended("savepoint upgrade", "upgrade", feed)));
    }

    @Test
    @Order(2)
    void aKilledTaskManagerLosesNothingAndRepeatsNothing() throws Exception {
        Feed feed = new Feed(broker.address, IN, "kill");
        flink.awaitCheckpoints(job, 2);
        flink.killATaskManager();
        flink.addTaskManager();
        Wait.until("a restart", () -> restarts() > 0);
        flink.awaitCheckpoints(job, 3);
        assertEquals(Set.of(), twice(ended("TaskManager killed", "kill", feed)));
    }

    private static long restarts() throws Exception {
        String metrics = flink.rest.get("/jobs/" + job + "/metrics?get=numRestarts").toString();
        return metrics.contains("\"value\"") ? Long.parseLong(metrics.replaceAll("\\D", "")) : 0;
    }

    @Test
    @Order(3)
    void aRollbackLosesNothingAndRepeatsEveryResultSinceTheSavepoint() throws Exception {
        Feed feed = new Feed(broker.address, IN, "rollback");
        flink.awaitCheckpoints(job, 3);
        Set<String> before = scores.seen();
        String older = flink.savepoint(job);
        Set<String> sentBefore = feed.acknowledged();
        flink.awaitCheckpoints(job, 4);
        flink.cancel(job);
        scores.awaitQuiet();
        Set<String> since = new HashSet<>(scores.seen());
        since.removeAll(sentBefore);
        since.removeIf(id -> !id.startsWith("rollback-"));

        job = run(older, false);
        flink.awaitCheckpoints(job, 3);
        Set<String> twice = twice(ended("rollback to an older savepoint", "rollback", feed));
        assertFalse(since.isEmpty());
        assertTrue(twice.containsAll(since), "every result since the savepoint comes again");
        assertTrue(twice.stream().noneMatch(before::contains), "none that was there before the savepoint does");
    }

    @Test
    @Order(4)
    void aTransactionTimeoutAboveTheBrokersIsNamed() throws Exception {
        stopped = flink.stop(job);
        String other = run(null, false, "--starting-offsets", "latest", "--transaction-timeout-ms", AN_HOUR);
        say("transaction.timeout.ms of 1 h", flink.awaitFailure(other, "The transaction timeout is larger than"));
        flink.cancel(other);
    }

    @Test
    @Order(5)
    void aFirstStartThatDoesNotSayWhereToBeginFails() throws Exception {
        String first = run(null, false, "--group-id", "newcomer");
        say("first start, nothing said", flink.awaitFailure(first, "for a first start, set --starting-offsets"));
        flink.cancel(first);
    }

    @Test
    @Order(6)
    void inputThatIsGoneFailsTheJobAndIsNotLeftOut() throws Exception {
        try (Feed feed = new Feed(broker.address, IN, "gone")) {
            Wait.until("events", () -> feed.acknowledged().size() > 500);
        }
        deleteInput();
        job = run(stopped, false);
        say("input deleted", flink.awaitFailure(job, "OffsetOutOfRangeException"));
        try (Feed feed = new Feed(broker.address, IN, "later")) {
            Wait.until("events", () -> feed.acknowledged().size() > 500);
        }
        scores.awaitQuiet();
        assertEquals(Map.of(), scores.of("later"));
        flink.cancel(job);

        // The way out, said on purpose: the source begins anew, the cards' state stays.
        Feed feed = new Feed(broker.address, IN, "wayout");
        job = run(stopped, true, "--source-uid", "card-auth-2", "--starting-offsets", "earliest");
        flink.awaitCheckpoints(job, 2);
        assertEquals(Set.of(), twice(ended("input deleted, a new source uid", "wayout", feed)));
        assertEquals(Map.of(), scores.of("gone"));
        assertTrue(scores.of("later").size() > 500);
        flink.cancel(job);
    }

    private static void deleteInput() throws Exception {
        try (Admin admin = broker.admin()) {
            List<TopicPartition> partitions = List.of(new TopicPartition(IN, 0), new TopicPartition(IN, 1));
            var ends = admin.listOffsets(partitions.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest())))
                    .all()
                    .get();
            admin.deleteRecords(partitions.stream()
                            .collect(Collectors.toMap(p -> p, p -> RecordsToDelete.beforeOffset(ends.get(p).offset()))))
                    .all()
                    .get();
        }
    }

    @Test
    @Order(7)
    void aSavepointWhoseTransactionalIdsTheBrokerForgotNeedsANewSinkUid() throws Exception {
        // From a savepoint under load: it holds transactions to commit.
        Feed feed = new Feed(broker.address, IN, "forgotten");
        job = run(null, false);
        flink.awaitCheckpoints(job, 2);
        String old = flink.savepoint(job);
        flink.awaitCheckpoints(job, 2);
        flink.cancel(job);
        broker.restartForgettingIdsAfter(2_000);
        Wait.until("the broker forgets", () -> transactionalIds().isEmpty());

        job = run(old, false);
        say("transactional ids forgotten", flink.awaitFailure(job, "InvalidPidMappingException"));
        flink.cancel(job);

        job = run(old, true, "--sink-uid", "fraud-scores-2");
        flink.awaitCheckpoints(job, 2);
        Map<String, Integer> results = ended("ids forgotten, a new sink uid", "forgotten", feed);
        assertFalse(twice(results).isEmpty());
        flink.cancel(job);
    }

    private static Set<String> transactionalIds() throws Exception {
        try (Admin admin = broker.admin()) {
            return admin.listTransactions().all().get().stream()
                    .map(TransactionListing::transactionalId)
                    .collect(Collectors.toSet());
        }
    }

    private static String run(String savepoint, boolean allowNonRestoredState, String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of(
                "--properties", credential.toString(), "--transactional-id-prefix", "payments-fraud-scoring"));
        all.addAll(Arrays.asList(arguments));
        return flink.run(jar, savepoint, allowNonRestoredState, all.toArray(new String[0]));
    }

    /** Ends the scene's events, waits until each has its result and doubles had their time to come, and reports. */
    private static Map<String, Integer> ended(String title, String scene, Feed feed) throws Exception {
        feed.close();
        int sent = feed.sent();
        String lost = "";
        try {
            Wait.until(sent + " results of " + scene, () -> scores.of(scene).size() == sent);
            flink.awaitCheckpoints(job, 2);
        } catch (IllegalStateException e) {
            lost = e.getMessage();
        }
        scores.awaitQuiet();
        Map<String, Integer> results = scores.of(scene);
        int out = results.values().stream().mapToInt(Integer::intValue).sum();
        report(String.format(
                "%-46s %8d %8d %6d %6d", title, sent, out, sent - results.size(), out - results.size()));
        assertEquals(sent, results.size(), lost);
        return results;
    }

    private static Set<String> twice(Map<String, Integer> results) {
        return results.entrySet().stream()
                .filter(entry -> entry.getValue() > 1)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    private static void say(String title, String words) {
        report(String.format("%-46s fails: %s", title, words));
    }

    private static void report(String line) {
        System.out.println(LocalTime.now().withNano(0) + " " + line);
        REPORT.add(line);
    }
}
