package dnstrace

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

// A Reach is whether one DNS server answers over one transport.
type Reach struct {
	// Server is the server's name; for a recursive resolver, its address.
	Server    string
	Address   string // host:port
	Transport string // "udp" or "tcp"
	Recursive bool   // a resolver, not a root server
	// Outcome is answer where it answers as such a server should.
	Outcome diagnose.Outcome
	Detail  string // plain words, where it does not
	// Intercepted tells that an answer in the name of a root server came
	// without authority: something on the way answers in its place.
	Intercepted bool
	Took        time.Duration
}

// Reach asks every root server, at each of its addresses, and every resolver
// for the root's NS records, over UDP and over TCP. It tells whether DNS can
// be looked at from here at all.
func (t *Tracer) Reach(ctx context.Context) []Reach {
	var all []Reach
	for _, network := range []string{"udp", "tcp"} {
		for _, root := range t.roots {
			for _, address := range root.Addresses {
				if _, _, err := net.SplitHostPort(address); err != nil {
					address = net.JoinHostPort(address, "53")
				}
				all = append(all, Reach{Server: root.Name, Address: address, Transport: network})
			}
		}
		for _, resolver := range t.resolvers {
			all = append(all, Reach{Server: resolver, Address: resolver, Transport: network, Recursive: true})
		}
	}
	session := t.Session()
	var wg sync.WaitGroup
	for n := range all {
		wg.Go(func() { session.reach(ctx, &all[n]) })
	}
	wg.Wait()
	return all
}

func (s *Session) reach(ctx context.Context, r *Reach) {
	q := question{address: r.Address, name: ".", rrtype: dns.TypeNS, recurse: r.Recursive}
	got := s.try(ctx, r.Transport, q, true)
	if got.msg == nil && got.outcome == diagnose.OutcomeTimeout {
		got = s.try(ctx, r.Transport, q, true) // packets get lost
	}
	r.Took, r.Outcome, r.Detail = got.rtt, got.outcome, got.detail
	if got.msg == nil {
		return
	}
	switch got.msg.Rcode {
	case dns.RcodeSuccess:
		r.Outcome = diagnose.OutcomeAnswer
		r.Intercepted = !r.Recursive && !got.msg.Authoritative
		if r.Intercepted {
			r.Outcome, r.Detail = diagnose.OutcomeLame, "the answer does not come from a root server: something on the way answers in its place"
		}
	case dns.RcodeRefused:
		r.Outcome, r.Detail = diagnose.OutcomeRefused, "the server refuses to answer"
	case dns.RcodeServerFailure:
		r.Outcome, r.Detail = diagnose.OutcomeServFail, "the server answers that it failed"
	default:
		r.Outcome, r.Detail = diagnose.OutcomeBadMessage, "the server answers with "+dns.RcodeToString[got.msg.Rcode]
	}
}
