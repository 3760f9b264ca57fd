package preflight;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Optional;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.state.IncrementalKeyedStateHandle;
import org.apache.flink.runtime.state.StreamStateHandle;

/** What differs between Flink 1.18 and 2.0, or is not public. Everything else links on all of them. */
final class Versions {

    private Versions() {}

    /** ConfigOption.getClazz() is package-private in all of them. */
    static Class<?> valueType(ConfigOption<?> option) {
        return (Class<?>) field(option, "clazz");
    }

    static boolean isList(ConfigOption<?> option) {
        return (Boolean) field(option, "isList");
    }

    /** getMetaStateHandle() of 1.18 is getMetaDataStateHandle() since 1.19. */
    static StreamStateHandle metadataOf(IncrementalKeyedStateHandle handle) throws ReflectiveOperationException {
        Method method = method(handle.getClass(), "getMetaDataStateHandle");
        return (StreamStateHandle) (method != null ? method : handle.getClass().getMethod("getMetaStateHandle")).invoke(handle);
    }

    /** 1.18 asks the old snapshot about the new serializer; since 1.19 the new snapshot is asked about the old one. */
    static TypeSerializerSchemaCompatibility<?> compatibility(TypeSerializerSnapshot<?> old, TypeSerializer<?> now)
            throws ReflectiveOperationException {
        Method newer = method(TypeSerializerSnapshot.class, "resolveSchemaCompatibility", TypeSerializerSnapshot.class);
        return (TypeSerializerSchemaCompatibility<?>) (newer != null
                ? newer.invoke(now.snapshotConfiguration(), old)
                : TypeSerializerSnapshot.class.getMethod("resolveSchemaCompatibility", TypeSerializer.class).invoke(old, now));
    }

    /** createSerializer takes an ExecutionConfig in 1.18, its SerializerConfig in 2.0. */
    static TypeSerializer<?> serializer(TypeInformation<?> type, ExecutionConfig config) throws ReflectiveOperationException {
        Method older = method(TypeInformation.class, "createSerializer", ExecutionConfig.class);
        if (older != null) {
            return (TypeSerializer<?>) older.invoke(type, config);
        }
        Object serializerConfig = ExecutionConfig.class.getMethod("getSerializerConfig").invoke(config);
        Class<?> parameter = Class.forName("org.apache.flink.api.common.serialization.SerializerConfig");
        return (TypeSerializer<?>) TypeInformation.class.getMethod("createSerializer", parameter).invoke(type, serializerConfig);
    }

    /** Since 2.0 a snapshot keeps the operators' names. */
    static String nameOf(OperatorState state) {
        Method method = method(OperatorState.class, "getOperatorName");
        try {
            return method == null ? "" : ((Optional<?>) method.invoke(state)).map(Object::toString).orElse("");
        } catch (ReflectiveOperationException thrown) {
            return "";
        }
    }

    /** A private field of one of Flink's own classes, or of a superclass of it. */
    static Object field(Object object, String name) {
        for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
            try {
                Field field = type.getDeclaredField(name);
                field.setAccessible(true);
                return field.get(object);
            } catch (NoSuchFieldException thrown) {
                continue;
            } catch (IllegalAccessException thrown) {
                break;
            }
        }
        throw new IllegalStateException(object.getClass().getName() + " has no field " + name);
    }

    /** The innermost cause of a reflective call. */
    static Throwable cause(Throwable thrown) {
        return thrown instanceof InvocationTargetException ? thrown.getCause() : thrown;
    }

    private static Method method(Class<?> type, String name, Class<?>... parameters) {
        try {
            return type.getMethod(name, parameters);
        } catch (NoSuchMethodException thrown) {
            return null;
        }
    }
}
