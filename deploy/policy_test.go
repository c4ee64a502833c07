package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/inventory"
	iam "github.com/acmbot/acmbot/diagnose/world/awsapi/policy"
)

// A list is a string or a list of strings, as in a policy document.
type list []string

func (l *list) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		*l = make(list, 1)
		return json.Unmarshal(text, &(*l)[0])
	}
	return json.Unmarshal(text, (*[]string)(l))
}

// A policy is an IAM policy document ("IAM JSON policy elements reference", IAM
// User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html).
type policy struct {
	Version   string
	Statement []struct {
		Sid       string
		Effect    string
		Principal principals
		Action    list
		Resource  list
		Condition map[string]map[string]list
	}
}

// principals are who a statement is for: by kind, or "*" for anybody.
type principals map[string]list

func (p *principals) UnmarshalJSON(text []byte) error {
	if string(text) == `"*"` {
		*p = principals{"*": nil}
		return nil
	}
	return json.Unmarshal(text, (*map[string]list)(p))
}

func read(t *testing.T, path string) policy {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := decodePolicy(text)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return p
}

// askedAbout are the roles of which doctor.json lets acmbot ask IAM what they may
// do; in the templates and modules there is one, which is its own.
const askedAbout = `["arn:aws:iam::*:role/acmbot", "arn:aws:iam::*:role/acmbot-read"]`

// wide are the statements that are for all resources, since their actions know
// none.
var wide = []string{"FindCertificates", "FindHostedZones", "LogIn"}

// kind is what the document is attached to.
func (p policy) kind() iam.Kind {
	switch first := p.Statement[0]; {
	case len(first.Principal) == 0:
		return iam.Identity
	case len(first.Resource) == 0:
		return iam.Trust
	}
	return iam.Resource
}

// decodePolicy reads a policy document, and finds what is wrong with it.
func decodePolicy(text []byte) (policy, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var p policy
	if err := decoder.Decode(&p); err != nil {
		return p, err
	}
	if p.Version != "2012-10-17" {
		return p, fmt.Errorf("the version is %q", p.Version)
	}
	seen := map[string]bool{}
	for _, s := range p.Statement {
		_, anybody := s.Principal["*"]
		switch {
		case !sid.MatchString(s.Sid) || seen[s.Sid]:
			return p, fmt.Errorf("the statement id %q is not of letters and digits, or not the only one", s.Sid)
		case s.Effect != "Allow" && s.Effect != "Deny":
			return p, fmt.Errorf("%s has the effect %q", s.Sid, s.Effect)
		case len(s.Action) == 0 || len(s.Resource) == 0 && len(s.Principal) == 0:
			return p, fmt.Errorf("%s is incomplete", s.Sid)
		case s.Effect == "Deny":
		case anybody && len(s.Condition) == 0:
			return p, fmt.Errorf("%s is for anybody", s.Sid)
		case slices.Contains(s.Resource, "*") && !slices.Contains(wide, s.Sid):
			return p, fmt.Errorf("%s is for all resources", s.Sid)
		}
		for _, action := range s.Action {
			if s.Effect == "Allow" && !plainAction.MatchString(action) {
				return p, fmt.Errorf("%s allows %s", s.Sid, action)
			}
		}
		seen[s.Sid] = true
	}
	if len(p.Statement) == 0 {
		return p, errors.New("there is no statement")
	}
	// Nothing is said that the embedded AWS would not know how to evaluate.
	_, err := iam.Parse(string(text), p.kind())
	return p, err
}

func (p policy) actions() []string {
	var all []string
	for _, s := range p.Statement {
		all = append(all, s.Action...)
	}
	slices.Sort(all)
	return all
}

var (
	plainAction = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9]+$`)
	sid         = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	readOnly    = regexp.MustCompile(`^[a-z0-9-]+:(List|Search|Describe|Get)[A-Za-z]+$`)
)

func TestPoliciesAreWellFormed(t *testing.T) {
	paths, err := filepath.Glob("iam/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no policies: %v", err)
	}
	for _, path := range paths {
		p := read(t, path)
		if p.Version != "2012-10-17" {
			t.Errorf("%s: version %q", path, p.Version)
		}
		seen := map[string]bool{}
		for _, s := range p.Statement {
			if !sid.MatchString(s.Sid) || seen[s.Sid] {
				t.Errorf("%s: the statement id %q is not of letters and digits, or not the only one", path, s.Sid)
			}
			seen[s.Sid] = true
			if s.Effect != "Allow" || len(s.Action) == 0 || len(s.Resource) == 0 == (len(s.Principal) == 0) {
				t.Errorf("%s: %s is incomplete", path, s.Sid)
			}
			for _, action := range s.Action {
				if strings.HasPrefix(action, "dynamodb:") && path == "iam/dynamodb.json" {
					continue // its own table, which state_test.go sees to
				}
				if strings.HasPrefix(action, "sqs:") && path == "iam/events.json" {
					continue // its own queue, which events_test.go sees to
				}
				if action == "kms:Decrypt" && path == "iam/secrets.json" {
					continue // which secrets_test.go sees to
				}
				if action != "sts:AssumeRole" && action != inventory.SimulateAction && fixPolicies[path] == nil && !readOnly.MatchString(action) {
					t.Errorf("%s: %s does not only read", path, action)
				}
			}
		}
	}
}

// What is allowed is what the program calls, no more and no less.
func TestPoliciesMatchTheProgram(t *testing.T) {
	var core, extra []string
	for _, action := range inventory.Actions() {
		switch service, _, _ := strings.Cut(action, ":"); service {
		case "acm":
			core = append(core, action)
		case "sts": // AssumeRole has files of its own; GetCallerIdentity is allowed to all
		default:
			extra = append(extra, action)
		}
	}
	slices.Sort(core)
	slices.Sort(extra)
	for path, want := range map[string][]string{"iam/read.json": core, "iam/read-extra.json": extra} {
		if diff := cmp.Diff(want, read(t, path).actions()); diff != "" {
			t.Errorf("%s mismatch (-calls, +allowed):\n%s", path, diff)
		}
	}
}

// The table names every policy there is.
func TestReadmeNamesThePolicies(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("iam/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if !strings.Contains(string(readme), "]("+path+")") {
			t.Errorf("README.md does not link to %s", path)
		}
	}
}
