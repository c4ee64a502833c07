package inventory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func TestList(t *testing.T) {
	api, options := start(t, dublin, tokyo)
	addRole(api, &options, spoke)
	addCertificate(api, hub, dublin, "late", "a.example.com")
	soon := addCertificate(api, spoke, tokyo, "soon", "b.example.com")
	addCertificate(api, hub, tokyo, "acme", "c.example.com").KeyPairOrigin = "ACME"
	api.Update(func(s *awsapi.State) {
		soon.NotAfter = today.AddDate(0, 0, 20)
		soon.Renewal = &awsapi.RenewalSummary{RenewalStatus: "PENDING_VALIDATION"}
		s.Account(spoke).Region(dublin).Deny = []string{"acm:*"}
	})
	list, scope := inventory.New(options).List(t.Context())
	var got []string
	for _, s := range list {
		got = append(got, s.DomainName+" "+s.RenewalStatus)
	}
	if diff := cmp.Diff([]string{"b.example.com PENDING_VALIDATION", "c.example.com ", "a.example.com "}, got); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if scope.Certificates != 3 || len(scope.Places) != 3 {
		t.Errorf("scope %+v", scope)
	}
	if diff := cmp.Diff([]string{spoke + "/" + dublin + " access-denied acm:SearchCertificates"}, obstacles(scope.Unreadable)); diff != "" {
		t.Errorf("unreadable (-want +got):\n%s", diff)
	}
}
