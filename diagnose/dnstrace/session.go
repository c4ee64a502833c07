package dnstrace

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/acmbot/acmbot/diagnose"
	addresses "github.com/acmbot/acmbot/diagnose/address"
)

// A Session is one diagnosis. It is safe for concurrent use; what it learns is
// kept until it is garbage, so a new diagnosis takes a new session.
type Session struct {
	t     *Tracer
	peers peers
	slots chan struct{} // one for each query under way
	sent  atomic.Int64

	mu      sync.Mutex
	flights map[question]*flight
	zones   map[string]*zone // by apex, fully qualified
	hosts   map[string]host  // by name, fully qualified
	lookups map[string]*lookup
}

// A flight is a question that is being asked or was.
type flight struct {
	done    chan struct{}
	result  result // valid once done is closed
	waiters int    // guarded by the session's mutex
	cancel  context.CancelFunc
}

// Session starts a diagnosis.
func (t *Tracer) Session() *Session {
	s := &Session{
		t:       t,
		slots:   make(chan struct{}, t.parallel),
		flights: map[question]*flight{},
		zones:   map[string]*zone{},
		hosts:   map[string]host{},
		lookups: map[string]*lookup{},
	}
	s.zones["."] = t.rootZone()
	return s
}

// spend takes one query from the session's budget.
func (s *Session) spend() bool {
	if s.sent.Add(1) > int64(s.t.budget) {
		s.sent.Add(-1)
		return false
	}
	return true
}

// ask asks a question once in a session: all who ask it meanwhile or later
// share the answer. It ends when nobody waits any more. allowance is how many
// queries the asker has left; nil is no limit of its own.
func (s *Session) ask(ctx context.Context, q question, allowance *atomic.Int64) result {
	if outcome, why := s.pointless(q.address); outcome != "" {
		return result{outcome: outcome, detail: why}
	}
	if ctx.Err() != nil {
		outcome, why := explain(ctx, ctx.Err())
		return result{outcome: outcome, detail: why}
	}
	s.mu.Lock()
	f := s.flights[q]
	if f == nil {
		if allowance != nil && allowance.Add(-1) < 0 {
			s.mu.Unlock()
			return result{
				outcome: diagnose.OutcomeOverBudget,
				detail:  "not asked: this name had used up its queries",
			}
		}
		flying, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight{done: make(chan struct{}), cancel: cancel}
		s.flights[q] = f
		go s.fly(flying, q, f)
	}
	f.waiters++
	s.mu.Unlock()

	select {
	case <-f.done:
		s.leave(q, f)
		return f.result
	case <-ctx.Done():
		s.leave(q, f)
		outcome, why := explain(ctx, ctx.Err())
		return result{outcome: outcome, detail: why}
	}
}

// leave gives up waiting; the last to leave a question that is still being
// asked ends it.
func (s *Session) leave(q question, f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.waiters--
	select {
	case <-f.done:
	default:
		if f.waiters == 0 {
			f.cancel()
			if s.flights[q] == f {
				delete(s.flights, q)
			}
		}
	}
}

func (s *Session) fly(ctx context.Context, q question, f *flight) {
	defer f.cancel()
	select {
	case s.slots <- struct{}{}:
		f.result = s.exchange(ctx, q)
		<-s.slots
	case <-ctx.Done():
		f.result.outcome, f.result.detail = explain(ctx, ctx.Err())
	}
	s.mu.Lock()
	if !f.result.final() && s.flights[q] == f {
		delete(s.flights, q)
	}
	s.mu.Unlock()
	close(f.done)
}

// pointless says why an address need not be asked at all.
func (s *Session) pointless(address string) (diagnose.Outcome, string) {
	if ap, err := netip.ParseAddrPort(address); err == nil && !slices.Contains(s.t.resolvers, address) {
		what := addresses.Forbidden(ap.Addr())
		switch {
		case s.t.publicOnly && !addresses.Public(ap.Addr()):
			return diagnose.OutcomeUnreachable, "not a public address: the outside world cannot reach this server"
		case what != "":
			return diagnose.OutcomeUnreachable, "not asked: it is " + what + ", which acmbot never sends anything to"
		}
	}
	if s.peers.of(address).dead {
		return diagnose.OutcomeTimeout, "not asked again: it has answered none of this diagnosis' queries"
	}
	if s.peers.unroutable(address) {
		family := "IPv4"
		if isIPv6(address) {
			family = "IPv6"
		}
		return diagnose.OutcomeUnreachable, "not asked: there is no working " + family + " where this diagnosis runs"
	}
	return "", ""
}
