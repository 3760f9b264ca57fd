package payments.kafka;

import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;

/** A Kafka broker of one node: the job comes in by SASL/SCRAM, the test without. */
final class Broker implements AutoCloseable {

    /** More than ASCII, and what has to be escaped twice in the credential's file. */
    static final String PASSWORD = "pässwörd \"q\" \\ #";

    /** The file as the Vault agent renders it, but for TLS. */
    static final String CREDENTIAL = "security.protocol=SASL_PLAINTEXT\n"
            + "sasl.mechanism=SCRAM-SHA-512\n"
            + "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required"
            + " username=\"fraud-scoring\" password=\"pässwörd \\\\\"q\\\\\" \\\\\\\\ #\";\n";

    private final Properties properties = new Properties();
    private KafkaRaftServer server;
    final String address;
    final String saslAddress;

    Broker(Path folder) throws Exception {
        Files.createDirectories(folder);
        Files.writeString(
                folder.resolve("meta.properties"), "version=1\nnode.id=1\ncluster.id=" + Uuid.randomUuid() + "\n");
        address = "127.0.0.1:" + freePort();
        saslAddress = "127.0.0.1:" + freePort();
        String controller = "127.0.0.1:" + freePort();
        properties.putAll(Map.ofEntries(
                Map.entry("process.roles", "broker,controller"),
                Map.entry("node.id", "1"),
                Map.entry("controller.quorum.voters", "1@" + controller),
                Map.entry("controller.listener.names", "CONTROLLER"),
                Map.entry(
                        "listeners",
                        "PLAINTEXT://" + address + ",SASL_PLAINTEXT://" + saslAddress + ",CONTROLLER://" + controller),
                Map.entry(
                        "listener.security.protocol.map",
                        "PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT"),
                Map.entry("inter.broker.listener.name", "PLAINTEXT"),
                Map.entry("sasl.enabled.mechanisms", "SCRAM-SHA-512"),
                Map.entry(
                        "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config",
                        "org.apache.kafka.common.security.scram.ScramLoginModule required;"),
                Map.entry("log.dirs", folder.toString()),
                Map.entry("auto.create.topics.enable", "false"),
                Map.entry("group.initial.rebalance.delay.ms", "0"),
                // One node, so one copy.
                Map.entry("offsets.topic.replication.factor", "1"),
                Map.entry("offsets.topic.num.partitions", "1"),
                Map.entry("transaction.state.log.replication.factor", "1"),
                Map.entry("transaction.state.log.min.isr", "1"),
                Map.entry("transaction.state.log.num.partitions", "1")));
        start();
        try (Admin admin = admin()) {
            admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                            "fraud-scoring", new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD)))
                    .all()
                    .get();
        }
    }

    private void start() {
        server = new KafkaRaftServer(KafkaConfig.fromProps(properties, false), Time.SYSTEM);
        server.startup();
    }

    /** Starts again and forgets a transactional id that was not used for so long: at the earliest a second later. */
    void restartForgettingIdsAfter(long milliseconds) {
        close();
        properties.setProperty("transactional.id.expiration.ms", String.valueOf(milliseconds));
        properties.setProperty("transaction.remove.expired.transaction.cleanup.interval.ms", "1000");
        start();
    }

    Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", address));
    }

    void createTopics(String... names) throws Exception {
        try (Admin admin = admin()) {
            for (String name : names) {
                admin.createTopics(List.of(new NewTopic(name, 2, (short) 1))).all().get();
            }
        }
    }

    @Override
    public void close() {
        server.shutdown();
        server.awaitShutdown();
    }

    static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
