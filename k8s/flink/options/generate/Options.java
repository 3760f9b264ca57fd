import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;

/**
 * Asks Flink's own classes about its options. It knows no version: everything is read by reflection.
 *
 * <p>{@code java Options.java list JAR...} prints a line for each static ConfigOption, and for each
 * constant that is a prefix of keys. {@code java Options.java read JAR...} reads lines of key, type
 * and value (base64) and prints for each whether Configuration.get(option) takes the value.
 */
public class Options {
    private static final String OPTION = "org.apache.flink.configuration.ConfigOption";
    private static ClassLoader loader;
    private static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    public static void main(String[] args) throws Exception {
        List<String> jars = Arrays.asList(args).subList(1, args.length);
        List<URL> urls = new ArrayList<>();
        for (String jar : jars) {
            urls.add(Path.of(jar).toUri().toURL());
        }
        loader = new URLClassLoader(urls.toArray(new URL[0]));
        Thread.currentThread().setContextClassLoader(loader);
        List<Class<?>> classes = new ArrayList<>();
        for (String jar : jars) {
            classes.addAll(classes(jar));
        }
        if (args[0].equals("list")) {
            list(classes);
        } else {
            read(classes);
        }
    }

    /** The classes that hold options. One that cannot be loaded alone is told on standard error. */
    private static List<Class<?>> classes(String jar) throws Exception {
        List<Class<?>> found = new ArrayList<>();
        try (JarFile file = new JarFile(jar)) {
            for (JarEntry entry : Collections.list(file.entries())) {
                String name = entry.getName();
                if (!name.startsWith("org/apache/flink/") || !name.endsWith(".class")) {
                    continue;
                }
                byte[] bytes;
                try (InputStream in = file.getInputStream(entry)) {
                    bytes = in.readAllBytes();
                }
                if (!new String(bytes, StandardCharsets.ISO_8859_1).contains(OPTION.replace('.', '/'))) {
                    continue;
                }
                String type = name.substring(0, name.length() - ".class".length()).replace('/', '.');
                try {
                    Class<?> c = Class.forName(type, false, loader);
                    if (Arrays.stream(c.getDeclaredFields()).anyMatch(Options::isOption)) {
                        Class.forName(type, true, loader);
                        found.add(c);
                    }
                } catch (LinkageError | ClassNotFoundException e) {
                    System.err.println("left out: " + type + ": " + e);
                }
            }
        }
        return found;
    }

    private static boolean isOption(Field f) {
        return Modifier.isStatic(f.getModifiers()) && f.getType().getName().equals(OPTION);
    }

    private static Object call(Object of, String method) throws Exception {
        Method m = of.getClass().getDeclaredMethod(method);
        m.setAccessible(true);
        return m.invoke(of);
    }

    private static Object value(Field f) throws Exception {
        f.setAccessible(true);
        return f.get(null);
    }

    /** The text that stands before the key of an option of a named thing, such as a reporter. */
    private static String prefix(Field f) throws Exception {
        for (AnnotatedElement of : List.of(f, f.getDeclaringClass())) {
            for (Annotation a : of.getDeclaredAnnotations()) {
                if (a.annotationType().getSimpleName().equals("SuffixOption")) {
                    return a.annotationType().getMethod("value").invoke(a) + ".";
                }
            }
        }
        return "";
    }

    private static String type(Object option) throws Exception {
        Class<?> type = (Class<?>) call(option, "getClazz");
        return (type.isEnum() ? "Enum" : type.getSimpleName()) + ((Boolean) call(option, "isList") ? "[]" : "");
    }

    private static void list(List<Class<?>> classes) throws Exception {
        TreeSet<String> lines = new TreeSet<>();
        for (Class<?> c : classes) {
            for (Field f : c.getDeclaredFields()) {
                if (!isOption(f)) {
                    continue;
                }
                Object option = value(f);
                if (option == null) {
                    continue;
                }
                Class<?> type = (Class<?>) call(option, "getClazz");
                List<String> old = new ArrayList<>();
                for (Object key : (Iterable<?>) call(option, "fallbackKeys")) {
                    old.add(call(key, "getKey") + ((Boolean) call(key, "isDeprecated") ? "" : "?"));
                }
                String values =
                        type.isEnum()
                                ? Arrays.stream(type.getEnumConstants()).map(Object::toString).collect(Collectors.joining("|"))
                                : "";
                lines.add(String.join("\t",
                        "option",
                        prefix(f) + call(option, "key"),
                        type(option),
                        values,
                        text(call(option, "defaultValue")),
                        String.join("|", old),
                        f.isAnnotationPresent(Deprecated.class) || c.isAnnotationPresent(Deprecated.class) ? "deprecated" : "",
                        c.getName()));
            }
            for (Field f : c.getDeclaredFields()) {
                if (!Modifier.isStatic(f.getModifiers()) || f.getType() != String.class) {
                    continue;
                }
                String prefix = (String) value(f);
                if (prefix != null && prefix.matches("[a-z$][A-Za-z0-9.$-]*\\.")) {
                    lines.add(String.join("\t", "prefix", prefix, "", "", "", "", "", c.getName()));
                }
            }
        }
        lines.addAll(fileSystemKeys());
        lines.forEach(out::println);
    }

    /**
     * Keys of the S3 plugins that are no options: Flink hands all that begins with s3. on to Hadoop's
     * or Presto's file system, whose names are constants in its classes.
     */
    private static List<String> fileSystemKeys() throws Exception {
        TreeSet<String> keys = new TreeSet<>();
        for (String type : List.of("org.apache.hadoop.fs.s3a.Constants", "com.facebook.presto.hive.s3.S3ConfigurationUpdater")) {
            if (loader.getResource(type.replace('.', '/') + ".class") == null) {
                continue;
            }
            for (Field f : Class.forName(type, false, loader).getDeclaredFields()) {
                if (Modifier.isStatic(f.getModifiers()) && f.getType() == String.class) {
                    keys.add((String) value(f));
                }
            }
        }
        for (String type : List.of("org.apache.flink.fs.s3hadoop.S3FileSystemFactory", "org.apache.flink.fs.s3presto.S3FileSystemFactory")) {
            if (loader.getResource(type.replace('.', '/') + ".class") == null) {
                continue;
            }
            for (Field f : Class.forName(type, false, loader).getDeclaredFields()) {
                if (Modifier.isStatic(f.getModifiers()) && f.getType() == String[][].class) {
                    Arrays.stream((String[][]) value(f)).forEach(names -> keys.addAll(Arrays.asList(names)));
                }
            }
        }
        List<String> lines = new ArrayList<>();
        for (String key : keys) {
            for (String prefix : List.of("fs.s3a.", "presto.s3.")) {
                if (key.startsWith(prefix) && key.matches("[a-z0-9.-]*[a-z0-9]")) {
                    String name = "s3." + key.substring(prefix.length());
                    lines.add(String.join("\t", "option", name, "String", "", "", "", "", "s3"));
                }
            }
        }
        return lines;
    }

    /** A default in one line, the same on every run. */
    private static String text(Object o) throws Exception {
        if (o == null) {
            return "";
        }
        if (o instanceof Duration) {
            Class<?> utils = Class.forName("org.apache.flink.util.TimeUtils", true, loader);
            return (String) utils.getMethod("formatWithHighestUnit", Duration.class).invoke(null, o);
        }
        if (o instanceof Map) {
            Map<String, String> sorted = new TreeMap<>();
            for (Map.Entry<?, ?> e : ((Map<?, ?>) o).entrySet()) {
                sorted.put(text(e.getKey()), text(e.getValue()));
            }
            return sorted.entrySet().stream().map(e -> e.getKey() + ":" + e.getValue()).collect(Collectors.joining(","));
        }
        if (o instanceof Iterable) {
            List<String> parts = new ArrayList<>();
            for (Object part : (Iterable<?>) o) {
                parts.add(text(part));
            }
            return String.join(";", parts);
        }
        return o.toString().replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r");
    }

    private static void read(List<Class<?>> classes) throws Exception {
        Map<String, Object> options = new TreeMap<>();
        for (Class<?> c : classes) {
            for (Field f : c.getDeclaredFields()) {
                if (isOption(f) && value(f) != null) {
                        options.put(prefix(f) + call(value(f), "key") + "\t" + type(value(f)), value(f));
                }
            }
        }
        Class<?> type = Class.forName("org.apache.flink.configuration.Configuration", true, loader);
        Method set = type.getMethod("setString", String.class, String.class);
        Method get = type.getMethod("getOptional", Class.forName(OPTION, true, loader));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split("\t", 3);
            Object option = options.get(parts[0] + "\t" + parts[1]);
            Object configuration = configuration(type);
            set.invoke(configuration, call(option, "key"), new String(Base64.getDecoder().decode(parts[2]), StandardCharsets.UTF_8));
            try {
                get.invoke(configuration, option);
                out.println("yes");
            } catch (java.lang.reflect.InvocationTargetException e) {
                out.println("no");
            }
        }
    }

    /** Up to Flink 1.20 the operator writes flink-conf.yaml, whose values are read in the old way. */
    private static Object configuration(Class<?> type) throws Exception {
        for (Constructor<?> c : type.getConstructors()) {
            if (c.getParameterCount() == 1 && c.getParameterTypes()[0] == boolean.class) {
                return c.newInstance(false);
            }
        }
        return type.getConstructor().newInstance();
    }
}
