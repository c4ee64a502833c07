package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"testing"

	"github.com/zclconf/go-cty/cty"

	iam "github.com/acmbot/acmbot/diagnose/world/awsapi/policy"
)

// A verdict is a request, and what has to come of it by a policy that lets
// others in. What roles may do is in the files of iam, with which the templates
// and modules agree; those are put into force in diagnose/world/awsapi.
type verdict struct {
	name   string
	caller string
	action string
	keys   map[string][]string
	want   iam.Decision
}

// judge evaluates requests for a resource of the account, whose callers' own
// policies allow all.
func judge(t *testing.T, where string, document any, resource string, verdicts []verdict) {
	t.Helper()
	text, is := document.(string)
	if !is {
		encoded, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		text = string(encoded)
	}
	p, err := decodePolicy([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	d, err := iam.Parse(text, p.kind())
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	everything := []iam.Document{{Statement: []iam.Statement{{Effect: "Allow", Action: []string{"*"}, Resource: []string{"*"}}}}}
	for _, v := range verdicts {
		keys := map[string][]string{"aws:SecureTransport": {"true"}}
		maps.Copy(keys, v.keys)
		r := iam.Request{Action: v.action, Resource: resource, Caller: v.caller, Keys: keys}
		if got := iam.Evaluate(r, everything, &iam.Guard{Document: d, Kind: p.kind(), Account: testAccount}).Decision; got != v.want {
			t.Errorf("%s: %s: %v, want %v", where, v.name, got, v.want)
		}
	}
}

type keys = map[string][]string

const (
	testTask   = "arn:aws:ecs:" + testRegion + ":" + testAccount + ":task/acmbot/0123"
	otherRole  = "arn:aws:sts::444455556666:assumed-role/sender/session"
	botSession = "arn:aws:sts::" + testAccount + ":assumed-role/acmbot/session"
)

// ECS starts tasks of the account with the roles, and nobody else takes them.
func tasks() []verdict {
	source := func(account, arn string) keys { return keys{"aws:SourceAccount": {account}, "aws:SourceArn": {arn}} }
	return []verdict{
		{"a task", "ecs-tasks.amazonaws.com", "sts:AssumeRole", source(testAccount, testTask), iam.Allowed},
		{"a task of another account", "ecs-tasks.amazonaws.com", "sts:AssumeRole", source("444455556666", "arn:aws:ecs:"+testRegion+":444455556666:task/acmbot/0123"), iam.ImplicitDeny},
		{"a task of another region", "ecs-tasks.amazonaws.com", "sts:AssumeRole", source(testAccount, "arn:aws:ecs:us-east-1:"+testAccount+":task/acmbot/0123"), iam.ImplicitDeny},
		{"no task at all", "ecs-tasks.amazonaws.com", "sts:AssumeRole", nil, iam.ImplicitDeny},
		{"another service", "ec2.amazonaws.com", "sts:AssumeRole", source(testAccount, testTask), iam.ImplicitDeny},
		{"a role of the account", botSession, "sts:AssumeRole", source(testAccount, testTask), iam.ImplicitDeny},
		{"a role of another account", otherRole, "sts:AssumeRole", source(testAccount, testTask), iam.ImplicitDeny},
	}
}

// A queue takes what its rules send, and nothing without TLS.
func senders(rules []string) []verdict {
	list := []verdict{
		{"another rule", "events.amazonaws.com", "sqs:SendMessage", keys{"aws:SourceArn": {"arn:aws:events:" + testRegion + ":" + testAccount + ":rule/other"}}, iam.ImplicitDeny},
		{"another account's rule", "events.amazonaws.com", "sqs:SendMessage", keys{"aws:SourceArn": {"arn:aws:events:" + testRegion + ":444455556666:rule/acmbot"}}, iam.ImplicitDeny},
		{"no rule", "events.amazonaws.com", "sqs:SendMessage", nil, iam.ImplicitDeny},
		{"a rule that receives", "events.amazonaws.com", "sqs:ReceiveMessage", keys{"aws:SourceArn": {rules[0]}}, iam.ImplicitDeny},
		{"another service", "sns.amazonaws.com", "sqs:SendMessage", keys{"aws:SourceArn": {rules[0]}}, iam.ImplicitDeny},
		{"the bot", botSession, "sqs:ReceiveMessage", nil, iam.Allowed},
		{"the bot without TLS", botSession, "sqs:ReceiveMessage", keys{"aws:SecureTransport": {"false"}}, iam.ExplicitDeny},
		{"another account", otherRole, "sqs:SendMessage", nil, iam.ImplicitDeny},
	}
	for _, rule := range rules {
		list = append(list, verdict{"the rule " + rule, "events.amazonaws.com", "sqs:SendMessage", keys{"aws:SourceArn": {rule}}, iam.Allowed})
	}
	return list
}

// The bus takes events of the organization only.
func organization(id string) []verdict {
	return []verdict{
		{"the organization", otherRole, "events:PutEvents", keys{"aws:PrincipalOrgID": {id}}, iam.Allowed},
		{"another organization", otherRole, "events:PutEvents", keys{"aws:PrincipalOrgID": {"o-other"}}, iam.ImplicitDeny},
		{"no organization", otherRole, "events:PutEvents", nil, iam.ImplicitDeny},
		{"another action", otherRole, "events:PutRule", keys{"aws:PrincipalOrgID": {id}}, iam.ImplicitDeny},
	}
}

// And those of the account, which come from its other regions.
func thisAccount() verdict {
	return verdict{"the account", botSession, "events:PutEvents", nil, iam.Allowed}
}

// EventBridge sends to the bus as a role, for rules of the account.
func busSender() []verdict {
	return []verdict{
		{"EventBridge", "events.amazonaws.com", "sts:AssumeRole", keys{"aws:SourceAccount": {testAccount}}, iam.Allowed},
		{"EventBridge for another account", "events.amazonaws.com", "sts:AssumeRole", keys{"aws:SourceAccount": {"444455556666"}}, iam.ImplicitDeny},
		{"another service", "sns.amazonaws.com", "sts:AssumeRole", keys{"aws:SourceAccount": {testAccount}}, iam.ImplicitDeny},
	}
}

// The role that reads lets the bot's role in, with the external id.
func readers() []verdict {
	id := func(word string) keys { return keys{"sts:ExternalId": {word}} }
	return []verdict{
		{"the bot", botSession, "sts:AssumeRole", id("a-long-random-word"), iam.Allowed},
		{"the bot with another external id", botSession, "sts:AssumeRole", id("a-long-random-wor"), iam.ImplicitDeny},
		{"the bot without", botSession, "sts:AssumeRole", nil, iam.ImplicitDeny},
		{"another role", "arn:aws:sts::" + testAccount + ":assumed-role/other/session", "sts:AssumeRole", id("a-long-random-word"), iam.ImplicitDeny},
		{"a role of that name elsewhere", "arn:aws:sts::444455556666:assumed-role/acmbot/session", "sts:AssumeRole", id("a-long-random-word"), iam.ImplicitDeny},
		{"a user of that name", "arn:aws:iam::" + testAccount + ":user/acmbot", "sts:AssumeRole", id("a-long-random-word"), iam.ImplicitDeny},
	}
}

func TestTemplatesLetInWhomTheyShould(t *testing.T) {
	values := maps.Clone(templates["cloudformation/acmbot.yml"].required)
	maps.Copy(values, everything)
	s := newStack(readTemplate(t, "cloudformation/acmbot.yml"), nil, values)
	of := func(s *stack, resource, property string) any { return s.resources[resource].Properties[property] }
	arn := func(name string) string { return fmt.Sprint(s.attribute("", name, "Arn")) }
	for _, role := range []string{"TaskRole", "ExecutionRole"} {
		judge(t, role, of(s, role, "AssumeRolePolicyDocument"), arn(role), tasks())
	}
	var rules []string
	for _, name := range sorted(s.resources) {
		if s.resources[name].Type == "AWS::Events::Rule" {
			rules = append(rules, arn(name))
		}
	}
	judge(t, "Queue", of(s, "QueuePolicy", "PolicyDocument"), arn("Queue"), senders(rules))
	judge(t, "DeadLetters", of(s, "DeadLettersPolicy", "PolicyDocument"), arn("DeadLetters"), senders(rules))
	judge(t, "Bus", s.policies()["resource BusPolicy"], arn("Bus"), []verdict{thisAccount(), {"another account", otherRole, "events:PutEvents", keys{"aws:PrincipalOrgID": {everything["OrganizationId"]}}, iam.ImplicitDeny}})
	judge(t, "Bus of an organization", s.policies()["resource OrganizationBusPolicy"], arn("Bus"), organization(everything["OrganizationId"]))

	s = newStack(readTemplate(t, "cloudformation/member-events.yml"), nil, templates["cloudformation/member-events.yml"].required)
	judge(t, "the role that sends", of(s, "Role", "AssumeRolePolicyDocument"), "*", busSender())
	s = newStack(readTemplate(t, "cloudformation/member-role.yml"), nil, templates["cloudformation/member-role.yml"].required)
	judge(t, "the role that reads", of(s, "Role", "AssumeRolePolicyDocument"), "*", readers())
}

func TestModulesLetInWhomTheyShould(t *testing.T) {
	p := planOf(t, rootModule, most)
	of := func(p *plan, resource, attribute string) string {
		r := p.resources[resource]
		if r.Type().IsTupleType() {
			r = r.AsValueSlice()[0]
		}
		return r.GetAttr(attribute).AsString()
	}
	for _, role := range []string{"aws_iam_role.task", "aws_iam_role.execution"} {
		judge(t, role, of(p, role, "assume_role_policy"), "*", tasks())
	}
	var rules []string
	for _, rule := range each(p.resources["aws_cloudwatch_event_rule.this"]) {
		rules = append(rules, rule.GetAttr("arn").AsString())
	}
	queues := p.resources["aws_sqs_queue_policy.this"]
	judge(t, "the queue", queues.GetAttr("events").GetAttr("policy").AsString(), of(p, "aws_sqs_queue.events", "arn"), senders(rules))
	judge(t, "the dead letters", queues.GetAttr("dead-letters").GetAttr("policy").AsString(), of(p, "aws_sqs_queue.dead_letters", "arn"), senders(rules))
	judge(t, "the bus", of(p, "aws_cloudwatch_event_bus_policy.elsewhere", "policy"), of(p, "aws_cloudwatch_event_bus.elsewhere", "arn"), append(organization(most["organization_id"].AsString()), thisAccount()))

	p = planOf(t, eventsModule, map[string]cty.Value{"bus_arn": cty.StringVal("arn:aws:events:eu-central-1:111122223333:event-bus/acmbot-events")})
	judge(t, "the role that sends", of(p, "aws_iam_role.this", "assume_role_policy"), "*", busSender())
	p = planOf(t, roleModule, map[string]cty.Value{"bot_role_arn": cty.StringVal("arn:aws:iam::" + testAccount + ":role/acmbot"), "external_id": cty.StringVal("a-long-random-word")})
	judge(t, "the role that reads", of(p, "aws_iam_role.this", "assume_role_policy"), "*", readers())
}

// The files that are put in by hand.
func TestFilesLetInWhomTheyShould(t *testing.T) {
	text := func(path string) string {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	judge(t, "trust.json", text("iam/trust.json"), "*", readers())

	const provider = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E"
	const federated = "arn:aws:iam::" + testAccount + ":oidc-provider/" + provider
	account := func(who string) keys {
		return keys{provider + ":aud": {"sts.amazonaws.com"}, provider + ":sub": {"system:serviceaccount:" + who}}
	}
	judge(t, "trust-irsa.json", text("helm/trust-irsa.json"), "*", []verdict{
		{"the bot's pods", federated, "sts:AssumeRoleWithWebIdentity", account("acmbot:acmbot"), iam.Allowed},
		{"other pods", federated, "sts:AssumeRoleWithWebIdentity", account("acmbot:other"), iam.ImplicitDeny},
		{"pods of another cluster", federated + "0", "sts:AssumeRoleWithWebIdentity", account("acmbot:acmbot"), iam.ImplicitDeny},
	})
	tags := func(space, name string) keys {
		return keys{"aws:RequestTag/kubernetes-namespace": {space}, "aws:RequestTag/kubernetes-service-account": {name}}
	}
	judge(t, "trust-pod-identity.json", text("helm/trust-pod-identity.json"), "*", []verdict{
		{"the bot's pods", "pods.eks.amazonaws.com", "sts:AssumeRole", tags("acmbot", "acmbot"), iam.Allowed},
		{"their session's tags", "pods.eks.amazonaws.com", "sts:TagSession", tags("acmbot", "acmbot"), iam.Allowed},
		{"pods of another namespace", "pods.eks.amazonaws.com", "sts:AssumeRole", tags("other", "acmbot"), iam.ImplicitDeny},
		{"other pods", "pods.eks.amazonaws.com", "sts:AssumeRole", tags("acmbot", "other"), iam.ImplicitDeny},
		{"a role of the account", botSession, "sts:AssumeRole", tags("acmbot", "acmbot"), iam.ImplicitDeny},
	})
}
