package policy_test

import (
	"strings"
	"testing"

	"github.com/acmbot/acmbot/diagnose/world/awsapi/policy"
)

const (
	own   = "111122223333"
	other = "444455556666"
	role  = "arn:aws:sts::" + own + ":assumed-role/acmbot/session"
)

func document(t *testing.T, kind policy.Kind, statements ...string) policy.Document {
	t.Helper()
	d, err := policy.Parse(`{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`, kind)
	if err != nil {
		t.Fatalf("%v: %v", statements, err)
	}
	return d
}

// Actions and resources, by "IAM JSON policy elements: Action", "NotAction" and
// "Resource" (IAM User Guide), and denies by "The difference between explicit
// and implicit denies".
func TestByIdentity(t *testing.T) {
	const certificate = "arn:aws:acm:eu-central-1:111122223333:certificate/1234"
	tests := []struct {
		name             string
		statements       []string
		action, resource string
		want             policy.Decision
	}{
		{"nothing allows", []string{`{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`}, "acm:ListCertificates", "*", policy.ImplicitDeny},
		{"one allows", []string{`{"Effect":"Allow","Action":["sqs:*","acm:ListCertificates"],"Resource":"*"}`}, "acm:ListCertificates", "*", policy.Allowed},
		{"a deny overrides, wherever it is", []string{`{"Effect":"Deny","Action":"acm:*","Resource":"*"}`, `{"Effect":"Allow","Action":"*","Resource":"*"}`}, "acm:ListCertificates", "*", policy.ExplicitDeny},
		{"a deny of others does not", []string{`{"Effect":"Allow","Action":"*","Resource":"*"}`, `{"Effect":"Deny","Action":"sqs:*","Resource":"*"}`}, "acm:ListCertificates", "*", policy.Allowed},
		{"the case of an action does not count", []string{`{"Effect":"Allow","Action":"ACM:listcertificates","Resource":"*"}`}, "acm:ListCertificates", "*", policy.Allowed},
		{"wildcards in an action", []string{`{"Effect":"Allow","Action":"acm:*Certificate?","Resource":"*"}`}, "acm:ListCertificates", "*", policy.Allowed},
		{"one character is one", []string{`{"Effect":"Allow","Action":"acm:List?Certificates","Resource":"*"}`}, "acm:ListCertificates", "*", policy.ImplicitDeny},
		{"an action is matched as a whole", []string{`{"Effect":"Allow","Action":"acm:List","Resource":"*"}`}, "acm:ListCertificates", "*", policy.ImplicitDeny},
		{"all but some actions", []string{`{"Effect":"Allow","NotAction":["iam:*","acm:Delete*"],"Resource":"*"}`}, "acm:ListCertificates", "*", policy.Allowed},
		{"those some", []string{`{"Effect":"Allow","NotAction":["iam:*","acm:delete*"],"Resource":"*"}`}, "acm:DeleteCertificate", certificate, policy.ImplicitDeny},
		{"a deny of all but some", []string{`{"Effect":"Allow","Action":"*","Resource":"*"}`, `{"Effect":"Deny","NotAction":"acm:*","Resource":"*"}`}, "sqs:SendMessage", "arn:aws:sqs:eu-central-1:111122223333:q", policy.ExplicitDeny},

		{"an action without resources takes all of them", []string{`{"Effect":"Allow","Action":"acm:ListCertificates","Resource":"arn:aws:acm:*:*:*"}`}, "acm:ListCertificates", "*", policy.ImplicitDeny},
		{"a resource", []string{`{"Effect":"Allow","Action":"acm:*","Resource":["arn:aws:acm:eu-west-1:111122223333:certificate/1","` + certificate + `"]}`}, "acm:DescribeCertificate", certificate, policy.Allowed},
		{"resources by a pattern", []string{`{"Effect":"Allow","Action":"acm:*","Resource":"arn:aws:acm:*:*:certificate/*"}`}, "acm:DescribeCertificate", certificate, policy.Allowed},
		{"another resource", []string{`{"Effect":"Allow","Action":"acm:*","Resource":"arn:aws:acm:*:*:certificate/12"}`}, "acm:DescribeCertificate", certificate, policy.ImplicitDeny},
		{"the case of a resource counts", []string{`{"Effect":"Allow","Action":"acm:*","Resource":"arn:aws:acm:*:*:Certificate/*"}`}, "acm:DescribeCertificate", certificate, policy.ImplicitDeny},
		{"another partition", []string{`{"Effect":"Allow","Action":"acm:*","Resource":"arn:aws:acm:*:*:certificate/*"}`}, "acm:DescribeCertificate", strings.Replace(certificate, "aws", "aws-cn", 1), policy.ImplicitDeny},
		{"a wildcard that ends a segment goes on", []string{`{"Effect":"Allow","Action":"logs:*","Resource":"arn:aws:logs:*:*:log-group:*"}`}, "logs:PutLogEvents", "arn:aws:logs:eu-central-1:111122223333:log-group:acmbot:log-stream:1", policy.Allowed},
		{"one within a segment does not", []string{`{"Effect":"Allow","Action":"logs:*","Resource":"arn:aws:logs:*:*:log-group:a*1"}`}, "logs:PutLogEvents", "arn:aws:logs:eu-central-1:111122223333:log-group:acmbot:log-stream:1", policy.ImplicitDeny},
		{"what is special elsewhere is not", []string{`{"Effect":"Allow","Action":"acm:*","Resource":"arn:aws:acm:.+:.+:certificate/[0-9]+"}`}, "acm:DescribeCertificate", certificate, policy.ImplicitDeny},
	}
	for _, test := range tests {
		var identity []policy.Document
		for _, s := range test.statements {
			identity = append(identity, document(t, policy.Identity, s))
		}
		if got := policy.ByIdentity(policy.Request{Action: test.action, Resource: test.resource, Caller: role}, identity...); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// Whose policies have to allow, by "Policy evaluation for requests within a
// single account" and "Cross-account policy evaluation logic" (IAM User Guide).
func TestEvaluate(t *testing.T) {
	const (
		allow  = `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`
		deny   = `{"Effect":"Deny","Action":"sqs:*","Resource":"*"}`
		queue  = "arn:aws:sqs:eu-central-1:%:events"
		assume = `{"Effect":"Allow","Action":"sts:*","Resource":"*"}`
	)
	of := func(effect, principal string) string {
		return `{"Effect":"` + effect + `","Principal":` + principal + `,"Action":["sqs:ReceiveMessage","sqs:SendMessage"],"Resource":"*"}`
	}
	trust := func(principal string) string {
		return `{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"}`
	}
	const roleARN = "arn:aws:iam::" + own + ":role/path/acmbot"
	tests := []struct {
		name     string
		identity string
		owner    string // of the resource; no guard where empty
		kind     policy.Kind
		guard    string
		caller   string // the role where empty
		want     policy.Verdict
	}{
		{name: "no policy at all", want: policy.Verdict{policy.ImplicitDeny, policy.Identity}},
		{name: "a queue without a policy", identity: allow, owner: own, kind: policy.Resource, want: policy.Verdict{policy.Allowed, policy.Identity}},
		{name: "its policy allows", owner: own, kind: policy.Resource, guard: of("Allow", `{"AWS":"`+roleARN+`"}`), want: policy.Verdict{policy.Allowed, policy.Resource}},
		{name: "its policy leaves it to the account", owner: own, kind: policy.Resource, guard: of("Allow", `{"AWS":"`+own+`"}`), want: policy.Verdict{policy.ImplicitDeny, policy.Identity}},
		{name: "and the account allows", identity: allow, owner: own, kind: policy.Resource, guard: of("Allow", `{"AWS":"arn:aws:iam::`+own+`:root"}`), want: policy.Verdict{policy.Allowed, policy.Identity}},
		{name: "its policy is for somebody else", owner: own, kind: policy.Resource, guard: of("Allow", `{"AWS":"arn:aws:iam::`+own+`:role/other"}`), want: policy.Verdict{policy.ImplicitDeny, policy.Identity}},
		{name: "its policy denies", identity: allow, owner: own, kind: policy.Resource, guard: of("Deny", `"*"`), want: policy.Verdict{policy.ExplicitDeny, policy.Resource}},
		{name: "its policy denies, and allows after that", identity: allow, owner: own, kind: policy.Resource, guard: of("Deny", `"*"`) + "," + of("Allow", `"*"`), want: policy.Verdict{policy.ExplicitDeny, policy.Resource}},
		{name: "the role's policy denies", identity: deny, owner: own, kind: policy.Resource, guard: of("Allow", `"*"`), want: policy.Verdict{policy.ExplicitDeny, policy.Identity}},

		{name: "another account's without a policy", identity: allow, owner: other, kind: policy.Resource, want: policy.Verdict{policy.ImplicitDeny, policy.Resource}},
		{name: "another account's, which allows", owner: other, kind: policy.Resource, guard: of("Allow", `"*"`), want: policy.Verdict{policy.ImplicitDeny, policy.Identity}},
		{name: "another account's, both allow", identity: allow, owner: other, kind: policy.Resource, guard: of("Allow", `{"AWS":["`+own+`"]}`), want: policy.Verdict{policy.Allowed, policy.Resource}},
		{name: "another account's, for the role", identity: allow, owner: other, kind: policy.Resource, guard: of("Allow", `{"AWS":"`+roleARN+`"}`), want: policy.Verdict{policy.Allowed, policy.Resource}},
		{name: "another account's, for its own", identity: allow, owner: other, kind: policy.Resource, guard: of("Allow", `{"AWS":"`+other+`"}`), want: policy.Verdict{policy.ImplicitDeny, policy.Resource}},

		{name: "a service that is let in", owner: own, kind: policy.Resource, guard: of("Allow", `{"Service":"events.amazonaws.com"}`), caller: "events.amazonaws.com", want: policy.Verdict{policy.Allowed, policy.Resource}},
		{name: "another service", owner: own, kind: policy.Resource, guard: of("Allow", `{"Service":"events.amazonaws.com"}`), caller: "sns.amazonaws.com", want: policy.Verdict{policy.ImplicitDeny, policy.Resource}},
		{name: "a role where a service is let in", owner: own, kind: policy.Resource, guard: of("Allow", `{"Service":"events.amazonaws.com"}`), want: policy.Verdict{policy.ImplicitDeny, policy.Identity}},

		{name: "a role of the account that does not trust", identity: assume, owner: own, kind: policy.Trust, want: policy.Verdict{policy.ImplicitDeny, policy.Trust}},
		{name: "one that trusts the account", identity: assume, owner: own, kind: policy.Trust, guard: trust(`{"AWS":"` + own + `"}`), want: policy.Verdict{policy.Allowed, policy.Trust}},
		{name: "which alone is not enough", owner: own, kind: policy.Trust, guard: trust(`{"AWS":"` + own + `"}`), want: policy.Verdict{policy.ImplicitDeny, policy.Identity}},
		{name: "one that trusts the role itself", owner: own, kind: policy.Trust, guard: trust(`{"AWS":"` + roleARN + `"}`), want: policy.Verdict{policy.Allowed, policy.Trust}},
		{name: "one that trusts a session", owner: own, kind: policy.Trust, guard: trust(`{"AWS":"` + role + `"}`), want: policy.Verdict{policy.Allowed, policy.Trust}},
		{name: "one that trusts another session", identity: assume, owner: own, kind: policy.Trust, guard: trust(`{"AWS":"` + role + `2"}`), want: policy.Verdict{policy.ImplicitDeny, policy.Trust}},
		{name: "one of another account that trusts the role", identity: assume, owner: other, kind: policy.Trust, guard: trust(`{"AWS":"` + roleARN + `"}`), want: policy.Verdict{policy.Allowed, policy.Trust}},
		{name: "which alone is not enough there either", owner: other, kind: policy.Trust, guard: trust(`{"AWS":"` + roleARN + `"}`), want: policy.Verdict{policy.ImplicitDeny, policy.Identity}},
		{name: "one of another account that trusts a user of that name", identity: assume, owner: other, kind: policy.Trust, guard: trust(`{"AWS":"arn:aws:iam::` + own + `:user/acmbot"}`), want: policy.Verdict{policy.ImplicitDeny, policy.Trust}},
		{name: "a pod's role for a service", owner: own, kind: policy.Trust, guard: trust(`{"Federated":"arn:aws:iam::` + own + `:oidc-provider/x"}`), identity: assume, want: policy.Verdict{policy.ImplicitDeny, policy.Trust}},
	}
	for _, test := range tests {
		r := policy.Request{Action: "sqs:ReceiveMessage", Resource: strings.Replace(queue, "%", own, 1), Caller: role}
		if test.kind == policy.Trust {
			r.Action, r.Resource = "sts:AssumeRole", "arn:aws:iam::"+test.owner+":role/reader"
		}
		if test.caller != "" {
			r.Action, r.Caller = "sqs:SendMessage", test.caller
		}
		var identity []policy.Document
		if test.identity != "" {
			identity = append(identity, document(t, policy.Identity, test.identity))
		}
		var guard *policy.Guard
		if test.owner != "" {
			guard = &policy.Guard{Kind: test.kind, Account: test.owner}
			if test.guard != "" {
				guard.Document = document(t, test.kind, test.guard)
			}
		}
		if got := policy.Evaluate(r, identity, guard); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
