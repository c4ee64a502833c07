package dnstrace_test

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A site is a zone of a test world with its servers. Its NS records and glue
// are put into it and into the closest site above.
type site struct {
	apex    string
	text    string
	servers []host
	signing *dnsd.Signing
	// parent replaces the records in the zone above.
	parent string
	// versions are other contents, for the servers that have a version.
	versions map[string]string
}

type host struct {
	name    string // within the site's apex unless it ends in a dot
	address string // several, separated by spaces; none leaves the server out
	version string
	also    []string // further zones that it serves
	do      []dnsd.Behaviour
}

func do(misdeeds ...dnsd.Misdeed) []dnsd.Behaviour {
	var all []dnsd.Behaviour
	for _, m := range misdeeds {
		all = append(all, dnsd.Behaviour{Do: m})
	}
	return all
}

func (h host) absolute(apex string) string {
	if strings.HasSuffix(h.name, ".") {
		return h.name
	}
	return h.name + "." + strings.TrimPrefix(apex+".", ".")
}

func (s site) delegation() string {
	var text strings.Builder
	for _, h := range s.servers {
		fmt.Fprintf(&text, "%s. NS %s\n", strings.TrimSuffix(s.apex, "."), h.absolute(s.apex))
		for address := range strings.FieldsSeq(h.address) {
			if strings.HasSuffix(h.name, ".") {
				continue
			}
			rrtype := "A"
			if strings.Contains(address, ":") {
				rrtype = "AAAA"
			}
			fmt.Fprintf(&text, "%s %s %s\n", h.absolute(s.apex), rrtype, address)
		}
	}
	return text.String()
}

// root and com are what is above most test zones.
func root(servers ...host) site {
	if servers == nil {
		servers = []host{{name: "a.root-servers.test.", address: "192.0.2.1"}}
	}
	return site{apex: ".", servers: servers, text: "a.root-servers.test. A 192.0.2.1\n"}
}

func tld(name, address string) site {
	return site{apex: name, servers: []host{{name: "a.nic", address: address}}}
}

func signedSites(sites []site) []site {
	signed := slices.Clone(sites)
	for i := range signed {
		if signed[i].signing == nil {
			signed[i].signing = &dnsd.Signing{}
		}
	}
	return signed
}

// describe makes a description of sites.
func describe(sites []site, resolvers ...dnsd.Resolver) dnsd.Description {
	d := dnsd.Description{Resolvers: resolvers}
	texts := map[string]string{}
	for _, s := range sites {
		texts[s.apex] += s.delegation() + s.text + "\n"
		above := ""
		for _, other := range sites {
			inside := other.apex == "." || strings.HasSuffix(s.apex, "."+other.apex)
			if other.apex != s.apex && inside && len(other.apex) > len(above) {
				above = other.apex
			}
		}
		if above != "" {
			texts[above] += cmp.Or(s.parent, s.delegation())
		}
	}
	for _, s := range sites {
		d.Zones = append(d.Zones, dnsd.Zone{Name: s.apex, Text: texts[s.apex], Signing: s.signing})
		for version, text := range s.versions {
			d.Zones = append(d.Zones, dnsd.Zone{Name: s.apex, Version: version, Text: s.delegation() + text})
		}
		for _, h := range s.servers {
			if h.address == "" {
				continue
			}
			ref := s.apex
			if h.version != "" {
				ref += "@" + h.version
			}
			d.Servers = append(d.Servers, dnsd.Server{
				Name: strings.TrimSuffix(h.absolute(s.apex), "."), Addresses: strings.Fields(h.address),
				Zones: append([]string{ref}, h.also...), Behaviours: h.do,
			})
		}
	}
	return d
}

func start(t testing.TB, d dnsd.Description, o dnsd.Options) *dnsd.Network {
	t.Helper()
	network, err := dnsd.Start(d, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	return network
}

// patience is the time-out of a try in the tests: long enough for a busy
// machine, short enough for servers that never answer.
const patience = 400 * time.Millisecond

func options(network *dnsd.Network) dnstrace.Options {
	return dnstrace.Options{
		Roots: network.Roots(), TrustAnchors: network.TrustAnchors(), Resolvers: network.Resolvers(),
		Dial: network.Dial, Timeout: patience,
	}
}

func session(network *dnsd.Network) *dnstrace.Session {
	return dnstrace.New(options(network)).Session()
}

// summary is a look-up in a form to compare: what a reader would ask first.
func summary(l *diagnose.Lookup) string {
	var b strings.Builder
	fmt.Fprintf(&b, "path %s\n", strings.Join(l.Path, " "))
	for _, r := range l.Replies {
		fmt.Fprintf(&b, "%s\n", line(r))
	}
	for _, r := range l.Public {
		fmt.Fprintf(&b, "public %s\n", line(r))
	}
	if l.Broken != nil {
		fmt.Fprintf(&b, "broken %s\n", strings.TrimSpace(fmt.Sprintf("%s %s %s", l.Broken.Kind, l.Broken.Zone, l.Broken.Name)))
		for _, r := range l.Broken.Replies {
			fmt.Fprintf(&b, "  %s\n", line(r))
		}
	}
	if l.Security != (diagnose.Security{}) {
		fmt.Fprintf(&b, "%s\n", strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", l.Security.State, l.Security.Fault, l.Security.Zone)), " "))
	}
	return b.String()
}

func line(r diagnose.Reply) string {
	host, _, _ := net.SplitHostPort(r.Address)
	words := []string{r.Server, host, string(r.Outcome)}
	if r.Transport == "tcp" {
		words = append(words, "tcp")
	}
	if r.CheckingDisabled {
		words = append(words, "cd")
	}
	for _, rr := range r.Answer {
		words = append(words, rr.Type, rr.Value)
	}
	for _, e := range r.EDE {
		words = append(words, fmt.Sprintf("ede=%d", e.Code))
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// text strips the indentation of an expectation.
func text(s string) string {
	var lines []string
	for l := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		trimmed := strings.TrimLeft(l, "\t")
		lines = append(lines, trimmed)
	}
	return strings.Join(lines, "\n") + "\n"
}

func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func split(lookup string) (name, rrtype string) {
	i := strings.LastIndexByte(lookup, ' ')
	return lookup[:i], lookup[i+1:]
}

// hideKeys leaves out what differs from run to run.
func hideKeys(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
		if before, _, ok := strings.Cut(l, " DS "); ok {
			lines[i] = before + " DS …"
		}
	}
	return strings.Join(lines, "\n")
}
