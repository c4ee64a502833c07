package gather

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
)

// A Lister lists certificates, and reads their tags.
type Lister interface {
	List(ctx context.Context) ([]diagnose.Listed, diagnose.Scope)
	Tags(ctx context.Context, certificates []diagnose.CertificateRef) (map[string]map[string]string, []diagnose.Unseen)
}

// EstateOptions are what an Estate needs.
type EstateOptions struct {
	Lister Lister
	// TTL is how old a listing may be before it is read again; 2 minutes where
	// zero. Until then, and while it is read, the old one serves.
	TTL time.Duration
	// MaxAge is how old a listing may be to serve at all; 30 minutes where
	// zero.
	MaxAge time.Duration
	// Timeout bounds the reading of a listing; 1 minute where zero.
	Timeout time.Duration
	// MaxTags is how many certificates' tags are read for one question; 300
	// where zero. They are kept for TagTTL, 15 minutes where zero.
	MaxTags int
	TagTTL  time.Duration
	Now     func() time.Time
}

// An Estate lists all certificates, from memory where that is fresh enough. It
// is a diagnose.Estate and a diagnose.Tagger, and may be used concurrently.
type Estate struct {
	o EstateOptions

	stopping context.Context
	stop     context.CancelFunc
	work     sync.WaitGroup

	mu     sync.Mutex
	last   *diagnose.Listing
	under  chan struct{} // closed when the reading under way ends; nil for none
	tags   map[string]tagged
	closed bool
}

type tagged struct {
	tags map[string]string
	at   time.Time
}

var (
	_ diagnose.Estate   = (*Estate)(nil)
	_ diagnose.Tagger   = (*Estate)(nil)
	_ diagnose.Rereader = (*Estate)(nil)
	_ Lister            = (*inventory.Inventory)(nil)
)

// NewEstate returns an Estate, which reads nothing until it is asked. Close
// ends what it does in the background.
func NewEstate(o EstateOptions) *Estate {
	for d, standard := range map[*time.Duration]time.Duration{
		&o.TTL: 2 * time.Minute, &o.MaxAge: 30 * time.Minute, &o.Timeout: time.Minute, &o.TagTTL: 15 * time.Minute,
	} {
		if *d <= 0 {
			*d = standard
		}
	}
	if o.MaxTags <= 0 {
		o.MaxTags = 300
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	e := &Estate{o: o, tags: map[string]tagged{}}
	e.stopping, e.stop = context.WithCancel(context.Background())
	return e
}

// Close ends the readings under way and waits for them.
func (e *Estate) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.stop()
	e.work.Wait()
}

// List implements diagnose.Estate. A listing older than the TTL is returned
// all the same, up to MaxAge, while a new one is read in the background; those
// who ask at the same time share one reading. A ctx that has ended gets what is
// in memory.
func (e *Estate) List(ctx context.Context) diagnose.Listing {
	e.mu.Lock()
	now := e.o.Now()
	last, under := e.last, e.under
	fresh := last != nil && within(now, last.At, e.o.TTL)
	if !fresh {
		under = e.begin()
	}
	e.mu.Unlock()
	if last != nil && (fresh || within(now, last.At, e.o.MaxAge)) {
		return copyOf(last)
	}
	if under != nil {
		select {
		case <-under:
		case <-ctx.Done():
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last != nil {
		return copyOf(e.last)
	}
	return diagnose.Listing{At: now.UTC(), Scope: diagnose.Scope{Unreadable: []diagnose.Unseen{{
		What: "the list of all certificates", Why: diagnose.OverBudget,
		Detail: "The list is still being read. Ask again in a moment.",
	}}}}
}

// within reports whether something is no older than it may be. What is of the
// future is not: the clock was put back since, and it could be of any age.
func within(now, at time.Time, age time.Duration) bool {
	since := now.Sub(at)
	return since >= 0 && since <= age
}

// Reread implements diagnose.Rereader. Those who ask at the same time share one
// reading, too.
func (e *Estate) Reread(ctx context.Context, since time.Time) diagnose.Listing {
	for range 2 { // a reading under way may have begun before
		e.mu.Lock()
		var under chan struct{}
		if e.last == nil || e.last.At.Before(since) {
			under = e.begin()
		}
		e.mu.Unlock()
		if under == nil {
			break
		}
		select {
		case <-under:
		case <-ctx.Done():
		}
	}
	return e.List(ctx)
}

// begin has a new list read, unless one is being read. It returns what is closed
// at the end, nil after Close. The caller holds the lock.
func (e *Estate) begin() chan struct{} {
	if e.under == nil && !e.closed {
		done := make(chan struct{})
		e.under = done
		e.work.Go(func() { e.read(done) })
	}
	return e.under
}

// copyOf keeps the caller's sorting and tags out of the memory.
func copyOf(l *diagnose.Listing) diagnose.Listing {
	c := *l
	c.Certificates = slices.Clone(l.Certificates)
	return c
}

func (e *Estate) read(done chan struct{}) {
	ctx, cancel := context.WithTimeout(e.stopping, e.o.Timeout)
	defer cancel()
	at := e.o.Now().UTC()
	list, scope := e.o.Lister.List(ctx)
	l := &diagnose.Listing{At: at, Certificates: list, Scope: scope}
	e.mu.Lock()
	defer e.mu.Unlock()
	// Where nothing at all could be read, an old list beats none for a while.
	if e.last == nil || len(scope.Places) > 0 || !within(at, e.last.At, e.o.MaxAge) {
		e.last = l
	}
	e.under = nil
	close(done)
}

// Tagged implements diagnose.Tagger, from memory where that is fresh enough.
func (e *Estate) Tagged(ctx context.Context, list []diagnose.Listed) ([]diagnose.Listed, []diagnose.Unseen) {
	list = slices.Clone(list)
	now := e.o.Now()
	var missing []diagnose.CertificateRef
	e.mu.Lock()
	for i := range list {
		if t, ok := e.tags[list[i].ARN]; ok && within(now, t.at, e.o.TagTTL) {
			list[i].Tags = t.tags
		} else {
			missing = append(missing, list[i].CertificateRef)
		}
	}
	e.mu.Unlock()
	if len(missing) == 0 {
		return list, nil
	}
	asked := missing[:min(len(missing), e.o.MaxTags)]
	found, unseen := e.o.Lister.Tags(ctx, asked)
	unread := 0
	e.mu.Lock()
	for arn, t := range e.tags {
		if !within(now, t.at, e.o.TagTTL) {
			delete(e.tags, arn)
		}
	}
	for arn, t := range found {
		e.tags[arn] = tagged{tags: t, at: now}
	}
	e.mu.Unlock()
	for i := range list {
		if t, ok := found[list[i].ARN]; ok {
			list[i].Tags = t
		} else if list[i].Tags == nil {
			unread++
		}
	}
	if unread > 0 && len(unseen) == 0 {
		what, why := fmt.Sprintf("the tags of %d certificates", unread), "ACM tells the tags of one certificate at a time. Narrow the filter, or ask again."
		if unread == 1 {
			what = "the tags of one certificate"
		}
		unseen = append(unseen, diagnose.Unseen{What: what, Why: diagnose.OverBudget, Detail: why})
	}
	return list, unseen
}
