package payments.fraud;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.apache.flink.api.java.utils.ParameterTool;

/**
 * What the job is told: by argument (--topic-in) or else by environment variable (KAFKA_TOPIC_IN).
 * {@link #read} names the one that is missing or wrong.
 */
final class Settings {

    /** The broker's transaction.max.timeout.ms unless someone changed it: 15 minutes. */
    static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(15);

    final String bootstrapServers;
    final String topicIn;
    final String topicOut;

    /** One for each job and the same for ever: two jobs that share it abort each other's transactions. */
    final String transactionalIdPrefix;

    /**
     * Of the sink. Above the checkpoint interval, its time-out and the longest restart together, else a recovery loses
     * what it would commit; not above the broker's transaction.max.timeout.ms, else the sink cannot start.
     */
    final Duration transactionTimeout;

    final String groupId;
    final StartingOffsets startingOffsets;

    /** A new one gives up the source's state, its offsets, and begins at startingOffsets: with allowNonRestoredState. */
    final String sourceUid;

    /** A new one gives up the sink's state, the transactions to commit: with allowNonRestoredState. */
    final String sinkUid;

    /** For the Kafka clients: which fields of the credential's file to read, not what they hold. */
    final Properties client;

    private final ParameterTool arguments;
    private final Map<String, String> environment;

    private Settings(ParameterTool arguments, Map<String, String> environment) {
        this.arguments = arguments;
        this.environment = environment;
        bootstrapServers = required("bootstrap-servers", "KAFKA_BOOTSTRAP_SERVERS");
        topicIn = required("topic-in", "KAFKA_TOPIC_IN");
        topicOut = required("topic-out", "KAFKA_TOPIC_OUT");
        transactionalIdPrefix = required("transactional-id-prefix", "KAFKA_TRANSACTIONAL_ID_PREFIX");
        transactionTimeout = milliseconds("transaction-timeout-ms", "KAFKA_TRANSACTION_TIMEOUT_MS", TRANSACTION_TIMEOUT);
        groupId = optional("group-id", "KAFKA_GROUP_ID", transactionalIdPrefix);
        startingOffsets = startingOffsets(optional("starting-offsets", "KAFKA_STARTING_OFFSETS", "committed"));
        sourceUid = optional("source-uid", "KAFKA_SOURCE_UID", "card-auth");
        sinkUid = optional("sink-uid", "KAFKA_SINK_UID", "fraud-scores");
        client = client(Path.of(optional("properties", "KAFKA_PROPERTIES", "/vault/secrets/kafka.properties")));
    }

    /** @throws IllegalArgumentException names what is missing or wrong, and what to write. */
    static Settings read(String[] arguments, Map<String, String> environment) {
        return new Settings(ParameterTool.fromArgs(arguments), environment);
    }

    private String required(String argument, String variable) {
        String value = optional(argument, variable, "");
        if (value.isEmpty()) {
            throw new IllegalArgumentException("neither --" + argument + " nor " + variable + " is set: set one");
        }
        return value;
    }

    private String optional(String argument, String variable, String otherwise) {
        String value = arguments.get(argument, environment.get(variable));
        return value == null || value.isEmpty() ? otherwise : value;
    }

    private Duration milliseconds(String argument, String variable, Duration otherwise) {
        String value = optional(argument, variable, String.valueOf(otherwise.toMillis()));
        // Kafka keeps it as an int.
        if (!value.matches("[1-9][0-9]{0,9}") || Long.parseLong(value) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("--" + argument + " (" + variable + ") is \"" + value
                    + "\": write milliseconds, such as " + otherwise.toMillis());
        }
        return Duration.ofMillis(Long.parseLong(value));
    }

    private static StartingOffsets startingOffsets(String value) {
        try {
            return StartingOffsets.valueOf(value.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--starting-offsets (KAFKA_STARTING_OFFSETS) is \"" + value
                    + "\": write earliest, latest or committed", e);
        }
    }

    /**
     * The clients read the file themselves, in each pod, as UTF-8: what is set here becomes part of the job graph,
     * which Flink writes to high-availability.storageDir, and the password is not to be there.
     */
    private static Properties client(Path file) {
        Properties fields = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            fields.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            // Without the cause: it may quote the file.
            throw new IllegalArgumentException("--properties (KAFKA_PROPERTIES) " + file
                    + " cannot be read as a properties file: did the Vault agent run before Flink?");
        }
        Properties client = new Properties();
        if (fields.isEmpty()) {
            return client;
        }
        client.setProperty("config.providers", "file");
        client.setProperty(
                "config.providers.file.class", "org.apache.kafka.common.config.provider.FileConfigProvider");
        for (String name : fields.stringPropertyNames()) {
            client.setProperty(name, "${file:" + file + ":" + name + "}");
        }
        return client;
    }
}
