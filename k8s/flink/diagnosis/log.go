package diagnosis

import (
	"regexp"
	"slices"
	"strings"
)

// Lines of a log's end to read. A Flink stack is 100 lines, and the one that
// ends a JobManager stands twice, before 30 lines of its shutdown.
const Lines = 400

// Names of containers. The second is the Vault injector's.
const (
	mainContainer  = "flink-main-container"
	vaultContainer = "vault-agent-init"
)

// A Log is of one container of a pod; Previous: before its last restart.
type Log struct {
	Pod, Container string
	Previous       bool
	Text           string
}

func (l Log) where() string {
	where := "log of " + l.Pod
	if l.Container != mainContainer {
		where += ", " + l.Container
	}
	if l.Previous {
		where += " before its last restart"
	}
	return where
}

// logFindings of a log: each known kind, the newest first, or else the last
// stack of which the process or the job ends.
func logFindings(log Log) []Finding {
	if log.Container == vaultContainer {
		return vaultFindings(log)
	}
	var found, other []Finding
	for _, s := range slices.Backward(stacks(log.Text)) {
		f, certain := stackFinding(s, log.where())
		if certain {
			found = append(found, f)
		} else if other == nil && !s.passing {
			other = append(other, f)
		}
	}
	return append(found, other...)
}

// vaultKinds are the last words of the Vault agent (1.21) that renders the
// credential. It goes on trying, so a line is of now only where it is the last.
var vaultKinds = []kind{
	{words: words(`map has no entry for key \\*"(\w+)`),
		cause: "the secret in Vault has no field $1", do: "`vault kv patch MOUNT/SECRET $1=...` with the path of `kafka.secret` (username, password) or `metrics.secret` (api_key)"},
	{words: words(`no secret exists at ([^\s:"]+)`),
		cause: "Vault has no secret at $1", do: "write it with `vault kv put`, or mend `kafka.secret` (without data/) or `vault.mount`, which must be KV version 2"},
	{words: words(`invalid role name`),
		cause: "Vault has no such role", do: "`pulumi refresh`, `pulumi up` make `kafka.vaultRole` again; is `vault.authPath` the cluster's?"},
	{words: words(`(service account name|namespace) not authorized`),
		cause: "the Vault role is of another $1", do: "`pulumi refresh`, `pulumi up` put the role back; two jobs cannot share a `kafka.vaultRole`"},
	{words: words(`permission denied`),
		cause: "Vault refuses the pod's login or its reading of the secret", do: "`pulumi refresh`, `pulumi up` put role and policy back; in a new cluster the Kubernetes auth method of `vault.authPath` must trust its API server"},
	{words: words(`x509: .*`),
		cause: "the Vault agent does not trust Vault's certificate", do: "give the injector the certificate authority (annotation vault.hashicorp.com/ca-cert in `podTemplate`)"},
	{words: words(`connection refused|no such host|i/o timeout|context deadline exceeded|no route to host`),
		cause: "the Vault agent does not reach Vault", do: "look at the injector's address of Vault and at the network policy's egress to `vault.address`"},
}

var (
	agentRecord = regexp.MustCompile(`^(?:\d{4}-\d\d-\d\dT|==>)`)
	agentNoise  = regexp.MustCompile(`\[(?:INFO|DEBUG|TRACE)\]`)
)

// vaultFindings reads an agent's log, of which a record may take several lines.
func vaultFindings(log Log) []Finding {
	var records []string
	for text := range strings.Lines(log.Text) {
		if last := len(records) - 1; last >= 0 && !agentRecord.MatchString(text) {
			if len(records[last]) < maxRaw {
				records[last] += strings.TrimLeft(text, " |")
			}
			continue
		}
		records = append(records, text)
	}
	for _, text := range slices.Backward(records) {
		if agentNoise.MatchString(text) {
			continue
		}
		for _, k := range vaultKinds {
			if cause, do, matched := k.match(mask(text)); matched {
				return []Finding{finding(beforeStart, cause, log.where()+": "+text, do)}
			}
		}
	}
	return nil
}
