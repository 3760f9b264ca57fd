package payments.fraud;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.contrib.streaming.state.EmbeddedRocksDBStateBackend;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;

class VelocityTest {

    private static final long MINUTE = 60_000;
    private static final StateBackend ROCKSDB = new EmbeddedRocksDBStateBackend();

    @Test
    void countsTheCardsLastThirtyMinutesToTheMinute() throws Exception {
        try (Harness harness = harness(ROCKSDB, null)) {
            feed(harness, Events.of("1", "card-a", "shop-1", 100, Events.NOON + 59_999));
            feed(harness, Events.of("2", "card-b", "shop-1", 1, Events.NOON + 5 * MINUTE));
            feed(harness, Events.of("3", "card-a", "shop-2", 20, Events.NOON + 30 * MINUTE));
            feed(harness, Events.of("4", "card-a", "shop-2", 3, Events.NOON + 31 * MINUTE));

            assertEquals(
                    List.of("1: 1, 100, 1", "2: 1, 1, 1", "3: 2, 120, 2", "4: 2, 23, 1"),
                    harness.extractOutputValues().stream()
                            .map(s -> s.eventId + ": " + s.count + ", " + s.sum + ", " + s.merchants)
                            .collect(Collectors.toList()));
        }
    }

    @Test
    void anyEventsGiveWhatCountingThemAgainGives() throws Exception {
        Random random = new Random(1);
        List<Authorization> events = new ArrayList<>();
        try (Harness harness = harness(ROCKSDB, null)) {
            long time = Events.NOON;
            for (int i = 0; i < 2_000; i++) {
                time += random.nextInt(20_000);
                // As far out of order as the job allows.
                long at = time - random.nextInt((int) FraudScoring.OUT_OF_ORDER.toMillis());
                events.add(Events.of("" + i, "card-" + random.nextInt(3), "shop-" + random.nextInt(5), random.nextInt(100), at));
                feed(harness, events.get(i));
                harness.processWatermark(time - FraudScoring.OUT_OF_ORDER.toMillis() - 1);
            }
            List<Score> scores = harness.extractOutputValues();
            for (int i = 0; i < events.size(); i++) {
                Authorization last = events.get(i);
                long minute = Math.floorDiv(last.time, MINUTE);
                List<Authorization> window = events.subList(0, i + 1).stream()
                        .filter(e -> e.card.equals(last.card))
                        .filter(e -> Math.floorDiv(e.time, MINUTE) >= minute - 30)
                        .filter(e -> Math.floorDiv(e.time, MINUTE) <= minute)
                        .collect(Collectors.toList());
                Score score = scores.get(i);
                assertEquals(last.eventId, score.eventId);
                assertEquals(last.time, score.time);
                assertEquals(window.size(), score.count);
                assertEquals(window.stream().mapToLong(e -> e.amount).sum(), score.sum);
                assertEquals(window.stream().map(e -> e.merchant).distinct().count(), score.merchants);
            }
        }
    }

    @Test
    void keepsNothingOfACardThatIsNoLongerUsed() throws Exception {
        // The backend whose entries can be counted.
        try (Harness harness = harness(new HashMapStateBackend(), null)) {
            for (int i = 0; i < 100; i++) {
                feed(harness, Events.of("" + i, "card-" + i % 7, "shop", 1, Events.NOON + i * 10_000L));
            }
            harness.processWatermark(Events.NOON + 60 * MINUTE);
            assertEquals(0, harness.numKeyedStateEntries());
            assertEquals(0, harness.numEventTimeTimers());
        }
    }

    @Test
    void goesOnAfterALongPauseAsIfThereWereNone() throws Exception {
        OperatorSubtaskState state;
        try (Harness harness = harness(ROCKSDB, null)) {
            harness.setProcessingTime(Events.NOON);
            feed(harness, Events.of("1", "card-a", "shop-1", 100, Events.NOON));
            state = harness.snapshot(1, 1);
        }
        try (Harness harness = harness(ROCKSDB, state)) {
            harness.setProcessingTime(Events.NOON + 24 * 60 * MINUTE);
            feed(harness, Events.of("2", "card-a", "shop-2", 20, Events.NOON + MINUTE));
            Score score = harness.extractOutputValues().get(0);
            assertEquals(2, score.count);
            assertEquals(120, score.sum);
            assertEquals(2, score.merchants);
        }
    }

    private static void feed(Harness harness, Authorization authorization) throws Exception {
        harness.processElement(authorization, authorization.time);
    }

    private static Harness harness(StateBackend backend, OperatorSubtaskState restored) throws Exception {
        Harness harness = new Harness();
        harness.setStateBackend(backend);
        harness.getExecutionConfig().disableGenericTypes();
        if (restored != null) {
            harness.initializeState(restored);
        }
        harness.open();
        return harness;
    }

    private static class Harness extends KeyedOneInputStreamOperatorTestHarness<String, Authorization, Score> {
        Harness() throws Exception {
            super(new KeyedProcessOperator<>(new Velocity()), authorization -> authorization.card, Types.STRING);
        }
    }
}
