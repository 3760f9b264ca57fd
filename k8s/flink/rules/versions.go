package rules

import (
	"fmt"
	"regexp"
	"strings"

	"flink-payments/k8s/flink"
	"flink-payments/k8s/validation"
)

var (
	digest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	// reference leaves the repository to the registry and catches what no registry takes.
	reference = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:-]*(@[A-Za-z0-9:.]+)?$`)
	flinkTag  = regexp.MustCompile(`(?:^|[^a-z0-9])flink[-_]?v?(\d+)\.(\d+)`)
	baseTag   = regexp.MustCompile(`^(\d+)\.(\d+)`)
)

var imageRules = []validation.Rule[Input]{
	{
		ID: "image", Severity: validation.Refuse, Looks: "image",
		Reason: "no registry knows this reference",
		Fix:    "repository:tag@sha256:DIGEST, with the 64 hexadecimal digits that the push printed",
		Source: "OCI: image references",
		Check: func(s Input) []validation.Finding {
			_, sum := s.Job.ImageParts()
			broken := !reference.MatchString(s.Job.Image) || sum != "" && !digest.MatchString(sum)
			return when(broken, "image", s.Job.Image)
		},
	},
	{
		ID: "image-latest", Severity: validation.Refuse, Looks: "image",
		Reason: "latest is another image after each push: a restarted pod runs other code than the ones beside it, and nobody can go back",
		Fix:    "the tag of one build: fraud-scoring:1.4.0@sha256:DIGEST",
		Source: "guide: digests only; Kubernetes docs: image names",
		Check: func(s Input) []validation.Finding {
			tag, sum := s.Job.ImageParts()
			return when(s.Job.Image != "" && (tag == "latest" || tag == "" && sum == ""), "image", s.Job.Image)
		},
	},
	{
		ID: "image-digest", Severity: validation.Refuse, Looks: "image, environment",
		Reason: "a tag can be pushed again: only a digest says which code was scanned, signed and approved",
		Fix:    "the digest after the tag: repository:tag@sha256:DIGEST",
		Source: "guide: security notes (only signed digests deploy)",
		Check: func(s Input) []validation.Finding {
			tag, sum := s.Job.ImageParts()
			return when(production(s) && sum == "" && tag != "" && tag != "latest", "image", s.Job.Image)
		},
	},
	{
		ID: "image-flink-version", Severity: validation.Refuse, Looks: "image, flinkVersion",
		Reason: "the tag names another Flink than flinkVersion: the operator would talk to it in the wrong version's way",
		Fix:    "flinkVersion as in the image: v1_18 for flink:1.18.1",
		Source: "operator docs: flinkVersion must match the image",
		Check: func(s Input) []validation.Finding {
			written, ok := s.Job.Flink()
			tag, _ := s.Job.ImageParts()
			inTag, named := flink.ReadVersion(flinkTag, tag)
			repository := strings.TrimSuffix(strings.SplitN(s.Job.Image, "@", 2)[0], ":"+tag)
			if strings.HasSuffix("/"+repository, "/flink") {
				inTag, named = flink.ReadVersion(baseTag, tag)
			}
			return when(ok && named && inTag != written, "flinkVersion", s.Job.FlinkVersion+" with image tag "+tag)
		},
	},
	{
		ID: "jar-uri", Severity: validation.Refuse, Looks: "jarURI",
		Reason: "an application's jar is in its image: nothing is fetched when the pods start",
		Fix:    "local:///opt/flink/usrlib/NAME.jar, three slashes",
		Source: "Flink docs: native Kubernetes, application mode",
		Check: func(s Input) []validation.Finding {
			return when(!jarURI.MatchString(s.Job.JarURI), "jarURI", s.Job.JarURI)
		},
	},
}

var jarURI = regexp.MustCompile(`^local:///[A-Za-z0-9._/+-]+\.jar$`)

var versionRules = []validation.Rule[Input]{
	{
		ID: "flink-version", Severity: validation.Refuse, Looks: "flinkVersion, the operator's version",
		Reason: "the operator does not know this version", Source: "operator: FlinkVersion, DefaultValidator; Flink 1.17 release notes (keys with .type)",
		Fix: "the image's Flink version in the operator's spelling: v1_18",
		Check: func(s Input) []validation.Finding {
			f := validation.Finding{Path: "flinkVersion", Value: s.Job.FlinkVersion}
			v, ok := s.Job.Flink()
			operator, _ := flink.ParseRelease(s.Stack.OperatorVersion)
			newest, _ := flink.SupportedBy(operator)
			switch {
			case !ok || v.Enum() != s.Job.FlinkVersion:
				f.Reason = "the operator takes its own spelling only"
			case v.Before(flink.OldestFlink):
				f.Reason = "this version does not read high-availability.type and other keys that the program writes: high availability would silently be off"
				f.Fix = "v1_17 or newer, with an image of that version"
			case newest != flink.Version{} && (newest.Before(v) || v[0] == 1 && v[1] > 20):
				f.Reason = fmt.Sprintf("operator %s knows %s at most", operator, newest.Enum())
				f.Fix = newest.Enum() + " or older, or a newer operator"
			default:
				return nil
			}
			return []validation.Finding{f}
		},
	},
	{
		ID: "flink-version-deprecated", Severity: validation.Warn, Looks: "flinkVersion, the operator's version",
		Reason: "this operator calls the version deprecated: one of its next releases refuses it",
		Fix:    "v1_20 and an image of it, when the job was tried with it",
		Source: "operator: FlinkVersion (v1_17 and v1_18 deprecated since 1.13)",
		Check: func(s Input) []validation.Finding {
			v, ok := s.Job.Flink()
			operator, _ := flink.ParseRelease(s.Stack.OperatorVersion)
			_, deprecated := flink.SupportedBy(operator)
			return when(ok && !v.Before(flink.OldestFlink) && !deprecated.Before(v), "flinkVersion", s.Job.FlinkVersion)
		},
	},
	{
		ID: "flink-version-unverified", Severity: validation.Warn, Looks: "flinkVersion",
		Reason: "the program writes the keys of Flink 1.18, and its rules were read from 1.17 to 1.20: Flink 2 took some of them away",
		Fix:    "v1_20 or older; else compare the effective flinkConfiguration with that version's documentation",
		Source: "Flink 2.0 release notes: removed configuration options",
		Check: func(s Input) []validation.Finding {
			v, ok := s.Job.Flink()
			return when(ok && v[0] >= 2, "flinkVersion", s.Job.FlinkVersion)
		},
	},
}
