package bot

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// openCopy opens the modal with the fixes to copy, as openEvidence does with
// the evidence.
func (b *Bot) openCopy(q diagnose.Query, state view.State, trigger string, req *request) func(context.Context) error {
	return func(ctx context.Context) error {
		if a, ok := b.flights.recall(view.QueryText(q), state.At); ok {
			_, err := b.openView(ctx, trigger, view.Copy(a, state))
			return err
		}
		opened, err := b.openView(ctx, trigger, view.CopyLoading(state))
		if err != nil {
			return err
		}
		a, err := b.await(ctx, q, nil)
		if err != nil {
			b.log.Error("could not look for the fix again", "request", req.id, "error", err)
			return b.updateView(ctx, opened.ID, "", view.CopyFault(state, faultOf(err, req)))
		}
		state.At = a.At // so that turning pages stays with these facts
		return b.updateView(ctx, opened.ID, "", view.Copy(a, state))
	}
}

// turnCopyPage shows another page of the fixes in the same modal.
func (b *Bot) turnCopyPage(q diagnose.Query, state view.State, v slack.View, req *request) func(context.Context) error {
	return func(ctx context.Context) error {
		a, err := b.recall(ctx, q, state.At)
		if err != nil {
			return b.updateView(ctx, v.ID, "", view.CopyFault(state, faultOf(err, req)))
		}
		state.At = a.At
		return b.updateView(ctx, v.ID, v.Hash, view.Copy(a, state))
	}
}
