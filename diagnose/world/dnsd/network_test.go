package dnsd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	zoneServer   = "192.0.2.11:53"
	parentServer = "192.0.2.2:53"
	resolver     = "192.0.2.53:53"
)

// zones is a small hierarchy, with its last zone as given.
func zones(text string, signing *dnsd.Signing, misdeeds ...dnsd.Behaviour) dnsd.Description {
	above := signing
	if signing != nil {
		above = &dnsd.Signing{}
	}
	return dnsd.Description{
		Zones: []dnsd.Zone{
			{Text: "@ NS a.root.test.\na.root.test. A 192.0.2.1\ncom NS a.nic.com.\na.nic.com. A 192.0.2.2\n", Signing: above},
			{Name: "com", Text: "@ NS a.nic\na.nic A 192.0.2.2\nexample NS ns1.example\nns1.example A 192.0.2.11\nns1.example AAAA 2001:db8::11\n", Signing: above},
			{Name: "example.com.", Text: "@ NS ns1\nns1 A 192.0.2.11\n" + text, Signing: signing},
		},
		Servers: []dnsd.Server{
			{Name: "a.root.test", Addresses: []string{"192.0.2.1"}, Zones: []string{"."}},
			{Name: "a.nic.com", Addresses: []string{"192.0.2.2"}, Zones: []string{"com"}},
			{Name: "ns1.example.com", Addresses: []string{"192.0.2.11", "2001:db8::11"}, Zones: []string{"example.com"}, Behaviours: misdeeds},
		},
		Resolvers: []dnsd.Resolver{{Address: "192.0.2.53"}},
	}
}

func start(t *testing.T, d dnsd.Description, o dnsd.Options) *dnsd.Network {
	t.Helper()
	network, err := dnsd.Start(d, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	return network
}

// ask sends one query by hand; nil is no answer.
func ask(t *testing.T, network *dnsd.Network, transport, address, question string, edit ...func(*dns.Msg)) *dns.Msg {
	t.Helper()
	name, rrtype, _ := strings.Cut(question, " ")
	query := new(dns.Msg).SetQuestion(name, dns.StringToType[rrtype])
	query.RecursionDesired = address == resolver
	for _, change := range edit {
		change(query)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := network.Dial(ctx, transport, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // a test's
	client := &dns.Client{Net: transport, Timeout: 10 * time.Second}
	reply, _, err := client.ExchangeWithConnContext(ctx, query, &dns.Conn{Conn: conn})
	if err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	reply.Compress = true // as it was on the wire, for Len
	return reply
}

func edns(m *dns.Msg) { m.SetEdns0(4096, true) }

// sections is a message in a form to compare.
func sections(m *dns.Msg) string {
	var b strings.Builder
	b.WriteString(dns.RcodeToString[m.Rcode])
	if m.Authoritative {
		b.WriteString(" aa")
	}
	if m.Truncated {
		b.WriteString(" tc")
	}
	write(&b, "", m.Answer)
	write(&b, "authority ", m.Ns)
	write(&b, "additional ", m.Extra)
	return b.String()
}

func write(b *strings.Builder, name string, section []dns.RR) {
	for _, rr := range section {
		if rr.Header().Rrtype != dns.TypeOPT {
			fmt.Fprintf(b, "\n%s%s", name, strings.Join(strings.Fields(rr.String()), " "))
		}
	}
}

func TestAuthority(t *testing.T) {
	t.Parallel()
	network := start(t, zones(`
www A 192.0.2.80
alias CNAME www
away CNAME www.example.net.
dangling CNAME gone
a.b.c TXT deep
*.w TXT wild
x.w A 192.0.2.81
sub NS ns1.sub
ns1.sub A 192.0.2.21
into CNAME host.sub
`, nil), dnsd.Options{})
	const soa = "300 IN SOA ns1.example.com. hostmaster.example.com. 1 7200 3600 1209600 300"
	tests := []struct{ name, address, question, want string }{
		{"address", zoneServer, "www.example.com. A", "NOERROR aa\nwww.example.com. 300 IN A 192.0.2.80"},
		{"upper case", zoneServer, "WWW.Example.com. A", "NOERROR aa\nwww.example.com. 300 IN A 192.0.2.80"},
		{"no such type", zoneServer, "www.example.com. TXT", "NOERROR aa\nauthority example.com. " + soa},
		{"no such name", zoneServer, "gone.example.com. A", "NXDOMAIN aa\nauthority example.com. " + soa},
		{"empty non-terminal", zoneServer, "b.c.example.com. A", "NOERROR aa\nauthority example.com. " + soa},
		{"alias", zoneServer, "alias.example.com. A", "NOERROR aa\nalias.example.com. 300 IN CNAME www.example.com.\nwww.example.com. 300 IN A 192.0.2.80"},
		{"alias itself", zoneServer, "alias.example.com. CNAME", "NOERROR aa\nalias.example.com. 300 IN CNAME www.example.com."},
		{"alias that leads away", zoneServer, "away.example.com. A", "NOERROR aa\naway.example.com. 300 IN CNAME www.example.net."},
		{"alias that leads nowhere", zoneServer, "dangling.example.com. A", "NXDOMAIN aa\ndangling.example.com. 300 IN CNAME gone.example.com.\nauthority example.com. " + soa},
		{"alias into a delegation", zoneServer, "into.example.com. A", "NOERROR aa\ninto.example.com. 300 IN CNAME host.sub.example.com.\nauthority sub.example.com. 300 IN NS ns1.sub.example.com.\nadditional ns1.sub.example.com. 300 IN A 192.0.2.21"},
		{"wildcard", zoneServer, "any.w.example.com. TXT", "NOERROR aa\nany.w.example.com. 300 IN TXT \"wild\""},
		{"wildcard, deep", zoneServer, "a.b.w.example.com. TXT", "NOERROR aa\na.b.w.example.com. 300 IN TXT \"wild\""},
		{"wildcard of another type", zoneServer, "any.w.example.com. A", "NOERROR aa\nauthority example.com. " + soa},
		{"name beside a wildcard", zoneServer, "x.w.example.com. TXT", "NOERROR aa\nauthority example.com. " + soa},
		{"below a name beside a wildcard", zoneServer, "y.x.w.example.com. TXT", "NXDOMAIN aa\nauthority example.com. " + soa},
		{"delegation", zoneServer, "a.sub.example.com. A", "NOERROR\nauthority sub.example.com. 300 IN NS ns1.sub.example.com.\nadditional ns1.sub.example.com. 300 IN A 192.0.2.21"},
		{"delegation of its servers", zoneServer, "sub.example.com. NS", "NOERROR\nauthority sub.example.com. 300 IN NS ns1.sub.example.com.\nadditional ns1.sub.example.com. 300 IN A 192.0.2.21"},
		{"DS of an unsigned delegation", zoneServer, "sub.example.com. DS", "NOERROR aa\nauthority example.com. " + soa},
		{"glue is not authoritative", parentServer, "ns1.example.com. A", "NOERROR\nauthority example.com. 300 IN NS ns1.example.com.\nadditional ns1.example.com. 300 IN A 192.0.2.11\nadditional ns1.example.com. 300 IN AAAA 2001:db8::11"},
		{"apex", zoneServer, "example.com. NS", "NOERROR aa\nexample.com. 300 IN NS ns1.example.com."},
		{"another zone", zoneServer, "example.net. A", "REFUSED"},
		{"over IPv6", "[2001:db8::11]:53", "www.example.com. A", "NOERROR aa\nwww.example.com. 300 IN A 192.0.2.80"},
	}
	for _, test := range tests {
		for _, transport := range []string{"udp", "tcp"} {
			t.Run(test.name+" over "+transport, func(t *testing.T) {
				t.Parallel()
				if diff := cmp.Diff(test.want, sections(ask(t, network, transport, test.address, test.question))); diff != "" {
					t.Errorf("mismatch (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestTruncation(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	const records = 40
	for i := range records {
		fmt.Fprintf(&text, "big TXT \"%d %s\"\n", i, strings.Repeat("x", 100))
	}
	network := start(t, zones(text.String(), nil), dnsd.Options{})
	size := func(n uint16) func(*dns.Msg) { return func(m *dns.Msg) { m.SetEdns0(n, false) } }
	for _, limit := range []uint16{512, 1232} {
		reply := ask(t, network, "udp", zoneServer, "big.example.com. TXT", size(limit))
		if !reply.Truncated || reply.Len() > int(limit) {
			t.Errorf("a UDP answer of %d bytes for %d, truncated %v", reply.Len(), limit, reply.Truncated)
		}
	}
	if reply := ask(t, network, "udp", zoneServer, "big.example.com. TXT"); !reply.Truncated || reply.Len() > dns.MinMsgSize {
		t.Errorf("a UDP answer of %d bytes without EDNS, truncated %v", reply.Len(), reply.Truncated)
	}
	if reply := ask(t, network, "tcp", zoneServer, "big.example.com. TXT"); reply.Truncated || len(reply.Answer) != records {
		t.Errorf("%d records over TCP, truncated %v", len(reply.Answer), reply.Truncated)
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	network := start(t, zones("www A 192.0.2.80\n*.w TXT wild\n", &dnsd.Signing{}), dnsd.Options{})
	var key *dns.DNSKEY
	for _, rr := range ask(t, network, "udp", zoneServer, "example.com. DNSKEY", edns).Answer {
		if found, ok := rr.(*dns.DNSKEY); ok {
			key = found
		}
	}
	if key == nil {
		t.Fatal("no DNSKEY")
	}
	tests := []struct {
		question string
		signed   []string // types that must be there with a good signature
	}{
		{"www.example.com. A", []string{"A"}},
		{"any.w.example.com. TXT", []string{"TXT", "NSEC"}},
		{"gone.example.com. A", []string{"SOA", "NSEC"}},
		{"www.example.com. TXT", []string{"SOA", "NSEC"}},
		{"w.example.com. TXT", []string{"SOA", "NSEC"}},
		{"example.com. DNSKEY", []string{"DNSKEY"}},
	}
	for _, test := range tests {
		reply := ask(t, network, "udp", zoneServer, test.question, edns)
		all := append(append([]dns.RR{}, reply.Answer...), reply.Ns...)
		good := map[string]bool{}
		for _, rr := range all {
			sig, ok := rr.(*dns.RRSIG)
			if !ok {
				continue
			}
			var set []dns.RR
			for _, other := range all {
				if other.Header().Rrtype == sig.TypeCovered && other.Header().Name == sig.Hdr.Name {
					set = append(set, other)
				}
			}
			if err := sig.Verify(key, set); err != nil || !sig.ValidityPeriod(time.Now()) {
				t.Errorf("%s: signature of %s: %v", test.question, dns.Type(sig.TypeCovered), err)
			}
			good[dns.Type(sig.TypeCovered).String()] = true
		}
		for _, rrtype := range test.signed {
			if !good[rrtype] {
				t.Errorf("%s: no signed %s in\n%s", test.question, rrtype, sections(reply))
			}
		}
		for _, rr := range ask(t, network, "udp", zoneServer, test.question).Answer {
			if rr.Header().Rrtype == dns.TypeRRSIG {
				t.Errorf("%s: a signature that was not asked for", test.question)
			}
		}
	}
	anchors := network.TrustAnchors()
	if len(anchors) != 1 || !strings.HasPrefix(anchors[0], ".\t") || !strings.Contains(anchors[0], "DS") {
		t.Errorf("trust anchors %q", anchors)
	}
	ds := ask(t, network, "udp", parentServer, "example.com. DS", edns)
	if len(ds.Answer) != 2 || !ds.Authoritative || ds.Answer[0].(*dns.DS).Digest != strings.ToLower(key.ToDS(dns.SHA256).Digest) {
		t.Errorf("DS %s, want that of %s", sections(ds), key)
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	network := start(t, zones("_x TXT wrong\n", &dnsd.Signing{}), dnsd.Options{})
	question := "_x.example.com. CNAME"
	if got := ask(t, network, "udp", resolver, question); len(got.Answer) != 0 {
		t.Fatalf("there already: %s", sections(got))
	}
	for range 2 { // the second replaces what the first made
		if err := network.Upsert("example.com", "_x 60 CNAME _y.acm-validations.aws."); err != nil {
			t.Fatal(err)
		}
	}
	if err := network.Delete("Example.com.", "_x.example.com", "txt"); err != nil {
		t.Fatal(err)
	}
	want := "NOERROR aa\n_x.example.com. 60 IN CNAME _y.acm-validations.aws."
	if diff := cmp.Diff(want, sections(ask(t, network, "udp", zoneServer, question))); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	// The resolver validates, so the zone was signed anew.
	if got := ask(t, network, "udp", resolver, question, edns); len(got.Answer) != 1 || !got.AuthenticatedData {
		t.Errorf("resolver says %s, authenticated %v", sections(got), got.AuthenticatedData)
	}
	if err := network.Delete("example.com", "_x.example.com", "CNAME"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, network, "udp", zoneServer, question); got.Rcode != dns.RcodeNameError {
		t.Errorf("still there: %s", sections(got))
	}
	for name, err := range map[string]error{
		"no such zone":    network.Upsert("example.net", "@ A 192.0.2.1"),
		"not a record":    network.Upsert("example.com", "hello"),
		"outside":         network.Upsert("example.com", "www.example.net. A 192.0.2.1"),
		"not a type":      network.Delete("example.com", "_x.example.com", "NONSENSE"),
		"no such version": network.Delete("example.com@old", "_x.example.com", "CNAME"),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCacheAges(t *testing.T) {
	t.Parallel()
	var elapsed atomic.Int64
	begin := time.Now()
	d := zones("_x CNAME _y.acm-validations.aws.\n", nil)
	d.Resolvers[0].Cache = []dnsd.Cached{
		{Name: "_x.example.com", Type: "CNAME", NXDomain: true, Remaining: time.Minute},
		{Name: "_z.example.com", Type: "CNAME", Text: "@ CNAME old.\n", Remaining: time.Hour},
		{Name: "_n.example.com", Type: "CNAME", Remaining: time.Hour},
	}
	network := start(t, d, dnsd.Options{Now: func() time.Time { return begin.Add(time.Duration(elapsed.Load())) }})
	expect := func(question, want string) {
		t.Helper()
		if diff := cmp.Diff(want, sections(ask(t, network, "udp", resolver, question))); diff != "" {
			t.Errorf("%s after %v: mismatch (-want +got):\n%s", question, time.Duration(elapsed.Load()), diff)
		}
	}
	const soa = "IN SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 900"
	expect("_x.example.com. CNAME", "NXDOMAIN\nauthority example.com. 60 "+soa)
	expect("_n.example.com. CNAME", "NOERROR\nauthority example.com. 3600 "+soa)
	elapsed.Store(int64(45 * time.Second))
	expect("_x.example.com. CNAME", "NXDOMAIN\nauthority example.com. 15 "+soa)
	expect("_z.example.com. CNAME", "NOERROR\n_z.example.com. 3555 IN CNAME old.")
	elapsed.Store(int64(61 * time.Second))
	expect("_x.example.com. CNAME", "NOERROR\n_x.example.com. 300 IN CNAME _y.acm-validations.aws.")
	network.Forget()
	if got := ask(t, network, "udp", resolver, "_z.example.com. CNAME"); got.Rcode != dns.RcodeNameError {
		t.Errorf("not forgotten: %s", sections(got))
	}
	if got := ask(t, network, "udp", resolver, "_x.example.com. CNAME", func(m *dns.Msg) { m.RecursionDesired = false }); got.Rcode != dns.RcodeRefused {
		t.Errorf("without recursion desired: %s", sections(got))
	}
}

func TestDial(t *testing.T) {
	t.Parallel()
	d := zones("", nil)
	d.Servers = append(d.Servers, dnsd.Server{
		Name: "closed", Addresses: []string{"192.0.2.99:5353"}, Behaviours: []dnsd.Behaviour{{Do: dnsd.MisdeedClosed}},
	})
	network := start(t, d, dnsd.Options{})
	tests := []struct {
		address string
		want    error
	}{
		{"192.0.2.98:53", syscall.EHOSTUNREACH},
		{"192.0.2.99:53", syscall.EHOSTUNREACH},
		{"192.0.2.99:5353", syscall.ECONNREFUSED},
	}
	for _, test := range tests {
		if _, err := network.Dial(t.Context(), "udp", test.address); !errors.Is(err, test.want) {
			t.Errorf("dialling %s: %v, want %v", test.address, err, test.want)
		}
	}
	sockets := network.Sockets()
	if sockets["192.0.2.99:5353"] != "" || !strings.HasPrefix(sockets[zoneServer], "127.0.0.1:") {
		t.Errorf("sockets %v", sockets)
	}
}

func TestOnQuery(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []dnsd.QueryEvent
	network := start(t, zones("www A 192.0.2.80\n", nil), dnsd.Options{OnQuery: func(e dnsd.QueryEvent) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, e)
	}})
	ask(t, network, "tcp", resolver, "WWW.example.com. A")
	mu.Lock()
	defer mu.Unlock()
	// What the resolver asks does not go over sockets.
	want := []dnsd.QueryEvent{{Address: resolver, Transport: "tcp", Name: "www.example.com", Type: "A"}}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

// In earnest, on addresses of the machine.
func TestLiteral(t *testing.T) {
	t.Parallel()
	d := dnsd.Description{
		Zones:   []dnsd.Zone{{Text: "@ NS a.root.test.\na.root.test. A 127.10.0.1\nwww.test. A 192.0.2.80\n"}},
		Servers: []dnsd.Server{{Name: "a.root.test", Addresses: []string{"127.10.0.1:53"}, Zones: []string{"."}}},
	}
	network, err := dnsd.Start(d, dnsd.Options{Literal: true})
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EADDRINUSE) {
		t.Skipf("this machine does not let the test listen there: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer network.Close()
	client := &dns.Client{Timeout: 10 * time.Second}
	reply, _, err := client.Exchange(new(dns.Msg).SetQuestion("www.test.", dns.TypeA), "127.10.0.1:53")
	if err != nil || len(reply.Answer) != 1 {
		t.Errorf("reply %v, error %v", reply, err)
	}
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	root := dnsd.Zone{Text: "@ NS a.root.test.\n"}
	server := dnsd.Server{Name: "a", Addresses: []string{"192.0.2.1"}, Zones: []string{"."}}
	tests := []struct {
		name string
		d    dnsd.Description
		want string
	}{
		{"zone file", dnsd.Description{Zones: []dnsd.Zone{{Name: "com", Text: "@ NS"}}}, "zone com."},
		{"record outside", dnsd.Description{Zones: []dnsd.Zone{{Name: "com", Text: "www.example.net. A 192.0.2.1"}}}, "outside"},
		{"zone twice", dnsd.Description{Zones: []dnsd.Zone{root, root}}, "twice"},
		{"zone's name", dnsd.Description{Zones: []dnsd.Zone{{Name: "a..b"}}}, `"a..b"`},
		{"signing fault", dnsd.Description{Zones: []dnsd.Zone{{Signing: &dnsd.Signing{Fault: "odd"}}}}, `"odd"`},
		{"server's zone", dnsd.Description{Servers: []dnsd.Server{server}}, "no such zone"},
		{"server's address", dnsd.Description{Zones: []dnsd.Zone{root}, Servers: []dnsd.Server{{Name: "a", Zones: []string{"."}, Addresses: []string{"localhost"}}}}, `"localhost"`},
		{"no address", dnsd.Description{Zones: []dnsd.Zone{root}, Servers: []dnsd.Server{{Name: "a", Zones: []string{"."}}}}, "no address"},
		{"address twice", dnsd.Description{Zones: []dnsd.Zone{root}, Servers: []dnsd.Server{server, server}}, "taken"},
		{"misdeed", dnsd.Description{Servers: []dnsd.Server{{Name: "a", Addresses: []string{"192.0.2.1"}, Behaviours: []dnsd.Behaviour{{Do: "sing"}}}}}, `"sing"`},
		{"misdeed's type", dnsd.Description{Servers: []dnsd.Server{{Name: "a", Addresses: []string{"192.0.2.1"}, Behaviours: []dnsd.Behaviour{{Do: dnsd.MisdeedDrop, Type: "CAAA"}}}}}, `"CAAA"`},
		{"cache", dnsd.Description{Resolvers: []dnsd.Resolver{{Address: "192.0.2.53", Cache: []dnsd.Cached{{Name: "a", Type: "A", Text: "@ A nothing"}}}}}, "cache"},
		{"resolver's address", dnsd.Description{Resolvers: []dnsd.Resolver{{Name: "public", Address: ""}}}, "public"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			network, err := dnsd.Start(test.d, dnsd.Options{})
			if err == nil {
				network.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want %q in it", err, test.want)
			}
		})
	}
}

// Closing does not wait for those who wait.
func TestCloseWhileWaiting(t *testing.T) {
	t.Parallel()
	came := make(chan struct{}, 1)
	network, err := dnsd.Start(zones("", nil, dnsd.Behaviour{Do: dnsd.MisdeedDelay, Delay: time.Hour}),
		dnsd.Options{OnQuery: func(dnsd.QueryEvent) { came <- struct{}{} }})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := network.Dial(t.Context(), "udp", zoneServer)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // a test's
	wire, err := new(dns.Msg).SetQuestion("example.com.", dns.TypeA).Pack()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(wire); err != nil {
		t.Fatal(err)
	}
	<-came
	idle, err := network.Dial(t.Context(), "tcp", zoneServer)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close() //nolint:errcheck // a test's
	network.Close()
	var silence net.Error
	if _, err := idle.Read(make([]byte, 1)); err == nil || errors.As(err, &silence) && silence.Timeout() {
		t.Errorf("a connection outlives the network: %v", err)
	}
}
