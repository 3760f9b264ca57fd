package payments.kafka;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A JobManager and TaskManagers of one slot, each a process as on Kubernetes, with its state in a folder. */
final class Cluster {

    /** Of Flink's own configuration for Java 17. */
    private static final List<String> OPENS = Stream.of(
                    "lang", "net", "io", "nio", "lang.reflect", "text", "time", "util", "util.concurrent")
            .map(name -> "--add-opens=java.base/java." + name + "=ALL-UNNAMED")
            .collect(Collectors.toList());

    private final Path folder;
    private final Map<String, String> environment;
    private final List<Process> taskManagers = new ArrayList<>();
    final Rest rest;

    Cluster(Path folder, Map<String, String> environment) throws Exception {
        this.folder = Files.createDirectories(folder);
        this.environment = environment;
        int port = Broker.freePort();
        Files.writeString(folder.resolve("flink-conf.yaml"), configuration(port));
        start("jobmanager", "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint");
        rest = new Rest("http://127.0.0.1:" + port);
        addTaskManager();
        addTaskManager();
        Wait.until("two TaskManagers", () -> {
            for (Process taskManager : taskManagers) {
                if (!taskManager.isAlive()) {
                    throw new IllegalStateException(Files.readString(folder.resolve("taskmanager-0.log")));
                }
            }
            return rest.get("/taskmanagers").get("taskmanagers").size() == 2;
        });
    }

    private String configuration(int port) throws Exception {
        return String.join(
                "\n",
                "jobmanager.rpc.address: 127.0.0.1",
                "jobmanager.rpc.port: " + Broker.freePort(),
                "jobmanager.bind-host: 127.0.0.1",
                "rest.port: " + port,
                "rest.address: 127.0.0.1",
                "rest.bind-address: 127.0.0.1",
                "taskmanager.host: 127.0.0.1",
                "taskmanager.bind-host: 127.0.0.1",
                "io.tmp.dirs: " + folder,
                "web.upload.dir: " + folder,
                "taskmanager.numberOfTaskSlots: 1",
                "taskmanager.cpu.cores: 1.0",
                // What Flink's shell script would work out.
                "taskmanager.memory.framework.heap.size: 128m",
                "taskmanager.memory.framework.off-heap.size: 128m",
                "taskmanager.memory.jvm-metaspace.size: 256m",
                "taskmanager.memory.jvm-overhead.min: 64m",
                "taskmanager.memory.jvm-overhead.max: 64m",
                "taskmanager.memory.task.heap.size: 128m",
                "taskmanager.memory.task.off-heap.size: 0m",
                "taskmanager.memory.network.min: 32m",
                "taskmanager.memory.network.max: 32m",
                "taskmanager.memory.managed.size: 64m",
                "state.backend.type: rocksdb",
                "state.backend.incremental: true",
                "state.checkpoints.dir: " + folder.resolve("checkpoints").toUri(),
                "execution.checkpointing.interval: 2 s",
                "restart-strategy.type: exponential-delay",
                "restart-strategy.exponential-delay.initial-backoff: 1 s",
                "restart-strategy.exponential-delay.max-backoff: 5 s",
                "");
    }

    void addTaskManager() throws Exception {
        taskManagers.add(start(
                "taskmanager-" + taskManagers.size(), "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"));
    }

    /** With SIGKILL: it closes nothing, and its transaction stays open. */
    void killATaskManager() throws Exception {
        taskManagers.get(0).destroyForcibly().waitFor();
    }

    private Process start(String name, String main) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx384m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(OPENS);
        command.addAll(List.of("-cp", classPath(), main, "--configDir", folder.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.redirectOutput(folder.resolve(name + ".log").toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        // Whatever ends the test ends its processes.
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        return process;
    }

    /** This test's without Kafka's jars and what they brought: the job has its own client with it. */
    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(jar -> Stream.of("/org/apache/kafka/", "/org/scala-lang/", "/com/fasterxml/").noneMatch(jar::contains))
                .collect(Collectors.joining(File.pathSeparator));
    }

    /** @param savepoint to start from, or null. */
    String run(String jar, String savepoint, boolean allowNonRestoredState, String... arguments) throws Exception {
        Map<String, Object> request = new HashMap<>();
        request.put("programArgsList", arguments);
        request.put("parallelism", 2); // one subtask of each on either TaskManager
        request.put("allowNonRestoredState", allowNonRestoredState);
        if (savepoint != null) {
            request.put("savepointPath", savepoint);
        }
        return rest.post("/jars/" + jar + "/run", request).get("jobid").asText();
    }

    String savepoint(String job) throws Exception {
        return finished(job, rest.post("/jobs/" + job + "/savepoints", Map.of("target-directory", savepoints())));
    }

    String stop(String job) throws Exception {
        String savepoint = finished(job, rest.post("/jobs/" + job + "/stop", Map.of("targetDirectory", savepoints())));
        awaitState(job, "FINISHED");
        return savepoint;
    }

    private String savepoints() {
        return folder.resolve("savepoints").toUri().toString();
    }

    private String finished(String job, JsonNode trigger) throws Exception {
        String path = "/jobs/" + job + "/savepoints/" + trigger.get("request-id").asText();
        Wait.until("savepoint", () -> rest.get(path).at("/status/id").asText().equals("COMPLETED"));
        JsonNode operation = rest.get(path).get("operation");
        if (!operation.hasNonNull("location")) {
            throw new IllegalStateException("no savepoint: " + operation);
        }
        return operation.get("location").asText();
    }

    void cancel(String job) throws Exception {
        rest.cancel(job);
        awaitState(job, "CANCELED");
    }

    private void awaitState(String job, String state) throws Exception {
        Wait.until(state, () -> rest.get("/jobs/" + job).get("state").asText().equals(state));
    }

    long checkpoints(String job) throws Exception {
        return rest.get("/jobs/" + job + "/checkpoints").at("/counts/completed").asLong();
    }

    void awaitCheckpoints(String job, int more) throws Exception {
        long enough = checkpoints(job) + more;
        Wait.until(more + " checkpoints", () -> checkpoints(job) >= enough);
    }

    /** Waits until the job has failed with these words, at least once; it may restart. */
    String awaitFailure(String job, String words) throws Exception {
        String[] seen = {""};
        try {
            Wait.until("a failure that says " + words, () -> {
                seen[0] = rest.get("/jobs/" + job + "/exceptions").toString();
                return seen[0].contains(words);
            });
        } catch (IllegalStateException e) {
            throw new IllegalStateException(e.getMessage() + "; it said: " + seen[0]);
        }
        // The line of the stack trace that says it.
        int at = seen[0].indexOf(words);
        int end = seen[0].indexOf("\\n", at);
        int begin = Math.max(seen[0].lastIndexOf("\\n", at) + 2, seen[0].lastIndexOf('"', at) + 1);
        return seen[0].substring(begin, end < 0 ? seen[0].length() : end).replace("Caused by: ", "").trim();
    }
}
