package payments.fraud;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.util.SimpleUserCodeClassLoader;
import org.apache.flink.util.UserCodeClassLoader;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordsTest {

    private static List<Authorization> read(String value) {
        AuthorizationReader reader = new AuthorizationReader();
        reader.open(new DeserializationSchema.InitializationContext() {
            @Override
            public MetricGroup getMetricGroup() {
                return new UnregisteredMetricsGroup();
            }

            @Override
            public UserCodeClassLoader getUserCodeClassLoader() {
                return SimpleUserCodeClassLoader.create(getClass().getClassLoader());
            }
        });
        List<Authorization> read = new ArrayList<>();
        byte[] bytes = value == null ? null : value.getBytes(StandardCharsets.UTF_8);
        reader.deserialize(new ConsumerRecord<>("card-auth", 0, 5, null, bytes), new ListCollector<>(read));
        return read;
    }

    @Test
    void readsAnAuthorizationAndLeavesOtherFieldsAlone() {
        Authorization in = read("{\"eventId\":\"e1\",\"card\":\"c\",\"merchant\":\"m\",\"amount\":12,\"time\":1700000000000,\"channel\":\"pos\"}").get(0);
        assertEquals("e1", in.eventId);
        assertEquals(12, in.amount);
        assertEquals(1_700_000_000_000L, in.time);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "null", "[]", "7", "{", "{}",
            "{\"eventId\":\"e1\",\"card\":\"c\",\"amount\":12,\"time\":1700000000000}",
            "{\"eventId\":\"e1\",\"card\":\"c\",\"merchant\":\"m\",\"amount\":\"much\",\"time\":1700000000000}"})
    void aRecordThatIsNoAuthorizationDoesNotStopTheJob(String value) {
        assertEquals(List.of(), read(value));
    }

    @Test
    void aScoreCarriesWhatAConsumerNeeds() throws Exception {
        Score score = new Score();
        score.eventId = "e1";
        score.card = "c";
        score.time = 1_700_000_000_000L;
        ScoreWriter writer = new ScoreWriter("fraud-scores");
        writer.open(null, null);
        ProducerRecord<byte[], byte[]> record = writer.serialize(score, null, null);
        assertEquals("c", new String(record.key(), StandardCharsets.UTF_8));
        assertEquals(score.time, record.timestamp());
        JsonNode json = new ObjectMapper().readTree(record.value());
        List<String> names = new ArrayList<>();
        json.fieldNames().forEachRemaining(names::add);
        assertEquals(List.of("eventId", "card", "time", "count", "sum", "merchants", "score"), names);
        assertEquals("e1", json.get("eventId").asText());
    }
}
