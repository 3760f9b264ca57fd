package payments.fraud;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.kafka.common.TopicPartition;

/**
 * Where a job begins to read that begins without state; one that is restored goes on at its own offsets.
 *
 * <p>Whichever it is, auto.offset.reset is none: offsets that are no longer in the topic fail the job. Flink's own
 * earliest() and latest() would set it, and a job restored from before the topic's retention would leave out, in
 * silence, what lies between. They also leave the offset open until the first record is read: a job stopped before
 * that would begin again at what is the end by then. So offsets are numbers here from the start.
 */
enum StartingOffsets implements OffsetsInitializer {
    /** All that the topic still holds. */
    EARLIEST {
        @Override
        public Map<TopicPartition, Long> getPartitionOffsets(
                Collection<TopicPartition> partitions, PartitionOffsetsRetriever kafka) {
            return kafka.beginningOffsets(partitions);
        }
    },
    /** Only what comes from now on. */
    LATEST {
        @Override
        public Map<TopicPartition, Long> getPartitionOffsets(
                Collection<TopicPartition> partitions, PartitionOffsetsRetriever kafka) {
            return kafka.endOffsets(partitions);
        }
    },
    /**
     * Where the group of consumers stands. The default, for a job that began empty by mistake then neither reads the
     * topic again nor leaves anything out; and a first start has to say which of the two it wants.
     */
    COMMITTED {
        @Override
        public Map<TopicPartition, Long> getPartitionOffsets(
                Collection<TopicPartition> partitions, PartitionOffsetsRetriever kafka) {
            Map<TopicPartition, Long> committed = new HashMap<>(kafka.committedOffsets(partitions));
            committed.values().removeIf(offset -> offset == null || offset < 0);
            if (!committed.keySet().containsAll(partitions)) {
                TreeSet<String> without = partitions.stream()
                        .filter(partition -> !committed.containsKey(partition))
                        .map(TopicPartition::toString)
                        .collect(Collectors.toCollection(TreeSet::new));
                throw new IllegalStateException("the job has no state and its group of consumers no offsets of "
                        + without + ": for a first start, set --starting-offsets (KAFKA_STARTING_OFFSETS) to earliest"
                        + " or latest; for any other, restore a savepoint or checkpoint");
            }
            return committed;
        }
    };

    @Override
    public OffsetResetStrategy getAutoOffsetResetStrategy() {
        return OffsetResetStrategy.NONE;
    }
}
