package look

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"flink-payments/tests/acceptance/internal/promise"
)

// Flink's Kubernetes HA keeps who leads in NAME-cluster-config-map and a job's
// checkpoint pointers in NAME-JOBID-config-map.
const (
	leaderKey     = "org.apache.flink.k8s.leader.restserver"
	checkpointKey = "checkpointID-"
)

// HA reads Flink's own ConfigMaps. A job without any has none of it, which is not an error.
func (c *Cluster) HA(ctx context.Context, job, jobID string) (promise.HA, error) {
	items, err := c.list(ctx, configMaps, "app="+job+",configmap-type=high-availability")
	if err != nil {
		return promise.HA{}, err
	}
	var ha promise.HA
	for _, item := range items {
		var m corev1.ConfigMap
		if err := decode(item, &m); err != nil {
			return promise.HA{}, err
		}
		switch m.Name {
		case job + "-cluster-config-map":
			ha.Session, ha.LeaderHost = leader(m.Data[leaderKey])
		case job + "-" + jobID + "-config-map":
			ha.Checkpoint = newestPointer(m.Data)
		}
	}
	return ha, nil
}

// leader parts Flink's "SESSION,http://POD-IP:8081".
func leader(value string) (session, host string) {
	session, address, _ := strings.Cut(value, ",")
	if parsed, err := url.Parse(address); err == nil {
		host = parsed.Hostname()
	}
	return session, host
}

// newestPointer of the keys checkpointID-0000000000000000042.
func newestPointer(data map[string]string) int64 {
	var newest int64
	for key := range data {
		number, found := strings.CutPrefix(key, checkpointKey)
		if id, err := strconv.ParseInt(number, 10, 64); found && err == nil {
			newest = max(newest, id)
		}
	}
	return newest
}
