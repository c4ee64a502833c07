package world

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

// Every server has an address of its own, in 127.0.0.0/8 if that is asked for.
func TestAddresses(t *testing.T) {
	for _, literal := range []bool{false, true} {
		d, err := Demo().description(literal)
		if err != nil {
			t.Fatal(err)
		}
		taken := map[string]string{}
		take := func(name string, addresses ...string) {
			for _, a := range addresses {
				if other, ok := taken[a]; ok {
					t.Errorf("%s and %s are both at %s", name, other, a)
				}
				taken[a] = name
				if literal && !loopback.Contains(netip.MustParseAddr(a)) {
					t.Errorf("%s is at %s, which is not in 127.0.0.0/8", name, a)
				}
			}
		}
		for _, s := range d.Servers {
			take(s.Name, s.Addresses...)
		}
		for _, r := range d.Resolvers {
			take(r.Name, r.Address)
		}
	}
}

// The parents, the delegation and its glue are supplied, once each.
func TestDelegation(t *testing.T) {
	w, err := Parse("test.txtar", []byte(`A zone with a subzone.
-- zone example.com on ns1.example.com ns2.example.net --
www  A  198.51.100.10
-- zone dev.example.com on cloudflare, signed --
www  A  198.51.100.10
-- zone old.example.com in 111122223333, not delegated --
www  A  198.51.100.10
`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.description(false)
	if err != nil {
		t.Fatal(err)
	}
	zones := map[string]dnsd.Zone{}
	for _, z := range d.Zones {
		zones[z.Name] = z
	}
	lines := func(zone, beginning string) int {
		n := 0
		for line := range strings.SplitSeq(zones[zone].Text, "\n") {
			if strings.HasPrefix(line, beginning) {
				n++
			}
		}
		return n
	}
	tests := []struct {
		zone, line string
		want       int
	}{
		{".", "com. 172800 NS ", 2},
		{"com", "example.com. 172800 NS ns1.example.com.", 1},
		{"com", "example.com. 172800 NS ns2.example.net.", 1},
		{"com", "ns1.example.com. A ", 1},
		{"com", "ns2.example.net. A ", 0},
		{"net", "example.net. 172800 NS ns.example.net.", 1},
		{"example.net", "ns2.example.net. A ", 1},
		{"example.com", "@ 172800 NS ", 2},
		{"example.com", "@ 900 SOA ", 1},
		{"example.com", "ns1.example.com. A ", 1},
		{"example.com", "dev.example.com. 172800 NS ada.ns.cloudflare.com.", 1},
		{"example.com", "old.example.com. ", 0},
		{"cloudflare.com", "ada.ns.cloudflare.com. A ", 1},
		{"old.example.com", "@ 172800 NS ", 4},
	}
	for _, test := range tests {
		if got := lines(test.zone, test.line); got != test.want {
			t.Errorf("zone %s has %d lines beginning with %q, want %d:\n%s", test.zone, got, test.line, test.want, zones[test.zone].Text)
		}
	}
	for zone, want := range map[string]bool{".": true, "com": true, "example.com": true, "dev.example.com": true, "net": false, "old.example.com": false} {
		if got := zones[zone].Signing != nil; got != want {
			t.Errorf("zone %s is signed: %v, want %v", zone, got, want)
		}
	}
}
