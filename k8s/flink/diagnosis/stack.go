package diagnosis

import (
	"regexp"
	"slices"
	"strings"
)

// What a stack keeps at most; what is beyond is read over.
const (
	maxCauses = 30
	maxRaw    = 4000 // bytes of one message, before it is masked
)

// A failure is one exception of a chain.
type failure struct {
	class   string
	message string
	// at is the first frame that is neither Java's, Flink's nor a known library's.
	at string
}

func (f failure) String() string {
	if f.message == "" {
		return f.class
	}
	return f.class + ": " + f.message
}

// A stack is a chain of failures, the outermost first.
type stack struct {
	chain []failure
	// passing: the log record before it does not say that the process or the
	// job ends of it. A healthy start has such stacks too, of REST handlers.
	passing bool
}

const className = `(?:[a-zA-Z_][\w$]*\.)+[A-Z][\w$]*`

var (
	frame  = regexp.MustCompile(`^\s+at (?:[\w.$@-]*/+)*([\w.$<>/-]+\([^)]*\))`)
	elided = regexp.MustCompile(`^\s+\.\.\. \d+ (?:more|common frames omitted)`)
	inner  = regexp.MustCompile(`^\s+(?:Suppressed|Caused by): `)
	// "Terminating due to" is the JVM's with ExitOnOutOfMemoryError.
	head = regexp.MustCompile(`^(?:Exception in thread "[^"]*" |Terminating due to |Caused by: )?(` + className + `)(?:: (.*))?$`)
	// A record's message may end with an exception.
	inRecord = regexp.MustCompile(`\s(` + className + `(?:Exception|Error))(?:: (.*))?$`)
	record   = regexp.MustCompile(`^\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S* +\[?[A-Z]+\b`)
	final    = regexp.MustCompile(`(?i)\bfatal\b|clusterentrypoint|uncaught| to FAILED| to RESTARTING`)
	s3Path   = regexp.MustCompile(`\(Path: ([^)\s]+)\)`)
	// Flink gives an exception of user code over as text.
	serialized = regexp.MustCompile(`^(` + className + `)(?:: (.*))?$`)
	library    = regexp.MustCompile(`^(?:java|javax|jdk|sun|com\.sun|scala|org\.apache|org\.slf4j|org\.rocksdb|io\.netty|io\.fabric8|io\.trino|com\.amazonaws|com\.facebook\.presto|com\.fasterxml|com\.google|com\.esotericsoftware|software\.amazon|okhttp3|okio)\.`)
)

// stacks reads the Java stacks of a log, the oldest first. A head counts
// without frames too where it ends in Exception or Error: the JVM's last words
// have none. What is nested below a frame (Suppressed) is left out.
func stacks(log string) []stack {
	var found []stack
	var now *stack
	passing := false
	nested := false
	end := func() {
		if now != nil && strong(*now) {
			found = append(found, finish(*now))
		}
		now, nested = nil, false
	}
	for text := range strings.Lines(log) {
		text = strings.TrimRight(text, "\r\n")
		switch {
		case frame.MatchString(text):
			if now != nil && !nested {
				of := &now.chain[len(now.chain)-1]
				if at := frame.FindStringSubmatch(text)[1]; of.at == "" || library.MatchString(of.at) && !library.MatchString(at) {
					of.at = at
				}
			}
		case elided.MatchString(text):
		case inner.MatchString(text):
			nested = true
		case record.MatchString(text):
			end()
			passing = !final.MatchString(text)
			if m := inRecord.FindStringSubmatch(text); m != nil {
				now = &stack{[]failure{{class: m[1], message: m[2]}}, passing}
			}
		case head.MatchString(text):
			m := head.FindStringSubmatch(text)
			nested = false
			if strings.HasPrefix(text, "Caused by: ") && now != nil {
				if len(now.chain) < maxCauses {
					now.chain = append(now.chain, failure{class: m[1], message: m[2]})
				}
				continue
			}
			end()
			now = &stack{[]failure{{class: m[1], message: m[2]}}, passing}
		case now != nil && now.chain[len(now.chain)-1].at == "":
			// The message goes on.
			of := &now.chain[len(now.chain)-1]
			if len(of.message) < maxRaw {
				of.message += "\n" + text
			}
		default:
			end()
		}
	}
	end()
	return found
}

// strong tells an exception from a line that only begins with a class's name.
func strong(s stack) bool {
	first := s.chain[0]
	return first.at != "" || len(s.chain) > 1 || strings.HasSuffix(first.class, "Exception") || strings.HasSuffix(first.class, "Error")
}

// finish masks and shortens the messages, takes Flink's text form apart and
// keeps frames of user code only.
func finish(s stack) stack {
	for i := range s.chain {
		f := &s.chain[i]
		if strings.HasSuffix(f.class, ".SerializedThrowable") {
			if m := serialized.FindStringSubmatch(f.message); m != nil {
				f.class, f.message = m[1], m[2]
			}
		}
		f.message = line(mask(f.message[:min(len(f.message), maxRaw)]), maxMessage)
		f.class = line(f.class, maxMessage)
		if library.MatchString(f.at) {
			f.at = ""
		}
	}
	return s
}

// words of a chain from one failure on: what adds nothing to the next is left
// out, of the rest at most the last three, and the first frame of user code.
func (s stack) words(from int) string {
	var kept []string
	at := ""
	for i, f := range s.chain {
		if f.at != "" {
			at = f.at
		}
		if i < from {
			continue
		}
		if i+1 < len(s.chain) {
			next := s.chain[i+1]
			repeats := f.message == "" || next.message != "" && strings.HasSuffix(f.message, next.message)
			if repeats || slices.Contains(wrappers, f.class) {
				continue
			}
		}
		kept = append(kept, f.String())
	}
	kept = kept[max(0, len(kept)-3):]
	for i := range kept {
		kept[i] = line(kept[i], (maxSeen-140)/len(kept))
	}
	text := strings.Join(kept, "; caused by: ")
	// The S3 plugin names the path in a failure that wraps the server's.
	for _, f := range s.chain[:from] {
		if m := s3Path.FindStringSubmatch(f.message); m != nil {
			text += " (path " + m[1] + ")"
			break
		}
	}
	if at != "" {
		text = "in " + at + ": " + text
	}
	return text
}

// wrappers say of a cause only that there is one.
var wrappers = []string{
	"java.util.concurrent.CompletionException",
	"java.util.concurrent.ExecutionException",
	"org.apache.flink.client.deployment.application.ApplicationExecutionException",
	"org.apache.flink.client.program.ProgramInvocationException",
	"org.apache.flink.runtime.client.JobExecutionException",
	"org.apache.flink.runtime.client.JobInitializationException",
	"org.apache.flink.runtime.JobException",
	"org.apache.flink.runtime.entrypoint.ClusterEntrypointException",
}
