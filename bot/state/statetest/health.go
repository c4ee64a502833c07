package statetest

import (
	"context"

	"github.com/acmbot/acmbot/bot/state"
)

// Health makes sure that a Store can be written and read, and that no newer
// program has taken it over. Its errors are those of a Store.
func Health(ctx context.Context, s state.Store) error {
	if _, err := state.Layout(ctx, s); err != nil {
		return err
	}
	return state.Update(ctx, s, state.Key{Kind: "health", ID: "probe"}, func(n *int64) error {
		*n++
		return nil
	})
}
