package payments.fraud;

import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Writes a score: keyed by card, so that a card's scores stay in order, with the authorization's time. */
class ScoreWriter implements KafkaRecordSerializationSchema<Score> {

    private final String topic;
    private transient ObjectMapper json;

    ScoreWriter(String topic) {
        this.topic = topic;
    }

    @Override
    public void open(SerializationSchema.InitializationContext context, KafkaSinkContext sink) {
        json = new ObjectMapper();
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(Score score, KafkaSinkContext context, Long timestamp) {
        try {
            return new ProducerRecord<>(
                    topic, null, score.time, score.card.getBytes(StandardCharsets.UTF_8), json.writeValueAsBytes(score));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a score is not JSON", e);
        }
    }
}
