package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// A Document is an IAM policy document.
type Document struct {
	Version   string
	Statement []Statement
}

// Effect of a statement.
type Effect string

const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// A Statement of a document. Principal is nil in an identity's policy.
type Statement struct {
	Sid       string
	Effect    Effect
	Principal *Principal `json:",omitempty"`
	Action    []string
	Resource  []string  `json:",omitempty"`
	Condition Condition `json:",omitempty"`
}

// A Condition holds operator, then key, then the values: the values of a key
// are alternatives, operators and keys must all hold.
type Condition map[string]map[string][]string

// A Principal is everyone (the zero value), or who is named in it.
type Principal struct {
	AWS       []string `json:",omitempty"`
	Federated []string `json:",omitempty"`
	Service   []string `json:",omitempty"`
}

// MarshalJSON writes "*" for everyone.
func (p Principal) MarshalJSON() ([]byte, error) {
	if p.AWS == nil && p.Federated == nil && p.Service == nil {
		return []byte(`"*"`), nil
	}
	type named Principal
	return json.Marshal(named(p))
}

func document(statements ...Statement) Document {
	return Document{Version: "2012-10-17", Statement: statements}
}

// JSON of the document on one line. Keys come in a fixed order, so the same
// document always has the same bytes and the same SHA256.
func (d Document) JSON() string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	// A document is made of strings, slices and maps only: encoding cannot fail.
	if err := encoder.Encode(d); err != nil {
		panic(err)
	}
	return string(bytes.TrimSpace(text.Bytes()))
}

// SHA256 of the document's JSON, in hexadecimal.
func (d Document) SHA256() string { return SHA256(d.JSON()) }

// SHA256 of a document's text, in hexadecimal: what an auditor compares.
func SHA256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
