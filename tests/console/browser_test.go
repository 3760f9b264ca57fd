package console

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var pictures = flag.Bool("pictures", false, "write docs/console.png and docs/console-refused.png")

// chromium opens the console as whoever is next in the issuer's queue, and returns the page.
func chromium(t *testing.T, p *proxy, picture string) string {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no browser here: the Debian package chromium is needed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
		"--ignore-certificate-errors", "--hide-scrollbars", "--window-size=1280,720", "--virtual-time-budget=20000", "--dump-dom",
		fmt.Sprintf("--host-resolver-rules=MAP %s:443 %s, MAP login.microsoftonline.com:443 %s", host, p.ingress, p.issuerAddress),
		"--screenshot="+picture, "https://"+host+"/")
	page, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// takePicture logs in by a browser and looks at the UI of the Flink that the proxy leads to.
func takePicture(t *testing.T, p *proxy) {
	picture := filepath.Join(t.TempDir(), "console.png")
	if *pictures {
		picture = "../../docs/console.png"
	}
	p.issuer.QueueUser(onCall())
	if page := chromium(t, p, picture); !strings.Contains(page, "fraud-scoring") || !strings.Contains(page, "RUNNING") {
		t.Errorf("the browser shows\n%s", page)
	}
}

func TestABrowserShowsThatSomebodyIsNotInTheGroup(t *testing.T) {
	p := start(t, values(false))
	picture := filepath.Join(t.TempDir(), "refused.png")
	if *pictures {
		picture = "../../docs/console-refused.png"
	}
	who := onCall()
	who.Groups = []string{"another"}
	p.issuer.QueueUser(who)
	if page := chromium(t, p, picture); !strings.Contains(page, "403") || !strings.Contains(page, "Forbidden") {
		t.Errorf("the browser shows\n%s", page)
	}
}
