package settings

import (
	"cmp"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/oauth2proxy"
)

// Console are what all jobs' consoles share: the chart of oauth2-proxy,
// and the ingress controller before them. A job without `console` has none.
type Console struct {
	// Version of the chart. Default 10.7.0, which brings oauth2-proxy 7.15.3.
	Version string `json:"version"`
	// Chart is the chart's name in Repository, an oci:// reference, or a local directory. Default oauth2-proxy.
	Chart string `json:"chart"`
	// Repository of the chart. Default https://oauth2-proxy.github.io/manifests; not used with a directory or oci://.
	Repository string `json:"repository"`
	// ImageRegistry replaces quay.io; empty: the chart's own.
	ImageRegistry string `json:"imageRegistry"`
	// IngressClass of each console's Ingress; empty: the cluster's default.
	IngressClass string `json:"ingressClass"`
	// IngressNamespace is the ingress controller's: only its pods reach the proxies. Empty:
	// the controller is outside the cluster, and TrustedProxies reach them.
	IngressNamespace string `json:"ingressNamespace"`
	// TrustedProxies are the CIDRs that the controller's requests come from; the proxies
	// believe nobody else's X-Forwarded headers.
	TrustedProxies []string `json:"trustedProxies"`
	// Values are merged over the program's, as in `helm --values`.
	Values map[string]any `json:"values"`
	// Timeout of the release. Default 10m.
	Timeout flink.Duration `json:"timeout"`
}

func (c Console) withDefaults() Console {
	c.Version = cmp.Or(c.Version, "10.7.0")
	c.Chart = cmp.Or(c.Chart, "oauth2-proxy")
	if inRepository(c.Chart) {
		c.Repository = cmp.Or(c.Repository, "https://oauth2-proxy.github.io/manifests")
	}
	c.Timeout = cmp.Or(c.Timeout, 10*flink.Minute)
	return c
}

// consoleDefaults names a console's Vault role and policy after its job.
func consoleDefaults(j Job) oauth2proxy.Console {
	console := j.Console.WithDefaults()
	if console.On() {
		console.VaultRole = cmp.Or(console.VaultRole, j.Namespace+"-"+oauth2proxy.Name(j.Job))
		console.VaultPolicy = cmp.Or(console.VaultPolicy, j.Namespace+"-"+oauth2proxy.Name(j.Job)+"-read")
	}
	return console
}
