package settings

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/oauth2proxy"
	"flink-payments/k8s/validation"
)

// consoleRules judge the consoles; none finds anything in a stack without one.
var consoleRules = []validation.Rule[Settings]{
	{
		ID: "console-host", Severity: validation.Refuse, Looks: "jobs[].console.host",
		Reason: "it becomes the Ingress' host and the login's redirect", Fix: "a DNS name without https:// and without a path, such as fraud-scoring.flink.example.com",
		Source: "Kubernetes: Ingress hosts, RFC 1123",
		Check: eachConsole(func(s Settings, j Job) []validation.Finding {
			host := j.Console.Host
			return unless(len(host) <= 253 && hostPattern.MatchString(host), "console.host", host)
		}),
	},
	{
		ID: "console-host-shared", Severity: validation.Refuse, Looks: "jobs[].console.host",
		Reason: "one address cannot open two consoles: the ingress controller would choose", Fix: "another console.host for this job",
		Source: "Kubernetes: Ingress hosts",
		Check:  consoleHosts,
	},
	{
		ID: "console-entra-id", Severity: validation.Refuse, Looks: "jobs[].console: tenant, clientId, group",
		Reason: "Entra knows it by a GUID: its tokens carry a group's object id and never its name, and a tenant such as common lets every tenant in",
		Fix:    "the GUID that Entra shows as tenant id, application (client) id or object id: 8f1c2c2e-5d3a-4b57-9a51-0c6c1d2f7a44",
		Source: "oauth2-proxy: provider entra-id; Entra: groups claim",
		Check: eachConsole(func(s Settings, j Job) []validation.Finding {
			c := j.Console
			return slices.Concat(
				unless(isGUID(c.Tenant), "console.tenant", c.Tenant),
				unless(isGUID(c.ClientID), "console.clientId", c.ClientID),
				unless(isGUID(c.Group), "console.group", c.Group),
			)
		}),
	},
	{
		ID: "console-secret", Severity: validation.Refuse, Looks: "jobs[].console.secret",
		Reason: "the cookie's key comes from this path of Vault, since oauth2-proxy makes none and its chart's default is published; the path is the one of `vault kv get -mount`, without the mount and without data/",
		Fix:    "a path of names with / between them, such as payments/fraud-scoring-console",
		Source: "oauth2-proxy: cookie-secret-file; Vault: KV version 2 paths",
		Check: eachConsole(func(s Settings, j Job) []validation.Finding {
			secret := j.Console.Secret
			return unless(secretPattern.MatchString(secret) && !strings.HasPrefix(secret, "data/"), "console.secret", secret)
		}),
	},
	{
		ID: "console-secret-of-a-job", Severity: validation.Refuse, Looks: "jobs[].console.secret, jobs[].kafka.secret, jobs[].metrics.secret",
		Reason: "the proxy, which people reach, could read a job's credential", Fix: "a path of its own, such as payments/fraud-scoring-console",
		Source: "design: one identity, one secret",
		Check: eachConsole(func(s Settings, j Job) []validation.Finding {
			taken := slices.ContainsFunc(s.Jobs, func(other Job) bool { return slices.Contains(other.Secrets(), j.Console.Secret) })
			return unless(j.Console.Secret == "" || !taken, "console.secret", j.Console.Secret)
		}),
	},
	{
		ID: "console-vault-names", Severity: validation.Refuse, Looks: "jobs[].console: vaultRole, vaultPolicy",
		Reason: "the second role or policy of a name would overwrite the first", Fix: "a name of its own for each, or nothing: then it is derived",
		Source: "design: one identity, one secret",
		Check:  consoleVaultNames,
	},
	{
		ID: "console-names", Severity: validation.Refuse, Looks: "jobs[]: name, serviceAccount",
		Reason: "a job's console has a Deployment and a ServiceAccount named JOB-console in the job's namespace", Fix: "another name",
		Source: "design: every name is derived in one place",
		Check:  consoleNames,
	},
	{
		ID: "console-session-length", Severity: validation.Refuse, Looks: "jobs[].console.sessionLength",
		Reason: "whoever is taken out of the group gets in until the session ends", Fix: "between 5m and 24h, such as 8h", Source: "oauth2-proxy: cookie-expire",
		Check: eachConsole(func(s Settings, j Job) []validation.Finding {
			length := j.Console.SessionLength
			return unless(length >= 5*flink.Minute && length <= 24*flink.Hour, "console.sessionLength", length.String())
		}),
	},
	{
		ID: "console-tls-secret", Severity: validation.Refuse, Looks: "jobs[].console.tlsSecret",
		Reason: "a Secret's name is a DNS name", Fix: "lower-case letters, digits, - and ., such as fraud-scoring-tls; or nothing, where TLS ends before the Ingress",
		Source: "Kubernetes: RFC 1123 subdomains",
		Check: eachConsole(func(s Settings, j Job) []validation.Finding {
			secret := j.Console.TLSSecret
			return unless(secret == "" || len(secret) <= 253 && subdomainPattern.MatchString(secret), "console.tlsSecret", secret)
		}),
	},
	{
		ID: "console-trusted-proxies", Severity: validation.Refuse, Looks: "platform.console.trustedProxies",
		Reason: "with none oauth2-proxy believes the X-Forwarded headers of everybody, and so who asked, from where and for which host",
		Fix:    "the CIDRs that the ingress controller's requests come from: its pods' network, or the load balancer's subnets",
		Source: "oauth2-proxy 7.15.2: trusted-proxy-ip",
		Check: func(s Settings) []validation.Finding {
			const path = "platform.console.trustedProxies"
			proxies := s.Platform.Console.TrustedProxies
			if s.hasConsole() && len(proxies) == 0 {
				return []validation.Finding{{Path: path}}
			}
			var found []validation.Finding
			for i, text := range proxies {
				cidr, err := netip.ParsePrefix(text)
				found = append(found, unless(err == nil && cidr.Bits() > 0 && cidr == cidr.Masked(), fmt.Sprintf("%s[%d]", path, i), text)...)
			}
			return found
		},
	},
	{
		ID: "console-chart", Severity: validation.Refuse, Looks: "platform.console.version, platform.console.repository",
		Reason: "before chart 10.4.3 comes oauth2-proxy 7.15.1 or older, whose login can be passed by with a header",
		Fix:    "10.7.0, from https://oauth2-proxy.github.io/manifests or a mirror; oci:// and directories are written in chart, without a repository",
		Source: "GHSA-7x63-xv5r-3p2x, GHSA-5hvv-m4w4-gf6v",
		Check: func(s Settings) []validation.Finding {
			c := s.Platform.Console
			placed := c.Repository == ""
			if c.inRepository() {
				placed = isURL(c.Repository, "https", "http")
			}
			return slices.Concat(
				unless(atLeast(c.Version, 10, 4, 3), "platform.console.version", c.Version),
				unless(placed, "platform.console.repository", c.Repository),
			)
		},
	},
	{
		ID: "console-ingress", Severity: validation.Refuse, Looks: "platform.console: ingressClass, ingressNamespace, timeout",
		Reason: "Kubernetes refuses the name, or the release may not take any time", Fix: "nginx, ingress-nginx and 10m, or nothing",
		Source: "Kubernetes: RFC 1123",
		Check: func(s Settings) []validation.Finding {
			c := s.Platform.Console
			return slices.Concat(
				unless(c.IngressClass == "" || subdomainPattern.MatchString(c.IngressClass), "platform.console.ingressClass", c.IngressClass),
				unless(c.IngressNamespace == "" || labelPattern.MatchString(c.IngressNamespace), "platform.console.ingressNamespace", c.IngressNamespace),
				unless(c.Timeout >= flink.Second, "platform.console.timeout", c.Timeout.String()),
			)
		},
	},
}

// eachConsole judges every job that has a console; paths are below the job.
func eachConsole(check func(Settings, Job) []validation.Finding) func(Settings) []validation.Finding {
	return func(s Settings) []validation.Finding {
		var found []validation.Finding
		for i, job := range s.Jobs {
			if !job.Console.On() {
				continue
			}
			for _, f := range check(s, job) {
				f.Path = JobPath(i, f.Path)
				found = append(found, f)
			}
		}
		return found
	}
}

func (s Settings) hasConsole() bool {
	return slices.ContainsFunc(s.Jobs, func(j Job) bool { return j.Console.On() })
}

// consoleHosts finds a host that an earlier job's console has.
func consoleHosts(s Settings) []validation.Finding {
	taken := map[string]bool{}
	return eachConsole(func(_ Settings, j Job) []validation.Finding {
		host := j.Console.Host
		found := unless(host == "" || !taken[host], "console.host", host)
		taken[host] = true
		return found
	})(s)
}

// consoleVaultNames finds a console's role or policy that a job, or an earlier console, has too.
func consoleVaultNames(s Settings) []validation.Finding {
	role, policy := map[string]bool{}, map[string]bool{}
	for _, j := range s.Jobs {
		role[j.Kafka.VaultRole], policy[j.Kafka.VaultPolicy] = true, true
	}
	return eachConsole(func(_ Settings, j Job) []validation.Finding {
		c := j.Console
		found := slices.Concat(
			unless(!role[c.VaultRole], "console.vaultRole", c.VaultRole),
			unless(!policy[c.VaultPolicy], "console.vaultPolicy", c.VaultPolicy),
		)
		role[c.VaultRole], policy[c.VaultPolicy] = true, true
		return found
	})(s)
}

// consoleNames finds a job, or its ServiceAccount, with the name of a console of its namespace.
func consoleNames(s Settings) []validation.Finding {
	consoles := map[string]bool{}
	for _, j := range s.Jobs {
		if j.Console.On() {
			consoles[j.Namespace+"/"+oauth2proxy.Name(j.Job)] = true
		}
	}
	var found []validation.Finding
	for i, j := range s.Jobs {
		found = slices.Concat(found,
			unless(!consoles[j.Namespace+"/"+j.Name], JobPath(i, "name"), j.Name),
			unless(!consoles[j.Namespace+"/"+j.ServiceAccount], JobPath(i, "serviceAccount"), j.ServiceAccount),
		)
	}
	return found
}

// isGUID wants Entra's own spelling: groups are compared letter by letter.
func isGUID(text string) bool { return guidPattern.MatchString(text) }

// atLeast compares a version of three numbers.
func atLeast(version string, least ...int) bool {
	parts := versionPattern.FindStringSubmatch(version)
	if parts == nil {
		return false
	}
	for i, want := range least {
		got, err := strconv.Atoi(parts[i+1])
		if err != nil || got != want {
			return err == nil && got > want
		}
	}
	return true
}

var (
	guidPattern      = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	hostPattern      = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
	subdomainPattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	secretPattern    = regexp.MustCompile(`^[\w@=:-][\w.@=:-]*(/[\w@=:-][\w.@=:-]*)*$`)
	versionPattern   = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)$`)
)
