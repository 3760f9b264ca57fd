package promise

import (
	"encoding/binary"
	"testing"
	"time"

	"flink-payments/tests/acceptance/internal/expected"
)

func TestWhatIsBrokenIsSaidBeforeWhatIsUnseen(t *testing.T) {
	for _, c := range []struct {
		outcomes []Outcome
		want     Outcome
	}{
		{[]Outcome{Held, Held}, Held},
		{[]Outcome{Held, Skipped}, Held},
		{[]Outcome{Held, Unseen}, Unseen},
		{[]Outcome{Unseen, Broken, Held}, Broken},
		{[]Outcome{Skipped, Skipped}, Unseen},
		{nil, Unseen},
	} {
		var checks []Check
		for _, o := range c.outcomes {
			checks = append(checks, Check{Outcome: o})
		}
		if got := Overall(checks); got != c.want {
			t.Errorf("Overall(%v) = %s, want %s", c.outcomes, got, c.want)
		}
	}
}

func TestOnlyASessionOfTheRoleIsTheRole(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/payments/flink"
	for _, c := range []struct {
		session string
		role    string
		is      bool
	}{
		{"arn:aws:sts::111122223333:assumed-role/flink/session", role, true},
		{"arn:aws-cn:sts::111122223333:assumed-role/flink/s", "arn:aws-cn:iam::111122223333:role/flink", true},
		{"arn:aws:sts::111122223333:assumed-role/flink-admin/session", role, false},
		{"arn:aws:sts::111122223333:assumed-role/payments/flink", role, false},
		{"arn:aws:sts::444455556666:assumed-role/flink/session", role, false},
		{"arn:aws-cn:sts::111122223333:assumed-role/flink/session", role, false},
		{"arn:aws:iam::111122223333:user/flink", role, false},
		{"", role, false},
		{"arn:aws:sts::111122223333:assumed-role/flink/session", "", false},
		{"arn:aws:sts::111122223333:assumed-role//session", "arn:aws:iam::111122223333:role/", false},
	} {
		if assumed(c.session, c.role) != c.is {
			t.Errorf("assumed(%q, %q) = %v", c.session, c.role, !c.is)
		}
	}
}

func head(magic, version uint32, id uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, magic), version), id)
}

func TestMetadataIsKnownByItsHead(t *testing.T) {
	if id, err := metadataID(head(metadataMagic, 4, 4711)); id != 4711 || err != nil {
		t.Errorf("read %d, %v", id, err)
	}
	for name, bytes := range map[string][]byte{
		"empty": nil, "cut short": head(metadataMagic, 4, 1)[:15], "other magic": head(1, 4, 1), "too old": head(metadataMagic, 1, 1),
	} {
		if _, err := metadataID(bytes); err == nil {
			t.Errorf("%s passes for metadata", name)
		}
	}
}

func FuzzMetadataHead(f *testing.F) {
	f.Add(head(metadataMagic, 4, 1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if _, err := metadataID(bytes); err == nil && binary.BigEndian.Uint32(bytes) != metadataMagic {
			t.Error("what does not begin with Flink's magic number passes for metadata")
		}
	})
}

func TestTheNewestSavepointIsProved(t *testing.T) {
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	older, newer := Snapshot{Name: "a", Path: "s3://b/savepoints/a", Taken: day}, Snapshot{Name: "b", Path: "s3://b/savepoints/b", Taken: day.Add(time.Hour)}
	for _, c := range []struct {
		name      string
		d         Deployment
		stack     string
		snapshots []Snapshot
		want      string
	}{
		{"of two objects, the newer", Deployment{}, "", []Snapshot{newer, older}, newer.Path},
		{"an object before the status", Deployment{UpgradeSavepoint: "s3://b/u"}, "", []Snapshot{older}, older.Path},
		{"an upgrade's", Deployment{UpgradeSavepoint: "s3://b/u"}, "s3://b/o", nil, "s3://b/u"},
		{"no savepoint is a last-state upgrade's", Deployment{UpgradeSavepoint: LastState}, "s3://b/o", nil, "s3://b/o"},
		{"the old way of the operator", Deployment{LastSavepoint: "s3://b/l"}, "", nil, "s3://b/l"},
		{"what the job was first started from", Deployment{InitialSavepoint: "s3://b/i"}, "", nil, "s3://b/i"},
		{"none", Deployment{}, "", []Snapshot{{Name: "without a path"}}, ""},
	} {
		got, _ := NewestSavepoint(expected.Job{Savepoint: expected.Savepoint{Location: c.stack}}, c.d, c.snapshots)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestFlinkS3AndTheConfigMapHaveToAgree(t *testing.T) {
	want := expected.Job{CheckpointsURI: "s3://b/checkpoints"}
	at := func(id int64) Completed { return Completed{ID: id, Path: "s3://b/checkpoints/j/chk-x"} }
	for _, c := range []struct {
		before, seen, after int64
		agree               bool
	}{
		{7, 7, 7, true}, {7, 8, 8, true}, {7, 7, 9, true}, {7, 8, 7, true}, // S3 is written before Flink tells
		{7, 6, 7, false}, {7, 9, 7, false}, {7, 0, 7, false},
	} {
		if got := InS3(want, at(c.before), at(c.after), c.seen).Outcome == Held; got != c.agree {
			t.Errorf("InS3 %+v: %v", c, got)
		}
		if got := Pointed(HA{Checkpoint: c.seen}, at(c.before), at(c.after)).Outcome == Held; got != c.agree {
			t.Errorf("Pointed %+v: %v", c, got)
		}
	}
}

func TestRestartsAreJudgedBetweenTwoLooksAtLeast(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	run := func(v *int64) Sample { return Sample{State: "RUNNING", Restarts: v} }
	for name, c := range map[string]struct {
		samples []Sample
		want    Outcome
	}{
		"flat":                            {[]Sample{run(n(3)), run(n(3))}, Held},
		"one more":                        {[]Sample{run(n(3)), run(n(4))}, Broken},
		"the leader changed, so it fell":  {[]Sample{run(n(3)), run(n(0)), run(n(0))}, Broken},
		"seen once":                       {[]Sample{run(n(3)), run(nil)}, Unseen},
		"never seen":                      {nil, Unseen},
		"not running in between":          {[]Sample{run(n(3)), {State: "FAILING", Restarts: n(3)}, run(n(3))}, Broken},
		"the metric comes a little later": {[]Sample{run(nil), run(n(0)), run(n(0))}, Held},
	} {
		if got := Steady(c.samples, time.Minute).Outcome; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
