package inventory_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// Whoever grants exactly Actions must get everything, and nothing in it may be
// idle: so all that the package can do is done once, and the calls compared.
func TestActionsAreWhatIsCalled(t *testing.T) {
	api, options := start(t, dublin)
	addRole(api, &options, spoke)
	addCertificate(api, hub, dublin, "one", "example.com").Update = &awsapi.UpdateSummary{}
	addZones(api, hub, &awsapi.HostedZone{ID: "Z", Name: "example.com"})
	api.Update(func(s *awsapi.State) {
		s.Account(hub).Region(dublin).Authorities = []*awsapi.Authority{{ARN: "arn:aws:acm-pca:" + dublin + ":" + hub + ":certificate-authority/ca"}}
	})
	i := inventory.New(options)
	for _, noSearch := range []bool{false, true} {
		api.Update(func(s *awsapi.State) { s.Quirks.NoSearch = noSearch })
		for _, q := range []diagnose.Query{domain("example.com"), domain("none.test"), {ARN: arnOf(hub, dublin, "one")}, {ID: "one"}} {
			i.Find(t.Context(), q, nil)
		}
		i.List(t.Context())
	}
	i.HostedZones(t.Context(), "", []string{"www.example.com"})
	i.Authority(t.Context(), "arn:aws:acm-pca:"+dublin+":"+hub+":certificate-authority/ca")

	called := map[string]bool{}
	for _, c := range api.Calls() {
		called[c.IAM()] = true
	}
	if diff := cmp.Diff(inventory.Actions(), slices.Sorted(maps.Keys(called))); diff != "" {
		t.Errorf("actions (-listed +called):\n%s", diff)
	}
	for _, p := range inventory.Permissions() {
		if p.Why == "" {
			t.Errorf("%s has no reason", p.Action)
		}
	}
}
