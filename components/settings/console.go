package settings

import (
	"cmp"

	"flink-payments/k8s/oauth2proxy"
)

// Console are what all jobs' consoles share: the chart of oauth2-proxy,
// and the ingress controller before them. A job without `console` has none. The image
// is oauth2-proxy v7.15.6 with any chart, newer than the chart's own; it comes from quay.io.
type Console struct {
	Release
	// IngressClass of each console's Ingress; empty: the cluster's default.
	IngressClass string `json:"ingressClass"`
	// IngressNamespace is the ingress controller's: only its pods reach the proxies. Empty:
	// the controller is outside the cluster, and TrustedProxies reach them.
	IngressNamespace string `json:"ingressNamespace"`
	// TrustedProxies are the CIDRs that the controller's requests come from; the proxies
	// believe nobody else's X-Forwarded headers.
	TrustedProxies []string `json:"trustedProxies"`
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
