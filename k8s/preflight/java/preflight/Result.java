package preflight;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What was found: a table for people and one line of JSON. */
final class Result {
    /** The kubelet cuts a termination message here. */
    private static final int LONGEST = 4096;
    /** So that one long text leaves room for the others. */
    private static final int LONGEST_TEXT = 400;

    final String flinkVersion;
    Kind kind = Kind.PASSED;
    String cause = "";
    List<String> details = List.of();
    /** The savepoint or checkpoint that was compared; empty: there is none. */
    String snapshot = "";
    final List<Operator> operators = new ArrayList<>();

    /** One operator of the snapshot or of the new graph. */
    static final class Operator {
        String name = "";
        String id = "";
        /** continues, new, lost, dropped, incompatible or max-parallelism: in the order of order(). */
        String verdict = "";
        /** Size of its state in the snapshot, in bytes; shared files count where they are referenced. */
        long bytes;
        List<String> states = List.of();
        String note = "";

        int order() {
            return List.of("lost", "incompatible", "max-parallelism", "dropped", "new", "continues").indexOf(verdict);
        }
    }

    Result(String flinkVersion) {
        this.flinkVersion = flinkVersion;
    }

    void fail(Kind kind, String cause, List<String> details) {
        this.kind = kind;
        this.cause = cause;
        this.details = details;
    }

    void write(Path file) {
        System.out.flush();
        System.err.flush();
        String json = json();
        System.out.println(table());
        System.out.println(json);
        System.out.flush();
        try {
            Files.write(file, json.getBytes(StandardCharsets.UTF_8));
        } catch (IOException thrown) {
            System.err.println("preflight: cannot write " + file + ": " + thrown);
        }
    }

    String table() {
        StringBuilder text = new StringBuilder();
        if (!operators.isEmpty()) {
            text.append(String.format("%n%-40s %10s  %-16s %s%n", "OPERATOR", "STATE", "VERDICT", "STATES"));
        }
        for (Operator operator : operators) {
            text.append(String.format("%-40s %10s  %-16s %s%n", cut(operator.name, 40), size(operator.bytes), operator.verdict,
                    String.join(", ", operator.states) + (operator.note.isEmpty() ? "" : " (" + operator.note + ")")));
        }
        if (details.size() > 1) { // one alone is the cause itself
            details.forEach(detail -> text.append(detail).append(System.lineSeparator()));
        }
        return text + kind.name + (cause.isEmpty() ? "" : ": " + cause);
    }

    /** At most LONGEST bytes: operators that are well go first when there is no room for all. */
    String json() {
        List<Operator> kept = new ArrayList<>(operators);
        kept.sort(Comparator.comparingInt(Operator::order));
        List<String> texts = new ArrayList<>(details);
        while (true) {
            String json = json(kept, texts);
            if (json.getBytes(StandardCharsets.UTF_8).length <= LONGEST) {
                return json;
            }
            if (texts.size() > 1) {
                texts.remove(texts.size() - 1);
            } else if (!kept.isEmpty()) {
                kept.remove(kept.size() - 1);
            } else {
                return json;
            }
        }
    }

    private String json(List<Operator> kept, List<String> texts) {
        List<String> lines = new ArrayList<>();
        for (Operator operator : kept) {
            lines.add("{" + field("name", cut(operator.name, 80)) + "," + field("id", operator.id) + ","
                    + field("verdict", operator.verdict) + ",\"bytes\":" + operator.bytes
                    + (operator.states.isEmpty() ? "" : ",\"states\":" + strings(operator.states))
                    + (operator.note.isEmpty() ? "" : "," + field("note", cut(operator.note, LONGEST_TEXT))) + "}");
        }
        return "{" + field("kind", kind.name) + "," + field("cause", cut(cause, LONGEST_TEXT)) + ",\"details\":" + strings(texts)
                + "," + field("flinkVersion", flinkVersion) + "," + field("snapshot", cut(snapshot, LONGEST_TEXT)) + ",\"operators\":["
                + String.join(",", lines) + "],\"omitted\":" + (operators.size() - kept.size()) + "}";
    }

    private static String field(String name, String value) {
        return quote(name) + ":" + quote(value);
    }

    private static String strings(List<String> values) {
        List<String> quoted = new ArrayList<>();
        values.forEach(value -> quoted.add(quote(cut(value, LONGEST_TEXT))));
        return "[" + String.join(",", quoted) + "]";
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    private static String cut(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length - 3) + "...";
    }

    static String size(long bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double amount = bytes;
        int unit = 0;
        while (amount >= 1024 && unit < units.length - 1) {
            amount /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + " B" : String.format(java.util.Locale.ROOT, "%.1f %s", amount, units[unit]);
    }
}
