package payments.fraud;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.security.JaasContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {

    @TempDir
    Path folder;

    private Path credential;
    private final Map<String, String> environment = new HashMap<>(Map.of(
            "KAFKA_BOOTSTRAP_SERVERS", "kafka:9092",
            "KAFKA_TOPIC_IN", "card-auth",
            "KAFKA_TOPIC_OUT", "fraud-scores",
            "KAFKA_TRANSACTIONAL_ID_PREFIX", "payments-fraud-scoring"));

    @BeforeEach
    void credential() throws Exception {
        credential = Files.writeString(folder.resolve("kafka.properties"), "security.protocol=SASL_SSL\n");
        environment.put("KAFKA_PROPERTIES", credential.toString());
    }

    private Settings read(String... arguments) {
        return Settings.read(arguments, environment);
    }

    @Test
    void whatIsNotSaidHasTheSafeValue() {
        Settings settings = read();
        assertEquals(900_000, settings.transactionTimeout.toMillis());
        assertEquals(StartingOffsets.COMMITTED, settings.startingOffsets);
        assertEquals("payments-fraud-scoring", settings.groupId);
        assertEquals("card-auth", settings.sourceUid);
        assertEquals("fraud-scores", settings.sinkUid);
    }

    @Test
    void anArgumentWinsOverTheEnvironment() {
        environment.put("KAFKA_TRANSACTION_TIMEOUT_MS", "1000");
        Settings settings = read("--transaction-timeout-ms", "700000", "--topic-in", "other", "--starting-offsets", "latest");
        assertEquals(700_000, settings.transactionTimeout.toMillis());
        assertEquals("other", settings.topicIn);
        assertEquals(StartingOffsets.LATEST, settings.startingOffsets);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"KAFKA_BOOTSTRAP_SERVERS", "KAFKA_TOPIC_IN", "KAFKA_TOPIC_OUT", "KAFKA_TRANSACTIONAL_ID_PREFIX"})
    void namesWhatIsMissing(String variable) {
        environment.remove(variable);
        assertTrue(refused().contains(variable), refused());
    }

    @ParameterizedTest
    @CsvSource({
        "KAFKA_TRANSACTION_TIMEOUT_MS, 15 min",
        "KAFKA_TRANSACTION_TIMEOUT_MS, 0",
        "KAFKA_TRANSACTION_TIMEOUT_MS, 2147483648",
        "KAFKA_STARTING_OFFSETS, newest",
        "KAFKA_PROPERTIES, /nowhere/kafka.properties"
    })
    void namesWhatIsWrong(String variable, String value) {
        environment.put(variable, value);
        assertTrue(refused().contains(variable) && refused().contains(value), refused());
    }

    private String refused() {
        return assertThrows(IllegalArgumentException.class, this::read).getMessage();
    }

    @Test
    void kafkasClientsReadThePasswordAsItWasWritten() throws Exception {
        // In the file as the Vault agent renders it: quotes and backslashes doubled for the file and for JAAS.
        Files.writeString(
                credential,
                "security.protocol=SASL_SSL\n"
                        + "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required"
                        + " username=\"fraud-scoring\" password=\"p\u00e4ss \u2713 \\\\\"q\\\\\" \\\\\\\\ :#!=\";\n",
                StandardCharsets.UTF_8);
        Settings settings = read();
        assertFalse(settings.client.toString().contains("\u2713"));

        settings.client.setProperty("bootstrap.servers", "kafka:9092");
        Map<String, ?> client = new AdminClientConfig(settings.client).values();
        assertEquals("SASL_SSL", client.get("security.protocol"));
        Object password = JaasContext.loadClientContext(client).configurationEntries().get(0).getOptions().get("password");
        assertEquals("p\u00e4ss \u2713 \"q\" \\ :#!=", password);
    }

    @Test
    void aFileThatCannotBeReadIsNotQuoted() throws Exception {
        Files.writeString(credential, "sasl.jaas.config=secret \\u12\n");
        assertFalse(refused().contains("secret"), refused());
    }
}
