package diagnosis

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestFlinksExceptionsTellTheirCause(t *testing.T) {
	for _, c := range []struct{ sample, cause, seen string }{
		{"jaas.exceptions.json", "the Kafka credential in Vault cannot be carried in a JAAS line", "Flink at 2026-11-25T20:14:51Z: java.lang.IllegalArgumentException: JAAS config entry not terminated by semi-colon"},
		{"throw.exceptions.json", "the job's main() throws", "in com.example.fraud.Broken.load(Broken.java:14): java.lang.IllegalStateException: the fraud model /opt/models/v7 cannot be read; caused by: java.io.FileNotFoundException: /opt/models/v7 (No such file or directory)"},
	} {
		all := Find(Readings{Exceptions: [][]byte{[]byte(sample(t, c.sample))}})
		if len(all) != 1 || all[0].Cause != c.cause || !strings.HasSuffix(all[0].Seen, c.seen) || !strings.HasPrefix(all[0].Seen, "Flink at 2026-11-25T20:") {
			t.Errorf("%s: %v", c.sample, all)
		}
	}
}

// answer of Flink with one exception, of which the history knows too or not.
func answer(t *testing.T, stack string, history bool) []byte {
	t.Helper()
	entries := []any{}
	if history {
		entries = append(entries, map[string]any{"stacktrace": stack, "timestamp": 1, "taskName": "score (1/2)"})
	}
	text, err := json.Marshal(map[string]any{"root-exception": stack, "timestamp": 1, "exceptionHistory": map[string]any{"entries": entries}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestOneFindingOfAJobsExceptionWithAndWithoutAHistory(t *testing.T) {
	for _, history := range []bool{true, false} {
		all := Find(Readings{Exceptions: [][]byte{answer(t, "java.lang.RuntimeException: a record that cannot be scored: 499\n\tat com.example.fraud.Score.processElement(Score.java:62)\n\tat org.apache.flink.streaming.api.operators.KeyedProcessOperator.processElement(KeyedProcessOperator.java:83)\n", history)}})
		if len(all) != 1 || all[0].Cause != "the job's own code throws" || !strings.Contains(all[0].Seen, "in com.example.fraud.Score.processElement(Score.java:62): java.lang.RuntimeException: a record that cannot be scored: 499") {
			t.Errorf("history %v: %v", history, all)
		}
		if strings.Contains(all[0].Seen, "score (1/2)") != history {
			t.Errorf("history %v: %v", history, all)
		}
	}
}

// The texts are constants of the classes that throw them: Flink's Checkpoints,
// StateAssignmentOperation and AbstractFsCheckpointStorageAccess, Kafka's Errors.
func TestEachKnownKindIsTold(t *testing.T) {
	for text, want := range map[string]string{
		"java.lang.IllegalStateException: Failed to rollback to checkpoint/savepoint s3://b/savepoints/savepoint-1. Cannot map checkpoint/savepoint state for operator 857f407b0f317b9a9f938362a2c2d026 to the new program, because the operator is not available in the new program.": "the image has no operator 857f407b0f317b9a9f938362a2c2d026 for the state of s3://b/savepoints/savepoint-1",
		"java.lang.IllegalStateException: Failed to rollback to checkpoint/savepoint s3://b/s. Max parallelism mismatch between checkpoint/savepoint state and new program. Cannot map operator 857 with max parallelism 128 to new program with max parallelism 256.":                 "the state was written with another maximum parallelism",
		"java.io.FileNotFoundException: Cannot find checkpoint or savepoint file/directory 's3://b/savepoints/x' on file system 's3'.":                                                                                                                                                 "there is no savepoint at the path to start from",
		"org.apache.flink.util.StateMigrationException: The new state serializer (A) must not be incompatible with the old state serializer (B).":                                                                                                                                      "the image's serializers do not read the state's type",
		"org.apache.kafka.common.errors.InvalidTxnTimeoutException: The transaction timeout is larger than the maximum value allowed by the broker (as configured by transaction.max.timeout.ms).":                                                                                     "the Kafka sink's transaction.timeout.ms is above the broker's transaction.max.timeout.ms (15 min by default)",
		"org.apache.kafka.common.errors.InvalidPidMappingException: The producer attempted to use a producer id which is not currently assigned to its transactional id.":                                                                                                              "the broker has forgotten the sink's transactional ids: the state is older than transactional.id.expiration.ms (7 days by default)",
		"org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512":                                                                                                         "Kafka refuses the credential",
		"org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [card-auth]":                                                                                                                                                                     "Kafka refuses the job's user (TopicAuthorization)",
		"org.apache.kafka.common.errors.SslAuthenticationException: SSL handshake failed":                                                                                                                                                                                              "TLS to a server fails: its certificate is not trusted",
		"org.apache.kafka.common.errors.UnknownTopicOrPartitionException: This server does not host this topic-partition.":                                                                                                                                                             "a Kafka topic does not exist",
		"org.apache.kafka.common.config.ConfigException: No resolvable bootstrap urls given in bootstrap.servers":                                                                                                                                                                      "no Kafka broker can be reached",
		"com.amazonaws.services.s3.model.AmazonS3Exception: The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket)":                                                                                                                      "the S3 bucket does not exist",
		"com.amazonaws.services.securitytoken.model.AWSSecurityTokenServiceException: Not authorized to perform sts:AssumeRoleWithWebIdentity (Service: AWSSecurityTokenService; Status Code: 403; Error Code: AccessDenied)":                                                          "the pods get no AWS role",
		"com.amazonaws.services.s3.model.AmazonS3Exception: User: arn:aws:sts::1:assumed-role/x is not authorized to perform: kms:GenerateDataKey (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)":                                                                    "the role may not use the bucket's key",
		"Terminating due to java.lang.OutOfMemoryError: Metaspace":                                                                                                                                                   "the JVM is out of metaspace",
		"java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process/resource limits reached":                                                                                      "the pod may start no more threads",
		"java.net.BindException: Could not start rest endpoint on any port in port range 8081":                                                                                                                       "port 8081 of the pod is in use",
		"java.lang.UnsupportedClassVersionError: com/example/Main has been compiled by a more recent version of the Java Runtime (class file version 65.0)":                                                          "class com/example/Main is compiled for a newer Java than the image has",
		"java.lang.NoSuchMethodError: 'void org.apache.flink.X.y()'":                                                                                                                                                 "the jar was built against another version of a library",
		"org.apache.flink.configuration.IllegalConfigurationException: Sum of configured Framework Heap Memory exceed configured Total Flink Memory":                                                                 "Flink refuses its configuration",
		"java.net.UnknownHostException: b-1.kafka.example.com: Name or service not known":                                                                                                                            "the name b-1.kafka.example.com does not resolve in the pods",
		"io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: POST. Message: pods \"x\" is forbidden: exceeded quota: payments, requested: memory=4Gi, used: memory=8Gi, limited: memory=8Gi.": "the ResourceQuota payments leaves no room",
		"io.fabric8.kubernetes.client.KubernetesClientException: pods is forbidden: User \"system:serviceaccount:payments:flink\" cannot create resource \"pods\" in API group \"\" in the namespace \"payments\".":  "system:serviceaccount:payments:flink may not create pods",
		"java.lang.IllegalArgumentException: Could not parse value for key 's3.secret-key'.":                                                                                                                         "flinkConfiguration: s3.secret-key has a value of the wrong type",
		"org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException: Could not acquire the minimum required resources.":                                                                              "the job waits for TaskManagers",
		"org.apache.flink.client.program.ProgramInvocationException: JAR file does not exist '/opt/flink/usrlib/x.jar'":                                                                                              "the image has no file /opt/flink/usrlib/x.jar",
	} {
		wrapped := "java.util.concurrent.CompletionException: java.lang.RuntimeException: it failed\n\tat java.base/java.lang.Thread.run(Thread.java:840)\nCaused by: " + text + "\n\tat org.apache.flink.X.y(X.java:1)\n\t... 3 more\n"
		for _, log := range []string{text + "\n", wrapped} {
			if strings.HasPrefix(text, "Terminating") && log == wrapped {
				continue
			}
			if f := first(log); f.Cause != want || f.Do == "" || strings.Contains(f.Do, "$") {
				t.Errorf("%s: %s", text[:60], f)
			}
		}
	}
}

// Seen of Flink 1.18.1 that was told to end while it started.
func TestAClassThatIsGoneAtTheShutdownIsNotMissing(t *testing.T) {
	for _, class := range []string{"scala/collection/convert/Wrappers$MutableSetWrapper", "org/apache/pekko/actor/dungeon/FaultHandling$$anonfun$1"} {
		for _, f := range found("java.lang.NoClassDefFoundError: " + class + "\n\tat a.b.C.d(E.java:1)\nCaused by: java.lang.ClassNotFoundException: " + strings.ReplaceAll(class, "/", ".") + "\n") {
			if strings.Contains(f.Cause, "in no jar") {
				t.Error(f)
			}
		}
	}
}

// The first record is of a healthy start of Flink 1.18.1.
func TestOnlyAnUnknownExceptionThatEndsTheProcessIsTold(t *testing.T) {
	const stack = "org.apache.flink.runtime.dispatcher.UnavailableDispatcherOperationException: Unable to get JobMasterGateway for initializing job. The requested operation is not available while the JobManager is initializing.\n\tat org.apache.flink.runtime.dispatcher.Dispatcher.getJobMasterGateway(Dispatcher.java:1067)\n"
	for record, told := range map[string]int{
		"2026-11-25 20:34:20,000 ERROR org.apache.flink.runtime.rest.handler.job.JobDetailsHandler [] - Unhandled exception.\n":                      0,
		"2026-11-25 20:34:20,000 ERROR org.apache.flink.runtime.entrypoint.ClusterEntrypoint [] - Fatal error occurred in the cluster entrypoint.\n": 1,
		"": 1,
	} {
		if all := found(record + stack); len(all) != told {
			t.Errorf("%s: %v", record, all)
		}
	}
}

// A cause that main() or a wait for slots only passes on is told before them.
func TestWhatIsCertainIsToldFirst(t *testing.T) {
	log := "org.apache.flink.client.program.ProgramInvocationException: The main method caused an error: it failed\n\tat com.example.Main.main(Main.java:3)\n\n" +
		"java.lang.IllegalStateException: JAAS config entry not terminated by semi-colon\n\tat org.apache.kafka.X.y(X.java:1)\n\n" +
		"org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException: Could not acquire the minimum required resources.\n"
	all := found(log)
	if len(all) < 2 || !strings.Contains(all[0].Cause, "JAAS") {
		t.Error(all)
	}
	// The newest is told, and its words, where one cause has many stacks.
	log = strings.Repeat("java.net.UnknownHostException: a\n\tat java.base/X.y(X.java:1)\n\n", 3) + "java.net.UnknownHostException: b\n\tat java.base/X.y(X.java:1)\n"
	if all = found(log); len(all) != 2 || !strings.Contains(all[0].Cause, "name b ") {
		t.Error(all)
	}
}

func TestJobsAreReadFromTheOverview(t *testing.T) {
	for text, want := range map[string][]string{
		`{"jobs":[{"jid":"5096bf1c8782fa411df4d01bc5fd9b5a","name":"fraud-scoring","state":"RESTARTING"}]}`: {"5096bf1c8782fa411df4d01bc5fd9b5a"},
		`{"jobs":[{"jid":"../../x"},{"jid":""}]}`:                                                           nil,
		`{"jobs":[]}`: nil, `<html>`: nil, ``: nil,
	} {
		if got := Jobs([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// Whatever a log holds: few findings, short ones of one line each, and none of a password.
func FuzzLogs(f *testing.F) {
	for _, name := range []string{"throw.log", "interval.log", "native.log", "scheme.log"} {
		f.Add(sample(f, name), "fraud-scoring-1")
	}
	f.Add("Caused by: a.B: \x1b[31m\n\tSuppressed: c.D\n\tat x\n", "vault")
	f.Add("java.lang.Error: password=\"\n\tat a.b.C.d(E.java)\nCaused by: f.G\n", "")
	f.Fuzz(func(t *testing.T, log, pod string) {
		secret := "hunter2hunter2"
		if strings.Contains(log, "hunter") || strings.Contains(pod, "hunter") {
			t.Skip()
		}
		log += "\njava.lang.IllegalStateException: login with password=\"" + secret + "\" failed\n\tat com.example.Main.main(Main.java:1)\n"
		for _, container := range []string{mainContainer, vaultContainer} {
			all := Find(Readings{Logs: []Log{{Pod: pod, Container: container, Text: log}}, Exceptions: [][]byte{answer(t, log, true), []byte(log)}})
			if len(all) > maxFindings || container == mainContainer && len(all) == 0 {
				t.Errorf("%d findings", len(all))
			}
			for _, f := range all {
				for _, text := range []string{f.Cause, f.Seen, f.Do} {
					if len([]rune(text)) > maxSeen || line(text, maxSeen) != text || strings.Contains(text, secret) {
						t.Errorf("%q", text)
					}
				}
				if f.Cause == "" || f.Do == "" {
					t.Errorf("%+v", f)
				}
			}
		}
	})
}
