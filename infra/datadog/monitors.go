package datadog

import (
	"errors"
	"fmt"
	"strconv"

	"flink-payments/infra/observe"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// MonitorsArgs of NewMonitors.
type MonitorsArgs struct {
	Job observe.Job
	// Alerts are the job's settings, already judged by observe.Check. They must be on.
	Alerts observe.Alerts
	// Site of the account, for the dashboard's address.
	Site string
	// Validate lets Datadog judge each query at preview, which needs keys there.
	Validate bool
}

// Monitors are one job's monitors, its service level objective and its dashboard.
type Monitors struct {
	pulumi.ResourceState

	// MonitorIDs are Datadog's, by the alert's ID.
	MonitorIDs   pulumi.StringMapOutput
	ObjectiveID  pulumi.StringOutput
	DashboardURL pulumi.StringOutput
}

func (a *MonitorsArgs) setDefaults() { a.Alerts = a.Alerts.WithDefaults() }

func (a MonitorsArgs) check() error {
	switch {
	case a.Job.Name == "" || a.Job.Namespace == "":
		return errors.New("args.Job has no name or namespace")
	case a.Job.CheckpointInterval <= 0 || a.Job.CheckpointTimeout <= 0:
		return errors.New("args.Job has no checkpoint interval or timeout (settings checkpoints.interval, checkpoints.timeout): the thresholds come from them")
	case a.Job.TaskManagers < 1:
		return errors.New("args.Job needs no TaskManager (settings parallelism, taskManager.slots)")
	case a.Site == "":
		return errors.New("args.Site is empty (setting datadog.site)")
	case !a.Alerts.On():
		return errors.New("args.Alerts are off (setting alerts.enabled): make no Monitors")
	}
	for _, f := range observe.Check(a.Job, a.Alerts) {
		if !f.Warn {
			return fmt.Errorf("setting alerts.%s: %s", f.Path, f.Reason)
		}
	}
	return nil
}

// NewMonitors makes a job's monitors, the objective that stands on two of them, and the dashboard.
// Let it depend on the job's deployment: a monitor that is there before the job first runs alerts at once.
func NewMonitors(ctx *pulumi.Context, name string, args MonitorsArgs, opts ...pulumi.ResourceOption) (*Monitors, error) {
	fail := func(err error) (*Monitors, error) {
		return nil, fmt.Errorf("monitors %s (job %s): %w", name, args.Job.Name, err)
	}
	args.setDefaults()
	if err := args.check(); err != nil {
		return fail(err)
	}
	table := observe.Monitors(args.Job, args.Alerts)
	goal := observe.SLO(args.Job, args.Alerts)
	document, err := observe.Dashboard(args.Job, args.Alerts)
	if err != nil {
		return fail(err)
	}

	component := &Monitors{}
	err = ctx.RegisterComponentResourceV2("flink-payments:infra:Monitors", name, pulumi.Map{
		"job":         pulumi.String(args.Job.Name),
		"namespace":   pulumi.String(args.Job.Namespace),
		"environment": pulumi.String(args.Job.Environment),
		"site":        pulumi.String(args.Site),
		"notify":      pulumi.String(args.Alerts.Notify),
		"target":      pulumi.Float64(goal.Target),
		"suspended":   pulumi.Bool(args.Job.Suspended),
	}, component, opts...)
	if err != nil {
		return fail(err)
	}

	ids := pulumi.StringMap{}
	byID := map[string]*monitor{}
	for _, m := range table {
		made := &monitor{}
		err := ctx.RegisterResource(monitorType, name+"-"+m.ID, monitorInputs(m, args.Validate), made,
			versioned([]pulumi.ResourceOption{pulumi.Parent(component)})...)
		if err != nil {
			return fail(fmt.Errorf("monitor %s: %w", m.ID, err))
		}
		byID[m.ID] = made
		ids[m.ID] = made.ID().ToStringOutput()
	}

	var stands pulumi.IntArray
	for _, id := range goal.Monitors {
		stands = append(stands, monitorNumber(id, byID[id].ID()))
	}
	slo := &objective{}
	err = ctx.RegisterResource(objectiveType, name+"-slo", objectiveInputs(goal, stands, args.Validate), slo,
		versioned([]pulumi.ResourceOption{pulumi.Parent(component)})...)
	if err != nil {
		return fail(fmt.Errorf("objective: %w", err))
	}

	dashboard := &board{}
	err = ctx.RegisterResource(dashboardType, name+"-dashboard", dashboardInputs(document), dashboard,
		versioned([]pulumi.ResourceOption{pulumi.Parent(component)})...)
	if err != nil {
		return fail(fmt.Errorf("dashboard: %w", err))
	}

	component.MonitorIDs = ids.ToStringMapOutput()
	component.ObjectiveID = slo.ID().ToStringOutput()
	component.DashboardURL = pulumi.Sprintf("%s%s", appURL(args.Site), dashboard.URL)
	err = ctx.RegisterResourceOutputs(component, pulumi.Map{
		"monitorIds":   component.MonitorIDs,
		"objectiveId":  component.ObjectiveID,
		"dashboardUrl": component.DashboardURL,
	})
	if err != nil {
		return fail(err)
	}
	return component, nil
}

// monitorNumber is a monitor's id as an objective wants it: a number.
func monitorNumber(id string, of pulumi.IDOutput) pulumi.IntOutput {
	return of.ApplyT(func(text pulumi.ID) (int, error) {
		number, err := strconv.Atoi(string(text))
		if err != nil {
			return 0, fmt.Errorf("monitor %s: its id %q is not a number", id, string(text))
		}
		return number, nil
	}).(pulumi.IntOutput)
}

func monitorInputs(m observe.Monitor, validate bool) pulumi.Map {
	// Thresholds and priority are strings, and the critical one is the query's own number.
	thresholds := pulumi.Map{"critical": pulumi.String(m.CriticalText())}
	if m.Warning != nil {
		thresholds["warning"] = pulumi.String(m.WarningText())
	}
	inputs := pulumi.Map{
		"type":              pulumi.String(observe.MonitorType),
		"name":              pulumi.String(m.Name),
		"query":             pulumi.String(m.Query),
		"message":           pulumi.String(m.Message),
		"monitorThresholds": thresholds,
		"priority":          pulumi.String(strconv.Itoa(m.Priority)),
		"onMissingData":     pulumi.String(m.OnMissingData),
		"requireFullWindow": pulumi.Bool(m.RequireFullWindow),
		"tags":              pulumi.ToStringArray(m.Tags),
		"validate":          pulumi.Bool(validate),
	}
	if m.RenotifyMinutes > 0 {
		inputs["renotifyInterval"] = pulumi.Int(m.RenotifyMinutes)
		inputs["renotifyStatuses"] = pulumi.ToStringArray([]string{"alert", "no data"})
	}
	return inputs
}

func objectiveInputs(o observe.Objective, monitors pulumi.IntArray, validate bool) pulumi.Map {
	return pulumi.Map{
		"type":        pulumi.String("monitor"),
		"name":        pulumi.String(o.Name),
		"description": pulumi.String(o.Description),
		"monitorIds":  monitors,
		"thresholds": pulumi.Array{pulumi.Map{
			"timeframe": pulumi.String(o.Timeframe),
			"target":    pulumi.Float64(o.Target),
		}},
		"tags":     pulumi.ToStringArray(o.Tags),
		"validate": pulumi.Bool(validate),
	}
}

func dashboardInputs(document string) pulumi.Map {
	return pulumi.Map{"dashboard": pulumi.String(document)}
}
