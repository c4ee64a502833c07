package deploy

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// production lists what no schema sees and only shows when the stack runs: in
// the container's life, and on the way of an event to the program.
func (s *stack) production() []string {
	var found []string
	report := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	of := func(name string) map[string]any { return s.resources[name].Properties }
	object := func(v any) map[string]any { o, _ := v.(map[string]any); return o }
	number := func(v any) float64 { n, _ := v.(float64); return n }

	var container map[string]any
	for _, item := range items(of("TaskDefinition")["ContainerDefinitions"]) {
		container = object(item)
	}
	// The limits are ECS's ("HealthCheck", Amazon ECS API Reference,
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html).
	// The program gives itself five seconds, and opening the state can take a
	// minute and more.
	health := object(container["HealthCheck"])
	if diff := cmp.Diff([]any{"CMD", "acmbot", "health"}, health["Command"]); diff != "" {
		report("the health check is another one than whether the program runs, asked without a shell: %v", health["Command"])
	}
	for name, limits := range map[string][2]float64{"Interval": {5, 60}, "Timeout": {6, 60}, "Retries": {2, 10}, "StartPeriod": {120, 300}} {
		if n := number(health[name]); n < limits[0] || n > limits[1] {
			report("the health check's %s is %v, and not from %v to %v", name, health[name], limits[0], limits[1])
		}
	}
	// ECS counts a copy that has started as one that works, even if it ends at
	// once, unless there is a health check that it did not pass ("How the Amazon
	// ECS deployment circuit breaker detects failures", Amazon ECS Developer
	// Guide, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html).
	deployment := object(of("Service")["DeploymentConfiguration"])
	breaker := object(deployment["DeploymentCircuitBreaker"])
	if breaker["Enable"] != true || breaker["Rollback"] != true || health == nil {
		report("a new version that does not work is not taken back")
	}
	// Fargate's longest is 120.
	if n := number(container["StopTimeout"]); n < 20 || n > 120 {
		report("the program is killed after %v s, and takes up to 15 to end", container["StopTimeout"])
	}

	queue, dead := of("Queue"), of("DeadLetters")
	redrive := object(queue["RedrivePolicy"])
	if redrive["deadLetterTargetArn"] != s.attribute("", "DeadLetters", "Arn") || number(redrive["maxReceiveCount"]) < 3 {
		report("what cannot be handled goes to %v", redrive)
	}
	// A message keeps its age when it moves there.
	if number(dead["MessageRetentionPeriod"]) <= number(queue["MessageRetentionPeriod"]) {
		report("dead letters are kept for %v s, and letters for %v", dead["MessageRetentionPeriod"], queue["MessageRetentionPeriod"])
	}
	for name, q := range map[string]map[string]any{"Queue": queue, "DeadLetters": dead} {
		// With a key of KMS, EventBridge would have to be let use it.
		if q["SqsManagedSseEnabled"] != true || q["KmsMasterKeyId"] != nil {
			report("%s is not encrypted in a way that lets EventBridge send to it", name)
		}
	}

	// Events of this account's other regions come by the bus, too.
	takes := false
	for _, r := range s.resources {
		if r.Type != "AWS::Events::EventBusPolicy" || r.Properties["EventBusName"] != s.ref("", "Bus") {
			continue
		}
		principal := object(object(r.Properties["Statement"])["Principal"])
		takes = takes || principal["AWS"] == "arn:aws:iam::"+testAccount+":root"
	}
	if !takes || s.outputs["BusArn"] != s.attribute("", "Bus", "Arn") {
		report("nobody takes the events of this account's other regions")
	}

	for name, r := range s.resources {
		switch r.Type {
		case "AWS::CloudWatch::Alarm":
			if s.parameters["AlarmTopicArn"] != "" && (r.Properties["AlarmActions"] == nil || r.Properties["OKActions"] == nil) {
				report("nobody hears of the alarm %s, or of its end", name)
			}
		case "AWS::DynamoDB::Table":
			recovery, expiry := object(r.Properties["PointInTimeRecoverySpecification"]), object(r.Properties["TimeToLiveSpecification"])
			if recovery["PointInTimeRecoveryEnabled"] != true || expiry["Enabled"] != true {
				report("the table cannot be put back, or keeps everything for ever")
			}
			fallthrough
		case "AWS::Logs::LogGroup":
			if r.DeletionPolicy != "RetainExceptOnCreate" || r.UpdateReplacePolicy != "Retain" {
				report("%s is lost with the stack", name)
			}
		}
	}
	// Who starts the program reads no token, and lets nobody else in.
	for _, role := range []string{"TaskRole", "ExecutionRole"} {
		text := fmt.Sprint(of(role)["Policies"])
		if strings.Contains(text, "secretsmanager:") != (role == "TaskRole") || strings.Contains(text, "logs:") == (role == "TaskRole") {
			report("%s has rights of the other role", role)
		}
		trust, err := parsePolicy(of(role)["AssumeRolePolicyDocument"])
		if err != nil || trust.Statement[0].Condition["ArnLike"]["aws:SourceArn"] == nil || trust.Statement[0].Condition["StringEquals"]["aws:SourceAccount"] == nil {
			report("%s lets in tasks of other accounts: %v", role, err)
		}
	}
	slices.Sort(found)
	return found
}

// The question that the health check asks finds its listener with the settings
// that the program has, and is known to the program.
func TestTheHealthCheckAsksTheProgram(t *testing.T) {
	const path = "cloudformation/acmbot.yml"
	binary, err := program()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stacks(readTemplate(t, path), nil, path) {
		plain := environment(t, s.container(t))
		status, said := ask(t, binary, plain)
		// Nobody has that port here, or a bot.
		if status > 1 || status == 1 && !strings.Contains(said, "answers at "+plain["ACMBOT_HEALTH_LISTEN"]) {
			t.Errorf("status %d: %s", status, said)
		}
	}
	if status, said := ask(t, binary, nil); status != 1 || !strings.Contains(said, "ACMBOT_HEALTH_LISTEN is not set") {
		t.Errorf("without a listener: status %d: %s", status, said)
	}
}

var (
	stage       = regexp.MustCompile(`(?m)^FROM .*$`)
	entrypoint  = regexp.MustCompile(`(?m)^ENTRYPOINT \["(/\S+)/acmbot"\]$`)
	healthcheck = regexp.MustCompile(`(?m)^HEALTHCHECK .*CMD \["acmbot", "health"\]$`)
	listens     = regexp.MustCompile(`(?m)^ENV .*\bACMBOT_HEALTH_LISTEN=127\.0\.0\.1:\d+`)
)

// checkDockerfile says what is wrong with the image's last stage.
func checkDockerfile(text string) []string {
	var found []string
	stages := stage.FindAllStringIndex(text, -1)
	if len(stages) == 0 {
		return []string{"there is no stage"}
	}
	last := text[stages[len(stages)-1][0]:]
	// Docker's own PATH, and that of the distroless images.
	path := strings.Split("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ":")
	if match := entrypoint.FindStringSubmatch(last); match == nil || !slices.Contains(path, match[1]) || !strings.Contains(last, " "+match[1]+"/acmbot\n") {
		found = append(found, "the program is not where the health check of ECS looks for it")
	}
	if !healthcheck.MatchString(last) {
		found = append(found, "nobody asks whether the program runs, or more than that is asked")
	}
	if !listens.MatchString(last) {
		found = append(found, "the program listens nowhere to be asked, or to others")
	}
	if !strings.Contains(last, "\nUSER 65532:65532\n") {
		found = append(found, "the user is another one")
	}
	return found
}

func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("container/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range checkDockerfile(string(text)) {
		t.Error(problem)
	}
	for _, m := range []struct{ from, to, says string }{
		{`"acmbot", "health"`, `"acmbot", "health", "--ready"`, "more than that is asked"},
		{`CMD ["acmbot", "health"]`, "CMD acmbot health", "nobody asks"},
		{"/acmbot /usr/local/bin/acmbot", "/acmbot /acmbot", "is not where"},
		{`ENTRYPOINT ["/usr/local/bin/acmbot"]`, `ENTRYPOINT ["/opt/acmbot"]`, "is not where"},
		{"ACMBOT_HEALTH_LISTEN=127.0.0.1:8081", "ACMBOT_HEALTH_LISTEN=:8081", "to others"},
		{"USER 65532:65532\n", "", "the user"},
	} {
		if !strings.Contains(string(text), m.from) {
			t.Fatalf("the Dockerfile has no %q", m.from)
		}
		if found := checkDockerfile(strings.Replace(string(text), m.from, m.to, 1)); !strings.Contains(strings.Join(found, "\n"), m.says) {
			t.Errorf("%q for %q: %q", m.to, m.from, found)
		}
	}
}
