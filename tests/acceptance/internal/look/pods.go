package look

import (
	"context"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"flink-payments/tests/acceptance/internal/promise"
)

// mainContainer is the operator's name of Flink's own container.
const mainContainer = "flink-main-container"

// Pods reads the job's pods that are not on their way out.
func (c *Cluster) Pods(ctx context.Context, job string) ([]promise.Pod, error) {
	items, err := c.list(ctx, pods, "app="+job+",component in (jobmanager,taskmanager)")
	if err != nil {
		return nil, err
	}
	var found []promise.Pod
	for _, item := range items {
		var p corev1.Pod
		if err := decode(item, &p); err != nil {
			return nil, err
		}
		if p.DeletionTimestamp == nil && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			found = append(found, podFacts(p))
		}
	}
	return found, nil
}

func podFacts(p corev1.Pod) promise.Pod {
	facts := promise.Pod{
		Name: p.Name, UID: string(p.UID), IP: p.Status.PodIP, Component: p.Labels["component"],
		ServiceAccount: p.Spec.ServiceAccountName,
		Ready: slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		}),
	}
	for _, container := range p.Spec.Containers {
		if container.Name != mainContainer {
			continue
		}
		facts.Image = container.Image
		for _, env := range container.Env {
			switch env.Name {
			case "AWS_ROLE_ARN":
				facts.RoleARN = env.Value
			case "AWS_WEB_IDENTITY_TOKEN_FILE":
				facts.TokenFile = env.Value
			case "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN":
				facts.StaticKeys = append(facts.StaticKeys, env.Name)
			}
		}
		facts.TokenAudience = audience(p, container, facts.TokenFile)
	}
	return facts
}

// audience of the projected token that a container reads at file.
func audience(p corev1.Pod, container corev1.Container, file string) string {
	for _, mount := range container.VolumeMounts {
		for _, volume := range p.Spec.Volumes {
			if volume.Name != mount.Name || volume.Projected == nil {
				continue
			}
			for _, source := range volume.Projected.Sources {
				token := source.ServiceAccountToken
				if token != nil && path.Join(mount.MountPath, token.Path) == path.Clean(file) {
					return token.Audience
				}
			}
		}
	}
	return ""
}

// DeletePod kills one pod at once, as a lost node does, and no other that took its name since.
func (c *Cluster) DeletePod(ctx context.Context, p promise.Pod) error {
	now, uid := int64(0), types.UID(p.UID)
	err := c.objects.Resource(pods).Namespace(c.namespace).Delete(ctx, p.Name,
		metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &uid}})
	if err != nil {
		return c.explain(err, pods, p.Name)
	}
	return nil
}

// ServiceAccount reads the job's.
func (c *Cluster) ServiceAccount(ctx context.Context, name string) (promise.ServiceAccount, error) {
	var account corev1.ServiceAccount
	if err := c.get(ctx, serviceAccounts, name, &account); err != nil {
		return promise.ServiceAccount{}, err
	}
	return promise.ServiceAccount{Name: name, RoleARN: strings.TrimSpace(account.Annotations["eks.amazonaws.com/role-arn"])}, nil
}
