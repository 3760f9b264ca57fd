package preflight;

import java.lang.reflect.Field;
import java.util.List;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.CompositeTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.java.typeutils.runtime.PojoSerializerSnapshot;
import org.apache.flink.util.LinkedOptionalMap;

/**
 * Compares the POJO classes that are stored with the same classes of the new jar. Only what leaves no doubt is judged: a
 * field of a basic type that has another basic type now. Fields that came or went are Flink's to migrate.
 */
final class PojoClasses {
    private final ExecutionConfig executionConfig;

    PojoClasses(ExecutionConfig executionConfig) {
        this.executionConfig = executionConfig;
    }

    void compare(String state, TypeSerializerSnapshot<?> old, List<String> wrong) {
        if (old instanceof CompositeTypeSerializerSnapshot) {
            for (TypeSerializerSnapshot<?> nested : ((CompositeTypeSerializerSnapshot<?, ?>) old).getNestedSerializerSnapshots()) {
                compare(state, nested, wrong);
            }
        }
        if (!(old instanceof PojoSerializerSnapshot)) {
            return;
        }
        Object data = Versions.field(old, "snapshotData");
        Class<?> type = (Class<?>) Versions.field(data, "pojoClass");
        @SuppressWarnings("unchecked")
        LinkedOptionalMap<Field, TypeSerializerSnapshot<?>> fields =
                (LinkedOptionalMap<Field, TypeSerializerSnapshot<?>>) Versions.field(data, "fieldSerializerSnapshots");
        fields.forEach((name, field, snapshot) -> {
            if (field != null && snapshot != null) {
                compare(state, snapshot, wrong);
                compareField(state, type, field, snapshot, wrong);
            }
        });
    }

    private void compareField(String state, Class<?> type, Field field, TypeSerializerSnapshot<?> old, List<String> wrong) {
        BasicTypeInfo<?> now = BasicTypeInfo.getInfoFor(field.getType());
        if (now == null || !(old instanceof SimpleTypeSerializerSnapshot)) {
            return;
        }
        try {
            TypeSerializer<?> serializer = Versions.serializer((TypeInformation<?>) now, executionConfig);
            if (Versions.compatibility(old, serializer).isIncompatible()) {
                wrong.add("state " + state + " changed its type: " + type.getSimpleName() + "." + field.getName() + " was stored by "
                        + old.restoreSerializer().getClass().getSimpleName() + ", its type is now " + field.getType().getSimpleName());
            }
        } catch (ReflectiveOperationException thrown) {
            throw new IllegalStateException(Versions.cause(thrown));
        }
    }
}
