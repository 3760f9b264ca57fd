package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// StateFile is where the file backend keeps the stack's state.
func StateFile(dir, project, stack string) string {
	return filepath.Join(dir, "backend", ".pulumi", "stacks", project, stack+".json")
}

// Repair edits the state as `pulumi stack export` and `stack import` do; in
// the file where the stack is lean.
func (s *Stack) Repair(ctx context.Context, project string, edit func(*apitype.DeploymentV3)) error {
	if s.o.Lean {
		return s.repairFile(StateFile(s.o.Dir, project, s.o.Name), edit)
	}
	exported, err := s.auto.Export(ctx)
	if err != nil {
		return err
	}
	var state apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &state); err != nil {
		return err
	}
	edit(&state)
	if exported.Deployment, err = json.Marshal(state); err != nil {
		return err
	}
	return s.auto.Import(ctx, exported)
}

func (s *Stack) repairFile(name string, edit func(*apitype.DeploymentV3)) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var file, checkpoint map[string]json.RawMessage
	var state apitype.DeploymentV3
	err = json.Unmarshal(text, &file)
	if err == nil {
		err = json.Unmarshal(file["checkpoint"], &checkpoint)
	}
	if err == nil {
		err = json.Unmarshal(checkpoint["latest"], &state)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	edit(&state)
	if checkpoint["latest"], err = json.Marshal(state); err != nil {
		return err
	}
	if file["checkpoint"], err = json.Marshal(checkpoint); err != nil {
		return err
	}
	if text, err = json.Marshal(file); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o600)
}

// State is the deployment in the state file.
func (s *Stack) State(project string) (apitype.DeploymentV3, error) {
	var file struct {
		Checkpoint struct {
			Latest apitype.DeploymentV3 `json:"latest"`
		} `json:"checkpoint"`
	}
	text, err := os.ReadFile(StateFile(s.o.Dir, project, s.o.Name))
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	return file.Checkpoint.Latest, err
}
