package dnstrace_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

// example is a zone with two servers, of which the second may be odd.
func example(second host, text string) []site {
	second.name, second.address = "ns2", "192.0.2.12"
	return []site{
		root(), tld("com", "192.0.2.2"),
		{
			apex: "example.com", text: text, versions: map[string]string{"stale": ""},
			servers: []host{{name: "ns1", address: "192.0.2.11"}, second},
		},
	}
}

// broken is a zone whose two servers are odd in the same way.
func broken(misdeeds []dnsd.Behaviour) []site {
	return []site{
		root(), tld("com", "192.0.2.2"),
		{
			apex: "example.com", text: "_x CNAME _y.acm-validations.aws.\n",
			servers: []host{
				{name: "ns1", address: "192.0.2.11", do: misdeeds},
				{name: "ns2", address: "192.0.2.12", do: misdeeds},
			},
		},
	}
}

const validation = "_x CNAME _y.ACM-Validations.aws.\n"

func TestLookup(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		sites  []site
		lookup string // name and type
		want   string
	}{
		{
			name: "answer", sites: example(host{}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "upper case and trailing dot", sites: example(host{}, validation), lookup: "_X.Example.COM. CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "stale secondary", sites: example(host{version: "stale"}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 nxdomain`,
		},
		{
			name: "silent server", sites: example(host{do: do(dnsd.MisdeedDrop)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 timeout`,
		},
		{
			name: "closed port", sites: example(host{do: do(dnsd.MisdeedClosed)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 unreachable`,
		},
		{
			name: "refused", sites: example(host{do: do(dnsd.MisdeedRefuse)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 refused`,
		},
		{
			name: "servfail", sites: example(host{do: do(dnsd.MisdeedServFail)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 servfail`,
		},
		{
			name: "lame", sites: example(host{do: do(dnsd.MisdeedLame)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 lame CNAME _y.acm-validations.aws`,
		},
		{
			name: "upward referral", sites: example(host{do: do(dnsd.MisdeedUpward)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 upward-referral`,
		},
		{
			name: "truncated", sites: example(host{do: do(dnsd.MisdeedTruncate)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 answer tcp CNAME _y.acm-validations.aws`,
		},
		{
			name: "truncated and no TCP", sites: example(host{do: do(dnsd.MisdeedTruncateNoTCP)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 truncated tcp`,
		},
		{
			name: "no EDNS", sites: example(host{do: do(dnsd.MisdeedNoEDNS)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "EDNS dropped", sites: example(host{do: do(dnsd.MisdeedDropEDNS)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "format error", sites: example(host{do: do(dnsd.MisdeedFormErr)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 bad-message`,
		},
		{
			name: "stray answer first", sites: example(host{do: do(dnsd.MisdeedWrongID)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "another question's answer", sites: example(host{do: do(dnsd.MisdeedWrongQuestion)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 bad-message`,
		},
		{
			name: "garbage", sites: example(host{do: do(dnsd.MisdeedGarbage)}, validation), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 bad-message`,
		},
		{
			name: "all refuse", sites: broken(do(dnsd.MisdeedRefuse)), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 refused
				ns2.example.com 192.0.2.12 refused
				broken lame example.com
				  ns1.example.com 192.0.2.11 refused
				  ns2.example.com 192.0.2.12 refused`,
		},
		{
			name: "all silent", sites: broken(do(dnsd.MisdeedDrop)), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 timeout
				ns2.example.com 192.0.2.12 timeout
				broken lame example.com
				  ns1.example.com 192.0.2.11 timeout
				  ns2.example.com 192.0.2.12 timeout`,
		},
		{
			// The delegation is in order: only this type is not to be had.
			name:  "CAA queries fail everywhere",
			sites: broken([]dnsd.Behaviour{{Do: dnsd.MisdeedServFail, Type: "CAA"}}), lookup: "example.com CAA",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 servfail
				ns2.example.com 192.0.2.12 servfail`,
		},
		{
			name:  "CAA queries are dropped everywhere",
			sites: broken([]dnsd.Behaviour{{Do: dnsd.MisdeedDrop, Type: "CAA"}}), lookup: "example.com CAA",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 timeout
				ns2.example.com 192.0.2.12 timeout`,
		},
		{
			name: "CAA", sites: example(host{}, `@ CAA 0 issue "amazon.com"`+"\n"+`@ CAA 128 tbs "Unknown; a=b"`), lookup: "example.com CAA",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CAA 0 issue "amazon.com" CAA 128 tbs "Unknown; a=b"
				ns2.example.com 192.0.2.12 answer CAA 0 issue "amazon.com" CAA 128 tbs "Unknown; a=b"`,
		},
		{
			name: "CAA of an alias", sites: example(host{}, "www CNAME other\nother CAA 0 issue \";\"\n"), lookup: "www.example.com CAA",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME other.example.com CAA 0 issue ";"
				ns2.example.com 192.0.2.12 answer CNAME other.example.com CAA 0 issue ";"`,
		},
		{
			name: "alias to nowhere", sites: example(host{}, "www CNAME gone\n"), lookup: "www.example.com CAA",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME gone.example.com
				ns2.example.com 192.0.2.12 answer CNAME gone.example.com`,
		},
		{
			name: "no such type", sites: example(host{}, `_x TXT "_y.acm-validations.aws"`), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 nodata
				ns2.example.com 192.0.2.12 nodata`,
		},
		{
			name: "deep name without a cut", sites: example(host{}, "_x.a.b.c CNAME _y.acm-validations.aws.\n"), lookup: "_x.a.b.c.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 answer CNAME _y.acm-validations.aws`,
		},
		{
			name:   "NXDOMAIN at an empty non-terminal",
			sites:  example(host{do: do(dnsd.MisdeedNXDomainForENT)}, "_x.a CNAME _y.acm-validations.aws.\n"),
			lookup: "a.example.com CAA",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 nodata
				ns2.example.com 192.0.2.12 nxdomain`,
		},
		{
			name: "no SOA in negative answers", sites: example(host{do: do(dnsd.MisdeedNoSOA)}, "a A 192.0.2.80"), lookup: "a.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 nodata
				ns2.example.com 192.0.2.12 nodata`,
		},
		{
			name: "delegation further down",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{apex: "example.com", servers: []host{{name: "ns1", address: "192.0.2.11"}}, text: "_x.api.dev CNAME shadowed.\n"},
				{apex: "dev.example.com", servers: []host{{name: "ns1", address: "192.0.2.21"}}, text: "_x.api CNAME _y.acm-validations.aws.\n"},
			},
			lookup: "_x.api.dev.example.com CNAME",
			want: `
				path . com example.com dev.example.com
				ns1.dev.example.com 192.0.2.21 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "delegation of the name itself",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{apex: "example.com", servers: []host{{name: "ns1", address: "192.0.2.11"}}},
				{apex: "_x.example.com", servers: []host{{name: "ns1", address: "192.0.2.21"}}, text: "@ TXT hello\n"},
			},
			lookup: "_x.example.com TXT",
			want: `
				path . com example.com _x.example.com
				ns1._x.example.com 192.0.2.21 answer TXT "hello"`,
		},
		{
			name: "one server has the zone and the one above",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{apex: "example.com", servers: []host{{name: "ns1", address: "192.0.2.11", also: []string{"dev.example.com"}}}},
				{
					apex: "dev.example.com", servers: []host{{name: "ns1.example.com."}, {name: "ns9", address: "192.0.2.29"}},
					text: "_x.api CNAME _y.acm-validations.aws.\n", parent: "dev.example.com. NS ns1.example.com.\n",
				},
			},
			lookup: "_x.api.dev.example.com CNAME",
			// The second server is in the zone's own NS records only; the
			// parent's servers answer from the child.
			want: `
				path . com example.com dev.example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns9.dev.example.com 192.0.2.29 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "one server has three zones of a path",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{apex: "example.com", servers: []host{{name: "ns1", address: "192.0.2.11", also: []string{"b.example.com", "a.b.example.com"}}}},
				{apex: "b.example.com", servers: []host{{name: "ns1.example.com."}}},
				{apex: "a.b.example.com", servers: []host{{name: "ns1.example.com."}}, text: "_x CNAME _y.acm-validations.aws.\n"},
			},
			lookup: "_x.a.b.example.com CNAME",
			want: `
				path . com example.com b.example.com a.b.example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "one server has three zones and the name is not there",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{apex: "example.com", servers: []host{{name: "ns1", address: "192.0.2.11", also: []string{"b.example.com", "a.b.example.com"}}}},
				{apex: "b.example.com", servers: []host{{name: "ns1.example.com."}}},
				{apex: "a.b.example.com", servers: []host{{name: "ns1.example.com."}}},
			},
			lookup: "_x.a.b.example.com CNAME",
			want: `
				path . com example.com b.example.com a.b.example.com
				ns1.example.com 192.0.2.11 nxdomain`,
		},
		{
			name: "stale secondary without the delegation",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{
					apex: "example.com", versions: map[string]string{"stale": "_x.dev CNAME old.\n"},
					servers: []host{{name: "ns1", address: "192.0.2.11"}, {name: "ns2", address: "192.0.2.12"}, {name: "ns3", address: "192.0.2.13", version: "stale"}},
				},
				{apex: "dev.example.com", servers: []host{{name: "ns1", address: "192.0.2.21"}}, text: validation},
			},
			lookup: "_x.dev.example.com CNAME",
			want: `
				path . com example.com dev.example.com
				ns1.dev.example.com 192.0.2.21 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "one secondary delegates what the others do not",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{
					apex: "example.com", text: "_x.dev CNAME _y.acm-validations.aws.\n",
					versions: map[string]string{"stale": "dev NS ns1.dev\nns1.dev A 192.0.2.21\n"},
					servers: []host{
						{name: "ns1", address: "192.0.2.11"},
						{name: "ns2", address: "192.0.2.12"},
						{name: "ns3", address: "192.0.2.13", version: "stale"},
					},
				},
			},
			lookup: "_x.dev.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 answer CNAME _y.acm-validations.aws
				ns3.example.com 192.0.2.13 referral`,
		},
		{
			name: "domain that does not exist", sites: example(host{}, ""), lookup: "_x.www.expired.com CNAME",
			want: `
				path . com
				a.nic.com 192.0.2.2 nxdomain
				broken nxdomain com expired.com
				  a.nic.com 192.0.2.2 nxdomain`,
		},
		{
			name: "top-level domain that does not exist", sites: example(host{}, ""), lookup: "_x.example.internal CNAME",
			want: `
				path .
				a.root-servers.test 192.0.2.1 nxdomain
				broken nxdomain . internal
				  a.root-servers.test 192.0.2.1 nxdomain`,
		},
		{
			name: "domain that is there without a delegation",
			sites: append(example(host{}, ""), site{
				apex: "held.com", parent: "held.com. TXT hold\n",
			}),
			lookup: "_x.held.com CNAME",
			want: `
				path . com
				a.nic.com 192.0.2.2 nxdomain
				broken nxdomain com held.com
				  a.nic.com 192.0.2.2 nodata`,
		},
		{
			name: "public suffix of two labels on the servers of the one above",
			sites: []site{
				root(),
				{apex: "uk", servers: []host{{name: "a.nic", address: "192.0.2.2", also: []string{"co.uk"}}}},
				{apex: "co.uk", servers: []host{{name: "a.nic.uk."}}},
				{apex: "example.co.uk", servers: []host{{name: "ns1", address: "192.0.2.11"}}, text: validation},
			},
			lookup: "_x.example.co.uk CNAME",
			want: `
				path . uk co.uk example.co.uk
				ns1.example.co.uk 192.0.2.11 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "CAA of a public suffix", sites: example(host{}, ""), lookup: "com CAA",
			want: `
				path . com
				a.nic.com 192.0.2.2 nodata`,
		},
		{
			name: "server's name in another domain",
			sites: []site{
				root(), tld("com", "192.0.2.2"), tld("net", "192.0.2.3"),
				{apex: "host.net", servers: []host{{name: "ns0", address: "192.0.2.30"}}, text: "ns1 CNAME real\nreal A 192.0.2.31\nns2 A 192.0.2.32\n"},
				{apex: "example.com", servers: []host{{name: "ns1.host.net."}, {name: "ns2.host.net."}}, text: validation},
				{apex: "unused.com", servers: []host{
					{name: "s1", address: "192.0.2.31", also: []string{"example.com"}},
					{name: "s2", address: "192.0.2.32", also: []string{"example.com"}},
				}},
			},
			lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.host.net 192.0.2.31 answer CNAME _y.acm-validations.aws
				ns2.host.net 192.0.2.32 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "glue from outside the parent's authority is not believed",
			sites: []site{
				root(), tld("com", "192.0.2.2"), tld("net", "192.0.2.3"),
				{apex: "host.net", servers: []host{{name: "ns0", address: "192.0.2.30"}}, text: "ns1 A 192.0.2.11\n"},
				{apex: "example.com", servers: []host{{name: "ns1.host.net."}}, text: validation},
				{apex: "evil.com", servers: []host{
					{name: "s1", address: "192.0.2.66", do: do(dnsd.MisdeedRefuse)},
					{name: "s2", address: "192.0.2.11", also: []string{"example.com"}},
				}},
			},
			lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.host.net 192.0.2.11 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "server without an address",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{apex: "example.com", servers: []host{{name: "ns1", address: "192.0.2.11"}, {name: "gone.nowhere.com."}}, text: validation},
			},
			lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				gone.nowhere.com no-address
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "no server has an address",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{apex: "example.com", servers: []host{{name: "ns1.nowhere.com."}, {name: "ns2.nowhere.com."}}, text: validation},
			},
			lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				broken no-servers example.com
				  ns1.nowhere.com no-address
				  ns2.nowhere.com no-address`,
		},
		{
			name: "glue is missing",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{apex: "example.com", servers: []host{{name: "ns1.example.com."}, {name: "ns2.example.com."}}, text: validation},
			},
			lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				broken loop example.com
				  ns1.example.com no-address
				  ns2.example.com no-address`,
		},
		{
			name: "glue is missing for one",
			sites: []site{
				root(), tld("com", "192.0.2.2"),
				{
					apex: "example.com", servers: []host{{name: "ns1", address: "192.0.2.11"}, {name: "ns2.example.com."}},
					text: validation + "ns2 A 192.0.2.12\n",
				},
				{apex: "unused.com", servers: []host{{name: "s", address: "192.0.2.12", also: []string{"example.com"}}}},
			},
			lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "two zones whose servers are named in each other",
			sites: []site{
				root(), tld("com", "192.0.2.2"), tld("net", "192.0.2.3"),
				{apex: "example.com", servers: []host{{name: "ns1.example.net."}, {name: "ns2.example.net."}}, text: validation},
				{apex: "example.net", servers: []host{{name: "ns1.example.com."}, {name: "ns2.example.com."}}},
			},
			lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				broken loop example.com
				  ns1.example.net no-address
				  ns2.example.net no-address`,
		},
		{
			name: "a loop that one server leads out of",
			sites: []site{
				root(), tld("com", "192.0.2.2"), tld("net", "192.0.2.3"),
				{apex: "example.com", servers: []host{{name: "ns1.example.net."}, {name: "ns2", address: "192.0.2.12"}}, text: validation + "ns3 A 192.0.2.13\n"},
				{apex: "example.net", servers: []host{{name: "ns3.example.com."}}, text: "ns1 A 192.0.2.11\n"},
				{apex: "unused.com", servers: []host{
					{name: "s1", address: "192.0.2.11", also: []string{"example.com"}},
					{name: "s2", address: "192.0.2.13", also: []string{"example.net"}},
				}},
			},
			lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.net 192.0.2.11 answer CNAME _y.acm-validations.aws
				ns2.example.com 192.0.2.12 answer CNAME _y.acm-validations.aws`,
		},
		{
			name: "top-level domain is dead",
			sites: []site{
				root(), {apex: "com", servers: []host{{name: "a.nic", address: "192.0.2.2", do: do(dnsd.MisdeedServFail)}}},
			},
			lookup: "_x.example.com CNAME",
			want: `
				path . com
				broken lame com
				  a.nic.com 192.0.2.2 servfail`,
		},
		{
			name: "DS is the parent's", sites: signedSites(example(host{}, "")), lookup: "example.com DS",
			want: `
				path . com
				a.nic.com 192.0.2.2 answer DS …
				secure`,
		},
		{
			name: "several aliases at one name", sites: example(host{}, "_x CNAME _y.acm-validations.aws.\n_x CNAME _z.acm-validations.aws.\n"), lookup: "_x.example.com CNAME",
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws CNAME _z.acm-validations.aws
				ns2.example.com 192.0.2.12 answer CNAME _y.acm-validations.aws CNAME _z.acm-validations.aws`,
		},
		{
			name: "escaped names", sites: example(host{}, `a\.b CNAME Tar\032get\.x.example.net.`), lookup: `a\.b.example.com CNAME`,
			want: `
				path . com example.com
				ns1.example.com 192.0.2.11 answer CNAME tar\032get\.x.example.net
				ns2.example.com 192.0.2.12 answer CNAME tar\032get\.x.example.net`,
		},
		{
			name: "name that is too long", sites: example(host{}, ""),
			lookup: "_x12345678901234567890123456789012345678901234567890123456789012345.example.com CNAME",
			want: `
				path
				broken bad-name  _x12345678901234567890123456789012345678901234567890123456789012345.example.com`,
		},
		{
			name: "type that is none", sites: example(host{}, ""), lookup: "example.com NONSENSE",
			want: `
				path
				broken bad-name  example.com`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			network := start(t, describe(test.sites), dnsd.Options{})
			name, rrtype := split(test.lookup)
			got := summary(session(network).Lookup(deadline(t), name, rrtype))
			if diff := cmp.Diff(text(test.want), hideKeys(got)); diff != "" {
				t.Errorf("Lookup(%s) mismatch (-want +got):\n%s", test.lookup, diff)
			}
		})
	}
}
