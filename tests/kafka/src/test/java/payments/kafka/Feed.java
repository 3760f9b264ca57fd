package payments.kafka;

import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes authorizations, 200 a second, until it is closed: with ids SCENE-1, SCENE-2 ... */
final class Feed implements AutoCloseable {

    private final KafkaProducer<String, String> producer;
    private final String topic;
    private final String scene;
    private final Random random = new Random(1);
    private final AtomicInteger sent = new AtomicInteger();
    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    private final Thread thread = new Thread(this::run, "feed");
    private volatile boolean running = true;

    Feed(String broker, String topic, String scene) {
        producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker, "acks", "all"), new StringSerializer(), new StringSerializer());
        this.topic = topic;
        this.scene = scene;
        thread.start();
    }

    private void run() {
        try {
            while (running) {
                for (int i = 0; i < 10; i++) {
                    send();
                }
                Thread.sleep(50);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send() {
        String id = scene + "-" + sent.incrementAndGet();
        String card = "card-" + random.nextInt(500);
        String value = "{\"eventId\":\"" + id + "\",\"card\":\"" + card + "\",\"merchant\":\"shop-" + random.nextInt(50)
                + "\",\"amount\":" + random.nextInt(10_000) + ",\"time\":" + System.currentTimeMillis() + "}";
        producer.send(new ProducerRecord<>(topic, card, value), (metadata, failure) -> {
            if (failure == null) {
                acknowledged.add(id);
            }
        });
    }

    int sent() {
        return sent.get();
    }

    /** The ids that are in the topic for certain. */
    Set<String> acknowledged() {
        return Set.copyOf(acknowledged);
    }

    /** Stops, with all that was sent in the topic. */
    @Override
    public void close() {
        running = false;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        producer.close();
    }
}
