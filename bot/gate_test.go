package bot

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/access"
)

// An event may tell that a channel is shared while the bot finds out that it is
// not: what counts is found out after the event.
func TestWhatChangesWhileItIsLookedAt(t *testing.T) {
	slackFails := errors.New("Slack fails")
	for name, c := range map[string]struct {
		before []access.Place // what was known, long ago
		finds  []access.Place // what each look finds
		change int            // how many looks have a change in the middle
		err    error          // what the last look ends with
		want   access.Place
		failed error
		looks  int // until the end of a second question
	}{
		"nothing changes":                {finds: []access.Place{{ID: "C1"}}, want: access.Place{ID: "C1"}, looks: 1},
		"changes once":                   {finds: []access.Place{{ID: "C1"}, {ID: "C1", External: true}}, change: 1, want: access.Place{ID: "C1", External: true}, looks: 2},
		"keeps changing":                 {finds: make([]access.Place, 2*mostLooks), change: 2 * mostLooks, failed: errChanging, looks: 2 * mostLooks},
		"Slack fails, what was counts":   {before: []access.Place{{ID: "C1"}}, finds: make([]access.Place, 2), err: slackFails, want: access.Place{ID: "C1"}, looks: 2},
		"Slack fails after the change":   {before: []access.Place{{ID: "C1"}}, finds: make([]access.Place, 3), change: 1, err: slackFails, failed: slackFails, looks: 2},
		"Slack fails, nothing was known": {finds: make([]access.Place, 2), err: slackFails, failed: slackFails, looks: 2},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
			opts := Options{Now: func() time.Time { return now }}
			g := newGate(opts.calling(), slack.New(""))
			for _, p := range c.before {
				g.places["C1"] = found[access.Place]{p, now.Add(-2 * placeFor)}
			}
			looks := 0
			ask := func() (access.Place, error) {
				return learn(t.Context(), g, g.places, aPlace, "C1", lasts[access.Place](placeFor), func(context.Context) (access.Place, error) {
					p := c.finds[looks]
					looks++
					if looks <= c.change {
						g.changed("C1")
					}
					return p, c.err
				})
			}
			for range 2 {
				got, err := ask()
				if !errors.Is(err, c.failed) || got != c.want {
					t.Fatalf("found is %+v (%v), want %+v (%v)", got, err, c.want, c.failed)
				}
			}
			if looks != c.looks {
				t.Errorf("looked %d times, want %d", looks, c.looks)
			}
			if len(g.looking) > 0 {
				t.Errorf("looks under way: %v", g.looking)
			}
		})
	}
}
