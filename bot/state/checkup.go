package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/acmbot/acmbot/diagnose/checkup"
)

// An Operation is one of those that a Store has.
type Operation string

// The operations.
const (
	OpWrite  Operation = "write"
	OpRead   Operation = "read"
	OpList   Operation = "list"
	OpDelete Operation = "delete"
)

// Try tries out each operation of a Store on an item of its own, which is gone
// afterwards, and returns the errors of those that do not work. What others
// keep is not touched.
func Try(ctx context.Context, s Store, now func() time.Time) map[Operation]error {
	failed := map[Operation]error{}
	key := Key{Kind: "health", ID: "checkup/" + NewOwner()}
	value := []byte(`"probe"`)
	written, err := s.Put(ctx, Item{Key: key, Value: value, Expires: now().Add(time.Hour)})
	if err != nil {
		failed[OpWrite] = err
	}
	// Where nothing was written the others still tell what they may: that
	// there is no such item.
	allowed := func(err error) bool { return err == nil || failed[OpWrite] != nil && errors.Is(err, ErrNotFound) }
	switch item, err := s.Get(ctx, key); {
	case !allowed(err):
		failed[OpRead] = err
	case err == nil && !bytes.Equal(item.Value, value):
		failed[OpRead] = &Fault{Problem: "What was written is not what is read back.", Remedy: "Look after whatever the state is kept in: its disk, or what stands between it and acmbot."}
	}
	for _, err := range s.List(ctx, key.Kind, key.ID) {
		if err != nil {
			failed[OpList] = err
			break
		}
	}
	if err := s.Delete(ctx, key, max(written.Version, 1)); !allowed(err) {
		failed[OpDelete] = err
	}
	return failed
}

// Layout tells of what is kept which schema it has, 0 where nothing is kept
// yet, and refuses what a newer program has left, as Migrate does.
func Layout(ctx context.Context, s Store) (int, error) {
	have, err := schemaOf(ctx, s)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return have, refuseNewer(have, len(migrations)+1)
}

// Purpose is what a Store is for, as a check tells it.
const Purpose = "watches, snoozes, digests, and what was asked before a restart"

// Check tries a Store out: its schema and each operation. Where is what it is
// kept in, in words.
func Check(ctx context.Context, s Store, where string, now func() time.Time) []checkup.Check {
	have, err := Layout(ctx, s)
	if err != nil {
		return []checkup.Check{Trouble("schema", err)}
	}
	start := time.Now()
	failed := Try(ctx, s, now)
	took := time.Since(start)
	var found []checkup.Check
	for _, op := range []Operation{OpWrite, OpRead, OpList, OpDelete} {
		if failed[op] != nil {
			found = append(found, Trouble(string(op), failed[op]))
		}
	}
	if found == nil {
		found = []checkup.Check{{
			Area: checkup.AreaStore, What: "write, read, list, delete", Purpose: Purpose, State: checkup.OK,
			Detail: fmt.Sprintf("%s works: an item of its own came and went in %d ms", where, took.Milliseconds()),
		}}
	}
	switch ours := len(migrations) + 1; {
	case have == 0:
		found = append(found, checkup.Check{Area: checkup.AreaStore, What: "schema", Purpose: Purpose, State: checkup.OK, Detail: "nothing is kept yet"})
	case have < ours:
		found = append(found, checkup.Check{
			Area: checkup.AreaStore, What: "schema", Purpose: Purpose, State: checkup.OK,
			Detail: fmt.Sprintf("it is of schema %d; acmbot brings it to %d when it starts, and an older version can then not read it any more", have, ours),
		})
	default:
		found = append(found, checkup.Check{Area: checkup.AreaStore, What: "schema", Purpose: Purpose, State: checkup.OK, Detail: fmt.Sprintf("%d, this version's own", have)})
	}
	return found
}

// Trouble is the check that an error of a Store makes.
func Trouble(what string, err error) checkup.Check {
	c := checkup.Check{Area: checkup.AreaStore, What: what, Purpose: Purpose, State: checkup.Failed}
	fault, known := errors.AsType[*Fault](err)
	switch {
	case known:
		c.Detail, c.Fix = fault.Problem, fault.Remedy
	case errors.Is(err, context.DeadlineExceeded):
		c.Detail, c.Fix = "There was no answer in time.", "Look whether what the state is kept in can be reached, and is not overloaded."
	case errors.Is(err, context.Canceled):
		c.State, c.Detail = checkup.Skipped, "not checked: it was stopped before that"
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict):
		c.Detail, c.Fix = "What was written is not there, or another has changed it.", "Make sure that nothing else writes where acmbot keeps its state, and give it a place of its own with `ACMBOT_STATE`."
	default:
		c.Detail, c.Fix = "It does not work, for a reason that is in the log only.", "Run `acmbot run` with `ACMBOT_LOG_LEVEL=debug`, and give acmbot another place with `ACMBOT_STATE` meanwhile."
	}
	return c
}
