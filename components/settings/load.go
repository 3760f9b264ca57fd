package settings

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/k8s/validation"
)

// Load reads, defaults and judges the stack's settings, and returns every
// violation of them at once. Nothing below components/ reads configuration.
func Load(ctx *pulumi.Context) (Settings, validation.Violations) { return load(ctx, ctx.Stack()) }

func load(from Source, stack string) (Settings, validation.Violations) {
	var s Settings
	misread := s.read(from)
	found := append(misread, unknownTopLevel()...)
	if len(found) > len(misread) {
		// What a key that nobody reads was meant for is not known: the rules would miss it everywhere.
		return s, found
	}
	s = s.withDefaults(stack)
	return s, append(misread, veiled(from, beside(misread, Judge(s)))...)
}

// beside are the violations that are none of a setting that was only half read:
// a rule that judged one would name a mistake nobody made. A job stands and
// falls alone, every other top-level key as a whole, and with what the jobs are
// judged by, all jobs.
func beside(misread, found validation.Violations) validation.Violations {
	var half []string
	for _, v := range misread {
		if v.Rule == settingZero.ID {
			continue // it was read: everything else is judged with the default
		}
		key := topLevel(v.Path)
		if index := strings.Index(v.Path, "]"); key == Project+":jobs" && index >= 0 {
			key = v.Path[:index+1]
		}
		half = append(half, key)
		switch strings.TrimPrefix(key, Project+":") {
		case "platform", "vault", "datadog":
			half = append(half, Project+":jobs")
		}
	}
	return slices.DeleteFunc(found, func(v validation.Violation) bool {
		return slices.ContainsFunc(half, func(key string) bool { return strings.HasPrefix(v.Path, key) })
	})
}

// A Source is where configuration values come from, by full key; *pulumi.Context is one.
type Source interface {
	GetConfig(key string) (string, bool)
	IsConfigSecret(key string) bool
}

// read fills the settings from their source.
func (s *Settings) read(from Source) validation.Violations {
	var found validation.Violations
	s.Region, _ = from.GetConfig("aws:region")
	if text, set := from.GetConfig(disableDefaultProviders); set {
		found = append(found, decode(disableDefaultProviders, text, &s.DisabledDefaultProviders)...)
	}
	for key, target := range s.texts() {
		*target, _ = from.GetConfig(Project + ":" + key)
	}
	for key, target := range s.objects() {
		full := Project + ":" + key
		text, set := from.GetConfig(full)
		if !set || strings.TrimSpace(text) == "" {
			continue
		}
		wrong := decode(full, text, target)
		wrong = append(wrong, s.zeros(key, text, wrong)...)
		found = append(found, veiled(from, wrong)...)
	}
	return found
}

// veiled are violations that show nothing of the settings that are secrets:
// neither the value nor a reason or a fix that may repeat it.
func veiled(from Source, found validation.Violations) validation.Violations {
	for i, v := range found {
		if from.IsConfigSecret(topLevel(v.Path)) {
			const hidden = "not shown: the setting is a secret; docs/rules.md tells of this rule"
			found[i].Value, found[i].Reason, found[i].Fix = "(secret)", hidden, hidden
		}
	}
	return found
}

// topLevel is the key that a path begins with: flink-payments:jobs of flink-payments:jobs[0].name.
func topLevel(path string) string {
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end]
	}
	return path
}

// zeros finds the zeros of a key's value, beside those that could not be read at all.
func (s Settings) zeros(key, text string, wrong validation.Violations) validation.Violations {
	raw, err := parse(text)
	if err != nil {
		return nil
	}
	defaulted := s.withDefaults("")
	found := zeros(Project+":"+key, raw, reflect.ValueOf(s.objects()[key]).Elem(), reflect.ValueOf(defaulted.objects()[key]).Elem())
	return slices.DeleteFunc(found, func(v validation.Violation) bool {
		return slices.ContainsFunc(wrong, func(w validation.Violation) bool { return w.Path == v.Path })
	})
}

// texts and objects are the top-level keys of the project's namespace.
func (s *Settings) texts() map[string]*string {
	return map[string]*string{"environment": &s.Environment, "team": &s.Team}
}

func (s *Settings) objects() map[string]any {
	return map[string]any{
		"tags": &s.Tags, "aws": &s.AWS, "cluster": &s.Cluster, "platform": &s.Platform,
		"vault": &s.Vault, "datadog": &s.Datadog, "jobs": &s.Jobs,
	}
}

const disableDefaultProviders = "pulumi:disable-default-providers"

// unknownTopLevel finds keys of the project's namespace that nobody reads. The
// SDK offers no list of keys, so it looks where the language host puts them;
// driven as inline source (a test) there is nothing to look at.
func unknownTopLevel() validation.Violations {
	var all map[string]string
	if json.Unmarshal([]byte(os.Getenv(pulumi.EnvConfig)), &all) != nil {
		return nil
	}
	known := topLevelKeys()
	var found validation.Violations
	for _, full := range slices.Sorted(maps.Keys(all)) {
		key, ours := strings.CutPrefix(full, Project+":")
		if ours && !slices.Contains(known, key) {
			v := unknownKey("", key, known)
			v.Path = full
			found = append(found, v)
		}
	}
	return found
}

func topLevelKeys() []string {
	var s Settings
	keys := slices.AppendSeq(slices.Collect(maps.Keys(s.objects())), maps.Keys(s.texts()))
	slices.Sort(keys)
	return keys
}
