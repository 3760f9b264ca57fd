package flink

import (
	"fmt"
	"strconv"
)

// CredentialFile is where the pods find the credential: a Java properties file
// in memory, readable by Flink's user only, with security.protocol,
// sasl.mechanism and sasl.jaas.config for a Kafka client. It is UTF-8: a
// password beyond Latin-1 needs Properties.load(Reader).
const CredentialFile = "/vault/secrets/" + credentialName

const credentialName = "kafka.properties"

// credentialTemplate renders the credential. The value is read twice, as a
// Java properties file and then as a JAAS line, and both take backslashes: one
// in the password becomes four, and a quote becomes two and the quote. KV
// version 2 has the fields below .Data.data. A newline in the password cannot
// be carried: a JAAS string ends there.
const credentialTemplate = `{{- with secret "%s" -}}
security.protocol=SASL_SSL
sasl.mechanism=%s
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="{{ .Data.data.username | replaceAll "\\" "\\\\\\\\" | replaceAll "\"" "\\\\\"" }}" password="{{ .Data.data.password | replaceAll "\\" "\\\\\\\\" | replaceAll "\"" "\\\\\"" }}";
{{- end }}
`

// metricsKeyTemplate renders Datadog's key alone. The entry point judges it: a
// line of flink-conf.yaml has no way to quote.
const metricsKeyTemplate = `{{- with secret "%s" -}}{{ .Data.data.api_key }}{{- end }}
`

// Secrets are the paths below Vault's mount that the job's pods read, each once.
func (j Job) Secrets() []string {
	secrets := []string{j.Kafka.Secret}
	if j.Metrics.Secret != "" && j.Metrics.Secret != j.Kafka.Secret {
		secrets = append(secrets, j.Metrics.Secret)
	}
	return secrets
}

// dataPath is a secret's path as the agent and a Vault policy name it: MOUNT/data/SECRET.
func dataPath(s Stack, secret string) string { return fmt.Sprintf("%s/data/%s", s.VaultMount, secret) }

// credentialAnnotations ask the Vault injector to render the credential, and
// the key of the HTTP reporter, before Flink starts. By an init container only:
// Flink 1.18 takes a TaskManager for lost when a sidecar of its pod ends.
func (j Job) credentialAnnotations(s Stack) map[string]string {
	if j.Kafka.Secret == "" && j.Metrics.Secret == "" {
		return nil
	}
	user := strconv.Itoa(flinkUser)
	annotations := map[string]string{}
	file := func(name, secret, template string) {
		if secret == "" {
			return
		}
		annotations["vault.hashicorp.com/agent-inject-secret-"+name] = dataPath(s, secret)
		annotations["vault.hashicorp.com/agent-inject-template-"+name] = template
		annotations["vault.hashicorp.com/agent-inject-perms-"+name] = "0400"
		annotations["vault.hashicorp.com/error-on-missing-key-"+name] = "true"
	}
	file(credentialName, j.Kafka.Secret, fmt.Sprintf(credentialTemplate, dataPath(s, j.Kafka.Secret), j.Kafka.Mechanism))
	file(metricsKeyName, j.Metrics.Secret, fmt.Sprintf(metricsKeyTemplate, dataPath(s, j.Metrics.Secret)))
	for key, value := range map[string]string{
		"agent-inject":            "true",
		"agent-pre-populate-only": "true",
		"agent-inject-containers": MainContainer,
		"auth-path":               "auth/" + s.VaultAuthPath,
		"role":                    j.Kafka.VaultRole,
		// The injector would take the first container's user; Flink's is not the first.
		"agent-run-as-user":  user,
		"agent-run-as-group": user,
	} {
		annotations["vault.hashicorp.com/"+key] = value
	}
	if s.VaultNamespace != "" {
		annotations["vault.hashicorp.com/namespace"] = s.VaultNamespace
	}
	return annotations
}
