package inventory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/acmbot/acmbot/diagnose/checkup"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// checkedUp are the checks that the task makes, by account and name.
func checkedUp(t *testing.T, o inventory.Options) map[string]checkup.Check {
	t.Helper()
	got := map[string]checkup.Check{}
	for _, c := range checkup.Run(t.Context(), []checkup.Task{inventory.Task(o)}, nil) {
		if c.Purpose == "" || (c.State == checkup.Failed || c.State == checkup.Warning) && (c.Detail == "" || c.Fix == "") {
			t.Errorf("incomplete: %+v", c)
		}
		got[c.Account+" "+c.What] = c
	}
	return got
}

func TestTask(t *testing.T) {
	api, o := start(t, dublin)
	o.RoleARNs = []string{roleARN(spoke), roleARN(third)}
	api.Update(func(s *awsapi.State) {
		s.Account(spoke).Roles = []*awsapi.Role{{Name: "acmbot-read", Deny: []string{"acm:SearchCertificates", "acm:ListTagsForCertificate"}}}
		s.Account(third).Roles = nil
		s.Account(third)
	})
	got := checkedUp(t, o)
	for name, want := range map[string]struct {
		state checkup.State
		says  string
	}{
		" credentials":                        {checkup.OK, "AWS takes them"},
		spoke + " credentials":                {checkup.OK, "lets acmbot in"},
		third + " credentials":                {checkup.Failed, "could not be assumed"},
		hub + " acm:DescribeCertificate":      {checkup.OK, ""},
		spoke + " acm:SearchCertificates":     {checkup.Warning, "missing"}, // there is another way to find them
		spoke + " acm:ListTagsForCertificate": {checkup.Warning, "missing"},
		" skew against AWS":                   {checkup.OK, "within"},
	} {
		if c := got[name]; c.State != want.state || !strings.Contains(c.Detail, want.says) {
			t.Errorf("%s: %+v, want %s", name, c, want.state)
		}
	}
	if c, ok := got[third+" acm:DescribeCertificate"]; ok {
		t.Errorf("an account without credentials was tried: %+v", c)
	}

	// Neither way to find them is left.
	api.Update(func(s *awsapi.State) {
		s.Account(spoke).Roles[0].Deny = []string{"acm:SearchCertificates", "acm:ListCertificates"}
	})
	got = checkedUp(t, o)
	for _, action := range []string{"acm:SearchCertificates", "acm:ListCertificates"} {
		if c := got[spoke+" "+action]; c.State != checkup.Failed || !strings.Contains(c.Fix, "deploy/iam/read.json") {
			t.Errorf("%+v", c)
		}
	}

	// A task starts from fresh credentials, each time.
	api.Update(func(s *awsapi.State) { s.Account(spoke).Roles = nil })
	if c := checkedUp(t, o)[spoke+" credentials"]; c.State != checkup.Failed {
		t.Errorf("a role that is gone: %+v", c)
	}
}

func TestTaskWithCredentialsThatAWSDoesNotKnow(t *testing.T) {
	_, o := start(t, dublin)
	o.Config.Credentials = credentials.NewStaticCredentialsProvider("AKIA", "wrong", "")
	if c := checkedUp(t, o)[" credentials"]; c.State != checkup.Failed || !strings.Contains(c.Detail, "not valid") {
		t.Errorf("%+v", c)
	}
	o.Config.Credentials = nil
	if c := checkedUp(t, o)[" credentials"]; c.State != checkup.Failed || !strings.Contains(c.Detail, "No AWS credentials") {
		t.Errorf("%+v", c)
	}
}

// Where time runs out, what was learnt until then is told, and the rest is not
// called a fault.
func TestTaskOutOfTime(t *testing.T) {
	api, o := start(t, dublin, nova)
	api.Inject(&awsapi.Fault{Service: "acm", Region: nova, Hang: true})
	task := inventory.Task(o)
	task.Limit = 2 * time.Second
	byRegion := map[string]map[checkup.State]int{}
	for _, c := range checkup.Run(t.Context(), []checkup.Task{task}, nil) {
		if byRegion[c.Region] == nil {
			byRegion[c.Region] = map[checkup.State]int{}
		}
		byRegion[c.Region][c.State]++
	}
	if byRegion[dublin][checkup.OK] != 8 || len(byRegion[dublin]) != 1 || byRegion[nova][checkup.Skipped] < 2 || byRegion[nova][checkup.Failed]+byRegion[nova][checkup.Warning] > 0 {
		t.Errorf("%+v", byRegion)
	}
}

func TestTaskWithoutAWS(t *testing.T) {
	api, o := start(t, dublin)
	o.Attempts = 1
	api.Inject(&awsapi.Fault{Service: "sts", Status: 503, Body: "<html>"})
	if c := checkedUp(t, o)[" credentials"]; c.State != checkup.Warning || !strings.Contains(c.Fix, "STS") {
		t.Errorf("%+v", c)
	}
}

// Of credentials whose user or role IAM cannot be asked about nothing is said.
func TestSimulate(t *testing.T) {
	api, o := start(t, dublin)
	ask := func() (bool, string) {
		t.Helper()
		accounts := inventory.New(o).Accounts(t.Context())
		if len(accounts) != 1 || accounts[0].ID != hub {
			t.Fatalf("%+v", accounts)
		}
		allowed, obstacle := accounts[0].Simulate(t.Context(), inventory.Simulation{Action: "acm:RenewCertificate", Resource: "*"})
		if obstacle != nil {
			return allowed, obstacle.Detail
		}
		return allowed, ""
	}
	if allowed, obstacle := ask(); !allowed || obstacle != "" {
		t.Errorf("%v, %q", allowed, obstacle)
	}
	api.Update(func(s *awsapi.State) { s.Account(hub).Deny = []string{"acm:RenewCertificate"} })
	if allowed, obstacle := ask(); allowed || obstacle != "" {
		t.Errorf("denied: %v, %q", allowed, obstacle)
	}
	api.Update(func(s *awsapi.State) { s.Account(hub).Deny = []string{"iam:*"} })
	if allowed, obstacle := ask(); allowed || !strings.Contains(obstacle, "iam:SimulatePrincipalPolicy is missing") {
		t.Errorf("may not ask: %v, %q", allowed, obstacle)
	}
	api.Update(func(s *awsapi.State) {
		s.Account(hub).Deny = nil
		s.Account(hub).Keys[0].Principal = "arn:aws:sts::" + hub + ":assumed-role/elsewhere/i-0123"
	})
	if allowed, obstacle := ask(); allowed || !strings.Contains(obstacle, "IAM knows no arn:aws:iam::"+hub+":role/elsewhere") {
		t.Errorf("a role with a path: %v, %q", allowed, obstacle)
	}
	api.Update(func(s *awsapi.State) { s.Account(hub).Keys[0].Principal = "arn:aws:iam::" + hub + ":root" })
	if allowed, obstacle := ask(); allowed || !strings.Contains(obstacle, "neither of a user nor of a role") {
		t.Errorf("the root user: %v, %q", allowed, obstacle)
	}
}
