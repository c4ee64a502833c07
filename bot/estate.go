package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

const (
	// listTimeout is how long a question waits for a list that is being read.
	listTimeout = 45 * time.Second
	// tagTimeout bounds the reading of tags for one question.
	tagTimeout = 20 * time.Second
	// causeLife is how long the cause that a diagnosis found is shown beside
	// what ACM's list tells.
	causeLife = time.Hour
	// mostCauses bounds the causes that are remembered.
	mostCauses = 500
)

// An estate is what is remembered of all certificates: the latest list, for
// what must be answered at once, and the causes that were found. It only saves
// work: another replica, or this one after a restart, finds both again.
type estate struct {
	now func() time.Time

	mu      sync.Mutex
	last    *diagnose.Listing
	causes  map[string]foundCause
	looking bool // causes are being looked for
}

type foundCause struct {
	text string
	at   time.Time
}

func newEstate(now func() time.Time) *estate {
	return &estate{now: now, causes: map[string]foundCause{}}
}

// memory is the latest list, for what cannot wait.
func (e *estate) memory() (diagnose.Listing, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last == nil {
		return diagnose.Listing{}, false
	}
	l := *e.last
	l.Certificates = append([]diagnose.Listed{}, l.Certificates...)
	return l, true
}

// list asks for all certificates, the most urgent first. It is not ok where
// nothing came in time.
func (b *Bot) list(ctx context.Context) (l diagnose.Listing, ok bool) {
	if b.opts.Estate == nil {
		return diagnose.Listing{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	l = b.opts.Estate.List(ctx)
	if l.At.IsZero() {
		l.At = b.now()
	}
	diagnose.SortByUrgency(l.Certificates, l.At)
	if len(l.Scope.Places) == 0 && len(l.Certificates) == 0 && ctx.Err() != nil {
		return l, false
	}
	kept := l
	b.estate.mu.Lock()
	b.estate.last = &kept
	b.estate.mu.Unlock()
	l.Certificates = append([]diagnose.Listed{}, l.Certificates...)
	return l, true
}

// warm reads the list before anybody asks.
func (b *Bot) warm(ctx context.Context) {
	if b.opts.Estate == nil {
		return
	}
	err := guard(func() error {
		b.list(ctx)
		return nil
	})
	if p, ok := errors.AsType[*panicError](err); ok {
		b.log.Error("reading the list of certificates panicked", "panic", p.value, "stack", p.stack)
	}
}

// tagged adds the tags, where they can be read.
func (b *Bot) tagged(ctx context.Context, list []diagnose.Listed) ([]diagnose.Listed, []diagnose.Unseen) {
	tagger, ok := b.opts.Estate.(diagnose.Tagger)
	if !ok {
		return list, []diagnose.Unseen{{What: "the certificates' tags", Why: diagnose.NotConfigured, Detail: "Tags cannot be read here."}}
	}
	ctx, cancel := context.WithTimeout(ctx, tagTimeout)
	defer cancel()
	return tagger.Tagged(ctx, list)
}

// noteCauses remembers what a diagnosis found.
func (e *estate) noteCauses(a diagnose.Answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	for i := range a.Reports {
		r := &a.Reports[i]
		if len(e.causes) >= mostCauses {
			for arn, c := range e.causes {
				if !recent(now, c.at, causeLife) || len(e.causes) >= mostCauses {
					delete(e.causes, arn)
				}
			}
		}
		e.causes[r.Certificate.ARN] = foundCause{view.Cause(r), now}
	}
}

// recent reports whether something is no older than an age. What is of the
// future, since the clock was put back, is not.
func recent(now, at time.Time, age time.Duration) bool {
	since := now.Sub(at)
	return since >= 0 && since <= age
}

// cause is what a recent diagnosis found; known is false where there was none.
func (e *estate) cause(arn string) (text string, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.causes[arn]
	if !ok || !recent(e.now(), c.at, causeLife) {
		return "", false
	}
	return c.text, true
}

func (e *estate) causeText(arn string) string {
	text, _ := e.cause(arn)
	return text
}

// begin marks that causes are being looked for. It is false where they are
// already.
func (e *estate) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.looking {
		return false
	}
	e.looking = true
	return true
}

func (e *estate) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.looking = false
}
