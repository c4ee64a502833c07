package inventory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAllowed(t *testing.T) {
	for _, test := range []struct {
		policy string
		want   []string
		ok     bool
	}{
		{`{"Statement":[{"Effect":"Allow","Principal":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-2","o-1"]}}}]}`, []string{"*", "o-1", "o-2"}, true},
		{`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"}},{"Effect":"Deny","Principal":{"AWS":["222233334444"]}}]}`, []string{"111122223333"}, true},
		{`{"Statement":[]}`, nil, true},
		{`{"Statement":[{"Effect":"Allow","Principal":7}]}`, nil, false},
		{``, nil, false},
	} {
		got, ok := allowed(test.policy)
		if diff := cmp.Diff(test.want, got); diff != "" || ok != test.ok {
			t.Errorf("allowed(%s) is %v, %v; want %v, %v", test.policy, got, ok, test.want, test.ok)
		}
	}
}
