package digest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
)

var errBroken = errors.New("broken")

// A crashingStore fails, from its n-th change on, before or after it has made
// it.
type crashingStore struct {
	state.Store
	changes, from int
	applied       bool
}

func (s *crashingStore) Put(ctx context.Context, item state.Item) (state.Item, error) {
	s.changes++
	if s.from > 0 && s.changes >= s.from {
		if s.applied && s.changes == s.from {
			if _, err := s.Store.Put(ctx, item); err != nil {
				return item, err
			}
		}
		return item, errBroken
	}
	return s.Store.Put(ctx, item)
}

func (s *crashingStore) List(ctx context.Context, kind, prefix string) iter.Seq2[state.Item, error] {
	return s.Store.List(ctx, kind, prefix)
}

// Whenever the store fails, and whatever becomes of the post, it stands there
// once in the end.
func TestOnceWhateverBreaks(t *testing.T) {
	for from := 1; from <= 5; from++ {
		for _, applied := range []bool{false, true} {
			for _, sent := range []string{"posted", "posted, but the answer is lost", "not posted"} {
				t.Run(fmt.Sprintf("change %d, applied %v, %s", from, applied, sent), func(t *testing.T) {
					now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
					clock := func() time.Time { return now }
					inner := memory.New(clock)
					var stands []string
					p := Post{
						Kind: PostKind, ID: "C0A/2026-11-24",
						Send: func(context.Context) (string, error) {
							if sent == "not posted" {
								return "", errBroken
							}
							ts := fmt.Sprint(now.Unix())
							stands = append(stands, ts)
							if sent != "posted" {
								return "", errBroken
							}
							return ts, nil
						},
						Find: func(_ context.Context, since time.Time) (string, bool, error) {
							if since.After(now) {
								t.Errorf("it looks from %v on only, at %v", since, now)
							}
							if len(stands) == 0 {
								return "", false, nil
							}
							return stands[0], true, nil
						},
					}
					a := Poster{Store: &crashingStore{Store: inner, from: from, applied: applied}, Owner: "a", Now: clock}
					_, _, first := a.Once(t.Context(), p)
					sent = "posted"
					b := Poster{Store: inner, Owner: "b", Now: clock}
					if _, _, err := b.Once(t.Context(), p); err != nil && !errors.Is(err, ErrElsewhere) {
						t.Fatalf("after %v: %v", first, err)
					}
					now = now.Add(holdTime)
					for range 2 {
						if _, ts, err := b.Once(t.Context(), p); err != nil || ts != stands[0] {
							t.Fatalf("after %v: %q, %v", first, ts, err)
						}
					}
					if len(stands) != 1 {
						t.Errorf("after %v it stands there %d times", first, len(stands))
					}
				})
			}
		}
	}
}

// Replicas whose clocks are hours apart, and one that was put back while the
// post was sent: as long as one is at it, no other is, and nobody waits longer
// than for holdTime once it is dead.
func TestOnceIsHeldWhateverTheClocks(t *testing.T) {
	for _, apart := range []time.Duration{0, time.Minute, -time.Minute, 3 * time.Hour, -3 * time.Hour, 30 * day, -30 * day} {
		t.Run(apart.String(), func(t *testing.T) {
			now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
			clock := func() time.Time { return now }
			store := memory.New(clock)
			a := Poster{Store: store, Owner: "a", Now: clock}
			b := Poster{Store: store, Owner: "b", Now: func() time.Time { return now.Add(apart) }}
			var stands []string
			p := Post{
				Kind: PostKind, ID: "C0A/2026-11-24",
				Send: func(context.Context) (string, error) { stands = append(stands, "1"); return "1", nil },
				Find: func(context.Context, time.Time) (string, bool, error) { return "1", len(stands) > 0, nil },
			}
			slow := p
			slow.Send = func(ctx context.Context) (string, error) {
				if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > sendTime {
					t.Error("it may send for longer than it has the post to itself")
				}
				for range 8 {
					if _, _, err := b.Once(ctx, p); !errors.Is(err, ErrElsewhere) {
						t.Errorf("another replica gets %v", err)
					}
					now = now.Add(20 * time.Second)
				}
				return "", errBroken
			}
			if _, _, err := a.Once(t.Context(), slow); !errors.Is(err, errBroken) {
				t.Fatal(err)
			}
			// It gives the post back, and the other has it at once.
			if posted, _, err := b.Once(t.Context(), p); !posted || err != nil || len(stands) != 1 {
				t.Errorf("posted %v (%d times), %v", posted, len(stands), err)
			}
			if posted, ts, err := a.Once(t.Context(), p); posted || ts != "1" || err != nil || len(stands) != 1 {
				t.Errorf("again: posted %v at %q, %v", posted, ts, err)
			}
			// One that dies keeps it for as long as it would have had it.
			p.ID = "C0A/2026-11-25"
			a.Store = &crashingStore{Store: store, from: 2}
			if posted, _, err := a.Once(t.Context(), p); !posted || !errors.Is(err, errBroken) {
				t.Fatalf("posted %v, %v", posted, err)
			}
			for waited := time.Duration(0); waited < holdTime; waited += 30 * time.Second {
				if _, _, err := b.Once(t.Context(), p); !errors.Is(err, ErrElsewhere) {
					t.Fatalf("after %v: %v", waited, err)
				}
				now = now.Add(30 * time.Second)
			}
			if posted, ts, err := b.Once(t.Context(), p); posted || ts != "1" || err != nil || len(stands) != 2 {
				t.Errorf("after the death of the other: posted %v at %q (%d times), %v", posted, ts, len(stands), err)
			}
		})
	}
}

// Who is at it again is watched anew.
func TestOnceIsHeldAnew(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	store := memory.New(clock)
	p := Post{Kind: PostKind, ID: "C0A/2026-11-24"}
	p.Find = func(context.Context, time.Time) (string, bool, error) { return "", false, nil }
	sent := 0
	p.Send = func(context.Context) (string, error) { sent++; return "1", nil }
	broken := p
	broken.Send = func(context.Context) (string, error) { return "", errBroken }
	b := Poster{Store: store, Owner: "b", Now: clock}
	for _, owner := range []string{"a", "c"} { // each dies as soon as it has begun
		dies := Poster{Store: &crashingStore{Store: store, from: 2}, Owner: owner, Now: clock}
		r, err := state.Load[Posting](t.Context(), store, state.Key{Kind: p.Kind, ID: p.ID})
		if err == nil { // the one before is given up by another that dies, too
			r.Value.By = ""
			if _, err := state.Save(t.Context(), store, r); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := dies.Once(t.Context(), broken); !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		if _, _, err := b.Once(t.Context(), p); !errors.Is(err, ErrElsewhere) {
			t.Fatal(err)
		}
		now = now.Add(holdTime - time.Second)
	}
	if _, _, err := b.Once(t.Context(), p); !errors.Is(err, ErrElsewhere) || sent != 0 {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	if posted, _, err := b.Once(t.Context(), p); !posted || err != nil {
		t.Errorf("posted %v, %v", posted, err)
	}
}

func TestOnceDoesNotPostUnsure(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	p := Post{
		Kind: PostKind, ID: "C0A/2026-11-24", Search: true,
		Send: func(context.Context) (string, error) { t.Error("it posts, though it could not look"); return "", nil },
		Find: func(context.Context, time.Time) (string, bool, error) { return "", false, errBroken },
	}
	a := Poster{Store: memory.New(clock), Owner: "a", Now: clock}
	if _, _, err := a.Once(t.Context(), p); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}
