package dnstrace

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	addresses "github.com/acmbot/acmbot/diagnose/address"
)

const namedRoot = `
;       This file holds the information on root name servers needed to
;       initialize cache of Internet domain name servers
.                        3600000      NS    A.ROOT-SERVERS.NET.
A.ROOT-SERVERS.NET.      3600000      A     198.41.0.4
A.ROOT-SERVERS.NET.      3600000      AAAA  2001:503:ba3e::2:30
.                        3600000      NS    B.ROOT-SERVERS.NET.
B.ROOT-SERVERS.NET.      3600000      A     170.247.170.2
B.ROOT-SERVERS.NET.      3600000      A     170.247.170.2
.                        3600000      NS    C.ROOT-SERVERS.NET.
`

func TestParseRootHints(t *testing.T) {
	t.Parallel()
	got, err := ParseRootHints(strings.NewReader(namedRoot))
	if err != nil {
		t.Fatal(err)
	}
	want := []Root{
		{Name: "a.root-servers.net", Addresses: []string{"198.41.0.4:53", "[2001:503:ba3e::2:30]:53"}},
		{Name: "b.root-servers.net", Addresses: []string{"170.247.170.2:53"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

func TestParseRootHintsErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"empty", "", "no NS record"},
		{"not a zone file", "<html><body>Not found</body></html>", "line"},
		{"no addresses", ". NS a.root-servers.net.", "none of the root servers has an A or AAAA record"},
		{"another zone's", "com. NS a.gtld-servers.net.", `"com"`},
		{"a file included", "$INCLUDE /etc/passwd", "include"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			roots, err := ParseRootHints(strings.NewReader(test.text))
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(test.want)) {
				t.Errorf("roots %v, error %v; want one with %q", roots, err, test.want)
			}
		})
	}
}

func TestParseTrustAnchors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       int
		err        string
	}{
		{"DS", strings.Join(DefaultTrustAnchors(), "\n"), 2, ""},
		{"DNSKEY", ". IN DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==", 1, ""},
		{"nothing", "; hello", 0, "no DS or DNSKEY record"},
		{"another type", ". IN A 192.0.2.1", 0, "type A"},
		{"not a record", "hello", 0, "parsing trust anchors"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			anchors, err := ParseTrustAnchors(strings.NewReader(test.text))
			if len(anchors) != test.want || (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("anchors %q, error %v", anchors, err)
			}
			if fault := New(Options{Roots: []Root{{}}, TrustAnchors: anchors}).anchorFault; fault != "" {
				t.Errorf("what was parsed is not an anchor: %s", fault)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	tracer := New(Options{})
	if tracer.anchorFault != "" || len(tracer.anchors["."]) != 2 {
		t.Errorf("anchors %v, fault %q", tracer.anchors, tracer.anchorFault)
	}
	targets := tracer.rootZone().targets()
	const families, servers = 2, 13
	if len(targets) != families*servers {
		t.Errorf("%d root addresses, want %d", len(targets), families*servers)
	}
	for _, target := range targets {
		if ap, err := netip.ParseAddrPort(target.address); err != nil || !addresses.Public(ap.Addr()) {
			t.Errorf("root server %s at %s", target.server, target.address)
		}
	}
}

func TestWithPort(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:53", "192.0.2.1:5353": "192.0.2.1:5353", "2001:db8::1": "[2001:db8::1]:53",
		"[2001:db8::1]:5353": "[2001:db8::1]:5353", "dns.example": "dns.example:53", "dns.example:54": "dns.example:54",
	} {
		if got := withPort(address); got != want {
			t.Errorf("withPort(%q) = %q, want %q", address, got, want)
		}
	}
}

func FuzzParseRootHints(f *testing.F) {
	f.Add(namedRoot)
	f.Add(". NS .\n. A 1.2.3.4")
	f.Add("$TTL 5\n@ NS a\na AAAA ::1")
	f.Fuzz(func(t *testing.T, text string) {
		roots, err := ParseRootHints(strings.NewReader(text))
		if err != nil {
			return
		}
		if len(roots) == 0 {
			t.Error("neither roots nor an error")
		}
		for _, r := range roots {
			if len(r.Addresses) == 0 {
				t.Errorf("root %q without an address", r.Name)
			}
			for _, a := range r.Addresses {
				if _, err := netip.ParseAddrPort(a); err != nil {
					t.Errorf("root %q at %q", r.Name, a)
				}
			}
		}
	})
}
