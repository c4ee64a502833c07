package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/diagnose"
)

// Kind is the kind of a Watch's item in the store.
const Kind = "watch"

// Lasts is how long a watch goes on at most.
const Lasts = 30 * 24 * time.Hour

// A Place is where the news of a watch goes: a thread, or a direct message.
type Place struct {
	// Channel is the conversation's id; empty for a direct message that was
	// not opened yet.
	Channel string `json:"channel,omitempty"`
	// Thread is the timestamp of the thread's first message; empty for a direct
	// message.
	Thread string `json:"thread,omitempty"`
	// Message is the timestamp of the answer in Channel, empty where it is not
	// one for all to see.
	Message string `json:"message,omitempty"`
	// User is who gets the direct message; empty for a thread.
	User string `json:"user,omitempty"`
}

// Direct reports whether the place is a direct message.
func (p Place) Direct() bool { return p.User != "" }

func (p Place) id() string {
	if p.Direct() {
		return p.User
	}
	return p.Channel + "/" + p.Thread
}

// A Watch is one certificate that is followed, for those who asked, in one
// place.
type Watch struct {
	ID  string `json:"id"`
	ARN string `json:"arn"`
	// Query is the question as it was read, Name what to call it.
	Query string `json:"query"`
	Name  string `json:"name"`
	// Users are the ids of those who watch.
	Users []string `json:"users"`
	Place Place    `json:"place"`
	// Since is when it began, Until when it ends without anything else.
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Fixed is when somebody last changed something that should help; zero for
	// never.
	Fixed time.Time `json:"fixed,omitzero"`
	// Quiet has no message of its own that says that there is a watch.
	Quiet bool `json:"quiet,omitempty"`
	// Snooze makes it the watch over a snoozed certificate.
	Snooze *Nap `json:"snooze,omitempty"`

	// First is what there was at the beginning, Last at the latest look that
	// saw anything.
	First Seen `json:"first"`
	Last  Seen `json:"last"`
	// Known are all causes told so far.
	Known []diagnose.CauseID `json:"known,omitempty"`
	// Mark is the lowest threshold of days left that was reached by then.
	Mark int `json:"mark"`
	// Doubt says that the latest look was for the worse, and that the next one
	// is to confirm it.
	Doubt bool `json:"doubt,omitempty"`
	// Looked is when it was last looked at, Due when it will be again.
	Looked time.Time `json:"looked,omitzero"`
	Due    time.Time `json:"due"`
	// Looks counts them since the beginning or the latest fix; Blind counts
	// those that saw nothing, since the last one that did.
	Looks int `json:"looks,omitempty"`
	Blind int `json:"blind,omitempty"`

	Card   Card    `json:"card"`
	Notice *Notice `json:"notice,omitempty"`
	// Told counts the notices.
	Told int `json:"told,omitempty"`
	// Over is why there is nothing more to watch; empty until then.
	Over End `json:"over,omitempty"`
	// OverBy is the id of who ended it, where somebody did.
	OverBy string `json:"over_by,omitempty"`
	// Token is that of the latest lease (see state.Lease.Fence).
	Token int64 `json:"token,omitempty"`
	// Again is when to try again what Slack did not take; Failures counts.
	Again    time.Time `json:"again,omitzero"`
	Failures int       `json:"failures,omitempty"`
}

// An End is why a watch is over.
type End string

// The ends.
const (
	EndRenewed End = "renewed"
	EndInOrder End = "in-order"
	EndExpired End = "expired"
	EndGone    End = "gone"
	EndTime    End = "time"
	EndLeft    End = "left" // nobody watches any more, or the snooze was taken back
	EndWorse   End = "worse"
)

// A Card is the message that says that there is a watch.
type Card struct {
	TS string `json:"ts,omitempty"`
	// Tried says that it may stand there although TS is empty.
	Tried bool `json:"tried,omitempty"`
	// Stale says that it does not show how things are.
	Stale bool `json:"stale,omitempty"`
}

// News is what a notice tells.
type News string

// The news.
const (
	NewsRenewed News = "renewed"  // a new NotAfter
	NewsInOrder News = "in-order" // healthy, without a renewal
	NewsWorse   News = "worse"    // a graver verdict, or a new cause
	NewsDays    News = "days"     // another threshold of days left
	NewsExpired News = "expired"
	NewsGone    News = "gone" // the certificate is not there any more
	NewsTime    News = "time" // the watch's, or the snooze's, time is over
)

// A Notice is something to be told, once.
type Notice struct {
	// N counts a watch's notices from 1.
	N    int  `json:"n"`
	News News `json:"news"`
	// Before and Now are what was seen.
	Before Seen `json:"before"`
	Now    Seen `json:"now"`
	// Causes are those that are new.
	Causes []diagnose.CauseID `json:"causes,omitempty"`
	At     time.Time          `json:"at"`
	// Tried says that it may have been posted; TS that it was.
	Tried bool   `json:"tried,omitempty"`
	TS    string `json:"ts,omitempty"`
}

// MarkOf is a text that tells the watch's messages from all others: the n-th
// notice, 0 for the card.
func (w *Watch) MarkOf(n int) string { return fmt.Sprintf("%s@%d#%d", w.ID, w.Since.UnixMilli(), n) }

// A Request is what to watch.
type Request struct {
	ARN, Query, Name string
	User             string
	Place            Place
	// Seen is what the person who asks has seen; without a verdict the first
	// look finds out.
	Seen Seen
	// Fixed says that something was just changed that should help, so that the
	// first look comes soon.
	Fixed bool
	// Quiet says that the place knows of the watch already.
	Quiet bool
}

// ErrNothing is a request that names no certificate, person or place.
var ErrNothing = errors.New("the watch has no certificate, person or place")

func idOf(p Place, arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return p.id() + "/" + hex.EncodeToString(sum[:8])
}

func key(id string) state.Key { return state.Key{Kind: Kind, ID: id} }

// Start begins a watch, or joins the one on the same certificate in the same
// place: starting the same twice is starting it once. After a fix the looks
// come quickly again.
func Start(ctx context.Context, s state.Store, r Request, now time.Time) (Watch, error) {
	if r.ARN == "" || r.User == "" || r.Place.id() == "/" {
		return Watch{}, ErrNothing
	}
	var w Watch
	err := state.Update(ctx, s, key(idOf(r.Place, r.ARN)), func(v *Watch) error {
		if v.ID == "" || v.Over != "" {
			*v = r.fresh(now, *v)
		}
		if !slices.Contains(v.Users, r.User) {
			v.Users = append(v.Users, r.User)
			v.Card.Stale = true
		}
		if r.Fixed {
			v.Fixed, v.Looks, v.Doubt, v.Card.Stale = now, 0, false, true
			v.Due = now.Add(afterFix)
		}
		v.Quiet = v.Quiet && r.Quiet
		w = *v
		return nil
	})
	if err != nil {
		return Watch{}, fmt.Errorf("starting a watch: %w", err)
	}
	return w, nil
}

func (r Request) fresh(now time.Time, old Watch) Watch {
	now = state.Millisecond(now)
	w := Watch{
		ID: idOf(r.Place, r.ARN), ARN: r.ARN, Query: r.Query, Name: r.Name, Place: r.Place, Quiet: r.Quiet,
		Since: now, Until: now.Add(Lasts), First: r.Seen, Last: r.Seen, Known: slices.Clone(r.Seen.Causes),
		Mark: mark(r.Seen, now), Due: now.Add(firstLook), Token: old.Token,
	}
	if w.Query == "" {
		w.Query = r.ARN
	}
	if w.Name == "" {
		w.Name = w.Query
	}
	return w
}

// Leave takes a person out of a watch; the last one ends it. It reports the
// watch as it is then, and whether the person was watching.
func Leave(ctx context.Context, s state.Store, id, user string) (w Watch, was bool, err error) {
	err = state.Update(ctx, s, key(id), func(v *Watch) error {
		was = slices.Contains(v.Users, user) && v.Over == "" && v.Snooze == nil
		if !was {
			w = *v
			return state.ErrUnchanged
		}
		v.Users = slices.DeleteFunc(v.Users, func(u string) bool { return u == user })
		v.Card.Stale = true
		if len(v.Users) == 0 {
			v.end(EndLeft, user)
		}
		w = *v
		return nil
	})
	if err != nil {
		return Watch{}, false, fmt.Errorf("ending a watch: %w", err)
	}
	return w, was, nil
}

func (w *Watch) end(why End, by string) {
	w.Over, w.OverBy, w.Card.Stale = why, by, true
}

// In are the people who watch a certificate in a place.
func In(ctx context.Context, s state.Store, p Place, arn string) ([]string, error) {
	r, err := state.Load[Watch](ctx, s, key(idOf(p, arn)))
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading who watches: %w", err)
	}
	if r.Value.Over != "" {
		return nil, nil
	}
	return r.Value.Users, nil
}

// Of lists the watches of a person, the latest first, without snoozes.
func Of(ctx context.Context, s state.Store, user string) ([]Watch, error) {
	var list []Watch
	for r, err := range state.All[Watch](ctx, s, Kind, "") {
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if r.Key.ID != "" {
				continue // one that cannot be read hides no other
			}
			return nil, fmt.Errorf("listing watches: %w", err)
		}
		if r.Value.Snooze == nil && r.Value.Over == "" && slices.Contains(r.Value.Users, user) {
			list = append(list, r.Value)
		}
	}
	slices.SortFunc(list, func(a, b Watch) int {
		if c := b.Since.Compare(a.Since); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}
