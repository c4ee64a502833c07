package inventory_test

import (
	"os"
	"regexp"
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

// underPolicies gives the base credentials to the role acmbot, which may do what
// the files of deploy/iam allow, after a change of what they say.
func underPolicies(t *testing.T, api *awsapi.Server, change func(string) string, files ...string) {
	t.Helper()
	role := &awsapi.Role{Name: "acmbot"}
	for _, file := range files {
		text, err := os.ReadFile("../../deploy/iam/" + file)
		if err == nil {
			err = role.SetPolicy(file, change(string(text)))
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	api.Update(func(s *awsapi.State) {
		a := s.Account(hub)
		a.PoliciesCount, a.Roles, a.Keys[0].Principal = true, []*awsapi.Role{role}, "arn:aws:sts::"+hub+":assumed-role/acmbot/i-0123"
	})
}

// Each action of the printed policies that is left out is named, with the role
// that lacks it and the file that has it; and nothing else is.
func TestTaskNamesWhatIsMissing(t *testing.T) {
	const role = "the role arn:aws:iam::" + hub + ":role/acmbot"
	files := map[string]string{"acm": "deploy/iam/read.json", "acm-pca": "deploy/iam/read-extra.json", "route53": "deploy/iam/read-extra.json"}
	for _, action := range inventory.Actions() {
		service, name, _ := strings.Cut(action, ":")
		if service == "sts" {
			continue
		}
		api, o := start(t, dublin)
		addCertificate(api, hub, dublin, "one", "example.com")
		underPolicies(t, api, func(text string) string {
			return strings.Replace(text, `"`+action+`"`, `"`+service+`:Not`+name+`"`, 1)
		}, "read.json", "read-extra.json")
		for what, c := range checkedUp(t, o) {
			switch {
			case what != hub+" "+action:
				if c.State != checkup.OK {
					t.Errorf("without %s: %+v", action, c)
				}
			case c.State == checkup.OK, !strings.Contains(c.Detail, "The permission "+action+" is missing from "+role+"."), c.Fix != "Allow "+action+" to "+role+", as "+files[service]+" has it.":
				t.Errorf("without %s: %+v", action, c)
			}
		}
	}
}

// A policy may be for some resources only.
func TestTaskTellsWhatAPermissionWasTriedOn(t *testing.T) {
	api, o := start(t, dublin)
	addCertificate(api, hub, dublin, "one", "example.com")
	narrow := regexp.MustCompile(`(certificate|authority|hostedzone)/\*`)
	underPolicies(t, api, func(text string) string { return narrow.ReplaceAllString(text, "$1/mine") }, "read.json", "read-extra.json")
	got := checkedUp(t, o)
	for action, says := range map[string]string{
		"acm:DescribeCertificate":    "It was tried on " + arnOf(hub, dublin, "one") + ".",
		"acm-pca:ListPermissions":    "It was tried on one that does not exist",
		"route53:GetHostedZone":      "It was tried on one that does not exist",
		"acm:ListCertificates":       "",
		"route53:ListHostedZones":    "",
		"route53:GetDNSSEC":          "It was tried on one that does not exist",
		"acm:SearchCertificates":     "",
		"acm-pca:GetPolicy":          "It was tried on one that does not exist",
		"acm:ListTagsForCertificate": "It was tried on " + arnOf(hub, dublin, "one") + ".",
	} {
		if c := got[hub+" "+action]; !strings.HasSuffix(c.Detail, says) && !strings.Contains(c.Detail, says) || (says == "") != (c.State == checkup.OK) {
			t.Errorf("%s: %+v", action, c)
		}
	}
}

// Which side keeps the bot out of another account IAM can tell.
func TestTaskTellsWhoseFaultARoleIs(t *testing.T) {
	const (
		role    = "the role arn:aws:iam::" + hub + ":role/acmbot"
		missing = "the permission sts:AssumeRole on it is missing from " + role + "."
		trust   = "it does not exist, does not trust " + role + ", or wants another external id."
	)
	all := []string{"read.json", "read-extra.json", "doctor.json", "assume.json"}
	for _, test := range []struct {
		name      string
		files     []string
		change    func(*inventory.Options, *awsapi.State)
		says, fix string
	}{
		{name: "in order", files: all},
		{name: "no policy", files: all[:3], says: missing, fix: "deploy/iam/assume.json"},
		{name: "another role's name", files: all, change: func(o *inventory.Options, s *awsapi.State) {
			o.RoleARNs[0] = "arn:aws:iam::" + spoke + ":role/reader"
			s.Account(spoke).Roles[0].Name = "reader"
		}, says: missing, fix: "deploy/iam/assume.json"},
		{name: "another external id", files: all, change: func(o *inventory.Options, _ *awsapi.State) { o.ExternalID = "another" }, says: trust, fix: "deploy/iam/trust.json"},
		{name: "no role", files: all, change: func(_ *inventory.Options, s *awsapi.State) { s.Account(spoke).Roles = nil }, says: trust, fix: "deploy/iam/trust.json"},
		{name: "another's role", files: all, change: func(_ *inventory.Options, s *awsapi.State) { s.Account(spoke).Roles[0].Trusts = []string{third} }, says: trust, fix: "deploy/iam/trust.json"},
		{name: "IAM may not be asked", files: []string{"read.json", "read-extra.json"}, says: "or those credentials lack sts:AssumeRole.", fix: "deploy/README.md"},
	} {
		api, o := start(t, dublin)
		addRole(api, &o, spoke)
		underPolicies(t, api, func(text string) string { return text }, test.files...)
		if test.change != nil {
			api.Update(func(s *awsapi.State) { test.change(&o, s) })
		}
		c := checkedUp(t, o)[spoke+" credentials"]
		if (test.says == "") != (c.State == checkup.OK) || !strings.Contains(c.Detail, test.says) || !strings.Contains(c.Fix, test.fix) {
			t.Errorf("%s: %+v", test.name, c)
		}
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
