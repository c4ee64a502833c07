package state

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"
)

// shelf is the least that can be a Store, for one goroutine: package memory
// imports this one.
type shelf struct {
	items   map[Key]Item
	backups []string
}

func (s *shelf) Get(_ context.Context, key Key) (Item, error) {
	item, ok := s.items[key]
	if !ok {
		return item, ErrNotFound
	}
	return item, nil
}

func (s *shelf) Put(_ context.Context, item Item) (Item, error) {
	if s.items[item.Key].Version != item.Version {
		return item, ErrConflict
	}
	item.Version++
	s.items[item.Key] = item
	return item, nil
}

func (s *shelf) Delete(_ context.Context, key Key, _ int64) error {
	delete(s.items, key)
	return nil
}

func (s *shelf) List(context.Context, string, string) iter.Seq2[Item, error] {
	return func(func(Item, error) bool) {}
}

func (s *shelf) Close() error { return nil }

func (s *shelf) Backup(_ context.Context, label string) error {
	s.backups = append(s.backups, label)
	return nil
}

func TestMigrate(t *testing.T) {
	ctx := t.Context()
	now := func() time.Time { return time.Unix(1e9, 0) }
	var ran []string
	var broken error
	step := func(name string) migration {
		return func(context.Context, Store) error {
			ran = append(ran, name)
			if name == "2 to 3" {
				return broken
			}
			return nil
		}
	}
	steps := []migration{step("1 to 2"), step("2 to 3"), step("3 to 4")}
	s := &shelf{items: map[Key]Item{}}
	expect := func(what string, err error, wantErr string, schema int, want ...string) {
		t.Helper()
		if fmt.Sprint(err) != wantErr {
			t.Errorf("%s: error %v, want %s", what, err, wantErr)
		}
		if have, err := schemaOf(ctx, s); err != nil || have != schema {
			t.Errorf("%s: schema %d, %v; want %d", what, have, err, schema)
		}
		if !slices.Equal(ran, want) {
			t.Errorf("%s: ran %q, want %q", what, ran, want)
		}
		ran = nil
	}
	expect("new", migrate(ctx, s, now, nil), "<nil>", 1)
	expect("as it is", migrate(ctx, s, now, nil), "<nil>", 1)
	expect("one step", migrate(ctx, s, now, steps[:1]), "<nil>", 2, "1 to 2")
	broken = errors.New("broken")
	expect("a broken step", migrate(ctx, s, now, steps), "bringing the state from schema 2 to 3: broken", 2, "2 to 3")
	broken = nil
	expect("taken up again", migrate(ctx, s, now, steps), "<nil>", 4, "2 to 3", "3 to 4")
	expect("all done", migrate(ctx, s, now, steps), "<nil>", 4)
	if want := []string{"schema-1", "schema-2", "schema-2"}; !slices.Equal(s.backups, want) {
		t.Errorf("copied as %q, want %q", s.backups, want)
	}
	err := migrate(ctx, s, now, steps[:1])
	if fault, ok := errors.AsType[*Fault](err); !ok || !strings.Contains(fault.Problem, "its schema is 4, and this version knows only up to 2.") {
		t.Errorf("newer data: %v", err)
	}

	// While another replica is at it, this one waits; here, in vain.
	if _, err := Claim(ctx, s, migrationKey, "other", now(), time.Minute); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	err = migrate(ended, s, now, append(steps, step("4 to 5")))
	expect("another is at it", err, "Another copy of acmbot (other) is bringing the state up to date, until 01:47:40 UTC at the latest. "+
		"Start this one again then; where that copy was killed meanwhile, this one goes on in its place.", 4)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not tell that it was not waited for any longer", err)
	}
}

func TestNext(t *testing.T) {
	now := time.UnixMicro(1000)
	for _, test := range []struct{ last, want int64 }{{0, 1000}, {999, 1000}, {1000, 1001}, {5000, 5001}} {
		if got := Next(test.last, now); got != test.want {
			t.Errorf("after %d comes %d, want %d", test.last, got, test.want)
		}
	}
	if got := Next(0, time.Time{}); got <= 0 {
		t.Errorf("before 1970 comes %d", got)
	}
}

func TestSchemaIsWhereTheMigrationsLead(t *testing.T) {
	if Schema != len(migrations)+1 {
		t.Errorf("Schema is %d, and %d migrations lead to %d", Schema, len(migrations), len(migrations)+1)
	}
}
