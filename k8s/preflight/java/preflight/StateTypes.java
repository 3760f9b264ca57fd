package preflight;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.StateDescriptor;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot;
import org.apache.flink.runtime.state.metainfo.StateMetaInfoSnapshot.CommonSerializerKeys;
import org.apache.flink.streaming.api.operators.StreamOperatorFactory;

/**
 * Compares an operator's stored serializers with the new job's, as far as they can be seen without opening the operator:
 * its key, the state descriptors that are fields of the operator or its function, and the POJO classes that are stored.
 * A descriptor that open() makes is not seen, except through its POJO classes.
 */
final class StateTypes {
    private final GraphOperator operator;
    private final StoredStates stored;
    private final ExecutionConfig executionConfig;
    private final ClassLoader classLoader;

    StateTypes(GraphOperator operator, StoredStates stored, ExecutionConfig executionConfig, ClassLoader classLoader) {
        this.operator = operator;
        this.stored = stored;
        this.executionConfig = executionConfig;
        this.classLoader = classLoader;
    }

    /** Why a restore would fail; empty: no reason was found. */
    List<String> incompatible() throws ReflectiveOperationException {
        List<String> wrong = new ArrayList<>();
        if (stored.key != null) {
            wrong.addAll(key());
        }
        Set<String> seen = new HashSet<>();
        for (StateDescriptor<?, ?> descriptor : descriptors()) {
            seen.add(descriptor.getName());
            wrong.addAll(described(descriptor));
        }
        PojoClasses pojos = new PojoClasses(executionConfig);
        for (List<StateMetaInfoSnapshot> infos : List.of(
                new ArrayList<>(stored.keyed.values()), new ArrayList<>(stored.lists.values()), new ArrayList<>(stored.broadcast.values()))) {
            for (StateMetaInfoSnapshot info : infos) {
                if (!seen.contains(info.getName())) {
                    info.getSerializerSnapshotsImmutable().values().forEach(snapshot -> pojos.compare(info.getName(), snapshot, wrong));
                }
            }
        }
        return wrong;
    }

    private List<String> key() throws ReflectiveOperationException {
        TypeSerializer<?> now = operator.config == null ? null : operator.config.getStateKeySerializer(classLoader);
        if (now == null) {
            return List.of("the operator is no longer keyed: its keyed state would be left behind without an error");
        }
        TypeSerializerSchemaCompatibility<?> found = Versions.compatibility(stored.key, now);
        boolean usable = found.isCompatibleAsIs() || found.isCompatibleWithReconfiguredSerializer();
        return usable ? List.of() : List.of("the key's type changed: " + change(stored.key, now));
    }

    private List<StateDescriptor<?, ?>> descriptors() {
        if (operator.config == null) {
            return List.of();
        }
        StreamOperatorFactory<?> factory = operator.config.getStreamOperatorFactory(classLoader);
        return factory == null ? List.of() : Descriptors.in(factory);
    }

    private List<String> described(StateDescriptor<?, ?> descriptor) throws ReflectiveOperationException {
        descriptor.initializeSerializerUnlessSet(executionConfig);
        String name = descriptor.getName();
        List<String> wrong = new ArrayList<>();
        if (stored.keyed.containsKey(name)) {
            wrong.addAll(value(name, stored.keyed.get(name), CommonSerializerKeys.VALUE_SERIALIZER, descriptor.getSerializer()));
        } else if (stored.lists.containsKey(name) && descriptor instanceof ListStateDescriptor) {
            wrong.addAll(value(name, stored.lists.get(name), CommonSerializerKeys.VALUE_SERIALIZER,
                    ((ListStateDescriptor<?>) descriptor).getElementSerializer()));
        } else if (stored.broadcast.containsKey(name) && descriptor instanceof MapStateDescriptor) {
            MapStateDescriptor<?, ?> map = (MapStateDescriptor<?, ?>) descriptor;
            wrong.addAll(value(name, stored.broadcast.get(name), CommonSerializerKeys.KEY_SERIALIZER, map.getKeySerializer()));
            wrong.addAll(value(name, stored.broadcast.get(name), CommonSerializerKeys.VALUE_SERIALIZER, map.getValueSerializer()));
        }
        return wrong;
    }

    private static List<String> value(String name, StateMetaInfoSnapshot info, CommonSerializerKeys which, TypeSerializer<?> now)
            throws ReflectiveOperationException {
        TypeSerializerSnapshot<?> old = info.getTypeSerializerSnapshot(which);
        if (old == null || now == null) {
            return List.of();
        }
        boolean hadTtl = old.getClass().getName().endsWith("$TtlSerializerSnapshot");
        if (hadTtl) { // the backend wraps the descriptor's serializer only when it is opened
            return List.of();
        }
        return Versions.compatibility(old, now).isIncompatible()
                ? List.of("state " + name + " changed its type: " + change(old, now)) : List.of();
    }

    private static String change(TypeSerializerSnapshot<?> old, TypeSerializer<?> now) {
        return "stored by " + old.restoreSerializer().getClass().getSimpleName() + ", now " + now.getClass().getSimpleName();
    }
}
