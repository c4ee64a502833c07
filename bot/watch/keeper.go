package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/diagnose"
)

// A Teller posts for a Keeper. Its errors are ErrNowhere where no message can
// get through to the place any more, and anything else where trying again later
// may help.
type Teller interface {
	// Locate returns the conversation of the watch's place.
	Locate(context.Context, Watch) (channel string, err error)
	// Tell posts the watch's notice and returns its timestamp. Where perhaps
	// is set it may have been posted already: it must not be posted twice.
	Tell(ctx context.Context, w Watch, perhaps bool) (ts string, err error)
	// Card posts the watch's card, or brings it up to date where it stands
	// already. Perhaps is as with Tell.
	Card(ctx context.Context, w Watch, perhaps bool) (ts string, err error)
	// Tick marks the answer in the watch's place as settled.
	Tick(context.Context, Watch) error
}

// ErrNowhere is a place that no message gets through to.
var ErrNowhere = errors.New("no message gets through to that place")

// A Keeper keeps the watches of a store: it looks, tells and ends them. Any
// number of Keepers, in any number of processes, may share a store.
type Keeper struct {
	Store state.Store
	// Now is the clock; time.Now by default.
	Now func() time.Time
	// Ask diagnoses a query in the form that it was read.
	Ask func(ctx context.Context, query string) (diagnose.Answer, error)
	// Teller posts.
	Teller Teller
	// Begin, where set, is asked before each watch is tended and says when one
	// may not be, as in a shutdown; done is called after.
	Begin func() (done func(), ok bool)
	Log   *slog.Logger
	// Jitter is from 0 to 1; random by default.
	Jitter func() float64
	// AtOnce is how many watches are tended at once; 2 by default.
	AtOnce int
	// Mark, where set, gives the context of what is done for one watch, such as
	// with an id for the log.
	Mark func(context.Context) context.Context
	// Count, where set, is told in each pass how many watches and how many
	// snoozes there are.
	Count func(watches, snoozes int)

	owner string
	once  sync.Once
}

// leaseFor is longer than any one step takes: a diagnosis, or the delivery of a
// message with all its retries. The lease is prolonged before each step.
const leaseFor = 3 * time.Minute

// retry is how long what Slack did not take waits, doubled each time up to an
// hour; afterwards mostFailures give it up.
const (
	retry        = time.Minute
	mostFailures = 40
)

func (k *Keeper) ready() {
	k.once.Do(func() {
		if k.Now == nil {
			k.Now = time.Now
		}
		if k.Log == nil {
			k.Log = slog.New(slog.DiscardHandler)
		}
		if k.Jitter == nil {
			k.Jitter = rand.Float64
		}
		if k.AtOnce <= 0 {
			k.AtOnce = 2
		}
		if k.Begin == nil {
			k.Begin = func() (func(), bool) { return func() {}, true }
		}
		k.owner = state.NewOwner()
	})
}

// Pass tends to every watch that there is something to do for, once. Its error
// is that of the store; what goes wrong with one watch is logged, and tried
// again.
func (k *Keeper) Pass(ctx context.Context) error {
	k.ready()
	var due []string
	watches, snoozes := 0, 0
	for r, err := range state.All[Watch](ctx, k.Store, Kind, "") {
		if err == nil && r.Value.Snooze != nil {
			snoozes++
		} else if err == nil {
			watches++
		}
		switch {
		case err != nil && r.Key.ID != "":
			k.Log.Error("a watch cannot be read", "watch", r.Key.ID, "error", err)
		case err != nil:
			return fmt.Errorf("listing watches: %w", err)
		case r.Value.next(k.Now()) != idle:
			due = append(due, r.Value.ID)
		}
	}
	if k.Count != nil {
		k.Count(watches, snoozes)
	}
	slots := make(chan struct{}, k.AtOnce)
	var wg sync.WaitGroup
	for _, id := range due {
		slots <- struct{}{}
		if ctx.Err() != nil {
			<-slots
			break
		}
		done, ok := k.Begin()
		if !ok {
			<-slots
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			defer done()
			ctx := ctx
			if k.Mark != nil {
				ctx = k.Mark(ctx)
			}
			if err := k.tend(ctx, id); err != nil && ctx.Err() == nil {
				k.Log.WarnContext(ctx, "a watch has to wait", "watch", id, "error", err)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// A step is what there is to do for a watch.
type step int

const (
	idle   step = iota
	tell        // the notice is to be posted
	finish      // the notice is posted: what goes with it is to be done
	card        // the card is to be posted or brought up to date
	remove      // nothing is left to do
	look
	expire
)

// next is the next thing to do for a watch. Each one leaves the watch in the
// store such that another process goes on from there.
func (w *Watch) next(now time.Time) step {
	waits := ahead(w.Again, now)
	switch {
	case w.Notice != nil && w.Notice.TS != "":
		return finish
	case w.Notice != nil && waits:
		return idle
	case w.Notice != nil:
		return tell
	case !w.Quiet && w.Card.due(w.Over != "") && !waits:
		return card
	case w.Over != "":
		return remove
	case ahead(w.Due, now):
		return idle
	case !now.Before(w.Until) && !w.Looked.IsZero() && now.Sub(w.Looked).Abs() <= mostAhead:
		// It ends when it would be looked at again, so that a clock that leaps
		// ahead for a while does not end it.
		return expire
	default:
		return look
	}
}

// mostAhead is longer than any wait between two looks, or attempts at a post.
const mostAhead = 2 * napLook

// ahead reports whether a moment is yet to come. One that is further off than
// any can be is of a clock that was put back, and has come.
func ahead(at, now time.Time) bool {
	return at.After(now) && at.Sub(now) <= mostAhead
}

// due reports whether a card is to be posted or brought up to date. One that
// was never posted is not posted when all is over.
func (c Card) due(over bool) bool {
	if c.TS == "" && !c.Tried {
		return !over
	}
	return c.TS == "" || c.Stale
}

// tend does what there is to do for a watch, under its lease.
func (k *Keeper) tend(ctx context.Context, id string) error {
	at := state.Key{Kind: Kind + "-lease", ID: id}
	lease, err := state.Claim(ctx, k.Store, at, k.owner, k.Now(), leaseFor)
	if held := (*state.HeldError)(nil); errors.As(err, &held) {
		return nil // another replica is at it
	}
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := state.Release(ctx, k.Store, lease); err != nil && !errors.Is(err, state.ErrLost) {
			k.Log.WarnContext(ctx, "a lease could not be released; it ends by itself", "watch", id, "error", err)
		}
	}()
	for ctx.Err() == nil {
		r, err := state.Load[Watch](ctx, k.Store, key(id))
		if errors.Is(err, state.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		w := r.Value
		todo := w.next(k.Now())
		if todo == idle {
			return nil
		}
		if lease, err = state.Claim(ctx, k.Store, at, k.owner, k.Now(), leaseFor); err != nil {
			return err
		}
		if err := k.do(ctx, lease, todo, w, r.Version); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (k *Keeper) do(ctx context.Context, lease state.Lease, todo step, w Watch, version int64) error {
	change := func(f func(*Watch)) error {
		return state.Update(ctx, k.Store, key(w.ID), func(v *Watch) error {
			if v.ID == "" || !v.Since.Equal(w.Since) {
				return state.ErrUnchanged // ended, and perhaps begun anew, meanwhile
			}
			if err := lease.Fence(&v.Token); err != nil {
				return err
			}
			f(v)
			return nil
		})
	}
	switch todo {
	case tell, card:
		return k.post(ctx, todo, w, change)
	case finish:
		n := *w.Notice
		if n.News == NewsRenewed || n.News == NewsInOrder {
			if err := k.Teller.Tick(ctx, w); err != nil {
				k.Log.InfoContext(ctx, "the answer could not be marked as settled", "watch", w.ID, "error", err)
			}
		}
		return change(func(v *Watch) {
			v.Notice, v.Told, v.Card.Stale = nil, n.N, true
			if v.ends(&n) && v.Over == "" {
				v.end(n.end(), "")
			}
		})
	case remove:
		err := k.Store.Delete(ctx, key(w.ID), version)
		if errors.Is(err, state.ErrConflict) || errors.Is(err, state.ErrNotFound) {
			return nil // begun anew meanwhile, or gone
		}
		return err
	case expire:
		return change(func(v *Watch) { v.expire(k.Now()) })
	default:
		return k.lookAt(ctx, w, change)
	}
}

// post posts the notice or the card: it notes that it is about to, posts, and
// notes that it has. Whoever finds the first note without the second looks
// before posting.
func (k *Keeper) post(ctx context.Context, todo step, w Watch, change func(func(*Watch)) error) error {
	if w.Place.Channel == "" {
		channel, err := k.Teller.Locate(ctx, w)
		if err != nil {
			return k.failed(ctx, w, err, change)
		}
		w.Place.Channel = channel
		if err := change(func(v *Watch) { v.Place.Channel = channel }); err != nil {
			return err
		}
	}
	perhaps := w.Card.Tried
	if todo == tell {
		perhaps = w.Notice.Tried
	}
	if !perhaps {
		if err := change(func(v *Watch) {
			if todo == card {
				v.Card.Tried = true
			} else if v.Notice != nil {
				v.Notice.Tried = true
			}
		}); err != nil {
			return err
		}
	}
	post := k.Teller.Card
	if todo == tell {
		post = k.Teller.Tell
	}
	ts, err := post(ctx, w, perhaps)
	if err != nil {
		return k.failed(ctx, w, err, change)
	}
	return change(func(v *Watch) {
		v.Again, v.Failures = time.Time{}, 0
		if todo == tell {
			if v.Notice != nil {
				v.Notice.TS = ts
			}
			return
		}
		v.Card.TS = ts
		if sameCard(v, &w) {
			v.Card.Stale = false
		}
	})
}

// sameCard reports whether nothing that the card shows was changed while it was
// being posted.
func sameCard(a, b *Watch) bool {
	return len(a.Users) == len(b.Users) && a.Over == b.Over && a.Fixed.Equal(b.Fixed) && a.Told == b.Told
}

// failed notes that something could not be posted, and goes another way where
// the place is closed for good: from a thread to a direct message to each who
// watches, from a direct message to nowhere.
func (k *Keeper) failed(ctx context.Context, w Watch, err error, change func(func(*Watch)) error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	nowhere := errors.Is(err, ErrNowhere) || w.Failures >= mostFailures
	if nowhere && !w.Place.Direct() && len(w.Users) > 1 {
		if err := k.part(ctx, w); err != nil {
			return err
		}
	}
	noted := change(func(v *Watch) {
		switch {
		case !nowhere:
			v.Failures++
			v.Again = k.Now().Add(min(retry<<min(v.Failures-1, 6), time.Hour))
		case !v.Place.Direct() && len(v.Users) > 0:
			v.Place, v.Users = Place{User: v.Users[0]}, v.Users[:1]
			v.Card, v.Failures = Card{Stale: true}, 0
			if v.Notice != nil {
				v.Notice.Tried = false
			}
		default:
			v.Notice, v.Quiet = nil, true
			v.end(EndLeft, "")
		}
	})
	if noted != nil {
		return noted
	}
	if nowhere {
		k.Log.Warn("a watch's place takes no messages", "watch", w.ID, "error", err)
		return nil
	}
	return err
}

// part makes a watch of their own for all who watch but the first, unless they
// have one.
func (k *Keeper) part(ctx context.Context, w Watch) error {
	for _, user := range w.Users[1:] {
		own := w
		own.Users, own.Place, own.Card = []string{user}, Place{User: user}, Card{Stale: true}
		own.ID, own.Token, own.Again, own.Failures = idOf(own.Place, w.ARN), 0, time.Time{}, 0
		if w.Notice != nil {
			n := *w.Notice
			n.Tried, own.Notice = false, &n
		}
		_, err := state.Create(ctx, k.Store, key(own.ID), own, time.Time{})
		if err != nil && !errors.Is(err, state.ErrConflict) {
			return fmt.Errorf("parting a watch: %w", err)
		}
	}
	return nil
}

// lookAt diagnoses the certificate.
func (k *Keeper) lookAt(ctx context.Context, w Watch, change func(func(*Watch)) error) error {
	report, gone, err := k.find(ctx, w)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		k.Log.WarnContext(ctx, "a watched certificate could not be looked at", "watch", w.ID, "error", err)
	}
	jitter := k.Jitter()
	return change(func(v *Watch) {
		if report == nil {
			v.miss(gone, k.Now(), jitter)
			return
		}
		v.look(See(report), k.Now(), jitter)
	})
}

// find asks the watch's question, and then for the certificate itself where
// others have taken its place in the answer. Gone says that everything could be
// read and it is not there.
func (k *Keeper) find(ctx context.Context, w Watch) (report *diagnose.Report, gone bool, err error) {
	for _, query := range []string{w.Query, w.ARN} {
		a, err := k.Ask(ctx, query)
		if err != nil {
			return nil, false, err
		}
		for i := range a.Reports {
			if a.Reports[i].Certificate.ARN == w.ARN {
				return &a.Reports[i], false, nil
			}
		}
		gone = len(a.Scope.Unreadable) == 0 && len(a.Scope.Places) > 0
		if query == w.ARN {
			break
		}
	}
	return nil, gone, nil
}

func notFound(err error) bool { return errors.Is(err, state.ErrNotFound) }
