package diagnosis

import "regexp"

// hidden stands for a secret.
const hidden = "***"

// secretName is in names of settings whose value is not shown. Flink hides by
// a like list (GlobalConfiguration.SENSITIVE_KEYS); Kafka hides JAAS lines.
const secretName = `[\w.-]*(?:passwo?r?d|passphrase|pwd|secret|token|api[_.-]?key|access[_.-]?key|account[_.-]?key|private[_.-]?key|credential|signature|authorization)[\w.-]*`

// A quoted value goes on over a line's end: a password may hold one. Whatever
// is open at the text's end is cut off with it.
const quoted = `\\*"(?:[^"\\]|\\.)*(?:"|\\?$)|'[^']*(?:'|$)`

var secrets = []struct {
	text *regexp.Regexp
	mask string
}{
	// Flink names the value first.
	{regexp.MustCompile(`(?is)(value )'.*?'( for key '` + secretName + `')`), `${1}'` + hidden + `'${2}`},
	{regexp.MustCompile(`(?i)\b(bearer|basic) +[\w.~+/=-]{6,}`), `$1 ` + hidden},
	{regexp.MustCompile(`(?im)^(\s*` + secretName + `\s*=\s*)[^"'\s].*$`), `${1}` + hidden},
	{regexp.MustCompile(`(?is)(` + secretName + `\\*["']?\s*[=:]\s*)(?:` + quoted + `|[^\s,;&"'})\]]+)`), `${1}` + hidden},
	{regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#]*@`), `${1}` + hidden + `@`},
	{regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\beyJ[\w-]+\.[\w-]+\.[\w-]*|\bhv[sbr]\.[\w-]{8,}`), hidden},
}

// mask takes out what looks like a secret: values of settings with such a
// name, the user of an address, and tokens of AWS, Vault and Kubernetes.
func mask(text string) string {
	for _, s := range secrets {
		text = s.text.ReplaceAllString(text, s.mask)
	}
	return text
}
