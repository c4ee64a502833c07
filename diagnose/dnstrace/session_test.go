package dnstrace_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

// A log collects queries by what they are.
type log struct {
	mu     sync.Mutex
	counts map[string]int
}

func (l *log) note(e dnsd.QueryEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	l.counts[e.Address+" "+e.Name+" "+e.Type]++
}

// No server is asked the same thing twice, however many ask at once, and the
// servers above the zone are asked once for all names in it.
func TestSessionAsksOnce(t *testing.T) {
	t.Parallel()
	var queries log
	network := start(t, describe(signedSites(example(host{}, "*.www CNAME _y.acm-validations.aws.\n"))), dnsd.Options{OnQuery: queries.note})
	s := session(network)
	ctx := deadline(t)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			l := s.Lookup(ctx, fmt.Sprintf("_%d.www.example.com", i), "CNAME")
			if len(l.Replies) != 2 || l.Replies[0].Outcome != diagnose.OutcomeAnswer {
				t.Errorf("look-up %d: %s", i, summary(l))
			}
		})
	}
	wg.Wait()
	queries.mu.Lock()
	defer queries.mu.Unlock()
	total := 0
	for query, n := range queries.counts {
		total += n
		if n != 1 {
			t.Errorf("%s asked %d times", query, n)
		}
	}
	// One at the root, one at com, keys at both and at the zone's two servers,
	// NS and SOA there, and a hundred names at each.
	if want := 4 + 3*2 + 100*2; total != want {
		t.Errorf("%d queries, want %d", total, want)
	}
	if got := s.Facts().Queries; got != total {
		t.Errorf("facts count %d queries, the servers %d", got, total)
	}
}

func TestLookupAgain(t *testing.T) {
	t.Parallel()
	network := start(t, describe(example(host{}, validation)), dnsd.Options{})
	s := session(network)
	first := s.Lookup(deadline(t), "_x.example.com", "CNAME")
	queries := s.Facts().Queries
	first.Replies[0].Answer[0].Value = "spoilt"
	second := s.Lookup(deadline(t), "_x.example.com", "cname")
	if got := second.Replies[0].Answer[0].Value; got != "_y.acm-validations.aws" {
		t.Errorf("a caller's change shows: %q", got)
	}
	if got := s.Facts().Queries; got != queries {
		t.Errorf("%d queries for a look-up that was made before", got-queries)
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	sites := []site{
		root(), tld("com", "192.0.2.2"), tld("net", "192.0.2.3"),
		{apex: "host.net", servers: []host{{name: "ns0", address: "192.0.2.30"}}, text: "ns1 A 192.0.2.31\n"},
		{
			apex: "example.com", text: validation,
			servers: []host{{name: "ns1.host.net."}, {name: "ns2.gone.net."}},
		},
		{apex: "unused.com", servers: []host{{name: "s", address: "192.0.2.31", also: []string{"example.com"}}}},
	}
	network := start(t, describe(sites), dnsd.Options{})
	s := session(network)
	s.Lookup(deadline(t), "_x.example.com", "CNAME")
	facts := s.Facts()
	if facts.Lookup("_x.example.com", "CNAME") == nil {
		t.Fatalf("the look-up is missing from %v", facts.Lookups)
	}
	var apexes []string
	for apex := range facts.Zones {
		apexes = append(apexes, apex)
	}
	if len(apexes) != 3 {
		t.Errorf("zones %v, want the root, com and example.com alone", apexes)
	}
	zone := facts.Zones["example.com"]
	want := []diagnose.ZoneServer{
		{Name: "ns1.host.net", Addresses: []string{"192.0.2.31:53"}},
		{Name: "ns2.gone.net", Outcome: diagnose.OutcomeNXDomain},
	}
	if diff := cmp.Diff(want, zone.Servers); diff != "" {
		t.Errorf("servers mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ns1.host.net", "ns2.gone.net"}, zone.Delegated); diff != "" {
		t.Errorf("delegated mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(zone.Delegated, zone.ApexNS()); diff != "" {
		t.Errorf("apex NS mismatch (-want +got):\n%s", diff)
	}
	if len(zone.SOA) != 1 || zone.SOA[0].Answer[0].Value != "ns1.host.net hostmaster.example.com 1 7200 3600 1209600 300" {
		t.Errorf("SOA %+v", zone.SOA)
	}
	if zone.Parent != "com" || len(zone.Referrals) != 1 || zone.Referrals[0].Outcome != diagnose.OutcomeReferral {
		t.Errorf("parent %q, referrals %+v", zone.Parent, zone.Referrals)
	}
	facts.Zones["example.com"].Referrals[0].Authority[0].Value = "spoilt"
	if got := s.Facts().Zones["example.com"].Referrals[0].Authority[0].Value; got == "spoilt" {
		t.Error("a caller's change shows in later facts")
	}
}

// Servers of one zone that are delegated differently by the servers above.
func TestReferralsDiffer(t *testing.T) {
	t.Parallel()
	sites := []site{
		root(),
		{
			apex:     "com",
			servers:  []host{{name: "a.nic", address: "192.0.2.2"}, {name: "b.nic", address: "192.0.2.3", version: "stale"}},
			versions: map[string]string{"stale": "example NS ns9.example\nns9.example A 192.0.2.19\n"},
		},
		{
			apex: "example.com", text: validation,
			servers: []host{{name: "ns1", address: "192.0.2.11"}},
		},
		{apex: "unused.com", servers: []host{{name: "s", address: "192.0.2.19", do: do(dnsd.MisdeedRefuse)}}},
	}
	network := start(t, describe(sites), dnsd.Options{})
	s := session(network)
	got := summary(s.Lookup(deadline(t), "_x.example.com", "CNAME"))
	want := text(`
		path . com example.com
		ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
		ns9.example.com 192.0.2.19 refused`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	if referrals := s.Facts().Zones["example.com"].Referrals; len(referrals) != 2 ||
		cmp.Equal(referrals[0].Authority, referrals[1].Authority) {
		t.Errorf("referrals %+v, want two that differ", referrals)
	}
}

func TestResolvers(t *testing.T) {
	t.Parallel()
	negative := dnsd.Cached{Name: "_x.example.com", Type: "CNAME", NXDomain: true, Remaining: 10 * time.Minute}
	tests := []struct {
		name     string
		sites    []site
		resolver dnsd.Resolver
		lookup   string
		want     string // the lines of the resolvers
	}{
		{
			name: "answer", sites: example(host{}, validation), lookup: "_x.example.com CNAME",
			want: "public 192.0.2.53 answer CNAME _y.acm-validations.aws",
		},
		{
			name: "alias", sites: example(host{}, "www CNAME web\nweb A 192.0.2.80\n"), lookup: "www.example.com A",
			want: "public 192.0.2.53 answer CNAME web.example.com A 192.0.2.80",
		},
		{
			name: "no such name", sites: example(host{}, ""), lookup: "_x.example.com CNAME",
			want: "public 192.0.2.53 nxdomain",
		},
		{
			name: "negative answer cached", sites: example(host{}, validation), lookup: "_x.example.com CNAME",
			resolver: dnsd.Resolver{Cache: []dnsd.Cached{negative}},
			want:     "public 192.0.2.53 nxdomain",
		},
		{
			name: "old answer cached", sites: example(host{}, validation), lookup: "_x.example.com CNAME",
			resolver: dnsd.Resolver{Cache: []dnsd.Cached{{
				Name: "_x.example.com", Type: "CNAME", Text: "@ CNAME _old.acm-validations.aws.", Remaining: time.Hour,
			}}},
			want: "public 192.0.2.53 answer CNAME _old.acm-validations.aws",
		},
		{
			name: "zone is dead", sites: broken(do(dnsd.MisdeedRefuse)), lookup: "_x.example.com CNAME",
			want: "public 192.0.2.53 servfail ede=22\npublic 192.0.2.53 servfail cd ede=22",
		},
		{
			name: "expired signature", sites: signedExample(&dnsd.Signing{Fault: dnsd.SigningExpired}, validation),
			lookup: "_x.example.com CNAME",
			want:   "public 192.0.2.53 servfail ede=7\npublic 192.0.2.53 answer cd CNAME _y.acm-validations.aws",
		},
		{
			name: "stale DS", sites: signedExample(&dnsd.Signing{Fault: dnsd.SigningWrongDS}, validation),
			lookup: "_x.example.com CNAME",
			want:   "public 192.0.2.53 servfail ede=9\npublic 192.0.2.53 answer cd CNAME _y.acm-validations.aws",
		},
		{
			name: "resolver that does not validate", sites: signedExample(&dnsd.Signing{Fault: dnsd.SigningExpired}, validation),
			resolver: dnsd.Resolver{NoValidation: true}, lookup: "_x.example.com CNAME",
			want: "public 192.0.2.53 answer CNAME _y.acm-validations.aws",
		},
		{
			name: "resolver refuses", sites: example(host{}, validation), lookup: "_x.example.com CNAME",
			resolver: dnsd.Resolver{Behaviours: do(dnsd.MisdeedRefuse)},
			want:     "public 192.0.2.53 refused",
		},
		{
			name: "resolver is silent", sites: example(host{}, validation), lookup: "_x.example.com CNAME",
			resolver: dnsd.Resolver{Behaviours: do(dnsd.MisdeedDrop)},
			want:     "public 192.0.2.53 timeout",
		},
		{
			name: "silent authoritative server costs a resolver nothing", sites: example(host{do: do(dnsd.MisdeedDrop)}, validation),
			lookup: "_x.example.com CNAME",
			want:   "public 192.0.2.53 answer CNAME _y.acm-validations.aws",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.resolver.Address = "192.0.2.53"
			network := start(t, describe(test.sites, test.resolver), dnsd.Options{})
			name, rrtype := split(test.lookup)
			l := session(network).Lookup(deadline(t), name, rrtype)
			var got []string
			for _, r := range l.Public {
				got = append(got, "public "+line(r))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

// A negative answer tells how long it stays in caches.
func TestNegativeTTL(t *testing.T) {
	t.Parallel()
	network := start(t, describe(example(host{}, "@ 3600 SOA ns1 hostmaster 7 7200 3600 1209600 900\n"),
		dnsd.Resolver{Address: "192.0.2.53", Cache: []dnsd.Cached{{
			Name: "_x.example.com", Type: "CNAME", NXDomain: true, Remaining: 10 * time.Minute,
			SOA: "example.com. 900 IN SOA ns1.example.com. hostmaster.example.com. 7 7200 3600 1209600 900",
		}}}), dnsd.Options{})
	l := session(network).Lookup(deadline(t), "_x.example.com", "CNAME")
	soa := l.Replies[0].Authority[0]
	if soa.Type != "SOA" || soa.TTL != 900 || !strings.HasSuffix(soa.Value, " 900") {
		t.Errorf("authoritative SOA %+v, want a TTL of 900", soa)
	}
	cached := l.Public[0].Authority[0]
	if cached.Type != "SOA" || cached.TTL > 600 || cached.TTL < 540 {
		t.Errorf("cached SOA %+v, want a TTL of at most 600 that counts down", cached)
	}
}

// A machine without IPv6, whether it says so or swallows the packets.
func TestNoIPv6(t *testing.T) {
	t.Parallel()
	sites := []site{
		root(host{name: "a.root-servers.test.", address: "192.0.2.1 2001:db8::1"}),
		{apex: "com", servers: []host{
			{name: "a.nic", address: "192.0.2.2 2001:db8::2"},
			{name: "b.nic", address: "192.0.2.3 2001:db8::3"},
			{name: "c.nic", address: "192.0.2.4 2001:db8::4"},
		}},
		{apex: "example.com", text: validation, servers: []host{{name: "ns1", address: "192.0.2.11 2001:db8::11"}}},
	}
	network := start(t, describe(sites), dnsd.Options{})
	want := text(`
		path . com example.com
		ns1.example.com 192.0.2.11 answer CNAME _y.acm-validations.aws
		ns1.example.com 2001:db8::11 unreachable`)
	t.Run("no route", func(t *testing.T) {
		t.Parallel()
		o := options(network)
		o.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "[") {
				return nil, &net.OpError{Op: "dial", Net: kind, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
			}
			return network.Dial(ctx, kind, address)
		}
		got := summary(dnstrace.New(o).Session().Lookup(deadline(t), "_x.example.com", "CNAME"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("mismatch (-want +got):\n%s", diff)
		}
	})
	t.Run("black hole", func(t *testing.T) {
		t.Parallel()
		hole, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer hole.Close() //nolint:errcheck // a test's
		o := options(network)
		o.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "[") {
				return new(net.Dialer).DialContext(ctx, "udp", hole.LocalAddr().String())
			}
			return network.Dial(ctx, kind, address)
		}
		got := summary(dnstrace.New(o).Session().Lookup(deadline(t), "_x.example.com", "CNAME"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("mismatch (-want +got):\n%s", diff)
		}
	})
}

func TestBudget(t *testing.T) {
	t.Parallel()
	network := start(t, describe(example(host{}, validation)), dnsd.Options{})
	for budget := 1; budget <= 8; budget++ {
		t.Run(fmt.Sprint(budget), func(t *testing.T) {
			t.Parallel()
			o := options(network)
			o.Budget = budget
			s := dnstrace.New(o).Session()
			l := s.Lookup(deadline(t), "_x.example.com", "CNAME")
			if got := s.Facts().Queries; got > budget {
				t.Errorf("%d queries with a budget of %d", got, budget)
			}
			// One query each at the root and at com come before the zone's.
			usable := false
			for _, r := range l.Replies {
				usable = usable || r.Outcome.Usable()
			}
			if !usable && (l.Broken == nil || l.Broken.Kind != diagnose.BreakBudget) {
				t.Errorf("no usable answer, and it is not laid to the budget: %s", summary(l))
			}
		})
	}
}

// Cancelling ends a look-up at once, with what there is.
func TestCancel(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 100)
	network := start(t, describe(broken(do(dnsd.MisdeedDrop))), dnsd.Options{OnQuery: func(e dnsd.QueryEvent) {
		if e.Name == "_x.example.com" {
			asked <- struct{}{}
		}
	}})
	o := options(network)
	o.Timeout = time.Hour
	s := dnstrace.New(o).Session()
	ctx, cancel := context.WithCancel(deadline(t))
	go func() {
		<-asked
		cancel()
	}()
	l := s.Lookup(ctx, "_x.example.com", "CNAME")
	if len(l.Replies) != 2 || l.Replies[0].Outcome != diagnose.OutcomeNotReached ||
		l.Broken == nil || l.Broken.Kind != diagnose.BreakBudget {
		t.Errorf("look-up %s", summary(l))
	}
	for _, r := range l.Replies {
		if r.Detail == "" {
			t.Errorf("no words for %q", r.Outcome)
		}
	}
}

// Who comes later does not suffer from another's short deadline.
func TestCancelledLookupIsMadeAgain(t *testing.T) {
	t.Parallel()
	network := start(t, describe(example(host{}, validation)), dnsd.Options{})
	s := session(network)
	over, cancel := context.WithCancel(deadline(t))
	cancel()
	if l := s.Lookup(over, "_x.example.com", "CNAME"); l.Broken == nil || l.Broken.Kind != diagnose.BreakBudget {
		t.Errorf("look-up without time: %s", summary(l))
	}
	if l := s.Lookup(deadline(t), "_x.example.com", "CNAME"); l.Broken != nil || len(l.Replies) != 2 {
		t.Errorf("look-up with time: %s", summary(l))
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	sites := append(example(host{do: do(dnsd.MisdeedDrop)}, `
www CNAME edge.cdn.net.
both A 192.0.2.80
both AAAA 2001:db8::80
loop CNAME pool
pool CNAME loop
dangling CNAME gone.cdn.net.
only TXT here
far CNAME www.lost.com.
`), tld("net", "192.0.2.3"),
		site{apex: "cdn.net", servers: []host{{name: "ns1", address: "192.0.2.31"}}, text: "edge A 192.0.2.81\nedge A 192.0.2.82\n"},
		site{apex: "lost.com", servers: []host{{name: "ns1", address: "192.0.2.41", do: do(dnsd.MisdeedRefuse)}}},
	)
	cached := dnsd.Cached{Name: "far.example.com", Type: "A", Remaining: time.Hour, Text: "@ CNAME www.lost.com.\nwww.lost.com. A 192.0.2.90\n"}
	network := start(t, describe(sites, dnsd.Resolver{Address: "192.0.2.53", Cache: []dnsd.Cached{cached}}), dnsd.Options{})
	s := session(network)
	tests := []struct {
		name, want, canonical string
		outcome               diagnose.Outcome
	}{
		{"both.example.com", "192.0.2.80 2001:db8::80", "both.example.com", diagnose.OutcomeAnswer},
		{"www.example.com", "192.0.2.81 192.0.2.82", "edge.cdn.net", diagnose.OutcomeAnswer},
		{"nothing.example.com", "", "nothing.example.com", diagnose.OutcomeNXDomain},
		{"only.example.com", "", "only.example.com", diagnose.OutcomeNoData},
		{"dangling.example.com", "", "gone.cdn.net", diagnose.OutcomeNXDomain},
		{"nothing.expired.com", "", "nothing.expired.com", diagnose.OutcomeNXDomain},
		{"far.example.com", "192.0.2.90", "www.lost.com", diagnose.OutcomeAnswer},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			addrs, canonical, outcome := s.Addresses(deadline(t), test.name)
			var got []string
			for _, a := range addrs {
				got = append(got, a.String())
			}
			if strings.Join(got, " ") != test.want || canonical != test.canonical || outcome != test.outcome {
				t.Errorf("addresses %v of %q, outcome %q", got, canonical, outcome)
			}
		})
	}
	t.Run("loop", func(t *testing.T) {
		t.Parallel()
		if addrs, _, outcome := s.Addresses(deadline(t), "loop.example.com"); len(addrs) > 0 || outcome.Usable() {
			t.Errorf("addresses %v, outcome %q", addrs, outcome)
		}
	})
}

func TestNoRoots(t *testing.T) {
	t.Parallel()
	tracer := dnstrace.New(dnstrace.Options{
		Roots: []dnstrace.Root{{Name: "a.root-servers.test"}},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("nothing may be dialled")
		},
	})
	l := tracer.Session().Lookup(deadline(t), "example.com", "CNAME")
	if l.Broken == nil || l.Broken.Kind != diagnose.BreakNoServers || l.Broken.Zone != "." {
		t.Errorf("look-up %s", summary(l))
	}
}

// With the public roots, glue cannot make the tracer talk to machines behind
// the firewall.
func TestPublicAddressesOnly(t *testing.T) {
	t.Parallel()
	var dialled atomic.Int64
	var at sync.Map
	tracer := dnstrace.New(dnstrace.Options{
		Timeout: patience,
		Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialled.Add(1)
			at.Store(address, true)
			return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}
		},
	})
	l := tracer.Session().Lookup(deadline(t), "example.com", "CNAME")
	if l.Broken == nil || l.Broken.Kind != diagnose.BreakLame || l.Broken.Zone != "." {
		t.Errorf("look-up %s", summary(l))
	}
	at.Range(func(address, _ any) bool {
		if ap := netip.MustParseAddrPort(address.(string)); ap.Addr().IsPrivate() || ap.Port() != 53 {
			t.Errorf("dialled %s", address)
		}
		return true
	})
	const roots = 26
	if n := dialled.Load(); n < roots {
		t.Errorf("dialled %d addresses, want those of all root servers", n)
	}
}
