package dnstrace_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

// hostile answers every query to every address with what answer makes of it.
func hostile(t *testing.T, answer func(query *dns.Msg) *dns.Msg) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
		w.WriteMsg(answer(query)) //nolint:errcheck // the test sees that
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.ActivateAndServe() //nolint:errcheck // it ends with the connection
	}()
	t.Cleanup(func() {
		conn.Close() //nolint:errcheck // a test's
		<-done
	})
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}
}

func ns(owner, target string) dns.RR {
	return &dns.NS{Hdr: dns.RR_Header{Name: owner, Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 60}, Ns: target}
}

// Whatever servers say, a look-up ends, within its bounds.
func TestHostileServers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer func(*dns.Msg) *dns.Msg
	}{
		{"delegates every name to servers in ever new zones", func(query *dns.Msg) *dns.Msg {
			reply := new(dns.Msg).SetReply(query)
			name := query.Question[0].Name
			for i := range 30 {
				reply.Ns = append(reply.Ns, ns(name, fmt.Sprintf("n%d.x%s", i, name)))
			}
			return reply
		}},
		{"delegates to servers whose names are delegated in turn", func(query *dns.Msg) *dns.Msg {
			reply := new(dns.Msg).SetReply(query)
			name := query.Question[0].Name
			for i := range 30 {
				reply.Ns = append(reply.Ns, ns(name, fmt.Sprintf("ns.%d-%d.test.", query.Id, i)))
			}
			return reply
		}},
		{"delegates downwards one label at a time", func(query *dns.Msg) *dns.Msg {
			reply := new(dns.Msg).SetReply(query)
			name := query.Question[0].Name
			reply.Ns = []dns.RR{ns(name, "ns.test.")}
			for i := range 12 {
				reply.Extra = append(reply.Extra, &dns.A{
					Hdr: dns.RR_Header{Name: "ns.test.", Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(192, 0, 2, byte(i)),
				})
			}
			return reply
		}},
		{"is always an alias of a longer name", func(query *dns.Msg) *dns.Msg {
			reply := new(dns.Msg).SetReply(query)
			reply.Authoritative = true
			name := query.Question[0].Name
			reply.Answer = []dns.RR{&dns.CNAME{
				Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET}, Target: "a." + name,
			}}
			return reply
		}},
		{"claims every zone", func(query *dns.Msg) *dns.Msg {
			reply := new(dns.Msg).SetReply(query)
			reply.Authoritative = true
			name := query.Question[0].Name
			reply.Ns = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Ns: ".", Mbox: "."}}
			return reply
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			const budget = 3000
			tracer := dnstrace.New(dnstrace.Options{
				Roots:        []dnstrace.Root{{Name: "a.root-servers.test", Addresses: []string{"192.0.2.1"}}},
				TrustAnchors: dnstrace.DefaultTrustAnchors(),
				Dial:         hostile(t, test.answer), Timeout: patience, Budget: budget,
			})
			s := tracer.Session()
			start := time.Now()
			l := s.Lookup(deadline(t), "_x.a.b.c.d.e.f.g.example.com", "CNAME")
			addresses, _, _ := s.Addresses(deadline(t), "www.example.net")
			if len(addresses) > 0 {
				t.Errorf("addresses %v from nowhere", addresses)
			}
			facts := s.Facts()
			if facts.Queries > budget {
				t.Errorf("%d queries", facts.Queries)
			}
			if l.Security.State == diagnose.Secure {
				t.Error("a forgery is secure")
			}
			t.Logf("%d queries in %v: %s", facts.Queries, time.Since(start), summary(l))
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	many := func(zones int) dnsd.Description {
		sites := []site{root(), tld("com", "192.0.2.2")}
		for z := range zones {
			sites = append(sites, site{
				apex: fmt.Sprintf("example%d.com", z), text: "* CNAME _y.acm-validations.aws.\n",
				servers: []host{
					{name: "ns1", address: fmt.Sprintf("198.51.100.%d", z)}, {name: "ns2", address: fmt.Sprintf("203.0.113.%d", z)},
				},
			})
		}
		return describe(signedSites(sites))
	}
	for _, bench := range []struct {
		name         string
		zones, names int
	}{{"one name", 1, 1}, {"100 names in one zone", 1, 100}, {"100 names in 100 zones", 100, 1}} {
		b.Run(bench.name, func(b *testing.B) {
			network := start(b, many(bench.zones), dnsd.Options{})
			tracer := dnstrace.New(dnstrace.Options{
				Roots: network.Roots(), TrustAnchors: network.TrustAnchors(), Dial: network.Dial,
			})
			ctx := deadline(b)
			queries := 0
			for b.Loop() {
				s := tracer.Session()
				done := make(chan struct{})
				for z := range bench.zones {
					for n := range bench.names {
						go func() {
							s.Lookup(ctx, fmt.Sprintf("_%d.example%d.com", n, z), "CNAME")
							done <- struct{}{}
						}()
					}
				}
				for range bench.zones * bench.names {
					<-done
				}
				queries += s.Facts().Queries
			}
			b.ReportMetric(float64(queries)/float64(b.N), "queries/op")
		})
	}
}
