package dnstrace

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"

	"github.com/acmbot/acmbot/diagnose"
)

// A walk goes from the root to one name.
type walk struct {
	s         *Session
	allowance *atomic.Int64
	// quick asks no more servers than it takes to get an answer: for the
	// addresses of servers and endpoints, which are no evidence.
	quick bool
	// zones and hosts are those whose servers and whose addresses are being
	// looked for: the walk is for the last of them.
	zones, hosts []string
	// nested counts the walks for servers' names.
	nested *atomic.Int64
	// looped is set where the walk, or one that it made, would have had to
	// wait for its own result. What it found is then not the whole truth.
	looped *atomic.Bool
}

// An arrival is where a walk ended.
type arrival struct {
	zone  *zone
	views []view // the answers of the zone's servers
	// broken says why the walk ended before its name; the views are then the
	// answers to another question.
	broken *diagnose.Break
}

func (s *Session) walk(quick bool) *walk {
	w := &walk{
		s: s, quick: quick, allowance: new(atomic.Int64), nested: new(atomic.Int64), looped: new(atomic.Bool),
	}
	w.allowance.Store(lookupBudget)
	return w
}

// to goes to the servers of the zone that a name is in and asks them for it.
func (w *walk) to(ctx context.Context, name string, rrtype uint16) arrival {
	// A DS record is the parent's (RFC 4035 section 3.1.4.1): the name's own
	// zone is not entered.
	enter := name
	if rrtype == dns.TypeDS && name != "." {
		enter = parentOf(name)
	}
	z := w.s.closest(enter, !w.quick)
	suffixed := registrable(name) // "" for a public suffix
	limit := suffixed
	if limit == "" || !dns.IsSubDomain(limit, enter) {
		limit = enter
	}
	labels := dns.CountLabel(z.apex)
	for {
		if len(z.targets()) == 0 {
			return arrival{zone: z, broken: w.unreachable(z)}
		}
		// Down to the limit, label by label.
		if labels = max(labels, dns.CountLabel(z.apex)) + 1; labels <= dns.CountLabel(limit) {
			step := lastLabels(name, labels)
			views := w.survey(ctx, z, step, dns.TypeNS, false)
			if child := w.cross(ctx, z, step, views); child != nil {
				z = child
				continue
			}
			if !anyUsable(views) {
				return arrival{zone: z, views: views, broken: w.lame(ctx, z, views)}
			}
			continue
		}
		all := suffixed != "" && dns.IsSubDomain(suffixed, z.apex)
		views := w.survey(ctx, z, name, rrtype, all)
		if z.apex != enter {
			if child := w.cross(ctx, z, enter, views); child != nil {
				z = child
				continue
			}
			if cut := w.hiddenCut(ctx, z, enter, views); cut != "" {
				if child := w.enter(ctx, z, cut, nil); child != nil {
					z = child
					continue
				}
			}
		}
		return arrival{zone: z, views: views}
	}
}

// closest returns the known zone that is closest to a name; whole excludes
// what a quick walk has found without waiting for every server.
func (s *Session) closest(name string, whole bool) *zone {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ; name != "."; name = parentOf(name) {
		if z := s.zones[name]; z != nil && (z.whole || !whole) {
			return z
		}
	}
	return s.zones["."]
}

// survey asks a zone's servers a question. Where all is set, every answer is
// waited for. Otherwise, as for the servers of the root and of public
// suffixes, which are many and well run, stragglers are left behind. A quick
// walk asks a few servers at a time until one answers.
func (w *walk) survey(ctx context.Context, z *zone, name string, rrtype uint16, all bool) []view {
	if w.quick {
		return w.sample(ctx, z, name, rrtype)
	}
	targets := z.targets()
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	views := make([]view, len(targets))
	heard := make(chan int, len(targets))
	for i, t := range targets {
		go func() {
			views[i] = w.askOne(ctx, z, t, name, rrtype)
			heard <- i
		}()
	}
	expected := 0 // those that are not known never to answer
	for _, t := range targets {
		if p := w.s.peers.of(t.address); p.answered || !p.missed {
			expected++
		}
	}
	var grace <-chan time.Time
	left, good := false, 0
	for pending := len(targets); pending > 0; {
		select {
		case i := <-heard:
			pending--
			if left && outer.Err() == nil && views[i].outcome == diagnose.OutcomeNotReached {
				views[i].reply.Detail = "not waited for: the other servers had answered"
				w.s.peers.learn(targets[i].address, func(p *peer) { p.missed = true })
			}
			if views[i].useful() {
				good++
			}
			if all || left || 2*good < len(targets) {
				continue
			}
			if good >= expected {
				left = true
				cancel() // those that are left come at once
			} else if grace == nil {
				timer := time.NewTimer(w.s.t.timeout / 4)
				defer timer.Stop()
				grace = timer.C
			}
		case <-grace:
			left, grace = true, nil
			cancel()
		}
	}
	return views
}

// sample asks a zone's servers, a few at a time, until one gives an answer.
func (w *walk) sample(ctx context.Context, z *zone, name string, rrtype uint16) []view {
	const few = 3
	targets := w.s.promising(z.targets())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := make(chan view, len(targets))
	var views []view
	asked, pending := 0, 0
	for {
		for range min(few, len(targets)-asked) {
			t := targets[asked]
			asked, pending = asked+1, pending+1
			go func() { heard <- w.askOne(ctx, z, t, name, rrtype) }()
		}
		var more <-chan time.Time
		if asked < len(targets) {
			timer := time.NewTimer(w.s.t.timeout / 4)
			defer timer.Stop()
			more = timer.C
		}
		for waiting := true; waiting; {
			if pending == 0 {
				if asked == len(targets) {
					return views
				}
				break
			}
			select {
			case v := <-heard:
				pending--
				views = append(views, v)
				if v.useful() {
					return views
				}
			case <-more:
				waiting = false
			}
		}
	}
}

// promising orders targets by what is known of them: those that answered
// first, those that did not last.
func (s *Session) promising(targets []target) []target {
	rank := func(t target) int {
		switch p := s.peers.of(t.address); {
		case p.answered:
			return 0
		case p.missed:
			return 2
		default:
			return 1
		}
	}
	slices.SortStableFunc(targets, func(a, b target) int { return rank(a) - rank(b) })
	return targets
}

func (w *walk) askOne(ctx context.Context, z *zone, t target, name string, rrtype uint16) view {
	r := w.s.ask(ctx, question{address: t.address, name: name, rrtype: rrtype}, w.allowance)
	return read(r, diagnose.CanonicalName(t.server), t.address, z.apex, name, rrtype)
}

// useful reports whether an answer leads on or ends the walk.
func (v *view) useful() bool { return v.cut != "" || v.reply.Outcome.Usable() }

func anyUsable(views []view) bool {
	return slices.ContainsFunc(views, func(v view) bool { return v.reply.Outcome.Usable() })
}

// cross enters the zone that most of the answers lead to, nil where most stay
// in this one. Only a zone at or above name is entered.
func (w *walk) cross(ctx context.Context, z *zone, name string, views []view) *zone {
	votes, stay, total := map[string]int{}, 0, 0
	for _, v := range views {
		switch {
		case v.cut != "" && dns.IsSubDomain(v.cut, name):
			votes[v.cut]++
			total++
		case v.reply.Outcome.Usable():
			stay++
		}
	}
	best := ""
	for cut, n := range votes {
		more := n - votes[best]
		if best == "" || more > 0 || more == 0 && (len(cut) < len(best) || len(cut) == len(best) && cut < best) {
			best = cut
		}
	}
	if best == "" || total < stay {
		return nil
	}
	return w.enter(ctx, z, best, views)
}

// enter makes the zone that the views delegate to, or one between it and the
// parent: servers that have several zones of a path name only the last, and
// are asked for the NS records in between. It is nil where the zone turns out
// not to be there.
func (w *walk) enter(ctx context.Context, parent *zone, apex string, views []view) *zone {
	if known := w.s.known(apex, !w.quick); known != nil {
		return known
	}
	names := serverNames(views, apex)
	first := dns.CountLabel(parent.apex) + 1
	if gap := dns.CountLabel(apex) > first; len(names) == 0 || gap && !w.quick {
		for labels := first; labels <= dns.CountLabel(apex); labels++ {
			step := lastLabels(apex, labels)
			answers := w.survey(ctx, parent, step, dns.TypeNS, true)
			if found := serverNames(answers, step); len(found) > 0 {
				apex, names, views = step, found, answers
				break
			}
		}
		if len(names) == 0 {
			return nil
		}
		if known := w.s.known(apex, !w.quick); known != nil {
			return known
		}
	}
	z := &zone{apex: apex, parent: parent, referrals: views, delegated: names, whole: !w.quick}
	for _, v := range views {
		z.ds = appendDS(z.ds, v.msg, apex)
	}
	z.servers = w.servers(ctx, parent, apex, names, views)
	z.sort()
	return w.s.remember(w, z)
}

// known returns a zone that was found before.
func (s *Session) known(apex string, whole bool) *zone {
	s.mu.Lock()
	defer s.mu.Unlock()
	if z := s.zones[apex]; z != nil && (z.whole || !whole) {
		return z
	}
	return nil
}

// remember keeps a zone for later walks, unless a loop kept its servers'
// addresses from a nested walk or the time ran out; the first to be kept
// stays.
func (s *Session) remember(w *walk, z *zone) *zone {
	if len(w.hosts) > 0 && w.looped.Load() || slices.ContainsFunc(z.servers, server.unfinished) {
		return z
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.zones[z.apex]; old != nil && (old.whole || !z.whole) {
		return old
	}
	s.zones[z.apex] = z
	return z
}

func (s server) unfinished() bool {
	return s.outcome == diagnose.OutcomeNotReached || s.outcome == diagnose.OutcomeOverBudget
}

// serverNames are the NS targets that the views give for a zone.
func serverNames(views []view, apex string) []string {
	var names []string
	for _, v := range views {
		if v.cut != apex || v.msg == nil {
			continue
		}
		for _, section := range [][]dns.RR{v.msg.Answer, v.msg.Ns} {
			for _, rr := range section {
				ns, ok := rr.(*dns.NS)
				if !ok || !strings.EqualFold(ns.Hdr.Name, apex) || ns.Hdr.Class != dns.ClassINET {
					continue
				}
				if name := dns.CanonicalName(ns.Ns); !slices.Contains(names, name) && len(names) < maxServers {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// servers finds the addresses of a zone's servers: from the glue, where the
// names are the parent's to tell, else by walks of their own.
func (w *walk) servers(ctx context.Context, parent *zone, apex string, names []string, views []view) []server {
	found := make([]server, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		found[i].name = name
		if dns.IsSubDomain(parent.apex, name) {
			found[i].addresses = glue(views, apex, name)
		}
		if len(found[i].addresses) == 0 {
			found[i].addresses = parent.addressesOf(name)
		}
		if len(found[i].addresses) > 0 {
			continue
		}
		itself := slices.Contains(w.zones, apex) && dns.IsSubDomain(apex, name)
		if itself || slices.Contains(w.hosts, name) || len(w.hosts) >= maxNesting {
			w.looped.Store(true)
			found[i].outcome, found[i].looped = diagnose.OutcomeNoAddress, true
			continue
		}
		if w.nested.Add(1) > maxNested {
			found[i].outcome = diagnose.OutcomeOverBudget
			continue
		}
		wg.Go(func() {
			h := w.host(ctx, apex, name)
			found[i].outcome, found[i].looped = h.outcome, h.looped
			for _, addr := range h.addresses[:min(len(h.addresses), maxAddresses)] {
				found[i].addresses = append(found[i].addresses, withPort(addr.String()))
			}
		})
	}
	wg.Wait()
	return found
}

// glue are the addresses of a server that the views of a zone's cut hold.
func glue(views []view, apex, name string) []string {
	var addresses []string
	for _, v := range views {
		if v.cut != apex || v.msg == nil {
			continue
		}
		for _, rr := range v.msg.Extra {
			if !strings.EqualFold(rr.Header().Name, name) || len(addresses) >= maxAddresses {
				continue
			}
			switch rr := rr.(type) {
			case *dns.A:
				addresses = appendAddress(addresses, rr.A)
			case *dns.AAAA:
				addresses = appendAddress(addresses, rr.AAAA)
			}
		}
	}
	return addresses
}

// hiddenCut looks for a cut below z that the answers do not show, because the
// servers have both zones and answered without any record of the zone's apex:
// it asks one of them for the SOA record of the name's ancestors. name is
// where to begin; it cannot be an apex itself where the answer is an alias.
func (w *walk) hiddenCut(ctx context.Context, z *zone, name string, views []view) string {
	var from *view
	for i, v := range views {
		if !v.reply.Outcome.Usable() {
			continue
		}
		if v.owner == z.apex {
			return ""
		}
		if from == nil && v.reply.Outcome == diagnose.OutcomeAnswer {
			from = &views[i]
		}
	}
	if from == nil {
		return ""
	}
	at := name
	if hasRecord(from.msg.Answer, name, dns.TypeCNAME) {
		at = parentOf(name)
	}
	for ; strictlyBelow(at, z.apex); at = parentOf(at) {
		v := w.askOne(ctx, z, target{server: from.server, address: from.reply.Address}, at, dns.TypeSOA)
		if v.cut != "" {
			return v.cut
		}
		if !v.reply.Outcome.Usable() || v.owner == z.apex {
			return ""
		}
	}
	return ""
}

// unreachable says why a zone has no server to ask.
func (w *walk) unreachable(z *zone) *diagnose.Break {
	b := &diagnose.Break{
		Kind: diagnose.BreakNoServers, Zone: diagnose.CanonicalName(z.apex), Replies: z.nameless(),
		Detail: "none of the zone's name servers has an address",
	}
	switch {
	case len(z.servers) > 0 && !slices.ContainsFunc(z.servers, func(s server) bool { return !s.looped }):
		b.Kind = diagnose.BreakLoop
		b.Detail = "the names of the zone's servers can only be resolved through the zone itself, and its parent gives no address for them"
	case slices.ContainsFunc(z.servers, server.unfinished):
		b.Kind = diagnose.BreakBudget
		b.Detail = "the addresses of the zone's servers were not found before the time or the number of queries for this diagnosis ran out"
	}
	return b
}

// lame says why none of a zone's servers gave a usable answer.
func (w *walk) lame(ctx context.Context, z *zone, views []view) *diagnose.Break {
	b := &diagnose.Break{
		Kind: diagnose.BreakLame, Zone: diagnose.CanonicalName(z.apex), Replies: append(replies(views), z.nameless()...),
		Detail: "none of the zone's servers answers with authority",
	}
	if ctx.Err() != nil || !slices.ContainsFunc(views, func(v view) bool { return v.final() }) {
		b.Kind = diagnose.BreakBudget
		b.Detail = "the zone's servers did not answer before the time or the number of queries for this diagnosis ran out"
	}
	return b
}

// registrable returns the domain below the public suffix (of the ICANN part of
// the list at https://publicsuffix.org) that a name is in or at, "" where the
// name is a suffix itself.
func registrable(name string) string {
	rest := strings.TrimSuffix(name, ".")
	if rest == "" {
		return ""
	}
	suffix, icann := publicsuffix.PublicSuffix(rest)
	for !icann && strings.Contains(suffix, ".") {
		_, parent, _ := strings.Cut(suffix, ".")
		suffix, icann = publicsuffix.PublicSuffix(parent)
	}
	n := dns.CountLabel(suffix + ".")
	if dns.CountLabel(name) <= n {
		return ""
	}
	return lastLabels(name, n+1)
}

// lastLabels returns a name's last n labels.
func lastLabels(name string, n int) string {
	starts := dns.Split(name)
	if n <= 0 {
		return "."
	}
	if n >= len(starts) {
		return name
	}
	return name[starts[len(starts)-n]:]
}

// parentOf returns the name without its first label.
func parentOf(name string) string {
	return lastLabels(name, dns.CountLabel(name)-1)
}
