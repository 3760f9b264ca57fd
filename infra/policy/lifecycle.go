package policy

import "fmt"

// A LifecycleRule of a bucket. A zero field does nothing.
type LifecycleRule struct {
	ID string
	// Prefix of the keys it is about; empty: the whole bucket.
	Prefix string
	// TagKey and TagValue narrow it to objects that carry the tag.
	TagKey   string
	TagValue string
	// AbortUploadDays ends multipart uploads that were never completed.
	AbortUploadDays int
	// ExpireDeleteMarkers removes a delete marker that hides nothing any more.
	ExpireDeleteMarkers bool
	// NoncurrentDays removes what was deleted or replaced that many days ago.
	NoncurrentDays int
	// CurrentDays removes current objects that old.
	CurrentDays int
}

// RetiredTag marks objects of abandoned job ids. A janitor's identity sets it, never the job.
const (
	RetiredTagKey   = "flink-state"
	RetiredTagValue = "retired"
)

// StateLifecycle of a state bucket. No rule removes a current object by age:
// with incremental checkpoints a file written months ago can be part of the newest one.
// Flink deletes what it no longer needs, and recoveryDays later S3 forgets it: until then
// any point in time can be restored in place. retiredDays is how long after its
// creation an object under the checkpoints that carries the retired tag is removed; 0: never.
func StateLifecycle(roots Roots, recoveryDays, retiredDays int) []LifecycleRule {
	rules := []LifecycleRule{{ID: "abandoned-uploads-and-delete-markers", AbortUploadDays: 7, ExpireDeleteMarkers: true}}
	for _, root := range roots.List() {
		rules = append(rules, LifecycleRule{ID: root + "-recovery-window", Prefix: root + "/", NoncurrentDays: recoveryDays})
	}
	if retiredDays > 0 {
		rules = append(rules, LifecycleRule{
			ID: roots.Checkpoints + "-retired", Prefix: roots.Checkpoints + "/",
			TagKey: RetiredTagKey, TagValue: RetiredTagValue, CurrentDays: retiredDays,
		})
	}
	return rules
}

// LogLifecycle of a bucket of logs: they are removed after retentionDays, and overwritten ones a week later.
func LogLifecycle(retentionDays int) []LifecycleRule {
	return []LifecycleRule{
		{ID: "abandoned-uploads-and-delete-markers", AbortUploadDays: 7, ExpireDeleteMarkers: true},
		{ID: "retention", CurrentDays: retentionDays, NoncurrentDays: 7},
	}
}

// String says what the rule removes, for a person who audits.
func (r LifecycleRule) String() string {
	where := "anywhere in the bucket"
	if r.Prefix != "" {
		where = "under " + r.Prefix
	}
	if r.TagKey != "" {
		where += fmt.Sprintf(" with the tag %s=%s", r.TagKey, r.TagValue)
	}
	var text string
	add := func(sentence string) {
		if text != "" {
			text += " "
		}
		text += sentence
	}
	if r.AbortUploadDays > 0 {
		add(fmt.Sprintf("Incomplete uploads %s end after %s.", where, days(r.AbortUploadDays)))
	}
	if r.ExpireDeleteMarkers {
		add(fmt.Sprintf("Delete markers %s that hide no version are removed.", where))
	}
	if r.CurrentDays > 0 {
		add(fmt.Sprintf("Objects %s are deleted %s after they were written.", where, days(r.CurrentDays)))
	}
	if r.NoncurrentDays > 0 {
		add(fmt.Sprintf("Versions %s are removed for ever %s after they were deleted or replaced.", where, days(r.NoncurrentDays)))
	}
	return text
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
