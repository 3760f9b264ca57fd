package oauth2proxy

import (
	"fmt"
	"maps"
	"strings"

	"flink-payments/k8s/flink"
)

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
	// imageTag is newer than the chart's: 7.15.5 is the first that walks X-Forwarded-For from the
	// right, and that does not write what the issuer answered to a failed login into its log
	// (GHSA-wr5q-7wxw-x568, GHSA-hhqp-vx7f-5c6m).
	imageTag = "v7.15.6"
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
		"image":              image(o.ImageRegistry),
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
			"skip-provider-button": true,
			"redirect-url":         c.URL() + "/oauth2/callback",
			"reverse-proxy":        true,
			"trusted-proxy-ip":     strings.Join(o.TrustedProxies, ","),
			// Its default, X-Real-IP, is one that load balancers pass on as a stranger wrote it.
			"real-client-ip-header":  "X-Forwarded-For",
			"cookie-secret-file":     secretFile("cookie"),
			"cookie-secure":          true,
			"cookie-samesite":        "lax",
			"cookie-expire":          c.SessionLength.String(),
			"session-cookie-minimal": true,
		},
		"alphaConfig": map[string]any{
			"enabled": true,
			"configData": map[string]any{
				"providers":            []any{c.provider()},
				"injectRequestHeaders": requestHeaders(),
				"upstreamConfig":       map[string]any{"upstreams": upstreams(job)},
			},
		},
		"podSecurityContext": map[string]any{
			// For the injected init container, which has no profile of its own.
			"seccompProfile": map[string]any{"type": "RuntimeDefault"},
		},
		"securityContext": map[string]any{
			"enabled": true, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
			"runAsNonRoot": true, "runAsUser": consoleUser, "runAsGroup": consoleUser,
			"capabilities": map[string]any{"drop": []any{"ALL"}}, "seccompProfile": map[string]any{"type": "RuntimeDefault"},
		},
		"podAnnotations": anyMap(c.vaultAnnotations(o)),
		"networkPolicy":  map[string]any{"create": true, "ingress": []any{o.admitted()}},
		"ingress":        c.ingress(o.IngressClass),
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
			// This configuration's default would let an ID token of another login in.
			"insecureSkipNonce": false,
		},
	}
	if c.ClientSecret {
		provider["clientSecretFile"] = secretFile("client")
	} else {
		provider["microsoftEntraIDConfig"] = map[string]any{"federatedTokenAuth": true}
	}
	return provider
}

func secretFile(name string) string { return "/vault/secrets/" + name + "-secret" }

// Templates of the two files. oauth2-proxy takes 16, 24 or 32 bytes for its cookies' key, in
// base64 only of the URL's alphabet, and a line end for a part of it. So from any text of 16
// characters or more comes a key of 32; of a shorter one the proxy says that it is too short.
var secretTemplates = map[string]string{
	"cookie": `{{- with secret %q -}}{{- $key := .Data.data.cookie_secret | trimSpace -}}` +
		`{{- if lt (len $key) 16 -}}{{ $key }}{{- else -}}{{ $key | sha256Hex | printf "%%.32s" }}{{- end -}}{{- end -}}`,
	"client": `{{- with secret %q -}}{{ .Data.data.client_secret | trimSpace }}{{- end -}}`,
}

// vaultAnnotations ask the injector for the secrets as files, by an init container only.
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
		annotations["agent-inject-template-"+file] = fmt.Sprintf(secretTemplates[name], path)
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

func image(registry string) map[string]any {
	image := map[string]any{"tag": imageTag}
	if registry != "" {
		image["registry"] = strings.TrimSuffix(registry, "/")
	}
	return image
}
