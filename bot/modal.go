package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// pages are a modal of several pages about an answer.
type pages struct {
	what    string // for the log
	loading func(view.State) slack.ModalViewRequest
	show    func(diagnose.Answer, view.State) slack.ModalViewRequest
	fault   func(view.State, view.Fault) slack.ModalViewRequest
}

var (
	evidencePages = pages{"evidence", view.EvidenceLoading, view.Evidence, view.EvidenceFault}
	copyPages     = pages{"fixes to copy", view.CopyLoading, view.Copy, view.CopyFault}
)

// openPages opens the modal at once, since Slack gives three seconds, and fills
// it when the facts are there.
func (b *Bot) openPages(p pages, q diagnose.Query, state view.State, trigger string, req *request) func(context.Context) error {
	return func(ctx context.Context) error {
		if a, ok := b.flights.recall(view.QueryText(q), state.At); ok {
			_, err := b.openView(ctx, trigger, p.show(a, state))
			return err
		}
		opened, err := b.openView(ctx, trigger, p.loading(state))
		if err != nil {
			return err
		}
		a, err := b.await(ctx, q, nil)
		if err != nil {
			b.log.Error("could not fill a window", "window", p.what, "request", req.id, "error", err)
			return b.updateView(ctx, opened.ID, "", p.fault(state, faultOf(err, req)))
		}
		state.At = a.At // so that turning pages stays with these facts
		return b.updateView(ctx, opened.ID, "", p.show(a, state))
	}
}

// turnPage shows another page in the same modal.
func (b *Bot) turnPage(p pages, q diagnose.Query, state view.State, v slack.View, req *request) func(context.Context) error {
	return func(ctx context.Context) error {
		a, err := b.recall(ctx, q, state.At)
		if err != nil {
			return b.updateView(ctx, v.ID, "", p.fault(state, faultOf(err, req)))
		}
		state.At = a.At
		return b.updateView(ctx, v.ID, v.Hash, p.show(a, state))
	}
}

// openView opens a modal within the three seconds that a trigger lives.
func (b *Bot) openView(ctx context.Context, trigger string, m slack.ModalViewRequest) (*slack.ViewResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	return b.api.openView(ctx, trigger, m)
}

// updateView changes a modal. One that was closed meanwhile is none of our
// business.
func (b *Bot) updateView(ctx context.Context, id, hash string, m slack.ModalViewRequest) error {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	err := b.api.updateView(ctx, m, "", hash, id)
	switch slackCode(err) {
	case "not_found", "view_not_found", "hash_conflict":
		return nil
	}
	return err
}
