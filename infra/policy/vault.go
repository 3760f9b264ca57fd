package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// vaultPath holds only what cannot widen a Vault policy: + and * are its wildcards, and a name
// does not begin with a dot, so that none is . or .. either.
var vaultPath = regexp.MustCompile(`^[A-Za-z0-9_@=:-][A-Za-z0-9_.@=:-]*(/[A-Za-z0-9_@=:-][A-Za-z0-9_.@=:-]*)*$`)

// VaultRead is the Vault policy that reads these secrets of a KV version 2 engine and
// does nothing else. It fails for no secret, and for a path that is empty, begins or ends
// with a slash, or holds a wildcard.
func VaultRead(mount string, secrets ...string) (string, error) {
	if len(secrets) == 0 {
		return "", errors.New("no secret to read")
	}
	var document strings.Builder
	for _, path := range append([]string{mount}, secrets...) {
		if !vaultPath.MatchString(path) {
			return "", fmt.Errorf("%q is not a path: write names with / between them, no wildcard", path)
		}
	}
	for _, secret := range secrets {
		fmt.Fprintf(&document, "path %q {\n  capabilities = [\"read\"]\n}\n", mount+"/data/"+secret)
	}
	return document.String(), nil
}
