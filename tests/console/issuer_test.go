package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"
)

const (
	issuerURL      = "https://login.microsoftonline.com/" + tenant + "/v2.0"
	federatedToken = "the.service-account.token"
	clientSecret   = "a-client-secret"
)

// A person is whom the issuer knows, and what it claims about one.
type person struct {
	*mockoidc.MockUser
	change func(claims jwt.MapClaims)
}

func (p person) Claims(_ []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	claims := jwt.MapClaims{
		"iss": issuerURL, "aud": client, "tid": tenant, "sub": p.Subject, "nonce": base.Nonce,
		"iat": base.IssuedAt.Unix(), "nbf": base.NotBefore.Unix(), "exp": base.ExpiresAt.Unix(),
		"preferred_username": p.PreferredUsername, "groups": p.Groups,
	}
	if p.change != nil {
		p.change(claims)
	}
	return claims, nil
}

// onCall is in the group.
func onCall() person {
	return person{MockUser: &mockoidc.MockUser{
		Subject: "on-call", PreferredUsername: "on-call@example.com", Groups: []string{"another", group},
	}}
}

// An issuer is Entra ID, as far as the proxy asks: mockoidc under Entra's names.
type issuer struct {
	*mockoidc.MockOIDC
	// spoil changes an ID token after it was signed.
	spoil func(idToken string) string

	mu sync.Mutex
	// asked are the forms of the token endpoint.
	asked []string
}

// handler serves the issuer at its paths below the host.
func newIssuer(t *testing.T) (*issuer, http.Handler) {
	t.Helper()
	mock, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	mock.ClientID, mock.ClientSecret = client, clientSecret
	mock.Server = &http.Server{Addr: "login.microsoftonline.com"}
	i := &issuer{MockOIDC: mock}
	mux := http.NewServeMux()
	base := "/" + tenant
	mux.HandleFunc(base+"/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		endpoint := "https://login.microsoftonline.com" + base
		json.NewEncoder(w).Encode(map[string]any{
			"issuer": issuerURL, "authorization_endpoint": endpoint + "/oauth2/v2.0/authorize",
			"token_endpoint": endpoint + "/oauth2/v2.0/token", "jwks_uri": endpoint + "/discovery/v2.0/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"}, "response_types_supported": []string{"code"},
			"subject_types_supported": []string{"pairwise"}, "code_challenge_methods_supported": []string{"S256"},
		})
	})
	mux.HandleFunc(base+"/oauth2/v2.0/authorize", mock.Authorize)
	mux.HandleFunc(base+"/oauth2/v2.0/token", i.token)
	mux.HandleFunc(base+"/discovery/v2.0/keys", mock.JWKS)
	return i, mux
}

// token takes the ServiceAccount's token in place of the secret, as Entra does.
func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	i.mu.Lock()
	i.asked = append(i.asked, r.Form.Encode())
	i.mu.Unlock()
	if r.Form.Get("client_assertion") == federatedToken {
		r.Form.Set("client_secret", clientSecret)
	}
	answer := httptest.NewRecorder()
	i.Token(answer, r)
	var tokens map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &tokens); err == nil && i.spoil != nil {
		if idToken, is := tokens["id_token"].(string); is {
			tokens["id_token"] = i.spoil(idToken)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.Code)
	json.NewEncoder(w).Encode(tokens)
}

// withClaims changes the claims of a signed token and leaves its signature.
func withClaims(idToken string, change func(claims map[string]any)) string {
	parts := strings.Split(idToken, ".")
	text, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	json.Unmarshal(text, &claims)
	change(claims)
	text, _ = json.Marshal(claims)
	parts[1] = base64.RawURLEncoding.EncodeToString(text)
	return strings.Join(parts, ".")
}

// unsigned is the token with alg none.
func unsigned(idToken string) string {
	parts := slices.Clone(strings.Split(idToken, "."))
	parts[0] = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	return parts[0] + "." + parts[1] + "."
}

func ago(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
