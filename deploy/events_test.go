package deploy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/events"
)

func TestEventsPolicyMatchesTheProgram(t *testing.T) {
	p := read(t, "iam/events.json")
	if diff := cmp.Diff(events.Actions(), p.actions()); diff != "" {
		t.Errorf("mismatch (-calls, +allowed):\n%s", diff)
	}
	// One queue, and no other.
	for _, s := range p.Statement {
		if diff := cmp.Diff(list{"arn:aws:sqs:*:*:acmbot-events"}, s.Resource); diff != "" {
			t.Errorf("%s: resources mismatch (-want, +got):\n%s", s.Sid, diff)
		}
	}
}

// matches tells whether an event pattern matches an event, as far as patterns
// of exact values go ("Amazon EventBridge event patterns", Amazon EventBridge
// User Guide,
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html):
// each field of the pattern has one of the values listed.
func matches(t *testing.T, pattern, event any) bool {
	t.Helper()
	switch pattern := pattern.(type) {
	case map[string]any:
		fields, ok := event.(map[string]any)
		if !ok {
			return false
		}
		for name, inner := range pattern {
			if value, there := fields[name]; !there || !matches(t, inner, value) {
				return false
			}
		}
		return true
	case []any:
		for _, value := range pattern {
			if _, ok := value.(string); !ok {
				t.Fatalf("%v is no exact value", value)
			}
		}
		return slices.Contains(pattern, event)
	}
	t.Fatalf("%v does not belong into a pattern", pattern)
	return false
}

func jsonObject(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var o map[string]any
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return o
}

// Of all documented events, and of others that pass by on a bus, exactly ACM's
// and AWS Health's on ACM go to the queue; and those acmbot can read.
func TestEventPatternsLetThroughWhatTheProgramReads(t *testing.T) {
	own, health := jsonObject(t, "events/pattern.json"), jsonObject(t, "events/pattern-health.json")
	paths, err := filepath.Glob("../diagnose/testdata/events/*.json")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d events: %v", len(paths), err)
	}
	kinds := map[diagnose.EventKind]bool{}
	for _, path := range paths {
		event := jsonObject(t, path)
		isHealth := strings.HasPrefix(filepath.Base(path), "health")
		if matches(t, own, event) == isHealth || matches(t, health, event) != isHealth {
			t.Errorf("%s: pattern.json %v, pattern-health.json %v", path, matches(t, own, event), matches(t, health, event))
		}
		kinds[diagnose.EventKind(event["detail-type"].(string))] = true
	}
	for _, kind := range diagnose.EventKinds() {
		if !kinds[kind] {
			t.Errorf("no event is of %s", kind)
		}
	}
	for _, foreign := range []string{
		`{"source": "aws.acm", "detail-type": "AWS API Call via CloudTrail", "detail": {"eventSource": "acm.amazonaws.com"}}`,
		`{"source": "aws.acm-pca", "detail-type": "ACM Private CA Creation", "detail": {"result": "success"}}`,
		`{"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification", "detail": {"state": "pending"}}`,
		`{"source": "aws.health", "detail-type": "AWS Health Event", "detail": {"service": "EC2", "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE"}}`,
		`{"source": "aws.health", "detail-type": "AWS Health Event", "detail": {"service": "ACM", "eventTypeCode": "AWS_ACM_OPERATIONAL_ISSUE"}}`,
		`{"source": "my.app", "detail-type": "ACM Certificate Expired", "detail": {}}`,
		`{}`,
	} {
		var event map[string]any
		if err := json.Unmarshal([]byte(foreign), &event); err != nil {
			t.Fatal(err)
		}
		if matches(t, own, event) || matches(t, health, event) {
			t.Errorf("goes to the queue: %s", foreign)
		}
	}
	// What CloudFormation has is the same pattern.
	for path, name := range map[string]string{"cloudformation/acmbot.yml": "EventRule", "cloudformation/member-events.yml": "Rule"} {
		if diff := cmp.Diff(own, readTemplate(t, path).Resources[name].Properties["EventPattern"]); diff != "" {
			t.Errorf("%s (-pattern.json, +template):\n%s", path, diff)
		}
	}
}

// The page shows the files as they are.
func TestEventsReadmeShowsThePatterns(t *testing.T) {
	readme, err := os.ReadFile("events/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"events/pattern.json", "events/pattern-health.json"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(readme), "```json\n"+string(text)+"```") {
			t.Errorf("README.md does not show %s", path)
		}
	}
	// The message that it sends is one that acmbot takes.
	_, message, _ := strings.Cut(string(readme), "--message-body '")
	message, _, _ = strings.Cut(message, "'")
	if _, err := diagnose.ParseEvents([]byte(message)); err != nil {
		t.Errorf("%v: %s", err, message)
	}
	// Only the rules may send, and each may: EventBridge does not say so where
	// one may not. The AWS CLI makes one of each pattern, with a target.
	var rules list
	patterns := map[string]bool{}
	for _, found := range putRule.FindAllStringSubmatch(string(readme), -1) {
		rules = append(rules, "arn:aws:events:"+testRegion+":"+testAccount+":rule/"+found[1])
		patterns[found[2]] = true
		if !strings.Contains(string(readme), "put-targets --rule "+found[1]+" --targets Id=acmbot,Arn=arn:aws:sqs:"+testRegion+":"+testAccount+":acmbot-events\n") {
			t.Errorf("the rule %s sends nowhere", found[1])
		}
	}
	if diff := cmp.Diff([]string{"events/pattern-health.json", "events/pattern.json"}, sorted(patterns)); diff != "" {
		t.Errorf("rules mismatch (-patterns, +README.md):\n%s", diff)
	}
	p := read(t, "events/queue-policy.json")
	if len(p.Statement) != 1 || !slices.Equal(p.Statement[0].Principal["Service"], list{"events.amazonaws.com"}) {
		t.Fatalf("queue-policy.json: %+v", p.Statement)
	}
	if diff := cmp.Diff(rules, p.Statement[0].Condition["ArnEquals"]["aws:SourceArn"]); diff != "" {
		t.Errorf("who may send mismatch (-README.md, +queue-policy.json):\n%s", diff)
	}
}

var putRule = regexp.MustCompile(`aws events put-rule --name (\S+) --event-pattern file://deploy/(\S+)`)
