package alert

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/diagnose"
)

func pieces(t *testing.T, store state.Store) (n int) {
	t.Helper()
	for _, err := range store.List(t.Context(), pieceKind, "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// A board of thousands of certificates in trouble is larger than an item can be.
func TestLargeBoardIsKept(t *testing.T) {
	const certificates = 4000
	store := memory.New(func() time.Time { return nine })
	p := newPlay(t)
	big := many(1, certificates, Pending, 20)
	for i := range big {
		sum := hash(i)
		big[i].ARN = fmt.Sprintf("arn:aws:acm:eu-west-1:111122223333:certificate/%s-%s", sum[:12], sum[12:])
		big[i].Fix = "add the CNAME record `_" + hash(sum) + "." + big[i].Domain + "` with the value `_" + hash(-i) + "." + hash(sum+"x") + ".acm-validations.aws`"
	}
	p.look(big...)
	p.look(big...)
	for range 2 {
		err := Change(t.Context(), store, "C0A", nine, func(b *Board) bool {
			look := b.Look
			*b = *p.board
			b.Look = look + 1
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := Load(t.Context(), store, "C0A")
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Incidents) != certificates || len(b.Threads) != 1 {
		t.Fatalf("%d incidents in %d threads come back", len(b.Incidents), len(b.Threads))
	}
	arn := big[17].ARN
	if diff := cmp.Diff(p.board.Incidents[arn], b.Incidents[arn]); diff != "" {
		t.Errorf("-kept +read:\n%s", diff)
	}
	n := pieces(t, store)
	t.Logf("%d incidents are kept in %d pieces", certificates, n)
	if n < 2 || n > 12 {
		t.Errorf("they are kept in %d pieces", n)
	}
	if err := Change(t.Context(), store, "C0A", nine, func(b *Board) bool { b.Incidents = nil; return true }); err != nil {
		t.Fatal(err)
	}
	if n := pieces(t, store); n != 0 {
		t.Errorf("%d pieces are left that nobody needs", n)
	}
	if err := Remove(t.Context(), store, "C0A"); err != nil {
		t.Fatal(err)
	}
	if list, err := Channels(t.Context(), store); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// Changes at the same time are made one after the other, whatever the size.
func TestChangesAtTheSameTime(t *testing.T) {
	store := memory.New(func() time.Time { return nine })
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 5 {
				err := Change(t.Context(), store, "C0A", nine, func(b *Board) bool {
					b.Incidents[fmt.Sprintf("arn:%d-%d", i, n)] = &Incident{Status: Pending}
					return true
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if b, err := Load(t.Context(), store, "C0A"); err != nil || len(b.Incidents) != 40 {
		t.Errorf("%d incidents, %v", len(b.Incidents), err)
	}
}

func TestNothingIsWrittenWithoutAChange(t *testing.T) {
	store := memory.New(func() time.Time { return nine })
	if err := Change(t.Context(), store, "C0A", nine, func(*Board) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if list, err := Channels(t.Context(), store); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// A broken board is an error, not a new one: its alerts would all come again.
func TestBrokenBoard(t *testing.T) {
	store := memory.New(func() time.Time { return nine })
	for _, value := range []packed{{Gzip: []byte("no gzip")}, {Pieces: []string{"missing"}}, {}} {
		if err := state.Update(t.Context(), store, boardKey("C0A"), func(v *packed) error { *v = value; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(t.Context(), store, "C0A"); err == nil {
			t.Errorf("%+v reads as a board", value)
		}
	}
}

func TestScansAreNumberedAndSpaced(t *testing.T) {
	now := nine
	store := memory.New(func() time.Time { return now })
	due := func(want bool) {
		t.Helper()
		if got, err := Due(t.Context(), store, 10*time.Minute, now); err != nil || got != want {
			t.Errorf("at %s due is %v, %v", now.Format(time.TimeOnly), got, err)
		}
	}
	lease, err := state.Claim(t.Context(), store, Lease, "a", now, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	due(true)
	for want := int64(1); want <= 2; want++ {
		if n, err := Begin(t.Context(), store, lease, true, now); err != nil || n != want {
			t.Errorf("look %d is no. %d, %v", want, n, err)
		}
	}
	due(false)
	now = now.Add(9 * time.Minute)
	if n, err := Begin(t.Context(), store, lease, false, now); err != nil || n != 3 {
		t.Errorf("look no. %d, %v", n, err)
	}
	due(false)
	now = now.Add(time.Minute)
	due(true)
	now = now.Add(-2 * time.Hour) // the clock that noted it was ahead
	due(true)
	later, err := state.Claim(t.Context(), store, Lease, "b", now.Add(3*time.Hour), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Begin(t.Context(), store, later, true, now); err != nil {
		t.Fatal(err)
	}
	if _, err := Begin(t.Context(), store, lease, true, now); !errors.Is(err, state.ErrLost) {
		t.Errorf("who has lost the lease looks all the same: %v", err)
	}
}

func TestHints(t *testing.T) {
	now := nine
	store := memory.New(func() time.Time { return now })
	ctx := context.WithoutCancel(t.Context())
	note := func(kind diagnose.EventKind) {
		if err := Note(ctx, store, diagnose.Event{ARN: "arn:1", Kind: kind, Account: here.Account, Region: here.Region}, now); err != nil {
			t.Fatal(err)
		}
	}
	one := func() Hint {
		list, err := Hints(ctx, store)
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list[0]
	}
	note(diagnose.EventActionRequired)
	now = now.Add(time.Minute)
	note(diagnose.EventActionRequired)
	note(diagnose.EventExpired)
	if err := Nudge(ctx, store, "arn:1", now); err != nil {
		t.Fatal(err)
	}
	h := one()
	if len(h.Kinds) != 2 || !h.Since.Equal(nine) || h.Account != here.Account {
		t.Errorf("%+v", h)
	}
	note(diagnose.EventRevoked) // while it is looked at
	if err := Looked(ctx, store, h, true, now); err != nil {
		t.Fatal(err)
	}
	if h = one(); len(h.Kinds) != 3 {
		t.Errorf("%+v", h)
	}
	if err := Looked(ctx, store, h, false, now); err != nil {
		t.Fatal(err)
	}
	if h = one(); h.Tries != 1 || !h.Again.Equal(now.Add(time.Minute)) {
		t.Errorf("%+v", h)
	}
	if err := Looked(ctx, store, h, true, now); err != nil {
		t.Fatal(err)
	}
	if list, err := Hints(ctx, store); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}
