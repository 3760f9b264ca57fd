package k8s

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"flink-payments/k8s/chart"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var testCRDs = []chart.CRD{
	{Name: "flinkdeployments.flink.apache.org", Manifest: map[string]any{"metadata": map[string]any{"name": "flinkdeployments.flink.apache.org"}, "spec": map[string]any{}}},
	{Name: "flinkstatesnapshots.flink.apache.org", Manifest: map[string]any{"metadata": map[string]any{"name": "flinkstatesnapshots.flink.apache.org"}, "spec": map[string]any{}}},
}

// platform registers a whole platform; change edits the operator's arguments.
func platform(change func(*OperatorArgs)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		cluster, err := prod(ctx, "Y2E=")
		if err != nil {
			return err
		}
		adopting, err := NewExistingProvider(ctx, "adopting", cluster)
		if err != nil {
			return err
		}
		var namespaces []pulumi.Resource
		for _, name := range []string{"payments", "flink-operator", "cert-manager"} {
			namespace, err := NewNamespace(ctx, "namespace-"+name, NamespaceArgs{Name: name, Labels: map[string]string{"team": "payments"}}, pulumi.Provider(adopting))
			if err != nil {
				return err
			}
			namespaces = append(namespaces, namespace)
		}
		certManager, err := NewCertManager(ctx, "cert-manager", CertManagerArgs{
			Namespace: "cert-manager", Chart: Chart{Chart: "cert-manager", Repository: "https://charts.jetstack.io", Version: "v1.15.3"}, After: namespaces[2:],
		})
		if err != nil {
			return err
		}
		args := OperatorArgs{
			Namespace: "flink-operator", Replicas: 2,
			Chart: Chart{
				Chart: "flink-kubernetes-operator", Version: "1.10.0", Timeout: 10 * time.Minute,
				Repository: "https://archive.apache.org/dist/flink/flink-kubernetes-operator-1.10.0/",
			},
			WatchNamespaces: []string{"payments", "analytics", "payments"},
			CRDs:            testCRDs, CRDProvider: adopting, CertManager: certManager, After: namespaces[:2],
		}
		if change != nil {
			change(&args)
		}
		_, err = NewOperator(ctx, "operator", args)
		return err
	}
}

func TestTheOperatorComesAfterWhatItNeeds(t *testing.T) {
	all := run(t, platform(nil))
	for _, on := range []string{"namespace-payments", "namespace-flink-operator", "cert-manager-release",
		"operator-crd-flinkdeployments", "operator-crd-flinkstatesnapshots", "operator-snapshots-role", "operator-snapshots-binding"} {
		if !all.dependsOn(t, "operator-release", on) {
			t.Errorf("the operator's release does not wait for %s", on)
		}
	}
	if !all.dependsOn(t, "cert-manager-release", "namespace-cert-manager") {
		t.Error("cert-manager does not wait for its namespace")
	}
	if all.dependsOn(t, "cert-manager-release", "operator-release") || all.dependsOn(t, "operator-crd-flinkdeployments", "cert-manager-release") {
		t.Error("something waits for what it does not need")
	}
}

func TestEveryPartOfThePlatformHasItsParentAndItsPrefix(t *testing.T) {
	for name, args := range run(t, platform(nil)) {
		for _, component := range []string{"operator", "cert-manager"} {
			if strings.HasPrefix(name, component+"-") && !strings.HasSuffix(args.RegisterRPC.GetParent(), "::"+component) {
				t.Errorf("%s has the parent %q", name, args.RegisterRPC.GetParent())
			}
		}
	}
}

func TestCRDsAndNamespacesOutliveTheStackAndAreAdopted(t *testing.T) {
	all := run(t, platform(nil))
	for _, name := range []string{"operator-crd-flinkdeployments", "operator-crd-flinkstatesnapshots", "namespace-payments"} {
		args := all.get(t, name)
		if !args.RegisterRPC.GetRetainOnDelete() {
			t.Errorf("%s is deleted with the stack", name)
		}
		if !strings.Contains(args.Provider, "::adopting::") {
			t.Errorf("%s has the provider %q", name, args.Provider)
		}
	}
	if all.get(t, "operator-release").RegisterRPC.GetRetainOnDelete() {
		t.Error("the operator's release is retained")
	}
	same(t, "skipCrds", at(t, all.get(t, "operator-release"), "skipCrds"), true)
}

func TestNamespacesLetInNoPrivilegedPod(t *testing.T) {
	labels := at(t, run(t, platform(nil)).get(t, "namespace-payments"), "metadata", "labels")
	same(t, "the labels", labels, map[string]string{
		"team":                               "payments",
		"pod-security.kubernetes.io/enforce": "baseline",
		"pod-security.kubernetes.io/warn":    "restricted",
		"pod-security.kubernetes.io/audit":   "restricted",
	})
}

func TestTheOperatorsValuesLeaveTheJobsToTheProgram(t *testing.T) {
	release := run(t, platform(nil)).get(t, "operator-release")
	for path, want := range map[string]any{
		"watchNamespaces":            []string{"analytics", "payments"},
		"replicas":                   2,
		"strategy/type":              "RollingUpdate",
		"jobServiceAccount/create":   false,
		"rbac/jobRole/create":        false,
		"rbac/jobRoleBinding/create": false,
		"defaultConfiguration/flink-conf.yaml": `kubernetes.operator.metrics.reporter.slf4j.factory.class: org.apache.flink.metrics.slf4j.Slf4jReporterFactory
kubernetes.operator.metrics.reporter.slf4j.interval: 5 MINUTE
kubernetes.operator.reconcile.interval: 15 s
kubernetes.operator.observer.progress-check.interval: 5 s
kubernetes.operator.leader-election.enabled: true
kubernetes.operator.leader-election.lease-name: flink-operator-lease
kubernetes.operator.savepoint.cleanup.enabled: false
`,
		"podSecurityContext/runAsNonRoot":                  true,
		"operatorSecurityContext/allowPrivilegeEscalation": false,
		"webhookSecurityContext/capabilities/drop":         []string{"ALL"},
		"image":   nil,
		"webhook": nil,
	} {
		same(t, path, at(t, release, append([]string{"values"}, strings.Split(path, "/")...)...), want)
	}
	same(t, "the repository", at(t, release, "repositoryOpts", "repo"), "https://archive.apache.org/dist/flink/flink-kubernetes-operator-1.10.0/")
	same(t, "the version", at(t, release, "version"), "1.10.0")
	same(t, "the timeout", at(t, release, "timeout"), 600)
	same(t, "atomic", at(t, release, "atomic"), true)
}

// Without it the operator deletes savepoints, and says nothing.
func TestTheOperatorSeesSnapshotsInItsOwnNamespace(t *testing.T) {
	all := run(t, platform(nil))
	role := all.get(t, "operator-snapshots-role")
	same(t, "the rules", at(t, role, "rules"), []any{map[string]any{
		"apiGroups": []string{"flink.apache.org"}, "resources": []string{"flinkstatesnapshots"}, "verbs": []string{"get", "list", "watch"}}})
	same(t, "the namespace", at(t, role, "metadata", "namespace"), "flink-operator")
	// The chart has a Role flink-operator and a RoleBinding flink-operator-role-binding there.
	same(t, "the name", at(t, role, "metadata", "name"), "flink-operator-snapshots")
	same(t, "the subjects", at(t, all.get(t, "operator-snapshots-binding"), "subjects"), []any{map[string]any{
		"kind": "ServiceAccount", "name": "flink-operator", "namespace": "flink-operator"}})

	for what, watched := range map[string][]string{"every namespace": nil, "its own too": {"payments", "flink-operator"}} {
		if _, there := run(t, platform(func(a *OperatorArgs) { a.WatchNamespaces = watched }))["operator-snapshots-role"]; there {
			t.Errorf("watching %s, the chart grants it, and the program does so again", what)
		}
	}
}

func TestAMirrorServesChartsAndImages(t *testing.T) {
	all := run(t, func(ctx *pulumi.Context) error {
		if _, err := NewCertManager(ctx, "cert-manager", CertManagerArgs{
			Chart: Chart{Chart: "cert-manager", Repository: "https://mirror.example/jetstack"}, ImageRegistry: "mirror.example/quay/",
			Values: map[string]any{"webhook": map[string]any{"replicaCount": 3}},
		}); err != nil {
			return err
		}
		_, err := NewOperator(ctx, "operator", OperatorArgs{
			Chart: Chart{Chart: "./charts/flink-kubernetes-operator", Timeout: 90 * time.Second}, ImageRegistry: "mirror.example/ghcr", CertManager: Existing{},
			KeystorePassword: SecretKey{Name: "keystore", Key: "password"},
			Values:           map[string]any{"replicas": 3, "rbac": map[string]any{"nodesRule": map[string]any{"create": true}}},
		})
		return err
	})
	certManager, operator := all.get(t, "cert-manager-release"), all.get(t, "operator-release")
	same(t, "cert-manager's repository", at(t, certManager, "repositoryOpts", "repo"), "https://mirror.example/jetstack")
	same(t, "cert-manager's values", at(t, certManager, "values"), map[string]any{
		"crds":            map[string]any{"enabled": true, "keep": true},
		"image":           map[string]any{"repository": "mirror.example/quay/jetstack/cert-manager-controller"},
		"webhook":         map[string]any{"image": map[string]any{"repository": "mirror.example/quay/jetstack/cert-manager-webhook"}, "replicaCount": 3},
		"cainjector":      map[string]any{"image": map[string]any{"repository": "mirror.example/quay/jetstack/cert-manager-cainjector"}},
		"acmesolver":      map[string]any{"image": map[string]any{"repository": "mirror.example/quay/jetstack/cert-manager-acmesolver"}},
		"startupapicheck": map[string]any{"image": map[string]any{"repository": "mirror.example/quay/jetstack/cert-manager-startupapicheck"}},
	})
	if operator.Inputs.HasValue("repositoryOpts") {
		t.Error("a local chart comes with repositoryOpts: the provider would look for it there")
	}
	same(t, "the operator's chart", at(t, operator, "chart"), "./charts/flink-kubernetes-operator")
	same(t, "the operator's image", at(t, operator, "values", "image", "repository"), "mirror.example/ghcr/apache/flink-kubernetes-operator")
	same(t, "the keystore", at(t, operator, "values", "webhook", "keystore"), map[string]any{
		"useDefaultPassword": false, "passwordSecretRef": map[string]any{"name": "keystore", "key": "password"}})
	same(t, "the timeout", at(t, operator, "timeout"), 90)
	same(t, "the user's replicas", at(t, operator, "values", "replicas"), 3)
	same(t, "rbac", at(t, operator, "values", "rbac"), map[string]any{
		"nodesRule": map[string]any{"create": true}, "jobRole": map[string]any{"create": false}, "jobRoleBinding": map[string]any{"create": false}})
}

func TestAnOperatorWithoutWhatItNeedsIsRefused(t *testing.T) {
	for want, change := range map[string]func(*OperatorArgs){
		"CertManager is not given":   func(a *OperatorArgs) { a.CertManager = nil },
		"CRDs without a CRDProvider": func(a *OperatorArgs) { a.CRDProvider = nil },
		"name and the key":           func(a *OperatorArgs) { a.KeystorePassword.Name = "keystore" },
	} {
		if reason := fails(t, platform(change)); !strings.Contains(reason, "operator operator: ") || !strings.Contains(reason, want) {
			t.Errorf("%q is refused by %q", want, reason)
		}
	}
}

func TestMergingChangesNeitherSide(t *testing.T) {
	base := map[string]any{"a": map[string]any{"b": 1, "c": 2}, "d": []any{1, 2}}
	more := map[string]any{"a": map[string]any{"b": 3}, "d": []any{4}}
	merged := merge(base, more)
	same(t, "the merge", merged, map[string]any{"a": map[string]any{"b": 3, "c": 2}, "d": []any{4}})
	if !reflect.DeepEqual(base, map[string]any{"a": map[string]any{"b": 1, "c": 2}, "d": []any{1, 2}}) {
		t.Errorf("the base became %v", base)
	}
	if !reflect.DeepEqual(more, map[string]any{"a": map[string]any{"b": 3}, "d": []any{4}}) {
		t.Errorf("what was merged became %v", more)
	}
}
