package deploy

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/cmd/acmbot/secrets"
)

func TestSecretsPolicyMatchesTheProgram(t *testing.T) {
	p := read(t, "iam/secrets.json")
	if diff := cmp.Diff(secrets.Actions(), p.actions()); diff != "" {
		t.Errorf("mismatch (-calls, +allowed):\n%s", diff)
	}
	for _, s := range p.Statement {
		for _, r := range s.Resource {
			// The bot's own secrets, and keys only by way of the services that
			// keep them.
			via := s.Condition["StringLike"]["kms:ViaService"]
			key := slices.Equal(s.Action, list{"kms:Decrypt"}) && slices.Equal(via, list{"secretsmanager.*.amazonaws.com", "ssm.*.amazonaws.com"})
			if !strings.HasSuffix(r, "acmbot/*") && !key {
				t.Errorf("%s: %s is more than the bot's own", s.Sid, r)
			}
		}
	}
}
