package preflight

import (
	"strconv"
	"strings"
)

// directory in the pod that holds the jar, Flink's configuration and the logging's.
const directory = "/preflight"

// script starts the check as Flink's own scripts start a JobManager: by the
// image's config.sh, with its class path and the configuration's JVM options.
// Its memory is the container's: no part of Flink's memory model runs here.
const script = `_FLINK_HOME_DETERMINED=1
export FLINK_HOME="${FLINK_HOME:-/opt/flink}"
. "$FLINK_HOME/bin/config.sh"
options=$(eval echo $FLINK_ENV_JAVA_OPTS $FLINK_ENV_JAVA_OPTS_JM)
exec "$JAVA_RUN" -XX:MaxRAMPercentage=70 $options -Dlog4j.configurationFile="file:$FLINK_CONF_DIR/log4j-console.properties" \
  -classpath "$(constructFlinkClassPath):$INTERNAL_HADOOP_CLASSPATHS:$FLINK_CONF_DIR/preflight.jar" preflight.Preflight "$@"`

// logging of Flink's own classes: what goes wrong, on standard output.
const logging = `rootLogger.level = WARN
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %-5p %c - %m%n
`

// entryPoint of Flink's images: it enables built-in plugins, and then runs its
// arguments. The key is the operator's own, for an image that has it elsewhere.
func (in Input) entryPoint() []string {
	if path := in.Configuration["kubernetes.entry.path"]; path != "" {
		return []string{path}
	}
	return []string{"/docker-entrypoint.sh"}
}

// Arguments of the check's main class.
func (in Input) Arguments() []string {
	arguments := []string{"--jar", in.JarURI, "--seconds", strconv.FormatInt(in.limit(), 10)}
	if in.EntryClass != "" {
		arguments = append(arguments, "--class", in.EntryClass)
	}
	if in.Restore != "" {
		arguments = append(arguments, "--restore", in.Restore)
	}
	if in.AllowNonRestoredState {
		arguments = append(arguments, "--allow-non-restored-state")
	}
	for _, file := range in.SecretFiles {
		arguments = append(arguments, "--secret-file", file)
	}
	return append(append(arguments, "--"), in.Args...)
}

// containerArguments are the entry point's. Kubernetes replaces $(NAME) in
// them and reads $$ as $; the job's own arguments must arrive as they are.
func (in Input) containerArguments() []string {
	arguments := append([]string{"bash", "-c", script, "preflight"}, in.Arguments()...)
	for i, argument := range arguments {
		arguments[i] = strings.ReplaceAll(argument, "$", "$$")
	}
	return arguments
}
