package prove

import (
	"context"

	"flink-payments/tests/acceptance/internal/look"
	"flink-payments/tests/acceptance/internal/promise"
)

// identity proves who the job's pods are.
func (p *Proof) identity(ctx context.Context) {
	p.say("looking at the pods' identity")
	p.judged(promise.Keyless(p.deployment))
	account := p.deployment.ServiceAccount
	role := p.want.RoleARN
	bound, err := p.eyes.Cluster.ServiceAccount(ctx, account)
	if err != nil {
		p.failed(promise.Identity, "service-account", err, "the FlinkDeployment names a ServiceAccount that does not exist")
	} else {
		p.judged(promise.Bound(p.want, p.deployment, bound))
		if role == "" {
			role = bound.RoleARN
		}
	}
	if p.podsErr != nil {
		p.failed(promise.Identity, "pods", p.podsErr, "")
		return
	}
	p.judged(promise.Injected(role, account, p.pods))
	p.whoAmI(ctx, role, account)
}

// whoAmI asks as a TaskManager would. Flink's image has no AWS client, so the
// token is read in the pod and shown to STS from here.
func (p *Proof) whoAmI(ctx context.Context, role, account string) {
	if !p.settings.Exec {
		p.judged(promise.Skip(promise.Identity, "who-am-i", "judged by the pods' specification only; --exec asks STS with a TaskManager's own token"))
		return
	}
	pod, found := asker(p.pods)
	if !found {
		p.judged(promise.NotThere(promise.Identity, "token", "no ready TaskManager has a web identity token", "see pods"))
		return
	}
	p.say("reading %s in %s", pod.TokenFile, pod.Name)
	token, err := p.eyes.Cluster.ReadFile(ctx, pod.Name, pod.TokenFile)
	if err != nil {
		p.failed(promise.Identity, "token", err, "")
		return
	}
	claims, err := look.ReadClaims(token)
	if err != nil {
		p.judged(promise.NotThere(promise.Identity, "token", pod.Name+": "+err.Error(), "see the pod's projected volumes"))
		return
	}
	p.judged(promise.TokenFor(p.want, account, pod.Name, claims))
	caller, err := p.eyes.STS.WhoIs(ctx, role, token)
	if err != nil {
		p.failed(promise.Identity, "who-am-i", err, "")
		return
	}
	p.judged(promise.WhoAmI(p.want, role, caller))
}

// asker is a TaskManager that can say who it is.
func asker(pods []promise.Pod) (promise.Pod, bool) {
	for _, pod := range pods {
		if pod.Component == "taskmanager" && pod.Ready && pod.TokenFile != "" {
			return pod, true
		}
	}
	return promise.Pod{}, false
}
