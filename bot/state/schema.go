package state

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Schema is the version of the layout of what is kept: of kinds, ids and
// values. A change that an older program would misread or lose makes a new
// one, with a migration in the list below; a new kind or field does not.
const Schema = 1

// ErrNewer is the cause of the *Fault for what a newer program has left.
var ErrNewer = errors.New("the state's schema is newer")

// A migration takes what is kept from one schema to the next. It may have been
// interrupted half-way before, and is then run again.
type migration func(context.Context, Store) error

// migrations[i] goes from schema i+1 to i+2.
var migrations []migration

// schemaKind is the kind of the items below, which are this package's own.
const schemaKind = "schema"

var (
	schemaKey    = Key{Kind: schemaKind, ID: "version"}
	migrationKey = Key{Kind: schemaKind, ID: "migration"}
)

type schemaValue struct {
	Version int `json:"version"`
}

// An exclusive Store belongs to one process at a time, so that whoever holds a
// lease in it when another opens it is dead.
type exclusive interface{ Exclusive() bool }

// A backup is a Store that can copy itself before it is migrated.
type backup interface {
	Backup(ctx context.Context, label string) error
}

// Migrate takes what is kept to this program's schema. It is called by those
// who open a Store, and returns a *Fault for what a newer program has left.
func Migrate(ctx context.Context, s Store, now func() time.Time) error {
	return migrate(ctx, s, now, migrations)
}

func migrate(ctx context.Context, s Store, now func() time.Time, steps []migration) error {
	ours := len(steps) + 1
	have, err := schemaOf(ctx, s)
	if errors.Is(err, ErrNotFound) {
		_, err := Create(ctx, s, schemaKey, schemaValue{ours}, time.Time{})
		if errors.Is(err, ErrConflict) { // another replica was quicker
			return migrate(ctx, s, now, steps)
		}
		return err
	}
	if err != nil {
		return err
	}
	if have == ours {
		return nil
	}
	if err := refuseNewer(have, ours); err != nil {
		return err
	}

	if e, ok := s.(exclusive); ok && e.Exclusive() {
		return climb(ctx, s, steps)
	}
	owner := NewOwner()
	var other *HeldError
	for {
		lease, err := Claim(ctx, s, migrationKey, owner, now(), 10*time.Minute)
		if held, ok := errors.AsType[*HeldError](err); ok {
			other = held
			err = pause(ctx, 200*time.Millisecond)
			if err == nil {
				continue
			}
		}
		if err != nil && other != nil && ctx.Err() != nil {
			return &Fault{
				Problem: fmt.Sprintf("Another copy of acmbot (%s) is bringing the state up to date, until %s at the latest.", other.Owner, other.Until.UTC().Format("15:04:05 UTC")),
				Remedy:  "Start this one again then; where that copy was killed meanwhile, this one goes on in its place.",
				Err:     err,
			}
		}
		if err != nil {
			return err
		}
		err = climb(ctx, s, steps)
		return errors.Join(err, Release(context.WithoutCancel(ctx), s, lease))
	}
}

// climb runs the steps that are left.
func climb(ctx context.Context, s Store, steps []migration) error {
	have, err := schemaOf(ctx, s)
	if err != nil {
		return err
	}
	if b, ok := s.(backup); ok && have <= len(steps) {
		if err := b.Backup(ctx, fmt.Sprintf("schema-%d", have)); err != nil {
			return err
		}
	}
	for ; have <= len(steps); have++ {
		if err := steps[have-1](ctx, s); err != nil {
			return fmt.Errorf("bringing the state from schema %d to %d: %w", have, have+1, err)
		}
		err := Update(ctx, s, schemaKey, func(v *schemaValue) error {
			v.Version = have + 1
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func schemaOf(ctx context.Context, s Store) (int, error) {
	r, err := Load[schemaValue](ctx, s, schemaKey)
	return r.Value.Version, err
}

func refuseNewer(have, ours int) error {
	if have <= ours {
		return nil
	}
	return &Fault{
		Problem: fmt.Sprintf("The state was written by a newer acmbot: its schema is %d, and this version knows only up to %d.", have, ours),
		Remedy:  "Run the newer version again, or give this one a place of its own with ACMBOT_STATE.",
		Err:     ErrNewer,
	}
}
