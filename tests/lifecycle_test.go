package tests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"flink-payments/components"
	"flink-payments/components/settings"
)

const (
	snapshotType  = "kubernetes:flink.apache.org/v1beta1:FlinkStateSnapshot"
	stashType     = "pulumi:index:Stash"
	theBucket     = "kv-flink-state-payments-prod"
	someSavepoint = "s3://" + theBucket + "/savepoints/savepoint-0a1b2c-000000000001"
)

// A site is a cluster and a bucket with what they hold, and the entries that
// the engine keeps from one run to the next.
type site struct {
	*graph
	// objects of the cluster by plural/name; unreachable answers instead.
	objects     map[string]map[string]any
	unreachable error
	// bucket holds keys and the time of their last modification.
	bucket map[string]string
	kept   map[string]resource.PropertyValue
}

func (s *site) Get(_ context.Context, _, plural, _, name string) (map[string]any, error) {
	return s.objects[plural+"/"+name], s.unreachable
}

func (s *site) Events(context.Context, string, string, string) ([]string, error) { return nil, nil }

// NewResource keeps the output of a Stash as the engine does: the first input.
func (s *site) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	id, state, err := s.graph.NewResource(args)
	if args.TypeToken == stashType {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, there := s.kept[args.Name]; !there {
			s.kept[args.Name] = args.Inputs["input"]
		}
		state["output"] = s.kept[args.Name]
	}
	return id, state, err
}

// Call answers as S3 does.
func (s *site) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	switch args.Token {
	case "aws:s3/getObjects:getObjects":
		prefix, delimiter := args.Args["prefix"].StringValue(), args.Args["delimiter"]
		keys, folders := []any{}, []any{}
		for key := range s.bucket {
			below, in := strings.CutPrefix(key, prefix)
			if !in {
				continue
			}
			if folder, _, deeper := strings.Cut(below, "/"); deeper && delimiter.IsString() {
				if entry := any(prefix + folder + "/"); !slices.Contains(folders, entry) {
					folders = append(folders, entry)
				}
				continue
			}
			keys = append(keys, key)
		}
		return properties(map[string]any{"keys": keys, "commonPrefixes": folders}), nil
	case "aws:s3/getObject:getObject":
		modified, there := s.bucket[args.Args["key"].StringValue()]
		if !there {
			return nil, errors.New("couldn't find resource")
		}
		return properties(map[string]any{"lastModified": modified}), nil
	}
	return s.graph.Call(args)
}

// at is a time on one day, as S3 gives it.
func at(hour int) string { return fmt.Sprintf("Mon, 02 Nov 2026 %02d:00:00 UTC", hour) }

func deploymentIn(lifecycle, jobState string) map[string]any {
	return map[string]any{"status": map[string]any{"lifecycleState": lifecycle, "jobStatus": map[string]any{"state": jobState}}}
}

// running is a site whose job runs, with two savepoints and newer checkpoints.
func running() *site {
	return &site{
		objects: map[string]map[string]any{"flinkdeployments/fraud-scoring": deploymentIn("STABLE", "RUNNING")},
		bucket: map[string]string{
			"savepoints/": at(0), "checkpoints/": at(0),
			"savepoints/savepoint-0a1b2c-000000000001/_metadata": at(1),
			"savepoints/savepoint-0a1b2c-000000000002/_metadata": at(2),
			// It was begun and never completed.
			"savepoints/savepoint-0a1b2c-000000000003/part-1": at(9),
			"savepoints/notes/_metadata":                      at(9),
			"checkpoints/" + oldJob + "/chk-900/_metadata":    at(1),
			"checkpoints/" + newJob + "/chk-9/_metadata":      at(3),
			"checkpoints/" + newJob + "/chk-10/_metadata":     at(3),
			"checkpoints/" + newJob + "/chk-11/part-1":        at(3),
			"checkpoints/" + newJob + "/shared/_metadata":     at(9),
		},
		kept: map[string]resource.PropertyValue{},
	}
}

const (
	oldJob = "00000000000000000000000000000001"
	newJob = "00000000000000000000000000000002"
)

// run runs the program on the site once more.
func (s *site) run(t *testing.T, preview bool, changes ...change) *graph {
	t.Helper()
	config := production(t, changes...)
	s.graph = &graph{region: config["aws:region"]}
	s.err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := (components.Program{CRDs: someCRDs, Reader: s}).Run(ctx); err != nil {
			return err
		}
		pulumi.Map(ctx.GetCurrentExportMap()).ToMapOutput().ApplyT(func(all map[string]any) error {
			s.outputs = properties(plain(all).(map[string]any))
			return nil
		})
		return nil
	}, pulumi.WithMocks(settings.Project, "prod", s), func(info *pulumi.RunInfo) {
		info.DryRun, info.Config = preview, config
	})
	return s.graph
}

func (s *site) mustRun(t *testing.T, preview bool, changes ...change) *graph {
	t.Helper()
	g := s.run(t, preview, changes...)
	if g.err != nil {
		t.Fatal(g.err)
	}
	return g
}

func restoring(from string, request int, more ...change) change {
	return job(append([]change{set(map[string]any{"from": from, "request": request}, "restore")}, more...)...)
}

func (g *graph) snapshots() []string {
	var names []string
	for _, n := range g.all(func(n *node) bool { return n.Type == snapshotType }) {
		names = append(names, n.Inputs["metadata"].ObjectValue()["name"].StringValue())
	}
	return names
}

// specJob is spec.job of the FlinkDeployment.
func (g *graph) specJob(t *testing.T) map[string]any {
	t.Helper()
	spec := g.one(t, deploymentType, "").Inputs["spec"].ObjectValue().Mappable()
	return spec["job"].(map[string]any)
}

func bothModes(t *testing.T, check func(t *testing.T, preview bool)) {
	t.Helper()
	for mode, preview := range map[string]bool{"preview": true, "update": false} {
		t.Run(mode, func(t *testing.T) { check(t, preview) })
	}
}

func TestWhatRunsIsSavedBeforeTheJobGoesBack(t *testing.T) {
	bothModes(t, func(t *testing.T, preview bool) {
		g := running().mustRun(t, preview, restoring(someSavepoint, 2))
		if got := g.snapshots(); !slices.Equal(got, []string{"fraud-scoring-before-restore-2"}) {
			t.Fatalf("snapshots %v", got)
		}
		before := g.before(g.one(t, deploymentType, ""))
		for _, needed := range []*node{g.one(t, snapshotType, ""), g.one(t, stashType, "-restore-2")} {
			if before[needed.URN] == nil {
				t.Errorf("the job goes back before %s", needed.Name)
			}
		}
		if got := g.specJob(t); got["initialSavepointPath"] != someSavepoint || fmt.Sprint(got["savepointRedeployNonce"]) != "2" {
			t.Errorf("it goes to %v by request %v", got["initialSavepointPath"], got["savepointRedeployNonce"])
		}
	})
}

func TestNothingIsSavedWhereNothingRunsOrAPersonSaysSo(t *testing.T) {
	gone, suspended := running(), running()
	gone.objects = nil
	suspended.objects["flinkdeployments/fraud-scoring"] = deploymentIn("SUSPENDED", "FINISHED")
	for name, c := range map[string]struct {
		site *site
		more change
	}{
		"no deployment in the cluster": {gone, set(6, "parallelism")},
		"a suspended one that resumes": {suspended, set(6, "parallelism")},
		"one that is to be suspended":  {running(), set(true, "suspended")},
		"restore.skipSavepoint":        {running(), set(true, "restore", "skipSavepoint")},
	} {
		if got := c.site.mustRun(t, true, restoring(someSavepoint, 2, c.more)).snapshots(); len(got) > 0 {
			t.Errorf("%s: snapshots %v", name, got)
		}
	}
}

func TestAJobThatCannotBeSavedGoesBackOnlyWhenToldWithout(t *testing.T) {
	s := running()
	s.objects["flinkdeployments/fraud-scoring"] = deploymentIn("STABLE", "RESTARTING")
	g := s.run(t, true, restoring(someSavepoint, 2))
	if g.err == nil || !strings.Contains(g.err.Error(), "RESTARTING") || !strings.Contains(g.err.Error(), "restore.skipSavepoint: true") {
		t.Fatalf("error %v", g.err)
	}
	if len(g.all(func(n *node) bool { return n.Type == deploymentType })) > 0 {
		t.Error("the job was touched")
	}
	s.kept = map[string]resource.PropertyValue{}
	s.mustRun(t, true, restoring(someSavepoint, 2, set(true, "restore", "skipSavepoint")))
}

func TestLatestIsTheNewestThatIsCompleteAndStays(t *testing.T) {
	savepoint := "s3://" + theBucket + "/savepoints/savepoint-0a1b2c-000000000002"
	checkpoint := "s3://" + theBucket + "/checkpoints/" + newJob + "/chk-10"
	gone, onlySavepoints := running(), running()
	gone.objects, onlySavepoints.objects = nil, nil
	for key := range onlySavepoints.bucket {
		if strings.HasPrefix(key, "checkpoints/") {
			delete(onlySavepoints.bucket, key)
		}
	}
	for name, c := range map[string]struct {
		site *site
		more change
		want string
	}{
		// Its checkpoints go while the savepoint before the restore is taken.
		"of a running job":     {running(), set(6, "parallelism"), savepoint},
		"told to take none":    {running(), set(true, "restore", "skipSavepoint"), checkpoint},
		"rebuilt from nothing": {gone, set(6, "parallelism"), checkpoint},
		"with no checkpoint":   {onlySavepoints, set(6, "parallelism"), savepoint},
	} {
		g := c.site.mustRun(t, true, restoring("latest", 2, c.more))
		if got := g.specJob(t)["initialSavepointPath"]; got != c.want {
			t.Errorf("%s: latest is %v, want %s", name, got, c.want)
		}
	}
}

func TestLatestIsResolvedOnceForEachRequest(t *testing.T) {
	bothModes(t, func(t *testing.T, preview bool) {
		s := running()
		first := s.mustRun(t, preview, restoring("latest", 2)).specJob(t)
		s.bucket["savepoints/savepoint-0a1b2c-000000000009/_metadata"] = at(20)
		// Neither a newer savepoint, nor a job that cannot be saved now, nor a
		// bucket or cluster that does not answer is a change of what was decided.
		for name, happens := range map[string]func(){
			"a newer savepoint": func() {},
			"a failing job":     func() { s.objects["flinkdeployments/fraud-scoring"] = deploymentIn("FAILED", "FAILED") },
			"no answer":         func() { s.unreachable = errors.New("no route to host") },
		} {
			happens()
			g := s.mustRun(t, preview, restoring("latest", 2))
			if again := g.specJob(t); again["initialSavepointPath"] != first["initialSavepointPath"] {
				t.Errorf("%s: %v became %v", name, first["initialSavepointPath"], again["initialSavepointPath"])
			}
			if got := g.snapshots(); !slices.Equal(got, []string{"fraud-scoring-before-restore-2"}) {
				t.Errorf("%s: snapshots %v", name, got)
			}
			if ignored := g.one(t, stashType, "-restore-2").Registered.GetIgnoreChanges(); !slices.Equal(ignored, []string{"input"}) {
				t.Errorf("the entry changes with the bucket: %v", ignored)
			}
		}
		s.unreachable, s.objects = nil, running().objects
		if raised := s.mustRun(t, preview, restoring("latest", 3)).specJob(t); !strings.HasSuffix(raised["initialSavepointPath"].(string), "000000000009") {
			t.Errorf("another request goes to %v", raised["initialSavepointPath"])
		}
	})
}

func TestARestoreFromWhereNothingIsIsRefusedAtPreview(t *testing.T) {
	empty := running()
	empty.objects, empty.bucket = nil, map[string]string{"savepoints/": at(0)}
	for name, c := range map[string]struct {
		site *site
		from string
		want string
	}{
		"latest of an empty bucket": {empty, "latest", "restore.from: latest finds nothing: there is no s3://" + theBucket + "/savepoints/*/_metadata"},
		"a path that is not there":  {running(), "s3://" + theBucket + "/savepoints/savepoint-ffffff-000000000001", "restore.from: "},
		"an incomplete savepoint":   {running(), "s3://" + theBucket + "/savepoints/savepoint-0a1b2c-000000000003", "is no complete savepoint or checkpoint"},
	} {
		if g := c.site.run(t, true, restoring(c.from, 2)); g.err == nil || !strings.Contains(g.err.Error(), c.want) {
			t.Errorf("%s: error %v", name, g.err)
		}
	}
}

func TestAnotherPathNeedsAnotherRequest(t *testing.T) {
	s := running()
	s.mustRun(t, true, restoring(someSavepoint, 2))
	s.mustRun(t, true, restoring(someSavepoint+"/_metadata", 2)) // the same
	other := "s3://" + theBucket + "/savepoints/savepoint-0a1b2c-000000000002"
	if g := s.run(t, true, restoring(other, 2)); g.err == nil || !strings.Contains(g.err.Error(), "raise restore.request") {
		t.Errorf("error %v", g.err)
	}
	s.mustRun(t, true, restoring(other, 3))
}

func TestASavepointOnDemandIsOfTheJobThatRuns(t *testing.T) {
	bothModes(t, func(t *testing.T, preview bool) {
		g := running().mustRun(t, preview, job(set(4, "savepoint", "request")))
		if got := g.snapshots(); !slices.Equal(got, []string{"fraud-scoring-savepoint-4"}) {
			t.Fatalf("snapshots %v", got)
		}
		before := g.before(g.one(t, snapshotType, ""))
		for _, needed := range []*node{g.one(t, deploymentType, ""), g.one(t, stashType, "-deployment-proof")} {
			if before[needed.URN] == nil {
				t.Errorf("it does not wait for %s", needed.Name)
			}
		}
	})
}

// A snapshot of a suspended job is abandoned, for good. One that was taken
// before stays as it is: to leave it out would delete it, and take another one
// when the job runs again.
func TestASuspendedJobKeepsItsSavepointsAndTakesNone(t *testing.T) {
	bothModes(t, func(t *testing.T, preview bool) {
		changes := job(set(4, "savepoint", "request"), set(true, "suspended"))
		s := running()
		if got := s.mustRun(t, preview, changes).snapshots(); len(got) > 0 {
			t.Errorf("it takes %v", got)
		}
		s.objects["flinkstatesnapshots/fraud-scoring-savepoint-4"] = map[string]any{"status": map[string]any{"state": "COMPLETED"}}
		if got := s.mustRun(t, preview, changes).snapshots(); !slices.Equal(got, []string{"fraud-scoring-savepoint-4"}) {
			t.Errorf("it keeps %v", got)
		}
		s.unreachable = errors.New("no route to host")
		if g := s.run(t, preview, changes); g.err == nil || !strings.Contains(g.err.Error(), "savepoint.request") {
			t.Errorf("error %v", g.err)
		}
	})
}

func TestTheOutputsSayWhatWasSavedAndWhereTheJobWent(t *testing.T) {
	g := running().mustRun(t, false, restoring("latest", 2), job(set(4, "savepoint", "request")))
	out := g.outputs["jobs"].ObjectValue()["fraud-scoring"].ObjectValue().Mappable()
	want := map[string]string{
		"savepoint": "map[location:s3://mock/savepoints/savepoint-1 request:4]",
		"restore":   "map[from:s3://" + theBucket + "/savepoints/savepoint-0a1b2c-000000000002 request:2]",
	}
	for key, text := range want {
		if got := fmt.Sprint(out[key]); got != text {
			t.Errorf("%s is %s", key, got)
		}
	}
}

func TestEveryActOfTheRunbookIsOneChangeOfTheDeployment(t *testing.T) {
	s := running()
	s.mustRun(t, true)
	start := jsonOf(t, s.one(t, deploymentType, "").Registered.GetObject())
	for name, act := range map[string]struct {
		change change
		wants  string
	}{
		"suspend":     {job(set(true, "suspended")), `"state":"suspended"`},
		"restart":     {job(set(3, "restart", "request")), `"restartNonce":3`},
		"parallelism": {job(set(8, "parallelism")), `"parallelism":8`},
	} {
		g := s.mustRun(t, true, act.change)
		got := strings.ReplaceAll(jsonOf(t, g.one(t, deploymentType, "").Registered.GetObject()), " ", "")
		if got == strings.ReplaceAll(start, " ", "") || !strings.Contains(got, act.wants) {
			t.Errorf("%s: no %s", name, act.wants)
		}
	}
	g := s.mustRun(t, true, set("1.14.0", "flink-payments:platform", "operator", "version"))
	if got := jsonOf(t, g.one(t, deploymentType, "").Registered.GetObject()); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(start, " ", "") {
		t.Error("an upgrade of the operator redeploys the job")
	}
}
