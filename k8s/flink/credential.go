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

// CredentialPath is the secret's path as the agent and a Vault policy name it:
// MOUNT/data/SECRET.
func (j Job) CredentialPath(s Site) string {
	return fmt.Sprintf("%s/data/%s", s.VaultMount, j.Kafka.Secret)
}

// credentialAnnotations ask the Vault injector to render the credential before
// Flink starts. By an init container only: Flink 1.18 takes a TaskManager for
// lost when a sidecar of its pod ends.
func (j Job) credentialAnnotations(s Site) map[string]string {
	if j.Kafka.Secret == "" {
		return nil
	}
	path := j.CredentialPath(s)
	user := strconv.Itoa(flinkUser)
	annotations := map[string]string{}
	for key, value := range map[string]string{
		"agent-inject":                            "true",
		"agent-pre-populate-only":                 "true",
		"agent-inject-containers":                 MainContainer,
		"auth-path":                               "auth/" + s.VaultAuthPath,
		"role":                                    j.Kafka.VaultRole,
		"agent-inject-secret-" + credentialName:   path,
		"agent-inject-template-" + credentialName: fmt.Sprintf(credentialTemplate, path, j.Kafka.Mechanism),
		"agent-inject-perms-" + credentialName:    "0400",
		"error-on-missing-key-" + credentialName:  "true",
		// The injector would take the first container's user; Flink's is not the first.
		"agent-run-as-user":  user,
		"agent-run-as-group": user,
	} {
		annotations["vault.hashicorp.com/"+key] = value
	}
	return annotations
}
