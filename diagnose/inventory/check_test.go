package inventory_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// Everything that may be called is tried out, but for what the others rest on.
func TestCheckTriesEveryPermission(t *testing.T) {
	for _, inhabited := range []bool{false, true} {
		api, options := start(t, dublin)
		if inhabited {
			addCertificate(api, hub, dublin, "one", "example.com")
		}
		trials, unseen := inventory.New(options).Check(t.Context())
		if len(unseen) > 0 {
			t.Errorf("unseen: %+v", unseen)
		}
		tried := []string{"sts:AssumeRole", "sts:GetCallerIdentity"}
		for _, trial := range trials {
			if trial.Unseen != nil {
				t.Errorf("inhabited %v: %s: %+v", inhabited, trial.Action, trial.Unseen)
			}
			if trial.Account != hub || trial.Why == "" {
				t.Errorf("%+v is incomplete", trial)
			}
			tried = append(tried, trial.Action)
		}
		slices.Sort(tried)
		if diff := cmp.Diff(inventory.Actions(), tried); diff != "" {
			t.Errorf("inhabited %v: tried (-want +got):\n%s", inhabited, diff)
		}
	}
}

func TestCheckTellsWhatIsDenied(t *testing.T) {
	for _, action := range inventory.Actions() {
		if action == "sts:AssumeRole" || action == "sts:GetCallerIdentity" {
			continue
		}
		api, options := start(t, dublin)
		addCertificate(api, hub, dublin, "one", "example.com")
		api.Update(func(s *awsapi.State) { s.Account(hub).Deny = []string{action} })
		trials, _ := inventory.New(options).Check(t.Context())
		var denied []string
		for _, trial := range trials {
			if trial.Unseen == nil {
				continue
			}
			denied = append(denied, trial.Action)
			if trial.Unseen.Why != diagnose.AccessDenied || trial.Unseen.Permission != action || trial.Untold {
				t.Errorf("%s: %+v", action, trial)
			}
		}
		if diff := cmp.Diff([]string{action}, denied); diff != "" {
			t.Errorf("denied (-want +got):\n%s", diff)
		}
	}
}

func TestCheckTellsWhatIsInTheWay(t *testing.T) {
	api, options := start(t, dublin)
	options.Attempts = 1
	api.Inject(&awsapi.Fault{Service: "acm", Action: "ListCertificates", Error: awsapi.Throttle()})
	api.Inject(&awsapi.Fault{Service: "route53", Action: "ListHostedZones", Status: 502, Body: "<html>"})
	trials, _ := inventory.New(options).Check(t.Context())
	got := map[string]diagnose.Obstacle{}
	for _, trial := range trials {
		if trial.Unseen != nil {
			got[trial.Action] = trial.Unseen.Why
		}
	}
	want := map[string]diagnose.Obstacle{"acm:ListCertificates": diagnose.Throttled, "route53:ListHostedZones": diagnose.BadAnswer}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in the way (-want +got):\n%s", diff)
	}
}

// A role that cannot be assumed is told, and the others are tried.
func TestCheckTellsOfRoles(t *testing.T) {
	_, options := start(t, dublin)
	options.RoleARNs = []string{"arn:aws:iam::444455556666:role/nobody"}
	trials, unseen := inventory.New(options).Check(t.Context())
	if len(trials) == 0 || len(unseen) != 1 || unseen[0].Account != "444455556666" || unseen[0].Detail == "" {
		t.Errorf("got %d trials and %+v", len(trials), unseen)
	}
}
