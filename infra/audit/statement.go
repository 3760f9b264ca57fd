// Package audit answers the auditor, per job: where does the state live, who
// can reach it, what removes it, where are the logs. It knows no Pulumi: what
// was deployed in, a statement out, for machines as JSON and for people as Markdown.
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// A Statement is the answer for one job.
type Statement struct {
	Job         string `json:"job"`
	Namespace   string `json:"namespace"`
	Environment string `json:"environment,omitempty"`
	Cluster     string `json:"cluster,omitempty"`

	State   State     `json:"state"`
	Access  Access    `json:"access"`
	Removal []Removal `json:"removal"`
	Logs    Logs      `json:"logs"`
	// Documents are the policies in force, each with the hash an auditor compares.
	Documents []Document `json:"documents"`
}

// State is where the job's state lives.
type State struct {
	Bucket    string `json:"bucket"`
	BucketARN string `json:"bucketArn"`
	Region    string `json:"region"`
	// Account that owns the bucket, twelve digits.
	Account string `json:"account"`
	// KeyARN of the KMS key that every object is encrypted with.
	KeyARN string `json:"keyArn"`
	Roots  []Root `json:"roots"`
	// RecoveryWindowDays is how long what was deleted or replaced can be restored in place.
	RecoveryWindowDays int `json:"recoveryWindowDays"`
}

// A Root is a folder of the bucket.
type Root struct {
	URI   string `json:"uri"`
	Holds string `json:"holds"`
}

// Access is who can reach the state.
type Access struct {
	// RoleARN of the one role that the job uses, and Subjects that may take it on:
	// system:serviceaccount:NAMESPACE:NAME.
	RoleARN  string   `json:"roleArn"`
	Subjects []string `json:"subjects"`
	// Issuers are the clusters' OIDC issuers whose tokens the role accepts.
	Issuers []string `json:"issuers,omitempty"`
	// Administrators are exempt from the bucket's protection: they may change
	// versioning, lifecycle, encryption, policy and key. ARNs, wildcards allowed.
	Administrators []string `json:"administrators"`
	// Erasers may delete versions for ever. Empty: nobody, before an administrator changes the policy.
	Erasers []string `json:"erasers"`
}

// A Removal is one rule that removes objects, in words.
type Removal struct {
	Rule  string `json:"rule"`
	Words string `json:"words"`
	// Bucket that the rule is of.
	Bucket string `json:"bucket"`
}

// Logs is where the traces of access are.
type Logs struct {
	// AccessLogs is the bucket and prefix of S3's server access logs.
	AccessLogs string `json:"accessLogs"`
	// TrailARN of the CloudTrail trail with the object requests; empty: not recorded.
	TrailARN string `json:"trailArn,omitempty"`
}

// A Document is a policy, by what it is of.
type Document struct {
	// Name of what the policy is of: "bucket policy", "role trust".
	Name string `json:"name"`
	// On is the ARN or name that it is attached to.
	On string `json:"on"`
	// SHA256 of the document's canonical form, see Canonical.
	SHA256 string `json:"sha256"`
}

// NewDocument hashes a policy document's JSON.
func NewDocument(name, on, text string) (Document, error) {
	canonical, err := Canonical(text)
	if err != nil {
		return Document{}, fmt.Errorf("%s of %s: %w", name, on, err)
	}
	sum := sha256.Sum256([]byte(canonical))
	return Document{Name: name, On: on, SHA256: hex.EncodeToString(sum[:])}, nil
}

// CanonicalFilter is the jq program that does what Canonical does. With it an
// auditor hashes what AWS returns: ... | jq -cSj FILTER | sha256sum
const CanonicalFilter = `walk(if type=="array" then (if all(.[];type=="string") then sort else . end) | (if length==1 then .[0] else . end) else . end)`

// Canonical is a policy document on one line, the same for what was sent to
// AWS and for what AWS returns: keys and lists of words in order, and a list of
// one written as the one, because AWS may return either.
func Canonical(text string) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return "", fmt.Errorf("not a JSON document: %w", err)
	}
	if decoder.More() {
		return "", errors.New("not a JSON document: more follows it")
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(canonical(document)); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(line.Bytes(), []byte("\n"))), nil
}

func canonical(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			value[key] = canonical(inner)
		}
	case []any:
		words := true
		for i, inner := range value {
			value[i] = canonical(inner)
			_, word := value[i].(string)
			words = words && word
		}
		if words {
			slices.SortFunc(value, func(a, b any) int { return bytes.Compare([]byte(a.(string)), []byte(b.(string))) })
		}
		if len(value) == 1 {
			return value[0]
		}
	}
	return value
}

// Check refuses a statement that does not answer one of the questions.
func (s Statement) Check() error {
	var missing []string
	for _, answer := range []struct {
		given bool
		name  string
	}{
		{s.Job != "" && s.Namespace != "", "job and namespace"},
		{s.State.Bucket != "" && s.State.BucketARN != "", "state.bucket"},
		{s.State.Region != "", "state.region"},
		{s.State.Account != "", "state.account"},
		{s.State.KeyARN != "", "state.keyArn"},
		{len(s.State.Roots) > 0, "state.roots"},
		{s.Access.RoleARN != "", "access.roleArn"},
		{len(s.Access.Subjects) > 0, "access.subjects"},
		{len(s.Access.Administrators) > 0, "access.administrators"},
		{len(s.Removal) > 0, "removal"},
		{s.Logs.AccessLogs != "", "logs.accessLogs"},
		{len(s.Documents) > 0, "documents"},
	} {
		if !answer.given {
			missing = append(missing, answer.name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the audit statement of %s does not say: %v", s.Job, missing)
	}
	return nil
}

// sorted is a copy whose order does not depend on how it was put together,
// and whose empty lists are lists.
func (s Statement) sorted() Statement {
	words := func(list []string) []string {
		list = append([]string{}, list...)
		slices.Sort(list)
		return list
	}
	s.Access.Subjects = words(s.Access.Subjects)
	s.Access.Administrators = words(s.Access.Administrators)
	s.Access.Erasers = words(s.Access.Erasers)
	if s.Access.Issuers != nil {
		s.Access.Issuers = words(s.Access.Issuers)
	}
	s.State.Roots = append([]Root{}, s.State.Roots...)
	s.Removal = append([]Removal{}, s.Removal...)
	s.Documents = append([]Document{}, s.Documents...)
	slices.SortStableFunc(s.Documents, func(a, b Document) int {
		return bytes.Compare([]byte(a.Name+"\x00"+a.On), []byte(b.Name+"\x00"+b.On))
	})
	return s
}

// JSON of the statement, indented, for machines.
func (s Statement) JSON() (string, error) {
	if err := s.Check(); err != nil {
		return "", err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s.sorted()); err != nil {
		return "", fmt.Errorf("audit statement of %s: %w", s.Job, err)
	}
	return text.String(), nil
}
