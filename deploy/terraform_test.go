package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

const (
	rootModule   = "terraform"
	roleModule   = "terraform/modules/member-role"
	eventsModule = "terraform/modules/member-events"
	exampleOfAll = "terraform/examples/complete"
)

// checkModules lists what is wrong with the modules; instead has other text for
// one file of one of them.
func checkModules(known providerSchema, folder, file, text string) []string {
	all := map[string]*module{}
	var problems []string
	for _, path := range []string{rootModule, roleModule, eventsModule, exampleOfAll} {
		instead := map[string]string{}
		if path == folder {
			instead[file] = text
		}
		m, err := readModule(path, instead)
		if err != nil {
			return []string{path + ": " + err.Error()}
		}
		all[path] = m
	}
	for _, path := range sorted(all) {
		m := all[path]
		m.checkFormat()
		m.checkReferences(all, known)
		m.checkCalls(all)
		if known.Resources != nil {
			m.checkSchemas(known)
		}
		if m.settings == nil {
			m.problems = append(m.problems, "no version is asked for")
		}
		for _, p := range m.problems {
			problems = append(problems, path+"/"+p)
		}
	}
	return problems
}

// providerTypes are the types that the modules use, and those of mistakes.
func providerTypes(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, path := range []string{rootModule, roleModule, eventsModule, exampleOfAll} {
		m, err := readModule(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name := range m.resources {
			resourceType, _, _ := strings.Cut(name, ".")
			found[resourceType] = true
		}
		for name := range m.data {
			resourceType, _, _ := strings.Cut(name, ".")
			found["data."+resourceType] = true
		}
	}
	return found
}

func TestModulesAreWellFormed(t *testing.T) {
	for _, problem := range checkModules(providerSchema{}, "", "", "") {
		t.Error(problem)
	}
	var folders []string
	err := filepath.WalkDir(rootModule, func(path string, entry os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".tf") && !slices.Contains(folders, filepath.Dir(path)) {
			folders = append(folders, filepath.Dir(path))
		}
		return err
	})
	if diff := cmp.Diff([]string{rootModule, exampleOfAll, eventsModule, roleModule}, slices.Sorted(slices.Values(folders))); err != nil || diff != "" {
		t.Errorf("the modules are others than the ones that these tests know (-known, +there), %v:\n%s", err, diff)
	}
}

func TestModulesMatchTheProvidersSchema(t *testing.T) {
	for _, problem := range checkModules(readProviderSchema(t, providerTypes(t)), "", "", "") {
		t.Error(problem)
	}
}

// Where there is Terraform itself, it has a look, too. It cannot validate
// without the provider, which comes from HashiCorp's registry only.
func TestModulesAreFormattedForTerraform(t *testing.T) {
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("terraform is not on this machine; hclwrite, which is its own, has had a look in TestModulesAreWellFormed")
	}
	cmd := exec.Command(terraform, "fmt", "-check", "-diff", "-recursive", rootModule)
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE=/dev/null", "CHECKPOINT_DISABLE=1")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// Terraform itself validates and plans the example, with a provider that has the
// schema of the real one and makes nothing.
func TestTerraformPlansTheExample(t *testing.T) {
	terraform, err := exec.LookPath("terraform")
	if err != nil || os.Getenv("CI") == "" {
		t.Skip("takes Terraform, and CI=true, since it fetches what a provider is made of")
	}
	folder := t.TempDir()
	schema, err := json.Marshal(allTypes(t))
	if err != nil {
		t.Fatal(err)
	}
	mirror := filepath.Join(folder, "mirror", "registry.terraform.io", "hashicorp", "aws", "6.25.0", runtime.GOOS+"_"+runtime.GOARCH)
	build := exec.Command("go", "build", "-o", filepath.Join(mirror, "terraform-provider-aws_v6.25.0"), ".")
	build.Dir, build.Env = "../.ci/provider", append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	configuration := "provider_installation {\n  filesystem_mirror {\n    path = \"" + filepath.Join(folder, "mirror") + "\"\n  }\n}\n"
	for name, text := range map[string]string{"schema.json": string(schema), "terraform.rc": configuration} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(folder, "deploy"), os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	run := func(arguments ...string) string {
		cmd := exec.Command(terraform, arguments...)
		cmd.Dir = filepath.Join(folder, "deploy", exampleOfAll)
		cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_VAR_external_id=a-long-random-word",
			"TF_CLI_CONFIG_FILE="+filepath.Join(folder, "terraform.rc"), "ACMBOT_PROVIDER_SCHEMA="+filepath.Join(folder, "schema.json"))
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("terraform %v: %v\n%s", arguments, err, text)
		}
		return string(text)
	}
	run("init", "-no-color", "-input=false")
	run("validate", "-no-color")
	if text := run("plan", "-no-color", "-input=false"); !strings.Contains(text, "0 to change, 0 to destroy.") || strings.Contains(text, "Warning") {
		t.Errorf("the plan is\n%s", text)
	}
}

// terraformMistakes are like mistakes, for the modules.
var terraformMistakes = []struct {
	name, folder, file, from, to, says string
	schema                             bool
}{
	{name: "no such variable", file: "main.tf", from: "desired_count                      = var.replicas", to: "desired_count                      = var.replica", says: "no var.replica"},
	{name: "no such local", file: "main.tf", from: "count = local.has_metrics ? 1 : 0", to: "count = local.have_metrics ? 1 : 0", says: "no local.have_metrics"},
	{name: "no such resource", file: "outputs.tf", from: "aws_ecs_cluster.this.name", to: "aws_ecs_cluster.main.name", says: "no aws_ecs_cluster.main"},
	{name: "no such data source", file: "main.tf", from: "data.aws_region.current.region", to: "data.aws_region.here.region", says: "no data.aws_region.here"},
	{name: "a variable that nothing uses", file: "main.tf", from: "= var.log_level", to: "= \"info\"", says: "variable log_level is not used"},
	{name: "a local that nothing uses", file: "iam.tf", from: "  iam = \"${path.module}/../iam\"", to: "  iam = \"${path.module}/../iam\"\n  eam = 1", says: "local.eam is not used"},
	{name: "not formatted", file: "state.tf", from: "  hash_key                    = \"pk\"", to: "  hash_key = \"pk\"", says: "state.tf:0: is not formatted"},
	{name: "one of several", file: "events.tf", from: "[for rule in aws_cloudwatch_event_rule.this : rule.arn]", to: "[aws_cloudwatch_event_rule.this.arn]", says: "it is the other way around"},
	{name: "several of one", file: "outputs.tf", from: "aws_ecs_service.this.name", to: "aws_ecs_service.this[0].name", says: "it is the other way around"},
	{name: "twice", file: "outputs.tf", from: "output \"table_name\"", to: "output \"queue_url\"", says: "output queue_url is there twice"},
	{name: "a variable without a type", file: "variables.tf", from: "  description = \"The VPC that the subnets are in.\"\n  type        = string", to: "  description = \"The VPC that the subnets are in.\"", says: "vpc_id has no type"},
	{name: "a condition on another variable", file: "variables.tf", from: "contains([\"ARM64\", \"X86_64\"], var.architecture)", to: "contains([\"ARM64\", \"X86_64\"], var.size)", says: "not to itself"},
	{name: "a module without what it needs", folder: exampleOfAll, file: "main.tf", from: "  bus_arn = module.acmbot.bus_arn\n", to: "", says: "module shop_events needs bus_arn"},
	{name: "a module with what it does not take", folder: exampleOfAll, file: "main.tf", from: "  bus_arn = module.acmbot.bus_arn", to: "  bus_urn = module.acmbot.bus_arn", says: "no variable bus_urn"},
	{name: "a module's output that is not there", folder: exampleOfAll, file: "main.tf", from: "module.acmbot.bus_arn", to: "module.acmbot.bus", says: "no output bus"},
	{name: "a module from nowhere", folder: exampleOfAll, file: "main.tf", from: "\"../../modules/member-role\"", to: "\"../../modules/role\"", says: "comes from nowhere"},
	{name: "no such provider", folder: exampleOfAll, file: "main.tf", from: "providers = { aws = aws.shop }", to: "providers = { aws = aws.shops }", says: "no provider aws.shops"},
	{name: "does not parse", file: "iam.tf", from: "resource \"aws_iam_role\" \"task\" {", to: "resource \"aws_iam_role\" task\" {", says: "iam.tf"},

	{name: "no such argument", file: "main.tf", from: "  enable_execute_command             = false", to: "  enable_execute_commands            = false", says: "no argument enable_execute_commands", schema: true},
	{name: "no such argument further in", file: "main.tf", from: "    rollback = true", to: "    rollbock = true", says: "no argument rollbock", schema: true},
	{name: "an argument missing", file: "main.tf", from: "    rollback = true\n", to: "", says: "needs rollback", schema: true},
	{name: "no such block", file: "state.tf", from: "  point_in_time_recovery {", to: "  point_in_time_recoveries {", says: "no block point_in_time_recoveries", schema: true},
	{name: "a block too many", file: "state.tf", from: "  point_in_time_recovery {", to: "  ttl {\n    enabled = false\n  }\n\n  point_in_time_recovery {", says: "one block ttl at most", schema: true},
	{name: "a block for an argument", file: "main.tf", from: "  tags                               = var.tags\n\n  deployment", to: "  tags {}\n\n  deployment", says: "no block tags", schema: true},
	{name: "no such attribute", file: "outputs.tf", from: "aws_sqs_queue.events.url", to: "aws_sqs_queue.events.uri", says: "no attribute uri", schema: true},
	{name: "no such attribute of a data source", file: "main.tf", from: "data.aws_region.current.region", to: "data.aws_region.current.code", says: "no attribute code", schema: true},
	{name: "no such attribute in a text", file: "main.tf", from: "dynamodb:${aws_dynamodb_table.state.name}", to: "dynamodb:${aws_dynamodb_table.state.table_name}", says: "no attribute table_name", schema: true},
	{name: "no such type", folder: eventsModule, file: "main.tf", from: "resource \"aws_cloudwatch_event_target\"", to: "resource \"aws_eventbridge_target\"", says: "no resource aws_eventbridge_target", schema: true},
	{name: "the other modules", folder: roleModule, file: "main.tf", from: "max_session_duration", to: "max_session_lifetime", says: "no argument max_session_lifetime", schema: true},
}

func TestPlantedMistakesInModulesAreFound(t *testing.T) {
	for _, m := range terraformMistakes {
		t.Run(m.name, func(t *testing.T) {
			folder := m.folder
			if folder == "" {
				folder = rootModule
			}
			text, err := os.ReadFile(filepath.Join(folder, m.file))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), m.from) {
				t.Fatalf("%s has no %q", m.file, m.from)
			}
			var known providerSchema
			if m.schema {
				known = allTypes(t)
			}
			problems := checkModules(known, folder, m.file, strings.Replace(string(text), m.from, m.to, 1))
			if !strings.Contains(strings.Join(problems, "\n"), m.says) {
				t.Errorf("what is found does not say %q:\n%s", m.says, strings.Join(problems, "\n"))
			}
		})
	}
}

var schemaOfAll providerSchema

// allTypes is the provider's schema, read once for all mistakes.
func allTypes(t *testing.T) providerSchema {
	t.Helper()
	if schemaOfAll.Resources == nil {
		schemaOfAll = readProviderSchema(t, providerTypes(t))
	}
	return schemaOfAll
}

func texts(list ...string) cty.Value {
	values := []cty.Value{}
	for _, text := range list {
		values = append(values, cty.StringVal(text))
	}
	return cty.TupleVal(values)
}

// least are the variables that have no default.
var least = map[string]cty.Value{
	"image": cty.StringVal("ghcr.io/your-org/acmbot:v1.2.3"), "vpc_id": cty.StringVal("vpc-0123456789abcdef0"),
	"subnet_ids": texts("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
}

// most switches on what there is, as everything does for the template.
var most = map[string]cty.Value{
	"image": cty.StringVal(everything["Image"]), "vpc_id": least["vpc_id"], "subnet_ids": least["subnet_ids"],
	"ecr_repository_arn": cty.StringVal(everything["EcrRepositoryArn"]),
	"architecture":       cty.StringVal("X86_64"), "size": cty.StringVal("large"), "replicas": cty.NumberIntVal(3), "assign_public_ip": cty.True,
	"metrics_security_group_id": cty.StringVal(everything["MetricsSecurityGroupId"]),
	"regions":                   texts(strings.Split(everything["Regions"], ",")...),
	"role_arns":                 texts(strings.Split(everything["RoleArns"], ",")...),
	"external_id":               cty.StringVal(everything["ExternalId"]),
	"organization_id":           cty.StringVal(everything["OrganizationId"]),
	"probe_allow":               texts(strings.Split(everything["ProbeAllow"], ",")...),
	"command":                   cty.StringVal(everything["Command"]),
	"access": cty.ObjectVal(map[string]cty.Value{
		"users": texts(strings.Split(everything["AllowUsers"], ",")...), "teams": texts(strings.Split(everything["AllowTeams"], ",")...),
		"channels": texts(strings.Split(everything["AllowChannels"], ",")...), "show_accounts": texts(strings.Split(everything["ShowAccounts"], ",")...),
		"user_rate": cty.StringVal(everything["UserRate"]), "operator": cty.StringVal(everything["Operator"]),
	}),
	"admins": texts(strings.Split(everything["Admins"], ",")...),
	"digest": cty.ObjectVal(map[string]cty.Value{
		"channel": cty.StringVal(everything["DigestChannel"]), "time": cty.StringVal(everything["DigestTime"]),
		"time_zone": cty.StringVal(everything["DigestTimeZone"]), "weekdays": cty.True,
		"routes": texts("tag:team=shop => C0123456789 @S0123456789", " account:444455556666 => C1123456789"),
	}),
	"alerts":        cty.ObjectVal(map[string]cty.Value{"enabled": cty.False, "every": cty.StringVal("1h")}),
	"fixes":         texts(strings.Split(everything["Fixes"], ",")...),
	"fix_users":     texts(strings.Split(everything["FixUsers"], ",")...),
	"audit_channel": cty.StringVal(everything["AuditChannel"]), "log_level": cty.StringVal("debug"), "log_retention_days": cty.NumberIntVal(365),
	"traces_endpoint":  cty.StringVal(everything["TracesEndpoint"]),
	"alarm_topic_arns": texts(everything["AlarmTopicArn"]),
}

// with is a set of values with one more.
func with(given map[string]cty.Value, name string, value cty.Value) map[string]cty.Value {
	values := maps.Clone(given)
	values[name] = value
	return values
}

func planOf(t *testing.T, folder string, given map[string]cty.Value) *plan {
	t.Helper()
	m, err := readModule(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.plan(t, given)
}

// planPolicies are the policies of a plan.
func planPolicies(t *testing.T, p *plan) map[string]policy {
	t.Helper()
	got := map[string]policy{}
	role := p.resources["aws_iam_role_policy.task"] // or, of the role in other accounts:
	if role == cty.NilVal {
		role = p.resources["aws_iam_role_policy.this"]
	}
	for name, one := range role.AsValueMap() {
		text := one.GetAttr("policy").AsString()
		var err error
		if got[name], err = decodePolicy([]byte(text)); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	return got
}

// The roles that the modules make have the policies of the files, of the fixes
// those that are asked for, and no wider than is said.
func TestModulesMatchThePolicies(t *testing.T) {
	own := strings.NewReplacer(
		"arn:aws:dynamodb:*:*:table/acmbot", "arn:aws:dynamodb:"+testRegion+":"+testAccount+":table/acmbot",
		"arn:aws:sqs:*:*:acmbot-events", "arn:aws:sqs:"+testRegion+":"+testAccount+":aws_sqs_queue-events",
		askedAbout, `"arn:aws:iam::`+testAccount+`:role/acmbot-task-*"`,
	)
	all := strings.Split(everything["Fixes"], ",")
	for _, given := range append([][]string{nil, all}, singles(all)...) {
		fixes := strings.Join(given, ",")
		values := maps.Clone(least)
		values["fixes"], values["fix_users"] = texts(given...), texts("U0123456789")
		names := append(fixFiles(fixes), "read", "read-extra")
		p := planOf(t, rootModule, values)
		want := filePolicies(t, own, append(names, "dynamodb", "events", "doctor")...)
		want["secrets"] = partOf(t, "iam/secrets.json", "ReadSecrets", checkTokens(t, p.environment(t)))
		if diff := cmp.Diff(want, planPolicies(t, p)); diff != "" {
			t.Errorf("with the fixes %q the bot's role differs from the policies (-policies, +module):\n%s", fixes, diff)
		}
		member := map[string]cty.Value{"bot_role_arn": cty.StringVal("arn:aws:iam::111122223333:role/acmbot"), "external_id": cty.StringVal("a-long-random-word"), "fixes": texts(given...)}
		p = planOf(t, roleModule, member)
		want = filePolicies(t, strings.NewReplacer(), names...)
		if given != nil {
			want["doctor"] = partOf(t, "iam/doctor.json", "AskWhatFixesMayDo", list{"arn:aws:iam::" + testAccount + ":role/acmbot-read"})
		}
		if diff := cmp.Diff(want, planPolicies(t, p)); diff != "" {
			t.Errorf("with the fixes %q the role in other accounts differs from the policies (-policies, +module):\n%s", fixes, diff)
		}
		trust, err := decodePolicy([]byte(p.locals["trust"].AsString()))
		if diff := cmp.Diff(filePolicies(t, strings.NewReplacer(), "trust")["trust"], trust); err != nil || diff != "" {
			t.Errorf("the trust differs, %v (-policy, +module):\n%s", err, diff)
		}
	}
}

func singles(list []string) [][]string {
	var each [][]string
	for _, item := range list {
		each = append(each, []string{item})
	}
	return each
}

// The variables reach the policies.
func TestModulesPoliciesCanBeNarrowed(t *testing.T) {
	narrow := strings.NewReplacer(
		"arn:aws:dynamodb:*:*:table/acmbot", "arn:aws:dynamodb:"+testRegion+":"+testAccount+":table/acmbot",
		"arn:aws:sqs:*:*:acmbot-events", "arn:aws:sqs:"+testRegion+":"+testAccount+":aws_sqs_queue-events",
		askedAbout, `"arn:aws:iam::`+testAccount+`:role/acmbot-task-*"`,
		`"Resource": "arn:aws:route53:::hostedzone/*",`+"\n      \"Condition\"", `"Resource": ["arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::hostedzone/Z2"], "Condition"`,
		`["_????????????????????????????????.*"]`, `"_????????????????????????????????.*example.com"`,
		`["example.com", "*.example.com"]`, `["example.org"]`,
		"role/acmbot-read", "role/certificates",
	)
	values := maps.Clone(most)
	values["fix_zone_arns"] = texts("arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::hostedzone/Z2")
	values["fix_cname_names"], values["fix_caa_names"] = texts("_????????????????????????????????.*example.com"), texts("example.org")
	values["member_role_name"] = cty.StringVal("certificates")
	member := maps.Clone(values)
	names := append(fixFiles(everything["Fixes"]), "read", "read-extra")
	p := planOf(t, rootModule, values)
	want := filePolicies(t, narrow, append(names, "dynamodb", "events", "doctor", "assume")...)
	want["secrets"] = partOf(t, "iam/secrets.json", "ReadSecrets", checkTokens(t, p.environment(t)))
	if diff := cmp.Diff(want, planPolicies(t, p)); diff != "" {
		t.Errorf("the bot's role mismatch (-want, +got):\n%s", diff)
	}
	member["bot_role_arn"] = cty.StringVal("arn:aws:iam::111122223333:role/other")
	p = planOf(t, roleModule, member)
	want = filePolicies(t, narrow, names...)
	want["doctor"] = partOf(t, "iam/doctor.json", "AskWhatFixesMayDo", list{"arn:aws:iam::" + testAccount + ":role/acmbot-read"})
	if diff := cmp.Diff(want, planPolicies(t, p)); diff != "" {
		t.Errorf("the role in other accounts mismatch (-want, +got):\n%s", diff)
	}
	if trust, err := decodePolicy([]byte(p.locals["trust"].AsString())); err != nil || trust.Statement[0].Principal["AWS"][0] != "arn:aws:iam::111122223333:role/other" {
		t.Errorf("the trust is %+v, %v", trust, err)
	}
}

// each are a resource's instances: one has an id, and several have keys.
func each(r cty.Value) []cty.Value {
	if r.Type().IsObjectType() && r.Type().HasAttribute("id") {
		return []cty.Value{r}
	}
	return r.AsValueSlice()
}

// Every policy document in the modules is sound.
func TestModulesPoliciesAreWellFormed(t *testing.T) {
	count := 0
	for folder, given := range map[string]map[string]cty.Value{rootModule: most, eventsModule: {"bus_arn": cty.StringVal("arn:aws:events:eu-central-1:111122223333:event-bus/acmbot-events")}} {
		for name, r := range planOf(t, folder, given).resources {
			for _, one := range each(r) {
				for _, attribute := range []string{"policy", "assume_role_policy"} {
					if !one.Type().HasAttribute(attribute) {
						continue
					}
					count++
					if _, err := decodePolicy([]byte(one.GetAttr(attribute).AsString())); err != nil {
						t.Errorf("%s: %s: %v", folder, name, err)
					}
				}
			}
		}
	}
	if count != 20 {
		t.Errorf("there are %d policies", count)
	}
}

// container decodes a plan's container definitions.
func (p *plan) container(t *testing.T) map[string]any {
	t.Helper()
	var list []map[string]any
	text := p.resources["aws_ecs_task_definition.this"].GetAttr("container_definitions").AsString()
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	return list[0]
}

// environment are the container's variables.
func (p *plan) environment(t *testing.T) map[string]string {
	t.Helper()
	container, _ := upperKeys(p.container(t), false).(map[string]any)
	return environment(t, container)
}

// upperKeys writes the container as CloudFormation does.
func upperKeys(v any, free bool) any {
	switch v := v.(type) {
	case map[string]any:
		object := map[string]any{}
		for key, value := range v {
			upper := key
			if !free {
				upper = strings.ToUpper(key[:1]) + key[1:]
			}
			object[upper] = upperKeys(value, key == "options")
		}
		return object
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, upperKeys(item, free))
		}
		return list
	}
	return v
}

// The module runs the same container with the same settings as the template
// does, which its own tests look at, and the program takes them.
func TestModuleRunsTheContainerOfTheTemplate(t *testing.T) {
	tpl := readTemplate(t, "cloudformation/acmbot.yml")
	for name, sets := range map[string]struct {
		given  map[string]cty.Value
		values map[string]string
	}{
		"least": {least, nil},
		"most":  {most, everything},
	} {
		values := maps.Clone(templates["cloudformation/acmbot.yml"].required)
		maps.Copy(values, sets.values)
		s := newStack(tpl, nil, values)
		want := s.container(t)
		got, _ := upperKeys(planOf(t, rootModule, sets.given).container(t), false).(map[string]any)
		wantPlain, gotPlain := environment(t, want), environment(t, got)
		checkTokens(t, gotPlain)
		if complaints := complaints(t, gotPlain); complaints != nil {
			t.Errorf("%s:\n%s", name, strings.Join(complaints, "\n"))
		}
		// The names that AWS gives are others.
		wantPlain["ACMBOT_STATE"] = "dynamodb:acmbot"
		for _, given := range []string{"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "ACMBOT_EVENTS_QUEUE_URL"} {
			wantPlain[given] = gotPlain[given]
		}
		if diff := cmp.Diff(wantPlain, gotPlain); diff != "" {
			t.Errorf("%s: settings mismatch (-template, +module):\n%s", name, diff)
		}
		if len(items(got["PortMappings"])) == 0 {
			delete(got, "PortMappings")
		}
		options := got["LogConfiguration"].(map[string]any)["Options"].(map[string]any)
		options["awslogs-group"] = s.ref("", "LogGroup")
		delete(want, "Environment")
		delete(got, "Environment")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the container mismatch (-template, +module):\n%s", name, diff)
		}
	}
}

// The module's table, network, events and alarms are those of the template.
func TestModuleMakesWhatTheTemplateMakes(t *testing.T) {
	values := maps.Clone(templates["cloudformation/acmbot.yml"].required)
	maps.Copy(values, everything)
	// Where nobody is alerted, events are left in the queue, and may wait.
	if _, rings := newStack(readTemplate(t, "cloudformation/acmbot.yml"), nil, values).resources["EventsWait"]; rings || values["Alerts"] != "off" {
		t.Error("the template's alarm on waiting events would ring for ever")
	}
	if planOf(t, rootModule, most).resources["aws_cloudwatch_metric_alarm.this"].Type().HasAttribute("events-wait") {
		t.Error("the module's alarm on waiting events would ring for ever")
	}
	values["Alerts"] = "on"
	s := newStack(readTemplate(t, "cloudformation/acmbot.yml"), nil, values)
	p := planOf(t, rootModule, with(most, "alerts", cty.ObjectVal(map[string]cty.Value{"enabled": cty.True, "every": cty.StringVal("1h")})))

	table := p.resources["aws_dynamodb_table.state"]
	want := programsTable(t)
	got := tableShape{Key: map[string]string{}, TimeToLive: table.GetAttr("ttl").AsValueSlice()[0].GetAttr("attribute_name").AsString()}
	for _, attribute := range table.GetAttr("attribute").AsValueSlice() {
		got.Key[attribute.GetAttr("name").AsString()] = attribute.GetAttr("type").AsString()
	}
	if diff := cmp.Diff(want, got); diff != "" || table.GetAttr("hash_key").AsString() != "pk" || table.GetAttr("range_key").AsString() != "sk" {
		t.Errorf("table mismatch (-program, +module):\n%s", diff)
	}

	rules := map[string]bool{}
	for _, r := range p.resources["aws_vpc_security_group_egress_rule.this"].AsValueMap() {
		to := r.GetAttr("cidr_ipv4")
		if to.IsNull() {
			to = r.GetAttr("cidr_ipv6")
		}
		from, _ := r.GetAttr("from_port").AsBigFloat().Int64()
		until, _ := r.GetAttr("to_port").AsBigFloat().Int64()
		rules[fmt.Sprint(r.GetAttr("ip_protocol").AsString(), " ", from, "-", until, " ", to.AsString(), " ", r.GetAttr("description").AsString())] = true
	}
	wantRules := map[string]bool{}
	for _, item := range items(s.resources["SecurityGroup"].Properties["SecurityGroupEgress"]) {
		r := item.(map[string]any)
		to := r["CidrIp"]
		if to == nil {
			to = r["CidrIpv6"]
		}
		wantRules[fmt.Sprint(r["IpProtocol"], " ", r["FromPort"], "-", r["ToPort"], " ", to, " ", r["Description"])] = true
	}
	if diff := cmp.Diff(wantRules, rules); diff != "" {
		t.Errorf("egress mismatch (-template, +module):\n%s", diff)
	}

	events := planOf(t, eventsModule, map[string]cty.Value{"bus_arn": cty.StringVal("arn:aws:events:eu-central-1:111122223333:event-bus/acmbot-events")})
	for name, rules := range map[string]cty.Value{
		rootModule: p.resources["aws_cloudwatch_event_rule.this"], eventsModule: events.resources["aws_cloudwatch_event_rule.this"],
	} {
		want := eventPatterns(t)
		if name == rootModule {
			want["elsewhere-acm"], want["elsewhere-health"] = want["acm"], want["health"]
		}
		got := map[string]any{}
		for key, rule := range rules.AsValueMap() {
			var pattern any
			if err := json.Unmarshal([]byte(rule.GetAttr("event_pattern").AsString()), &pattern); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got[key] = pattern
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: patterns mismatch (-patterns, +module):\n%s", name, diff)
		}
	}

	// The rules send to the queue, which lets all of them, as the dead letters do.
	arns := list{}
	for _, rule := range each(p.resources["aws_cloudwatch_event_rule.this"]) {
		arns = append(arns, rule.GetAttr("arn").AsString())
	}
	for name, queue := range map[string]string{"events": "events", "dead-letters": "dead_letters"} {
		one := p.resources["aws_sqs_queue_policy.this"].GetAttr(name)
		takes, err := decodePolicy([]byte(one.GetAttr("policy").AsString()))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(arns, takes.Statement[0].Condition["ArnEquals"]["aws:SourceArn"]); diff != "" || takes.Statement[0].Resource[0] != p.resources["aws_sqs_queue."+queue].GetAttr("arn").AsString() {
			t.Errorf("%s mismatch (-rules, +policy):\n%s", name, diff)
		}
	}
	for _, target := range each(p.resources["aws_cloudwatch_event_target.this"]) {
		if target.GetAttr("arn").AsString() != p.resources["aws_sqs_queue.events"].GetAttr("arn").AsString() {
			t.Errorf("a rule sends to %#v", target)
		}
	}

	alarms := p.resources["aws_cloudwatch_metric_alarm.this"]
	labels := map[string]string{
		"NobodyRuns": "nobody-runs", "FewerRun": "fewer-run", "NotConnected": "not-connected", "DeadLettersWait": "dead-letters-wait", "EventsWait": "events-wait", "DigestMissed": "digest-missed",
	}
	if alarms.LengthInt() != len(labels) {
		t.Errorf("there are %d alarms", alarms.LengthInt())
	}
	if idle := planOf(t, rootModule, with(most, "replicas", cty.NumberIntVal(0))).resources["aws_cloudwatch_metric_alarm.this"]; idle.LengthInt() != 1 {
		t.Errorf("without copies there are alarms on them: %#v", idle)
	}
	for name, label := range labels {
		properties := s.resources[name].Properties
		alarm := alarms.GetAttr(label)
		for key, attribute := range map[string]string{
			"AlarmDescription": "alarm_description", "Namespace": "namespace", "MetricName": "metric_name", "Statistic": "statistic", "Period": "period",
			"EvaluationPeriods": "evaluation_periods", "ComparisonOperator": "comparison_operator", "Threshold": "threshold", "TreatMissingData": "treat_missing_data",
		} {
			text, err := convert.Convert(alarm.GetAttr(attribute), cty.String)
			if err != nil || text.AsString() != fmt.Sprint(properties[key]) {
				t.Errorf("%s: %s is %v, and in the template %v", name, attribute, text, properties[key])
			}
		}
		for _, attribute := range []string{"alarm_actions", "ok_actions"} {
			actions := []any{}
			for _, action := range alarm.GetAttr(attribute).AsValueSlice() {
				actions = append(actions, action.AsString())
			}
			if diff := cmp.Diff(items(properties["AlarmActions"]), actions); diff != "" {
				t.Errorf("%s: %s mismatch (-template, +module):\n%s", name, attribute, diff)
			}
		}
	}
	for name, label := range map[string]string{"DigestsPosted": "digests_posted", "SilentMinutes": "silent_minutes"} {
		filter, _ := s.resources[name].Properties["FilterPattern"].(string)
		if got := p.resources["aws_cloudwatch_log_metric_filter."+label].AsValueSlice()[0].GetAttr("pattern").AsString(); got != filter {
			t.Errorf("the filter is %q, and in the template %q", got, filter)
		}
	}
}

// The bus lets in whom the template's lets in.
func TestModulesBusTakesWhatTheTemplatesTakes(t *testing.T) {
	tpl := readTemplate(t, "cloudformation/acmbot.yml")
	for _, sets := range []struct {
		given  map[string]cty.Value
		values map[string]string
	}{{least, nil}, {most, everything}} {
		values := maps.Clone(templates["cloudformation/acmbot.yml"].required)
		maps.Copy(values, sets.values)
		s, p := newStack(tpl, nil, values), planOf(t, rootModule, sets.given)
		var want policy
		for _, name := range []string{"BusPolicy", "OrganizationBusPolicy"} {
			if r, ok := s.resources[name]; ok {
				one, err := parsePolicy(map[string]any{"Version": "2012-10-17", "Statement": []any{r.Properties["Statement"]}})
				if err != nil {
					t.Fatal(err)
				}
				want.Version, want.Statement = one.Version, append(want.Statement, one.Statement...)
			}
		}
		arn := p.resources["aws_cloudwatch_event_bus.elsewhere"].GetAttr("arn").AsString()
		for i := range want.Statement {
			want.Statement[i].Resource = list{arn}
		}
		got, err := decodePolicy([]byte(p.resources["aws_cloudwatch_event_bus_policy.elsewhere"].GetAttr("policy").AsString()))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("mismatch, %v (-template, +module):\n%s", err, diff)
		}
	}
}

// What does not go together is refused, as by the template's rules.
func TestModuleRefusesWhatDoesNotWork(t *testing.T) {
	for variable, part := range map[string]struct {
		value cty.Value
		says  string
	}{
		"fixes":           {texts("add-cname"), "fix_users says who may"},
		"role_arns":       {texts("arn:aws:iam::444455556666:role/acmbot-read"), "external_id is missing"},
		"architecture":    {cty.StringVal("ARM"), "ARM64 or X86_64"},
		"replicas":        {cty.NumberIntVal(4), "From 0 to 3"},
		"organization_id": {cty.StringVal("acme"), "o-a1b2c3d4e5"},
		"extra_settings":  {cty.ObjectVal(map[string]cty.Value{"SLACK_BOT_TOKEN": cty.StringVal("xoxb-1")}), "kept in secrets"},
	} {
		if got := planOf(t, rootModule, with(least, variable, part.value)).refused; len(got) != 1 || !strings.Contains(got[0], part.says) {
			t.Errorf("%s: %q", variable, got)
		}
	}
	for name, values := range map[string]map[string]cty.Value{"least": least, "most": most} {
		if got := planOf(t, rootModule, values).refused; got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
	for word, count := range map[string]int{"a-long-random-word": 0, "a-short-word": 1, "a long random word": 1} {
		member := map[string]cty.Value{"bot_role_arn": cty.StringVal("arn:aws:iam::111122223333:role/acmbot"), "external_id": cty.StringVal(word)}
		if got := planOf(t, roleModule, member).refused; len(got) != count {
			t.Errorf("%q: %q", word, got)
		}
	}
}
