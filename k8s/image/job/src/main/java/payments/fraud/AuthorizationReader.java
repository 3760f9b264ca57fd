package payments.fraud;

import java.io.IOException;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.metrics.Counter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads an authorization from a record. A record that is none is counted (metric malformedRecords) and its place
 * logged, not its content: to fail would stop the job at that record for ever, and every card with it.
 */
class AuthorizationReader implements KafkaRecordDeserializationSchema<Authorization> {

    private static final Logger LOG = LoggerFactory.getLogger(AuthorizationReader.class);

    private transient ObjectMapper json;
    private transient Counter malformed;

    @Override
    public void open(DeserializationSchema.InitializationContext context) {
        json = new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
        malformed = context.getMetricGroup().counter("malformedRecords");
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Authorization> out) {
        Authorization in = parse(record.value());
        if (in == null || in.eventId == null || in.card == null || in.merchant == null || in.time <= 0) {
            malformed.inc();
            LOG.warn("no authorization: {}-{} offset {}", record.topic(), record.partition(), record.offset());
            return;
        }
        out.collect(in);
    }

    private Authorization parse(byte[] value) {
        try {
            return value == null ? null : json.readValue(value, Authorization.class);
        } catch (IOException e) {
            return null;
        }
    }

    @Override
    public TypeInformation<Authorization> getProducedType() {
        return TypeInformation.of(Authorization.class);
    }
}
