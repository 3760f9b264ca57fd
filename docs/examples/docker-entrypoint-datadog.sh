#!/bin/sh
# Entry point of a job's image where metrics.mode is http. In the image's Dockerfile:
#
#     COPY --chmod=0755 docker-entrypoint-datadog.sh /
#
# Flink starts it in place of /docker-entrypoint.sh in every pod (kubernetes.entry.path).
# It copies Flink's configuration, a read-only ConfigMap, into memory, adds Datadog's key, which
# Vault rendered, and points FLINK_CONF_DIR there. The key must be in the file of that directory,
# never in an argument: a JobManager writes what its configuration holds beyond that file into
# the pods of its TaskManagers, in clear.
set -eu
umask 077

key_file=/vault/secrets/datadog-api-key
to=/run/flink-conf
from=${FLINK_CONF_DIR:-${FLINK_HOME:-/opt/flink}/conf}

fail() {
  echo "docker-entrypoint-datadog.sh: $1" >&2
  exit 1
}

[ -r "$key_file" ] || fail "$key_file cannot be read: did the Vault agent run before Flink?"
key=$(cat "$key_file")
# flink-conf.yaml cannot quote: # would end the value, and a line's end would begin another key.
case $key in
  '' | *[!0-9A-Za-z]*) fail "the field api_key in Vault is no Datadog API key: letters and digits only" ;;
esac

cp -RL "$from"/* "$to"/
if [ -f "$to/flink-conf.yaml" ]; then
  printf '\nmetrics.reporter.dghttp.apikey: %s\n' "$key" >>"$to/flink-conf.yaml"
elif [ -f "$to/config.yaml" ]; then # from Flink 2 on, and YAML: a key of digits would be a number
  printf '\nmetrics.reporter.dghttp.apikey: "%s"\n' "$key" >>"$to/config.yaml"
else
  fail "$from holds neither flink-conf.yaml nor config.yaml"
fi

# The reporter's client logs the URL of each request that Datadog refuses, and the key with it;
# what is logged of a reporter that could not start names a key that was refused.
if [ -f "$to/log4j-console.properties" ]; then
  cat >>"$to/log4j-console.properties" <<'END'

logger.datadogclient.name = org.apache.flink.metrics.datadog.DatadogHttpClient
logger.datadogclient.level = OFF
logger.datadogsetup.name = org.apache.flink.runtime.metrics.ReporterSetup
logger.datadogsetup.level = OFF
END
fi

export FLINK_CONF_DIR="$to"
exec /docker-entrypoint.sh "$@"
