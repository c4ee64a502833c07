package deploy

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/state/dynamo"
	"github.com/acmbot/acmbot/diagnose/fix"
	"github.com/acmbot/acmbot/diagnose/inventory"
)

// What acmbot doctor calls beyond what the bot does, its file allows.
func TestDoctorPolicyMatchesTheProgram(t *testing.T) {
	called := append(dynamo.CheckActions(), inventory.SimulateAction)
	slices.Sort(called)
	if diff := cmp.Diff(called, read(t, "iam/doctor.json").actions()); diff != "" {
		t.Errorf("mismatch (-calls, +allowed):\n%s", diff)
	}
}

// The file that acmbot doctor names for a fix is the fix's.
func TestDoctorNamesTheFixPolicies(t *testing.T) {
	for path, kinds := range fixPolicies {
		for _, k := range kinds {
			if got := fix.Policy(k); got != "deploy/"+path {
				t.Errorf("%s: %s, want %s", k, got, path)
			}
		}
	}
}
