package payments.fraud;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer.PartitionOffsetsRetriever;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StartingOffsetsTest {

    private static final TopicPartition FIRST = new TopicPartition("card-auth", 0);
    private static final TopicPartition SECOND = new TopicPartition("card-auth", 1);

    @ParameterizedTest
    @EnumSource
    void inputThatIsGoneIsNeverLeftOut(StartingOffsets offsets) {
        assertEquals(OffsetResetStrategy.NONE, offsets.getAutoOffsetResetStrategy());
    }

    @Test
    void beginsAtANumberForNeitherMayMoveWhileTheJobIsStopped() throws Exception {
        assertEquals(Map.of(FIRST, 7L), StartingOffsets.EARLIEST.getPartitionOffsets(List.of(FIRST), kafka(Map.of())));
        assertEquals(Map.of(FIRST, 9L), StartingOffsets.LATEST.getPartitionOffsets(List.of(FIRST), kafka(Map.of())));
    }

    @Test
    void goesOnAtTheGroupsOffsets() throws Exception {
        assertEquals(
                Map.of(FIRST, 8L), StartingOffsets.COMMITTED.getPartitionOffsets(List.of(FIRST), kafka(Map.of(FIRST, 8L))));
    }

    @Test
    void aFirstStartMustSayWhere() {
        String refused = assertThrows(
                        IllegalStateException.class,
                        () -> StartingOffsets.COMMITTED.getPartitionOffsets(List.of(FIRST, SECOND), kafka(Map.of(FIRST, 8L))))
                .getMessage();
        assertTrue(refused.contains("[card-auth-1]") && refused.contains("--starting-offsets"), refused);
    }

    private static PartitionOffsetsRetriever kafka(Map<TopicPartition, Long> committed) {
        return new PartitionOffsetsRetriever() {
            @Override
            public Map<TopicPartition, Long> committedOffsets(Collection<TopicPartition> partitions) {
                return committed;
            }

            @Override
            public Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> partitions) {
                return partitions.stream().collect(Collectors.toMap(p -> p, p -> 7L));
            }

            @Override
            public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> partitions) {
                return partitions.stream().collect(Collectors.toMap(p -> p, p -> 9L));
            }

            @Override
            public Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(Map<TopicPartition, Long> times) {
                return Map.of();
            }
        };
    }
}
