package status

import (
	"encoding/json"
	"regexp"
	"strings"
)

// longest is as many characters of an error as a person reads.
const longest = 600

// A problem is status.error: JSON with the exception's type, message and causes
// (FlinkResourceException), or plain text.
type problem struct {
	raw string
	// words are the messages without Java's class names and stack.
	words string
	// reason is Kubernetes', of a DeploymentFailedException: ErrImagePull, FailedMount ...
	reason string
	// invalid: only another specification cures it.
	invalid bool
}

func readProblem(raw string) problem {
	type exception struct {
		Type, Message      string
		AdditionalMetadata struct{ Reason string }
	}
	var e struct {
		exception
		ThrowableList []exception
	}
	if json.Unmarshal([]byte(raw), &e) != nil || e.Message == "" && len(e.ThrowableList) == 0 {
		return problem{raw: raw, words: cut(plain(raw))}
	}
	p := problem{raw: raw, reason: e.AdditionalMetadata.Reason}
	var messages []string
	for _, of := range append([]exception{e.exception}, e.ThrowableList...) {
		p.invalid = p.invalid || strings.HasSuffix(of.Type, ".ValidationException")
		// An exception made from its cause repeats the cause's message.
		if message := plain(of.Message); message != "" && !strings.Contains(strings.Join(messages, "\n"), message) {
			messages = append(messages, message)
		}
	}
	p.words = cut(strings.Join(messages, "; caused by: "))
	return p
}

var (
	stack     = regexp.MustCompile(`(?m)^\s+(at \S+\(.*\)|\.\.\. \d+ (more|common frames omitted))\s*$`)
	throwable = regexp.MustCompile(`(?:[a-z_]\w*\.){2,}([A-Z][\w$]*(?:Exception|Error|Throwable))`)
	spaces    = regexp.MustCompile(`\s+`)
)

// plain takes the stack out of a message, and the class of an exception where a
// sentence follows. Where none does, as after ClassNotFoundException, its short
// name says what is wrong.
func plain(message string) string {
	rest := spaces.ReplaceAllString(stack.ReplaceAllString(message, ""), " ")
	var out strings.Builder
	for {
		at := throwable.FindStringSubmatchIndex(rest)
		if at == nil {
			return strings.TrimSpace(out.String() + rest)
		}
		out.WriteString(rest[:at[0]])
		short := rest[at[2]:at[3]]
		rest = rest[at[1]:]
		if sentence, follows := strings.CutPrefix(rest, ": "); follows && strings.Contains(strings.TrimSpace(sentence), " ") {
			rest = sentence
		} else {
			out.WriteString(short)
		}
	}
}

func cut(text string) string {
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "..."
	}
	return text
}
