package diagnosis

import (
	"strings"
	"testing"
)

func TestNoSecretIsShown(t *testing.T) {
	for name, text := range map[string]string{
		"a JAAS line":               `Invalid JAAS config: org.apache.kafka.common.security.scram.ScramLoginModule required username="fraud" password="hunter2";`,
		"a quote in the password":   `required username="fraud" password="abc\"hunter2\\" more;`,
		"an end of line in it":      "required password=\"abc\nhunter2\ndef\"; and so on",
		"a JAAS line that is cut":   `required username="fraud" password="hunter2`,
		"escaped in JSON":           `{"error":"password=\"hunter2\""}`,
		"JSON":                      `{"username": "fraud", "password": "hunter2"}`,
		"a properties file":         "bootstrap.servers=kafka:9092\nsasl.password = my hunter2 pass\n",
		"an option":                 `--kafka.password=hunter2 --topic in`,
		"Flink's configuration":     "s3.secret-key: hunter2",
		"Flink's words":             "Could not parse value 'hunter2' for key 's3.secret.key'.",
		"an API key":                "metrics.reporter.dghttp.apikey=hunter2",
		"an address":                "java.net.ConnectException: https://fraud:hunter2@registry.example.com/v2/",
		"a token in an address":     "https://hunter2@example.com/x",
		"a signed address":          "GET https://b.s3.amazonaws.com/k?X-Amz-Security-Token=hunter2&X-Amz-Signature=hunter2 failed",
		"a header":                  "Authorization: Bearer hunter2hunter2",
		"basic authentication":      "sent Basic hunter2hunter2 to it",
		"Vault's token":             "token hvs.hunter2hunter2 is of another role",
		"a Kubernetes token":        "login with eyJhbGciOiJSUzI1NiJ9.hunter2.hunter2 failed",
		"an AWS key":                "key AKIAIOSFODNN7EXAMPLE is not of this account",
		"a password with a bracket": "(password=hunter2) refused",
	} {
		masked := mask(text)
		if strings.Contains(masked, "hunter2") || strings.Contains(masked, "AKIAIOSFODNN7EXAMPLE") || !strings.Contains(masked, hidden) {
			t.Errorf("%s: %s", name, masked)
		}
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	for _, text := range []string{
		`secret "kafka-tls" not found`, "no secret exists at secret/data/payments/kafka", `map has no entry for key "password"`,
		"JAAS config entry not terminated by semi-colon", "Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)",
		"s3://kv-flink-state-payments-prod/savepoints/savepoint-1f2e3d", "the model at 10:15 was read from https://models.example.com/v7@latest",
	} {
		if mask(text) != text {
			t.Errorf("%s: %s", text, mask(text))
		}
	}
}

// A password that ends a line of a JAAS configuration reaches Flink's log in a message of several lines.
func TestALogWithAPasswordIsToldWithoutIt(t *testing.T) {
	log := "2026-11-25 20:02:26,153 ERROR org.apache.flink.runtime.entrypoint.ClusterEntrypoint [] - Fatal error\n" +
		"org.apache.kafka.common.KafkaException: Failed to construct kafka consumer with sasl.jaas.config=org.example.Login required username=\"fraud\" password=\"abc\n" +
		"hunter2\";\n\tat com.example.Main.main(Main.java:3)\n" +
		"Caused by: java.lang.IllegalArgumentException: JAAS config entry not terminated by semi-colon, https://u:hunter2@host\n\tat org.apache.kafka.common.security.JaasConfig.parseAppConfigurationEntry(JaasConfig.java:117)\n"
	for _, text := range []string{log, strings.ReplaceAll(log, "JAAS config entry", "An entry")} {
		all := found(text)
		if len(all) == 0 {
			t.Fatal("nothing was found")
		}
		for _, f := range all {
			if strings.Contains(f.String(), "hunter2") {
				t.Error(f)
			}
		}
	}
}

// A cause names words of the message, so these are masked before they are taken.
func TestACauseNamesNoSecret(t *testing.T) {
	f := first("java.io.IOException: JAR file does not exist 'https://fraud:hunter2@repo.example.com/x.jar'\n\tat a.b.C.d(E.java:1)\n")
	if f.Cause != "the image has no file https://***@repo.example.com/x.jar" || strings.Contains(f.String(), "hunter2") {
		t.Error(f)
	}
}
