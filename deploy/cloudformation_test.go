package deploy

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// A template is what the tests need of a CloudFormation template.
type template struct {
	Version     string                    `yaml:"AWSTemplateFormatVersion"`
	Description string                    `yaml:"Description"`
	Parameters  map[string]map[string]any `yaml:"Parameters"`
	Resources   map[string]struct {
		Type       string         `yaml:"Type"`
		Properties map[string]any `yaml:"Properties"`
	} `yaml:"Resources"`
	Outputs map[string]map[string]any `yaml:"Outputs"`
}

// readTemplate reads a template, with its functions replaced: !Ref X by "${X}",
// !GetAtt X by "${X}", !Sub by its text. Every name in them has to exist.
func readTemplate(t *testing.T, path string) template {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var used []string
	var replace func(*yaml.Node)
	replace = func(n *yaml.Node) {
		switch n.Tag {
		case "!Ref", "!GetAtt":
			name, _, _ := strings.Cut(n.Value, ".")
			used = append(used, name)
			n.Value, n.Tag = "${"+n.Value+"}", "!!str"
		case "!Sub":
			for _, part := range strings.Split(n.Value, "${")[1:] {
				name, _, _ := strings.Cut(part, "}")
				used = append(used, name)
			}
			n.Tag = "!!str"
		default:
			if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
				t.Errorf("%s, line %d: the function %s is not known to this test", path, n.Line, n.Tag)
			}
		}
		for _, child := range n.Content {
			replace(child)
		}
	}
	replace(&root)
	var tpl template
	if err := root.Decode(&tpl); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, name := range used {
		_, parameter := tpl.Parameters[name]
		_, resource := tpl.Resources[name]
		if !parameter && !resource && !strings.HasPrefix(name, "AWS::") {
			t.Errorf("%s: there is nothing named %q", path, name)
		}
	}
	for name := range tpl.Parameters {
		if !strings.Contains(string(text), "!Ref "+name) && !strings.Contains(string(text), "${"+name+"}") {
			t.Errorf("%s: the parameter %s is not used", path, name)
		}
	}
	return tpl
}

// statementsOf turns a policy document into what it allows on what, in a form
// to compare.
func statementsOf(t *testing.T, document any) any {
	t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var p policy
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// The role of the template has the policies of the files, and is trusted as
// their trust policy says.
func TestMemberRoleMatchesThePolicies(t *testing.T) {
	tpl := readTemplate(t, "cloudformation/member-role.yml")
	if tpl.Version != "2010-09-09" || tpl.Description == "" || len(tpl.Resources) != 1 {
		t.Errorf("%+v", tpl)
	}
	role := tpl.Resources["Role"]
	if role.Type != "AWS::IAM::Role" {
		t.Fatalf("the role is %q", role.Type)
	}
	policies, _ := role.Properties["Policies"].([]any)
	got := map[string]any{"trust": statementsOf(t, role.Properties["AssumeRolePolicyDocument"])}
	for _, p := range policies {
		inline, _ := p.(map[string]any)
		name, _ := inline["PolicyName"].(string)
		got[name] = statementsOf(t, inline["PolicyDocument"])
	}
	want := map[string]any{}
	for _, name := range []string{"trust", "read", "read-extra"} {
		text, err := os.ReadFile("iam/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.NewReplacer(
			"arn:aws:iam::111122223333:role/acmbot", "${BotRoleArn}", "a-long-random-word", "${ExternalId}",
			"arn:aws:", "arn:${AWS::Partition}:",
		).Replace(string(text))
		want[name] = statementsOf(t, json.RawMessage(plain))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the template differs from the policies (-policies, +template):\n%s", diff)
	}
	// assume.json lets the bot enter roles of this name only.
	if name := tpl.Parameters["RoleName"]["Default"]; name != "acmbot-read" {
		t.Errorf("the role is named %v", name)
	}
}
