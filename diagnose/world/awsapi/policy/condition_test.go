package policy_test

import (
	"testing"

	"github.com/acmbot/acmbot/diagnose/world/awsapi/policy"
)

// The operators and how they are combined, by "Condition operators" and
// "Single-valued vs. multivalued context keys" (IAM User Guide).
func TestConditions(t *testing.T) {
	const (
		actions = "route53:ChangeResourceRecordSetsActions"
		names   = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
		types   = "route53:ChangeResourceRecordSetsRecordTypes"
	)
	type keys = map[string][]string
	tests := []struct {
		name      string
		condition string
		keys      keys
		want      bool
	}{
		{"equal", `{"StringEquals":{"sts:ExternalId":"word"}}`, keys{"sts:ExternalId": {"word"}}, true},
		{"the case of a key does not count", `{"StringEquals":{"STS:externalid":"word"}}`, keys{"sts:ExternalId": {"word"}}, true},
		{"the case of a value does", `{"StringEquals":{"sts:ExternalId":"word"}}`, keys{"sts:ExternalId": {"Word"}}, false},
		{"equal has no wildcards", `{"StringEquals":{"sts:ExternalId":"w*"}}`, keys{"sts:ExternalId": {"word"}}, false},
		{"a missing key fails", `{"StringEquals":{"sts:ExternalId":"word"}}`, nil, false},
		{"one of several values is enough", `{"StringEquals":{"sts:ExternalId":["other","word"]}}`, keys{"sts:ExternalId": {"word"}}, true},
		{"all keys have to hold", `{"StringEquals":{"sts:ExternalId":"word","aws:SourceAccount":"1"}}`, keys{"sts:ExternalId": {"word"}, "aws:SourceAccount": {"2"}}, false},
		{"all operators have to hold", `{"StringEquals":{"sts:ExternalId":"word"},"Bool":{"aws:SecureTransport":"true"}}`, keys{"sts:ExternalId": {"word"}, "aws:SecureTransport": {"false"}}, false},

		{"equal where it exists", `{"StringEqualsIfExists":{"acm:ValidationMethod":"DNS"}}`, keys{"acm:ValidationMethod": {"DNS"}}, true},
		{"unequal where it exists", `{"StringEqualsIfExists":{"acm:ValidationMethod":"DNS"}}`, keys{"acm:ValidationMethod": {"EMAIL"}}, false},
		{"it does not exist", `{"StringEqualsIfExists":{"acm:ValidationMethod":"DNS"}}`, nil, true},

		{"like", `{"StringLike":{"kms:ViaService":["secretsmanager.*.amazonaws.com","ssm.*.amazonaws.com"]}}`, keys{"kms:ViaService": {"ssm.eu-central-1.amazonaws.com"}}, true},
		{"unlike", `{"StringLike":{"kms:ViaService":["secretsmanager.*.amazonaws.com","ssm.*.amazonaws.com"]}}`, keys{"kms:ViaService": {"s3.eu-central-1.amazonaws.com"}}, false},
		{"a dot is a dot", `{"StringLike":{"kms:ViaService":"ssm.*"}}`, keys{"kms:ViaService": {"ssmx"}}, false},

		{"an ARN", `{"ArnEquals":{"aws:SourceArn":"arn:aws:events:*:111122223333:rule/acm*"}}`, keys{"aws:SourceArn": {"arn:aws:events:eu-central-1:111122223333:rule/acmbot"}}, true},
		{"an ARN with colons", `{"ArnLike":{"aws:SourceArn":"arn:aws:ecs:eu-central-1:111122223333:*"}}`, keys{"aws:SourceArn": {"arn:aws:ecs:eu-central-1:111122223333:task:a/b"}}, true},
		{"each part by itself", `{"ArnLike":{"aws:SourceArn":"arn:aws:events:*:rule/acmbot"}}`, keys{"aws:SourceArn": {"arn:aws:events:eu-central-1:111122223333:rule/acmbot"}}, false},
		{"another account's", `{"ArnLike":{"aws:SourceArn":"arn:aws:events:*:444455556666:rule/acmbot"}}`, keys{"aws:SourceArn": {"arn:aws:events:eu-central-1:111122223333:rule/acmbot"}}, false},

		{"true", `{"Bool":{"aws:SecureTransport":"TRUE"}}`, keys{"aws:SecureTransport": {"true"}}, true},
		{"false where there is none", `{"Bool":{"aws:SecureTransport":"false"}}`, nil, false},

		{"all values", `{"ForAllValues:StringEquals":{"` + actions + `":["CREATE","UPSERT"]}}`, keys{actions: {"UPSERT", "CREATE", "UPSERT"}}, true},
		{"all but one", `{"ForAllValues:StringEquals":{"` + actions + `":["CREATE","UPSERT"]}}`, keys{actions: {"UPSERT", "DELETE"}}, false},
		{"all of none", `{"ForAllValues:StringEquals":{"` + actions + `":["CREATE","UPSERT"]}}`, nil, true},
		{"none, which may not be", `{"ForAllValues:StringEquals":{"` + actions + `":["UPSERT"]},"Null":{"` + actions + `":"false"}}`, nil, false},
		{"one, which has to be", `{"Null":{"` + actions + `":"false"}}`, keys{actions: {"UPSERT"}}, true},
		{"one, which may not be", `{"Null":{"` + actions + `":"true"}}`, keys{actions: {"UPSERT"}}, false},
		{"names alike", `{"ForAllValues:StringLike":{"` + names + `":["example.com","*.example.com"]}}`, keys{names: {"example.com", `\052.example.com`}}, true},
		{"a name that only ends alike", `{"ForAllValues:StringLike":{"` + names + `":["example.com","*.example.com"]}}`, keys{names: {"notexample.com"}}, false},
		{"a type of two", `{"ForAllValues:StringEquals":{"` + types + `":"CNAME"}}`, keys{types: {"CNAME", "A"}}, false},
	}
	for _, test := range tests {
		d := document(t, policy.Identity, `{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+test.condition+`}`)
		got := policy.ByIdentity(policy.Request{Action: "a:b", Resource: "*", Caller: role, Keys: test.keys}, d)
		if (got == policy.Allowed) != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
