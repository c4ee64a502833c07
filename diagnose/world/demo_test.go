package world_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world"
)

func TestDemo(t *testing.T) {
	w := world.Demo()
	if len(w.Certificates) < 26 {
		t.Errorf("the demo has %d certificates, want 26 or more", len(w.Certificates))
	}
	shown := map[diagnose.CauseID]bool{}
	for _, e := range w.Expectations() {
		for _, c := range e.Causes {
			shown[c] = true
		}
	}
	for _, id := range []diagnose.CauseID{
		"imported", "not-in-use", "exported-not-reexported", "expired", "domain-not-allowed", "validation-timed-out", "revoked",
		"acme-issued", "not-due-yet", "in-progress", "renewed-already", "cname-missing", "cname-wrong-value", "cname-name-doubled",
		"cname-value-doubled", "underscore-stripped-name", "cname-wrong-type", "caa-forbids-amazon", "caa-inherited",
		"caa-issuewild", "caa-lookup-failed", "email-unapproved", "email-sunset", "delegation-moved", "lame-delegation",
	} {
		if !shown[id] {
			t.Errorf("the demo does not show %s", id)
		}
	}
	first := w.Expectations()[0]
	if first.Ask != "shop.example.com" || !slices.Equal(first.Causes, []diagnose.CauseID{"cname-missing"}) {
		t.Errorf("the demo's headline is %+v", first)
	}

	r := start(t, w, world.Options{})
	cert := describe(t, r, "shop.example.com").Certificate
	served := serve(t, r, "shop.example.com", "198.51.100.11")
	if got, want := served.Serial, strings.TrimLeft(strings.ReplaceAll(*cert.Serial, ":", ""), "0"); got != want || got == "" {
		t.Errorf("serial number served: %q, ACM's: %q", got, want)
	}
	if served.IssuerOrg != "Amazon" || !served.NotAfter.Equal(*cert.NotAfter) {
		t.Errorf("served %+v, want Amazon's until %s", served, cert.NotAfter)
	}
	if got, want := len(r.RoleARNs()), 1; got != want {
		t.Errorf("%d roles, want %d", got, want)
	}
	if diff := cmp.Diff([]string{"eu-west-1", "us-east-1"}, r.Regions()); diff != "" {
		t.Errorf("regions (-want +got):\n%s", diff)
	}
	if r.DNSQueries() != 0 {
		t.Errorf("%d DNS queries before anybody asked", r.DNSQueries())
	}
	record := world.Record(account, "checkout.example.com")
	if diff := cmp.Diff([]string{record.Value}, cname(t, r, record.Name)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if r.DNSQueries() == 0 {
		t.Error("no DNS queries counted")
	}
}
