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
					_, _, err := Once(t.Context(), &crashingStore{Store: inner, from: from, applied: applied}, "a", clock, p)
					first := err
					sent = "posted"
					now = now.Add(leaseTime)
					for range 2 {
						if _, ts, err := Once(t.Context(), inner, "b", clock, p); err != nil || ts != stands[0] {
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

func TestOnceIsHeld(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	store := memory.New(clock)
	p := Post{Kind: PostKind, ID: "C0A/2026-11-24"}
	sent := 0
	p.Send = func(ctx context.Context) (string, error) {
		sent++
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > sendTime {
			t.Error("it may send for longer than it has the lease")
		}
		other := p
		other.Send = func(context.Context) (string, error) { t.Error("another replica posts meanwhile"); return "", nil }
		if _, _, err := Once(ctx, store, "b", clock, other); !errors.Is(err, ErrElsewhere) {
			t.Errorf("another replica gets %v", err)
		}
		return "1", nil
	}
	p.Find = func(context.Context, time.Time) (string, bool, error) { return "", false, nil }
	if posted, _, err := Once(t.Context(), store, "a", clock, p); !posted || err != nil || sent != 1 {
		t.Errorf("posted %v (%d times), %v", posted, sent, err)
	}
	if posted, ts, err := Once(t.Context(), store, "b", clock, p); posted || ts != "1" || err != nil || sent != 1 {
		t.Errorf("again: posted %v at %q, %v", posted, ts, err)
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
	if _, _, err := Once(t.Context(), memory.New(clock), "a", clock, p); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}
