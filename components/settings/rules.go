package settings

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"

	"flink-payments/infra/observe"
	"flink-payments/k8s/flink/rules"
	"flink-payments/k8s/validation"
)

// Judge returns every violation of the stack's rules and, for each job, of the
// job's. The settings are defaulted. Paths are full configuration keys.
func Judge(s Settings) validation.Violations {
	found := validation.Judge(Rules, s)
	found = append(found, validation.Judge(rules.OperatorRules, s.Platform.Operator.Version).Under("platform.operator")...)
	for i, job := range s.Jobs {
		found = append(found, rules.Judge(job.Job, s.Stack(job)).Under(JobPath(i, ""))...)
		if s.Datadog.Enabled {
			found = append(found, alertViolations(s.Observed(job), job.Alerts).Under(JobPath(i, "alerts"))...)
		}
	}
	for i, v := range found {
		if v.Path != regionKey && v.Path != disableDefaultProviders {
			found[i].Path = Project + ":" + v.Path
		}
	}
	return found.Sorted()
}

// alertViolations are observe's findings as violations.
func alertViolations(job observe.Job, alerts observe.Alerts) validation.Violations {
	var found validation.Violations
	for _, f := range observe.Check(job, alerts) {
		severity := validation.Refuse
		if f.Warn {
			severity = validation.Warn
		}
		found = append(found, validation.Violation{Rule: f.Rule, Severity: severity, Path: f.Path, Value: f.Value, Reason: f.Reason, Fix: f.Fix})
	}
	return found
}

// JobPath is the path of a setting of the i-th job: jobs[0].name.
func JobPath(i int, below string) string { return validation.Join(fmt.Sprintf("jobs[%d]", i), below) }

// Rules judge a stack's settings; a job's own are k8s/flink/rules.
var Rules = slices.Concat(accountRules, clusterRules, platformRules, vaultRules, stackRules, jobListRules, consoleRules)

func unless(good bool, path, value string) []validation.Finding {
	if good {
		return nil
	}
	return []validation.Finding{{Path: path, Value: value}}
}

func isURL(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && slices.Contains(schemes, u.Scheme)
}

// isLoopback tells a URL of this very machine, where nothing crosses a network.
func isLoopback(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

var (
	regionPattern        = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d+$`)
	accountPattern       = regexp.MustCompile(`^\d{12}$`)
	administratorPattern = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)/\S+)$`)
	rolePattern          = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$`)
	policyARNPattern     = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(\d{12}|aws):policy/\S+$`)
	rolePathPattern      = regexp.MustCompile(`^/([!-.0-~]+/)*$`)
	clusterPattern       = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)
	operatorPattern      = regexp.MustCompile(`^1\.(\d+)\.\d+$`)
	certManagerPattern   = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	labelPattern         = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	labelValuePattern    = regexp.MustCompile(`^[a-z0-9]([-_.a-z0-9]{0,61}[a-z0-9])?$`)
	tagPattern           = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	mountPattern         = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)*$`)
	iamPattern           = regexp.MustCompile(`^[\w+=,.@-]+$`)
	datadogSites         = []string{"datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "datadoghq.eu", "ap1.datadoghq.com", "ap2.datadoghq.com", "ddog-gov.com", "us2.ddog-gov.com"}
)
