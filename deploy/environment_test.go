package deploy

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/acmbot/acmbot/cmd/acmbot/secrets"
)

// knownSettings are the settings that the program has, from the table in
// README.md, which a test of the program keeps equal to its code.
func knownSettings(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "<!-- settings:begin -->")
	table, _, _ = strings.Cut(table, "<!-- settings:end -->")
	var names []string
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, found := range regexp.MustCompile("`([A-Z0-9_]+)`").FindAllStringSubmatch(cells[1], -1) {
			names = append(names, found[1])
		}
	}
	if len(names) < 20 {
		t.Fatalf("the table of settings in README.md has %q only", names)
	}
	return names
}

// runtimeSettings are Go's own.
var runtimeSettings = []string{"GOMEMLIMIT"}

// program builds acmbot, once for all tests.
var program = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "acmbot-deploy")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "acmbot")
	text, err := exec.Command("go", "build", "-o", path, "../cmd/acmbot").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building acmbot: %w\n%s", err, text)
	}
	return path, nil
})

// complaints is what acmbot says of its settings: all that is wrong with them,
// before it talks to anybody. The bot token is wrong by intent, so that it does
// not start, and what is said of it is left out.
func complaints(t *testing.T, environment map[string]string) []string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "run")
	cmd.Env = []string{"HOME=" + t.TempDir(), "AWS_REGION=" + testRegion, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true"}
	for name, value := range environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, "SLACK_BOT_TOKEN=wrong", "SLACK_APP_TOKEN=xapp-1-A0123456789-1-0123456789abcdef")
	text, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 78 || !strings.Contains(string(text), "SLACK_BOT_TOKEN") {
		t.Fatalf("acmbot ended with %v:\n%s", err, text)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "SLACK_BOT_TOKEN") {
			lines = append(lines, line)
		}
	}
	return lines
}

// ask runs acmbot health with these settings, and gives its status and what it
// says.
func ask(t *testing.T, path string, environment map[string]string) (int, string) {
	t.Helper()
	cmd := exec.Command(path, "health")
	cmd.Env = []string{"HOME=" + t.TempDir()}
	for name, value := range environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	text, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// container is the one container of a stack.
func (s *stack) container(t *testing.T) map[string]any {
	t.Helper()
	list, _ := s.resources["TaskDefinition"].Properties["ContainerDefinitions"].([]any)
	if len(list) != 1 {
		t.Fatalf("there are %d containers", len(list))
	}
	container, _ := list[0].(map[string]any)
	return container
}

// environment are a container's variables. There are no others than these, from
// files or secrets that ECS would fetch.
func environment(t *testing.T, container map[string]any) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, item := range items(container["Environment"]) {
		pair, _ := item.(map[string]any)
		name, isText := pair["Name"].(string)
		value, isAlso := pair["Value"].(string)
		if _, twice := found[name]; twice || !isText || !isAlso {
			t.Errorf("%v is no variable, or there is another one of the name", item)
		}
		found[name] = value
	}
	for _, other := range []string{"Secrets", "EnvironmentFiles"} {
		if container[other] != nil {
			t.Errorf("there are %s: %v", other, container[other])
		}
	}
	return found
}

// checkTokens makes sure that the tokens are references to secrets, and gives
// their ARNs.
func checkTokens(t *testing.T, environment map[string]string) list {
	t.Helper()
	var places list
	for _, name := range []string{"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"} {
		r, ok, err := secrets.Parse(environment[name])
		if !ok || err != nil || r.Kind != secrets.SecretsManager || r.Region != testRegion {
			t.Errorf("%s is %q: %v", name, environment[name], err)
		}
		places = append(places, r.Place)
	}
	return places
}

// partOf is one statement of a policy, for these resources.
func partOf(t *testing.T, path, sid string, resources list) policy {
	t.Helper()
	p := read(t, path)
	for _, s := range p.Statement {
		if s.Sid == sid {
			s.Resource = resources
			p.Statement = append(p.Statement[:0], s)
			return p
		}
	}
	t.Fatalf("%s has no %s", path, sid)
	return p
}

// What the template sets are settings of the program, with values that it
// takes, whatever the parameters.
func TestTheProgramTakesTheStacksSettings(t *testing.T) {
	const path = "cloudformation/acmbot.yml"
	tpl := readTemplate(t, path)
	known := append(knownSettings(t), runtimeSettings...)
	for i, s := range stacks(tpl, nil, path) {
		plain := environment(t, s.container(t))
		checkTokens(t, plain)
		for name := range plain {
			if !slices.Contains(known, name) {
				t.Errorf("%s is no setting", name)
			}
		}
		if got := complaints(t, plain); got != nil {
			t.Errorf("with the parameters %v:\n%s", templates[path].given[i], strings.Join(got, "\n"))
		}
	}
}

// The test above sees what the program does not take.
func TestTheProgramComplainsOfSettings(t *testing.T) {
	for name, value := range map[string]string{
		"ACMBOT_REGIONS": "the moon", "ACMBOT_FIX": "add-mx", "ACMBOT_DIGEST_TIME": "25:00", "ACMBOT_STATE": "dynamodb:a b", "ACMBOT_REGION": "eu-central-1",
	} {
		if got := complaints(t, map[string]string{name: value}); len(got) != 1 || !strings.Contains(got[0], name) {
			t.Errorf("%s=%s: %q", name, value, got)
		}
	}
}

// The container may do nothing but run.
func TestTheContainerIsLockedDown(t *testing.T) {
	const path = "cloudformation/acmbot.yml"
	for _, s := range stacks(readTemplate(t, path), nil, path) {
		container := s.container(t)
		got := map[string]any{}
		for _, name := range []string{"User", "Privileged", "ReadonlyRootFilesystem", "LinuxParameters", "Command", "EntryPoint", "MountPoints", "DependsOn"} {
			got[name] = container[name]
		}
		want := map[string]any{
			"User": "65532:65532", "Privileged": false, "ReadonlyRootFilesystem": true, "Command": []any{"run"},
			"LinuxParameters": map[string]any{"Capabilities": map[string]any{"Drop": []any{"ALL"}}},
			"EntryPoint":      nil, "MountPoints": nil, "DependsOn": nil,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("mismatch (-want, +got):\n%s", diff)
		}
		if s.resources["Service"].Properties["EnableExecuteCommand"] != false {
			t.Error("commands can be run in the container")
		}
	}
}

// What goes out is what deploy/README.md lists, and what comes in is the
// metrics, if anything: to one port everywhere.
func TestTheNetworkIsClosed(t *testing.T) {
	const path = "cloudformation/acmbot.yml"
	for _, s := range stacks(readTemplate(t, path), nil, path) {
		group := s.resources["SecurityGroup"].Properties
		out := map[string]bool{}
		for _, item := range items(group["SecurityGroupEgress"]) {
			r := item.(map[string]any)
			if r["FromPort"] != r["ToPort"] {
				t.Errorf("%v is a range", r)
			}
			to := r["CidrIp"]
			if to == nil {
				to = r["CidrIpv6"]
			}
			out[fmt.Sprint(r["IpProtocol"], " ", r["FromPort"], " ", to)] = true
		}
		want := []string{"tcp 443 0.0.0.0/0", "tcp 443 ::/0", "tcp 53 0.0.0.0/0", "tcp 53 ::/0", "tcp 80 0.0.0.0/0", "tcp 80 ::/0", "udp 53 0.0.0.0/0", "udp 53 ::/0"}
		if diff := cmp.Diff(want, sorted(out)); diff != "" {
			t.Errorf("egress mismatch (-want, +got):\n%s", diff)
		}
		plain := environment(t, s.container(t))
		in, ports := items(group["SecurityGroupIngress"]), items(s.container(t)["PortMappings"])
		switch {
		case s.parameters["MetricsSecurityGroupId"] == "":
			if in != nil || ports != nil || plain["ACMBOT_HEALTH_LISTEN"] != "127.0.0.1:8081" {
				t.Errorf("open without need: %v, %v, %q", in, ports, plain["ACMBOT_HEALTH_LISTEN"])
			}
		case len(in) != 1 || len(ports) != 1:
			t.Errorf("open: %v, %v", in, ports)
		default:
			r, p := in[0].(map[string]any), ports[0].(map[string]any)
			port := fmt.Sprint(p["ContainerPort"])
			if plain["ACMBOT_HEALTH_LISTEN"] != ":"+port || fmt.Sprint(r["FromPort"]) != port || fmt.Sprint(r["ToPort"]) != port || r["SourceSecurityGroupId"] != s.parameters["MetricsSecurityGroupId"] {
				t.Errorf("the metrics are at %q, and open is %v", plain["ACMBOT_HEALTH_LISTEN"], r)
			}
		}
	}
}

func items(v any) []any {
	list, _ := v.([]any)
	return list
}

// A new version can start beside the old one, and Slack, which allows an app ten
// connections ("Using Socket Mode", Slack,
// https://docs.slack.dev/apis/events-api/using-socket-mode), has room for
// both: each copy has two, and opens a third where Slack is about to end one.
func TestDeploymentsHaveRoom(t *testing.T) {
	tpl := readTemplate(t, "cloudformation/acmbot.yml")
	for replicas := 1; replicas <= int(*tpl.Parameters["Replicas"].MaxValue); replicas++ {
		values := maps.Clone(templates["cloudformation/acmbot.yml"].required)
		values["Replicas"] = fmt.Sprint(replicas)
		s := newStack(tpl, nil, values)
		of, _ := s.resources["Service"].Properties["DeploymentConfiguration"].(map[string]any)
		// As ECS rounds ("DeploymentConfiguration", Amazon ECS API Reference,
		// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html).
		fewest := math.Ceil(float64(replicas) * of["MinimumHealthyPercent"].(float64) / 100)
		most := math.Floor(float64(replicas) * of["MaximumPercent"].(float64) / 100)
		if most <= float64(replicas) || fewest < 1 || most*2+1 > 10 {
			t.Errorf("of %d copies there are %v to %v meanwhile", replicas, fewest, most)
		}
		module := planOf(t, rootModule, with(least, "replicas", cty.NumberIntVal(int64(replicas)))).resources["aws_ecs_service.this"]
		if got, _ := module.GetAttr("deployment_maximum_percent").AsBigFloat().Float64(); got != of["MaximumPercent"] {
			t.Errorf("%d copies: the module has %v %%", replicas, got)
		}
	}
}

// The sizes are some that Fargate has ("Task definition differences for
// Fargate", Amazon ECS Developer Guide,
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html),
// and Go keeps a tenth away from the limit.
func TestSizesAreFargates(t *testing.T) {
	sizes := map[string][]string{"256": {"512", "1024", "2048"}, "512": {"1024", "2048", "3072", "4096"}, "1024": {"2048", "3072", "4096"}}
	tpl := readTemplate(t, "cloudformation/acmbot.yml")
	var names []string
	for _, v := range tpl.Parameters["Size"].AllowedValues {
		names = append(names, fmt.Sprint(v))
	}
	if diff := cmp.Diff(sorted(tpl.Mappings["Sizes"]), slices.Sorted(slices.Values(names))); diff != "" {
		t.Errorf("mismatch (-mapping, +parameter):\n%s", diff)
	}
	for name, size := range tpl.Mappings["Sizes"] {
		var memory, limit int
		_, err := fmt.Sscanf(fmt.Sprint(size["Memory"], " ", size["GoMemory"]), "%d %dMiB", &memory, &limit)
		if err != nil || !slices.Contains(sizes[fmt.Sprint(size["Cpu"])], fmt.Sprint(size["Memory"])) || limit*100 < memory*85 || limit*100 > memory*91 {
			t.Errorf("%s is %v: %v", name, size, err)
		}
	}
}

// The alarm on lost connections counts the lines that the program writes while it
// has none.
func TestSilenceLineIsTheProgramsOwn(t *testing.T) {
	source, err := os.ReadFile("../bot/socket.go")
	if err != nil {
		t.Fatal(err)
	}
	s := newStack(readTemplate(t, "cloudformation/acmbot.yml"), nil, templates["cloudformation/acmbot.yml"].required)
	filter, alarm := s.resources["SilentMinutes"].Properties, s.resources["NotConnected"].Properties
	line := regexp.MustCompile(`^\{ \$\.msg = ("[^"]+") \}$`).FindStringSubmatch(fmt.Sprint(filter["FilterPattern"]))
	if line == nil || !strings.Contains(string(source), `log.Error(`+line[1]+`)`) {
		t.Errorf("bot/socket.go does not log what %q counts", filter["FilterPattern"])
	}
	transformation, _ := items(filter["MetricTransformations"])[0].(map[string]any)
	if transformation["MetricName"] != alarm["MetricName"] || transformation["MetricNamespace"] != alarm["Namespace"] {
		t.Errorf("the alarm watches another metric than %v", transformation)
	}
	// A line a minute, of which one may fall into the next period.
	if alarm["Period"] != 300.0 || alarm["Threshold"] != 3.0 || alarm["Statistic"] != "Sum" {
		t.Errorf("the alarm rings for more than %v lines in %v s", alarm["Threshold"], alarm["Period"])
	}
}

// The alarm on the digest counts the lines that the program writes.
func TestDigestLineIsTheProgramsOwn(t *testing.T) {
	source, err := os.ReadFile("../bot/digest.go")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`log\.Info(Context)?\((ctx, )?"posted a digest", "channel", t\.Channel,`).Match(source) {
		t.Error("bot/digest.go does not log what the alarm counts")
	}
	values := maps.Clone(templates["cloudformation/acmbot.yml"].required)
	maps.Copy(values, everything)
	s := newStack(readTemplate(t, "cloudformation/acmbot.yml"), nil, values)
	filter, alarm := s.resources["DigestsPosted"].Properties, s.resources["DigestMissed"].Properties
	if want := `{ $.msg = "posted a digest" && $.channel = "C0123456789" }`; filter["FilterPattern"] != want {
		t.Errorf("the pattern is %q, not %q", filter["FilterPattern"], want)
	}
	transformation, _ := items(filter["MetricTransformations"])[0].(map[string]any)
	if transformation["MetricName"] != alarm["MetricName"] || transformation["MetricNamespace"] != alarm["Namespace"] {
		t.Errorf("the alarm watches another metric than %v", transformation)
	}
	// From Friday to Monday, an hour more where the clocks are put back.
	if alarm["EvaluationPeriods"] != 74.0 || alarm["Period"] != 3600.0 {
		t.Errorf("the alarm takes %v periods of %v s", alarm["EvaluationPeriods"], alarm["Period"])
	}
}
