package dnstrace

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

// A lookup is one look-up that was made or is being made.
type lookup struct {
	done  chan struct{}
	value *diagnose.Lookup // the following are valid once done is closed
	zone  *zone
	whole bool // neither time nor queries ran out
}

// Lookup asks all authoritative servers of the zone that a name is in, and the
// recursive resolvers, for records of a type such as "CNAME". It looks at the
// name itself alone: an alias is an answer, and to follow it is the caller's.
// Asked again, it answers from memory.
func (s *Session) Lookup(ctx context.Context, name, rrtype string) *diagnose.Lookup {
	rrtype = strings.ToUpper(rrtype)
	key := diagnose.LookupKey(name, rrtype)
	for {
		s.mu.Lock()
		l := s.lookups[key]
		if l == nil {
			l = &lookup{done: make(chan struct{})}
			s.lookups[key] = l
			s.mu.Unlock()
			l.value, l.zone = s.look(ctx, name, rrtype)
			l.whole = l.value.Broken == nil || l.value.Broken.Kind != diagnose.BreakBudget
			l.whole = l.whole && ctx.Err() == nil
			close(l.done)
			return copyLookup(l.value)
		}
		s.mu.Unlock()
		select {
		case <-l.done:
			if l.whole || ctx.Err() != nil {
				return copyLookup(l.value)
			}
			// It was made for somebody whose time ran out.
			s.mu.Lock()
			if s.lookups[key] == l {
				delete(s.lookups, key)
			}
			s.mu.Unlock()
		case <-ctx.Done():
			_, why := explain(ctx, ctx.Err())
			return &diagnose.Lookup{
				Name: diagnose.CanonicalName(name), Type: rrtype,
				Broken: &diagnose.Break{Kind: diagnose.BreakBudget, Detail: why},
			}
		}
	}
}

func (s *Session) look(ctx context.Context, name, rrtype string) (*diagnose.Lookup, *zone) {
	l := &diagnose.Lookup{Name: diagnose.CanonicalName(name), Type: rrtype}
	qname, okName := fqdn(name)
	qtype, okType := typeNumber(rrtype)
	if !okName || !okType {
		l.Broken = &diagnose.Break{
			Kind: diagnose.BreakBadName, Name: l.Name,
			Detail: "the DNS cannot hold this name: a label has at most 63 characters, a name at most 253",
		}
		return l, nil
	}
	var public sync.WaitGroup
	public.Go(func() { l.Public = s.askResolvers(ctx, qname, qtype) })
	defer public.Wait()

	w := s.walk(false)
	a := w.to(ctx, qname, qtype)
	for _, z := range a.zone.path() {
		l.Path = append(l.Path, diagnose.CanonicalName(z.apex))
	}
	l.Broken = a.broken
	if a.broken == nil {
		l.Replies = append(replies(a.views), a.zone.nameless()...)
		slices.SortStableFunc(l.Replies, func(x, y diagnose.Reply) int { return strings.Compare(x.Server, y.Server) })
	}

	var rest sync.WaitGroup
	suffixed := registrable(qname)
	for _, z := range a.zone.path() {
		if z == a.zone || suffixed != "" && dns.IsSubDomain(suffixed, z.apex) {
			rest.Go(func() { w.apex(ctx, z) })
		}
	}
	rest.Go(func() {
		if a.broken != nil {
			l.Security = w.trust(ctx, a.zone).Security
		} else {
			l.Security = w.security(ctx, a.zone, a.views, qname, qtype)
		}
	})
	rest.Wait()
	if a.broken != nil {
		return l, a.zone
	}
	if !anyUsable(a.views) {
		if !a.zone.authoritative() {
			l.Broken = w.lame(ctx, a.zone, a.views)
		}
		return l, a.zone
	}
	l.Broken = w.denied(ctx, a, qname, suffixed)
	return l, a.zone
}

// apex asks a zone's servers for the NS and SOA records at its apex.
func (w *walk) apex(ctx context.Context, z *zone) {
	all := z.parent != nil && registrable(z.apex) != ""
	var ns, soa []diagnose.Reply
	var wg sync.WaitGroup
	wg.Go(func() { ns = replies(w.survey(ctx, z, z.apex, dns.TypeNS, all)) })
	wg.Go(func() { soa = replies(w.survey(ctx, z, z.apex, dns.TypeSOA, all)) })
	wg.Wait()
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.ns == nil || ctx.Err() == nil {
		z.ns, z.soa = ns, soa
	}
}

// authoritative reports whether some server of the zone answers with authority
// for its apex.
func (z *zone) authoritative() bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	usable := func(r diagnose.Reply) bool { return r.Outcome.Usable() }
	return slices.ContainsFunc(z.soa, usable) || slices.ContainsFunc(z.ns, usable)
}

// denied says that a zone above the registrable domain denies the name; nil
// where it does not, or where the domain is there.
func (w *walk) denied(ctx context.Context, a arrival, name, suffixed string) *diagnose.Break {
	if suffixed != "" && dns.IsSubDomain(suffixed, a.zone.apex) {
		return nil
	}
	nothing := func(v view) bool {
		return v.reply.Outcome == diagnose.OutcomeNXDomain ||
			v.reply.Outcome == diagnose.OutcomeNoData && suffixed != ""
	}
	if !slices.ContainsFunc(a.views, nothing) ||
		slices.ContainsFunc(a.views, func(v view) bool { return v.useful() && !nothing(v) }) {
		return nil
	}
	b := &diagnose.Break{Kind: diagnose.BreakNXDomain, Zone: diagnose.CanonicalName(a.zone.apex)}
	limit := name
	if suffixed != "" {
		limit = suffixed
	}
	for labels := dns.CountLabel(a.zone.apex) + 1; labels <= dns.CountLabel(limit); labels++ {
		step := lastLabels(name, labels)
		views := w.survey(ctx, a.zone, step, dns.TypeNS, false) // asked before, on the way here
		b.Name, b.Replies = diagnose.CanonicalName(step), replies(views)
		if slices.ContainsFunc(views, func(v view) bool { return v.reply.Outcome == diagnose.OutcomeNXDomain }) &&
			!slices.ContainsFunc(views, func(v view) bool {
				return v.reply.Outcome == diagnose.OutcomeNoData || v.reply.Outcome == diagnose.OutcomeAnswer
			}) {
			break
		}
	}
	b.Detail = "the servers of the zone above say that " + b.Name + " does not exist"
	if b.Zone == "." {
		b.Detail = "the root servers say that " + b.Name + " does not exist"
	}
	return b
}

// askResolvers asks every resolver, and asks one that answers SERVFAIL once
// more with the CD bit: an answer then means that validation is what failed.
func (s *Session) askResolvers(ctx context.Context, name string, rrtype uint16) []diagnose.Reply {
	found := make([][]diagnose.Reply, len(s.t.resolvers))
	var wg sync.WaitGroup
	for i, resolver := range s.t.resolvers {
		wg.Go(func() {
			q := question{address: resolver, name: name, rrtype: rrtype, recurse: true}
			first := readPublic(s.ask(ctx, q, nil), q)
			found[i] = append(found[i], first)
			if first.Outcome == diagnose.OutcomeServFail {
				q.unsafe = true
				found[i] = append(found[i], readPublic(s.ask(ctx, q, nil), q))
			}
		})
	}
	wg.Wait()
	return slices.Concat(found...)
}

// readPublic reads a result as a recursive resolver's answer.
func readPublic(r result, q question) diagnose.Reply {
	reply := diagnose.Reply{
		Address: q.address, Transport: r.transport, Outcome: r.outcome, CheckingDisabled: q.unsafe,
		RTT: r.rtt, Detail: r.detail,
	}
	if r.msg != nil {
		fill(&reply, r.msg)
		reply.Outcome = publicOutcome(r.msg, q.name, q.rrtype)
	}
	return reply
}

// Facts are what the look-ups of the session have seen so far: the look-ups,
// and the zones on the way to their names. The zones that were only passed to
// resolve a server's name, and what Addresses saw, are left out. The value
// shares nothing with the session.
func (s *Session) Facts() diagnose.DNS {
	facts := diagnose.DNS{
		Lookups:   map[string]*diagnose.Lookup{},
		Zones:     map[string]*diagnose.Zone{},
		Resolvers: slices.Clone(s.t.resolvers),
		Queries:   int(s.sent.Load()),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, l := range s.lookups {
		select {
		case <-l.done:
		default:
			continue
		}
		facts.Lookups[key] = copyLookup(l.value)
		if l.zone == nil {
			continue
		}
		for _, z := range l.zone.path() {
			if apex := diagnose.CanonicalName(z.apex); facts.Zones[apex] == nil {
				facts.Zones[apex] = z.facts()
			}
		}
	}
	return facts
}

func copyLookup(l *diagnose.Lookup) *diagnose.Lookup {
	c := *l
	c.Path = slices.Clone(l.Path)
	c.Replies = copyReplies(l.Replies)
	c.Public = copyReplies(l.Public)
	if l.Broken != nil {
		b := *l.Broken
		b.Replies = copyReplies(b.Replies)
		c.Broken = &b
	}
	return &c
}

func typeNumber(name string) (uint16, bool) {
	number, ok := dns.StringToType[name]
	return number, ok && number != dns.TypeNone
}
