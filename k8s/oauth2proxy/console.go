// Package oauth2proxy turns a job's console into the values of the chart oauth2-proxy:
// who is let in, what of Flink's REST API passes, and where the secrets come from. It
// installs nothing.
package oauth2proxy

import (
	"cmp"
	"reflect"

	"flink-payments/k8s/flink"
)

// A Console is Flink's UI for people, behind a login: oauth2-proxy before the
// REST Service, Entra ID as the issuer, one group let in. It only reads. The zero value makes none.
type Console struct {
	// Host is the DNS name that people open: https://HOST.
	Host string `json:"host"`
	// Tenant is the Entra tenant's GUID. A name such as common would let other tenants in.
	Tenant string `json:"tenant"`
	// ClientID is the app registration's GUID. Its redirect URI is https://HOST/oauth2/callback.
	ClientID string `json:"clientId"`
	// Group is the object id, a GUID, of the group that may enter: Entra's tokens carry ids, not names.
	Group string `json:"group"`
	// ManyGroups asks Entra's Graph for the groups (scope User.Read): the token of a
	// person who is in more than 200 carries none.
	ManyGroups bool `json:"manyGroups"`
	// Secret is the path below Vault's mount, without data/, of the field cookie_secret: 16 characters
	// or more of any kind (base64, hex, a line end after it); and, with ClientSecret, client_secret.
	Secret string `json:"secret"`
	// ClientSecret proves the proxy to Entra by client_secret. Default: by the
	// ServiceAccount's own token, so that there is no client secret.
	ClientSecret bool `json:"clientSecret"`
	// VaultRole lets the proxy's ServiceAccount, and no other, log in. Default: NAMESPACE-NAME-console.
	VaultRole string `json:"vaultRole"`
	// VaultPolicy grants reading the secret and nothing else. Default: NAMESPACE-NAME-console-read.
	VaultPolicy string `json:"vaultPolicy"`
	// SessionLength is how long a login lasts, and so how long somebody who was taken
	// out of the group still gets in. Default 8h.
	SessionLength flink.Duration `json:"sessionLength"`
	// TLSSecret of the Ingress; empty: TLS ends before it or at its controller's default.
	TLSSecret string `json:"tlsSecret"`
	// Annotations of the Ingress: certificate, addresses let in by the edge.
	Annotations map[string]string `json:"annotations"`
}

// On says whether there is anything to make.
func (c Console) On() bool { return !reflect.ValueOf(c).IsZero() }

// URL that people open; empty where there is no console.
func (c Console) URL() string {
	if !c.On() {
		return ""
	}
	return "https://" + c.Host
}

// WithDefaults fills in what has a default; a console that is off stays off.
func (c Console) WithDefaults() Console {
	if c.On() {
		c.SessionLength = cmp.Or(c.SessionLength, 8*flink.Hour)
	}
	return c
}

// Name of a job's console: its release, Deployment, Service and ServiceAccount.
func Name(job flink.Job) string { return job.Name + "-console" }

// PodLabels are the labels by which the chart selects the pods of a job's console.
func PodLabels(job flink.Job) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":     "oauth2-proxy",
		"app.kubernetes.io/instance": Name(job),
	}
}
