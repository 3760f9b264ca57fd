package payments.kafka;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Who reads the results, committed ones only: how often each event's came. */
final class Scores {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<String, Integer> times = new ConcurrentHashMap<>();
    private volatile long lastRecord = System.nanoTime();

    Scores(String broker, String topic) {
        consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers", broker,
                        "group.id", "fraud-model",
                        "isolation.level", "read_committed",
                        "auto.offset.reset", "earliest",
                        "enable.auto.commit", "false"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        consumer.subscribe(List.of(topic));
        Thread thread = new Thread(this::run, "scores");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        while (true) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                times.merge(id(record.value()), 1, Integer::sum);
                lastRecord = System.nanoTime();
            }
        }
    }

    private static String id(byte[] value) {
        try {
            JsonNode score = JSON.readTree(value);
            return score.get("eventId").asText();
        } catch (IOException e) {
            throw new IllegalStateException("a score is not JSON", e);
        }
    }

    Set<String> seen() {
        return Set.copyOf(times.keySet());
    }

    /** All that is committed has been read: nothing came for two seconds. */
    void awaitQuiet() throws Exception {
        long from = System.nanoTime();
        Wait.until("quiet", () -> System.nanoTime() - Math.max(from, lastRecord) > 2_000_000_000L);
    }

    /** The scene's results, how often each came. */
    Map<String, Integer> of(String scene) {
        return times.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(scene + "-"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }
}
