package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/fix"
)

// templates are the templates, each with values for the parameters that have no
// default, and with further values which together try both sides of every
// condition.
var templates = map[string]struct {
	required map[string]string
	given    []map[string]string
}{
	"cloudformation/acmbot.yml": {
		required: map[string]string{
			"Image":     "ghcr.io/your-org/acmbot:v1.2.3",
			"VpcId":     "vpc-0123456789abcdef0",
			"SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
		},
		given: []map[string]string{
			{},
			{"Replicas": "0", "DigestChannel": "C0123456789"},
			everything,
			{"Fixes": "add-cname", "FixUsers": "U0123456789", "Replicas": "1"},
			{"Fixes": "publish-switch-records", "FixUsers": "U0123456789"},
			{"Fixes": "add-caa", "FixUsers": "U0123456789"},
			{"Fixes": "resend-email", "FixUsers": "U0123456789"},
			{"Fixes": "switch-to-dns", "FixUsers": "U0123456789"},
			{"Fixes": "renew-private", "FixUsers": "U0123456789"},
		},
	},
	"cloudformation/member-role.yml": {
		required: map[string]string{
			"BotRoleArn": "arn:aws:iam::111122223333:role/acmbot",
			"ExternalId": "a-long-random-word",
		},
		given: []map[string]string{
			{},
			{"Fixes": "add-cname,add-caa,resend-email,switch-to-dns,publish-switch-records,renew-private"},
			{"Fixes": "add-cname"}, {"Fixes": "publish-switch-records"}, {"Fixes": "add-caa"},
			{"Fixes": "resend-email"}, {"Fixes": "switch-to-dns"}, {"Fixes": "renew-private"},
		},
	},
	"cloudformation/member-events.yml": {
		required: map[string]string{"BusArn": "arn:aws:events:eu-central-1:111122223333:event-bus/acmbot-events"},
		given: []map[string]string{
			{},
			{"BusArn": "arn:aws:events:eu-west-1:111122223333:event-bus/acmbot-events"},
			{"BusArn": "arn:aws:events:eu-central-1:444455556666:event-bus/acmbot-events"},
		},
	},
}

// everything switches on what there is.
var everything = map[string]string{
	"Image":            "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acmbot@sha256:" + strings.Repeat("0123456789abcdef", 4),
	"EcrRepositoryArn": "arn:aws:ecr:eu-central-1:111122223333:repository/acmbot",
	"Architecture":     "X86_64", "Size": "large", "Replicas": "3", "AssignPublicIp": "ENABLED",
	"MetricsSecurityGroupId": "sg-0123456789abcdef0",
	"Regions":                "eu-central-1,us-east-1,us-gov-west-1",
	"RoleArns":               "arn:aws:iam::444455556666:role/acmbot-read,arn:aws:iam::777788889999:role/acmbot-read",
	"ExternalId":             "a-long-random-word",
	"OrganizationId":         "o-a1b2c3d4e5",
	"ProbeAllow":             "10.0.0.0/8,fd00::/8",
	"Command":                "/certs", "Admins": "U0123456789,S0123456789",
	"AllowUsers": "members,guests,U0123456789", "AllowTeams": "T0123456789,E0123456789", "AllowChannels": "internal,shared,C0123456789",
	"ShowAccounts": "U0123456789,S0123456789,C0123456789", "UserRate": "5/1m", "Operator": "S0123456789",
	"DigestChannel": "C0123456789", "DigestTime": "08:30", "DigestTimeZone": "America/Argentina/Buenos_Aires", "DigestWeekdays": "true",
	"DigestRoutes": "tag:team=shop => C0123456789 @S0123456789, account:444455556666 => C1123456789",
	"Fixes":        "add-cname,add-caa,resend-email,switch-to-dns,publish-switch-records,renew-private",
	"FixUsers":     "U0123456789,S0123456789", "AuditChannel": "C0123456789",
	"AlarmTopicArn":  "arn:aws:sns:eu-central-1:111122223333:alarms",
	"TracesEndpoint": "https://otel.example.com/traces",
	"Alerts":         "off", "AlertEvery": "1h",
	"LogLevel": "debug", "LogRetentionDays": "365",
}

func readTemplate(t *testing.T, path string) *template {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := parseTemplate(text)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return tpl
}

// stacks are the template with each of its sets of values.
func stacks(tpl *template, known schemas, path string) []*stack {
	var list []*stack
	for _, given := range templates[path].given {
		values := maps.Clone(templates[path].required)
		maps.Copy(values, given)
		list = append(list, newStack(tpl, known, values))
	}
	return list
}

// check lists what is wrong with a template.
func check(tpl *template, known schemas, path string) []string {
	found := map[string]bool{}
	report := func(format string, args ...any) { found[fmt.Sprintf(format, args...)] = true }

	if tpl.AWSTemplateFormatVersion != "2010-09-09" || tpl.Description == "" {
		report("the version is %q, the description %q", tpl.AWSTemplateFormatVersion, tpl.Description)
	}
	used := map[string]bool{}
	names, conditions := tpl.references()
	for _, r := range names {
		used[r.name] = true
		_, isPseudo := pseudo[r.name]
		_, isParameter := tpl.Parameters[r.name]
		target, isResource := tpl.Resources[r.name]
		switch {
		case strings.HasPrefix(r.name, "!"):
		case isPseudo, isParameter:
			if r.attribute != "" {
				report("%s: %s has no attributes", r.where, r.name)
			}
		case !isResource:
			report("%s: there is neither a parameter nor a resource %s", r.where, r.name)
		case r.attribute != "" && known[target.Type].properties != nil && !known[target.Type].hasAttribute(r.attribute):
			report("%s: a %s has no attribute %s", r.where, target.Type, r.attribute)
		}
	}
	for _, r := range conditions {
		used["condition "+r.name] = true
		if _, ok := tpl.Conditions[r.name]; !ok {
			report("%s: there is no condition %s", r.where, r.name)
		}
	}
	for name := range tpl.Conditions {
		if !used["condition "+name] {
			report("the condition %s is not used", name)
		}
	}
	mapped := fmt.Sprint(tpl.Resources)
	for name := range tpl.Mappings {
		if !strings.Contains(mapped, name) {
			report("the mapping %s is not used", name)
		}
	}
	for name, p := range tpl.Parameters {
		if !used[name] {
			report("the parameter %s is not used", name)
		}
		if p.Description == "" {
			report("the parameter %s has no description", name)
		}
		if grouped := groups(tpl)[name]; grouped != 1 {
			report("the parameter %s is in %d groups of the console", name, grouped)
		}
	}
	for name := range groups(tpl) {
		if _, ok := tpl.Parameters[name]; !ok {
			report("the groups of the console have %s, which is no parameter", name)
		}
	}
	for name, r := range tpl.Resources {
		if known != nil && known[r.Type].properties == nil {
			report("resource %s: there is no resource type %s", name, r.Type)
		}
		for _, policy := range []string{r.DeletionPolicy, r.UpdateReplacePolicy} {
			if !slices.Contains([]string{"", "Delete", "Retain", "RetainExceptOnCreate"}, policy) {
				report("resource %s: %q is no policy", name, policy)
			}
		}
		for _, other := range textsIn(r.DependsOn) {
			if _, ok := tpl.Resources[other]; !ok {
				report("resource %s: depends on %s, which is not there", name, other)
			}
		}
	}

	sides := map[string]map[bool]bool{}
	for _, s := range stacks(tpl, known, path) {
		for _, p := range s.problems {
			report("%s", p)
		}
		if _, runs := s.resources["TaskDefinition"]; runs {
			for _, p := range s.production() {
				report("%s", p)
			}
		}
		for _, name := range s.refused {
			report("the rule %s refuses the parameters", name)
		}
		for name, holds := range s.conditions {
			if sides[name] == nil {
				sides[name] = map[bool]bool{}
			}
			sides[name][holds] = true
		}
		for name, r := range s.resources {
			if known[r.Type].properties == nil {
				continue
			}
			for _, p := range known[r.Type].validate(r.Properties) {
				report("resource %s: %s", name, p)
			}
		}
		for where, document := range s.policies() {
			if _, err := parsePolicy(document); err != nil {
				report("%s: %v", where, err)
			}
		}
	}
	for name := range tpl.Conditions {
		if len(sides[name]) != 2 {
			report("the condition %s is tried on one side only: %v", name, sides[name])
		}
	}
	return sorted(found)
}

// textsIn are a text or a list of texts.
func textsIn(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			list = append(list, fmt.Sprint(item))
		}
		return list
	}
	return nil
}

// groups counts in how many groups of the console's form each parameter is
// ("AWS::CloudFormation::Interface", AWS CloudFormation Template Reference,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-interface.html).
func groups(tpl *template) map[string]int {
	count := map[string]int{}
	form, _ := tpl.Metadata["AWS::CloudFormation::Interface"].(map[string]any)
	list, _ := form["ParameterGroups"].([]any)
	for _, item := range list {
		group, _ := item.(map[string]any)
		for _, name := range textsIn(group["Parameters"]) {
			count[name]++
		}
	}
	return count
}

// policies are all policy documents of a stack, by where they are.
func (s *stack) policies() map[string]any {
	found := map[string]any{}
	var walk func(where string, v any)
	walk = func(where string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				if strings.HasSuffix(key, "PolicyDocument") {
					found[where+"."+key] = value
				}
				walk(where+"."+key, value)
			}
		case []any:
			for i, item := range v {
				walk(fmt.Sprintf("%s[%d]", where, i), item)
			}
		}
	}
	for name, r := range s.resources {
		walk("resource "+name, r.Properties)
		if r.Type == "AWS::Events::EventBusPolicy" {
			found["resource "+name] = map[string]any{"Version": "2012-10-17", "Statement": []any{r.Properties["Statement"]}}
		}
	}
	return found
}

func types(tpl *template) []string {
	var list []string
	for _, r := range tpl.Resources {
		list = append(list, r.Type)
	}
	return list
}

func TestTemplatesAreWellFormed(t *testing.T) {
	paths, err := filepath.Glob("cloudformation/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sorted(templates), paths); diff != "" {
		t.Fatalf("the templates are others than the ones that this test knows (-known, +there):\n%s", diff)
	}
	for _, path := range paths {
		for _, problem := range check(readTemplate(t, path), nil, path) {
			t.Errorf("%s: %s", path, problem)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// The console shows other letters as question marks.
		for i, line := range strings.Split(string(text), "\n") {
			if strings.ContainsFunc(line, func(r rune) bool { return r > unicode.MaxASCII }) {
				t.Errorf("%s:%d: %s", path, i+1, line)
			}
		}
		// The limit of --template-body ("CloudFormation quotas", AWS
		// CloudFormation User Guide,
		// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
		if len(text) > 51_200 {
			t.Errorf("%s has %d bytes", path, len(text))
		}
	}
}

func TestTemplatesMatchTheResourceSchemas(t *testing.T) {
	for path := range templates {
		tpl := readTemplate(t, path)
		for _, problem := range check(tpl, readSchemas(t, types(tpl)), path) {
			t.Errorf("%s: %s", path, problem)
		}
	}
}

// rolePolicies are a role's inline policies by name, and the policy of who may
// assume it.
func (s *stack) rolePolicies(t *testing.T, name string) map[string]policy {
	t.Helper()
	role := s.resources[name]
	if role.Type != "AWS::IAM::Role" {
		t.Fatalf("%s is %q", name, role.Type)
	}
	got := map[string]policy{}
	add := func(name string, document any) {
		p, err := parsePolicy(document)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got[name] = p
	}
	add("trust", role.Properties["AssumeRolePolicyDocument"])
	inline, _ := role.Properties["Policies"].([]any)
	for _, item := range inline {
		p, _ := item.(map[string]any)
		add(fmt.Sprint(p["PolicyName"]), p["PolicyDocument"])
	}
	return got
}

func parsePolicy(document any) (policy, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return policy{}, err
	}
	return decodePolicy(text)
}

// filePolicies are the policies of the files, with what a stack has in the
// place of the examples in them.
func filePolicies(t *testing.T, instead *strings.Replacer, names ...string) map[string]policy {
	t.Helper()
	want := map[string]policy{}
	for _, name := range names {
		text, err := os.ReadFile("iam/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if want[name], err = decodePolicy([]byte(instead.Replace(string(text)))); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return want
}

// fixFiles are the policies that a list of fixes takes.
func fixFiles(list string) []string {
	var names []string
	for path, kinds := range fixPolicies {
		if slices.ContainsFunc(kinds, func(k fix.Kind) bool { return slices.Contains(strings.Split(list, ","), string(k)) }) {
			names = append(names, strings.TrimSuffix(filepath.Base(path), ".json"))
		}
	}
	return names
}

// The role in other accounts has the policies of the files, and of the fixes
// those that are asked for.
func TestMemberRoleMatchesThePolicies(t *testing.T) {
	const path = "cloudformation/member-role.yml"
	tpl := readTemplate(t, path)
	for _, s := range stacks(tpl, nil, path) {
		fixes := fmt.Sprint(s.parameters["Fixes"])
		want := filePolicies(t, strings.NewReplacer(), append(fixFiles(fixes), "trust", "read", "read-extra")...)
		if fixes != "" {
			want["doctor"] = partOf(t, "iam/doctor.json", "AskWhatFixesMayDo", list{"arn:aws:iam::" + testAccount + ":role/acmbot-read"})
		}
		if diff := cmp.Diff(want, s.rolePolicies(t, "Role")); diff != "" {
			t.Errorf("with the fixes %q the template differs from the policies (-policies, +template):\n%s", fixes, diff)
		}
	}
	// assume.json lets the bot enter roles of this name only.
	if name := tpl.Parameters["RoleName"].Default; name != "acmbot-read" {
		t.Errorf("the role is named %v", name)
	}
}

// The role that asks IAM about itself is the one that it asks about.
func TestTaskRoleAsksAboutItself(t *testing.T) {
	s := newStack(readTemplate(t, "cloudformation/acmbot.yml"), nil, templates["cloudformation/acmbot.yml"].required)
	asks := s.rolePolicies(t, "TaskRole")["doctor"].Statement[1].Resource[0]
	if itself := fmt.Sprint(s.attribute("", "TaskRole", "Arn")); !strings.HasSuffix(asks, "-*") || !strings.HasPrefix(itself, strings.TrimSuffix(asks, "*")) {
		t.Errorf("it asks about %s, and is %s", asks, itself)
	}
}

// The bot's own role has the policies of the files, for its own table and
// queue, and nothing that is not asked for.
func TestTaskRoleMatchesThePolicies(t *testing.T) {
	const path = "cloudformation/acmbot.yml"
	tpl := readTemplate(t, path)
	for _, s := range stacks(tpl, nil, path) {
		names := append(fixFiles(fmt.Sprint(s.parameters["Fixes"])), "read", "read-extra", "dynamodb", "events", "doctor")
		if s.parameters["RoleArns"] != "" {
			names = append(names, "assume")
		}
		want := filePolicies(t, strings.NewReplacer(
			"arn:aws:dynamodb:*:*:table/acmbot", fmt.Sprint(s.attribute("", "Table", "Arn")),
			"arn:aws:sqs:*:*:acmbot-events", fmt.Sprint(s.attribute("", "Queue", "Arn")),
			askedAbout, `"arn:aws:iam::`+testAccount+`:role/acmbot-TaskRole-*"`,
		), names...)
		want["secrets"] = partOf(t, "iam/secrets.json", "ReadSecrets", checkTokens(t, environment(t, s.container(t))))
		got := s.rolePolicies(t, "TaskRole")
		delete(got, "trust") // ECS, in the place of another account's role
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("with %v the template differs from the policies (-policies, +template):\n%s", s.parameters["Fixes"], diff)
		}
	}
}

// What a fix may write can be narrowed down in both roles.
func TestFixesCanBeNarrowed(t *testing.T) {
	narrow := map[string]string{
		"FixZoneArns":   "arn:aws:route53:::hostedzone/Z1,arn:aws:route53:::hostedzone/Z2",
		"FixCnameNames": "_????????????????????????????????.*example.com", "FixCaaNames": "example.org",
	}
	for path, role := range map[string]string{"cloudformation/acmbot.yml": "TaskRole", "cloudformation/member-role.yml": "Role"} {
		values := maps.Clone(templates[path].required)
		maps.Copy(values, narrow)
		values["Fixes"] = everything["Fixes"]
		if path == "cloudformation/acmbot.yml" {
			values["FixUsers"] = everything["FixUsers"]
		}
		s := newStack(readTemplate(t, path), nil, values)
		got := s.rolePolicies(t, role)
		want := filePolicies(t, strings.NewReplacer(
			`"arn:aws:route53:::hostedzone/*"`, `["arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::hostedzone/Z2"]`,
			`["_????????????????????????????????.*"]`, `"_????????????????????????????????.*example.com"`,
			`["example.com", "*.example.com"]`, `["example.org"]`,
		), "fix-route53-cname", "fix-route53-caa")
		for name := range want {
			if diff := cmp.Diff(want[name], got[name]); diff != "" {
				t.Errorf("%s: %s mismatch (-want, +got):\n%s", path, name, diff)
			}
		}
	}
}

// Parameters that do not go together are refused before anything is made.
func TestRulesRefuseWhatDoesNotWork(t *testing.T) {
	const path = "cloudformation/acmbot.yml"
	tpl := readTemplate(t, path)
	for name, given := range map[string]map[string]string{
		"FixesNeedPeople":                {"Fixes": "add-cname"},
		"OtherAccountsNeedTheExternalId": {"RoleArns": "arn:aws:iam::444455556666:role/acmbot-read"},
	} {
		values := maps.Clone(templates[path].required)
		maps.Copy(values, given)
		if diff := cmp.Diff([]string{name}, newStack(tpl, nil, values).refused); diff != "" {
			t.Errorf("%s mismatch (-want, +got):\n%s", name, diff)
		}
	}
	if len(tpl.Rules) != 2 {
		t.Errorf("there are %d rules", len(tpl.Rules))
	}
}

// eventPatterns are those of ACM's own events and of AWS Health's on ACM.
func eventPatterns(t *testing.T) map[string]any {
	t.Helper()
	return map[string]any{"acm": jsonObject(t, "events/pattern.json"), "health": jsonObject(t, "events/pattern-health.json")}
}

func TestEventRulesHaveThePatterns(t *testing.T) {
	count := 0
	for path := range templates {
		for name, r := range readTemplate(t, path).Resources {
			if r.Type != "AWS::Events::Rule" {
				continue
			}
			count++
			want := eventPatterns(t)["acm"]
			if strings.Contains(name, "Health") {
				want = eventPatterns(t)["health"]
			}
			if diff := cmp.Diff(want, r.Properties["EventPattern"]); diff != "" {
				t.Errorf("%s: %s mismatch (-pattern, +template):\n%s", path, name, diff)
			}
		}
	}
	if count != 6 {
		t.Errorf("there are %d rules", count)
	}
}

// Every rule that sends to the queue, and to the dead letters, may.
func TestQueuesTakeWhatTheRulesSend(t *testing.T) {
	const path = "cloudformation/acmbot.yml"
	for _, s := range stacks(readTemplate(t, path), nil, path) {
		var rules list
		for _, name := range sorted(s.resources) {
			if r := s.resources[name]; r.Type == "AWS::Events::Rule" {
				rules = append(rules, fmt.Sprint(s.attribute("", name, "Arn")))
				target, _ := items(r.Properties["Targets"])[0].(map[string]any)
				dead, _ := target["DeadLetterConfig"].(map[string]any)
				if target["Arn"] != s.attribute("", "Queue", "Arn") || dead["Arn"] != s.attribute("", "DeadLetters", "Arn") {
					t.Errorf("%s sends to %v", name, target)
				}
			}
		}
		for name, queue := range map[string]string{"QueuePolicy": "Queue", "DeadLettersPolicy": "DeadLetters"} {
			p, err := parsePolicy(s.resources[name].Properties["PolicyDocument"])
			if err != nil {
				t.Fatal(err)
			}
			sources := p.Statement[0].Condition["ArnEquals"]["aws:SourceArn"]
			slices.Sort(sources)
			if diff := cmp.Diff(rules, sources); diff != "" || p.Statement[0].Resource[0] != s.attribute("", queue, "Arn") {
				t.Errorf("%s mismatch (-rules, +policy):\n%s", name, diff)
			}
		}
	}
}

// Where a StackSet puts the rule beside the bot's own, it stays off, so that no
// event comes twice.
func TestEventsAreSentFromElsewhere(t *testing.T) {
	const path = "cloudformation/member-events.yml"
	var got []any
	for _, s := range stacks(readTemplate(t, path), nil, path) {
		got = append(got, s.resources["Rule"].Properties["State"], s.resources["HealthRule"].Properties["State"])
	}
	if diff := cmp.Diff([]any{"DISABLED", "DISABLED", "ENABLED", "ENABLED", "ENABLED", "ENABLED"}, got); diff != "" {
		t.Errorf("mismatch (-want, +got):\n%s", diff)
	}
}

var (
	commands   = regexp.MustCompile("(?s)```sh\n(.*?)```")
	oneCommand = regexp.MustCompile(`(?s)aws cloudformation .*?[^\\]\n`)
	overrides  = regexp.MustCompile(`\s([A-Z][A-Za-z]+)=(\S+)`)
	outputName = regexp.MustCompile(`output ([A-Z]\w+)`)
)

// The commands in README.md give parameters that there are, with values that
// they take, and those that have no default; and the outputs that they ask for
// are there.
func TestReadmesCommandsGiveParametersThatThereAre(t *testing.T) {
	text, err := os.ReadFile("cloudformation/README.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, block := range commands.FindAllStringSubmatch(string(text), -1) {
		for _, command := range oneCommand.FindAllString(block[1], -1) {
			_, file, ok := strings.Cut(command, "deploy/cloudformation/")
			_, list, isToo := strings.Cut(command, "parameter")
			if !ok || !isToo {
				continue
			}
			path := "cloudformation/" + strings.Fields(file)[0]
			seen[path]++
			values := maps.Clone(templates[path].required)
			if seen[path] == 1 {
				clear(values) // the first time, nothing is there from before
			}
			list = strings.NewReplacer("ParameterKey=", "", ",ParameterValue=", "=").Replace(list)
			for _, found := range overrides.FindAllStringSubmatch(list, -1) {
				values[found[1]] = found[2]
			}
			s := newStack(readTemplate(t, path), nil, values)
			for _, problem := range append(s.problems, s.refused...) {
				t.Errorf("%s\n%s", command, problem)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"cloudformation/acmbot.yml": 3, "cloudformation/member-role.yml": 2, "cloudformation/member-events.yml": 2}, seen); diff != "" {
		t.Errorf("the commands mismatch (-known, +there):\n%s", diff)
	}
	outputs := readTemplate(t, "cloudformation/acmbot.yml").Outputs
	for _, found := range outputName.FindAllStringSubmatch(string(text), -1) {
		if _, ok := outputs[found[1]]; !ok {
			t.Errorf("there is no output %s", found[1])
		}
	}
}
