// Package oauth2proxy turns a job's console into the values of the chart oauth2-proxy:
// who is let in, what of Flink's REST API passes, and where the secrets come from. It
// installs nothing.
package oauth2proxy

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"flink-payments/k8s/flink"
)

// A Console is Flink's UI for people, behind a login: oauth2-proxy before the
// REST Service, Entra ID as the issuer, one group let in. The zero value makes none.
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
	// Secret is the path below Vault's mount, without data/, of the field cookie_secret
	// (16, 24 or 32 bytes, also in base64) and, with ClientSecret, client_secret.
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

// Options are what the consoles of a stack share, and the labels of one.
type Options struct {
	// Labels of every object.
	Labels map[string]string
	// VaultAuthPath of the Kubernetes auth method and VaultMount of the KV version 2 engine.
	VaultAuthPath string
	VaultMount    string
	// IngressClass of the Ingress; empty: the cluster's default.
	IngressClass string
	// IngressNamespace is where the controller's pods are, the only ones let in;
	// empty: the controller has no pods, and TrustedProxies are let in.
	IngressNamespace string
	// TrustedProxies are the CIDRs whose X-Forwarded headers are believed.
	TrustedProxies []string
	// ImageRegistry replaces quay.io; empty: the chart's own.
	ImageRegistry string
}

const (
	// consoleUser is the uid of the chart's container.
	consoleUser = 2000
	consolePort = 4180
	// entraToken is where the ServiceAccount's token for Entra is; the audience is Entra's own and fixed.
	entraToken         = "/var/run/secrets/entra/token"
	entraTokenAudience = "api://AzureADTokenExchange"
)

// Values of the chart oauth2-proxy. They hold no secret: the chart's default would
// make a Secret with a published cookie secret.
func Values(job flink.Job, c Console, o Options) map[string]any {
	name := Name(job)
	values := map[string]any{
		"fullnameOverride":   name,
		"customLabels":       anyMap(o.Labels),
		"replicaCount":       2,
		"enableServiceLinks": false,
		"proxyVarsAsSecrets": false,
		"metrics":            map[string]any{"enabled": false},
		"serviceAccount":     map[string]any{"name": name},
		"resources": map[string]any{
			"requests": map[string]any{"cpu": "50m", "memory": "64Mi"},
			"limits":   map[string]any{"memory": "128Mi"},
		},
		// The prefix makes browsers refuse the cookie from any other host or without TLS.
		"config": map[string]any{"cookieName": "__Host-" + name},
		"extraArgs": map[string]any{
			"skip-provider-button":   true,
			"redirect-url":           c.URL() + "/oauth2/callback",
			"reverse-proxy":          true,
			"trusted-proxy-ip":       strings.Join(o.TrustedProxies, ","),
			"cookie-secret-file":     secretFile("cookie"),
			"cookie-secure":          true,
			"cookie-samesite":        "lax",
			"cookie-expire":          c.SessionLength.String(),
			"session-cookie-minimal": true,
		},
		"alphaConfig": map[string]any{
			"enabled": true,
			"configData": map[string]any{
				"providers":      []any{c.provider()},
				"upstreamConfig": map[string]any{"upstreams": upstreams(job)},
			},
		},
		"podAnnotations": anyMap(c.vaultAnnotations(o)),
		"networkPolicy":  map[string]any{"create": true, "ingress": []any{o.admitted()}},
		"ingress":        c.ingress(o.IngressClass),
	}
	if o.ImageRegistry != "" {
		values["image"] = map[string]any{"registry": strings.TrimSuffix(o.ImageRegistry, "/")}
	}
	if !c.ClientSecret {
		maps.Copy(values, projectedToken())
	}
	return values
}

// provider is Entra ID, one tenant and one group of it.
func (c Console) provider() map[string]any {
	scope := "openid profile"
	if c.ManyGroups {
		scope += " User.Read"
	}
	provider := map[string]any{
		"id": "entra", "provider": "entra-id", "clientID": c.ClientID,
		"scope": scope, "allowedGroups": []any{c.Group}, "code_challenge_method": "S256",
		"oidcConfig": map[string]any{
			"issuerURL": fmt.Sprintf("https://login.microsoftonline.com/%s/v2.0", c.Tenant),
			// An email is there only for those with a mailbox, and without one the proxy lets nobody in.
			"emailClaim": "preferred_username",
		},
	}
	if c.ClientSecret {
		provider["clientSecretFile"] = secretFile("client")
	} else {
		provider["microsoftEntraIDConfig"] = map[string]any{"federatedTokenAuth": true}
	}
	return provider
}

// What the console refuses of Flink's REST API, by path, with and without its version. The proxy
// knows no methods; all of these change something, two of them by GET.
const (
	apiVersion   = `^(?:/v[0-9]+)?`
	refusedPaths = apiVersion + `(?:/(?:cluster|jars|datasets|savepoint-disposal|jobmanager/profiler|taskmanagers/[^/]+/profiler)(?:/|$)` +
		`|/jobs/?$` +
		`|/jobs/[^/]+/(?:yarn-cancel|yarn-stop|stop|savepoints|rescaling|resource-requirements|coordinators|clientHeartbeat)(?:/|$))`
	// A job itself is read by GET and cancelled by PATCH. A mode that Flink does not
	// know fails the PATCH with 400, beside any other mode too; GET reads no mode.
	jobPath = `^((?:/v[0-9]+)?/jobs/[^/?]+)/?$`
)

// upstreams is what the proxy does with whom it let in. A rewriting path
// is a regular expression, and goes before one that does not rewrite.
// What stays open: POST to a job's checkpoints, which takes a checkpoint.
func upstreams(job flink.Job) []any {
	rest := func(id, path string) map[string]any {
		return map[string]any{"id": id, "path": path, "proxyWebSockets": false,
			"uri": fmt.Sprintf("http://%s-rest.%s:%d", job.Name, job.Namespace, flink.RestPort)}
	}
	byID := rest("job", jobPath)
	// Not ${1}: the proxy fills that in from its environment.
	byID["rewriteTarget"] = "$1?mode=refused"
	return []any{
		map[string]any{"id": "refused", "path": refusedPaths, "rewriteTarget": "/", "static": true, "staticCode": 403},
		byID,
		rest("flink", "/"),
	}
}

func secretFile(name string) string { return "/vault/secrets/" + name + "-secret" }

// vaultAnnotations ask the injector for the secrets as files, by an init
// container only. Without a newline: it would count as a byte of the secret.
func (c Console) vaultAnnotations(o Options) map[string]string {
	path := o.VaultMount + "/data/" + c.Secret
	user := fmt.Sprint(consoleUser)
	annotations := map[string]string{
		"agent-inject":            "true",
		"agent-pre-populate-only": "true",
		"auth-path":               "auth/" + o.VaultAuthPath,
		"role":                    c.VaultRole,
		"agent-run-as-user":       user,
		"agent-run-as-group":      user,
	}
	secrets := []string{"cookie"}
	if c.ClientSecret {
		secrets = append(secrets, "client")
	}
	for _, name := range secrets {
		file := name + "-secret"
		annotations["agent-inject-secret-"+file] = path
		annotations["agent-inject-template-"+file] = fmt.Sprintf("{{- with secret %q -}}{{ .Data.data.%s_secret }}{{- end -}}", path, name)
		annotations["agent-inject-perms-"+file] = "0400"
		annotations["error-on-missing-key-"+file] = "true"
	}
	full := map[string]string{}
	for key, value := range annotations {
		full["vault.hashicorp.com/"+key] = value
	}
	return full
}

// projectedToken mounts the ServiceAccount's token for Entra. The cluster's
// OIDC issuer is public, so Entra needs no webhook in the cluster.
func projectedToken() map[string]any {
	return map[string]any{
		"extraEnv": []any{map[string]any{"name": "AZURE_FEDERATED_TOKEN_FILE", "value": entraToken}},
		"extraVolumes": []any{map[string]any{
			"name": "entra-token",
			"projected": map[string]any{"sources": []any{map[string]any{
				"serviceAccountToken": map[string]any{"path": "token", "audience": entraTokenAudience, "expirationSeconds": 3600},
			}}},
		}},
		"extraVolumeMounts": []any{map[string]any{
			"name": "entra-token", "mountPath": strings.TrimSuffix(entraToken, "/token"), "readOnly": true,
		}},
	}
}

// admitted is the NetworkPolicy's one rule: who reaches the proxy's port.
func (o Options) admitted() map[string]any {
	var from []any
	if o.IngressNamespace != "" {
		from = append(from, map[string]any{"namespaceSelector": map[string]any{
			"matchLabels": map[string]any{"kubernetes.io/metadata.name": o.IngressNamespace}}})
	} else {
		for _, cidr := range o.TrustedProxies {
			from = append(from, map[string]any{"ipBlock": map[string]any{"cidr": cidr}})
		}
	}
	return map[string]any{"from": from, "ports": []any{map[string]any{"port": consolePort, "protocol": "TCP"}}}
}

func (c Console) ingress(class string) map[string]any {
	ingress := map[string]any{
		"enabled": true, "pathType": "Prefix", "hosts": []any{c.Host}, "annotations": anyMap(c.Annotations),
	}
	if class != "" {
		ingress["className"] = class
	}
	if c.TLSSecret != "" {
		ingress["tls"] = []any{map[string]any{"secretName": c.TLSSecret, "hosts": []any{c.Host}}}
	}
	return ingress
}

func anyMap(texts map[string]string) map[string]any {
	values := make(map[string]any, len(texts))
	for key, text := range texts {
		values[key] = text
	}
	return values
}
