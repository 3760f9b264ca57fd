package observe

// An Objective is the service level objective of a job: the share of 30 days
// in which it runs and completes checkpoints.
type Objective struct {
	Name        string
	Description string
	// Target in per cent, and Timeframe as Datadog writes it.
	Target    float64
	Timeframe string
	// Monitors by ID. While one of them alerts, or has no data, the job is down.
	Monitors []string
	Tags     []string
}

// SLO of a job. It is a monitor objective: a time-slice one counts missing
// data as up, so that a job that is gone would score 100 %. And it stands on
// no-checkpoint as well as on not-running, because a job that restarts for ever
// counts as running.
func SLO(j Job, settings Alerts) Objective {
	settings = settings.WithDefaults()
	return Objective{
		Name:        "Flink job " + j.title() + " runs and completes checkpoints",
		Description: "The share of 30 days in which the job was running and completed checkpoints in time. Missing data counts as down.",
		Target:      settings.Target,
		Timeframe:   "30d",
		Monitors:    append([]string(nil), objectiveOn...),
		Tags:        j.Tags(),
	}
}
