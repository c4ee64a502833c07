package events

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseAddress(t *testing.T) {
	const theirs = "111122223333"
	tests := map[string]struct {
		want     Address
		endpoint string
	}{
		"https://sqs.eu-central-1.amazonaws.com/111122223333/acmbot-events":      {Address{Region: "eu-central-1", Account: theirs, Name: "acmbot-events"}, "https://sqs.eu-central-1.amazonaws.com"},
		" https://sqs.us-gov-west-1.amazonaws.com/111122223333/a_B-9.fifo ":      {Address{Region: "us-gov-west-1", Account: theirs, Name: "a_B-9.fifo"}, "https://sqs.us-gov-west-1.amazonaws.com"},
		"https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q":                 {Address{Region: "cn-north-1", Account: theirs, Name: "q"}, "https://sqs.cn-north-1.amazonaws.com.cn"},
		"https://sqs-fips.us-east-1.amazonaws.com/111122223333/q":                {Address{Region: "us-east-1", Account: theirs, Name: "q"}, "https://sqs-fips.us-east-1.amazonaws.com"},
		"https://sqs.eu-west-1.api.aws/111122223333/q":                           {Address{Region: "eu-west-1", Account: theirs, Name: "q"}, "https://sqs.eu-west-1.api.aws"},
		"https://vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com/111122223333/q": {Address{Region: "eu-west-1", Account: theirs, Name: "q"}, "https://vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com"},
		"https://eu-west-1.queue.amazonaws.com/111122223333/q":                   {Address{Region: "eu-west-1", Account: theirs, Name: "q"}, ""},
		"https://queue.amazonaws.com/111122223333/q":                             {Address{Region: "us-east-1", Account: theirs, Name: "q"}, ""},
		"http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/q":    {Address{Region: "eu-west-1", Account: "000000000000", Name: "q"}, "http://sqs.eu-west-1.localhost.localstack.cloud:4566"},
		"http://localhost:4566/queue/eu-west-1/000000000000/q":                   {Address{Region: "eu-west-1", Account: "000000000000", Name: "q"}, "http://localhost:4566"},
		"http://127.0.0.1:9324/000000000000/q":                                   {Address{Account: "000000000000", Name: "q"}, "http://127.0.0.1:9324"},
		"http://127.0.0.1:9324/queue/q":                                          {Address{Name: "q"}, "http://127.0.0.1:9324"},
	}
	for text, test := range tests {
		got, err := ParseAddress(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		test.want.URL = strings.TrimSpace(text)
		if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(Address{})); diff != "" || got.endpoint != test.endpoint {
			t.Errorf("%s: endpoint %q (-want, +got):\n%s", text, got.endpoint, diff)
		}
	}
	for text, why := range map[string]string{
		"":              "is not the URL of an SQS queue",
		"acmbot-events": "is not the URL of an SQS queue",
		"arn:aws:sqs:eu-west-1:111122223333:acmbot-events":                "is the queue's ARN, where its URL belongs: https://sqs.eu-west-1.amazonaws.com/111122223333/acmbot-events",
		"https://sqs.eu-west-1.amazonaws.com/acmbot-events":               "is not the URL",
		"https://sqs.eu-west-1.amazonaws.com/1234/acmbot-events":          "is not the URL",
		"https://sqs.eu-west-1.amazonaws.com/111122223333/":               "is not the URL",
		"https://sqs.eu-west-1.amazonaws.com/111122223333/a b":            "is not the URL",
		"https://sqs.eu-west-1.amazonaws.com/111122223333/q?x=1":          "is not the URL",
		"https://user:pw@sqs.eu-west-1.amazonaws.com/111122223333/q":      "is not the URL",
		"https://sns.eu-west-1.amazonaws.com/111122223333/q":              "is not the URL",
		"ftp://sqs.eu-west-1.amazonaws.com/111122223333/q":                "is not the URL",
		"http://sqs.eu-west-1.amazonaws.com/111122223333/q":               "by https:// only",
		"https://sqs.eu-west-1.amazonaws.com/111122223333/q/and-more":     "is not the URL",
		"https://console.aws.amazon.com/sqs/v3/home?region=eu-west-1#/q/": "is not the URL",
	} {
		if got, err := ParseAddress(text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}
