package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/acmbot/acmbot/bot/state"
)

// What Slack was told is taken is noted before it is told so, and struck off
// when it is done. A bot that starts, or any other copy, takes up what a copy
// left behind that shows no sign of life any more.

const (
	requestKind = "request"
	replicaKind = "replica"

	requestKept = time.Hour
	beatEvery   = 10 * time.Second
	beatLasts   = 30 * time.Second
	// noteTimeout leaves enough of Slack's three seconds for the
	// acknowledgement.
	noteTimeout = 1500 * time.Millisecond
	// mostTakeovers ends what brings down whoever works on it.
	mostTakeovers = 3
	// mostNote is the largest envelope that is noted; a larger one is worked on
	// all the same.
	mostNote = 200 << 10
)

// A note is a request as it is noted.
type note struct {
	// ID is the request's.
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Payload  json.RawMessage `json:"payload"`
	Owner    string          `json:"owner"`
	Done     bool            `json:"done,omitempty"`
	Takeover int             `json:"takeover,omitempty"`
}

// note writes a request down. It reports whether it was there already: another
// copy has it, or this one had before a restart. With a store that is out of
// order there is no note, and the request is worked on all the same.
func (b *Bot) note(ctx context.Context, req *request, evt socketmode.Event) (again bool) {
	if evt.Request == nil || len(evt.Request.Payload) > mostNote {
		return false
	}
	payload, err := withoutToken(evt.Request.Payload)
	if err != nil {
		return false
	}
	id := "envelope " + evt.Request.EnvelopeID
	if len(req.keys) > 0 {
		id = req.keys[len(req.keys)-1] // the one that says most: a submission is the same in two attempts
	}
	ctx, cancel := context.WithTimeout(ctx, noteTimeout)
	defer cancel()
	at := state.Key{Kind: requestKind, ID: id}
	_, err = state.Create(ctx, b.opts.Store, at, note{
		ID: req.id, Type: string(evt.Type), Payload: payload, Owner: b.owner,
	}, b.now().Add(requestKept))
	switch {
	case err == nil:
		req.noted = at
	case errors.Is(err, state.ErrConflict):
		return true
	default:
		b.log.Error("a request could not be noted; a crash would lose it", "request", req.id, "error", err)
	}
	return false
}

// withoutToken is an envelope's content without the app's verification token,
// which Slack puts into each of them for apps that get them over HTTP
// ("Verifying requests from Slack",
// https://docs.slack.dev/authentication/verifying-requests-from-slack). Nobody
// needs it here, and it is not for keeping.
func withoutToken(payload json.RawMessage) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil {
		return nil, err
	}
	delete(fields, "token")
	return json.Marshal(fields)
}

// strike strikes a request off. The note stays for a while, so that what Slack
// sends again is known.
func (b *Bot) strike(ctx context.Context, req *request) {
	if req.noted.ID == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := state.Update(ctx, b.opts.Store, req.noted, func(n *note) error {
		if n.ID == "" {
			return state.ErrUnchanged
		}
		n.Done, n.Payload = true, nil // the note is kept, not what was said
		return nil
	})
	if err != nil {
		b.log.Error("a request could not be struck off; it may be worked on again", "request", req.id, "error", err)
	}
}

// beat says that this copy is alive.
func (b *Bot) beat(ctx context.Context) error {
	err := state.UpdateRecord(ctx, b.opts.Store, state.Key{Kind: replicaKind, ID: b.owner}, func(r *state.Record[struct{}]) error {
		r.Expires = b.now().Add(beatLasts)
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing that this copy is alive: %w", err)
	}
	return nil
}

// resign says that this copy is none any more, so that nobody has to wait until
// it counts as dead.
func (b *Bot) resign(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := state.Remove(ctx, b.opts.Store, state.Key{Kind: replicaKind, ID: b.owner}); err != nil {
		b.log.Warn("could not sign off; what is left here waits until this copy counts as dead", "error", err)
	}
}

// takeOver takes up the requests of copies that are gone.
func (b *Bot) takeOver(ctx context.Context) error {
	alive := map[string]bool{b.owner: true}
	for r, err := range state.All[note](ctx, b.opts.Store, requestKind, "") {
		if err != nil {
			if r.Key.ID != "" {
				b.log.Error("a noted request cannot be read", "error", err)
				continue
			}
			return fmt.Errorf("listing the noted requests: %w", err)
		}
		n := r.Value
		if n.Done || n.Owner == b.owner {
			continue
		}
		if _, known := alive[n.Owner]; !known {
			_, err := b.opts.Store.Get(ctx, state.Key{Kind: replicaKind, ID: n.Owner})
			if err != nil && !errors.Is(err, state.ErrNotFound) {
				return fmt.Errorf("looking for another copy: %w", err)
			}
			alive[n.Owner] = err == nil
		}
		if !alive[n.Owner] {
			b.adopt(ctx, r)
		}
	}
	return nil
}

// adopt takes up one request, unless another copy is quicker.
func (b *Bot) adopt(ctx context.Context, r state.Record[note]) {
	if !b.tasks.begin() {
		return
	}
	begun := true
	defer func() {
		if begun {
			b.tasks.end()
		}
	}()
	log := b.log.With("request", r.Value.ID)
	evt, err := r.Value.event()
	r.Value.Owner = b.owner
	r.Value.Takeover++
	if err != nil || r.Value.Takeover > mostTakeovers {
		log.Error("a request that was left behind is given up", "takeovers", r.Value.Takeover, "error", err)
		r.Value.Done, r.Value.Payload = true, nil
	}
	var leave func()
	var req *request
	if !r.Value.Done {
		req = b.reread(evt, &request{id: r.Value.ID, kind: "unknown", resumed: true})
		req.noted = r.Key
		if req.run != nil && req.diagnoses {
			if leave, err = b.pool.admit(req.user); err != nil {
				return // later
			}
		}
		if req.run == nil {
			r.Value.Done, r.Value.Payload = true, nil
		}
	}
	if _, err := state.Save(ctx, b.opts.Store, r); err != nil {
		if leave != nil {
			leave()
		}
		if !errors.Is(err, state.ErrConflict) {
			log.Warn("a request that was left behind could not be taken up", "error", err)
		}
		return
	}
	if req == nil || req.run == nil {
		return
	}
	log.Info("taken up from a copy that is gone", "kind", req.kind, "user", req.user)
	b.seen.first(req.keys...)
	begun = false // perform ends it
	go b.perform(req, leave)
}

// event is the envelope's content again.
func (n note) event() (socketmode.Event, error) {
	evt := socketmode.Event{Type: socketmode.EventType(n.Type), Request: &socketmode.Request{Payload: n.Payload}}
	var err error
	switch evt.Type {
	case socketmode.EventTypeSlashCommand:
		var cmd slack.SlashCommand
		err = json.Unmarshal(n.Payload, &cmd)
		evt.Data = cmd
	case socketmode.EventTypeInteractive:
		var callback slack.InteractionCallback
		err = json.Unmarshal(n.Payload, &callback)
		evt.Data = callback
	case socketmode.EventTypeEventsAPI:
		var event slackevents.EventsAPIEvent
		event, err = slackevents.ParseEvent(n.Payload, slackevents.OptionNoVerifyToken())
		evt.Data = event
	default:
		err = errors.New("an envelope of a kind that is not known")
	}
	if err != nil {
		return evt, fmt.Errorf("reading a noted envelope: %s", causeKind(err)) // the error's text could quote it
	}
	return evt, nil
}

// stayAlive says that this copy is alive, and takes up what others left behind,
// until ctx ends.
func (b *Bot) stayAlive(ctx context.Context) {
	tick := time.NewTicker(b.opts.FollowEvery)
	defer tick.Stop()
	var beaten time.Time
	for {
		if !b.tasks.closing() {
			err := guard(func() error {
				var errs []error
				if now := b.now(); beaten.IsZero() || now.Sub(beaten) >= beatEvery {
					err := b.beat(ctx)
					if err == nil {
						beaten = now
					}
					errs = append(errs, err, b.takeOver(ctx))
				}
				return errors.Join(errs...)
			})
			if err != nil && ctx.Err() == nil {
				b.log.Error("what was left behind cannot be looked through; trying again", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			b.resign(ctx)
			return
		case <-tick.C:
		}
	}
}

// answerMark marks the message that answers a request.
func answerMark(req *request) string { return "answer/" + req.id }
