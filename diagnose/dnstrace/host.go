package dnstrace

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

// A host is a name with its addresses.
type host struct {
	addresses []netip.Addr
	canonical string           // where the chain of aliases ends, fully qualified
	outcome   diagnose.Outcome // answer, or why there are no addresses
	looped    bool
}

// host resolves the name of a server of the zone apex.
func (w *walk) host(ctx context.Context, apex, name string) host {
	w.s.mu.Lock()
	known, ok := w.s.hosts[name]
	w.s.mu.Unlock()
	if ok {
		return known
	}
	nested := &walk{
		s: w.s, quick: true, allowance: w.allowance, nested: w.nested, looped: new(atomic.Bool),
		zones: append(slices.Clone(w.zones), apex), hosts: append(slices.Clone(w.hosts), name),
	}
	h := nested.resolve(ctx, name)
	h.looped = len(h.addresses) == 0 && nested.looped.Load()
	if nested.looped.Load() {
		w.looped.Store(true)
	}
	if !nested.looped.Load() && h.outcome != diagnose.OutcomeNotReached && h.outcome != diagnose.OutcomeOverBudget {
		w.s.mu.Lock()
		w.s.hosts[name] = h
		w.s.mu.Unlock()
	}
	return h
}

// resolve finds the addresses of a name, following aliases.
func (w *walk) resolve(ctx context.Context, name string) host {
	var types = [...]uint16{dns.TypeA, dns.TypeAAAA}
	for range maxChain + 1 {
		var arrivals [len(types)]arrival
		var wg sync.WaitGroup
		for i, rrtype := range types {
			wg.Go(func() { arrivals[i] = w.to(ctx, name, rrtype) })
		}
		wg.Wait()
		h := host{canonical: name}
		alias := ""
		for i := range types {
			best := bestView(arrivals[i])
			if best == nil {
				h.outcome = graver(h.outcome, failure(arrivals[i]))
				continue
			}
			h.outcome = graver(h.outcome, best.reply.Outcome)
			if best.reply.Outcome == diagnose.OutcomeAnswer {
				var target string
				h.addresses, target = addressesIn(h.addresses, best.msg.Answer, name)
				if target != "" {
					alias = target
				}
			}
		}
		if len(h.addresses) > 0 || alias == "" {
			if len(h.addresses) == 0 && h.outcome == diagnose.OutcomeAnswer {
				h.outcome = diagnose.OutcomeNoData
			}
			slices.SortFunc(h.addresses, netip.Addr.Compare)
			h.addresses = slices.Compact(h.addresses)
			return h
		}
		name = alias
	}
	return host{canonical: name, outcome: diagnose.OutcomeBadMessage}
}

// bestView is the first usable answer, one with records before one without.
func bestView(a arrival) *view {
	if a.broken != nil {
		return nil
	}
	var best *view
	for i, v := range a.views {
		switch {
		case !v.reply.Outcome.Usable():
		case best == nil, best.reply.Outcome != diagnose.OutcomeAnswer && v.reply.Outcome == diagnose.OutcomeAnswer:
			best = &a.views[i]
		}
	}
	return best
}

// failure is the outcome that stands for a walk without a usable answer.
func failure(a arrival) diagnose.Outcome {
	if a.broken != nil {
		switch a.broken.Kind {
		case diagnose.BreakNoServers, diagnose.BreakLoop:
			return diagnose.OutcomeNoAddress
		case diagnose.BreakBudget:
			return diagnose.OutcomeNotReached
		}
	}
	worst := diagnose.OutcomeTimeout
	for _, v := range a.views {
		if v.reply.Outcome != diagnose.OutcomeUnreachable && v.reply.Outcome != "" {
			return v.reply.Outcome
		}
		worst = diagnose.OutcomeUnreachable
	}
	return worst
}

// graver returns which of the outcomes of the two address types stands for
// the name: records before anything, and that something failed before that
// there is nothing.
func graver(a, b diagnose.Outcome) diagnose.Outcome {
	rank := func(o diagnose.Outcome) int {
		switch o {
		case "":
			return 0
		case diagnose.OutcomeNoData:
			return 1
		case diagnose.OutcomeNXDomain:
			return 2
		case diagnose.OutcomeAnswer:
			return 4
		default:
			return 3
		}
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// addressesIn adds the addresses of a name that an answer holds, and returns
// the target of its alias. Addresses further along a chain are not taken: the
// server need not have authority over them.
func addressesIn(to []netip.Addr, answer []dns.RR, name string) (addresses []netip.Addr, alias string) {
	for _, rr := range answer {
		if !strings.EqualFold(rr.Header().Name, name) {
			continue
		}
		switch rr := rr.(type) {
		case *dns.A:
			if addr, ok := netip.AddrFromSlice(rr.A); ok {
				to = append(to, addr.Unmap())
			}
		case *dns.AAAA:
			if addr, ok := netip.AddrFromSlice(rr.AAAA); ok {
				to = append(to, addr)
			}
		case *dns.CNAME:
			alias = dns.CanonicalName(rr.Target)
		}
	}
	return to, alias
}

// Addresses finds the addresses of a name, following aliases from zone to
// zone, and the name where the chain ends. Where the authoritative servers
// cannot be had, the recursive resolvers are asked. The outcome is answer, or
// says why there are no addresses. What it sees is not among the facts.
func (s *Session) Addresses(ctx context.Context, name string) (addrs []netip.Addr, canonical string, outcome diagnose.Outcome) {
	qname, ok := fqdn(name)
	if !ok {
		return nil, diagnose.CanonicalName(name), diagnose.OutcomeNXDomain
	}
	h := s.walk(true).resolve(ctx, qname)
	if !h.outcome.Usable() && ctx.Err() == nil {
		if public := s.publicHost(ctx, qname); public.outcome.Usable() {
			h = public
		}
	}
	return h.addresses, diagnose.CanonicalName(h.canonical), h.outcome
}

// publicHost asks the resolvers for the addresses of a name, until one knows.
func (s *Session) publicHost(ctx context.Context, name string) host {
	h := host{canonical: name}
	for _, resolver := range s.t.resolvers {
		for _, rrtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
			r := s.ask(ctx, question{address: resolver, name: name, rrtype: rrtype, recurse: true}, nil)
			if r.msg == nil {
				h.outcome = graver(h.outcome, r.outcome)
				continue
			}
			h.outcome = graver(h.outcome, publicOutcome(r.msg, name, rrtype))
			at := name
			for range maxChain + 1 {
				var alias string
				if h.addresses, alias = addressesIn(h.addresses, r.msg.Answer, at); alias == "" {
					break
				}
				at = alias
			}
			if at != name {
				h.canonical = at
			}
		}
		if h.outcome.Usable() {
			break
		}
	}
	if h.outcome == diagnose.OutcomeAnswer && len(h.addresses) == 0 {
		h.outcome = diagnose.OutcomeNoData
	}
	slices.SortFunc(h.addresses, netip.Addr.Compare)
	h.addresses = slices.Compact(h.addresses)
	return h
}

// fqdn returns a name fully qualified and in lower case; ok is false where the
// DNS cannot hold it.
func fqdn(name string) (qualified string, ok bool) {
	if name == "" {
		return ".", true
	}
	if _, ok := dns.IsDomainName(name); !ok {
		return "", false
	}
	return dns.CanonicalName(name), true
}
