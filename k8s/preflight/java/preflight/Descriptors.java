package preflight;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.state.StateDescriptor;

/** The state descriptors that an operator holds in its fields, its function's fields and what a lambda captured. */
final class Descriptors {
    /** Enough for an operator, its function and what they use; a bound for what holds a large table of its own. */
    private static final int MOST_OBJECTS = 10_000;

    private Descriptors() {}

    static List<StateDescriptor<?, ?>> in(Object operator) {
        List<StateDescriptor<?, ?>> found = new ArrayList<>();
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Object> open = new ArrayDeque<>();
        open.add(operator);
        while (!open.isEmpty() && seen.size() < MOST_OBJECTS) {
            Object object = open.remove();
            if (!seen.add(object)) {
                continue;
            }
            if (object instanceof StateDescriptor) {
                found.add((StateDescriptor<?, ?>) object);
            } else if (object instanceof Collection) {
                ((Collection<?>) object).forEach(element -> push(element, open));
            } else if (object instanceof Map) {
                ((Map<?, ?>) object).forEach((key, value) -> push(value, open));
            } else if (object instanceof Object[]) {
                Arrays.asList((Object[]) object).forEach(element -> push(element, open));
            } else if (!object.getClass().getName().startsWith("java")) {
                fields(object, open);
            }
        }
        return found;
    }

    private static void fields(Object object, Deque<Object> open) {
        for (Class<?> type = object.getClass(); type != null && type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) {
                    continue;
                }
                try {
                    field.setAccessible(true);
                    push(field.get(object), open);
                } catch (ReflectiveOperationException | RuntimeException thrown) {
                    continue; // a field that cannot be read holds no descriptor that could be compared
                }
            }
        }
    }

    private static void push(Object object, Deque<Object> open) {
        if (object != null && !(object instanceof Class) && !(object instanceof ClassLoader) && !(object instanceof Thread)) {
            open.add(object);
        }
    }
}
