package payments.fraud;

import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.contrib.streaming.state.EmbeddedRocksDBStateBackend;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.test.junit5.MiniClusterExtension;

/** Authorizations for the tests, and the job between two ends that need no Kafka. */
final class Events {

    /** The beginning of a minute. */
    static final long NOON = 1_700_006_400_000L;

    private static final int PARALLELISM = 2;

    private Events() {}

    static Authorization of(String id, String card, String merchant, long amount, long time) {
        Authorization authorization = new Authorization();
        authorization.eventId = id;
        authorization.card = card;
        authorization.merchant = merchant;
        authorization.amount = amount;
        authorization.time = time;
        return authorization;
    }

    /** What the savepoints under src/test/resources/savepoints were taken after: three cards, five minutes. */
    static List<Authorization> beforeSavepoint() {
        return List.of(
                of("a1", "card-a", "shop-1", 1_000, NOON),
                of("a2", "card-a", "shop-2", 2_000, NOON + 61_000),
                of("b1", "card-b", "shop-1", 500, NOON + 120_000),
                of("a3", "card-a", "shop-2", 3_000, NOON + 240_000),
                of("c1", "card-c", "shop-3", 700, NOON + 300_000));
    }

    static MiniClusterExtension cluster() {
        return new MiniClusterExtension(new MiniClusterResourceConfiguration.Builder()
                .setNumberTaskManagers(1)
                .setNumberSlotsPerTaskManager(PARALLELISM)
                .build());
    }

    static StreamExecutionEnvironment environment(Configuration configuration) {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        env.setStateBackend(new EmbeddedRocksDBStateBackend(true));
        env.setParallelism(PARALLELISM);
        env.getConfig().disableGenericTypes();
        return env;
    }

    static DataStream<Authorization> bounded(StreamExecutionEnvironment env, List<Authorization> events) {
        return env.fromCollection(events, TypeInformation.of(Authorization.class))
                .uid("events")
                .assignTimestampsAndWatermarks(FraudScoring.watermarks())
                .uid("times");
    }
}
