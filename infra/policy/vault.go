package policy

import (
	"fmt"
	"regexp"
)

// vaultPath holds only what cannot widen a Vault policy: + and * are its wildcards, and a name
// does not begin with a dot, so that none is . or .. either.
var vaultPath = regexp.MustCompile(`^[A-Za-z0-9_@=:-][A-Za-z0-9_.@=:-]*(/[A-Za-z0-9_@=:-][A-Za-z0-9_.@=:-]*)*$`)

// VaultRead is the Vault policy that reads one secret of a KV version 2 engine and
// does nothing else. It fails for a path that is empty, begins or ends with a slash, or holds a wildcard.
func VaultRead(mount, secret string) (string, error) {
	for _, path := range []string{mount, secret} {
		if !vaultPath.MatchString(path) {
			return "", fmt.Errorf("%q is not a path: write names with / between them, no wildcard", path)
		}
	}
	return fmt.Sprintf("path %q {\n  capabilities = [\"read\"]\n}\n", mount+"/data/"+secret), nil
}
