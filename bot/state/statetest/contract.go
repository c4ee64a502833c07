package statetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/state"
)

// A Subject is a kind of Store under test.
type Subject struct {
	// Open opens a new and empty Store with that clock, and sees to its
	// being closed at the end of the test.
	Open func(t *testing.T, now func() time.Time) state.Store
	// Reopen opens what a Store that is closed by now has kept; nil where
	// it keeps nothing.
	Reopen func(t *testing.T, now func() time.Time) state.Store
}

// Run tests that a Store does what the interface says.
func Run(t *testing.T, subject Subject) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, state.Store, *Clock)
	}{
		{"what is put can be got", testPutGet},
		{"a version is written once", testVersions},
		{"a version never comes back", testVersionsOfOneKey},
		{"delete", testDelete},
		{"values come back to the byte", testBytes},
		{"what is given and got is the caller's own", testAliasing},
		{"what no store takes", testInvalid},
		{"large values", testLarge},
		{"expiry", testExpiry},
		{"list", testList},
		{"list while changing", testListWhileChanging},
		{"concurrent increments", testIncrements},
		{"concurrent creation", testCreation},
		{"concurrent lease", testLeaseRace},
		{"lease", testLease},
		{"a lease lost", testLeaseLost},
		{"cancelled", testCancelled},
		{"closed", testClosed},
		{"typed records", testRecords},
		{"health", testHealth},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := NewClock()
			test.run(t, subject.Open(t, clock.Now), clock)
		})
	}
	if subject.Reopen != nil {
		t.Run("closed and opened again", func(t *testing.T) {
			clock := NewClock()
			s := subject.Open(t, clock.Now)
			kept := put(t, s, state.Item{Key: key("kept"), Value: []byte(`"kept"`)})
			gone := put(t, s, state.Item{Key: key("gone"), Value: []byte(`1`)})
			put(t, s, state.Item{Key: key("expires"), Value: []byte(`1`), Expires: clock.Now().Add(time.Minute)})
			if err := s.Delete(t.Context(), gone.Key, gone.Version); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Hour)
			s = subject.Reopen(t, clock.Now)
			want(t, s, kept)
			wantNone(t, s, gone.Key)
			wantNone(t, s, key("expires"))
			kept.Value = []byte(`"changed"`)
			want(t, s, put(t, s, kept))
		})
	}
}

const kind = "test"

func key(id string) state.Key { return state.Key{Kind: kind, ID: id} }

func put(t *testing.T, s state.Store, item state.Item) state.Item {
	t.Helper()
	got, err := s.Put(t.Context(), item)
	if err != nil {
		t.Fatalf("putting %s: %v", item.Key, err)
	}
	if got.Version <= item.Version {
		t.Fatalf("putting %s: version %d after %d", item.Key, got.Version, item.Version)
	}
	return got
}

func want(t *testing.T, s state.Store, item state.Item) {
	t.Helper()
	got, err := s.Get(t.Context(), item.Key)
	if err != nil {
		t.Fatalf("getting %s: %v", item.Key, err)
	}
	if diff := cmp.Diff(item, got); diff != "" {
		t.Errorf("%s mismatch (-want, +got):\n%s", item.Key, diff)
	}
}

func wantNone(t *testing.T, s state.Store, k state.Key) {
	t.Helper()
	if item, err := s.Get(t.Context(), k); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("getting %s: %v, %v; want ErrNotFound", k, item, err)
	}
}

func wantError(t *testing.T, what string, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Errorf("%s: error %v, want %v", what, err, wanted)
	}
}

func ids(t *testing.T, s state.Store, prefix string) []string {
	t.Helper()
	list := []string{}
	for item, err := range s.List(t.Context(), kind, prefix) {
		if err != nil {
			t.Fatalf("listing %s/%s: %v", kind, prefix, err)
		}
		list = append(list, item.Key.ID)
	}
	return list
}

func testPutGet(t *testing.T, s state.Store, clock *Clock) {
	wantNone(t, s, key("a"))
	a := put(t, s, state.Item{Key: key("a"), Value: []byte(`{"n":1}`)})
	b := put(t, s, state.Item{Key: state.Key{Kind: "other", ID: "a"}, Value: []byte(`{"n":2}`), Expires: clock.Now().Add(time.Hour)})
	if b.Expires != state.Millisecond(clock.Now().Add(time.Hour)) {
		t.Errorf("Put returned that it expires at %v", b.Expires)
	}
	want(t, s, a)
	want(t, s, b)
	wantNone(t, s, key("A"))
	wantNone(t, s, key("a "))
	a.Value, a.Expires = []byte(`[]`), clock.Now().Add(time.Minute)
	a = put(t, s, a)
	want(t, s, a)
	a.Expires = time.Time{}
	want(t, s, put(t, s, a))
}

func testVersions(t *testing.T, s state.Store, _ *Clock) {
	ctx := t.Context()
	first := put(t, s, state.Item{Key: key("a"), Value: []byte(`1`)})
	_, err := s.Put(ctx, state.Item{Key: key("a"), Value: []byte(`2`)})
	wantError(t, "making it twice", err, state.ErrConflict)
	second := first
	second.Value = []byte(`3`)
	second = put(t, s, second)
	first.Value = []byte(`4`)
	_, err = s.Put(ctx, first)
	wantError(t, "writing on the version before", err, state.ErrConflict)
	ahead := second
	ahead.Version++
	_, err = s.Put(ctx, ahead)
	wantError(t, "writing on the version to come", err, state.ErrConflict)
	_, err = s.Put(ctx, state.Item{Key: key("b"), Version: second.Version, Value: []byte(`1`)})
	wantError(t, "changing what is not there", err, state.ErrConflict)
	wantNone(t, s, key("b"))
	want(t, s, second)
}

func testVersionsOfOneKey(t *testing.T, s state.Store, clock *Clock) {
	a := put(t, s, state.Item{Key: key("a"), Value: []byte(`1`)})
	last := a.Version
	for range 3 {
		if err := s.Delete(t.Context(), a.Key, a.Version); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Millisecond)
		a = put(t, s, state.Item{Key: a.Key, Value: []byte(`2`), Expires: clock.Now().Add(time.Second)})
		if a.Version <= last {
			t.Fatalf("made again, it is at version %d after %d", a.Version, last)
		}
		last = a.Version
	}
	clock.Advance(time.Second)
	if a = put(t, s, state.Item{Key: a.Key, Value: []byte(`3`)}); a.Version <= last {
		t.Fatalf("made again after it expired, it is at version %d after %d", a.Version, last)
	}
	// A clock set back does not bring a version back while the item is there.
	clock.Advance(-24 * time.Hour)
	put(t, s, a)
}

func testDelete(t *testing.T, s state.Store, clock *Clock) {
	ctx := t.Context()
	wantError(t, "deleting nothing", s.Delete(ctx, key("a"), 1), state.ErrNotFound)
	first := put(t, s, state.Item{Key: key("a"), Value: []byte(`1`)})
	second := put(t, s, first)
	wantError(t, "deleting the version before", s.Delete(ctx, key("a"), first.Version), state.ErrConflict)
	want(t, s, second)
	if err := s.Delete(ctx, key("a"), second.Version); err != nil {
		t.Fatal(err)
	}
	wantNone(t, s, key("a"))
	wantError(t, "deleting it again", s.Delete(ctx, key("a"), second.Version), state.ErrNotFound)
	_, err := s.Put(ctx, second)
	wantError(t, "writing on what was deleted", err, state.ErrConflict)
	soon := put(t, s, state.Item{Key: key("b"), Value: []byte(`1`), Expires: clock.Now().Add(time.Second)})
	clock.Advance(time.Minute)
	wantError(t, "deleting what has expired", s.Delete(ctx, soon.Key, soon.Version), state.ErrNotFound)
}

func testBytes(t *testing.T, s state.Store, _ *Clock) {
	for i, value := range []string{
		`null`, `""`, ` { "a" : 1 } `, "[\n1\n]", `"<!channel> & \u0000 \ud800"`, `"żółć 🔐 مرحبا"`, `1e400`, `{"a":1,"a":2}`,
	} {
		item := put(t, s, state.Item{Key: key(fmt.Sprint("value", i)), Value: []byte(value)})
		if string(item.Value) != value {
			t.Errorf("Put returned %q for %q", item.Value, value)
		}
		want(t, s, item)
	}
	for _, id := range []string{
		"arn:aws:acm:eu-central-1:111122223333:certificate/0d6b4a7e", "*.bücher.example", "a/b//c", "#", "\x00", "a\x00b", " ", "🔐",
		strings.Repeat("i", state.MaxID),
	} {
		want(t, s, put(t, s, state.Item{Key: key(id), Value: []byte(`1`)}))
	}
}

func testAliasing(t *testing.T, s state.Store, _ *Clock) {
	value := []byte(`"abc"`)
	item := put(t, s, state.Item{Key: key("a"), Value: value})
	value[1] = 'x'
	got, err := s.Get(t.Context(), key("a"))
	if err != nil || string(got.Value) != `"abc"` {
		t.Fatalf("got %q, %v after the caller changed what it had put", got.Value, err)
	}
	got.Value[1] = 'y'
	for listed, err := range s.List(t.Context(), kind, "") {
		if err != nil || string(listed.Value) != `"abc"` {
			t.Fatalf("listed %q, %v after the caller changed what it had got", listed.Value, err)
		}
		listed.Value[1] = 'z'
	}
	item.Value = []byte(`"abc"`)
	want(t, s, item)
}

func testInvalid(t *testing.T, s state.Store, _ *Clock) {
	ctx := t.Context()
	for _, k := range []state.Key{
		{}, {Kind: "a"}, {ID: "a"}, {Kind: "A", ID: "a"}, {Kind: "a b", ID: "a"}, {Kind: "a/b", ID: "a"},
		{Kind: strings.Repeat("k", state.MaxKind+1), ID: "a"},
		{Kind: "a", ID: strings.Repeat("i", state.MaxID+1)}, {Kind: "a", ID: "\xff"},
	} {
		_, err := s.Get(ctx, k)
		wantError(t, fmt.Sprintf("getting %q", k), err, state.ErrInvalid)
		_, err = s.Put(ctx, state.Item{Key: k, Value: []byte(`1`)})
		wantError(t, fmt.Sprintf("putting %q", k), err, state.ErrInvalid)
		wantError(t, fmt.Sprintf("deleting %q", k), s.Delete(ctx, k, 1), state.ErrInvalid)
	}
	for _, value := range []string{"", "{", "1 2", "x", "\"\xff\""} {
		_, err := s.Put(ctx, state.Item{Key: key("a"), Value: []byte(value)})
		wantError(t, fmt.Sprintf("putting %q", value), err, state.ErrInvalid)
	}
	_, err := s.Put(ctx, state.Item{Key: key("a"), Version: -1, Value: []byte(`1`)})
	wantError(t, "putting on a negative version", err, state.ErrInvalid)
	for _, list := range [][2]string{{"", ""}, {"A", ""}, {"a", "\xff"}} {
		n := 0
		for _, err := range s.List(ctx, list[0], list[1]) {
			wantError(t, fmt.Sprintf("listing %q", list), err, state.ErrInvalid)
			n++
		}
		if n != 1 {
			t.Errorf("listing %q gave %d errors", list, n)
		}
	}
	wantNone(t, s, key("a"))
}

func testLarge(t *testing.T, s state.Store, _ *Clock) {
	large := func(n int) []byte { return []byte(`"` + strings.Repeat("é", (n-2)/2) + `"`) }
	item := put(t, s, state.Item{Key: key(strings.Repeat("i", state.MaxID)), Value: large(state.MaxValue)})
	if len(item.Value) != state.MaxValue {
		t.Fatalf("the test's value has %d bytes", len(item.Value))
	}
	want(t, s, item)
	tooBig := item
	tooBig.Value = large(state.MaxValue + 2)
	_, err := s.Put(t.Context(), tooBig)
	wantError(t, "putting too much", err, state.ErrTooBig)
	want(t, s, item)
	// More than a page of DynamoDB's, which is 1 MB.
	var ws []string
	for i := range 6 {
		id := fmt.Sprintf("many%d", i)
		put(t, s, state.Item{Key: key(id), Value: large(state.MaxValue)})
		ws = append(ws, id)
	}
	if diff := cmp.Diff(ws, ids(t, s, "many")); diff != "" {
		t.Errorf("listing many large ones mismatch (-want, +got):\n%s", diff)
	}
}

func testExpiry(t *testing.T, s state.Store, clock *Clock) {
	ctx := t.Context()
	a := put(t, s, state.Item{Key: key("a"), Value: []byte(`1`), Expires: clock.Now().Add(1500 * time.Millisecond)})
	put(t, s, state.Item{Key: key("b"), Value: []byte(`1`)})
	clock.Advance(1499 * time.Millisecond)
	want(t, s, a)
	clock.Advance(time.Millisecond)
	wantNone(t, s, a.Key)
	if diff := cmp.Diff([]string{"b"}, ids(t, s, "")); diff != "" {
		t.Errorf("listing mismatch (-want, +got):\n%s", diff)
	}
	_, err := s.Put(ctx, a)
	wantError(t, "writing on what has expired", err, state.ErrConflict)
	again := put(t, s, state.Item{Key: a.Key, Value: []byte(`2`)})
	clock.Advance(100 * 24 * time.Hour)
	want(t, s, again)
	past := put(t, s, state.Item{Key: key("past"), Value: []byte(`1`), Expires: clock.Now().Add(-time.Hour)})
	wantNone(t, s, past.Key)
	// Renewed in time, it stays.
	c := put(t, s, state.Item{Key: key("c"), Value: []byte(`1`), Expires: clock.Now().Add(time.Minute)})
	clock.Advance(59 * time.Second)
	c.Expires = clock.Now().Add(time.Minute)
	c = put(t, s, c)
	clock.Advance(59 * time.Second)
	want(t, s, c)
}

func testList(t *testing.T, s state.Store, _ *Clock) {
	if got := ids(t, s, ""); len(got) != 0 {
		t.Errorf("an empty store lists %q", got)
	}
	var all, some []string
	for i := range 250 {
		id := fmt.Sprintf("p/%03d", i)
		some = append(some, id)
	}
	all = append(all, some...)
	all = append(all, "P/001", "o", "p", "p0", "p\x00", "p/", "p/é", "p/z", "ü", "𐀀", "～", "q/1")
	slices.Sort(all)
	some = append(some, "p/", "p/é", "p/z")
	slices.Sort(some)
	// Written in an order of its own.
	for i := range all {
		put(t, s, state.Item{Key: key(all[(i*101)%len(all)]), Value: fmt.Append(nil, i)})
	}
	put(t, s, state.Item{Key: state.Key{Kind: kind + "s", ID: "p/x"}, Value: []byte(`1`)})
	put(t, s, state.Item{Key: state.Key{Kind: "tes", ID: "t/p/x"}, Value: []byte(`1`)})
	for _, test := range []struct {
		prefix string
		want   []string
	}{
		{"", all}, {"p/", some}, {"p/1", some[101:201]}, {"p/249", []string{"p/249"}}, {"x", []string{}}, {"ü", []string{"ü"}},
	} {
		if diff := cmp.Diff(test.want, ids(t, s, test.prefix)); diff != "" {
			t.Errorf("listing %q mismatch (-want, +got):\n%s", test.prefix, diff)
		}
	}
	for item, err := range s.List(t.Context(), kind, "p/1") {
		if err != nil {
			t.Fatal(err)
		}
		want(t, s, item)
		break
	}
}

func testListWhileChanging(t *testing.T, s state.Store, _ *Clock) {
	for i := range 230 {
		put(t, s, state.Item{Key: key(fmt.Sprintf("%03d", i)), Value: []byte(`0`)})
	}
	seen := 0
	for item, err := range s.List(t.Context(), kind, "") {
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if seen%2 == 0 {
			item.Value = []byte(`1`)
			put(t, s, item)
		} else if err := s.Delete(t.Context(), item.Key, item.Version); err != nil {
			t.Fatal(err)
		}
	}
	if left := len(ids(t, s, "")); seen != 230 || left != 115 {
		t.Errorf("%d were seen and %d are left, want 230 and 115", seen, left)
	}
}

type counter struct{ N int }

func testIncrements(t *testing.T, s state.Store, _ *Clock) {
	const goroutines, times = 8, 15
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range times {
				if err := state.Update(t.Context(), s, key("n"), func(c *counter) error { c.N++; return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	r, err := state.Load[counter](t.Context(), s, key("n"))
	if err != nil || r.Value.N != goroutines*times {
		t.Errorf("the count is %d, %v; want %d", r.Value.N, err, goroutines*times)
	}
}

func testCreation(t *testing.T, s state.Store, _ *Clock) {
	var all sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for i := range 10 {
		all.Go(func() {
			_, err := state.Create(t.Context(), s, key("once"), i, time.Time{})
			if err == nil {
				mu.Lock()
				made++
				mu.Unlock()
			} else if !errors.Is(err, state.ErrConflict) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Errorf("made %d times", made)
	}
}

func testLeaseRace(t *testing.T, s state.Store, clock *Clock) {
	last := int64(0)
	for round := range 3 {
		var all sync.WaitGroup
		var mu sync.Mutex
		var won []state.Lease
		for i := range 8 {
			all.Go(func() {
				lease, err := state.Claim(t.Context(), s, key("lease"), fmt.Sprintf("owner %d", i), clock.Now(), time.Minute)
				if err == nil {
					mu.Lock()
					won = append(won, lease)
					mu.Unlock()
				} else if _, held := errors.AsType[*state.HeldError](err); !held {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(won) != 1 {
			t.Fatalf("round %d: %d got the lease: %v", round, len(won), won)
		}
		if won[0].Token <= last {
			t.Errorf("round %d: token %d after %d", round, won[0].Token, last)
		}
		last = won[0].Token
		clock.Advance(time.Minute)
	}
}

func testLease(t *testing.T, s state.Store, clock *Clock) {
	ctx := t.Context()
	claim := func(owner string) (state.Lease, error) {
		return state.Claim(ctx, s, key("lease"), owner, clock.Now(), time.Minute)
	}
	_, err := state.Claim(ctx, s, key("lease"), "", clock.Now(), time.Minute)
	wantError(t, "claiming for nobody", err, state.ErrInvalid)
	_, err = state.Claim(ctx, s, key("lease"), "a", clock.Now(), 0)
	wantError(t, "claiming for no time", err, state.ErrInvalid)

	first, err := claim("a")
	if err != nil {
		t.Fatal(err)
	}
	_, err = claim("b")
	if held, ok := errors.AsType[*state.HeldError](err); !ok || held.Owner != "a" || !held.Until.Equal(first.Until) {
		t.Fatalf("the second claim: %v", err)
	}
	clock.Advance(30 * time.Second)
	longer, err := claim("a")
	if err != nil || longer.Token != first.Token || !longer.Until.After(first.Until) {
		t.Fatalf("prolonged %+v to %+v, %v", first, longer, err)
	}
	clock.Advance(59 * time.Second)
	if _, err := claim("b"); err == nil {
		t.Fatal("claimed before the end of the prolonged lease")
	}
	if err := state.Release(ctx, s, longer); err != nil {
		t.Fatal(err)
	}
	second, err := claim("b")
	if err != nil || second.Token <= first.Token {
		t.Fatalf("after the release: %+v, %v, following token %d", second, err, first.Token)
	}
	wantError(t, "releasing what another has", state.Release(ctx, s, longer), state.ErrLost)
	if _, err := claim("c"); err == nil {
		t.Fatal("claimed though b has it")
	}
	// Much later the token still grows.
	clock.Advance(366 * 24 * time.Hour)
	third, err := claim("a")
	if err != nil || third.Token <= second.Token {
		t.Fatalf("a year later: %+v, %v, following token %d", third, err, second.Token)
	}
}

type fenced struct {
	Token int64
	By    string
}

func testLeaseLost(t *testing.T, s state.Store, clock *Clock) {
	ctx := t.Context()
	write := func(l state.Lease) error {
		return state.Update(ctx, s, key("work"), func(f *fenced) error {
			f.By = l.Owner
			return l.Fence(&f.Token)
		})
	}
	slow, err := state.Claim(ctx, s, key("lease"), "slow", clock.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(slow); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	quick, err := state.Claim(ctx, s, key("lease"), "quick", clock.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(quick); err != nil {
		t.Fatal(err)
	}
	wantError(t, "writing under a lost lease", write(slow), state.ErrLost)
	r, err := state.Load[fenced](ctx, s, key("work"))
	if err != nil || r.Value.By != "quick" {
		t.Errorf("the work was last done by %q, %v", r.Value.By, err)
	}
	wantError(t, "releasing a lost lease", state.Release(ctx, s, slow), state.ErrLost)
	// The same owner, come back after its lease ended, has a new token.
	clock.Advance(time.Hour)
	again, err := state.Claim(ctx, s, key("lease"), "quick", clock.Now(), time.Minute)
	if err != nil || again.Token <= quick.Token {
		t.Errorf("claimed again: %+v, %v, following token %d", again, err, quick.Token)
	}
}

func testCancelled(t *testing.T, s state.Store, _ *Clock) {
	a := put(t, s, state.Item{Key: key("a"), Value: []byte(`1`)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Get(ctx, a.Key)
	wantError(t, "getting", err, context.Canceled)
	_, err = s.Put(ctx, a)
	wantError(t, "putting", err, context.Canceled)
	wantError(t, "deleting", s.Delete(ctx, a.Key, a.Version), context.Canceled)
	for _, err := range s.List(ctx, kind, "") {
		wantError(t, "listing", err, context.Canceled)
	}
	wantError(t, "updating", state.Update(ctx, s, a.Key, func(*int) error { return nil }), context.Canceled)
	want(t, s, a)
}

func testClosed(t *testing.T, s state.Store, _ *Clock) {
	a := put(t, s, state.Item{Key: key("a"), Value: []byte(`1`)})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	_, err := s.Get(ctx, a.Key)
	wantError(t, "getting", err, state.ErrClosed)
	_, err = s.Put(ctx, a)
	wantError(t, "putting", err, state.ErrClosed)
	wantError(t, "deleting", s.Delete(ctx, a.Key, a.Version), state.ErrClosed)
	n := 0
	for _, err := range s.List(ctx, kind, "") {
		wantError(t, "listing", err, state.ErrClosed)
		n++
	}
	if n != 1 {
		t.Errorf("listing gave %d errors", n)
	}
}

func testRecords(t *testing.T, s state.Store, clock *Clock) {
	ctx := t.Context()
	_, err := state.Load[counter](ctx, s, key("a"))
	wantError(t, "loading nothing", err, state.ErrNotFound)
	made, err := state.Create(ctx, s, key("a"), counter{1}, clock.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := state.Load[counter](ctx, s, key("a"))
	if diff := cmp.Diff(made, loaded); err != nil || diff != "" {
		t.Errorf("%v, mismatch (-made, +loaded):\n%s", err, diff)
	}
	if err := state.Update(ctx, s, key("a"), func(c *counter) error { c.N = 5; return state.ErrUnchanged }); err != nil {
		t.Error(err)
	}
	refuse := errors.New("no")
	wantError(t, "a refused update", state.Update(ctx, s, key("a"), func(*counter) error { return refuse }), refuse)
	if now, err := state.Load[counter](ctx, s, key("a")); err != nil || now != made {
		t.Errorf("changed to %+v, %v by updates that changed nothing", now, err)
	}
	// Update leaves when it expires as it is, UpdateRecord changes it.
	if err := state.Update(ctx, s, key("a"), func(c *counter) error { c.N++; return nil }); err != nil {
		t.Error(err)
	}
	if now, err := state.Load[counter](ctx, s, key("a")); err != nil || now.Value.N != 2 || now.Expires != made.Expires {
		t.Errorf("updated to %+v, %v", now, err)
	}
	if err := state.UpdateRecord(ctx, s, key("a"), func(r *state.Record[counter]) error { r.Expires = time.Time{}; return nil }); err != nil {
		t.Error(err)
	}
	clock.Advance(2 * time.Hour)
	if _, err := state.Load[counter](ctx, s, key("a")); err != nil {
		t.Errorf("it expired all the same: %v", err)
	}

	put(t, s, state.Item{Key: key("b"), Value: []byte(`"no counter"`)})
	put(t, s, state.Item{Key: key("c"), Value: []byte(`{"N":3}`)})
	sum, bad := 0, 0
	for r, err := range state.All[counter](ctx, s, kind, "") {
		if err != nil {
			bad++
		}
		sum += r.Value.N
	}
	if sum != 5 || bad != 1 {
		t.Errorf("the sum is %d with %d errors, want 5 and 1", sum, bad)
	}
	for range 2 {
		if err := state.Remove(ctx, s, key("c")); err != nil {
			t.Error(err)
		}
	}
	wantNone(t, s, key("c"))
}

func testHealth(t *testing.T, s state.Store, _ *Clock) {
	before := ids(t, s, "")
	for range 2 {
		if err := Health(t.Context(), s); err != nil {
			t.Error(err)
		}
	}
	if after := ids(t, s, ""); !slices.Equal(before, after) {
		t.Errorf("looking after its health changed %q to %q", before, after)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "the health of a closed store", Health(t.Context(), s), state.ErrClosed)
}

// Benchmark measures a Store.
func Benchmark(b *testing.B, s state.Store) {
	value := []byte(`"` + string(bytes.Repeat([]byte("x"), 1000)) + `"`)
	item, err := s.Put(b.Context(), state.Item{Key: key("a"), Value: value})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Get(b.Context(), item.Key); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("put", func(b *testing.B) {
		for b.Loop() {
			if item, err = s.Put(b.Context(), item); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("list 1000", func(b *testing.B) {
		for i := range 1000 {
			if err := state.Update(b.Context(), s, state.Key{Kind: "list", ID: fmt.Sprint(i)}, func(n *int) error { *n = i; return nil }); err != nil {
				b.Fatal(err)
			}
		}
		for b.Loop() {
			for _, err := range s.List(b.Context(), "list", "") {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
