package preflight;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.FallbackKey;
import org.apache.flink.configuration.GlobalConfiguration;

/**
 * Reads every key that is set by the type that Flink itself reads it with: by the ConfigOption of the image's own
 * classes. Where several options have one key (an old and a new class), one that can read the value is enough.
 */
final class ConfigurationTypes {

    private ConfigurationTypes() {}

    static void check(Configuration configuration, Result result) {
        Map<String, List<ConfigOption<?>>> options = options();
        List<String> wrong = new ArrayList<>();
        int known = 0;
        for (String key : new TreeMap<>(configuration.toMap()).keySet()) {
            List<ConfigOption<?>> ofKey = options.getOrDefault(key, List.of());
            known += ofKey.isEmpty() ? 0 : 1;
            if (!ofKey.isEmpty() && ofKey.stream().noneMatch(option -> readable(configuration, key, option))) {
                wrong.add(describe(key, configuration.toMap().get(key), ofKey.get(0), result.flinkVersion));
            }
        }
        System.out.println("preflight: " + known + " of " + configuration.toMap().size()
                + " keys are options of Flink's own; the others are not looked at");
        if (!wrong.isEmpty()) {
            throw new Failure(Kind.CONFIGURATION, wrong.get(0), wrong);
        }
    }

    private static boolean readable(Configuration configuration, String key, ConfigOption<?> option) {
        Configuration only = new Configuration();
        only.setString(key, configuration.toMap().get(key));
        try {
            only.getOptional(option);
            return true;
        } catch (RuntimeException thrown) {
            return false;
        }
    }

    private static String describe(String key, String value, ConfigOption<?> option, String version) {
        String shown = GlobalConfiguration.isSensitive(key) ? "has a value that" : "is \"" + value + "\", which";
        String example = option.hasDefaultValue() && option.defaultValue() != null
                ? "; its default is " + text(option.defaultValue()) : "";
        return key + " " + shown + " Flink " + version + " cannot read as " + type(option) + example;
    }

    private static String text(Object value) {
        return value instanceof Duration ? ((Duration) value).toMillis() + " ms" : String.valueOf(value);
    }

    private static String type(ConfigOption<?> option) {
        Class<?> type = Versions.valueType(option);
        String name = type.isEnum() ? "one of " + Arrays.toString(type.getEnumConstants()) : type.getSimpleName();
        return Versions.isList(option) ? "a list of " + name : name;
    }

    /** Every static ConfigOption of the classes *Options on the class path, by its key and its older keys. */
    private static Map<String, List<ConfigOption<?>>> options() {
        Map<String, List<ConfigOption<?>>> options = new HashMap<>();
        for (String name : optionClasses()) {
            try {
                Class<?> type = Class.forName(name, false, ConfigurationTypes.class.getClassLoader());
                for (Field field : type.getDeclaredFields()) {
                    if (Modifier.isStatic(field.getModifiers()) && field.getType() == ConfigOption.class) {
                        field.setAccessible(true);
                        add(options, (ConfigOption<?>) field.get(null));
                    }
                }
            } catch (ReflectiveOperationException | LinkageError thrown) {
                // A class of an optional part whose libraries the image does not have: Flink does not read it either.
                continue;
            }
        }
        return options;
    }

    private static void add(Map<String, List<ConfigOption<?>>> options, ConfigOption<?> option) {
        if (option == null) {
            return;
        }
        options.computeIfAbsent(option.key(), key -> new ArrayList<>()).add(option);
        for (FallbackKey older : option.fallbackKeys()) {
            options.computeIfAbsent(older.getKey(), key -> new ArrayList<>()).add(option);
        }
    }

    private static List<String> optionClasses() {
        List<String> names = new ArrayList<>();
        for (String element : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (!element.endsWith(".jar") || !new File(element).isFile()) {
                continue;
            }
            try (JarFile jar = new JarFile(element)) {
                for (JarEntry entry : Collections.list(jar.entries())) {
                    if (entry.getName().matches("org/apache/flink/.*Options\\.class") && !entry.getName().contains("/shaded/")) {
                        names.add(entry.getName().replace('/', '.').substring(0, entry.getName().length() - ".class".length()));
                    }
                }
            } catch (IOException thrown) {
                throw new Failure(Kind.INTERNAL, "cannot open " + element + ": " + Failure.inOneLine(thrown));
            }
        }
        return names;
    }
}
