package gather_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/gather"
)

// A shelf is a Lister under a test's control.
type shelf struct {
	mu      sync.Mutex
	reads   int
	tagged  int
	hold    chan struct{} // a reading waits until it is closed; nil for at once
	started chan struct{} // gets a value for every reading
	broken  bool
}

func (s *shelf) List(ctx context.Context) ([]diagnose.Listed, diagnose.Scope) {
	s.mu.Lock()
	s.reads++
	n, hold, broken := s.reads, s.hold, s.broken
	s.mu.Unlock()
	s.started <- struct{}{}
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	if broken {
		return nil, diagnose.Scope{Unreadable: []diagnose.Unseen{{What: "everything", Why: diagnose.Throttled}}}
	}
	ref := diagnose.CertificateRef{ARN: "arn:a", DomainName: fmt.Sprintf("read-%d.example.com", n)}
	return []diagnose.Listed{{CertificateRef: ref}}, diagnose.Scope{Places: []diagnose.Place{{Account: "1", Region: "r"}}}
}

func (s *shelf) Tags(_ context.Context, list []diagnose.CertificateRef) (map[string]map[string]string, []diagnose.Unseen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tagged += len(list)
	tags := map[string]map[string]string{}
	for _, c := range list {
		tags[c.ARN] = map[string]string{"team": "shop"}
	}
	return tags, nil
}

type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.now }

func (h *hand) turn(d time.Duration) { h.mu.Lock(); defer h.mu.Unlock(); h.now = h.now.Add(d) }

func name(l diagnose.Listing) string {
	if len(l.Certificates) != 1 {
		return fmt.Sprintf("%d certificates", len(l.Certificates))
	}
	return l.Certificates[0].DomainName
}

func TestEstateAnswersFromMemoryAndReadsInTheBackground(t *testing.T) {
	s := &shelf{started: make(chan struct{}, 10)}
	clock := &hand{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	e := gather.NewEstate(gather.EstateOptions{Lister: s, Now: clock.Now})
	defer e.Close()

	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			if got := name(e.List(t.Context())); got != "read-1.example.com" {
				t.Errorf("got %s", got)
			}
		})
	}
	group.Wait()
	<-s.started
	if s.reads != 1 {
		t.Fatalf("read %d times for five who ask together", s.reads)
	}

	release := make(chan struct{})
	s.mu.Lock()
	s.hold = release
	s.mu.Unlock()
	clock.turn(5 * time.Minute) // stale: the old one serves while the new one is read
	if got := name(e.List(t.Context())); got != "read-1.example.com" {
		t.Errorf("stale: got %s", got)
	}
	<-s.started
	clock.turn(time.Hour) // too old: it is waited for
	close(release)
	if got := name(e.List(t.Context())); got != "read-2.example.com" {
		t.Errorf("too old: got %s", got)
	}
}

func TestEstateWithoutMemoryGivesUpWithItsAsker(t *testing.T) {
	s := &shelf{started: make(chan struct{}, 10), hold: make(chan struct{})}
	e := gather.NewEstate(gather.EstateOptions{Lister: s})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l := e.List(ctx)
	if len(l.Scope.Unreadable) != 1 || l.Scope.Unreadable[0].Why != diagnose.OverBudget {
		t.Errorf("got %+v", l)
	}
	<-s.started
	e.Close() // ends the reading
}

func TestEstateKeepsTheListThroughAFailure(t *testing.T) {
	s := &shelf{started: make(chan struct{}, 10)}
	clock := &hand{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	e := gather.NewEstate(gather.EstateOptions{Lister: s, Now: clock.Now, TTL: time.Minute, MaxAge: time.Hour})
	e.List(t.Context())
	s.mu.Lock()
	s.broken = true
	s.mu.Unlock()
	clock.turn(2 * time.Minute)
	e.List(t.Context())
	e.Close() // after the failing reading
	if got := name(e.List(t.Context())); got != "read-1.example.com" {
		t.Errorf("got %s", got)
	}
}

func TestEstateReadsTagsOnce(t *testing.T) {
	s := &shelf{started: make(chan struct{}, 10)}
	e := gather.NewEstate(gather.EstateOptions{Lister: s, MaxTags: 2})
	defer e.Close()
	var list []diagnose.Listed
	for i := range 3 {
		list = append(list, diagnose.Listed{CertificateRef: diagnose.CertificateRef{ARN: fmt.Sprint("arn:", i)}})
	}
	first, unseen := e.Tagged(t.Context(), list)
	if first[0].Tags["team"] != "shop" || first[2].Tags != nil || len(unseen) != 1 || list[0].Tags != nil {
		t.Errorf("got %+v, unseen %+v", first, unseen)
	}
	second, unseen := e.Tagged(t.Context(), list)
	if second[2].Tags["team"] != "shop" || len(unseen) != 0 || s.tagged != 3 {
		t.Errorf("got %+v, unseen %+v; %d tags read", second, unseen, s.tagged)
	}
}

// No list is taken for fresh for ever because the clock was put back.
func TestEstateOutlivesLeapsOfTheClock(t *testing.T) {
	const day = 24 * time.Hour
	for _, leap := range []time.Duration{-time.Minute, -time.Hour, -day, -365 * day, time.Hour, 365 * day} {
		s := &shelf{started: make(chan struct{}, 10)}
		clock := &hand{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		e := gather.NewEstate(gather.EstateOptions{Lister: s, Now: clock.Now})
		e.List(t.Context())
		clock.turn(leap)
		if got := name(e.List(t.Context())); got != "read-2.example.com" {
			t.Errorf("a leap of %v: %s is listed", leap, got)
		}
		e.Close()
	}
}
