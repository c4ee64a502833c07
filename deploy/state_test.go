package deploy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/state/dynamo"
)

func TestDynamoDBPolicyMatchesTheProgram(t *testing.T) {
	p := read(t, "iam/dynamodb.json")
	if diff := cmp.Diff(dynamo.Actions(), p.actions()); diff != "" {
		t.Errorf("mismatch (-calls, +allowed):\n%s", diff)
	}
	// The state of one table, and of no other.
	for _, s := range p.Statement {
		if diff := cmp.Diff(list{"arn:aws:dynamodb:*:*:table/acmbot"}, s.Resource); diff != "" {
			t.Errorf("%s: resources mismatch (-want, +got):\n%s", s.Sid, diff)
		}
	}
}
