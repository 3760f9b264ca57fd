package preflight;

import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputViewStreamWrapper;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.IncrementalKeyedStateHandle;
import org.apache.flink.runtime.state.KeyedBackendSerializationProxy;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.OperatorBackendSerializationProxy;
import org.apache.flink.runtime.state.OperatorStateHandle;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.runtime.state.changelog.ChangelogStateBackendHandle;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;

/**
 * The names and serializers of an operator's states, from the head of its state files. They are the same in every
 * subtask, so one file of each sort is read, and of that only the head.
 */
final class StoredStates {
    /** Null where no keyed state was found. */
    TypeSerializerSnapshot<?> key;

    final Map<String, StateMetaInfoSnapshot> keyed = new LinkedHashMap<>();
    /** Operator list state. */
    final Map<String, StateMetaInfoSnapshot> lists = new LinkedHashMap<>();
    /** Broadcast state. */
    final Map<String, StateMetaInfoSnapshot> broadcast = new LinkedHashMap<>();
    /** Every name, also of states whose serializers were not read. */
    final TreeSet<String> names = new TreeSet<>();

    static StoredStates read(OperatorState state, ClassLoader classLoader) throws IOException, ReflectiveOperationException {
        StoredStates stored = new StoredStates();
        boolean headRead = false;
        for (OperatorSubtaskState subtask : state.getStates()) {
            for (KeyedStateHandle handle : subtask.getManagedKeyedState()) {
                if (stored.key == null) {
                    stored.readKeyed(handle, classLoader);
                }
            }
            for (OperatorStateHandle handle : subtask.getManagedOperatorState()) {
                stored.names.addAll(handle.getStateNameToPartitionOffsets().keySet());
                if (!headRead && !handle.getStateNameToPartitionOffsets().isEmpty()) {
                    headRead = true;
                    stored.readOperator(handle, classLoader);
                }
            }
        }
        return stored;
    }

    private void readKeyed(KeyedStateHandle handle, ClassLoader classLoader) throws IOException, ReflectiveOperationException {
        if (handle instanceof ChangelogStateBackendHandle) {
            for (KeyedStateHandle materialized : ((ChangelogStateBackendHandle) handle).getMaterializedStateHandles()) {
                readKeyed(materialized, classLoader);
            }
            return;
        }
        StreamStateHandle file;
        if (handle instanceof IncrementalKeyedStateHandle) {
            file = Versions.metadataOf((IncrementalKeyedStateHandle) handle);
        } else if (handle instanceof StreamStateHandle) {
            file = (StreamStateHandle) handle;
        } else {
            return;
        }
        KeyedBackendSerializationProxy<?> head = new KeyedBackendSerializationProxy<>(classLoader);
        try (InputStream in = Snapshot.open(file)) {
            head.read(new DataInputViewStreamWrapper(in));
        }
        key = head.getKeySerializerSnapshot();
        head.getStateMetaInfoSnapshots().forEach(info -> keyed.put(info.getName(), info));
        keyed.keySet().forEach(name -> names.add(name.startsWith("_timer_state/") ? "timers" : name));
    }

    private void readOperator(OperatorStateHandle handle, ClassLoader classLoader) throws IOException {
        OperatorBackendSerializationProxy head = new OperatorBackendSerializationProxy(classLoader);
        try (InputStream in = Snapshot.open(handle)) {
            head.read(new DataInputViewStreamWrapper(in));
        }
        head.getOperatorStateMetaInfoSnapshots().forEach(info -> lists.put(info.getName(), info));
        head.getBroadcastStateMetaInfoSnapshots().forEach(info -> broadcast.put(info.getName(), info));
        names.addAll(lists.keySet());
        names.addAll(broadcast.keySet());
    }
}
