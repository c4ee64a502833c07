package state_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/bolt"
	"github.com/acmbot/acmbot/bot/state/dynamo"
	"github.com/acmbot/acmbot/bot/state/dynamo/dynamotest"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/state/statetest"
)

// A place is where state is kept, for any number of openings.
type place struct {
	// open opens it as this version of the program does.
	open func() (state.Store, error)
	// shared tells whether two can have it at a time.
	shared bool
}

// eachPlace runs a test on every kind of Store that outlives its opening.
func eachPlace(t *testing.T, run func(t *testing.T, p place, clock *statetest.Clock)) {
	t.Run("file", func(t *testing.T) {
		clock := statetest.NewClock()
		path := filepath.Join(t.TempDir(), "state.db")
		run(t, place{open: func() (state.Store, error) {
			return bolt.Open(t.Context(), bolt.Options{Path: path, Now: clock.Now})
		}}, clock)
	})
	t.Run("dynamodb", func(t *testing.T) {
		clock := statetest.NewClock()
		endpoint := dynamotest.Start(t)
		table := dynamotest.CreateTable(t, endpoint)
		run(t, place{shared: true, open: func() (state.Store, error) {
			return dynamo.Open(t.Context(), dynamo.Options{Table: table, Config: dynamotest.Config(endpoint), Now: clock.Now})
		}}, clock)
	})
}

func (p place) mustOpen(t *testing.T) state.Store {
	t.Helper()
	s, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// The layouts of an imaginary item through its versions.
type (
	first  struct{ Users string }   // separated by commas
	second struct{ Users []string } // as a list
)

// changes are two migrations: one of values, and one that moves items to another
// kind. Each can be run again where it was cut short. fail is asked before each
// item.
func changes(fail func() error, ran *atomic.Int64) []state.Migration {
	values := func(ctx context.Context, s state.Store) error {
		ran.Add(1)
		for item, err := range s.List(ctx, "watch", "") {
			if err != nil {
				return err
			}
			if err := fail(); err != nil {
				return err
			}
			old, err := state.Load[first](ctx, s, item.Key)
			if err != nil {
				continue // a list already
			}
			now := state.Record[second]{Key: old.Key, Version: old.Version, Expires: old.Expires, Value: second{strings.Split(old.Value.Users, ",")}}
			if _, err := state.Save(ctx, s, now); err != nil {
				return err
			}
		}
		return nil
	}
	kind := func(ctx context.Context, s state.Store) error {
		ran.Add(1)
		for r, err := range state.All[second](ctx, s, "watch", "") {
			if err != nil {
				return err
			}
			if err := fail(); err != nil {
				return err
			}
			if _, err := state.Create(ctx, s, state.Key{Kind: "follow", ID: r.Key.ID}, r.Value, r.Expires); err != nil && !errors.Is(err, state.ErrConflict) {
				return err
			}
			if err := state.Remove(ctx, s, r.Key); err != nil {
				return err
			}
		}
		return nil
	}
	return []state.Migration{values, kind}
}

// items is more than a Store lists at a time.
const items = 130

// fill writes items as the first version had them, and one of another kind.
func fill(t *testing.T, s state.Store, clock *statetest.Clock) (want map[string]state.Record[second]) {
	t.Helper()
	want = map[string]state.Record[second]{}
	for i := range items {
		id := fmt.Sprintf("arn:aws:acm:eu-west-1:111122223333:certificate/%04d", i)
		r := state.Record[second]{Key: state.Key{Kind: "follow", ID: id}, Value: second{[]string{"U1", fmt.Sprintf("U%d", i)}}}
		if i%3 == 0 {
			r.Expires = state.Millisecond(clock.Now().Add(time.Duration(i+1) * time.Hour))
		}
		if _, err := state.Create(t.Context(), s, state.Key{Kind: "watch", ID: id}, first{strings.Join(r.Value.Users, ",")}, r.Expires); err != nil {
			t.Fatal(err)
		}
		want[id] = r
	}
	if _, err := state.Create(t.Context(), s, state.Key{Kind: "note", ID: "a"}, "as it was", time.Time{}); err != nil {
		t.Fatal(err)
	}
	return want
}

func follows(t *testing.T, s state.Store) map[string]state.Record[second] {
	t.Helper()
	got := map[string]state.Record[second]{}
	for r, err := range state.All[second](t.Context(), s, "follow", "") {
		if err != nil {
			t.Fatal(err)
		}
		r.Version = 0
		got[r.Key.ID] = r
	}
	for item, err := range s.List(t.Context(), "watch", "") {
		t.Errorf("left behind: %v, %v", item.Key, err)
	}
	if note, err := state.Load[string](t.Context(), s, state.Key{Kind: "note", ID: "a"}); err != nil || note.Value != "as it was" {
		t.Errorf("what no step is about: %q, %v", note.Value, err)
	}
	return got
}

// What an older version has written is brought up to date, also where that was
// cut short; and the older version refuses it from then on, and says what to do.
func TestUpgrade(t *testing.T) {
	eachPlace(t, func(t *testing.T, p place, clock *statetest.Clock) {
		ctx := t.Context()
		s := p.mustOpen(t)
		want := fill(t, s, clock)

		cut := errors.New("cut short")
		var left int
		fail := func() error {
			if left--; left == 0 {
				return cut
			}
			return nil
		}
		var ran atomic.Int64
		steps := changes(fail, &ran)
		for _, run := range []struct {
			until  int // how many items are looked at before it is cut short
			schema int // that it has got to by then
			err    error
		}{
			{items / 2, 1, cut},
			{items + items/2, 2, cut},
			{-1, 3, nil},
			{-1, 3, nil},
		} {
			left = run.until
			if err := state.MigrateWith(ctx, s, clock.Now, steps); !errors.Is(err, run.err) || (err == nil) != (run.err == nil) {
				t.Fatalf("to schema %d: %v", run.schema, err)
			}
			if run.schema > state.Schema {
				if err := statetest.Health(ctx, s); !refuses(err, run.schema) {
					t.Errorf("an older copy that runs: %v", err)
				}
			}
		}
		if diff := cmp.Diff(want, follows(t, s)); diff != "" {
			t.Errorf("mismatch (-want, +got):\n%s", diff)
		}
		if got := ran.Load(); got != 4 {
			t.Errorf("%d steps ran: each was to be taken up again once, and then never", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if again, err := p.open(); !refuses(err, 3) {
			t.Errorf("an older copy that starts: %v, %v", again, err)
		}
	})
}

// The file as it was before is kept, is named in the refusal, and is what the
// older version can go on with.
func TestDowngrade(t *testing.T) {
	clock := statetest.NewClock()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := bolt.Open(t.Context(), bolt.Options{Path: path, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, clock)
	var ran atomic.Int64
	if err := state.MigrateWith(t.Context(), s, clock.Now, changes(func() error { return nil }, &ran)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = bolt.Open(t.Context(), bolt.Options{Path: path, Now: clock.Now})
	kept := path + ".schema-1"
	if !refuses(err, 3) || !strings.HasSuffix(err.Error(), " What was kept before the upgrade is in "+kept+".") {
		t.Errorf("the refusal does not tell of the copy: %v", err)
	}

	if err := os.Rename(kept, path); err != nil {
		t.Fatal(err)
	}
	s, err = bolt.Open(t.Context(), bolt.Options{Path: path, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // nothing was changed
	n := 0
	for r, err := range state.All[first](t.Context(), s, "watch", "") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; !strings.HasPrefix(r.Value.Users, "U1,") {
			t.Errorf("%s is %+v", r.Key, r.Value)
		}
	}
	if n != items {
		t.Errorf("there are %d of %d", n, items)
	}
	if _, err := os.Lstat(path + ".unfinished"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a copy is left: %v", err)
	}
}

// Of several copies that start at a time, one brings the state up to date, and
// the others wait for it.
func TestUpgradeOfReplicas(t *testing.T) {
	run := func(t *testing.T, stores []state.Store, clock *statetest.Clock) {
		want := fill(t, stores[0], clock)
		var ran atomic.Int64
		steps := changes(func() error { return nil }, &ran)
		var wg sync.WaitGroup
		for _, s := range stores {
			wg.Go(func() {
				if err := state.MigrateWith(t.Context(), s, clock.Now, steps); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := ran.Load(); got != 2 {
			t.Errorf("%d steps ran, where there are 2", got)
		}
		if diff := cmp.Diff(want, follows(t, stores[0])); diff != "" {
			t.Errorf("mismatch (-want, +got):\n%s", diff)
		}
	}
	t.Run("memory", func(t *testing.T) {
		clock := statetest.NewClock()
		s := memory.New(clock.Now)
		if err := state.Migrate(t.Context(), s, clock.Now); err != nil {
			t.Fatal(err)
		}
		run(t, []state.Store{s, s, s}, clock)
	})
	eachPlace(t, func(t *testing.T, p place, clock *statetest.Clock) {
		if !p.shared {
			t.Skip("one has it at a time")
		}
		run(t, []state.Store{p.mustOpen(t), p.mustOpen(t), p.mustOpen(t)}, clock)
	})
}

// A copy that was killed while it brought the state up to date leaves its lease.
// Where nobody else can have the state, that is not waited for; where somebody
// can, until it ends.
func TestUpgradeAfterDeath(t *testing.T) {
	eachPlace(t, func(t *testing.T, p place, clock *statetest.Clock) {
		ctx := t.Context()
		s := p.mustOpen(t)
		want := fill(t, s, clock)
		if _, err := state.Claim(ctx, s, state.Key{Kind: "schema", ID: "migration"}, "host/1/dead", clock.Now(), 10*time.Minute); err != nil {
			t.Fatal(err)
		}
		var ran atomic.Int64
		steps := changes(func() error { return nil }, &ran)
		if p.shared {
			impatient, cancel := context.WithCancel(ctx)
			looks := 0
			watched := &statetest.Flaky{Store: s, Decide: func(_ context.Context, op statetest.Op, key state.Key) statetest.Fate {
				if key.ID == "migration" && op == statetest.Get {
					if looks++; looks == 3 {
						cancel()
					}
				}
				return statetest.Pass
			}}
			err := state.MigrateWith(impatient, watched, clock.Now, steps)
			cancel()
			if fault, ok := errors.AsType[*state.Fault](err); !ok || !strings.HasPrefix(fault.Problem, "Another copy of acmbot (host/1/dead) is bringing the state up to date, until 09:40:00 UTC") || ran.Load() != 0 {
				t.Fatalf("it did not wait: %v", err)
			}
			clock.Advance(10 * time.Minute)
		}
		if err := state.MigrateWith(ctx, s, clock.Now, steps); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, follows(t, s)); diff != "" {
			t.Errorf("mismatch (-want, +got):\n%s", diff)
		}
	})
}

// refuses tells whether an error is the refusal of a newer schema, and says what
// to do.
func refuses(err error, schema int) bool {
	fault, ok := errors.AsType[*state.Fault](err)
	return ok && errors.Is(err, state.ErrNewer) &&
		fault.Problem == fmt.Sprintf("The state was written by a newer acmbot: its schema is %d, and this version knows only up to %d.", schema, state.Schema) &&
		strings.HasPrefix(fault.Remedy, "Run the newer version again, or give this one a place of its own with ACMBOT_STATE.")
}
