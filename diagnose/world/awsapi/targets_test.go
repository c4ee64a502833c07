package awsapi

import (
	"strings"
	"testing"
)

// Every action has a target, so that none goes unchecked.
func TestEveryActionHasATarget(t *testing.T) {
	have := map[string]bool{}
	for name := range actions {
		service, action, _ := strings.Cut(name, ":")
		permission := Call{Service: service, Action: action}.IAM()
		have[permission] = true
		if targets[permission] == nil && permission != "sts:GetCallerIdentity" {
			t.Errorf("%s has no target", permission)
		}
	}
	for name := range targets {
		if !have[name] {
			t.Errorf("there is no action %s", name)
		}
	}
}
