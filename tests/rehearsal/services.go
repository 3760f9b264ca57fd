package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"flink-payments/tests/rehearsal/standin"
	"flink-payments/tests/rehearsal/standin/operator"
	"flink-payments/tests/rehearsal/world"
)

// What the rehearsal knows of the services' objects.
const (
	keyType           = "aws:kms/key:Key"
	bucketType        = "aws:s3/bucketV2:BucketV2"
	versioningType    = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	networkPolicyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
)

// describe is a call in a line: Create aws:kms/key:Key fraud-scoring-state-key.
func describe(c standin.Call) string {
	return strings.TrimSpace(c.Method + " " + c.Type + " " + c.Name)
}

// changes says whether a described call changes the service.
func changes(call string) bool { return !strings.HasPrefix(call, "Invoke") }

// volatile are the keys that a service fills in anew each time.
var volatile = []string{
	"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "deletionTimestamp", "status",
	"createDate", "updateDate", "uniqueId", "versionId", "etag", "creationDate", "created", "modified", "lastModified", "keyId", "url",
}

// numbered are IDs that a service makes up.
var numbered = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9]{1,9}\b`)

// contents is the world as text, without what differs from one time to the
// next: made-up IDs, times, and what Flink itself writes to its bucket.
func contents(w *world.World) string {
	var blocks []string
	for _, o := range w.List("", "") {
		if o.Inputs == nil {
			continue
		}
		id := o.ID
		if o.Package == "datadog" || o.Type == keyType {
			id = "(made up)"
		}
		body, err := json.MarshalIndent(steady(o.State), "  ", "  ")
		if err != nil {
			panic(err) // it came from JSON
		}
		if o.Package == "datadog" || o.Package == "aws" {
			body = numbered.ReplaceAll(body, []byte("N"))
		}
		block := fmt.Sprintf("%s %s\n  %s\n", o.Type, id, body)
		if o.Type == operator.DeploymentType {
			s := statusOf(o)
			block += fmt.Sprintf("  is %s and %s\n", s.lifecycle, s.job)
		}
		blocks = append(blocks, block)
	}
	// Made-up IDs give no order.
	slices.Sort(blocks)
	return strings.Join(blocks, "")
}

// contents of the tour's world, its API server among it.
func (t *tour) contents() string {
	if err := t.observe(); err != nil {
		return err.Error() // which is what nobody wants to see there
	}
	return contents(t.world)
}

// observe lets the world know what is in the API server now.
func (t *tour) observe() error {
	if t.server == nil {
		return nil
	}
	return t.server.Observe(t.ctx, t.world)
}

func steady(value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, inner := range value {
			if !slices.Contains(volatile, key) {
				kept[key] = steady(inner)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(value))
		for i, inner := range value {
			kept[i] = steady(inner)
		}
		return kept
	}
	return value
}

// identify looks for what a creation that was cut off may have made, as a
// person looks into the console, and returns the ID that Pulumi would know it by.
func identify(w *world.World, r *apitype.ResourceV3) (id string, there bool) {
	asked := withoutMarks(r.Inputs)
	for _, o := range w.List("", string(r.Type)) {
		if !reflect.DeepEqual(withoutMarks(o.Inputs), asked) {
			continue
		}
		if o.Type == operator.S3ObjectType {
			_, key, _ := strings.Cut(o.ID, "/")
			return key, true
		}
		return o.ID, true
	}
	return "", false
}

// withoutMarks drops the engine's own keys, and makes numbers alike.
func withoutMarks(inputs map[string]any) any {
	text, err := json.Marshal(inputs)
	if err != nil {
		panic(err) // it came from JSON
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		panic(err)
	}
	var drop func(any)
	drop = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, inner := range value {
				if strings.HasPrefix(key, "__") || inner == nil {
					delete(value, key)
				}
				drop(inner)
			}
		case []any:
			for _, inner := range value {
				drop(inner)
			}
		}
	}
	drop(plain)
	return plain
}

// A flinkStatus is what a FlinkDeployment says of its job.
type flinkStatus struct {
	lifecycle, job, image string
	// started is when the job was started last, restored from where.
	started, restored    string
	observed, generation int64
}

func statusOf(o world.Object) flinkStatus {
	at := func(path ...string) any {
		var value any = o.State
		for _, key := range path {
			m, _ := value.(map[string]any)
			value = m[key]
		}
		return value
	}
	text := func(path ...string) string {
		switch value := at(path...).(type) {
		case nil:
			return ""
		case string:
			return value
		default:
			return fmt.Sprint(value)
		}
	}
	number := func(path ...string) int64 {
		n, _ := at(path...).(float64)
		return int64(n)
	}
	return flinkStatus{
		lifecycle: text("status", "lifecycleState"), job: text("status", "jobStatus", "state"), image: text("spec", "image"),
		started: text("status", "jobStatus", "startTime"), restored: text("status", "jobStatus", "upgradeSavepointPath"),
		observed: number("status", "observedGeneration"), generation: number("metadata", "generation"),
	}
}

func (t *tour) flinkStatus() flinkStatus {
	if err := t.observe(); err != nil {
		return flinkStatus{lifecycle: err.Error()}
	}
	o, _ := t.world.Get(operator.Package, operator.DeploymentType, t.setting(jobPath("namespace"))+"/"+t.setting(jobPath("name")))
	return statusOf(o)
}

// stateObjects are the keys in the job's bucket: checkpoints, savepoints, HA.
func (t *tour) stateObjects() []string {
	var keys []string
	for _, o := range t.world.List("aws", operator.S3ObjectType) {
		if key, ours := strings.CutPrefix(o.ID, t.setting(jobPath("state.bucket"))+"/"); ours {
			keys = append(keys, key)
		}
	}
	return keys
}

// savepoints are those of stateObjects that are savepoints.
func (t *tour) savepoints() []string {
	return slices.DeleteFunc(t.stateObjects(), func(key string) bool { return !strings.HasPrefix(key, "savepoints/savepoint-") })
}

// protected are the things of a world that nothing may lose: the buckets, the
// keys that are not on their way out, and what Flink wrote.
func protected(w *world.World) []string {
	var all []string
	for _, typ := range []string{bucketType, keyType, operator.S3ObjectType} {
		for _, o := range w.List("aws", typ) {
			if _, scheduled := o.State["deletionDate"]; !scheduled {
				all = append(all, typ+" "+o.ID)
			}
		}
	}
	return all
}

// lost says which of the protected things are not in a world any more.
func lost(before []string, w *world.World) error {
	now := protected(w)
	gone := slices.DeleteFunc(slices.Clone(before), func(thing string) bool { return slices.Contains(now, thing) })
	if len(gone) > 0 {
		return fmt.Errorf("lost: %s", strings.Join(gone, ", "))
	}
	return nil
}

// meddle changes the world behind Pulumi's back.
func (t *tour) meddle() ([]string, error) {
	bucket, namespace := t.setting(jobPath("state.bucket")), t.setting(jobPath("namespace"))
	err := t.world.Edit("aws", versioningType, bucket, func(o *world.Object) error {
		o.State["versioningConfiguration"] = map[string]any{"status": "Suspended"}
		return nil
	})
	if err != nil {
		return nil, err
	}
	policies := t.world.Where(func(_, typ, id string) bool {
		return typ == networkPolicyType && strings.HasPrefix(id, namespace+"/")
	})
	if len(policies) == 0 {
		return nil, errors.New("there is no NetworkPolicy to delete")
	}
	if t.server != nil {
		err = t.server.Remove(t.ctx, networkPolicyType, policies[0].ID)
	}
	if err := errors.Join(err, t.world.Delete(operator.Package, networkPolicyType, policies[0].ID)); err != nil {
		return nil, err
	}
	return []string{"versioning of " + bucket + " suspended", "NetworkPolicy " + policies[0].ID + " deleted"}, nil
}

// inOrder says that the calls came, in their order: of each, the first that
// begins with the method and holds the text.
func (t *tour) inOrder(method string, texts ...string) error {
	t.lock.Lock()
	defer t.lock.Unlock()
	last := -1
	for i, text := range texts {
		at := slices.IndexFunc(t.calls, func(c standin.Call) bool {
			return c.Method == method && strings.Contains(describe(c), text)
		})
		switch {
		case at < 0:
			return fmt.Errorf("there was no %s of %s", method, text)
		case at < last:
			return fmt.Errorf("%s of %s came before that of %s", method, text, texts[i-1])
		}
		last = at
	}
	return nil
}

// forget the calls so far.
func (t *tour) forget() {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.calls = nil
}

// called lists the calls that hold all the texts.
func (t *tour) called(texts ...string) []string {
	t.lock.Lock()
	defer t.lock.Unlock()
	var found []string
	for _, c := range t.calls {
		line := describe(c)
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			found = append(found, line)
		}
	}
	return found
}

// newestState is the savepoint or checkpoint that was completed last.
func (t *tour) newestState() string {
	var newest string
	var at time.Time
	for _, o := range t.world.List("aws", operator.S3ObjectType) {
		written, _ := o.State["lastModified"].(string)
		folder, complete := strings.CutSuffix(o.ID, "/_metadata")
		if when, err := time.Parse(time.RFC1123, written); err == nil && complete && when.After(at) {
			newest, at = "s3://"+folder, when
		}
	}
	return newest
}

// loseJob takes the FlinkDeployment away. In the model no operator has a say
// in it, as when the cluster is gone; an API server has one, and finalizers.
func (t *tour) loseJob() error {
	id := t.setting(jobPath("namespace")) + "/" + t.setting(jobPath("name"))
	if t.server != nil {
		if err := t.server.Remove(t.ctx, operator.DeploymentType, id); err != nil {
			return err
		}
	}
	return t.world.Delete(operator.Package, operator.DeploymentType, id)
}

// Versions of the image after the first. The operator's model knows a tag that
// ends in -bad: its pods never come up.
const (
	nextVersion   = "1.5.0"
	brokenVersion = "1.6.0-bad"
)

var tagPattern = regexp.MustCompile(`:[^:/@]+@sha256:[0-9a-f]{2}`)

// imageOf is another version of an image: another tag, another digest.
func imageOf(image, version string) string {
	digits := strings.ReplaceAll(version, ".", "")
	return tagPattern.ReplaceAllString(image, ":"+version+"@sha256:"+digits[:2])
}

// tagOf is an image's tag.
func tagOf(image string) string {
	_, tag, _ := strings.Cut(strings.SplitN(filepath.Base(image), "@", 2)[0], ":")
	return tag
}

// showWorld lists the world that the single commands share.
func showWorld(ctx context.Context, a asked) error {
	dir, err := a.single()
	if err != nil {
		return err
	}
	w, err := world.Open(filepath.Join(dir, "world.json"))
	if err != nil {
		return err
	}
	if a.server != nil {
		if err := a.server.Observe(ctx, w); err != nil {
			return err
		}
	}
	objects := w.List("", "")
	if len(objects) == 0 {
		fmt.Fprintln(a.out, "Nothing exists. `up` makes it.")
		return nil
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, o := range objects {
		note := ""
		if o.Type == operator.DeploymentType {
			s := statusOf(o)
			note = s.lifecycle + ", " + s.job + ", image " + tagOf(s.image)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", o.Type, o.ID, note)
	}
	return table.Flush()
}
