package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestWhoIsInTheGroupGetsTheUIByTokenAndBySecret(t *testing.T) {
	for name, byClientSecret := range map[string]bool{"the ServiceAccount's token": false, "a client secret": true} {
		t.Run(name, func(t *testing.T) {
			p := start(t, values(byClientSecret))
			if _, answer := p.enter(t, onCall()); answer.StatusCode != http.StatusOK {
				t.Fatalf("%s\n%s", answer.Status, p.log)
			}
			if got := paths(p.rest.reached()); len(got) != 1 || got[0] != "GET /" {
				t.Errorf("Flink saw %v", got)
			}
			var proof string
			for _, form := range p.issuer.asked {
				proof += form
			}
			if byClientSecret != strings.Contains(proof, "client_secret="+clientSecret) ||
				byClientSecret == strings.Contains(proof, "client_assertion="+federatedToken) || !strings.Contains(proof, "code_verifier=") {
				t.Errorf("the proxy proved itself by %s", proof)
			}
		})
	}
}

func TestNobodyElseGetsIn(t *testing.T) {
	p := start(t, values(false))
	claim := func(name string, value any) person {
		who := onCall()
		who.change = func(claims jwt.MapClaims) { claims[name] = value }
		return who
	}
	without := func(name string) person {
		who := onCall()
		who.change = func(claims jwt.MapClaims) { delete(claims, name) }
		return who
	}
	later := func(idToken string) string {
		return withClaims(idToken, func(claims map[string]any) { claims["groups"] = []string{group} })
	}
	for name, refused := range map[string]struct {
		who   person
		spoil func(string) string
	}{
		"not in the group":             {who: claim("groups", []string{"another"})},
		"the group's name, not its id": {who: claim("groups", []string{"payments-flink-operators"})},
		"no groups":                    {who: without("groups")},
		"another tenant's issuer":      {who: claim("iss", "https://login.microsoftonline.com/11111111-5d3a-4b57-9a51-0c6c1d2f7a44/v2.0")},
		"another audience":             {who: claim("aud", "11111111-7c1d-4f0e-8e55-3a9d4c1b2e10")},
		"no audience":                  {who: without("aud")},
		"expired":                      {who: claim("exp", ago(time.Hour))},
		"another login's nonce":        {who: claim("nonce", "another")},
		"no nonce":                     {who: without("nonce")},
		"no name":                      {who: without("preferred_username")},
		"a group added after signing":  {who: claim("groups", []string{"another"}), spoil: later},
		"not signed":                   {who: onCall(), spoil: unsigned},
		"no token":                     {who: onCall(), spoil: func(string) string { return "" }},
	} {
		p.issuer.spoil = refused.spoil
		b, answer := p.enter(t, refused.who)
		if answer.StatusCode < 400 || answer.Request.URL.Path != "/oauth2/callback" {
			t.Errorf("%s: %s at %s", name, answer.Status, answer.Request.URL)
		}
		for _, c := range b.Jar.Cookies(&url.URL{Scheme: "https", Host: host, Path: "/"}) {
			if c.Name == cookie && c.Value != "" {
				t.Errorf("%s: there is a session", name)
			}
		}
		if got := paths(p.rest.reached()); len(got) > 0 {
			t.Errorf("%s: Flink saw %v", name, got)
		}
	}
}

func TestASessionIsHeldByACookieOfThisHostAloneAndEnds(t *testing.T) {
	p := start(t, values(false))
	p.issuer.QueueUser(onCall())
	b := p.browser(t, false)
	var set *http.Cookie
	at := "https://" + host + "/"
	for range 10 {
		answer, err := b.Get(at)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		for _, c := range answer.Cookies() {
			if c.Name == cookie && c.Value != "" {
				set = c
			}
		}
		if set != nil || answer.Header.Get("Location") == "" {
			break
		}
		next, err := answer.Request.URL.Parse(answer.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		at = next.String()
	}
	if set == nil {
		t.Fatalf("no session\n%s", p.log)
	}
	if !set.Secure || !set.HttpOnly || set.SameSite != http.SameSiteLaxMode || set.Domain != "" || set.Path != "/" {
		t.Errorf("the cookie is %+v", set)
	}
	if lasts := time.Duration(set.MaxAge) * time.Second; lasts != 8*time.Hour {
		t.Errorf("it lasts %s", lasts)
	}
	for name, value := range map[string]string{
		"tampered": set.Value[:len(set.Value)/2] + "A" + set.Value[len(set.Value)/2+1:],
		"cut":      set.Value[:len(set.Value)-8],
		"none":     "",
	} {
		w := &wire{t: t, address: p.address, session: value, from: ingressAddress}
		if answer := w.send("GET", "/overview"); answer.StatusCode != http.StatusFound {
			t.Errorf("%s: %s", name, answer.Status)
		}
		w.close()
	}
	p.rest.reached()
	answer, err := b.Get("https://" + host + "/oauth2/sign_out")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	answer, err = b.Get("https://" + host + "/overview")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusFound || !strings.HasPrefix(answer.Header.Get("Location"), "https://login.microsoftonline.com/"+tenant) {
		t.Errorf("after signing out: %s %s", answer.Status, answer.Header.Get("Location"))
	}
	if got := paths(p.rest.reached()); len(got) > 0 {
		t.Errorf("Flink saw %v", got)
	}
}
