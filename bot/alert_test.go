package bot

import (
	"context"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/alert"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

// eventsOf delivers what a test gives it, and gives back what became of it.
type eventsOf struct {
	in  chan diagnose.Event
	out chan error
}

func newEvents() eventsOf { return eventsOf{make(chan diagnose.Event), make(chan error)} }

func (e eventsOf) Run(ctx context.Context, handle func(context.Context, diagnose.Event) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-e.in:
			select {
			case <-ctx.Done():
				return
			case e.out <- handle(ctx, event):
			}
		}
	}
}

// send delivers an event and returns what handling it has come to.
func (e eventsOf) send(t *testing.T, event diagnose.Event) error {
	t.Helper()
	select {
	case e.in <- event:
	case <-t.Context().Done():
		t.Fatal("nobody takes events")
	}
	return <-e.out
}

// clockAtNine stands still.
func clockAtNine() time.Time { return nine }

func TestEventsAreTaken(t *testing.T) {
	events, store := newEvents(), memory.New(clockAtNine)
	estate := &listOf{now: clockAtNine}
	open(t, workspace.Options{}, func(o *Options) {
		o.Estate, o.Store, o.Now, o.Events = estate, store, clockAtNine, events
	}).connected()
	cert := pending(1, "shop.example.com", nine.AddDate(0, 0, 12))
	if err := events.send(t, diagnose.Event{ID: "1", Kind: diagnose.EventActionRequired, ARN: cert.ARN, Account: cert.Account, Region: cert.Region}); err != nil {
		t.Error(err)
	}
	if err := events.send(t, diagnose.Event{ID: "2", Kind: diagnose.EventExpired}); err != nil {
		t.Errorf("what names no certificate comes again and again: %v", err)
	}
	hints, err := alert.Hints(t.Context(), store)
	if err != nil || len(hints) != 1 || hints[0].ARN != cert.ARN {
		t.Errorf("%+v, %v", hints, err)
	}
}
