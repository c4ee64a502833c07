package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/world/awsapi/policy"
)

func TestParseRefuses(t *testing.T) {
	condition := func(text string) string {
		return `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Condition":` + text + `}}`
	}
	tests := map[string]struct {
		kind policy.Kind
		text string
		// unsupported is what IAM may take.
		unsupported bool
	}{
		"no JSON":                   {text: `{`},
		"two documents":             {text: `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}{}`},
		"an unknown element":        {text: `{"Statement":{"Effect":"Allow","Actions":"*","Resource":"*"}}`},
		"actions, and not":          {text: `{"Statement":{"Effect":"Allow","Action":"*","NotAction":"a:b","Resource":"*"}}`},
		"an effect in small":        {text: `{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}`},
		"a principal":               {text: `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}`},
		"no resource":               {text: `{"Statement":{"Effect":"Allow","Action":"*"}}`},
		"a resource that is no ARN": {text: `{"Statement":{"Effect":"Allow","Action":"*","Resource":"acmbot"}}`},
		"a resource of any service": {text: `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:*:*:*:*"}}`},
		"a queue's of nobody":       {kind: policy.Resource, text: `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`},
		"a queue's of nothing":      {kind: policy.Resource, text: `{"Statement":{"Effect":"Allow","Action":"*","Principal":"*"}}`},
		"a trust of nobody":         {kind: policy.Trust, text: `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}`},
		"a trust of a resource":     {kind: policy.Trust, text: `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Resource":"*"}}`},
		"many roles":                {kind: policy.Trust, text: `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:role/*"}}}`},
		"all services":              {kind: policy.Trust, text: `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"*"}}}`},
		"neither true nor false":    {kind: policy.Trust, text: condition(`{"Bool":{"aws:SecureTransport":"no"}}`)},

		"another operator":                    {kind: policy.Trust, text: condition(`{"StringNotEquals":{"sts:ExternalId":"x"}}`), unsupported: true},
		"an operator that is none":            {kind: policy.Trust, text: condition(`{"StringEqual":{"sts:ExternalId":"x"}}`), unsupported: true},
		"IfExists":                            {kind: policy.Trust, text: condition(`{"NullIfExists":{"sts:ExternalId":"true"}}`), unsupported: true},
		"ForAnyValue":                         {kind: policy.Trust, text: condition(`{"ForAnyValue:StringEquals":{"sts:ExternalId":"x"}}`), unsupported: true},
		"another key":                         {kind: policy.Trust, text: condition(`{"StringEquals":{"sts:External":"x"}}`), unsupported: true},
		"a key with several values":           {kind: policy.Trust, text: condition(`{"StringEquals":{"route53:ChangeResourceRecordSetsActions":"UPSERT"}}`), unsupported: true},
		"ForAllValues of a single one":        {kind: policy.Trust, text: condition(`{"ForAllValues:StringEquals":{"sts:ExternalId":"x"}}`), unsupported: true},
		"a variable in a condition":           {kind: policy.Trust, text: condition(`{"StringEquals":{"sts:ExternalId":"${aws:userid}"}}`), unsupported: true},
		"a variable in a resource":            {text: `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:::${aws:username}"}}`, unsupported: true},
		"all resources but one":               {text: `{"Statement":{"Effect":"Allow","Action":"*","NotResource":"arn:aws:sqs:::a"}}`, unsupported: true},
		"all principals but one":              {kind: policy.Trust, text: `{"Statement":{"Effect":"Deny","Action":"*","NotPrincipal":{"AWS":"111122223333"}}}`, unsupported: true},
		"a principal of CloudFront's or S3's": {kind: policy.Trust, text: `{"Statement":{"Effect":"Allow","Action":"*","Principal":{"CanonicalUser":"79a5"}}}`, unsupported: true},
	}
	for name, test := range tests {
		_, err := policy.Parse(test.text, test.kind)
		wrong, ok := errors.AsType[*policy.Error](err)
		if !ok || wrong.Unsupported != test.unsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever is in deploy can be evaluated.
func TestParseTakesTheProjectsPolicies(t *testing.T) {
	const deploy = "../../../../deploy/"
	paths, err := filepath.Glob(deploy + "iam/*.json")
	if err != nil || len(paths) < 10 {
		t.Fatal(paths, err)
	}
	for _, path := range append(paths, deploy+"events/queue-policy.json", deploy+"helm/trust-irsa.json", deploy+"helm/trust-pod-identity.json") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kind := policy.Identity
		switch base := filepath.Base(path); {
		case strings.HasPrefix(base, "trust"):
			kind = policy.Trust
		case strings.HasPrefix(base, "queue"):
			kind = policy.Resource
		}
		if _, err := policy.Parse(string(text), kind); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestNamed(t *testing.T) {
	d, err := policy.Parse(`{"Statement":[
		{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":["arn:aws:iam::111122223333:root","111122223333","arn:aws:iam::111122223333:role/a/b"]}},
		{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"},
		{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com","AWS":"arn:aws:iam::111122223333:user/c"}}]}`, policy.Trust)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"arn:aws:iam::111122223333:role/a/b", "arn:aws:iam::111122223333:user/c"}, d.Named()); diff != "" {
		t.Error(diff)
	}
}
