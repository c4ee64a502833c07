package terminal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
)

// walked is an answer whose walk has everything that a trace shows: servers
// that agree and that do not, one without an address, a signed zone, a broken
// delegation, and a resolver that says more than one thing.
func walked() diagnose.Answer {
	reply := func(server, address string, o diagnose.Outcome, ms int) diagnose.Reply {
		return diagnose.Reply{
			Server: server, Address: address, Transport: "udp", Outcome: o, RCode: "NOERROR", Authoritative: o.Usable(),
			RTT: time.Duration(ms) * time.Millisecond,
		}
	}
	with := func(r diagnose.Reply, rrs ...diagnose.RR) diagnose.Reply { r.Answer = rrs; return r }
	referral := func(r diagnose.Reply, rrs ...diagnose.RR) diagnose.Reply { r.Authority = rrs; return r }
	const record = "_x1.shop.example.com"
	delegation := []diagnose.RR{
		{Name: "example.com", Type: "NS", TTL: 172800, Value: "ns1.example.net"},
		{Name: "example.com", Type: "NS", TTL: 172800, Value: "ns2.example.net"},
	}
	soa := diagnose.RR{Name: "example.com", Type: "SOA", TTL: 300, Value: "ns1.example.net hostmaster.example.com 1 7200 900 1209600 300"}
	signed := diagnose.Security{State: diagnose.Secure}
	stale := diagnose.Security{State: diagnose.Bogus, Fault: diagnose.FaultDSStale, Zone: "example.com", Detail: "no key of the zone matches"}
	missing := reply("ns1.example.net", "192.0.2.1:53", diagnose.OutcomeNXDomain, 21)
	missing.Authority = []diagnose.RR{soa}
	slow := reply("ns2.example.net", "192.0.2.2:53", diagnose.OutcomeTimeout, 0)
	slow.Transport, slow.RCode, slow.Detail = "", "", "no answer within 2 s, twice"
	failing := diagnose.Reply{
		Address: "192.0.2.53:53", Transport: "udp", Outcome: diagnose.OutcomeServFail, RCode: "SERVFAIL", RTT: 3 * time.Millisecond,
		EDE: []diagnose.EDE{{Code: 9, Name: "DNSKEY Missing", Text: "no SEP \x1b[31mmatching"}},
	}
	unchecked := failing
	unchecked.Outcome, unchecked.EDE, unchecked.CheckingDisabled = diagnose.OutcomeNXDomain, nil, true
	a := blocked()
	a.Facts = []diagnose.Facts{{DNS: diagnose.DNS{
		Queries: 27, Resolvers: []string{"192.0.2.53:53"},
		Zones: map[string]*diagnose.Zone{
			".": {Apex: ".", Security: signed, Servers: []diagnose.ZoneServer{{Name: "a.root-servers.net", Addresses: []string{"192.0.2.40:53"}}}},
			"com": {
				Apex: "com", Parent: ".", Security: signed, Delegated: []string{"a.nic.com"},
				Referrals: []diagnose.Reply{referral(reply("a.root-servers.net", "192.0.2.40:53", diagnose.OutcomeReferral, 12), diagnose.RR{Name: "com", Type: "NS", TTL: 172800, Value: "a.nic.com"})},
				Servers:   []diagnose.ZoneServer{{Name: "a.nic.com", Addresses: []string{"192.0.2.38:53"}}},
				DS:        []diagnose.RR{{Name: "com", Type: "DS", TTL: 3600, Value: "20326 8 2 E06D"}},
			},
			"example.com": {
				Apex: "example.com", Parent: "com", Security: stale, Delegated: []string{"ns1.example.net", "ns2.example.net", "ns3.example.net"},
				Referrals: []diagnose.Reply{referral(reply("a.nic.com", "192.0.2.38:53", diagnose.OutcomeReferral, 14), delegation...)},
				Servers: []diagnose.ZoneServer{
					{Name: "ns1.example.net", Addresses: []string{"192.0.2.1:53"}}, {Name: "ns2.example.net", Addresses: []string{"192.0.2.2:53"}},
					{Name: "ns3.example.net", Outcome: diagnose.OutcomeNXDomain},
				},
				NS: []diagnose.Reply{with(reply("ns1.example.net", "192.0.2.1:53", diagnose.OutcomeAnswer, 22), delegation...), slow},
			},
		},
		Lookups: map[string]*diagnose.Lookup{
			diagnose.LookupKey(record, "CNAME"): {
				Name: record, Type: "CNAME", Path: []string{".", "com", "example.com"}, Security: stale,
				Replies: []diagnose.Reply{missing, slow}, Public: []diagnose.Reply{failing, unchecked},
			},
			diagnose.LookupKey("example.com", "CAA"): {
				Name: "example.com", Type: "CAA", Path: []string{".", "com", "example.com"}, Security: diagnose.Security{State: diagnose.Indeterminate},
				Broken: &diagnose.Break{Kind: diagnose.BreakLame, Zone: "example.com", Detail: "none of the zone's servers answers with authority", Replies: []diagnose.Reply{slow}},
			},
			diagnose.LookupKey("bad..name", "CNAME"): {
				Name: "bad..name", Type: "CNAME", Broken: &diagnose.Break{Kind: diagnose.BreakBadName, Zone: ".", Detail: "the DNS cannot hold this name"},
			},
		},
	}}}
	return a
}

func TestTraceGolden(t *testing.T) {
	path := filepath.Join("testdata", "trace.txt")
	got := RenderTrace(walked(), Options{})
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
	if strings.Contains(got, "\x1b") {
		t.Error("a control character from outside reached the terminal")
	}
}

func TestTraceWithoutWalk(t *testing.T) {
	if got := RenderTrace(nothing(), Options{}); !strings.Contains(got, "No walk was made") {
		t.Errorf("got %q", got)
	}
}
