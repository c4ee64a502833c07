package bot

import (
	"context"

	"github.com/acmbot/acmbot/bot/alert"
	"github.com/acmbot/acmbot/diagnose"
)

// takeEvent notes that a certificate is worth a look. What is noted is looked
// at by this copy or another, also after a restart, so that the event need not
// come again.
func (b *Bot) takeEvent(ctx context.Context, e diagnose.Event) error {
	if q, err := diagnose.ParseQuery(e.ARN); err != nil || q.ARN == "" {
		b.log.Warn("an event names no certificate; it is dropped", "event", e.ID, "kind", e.Kind)
		return nil
	}
	b.log.Debug("took an event", "event", e.ID, "kind", e.Kind, "certificate", e.ARN)
	return alert.Note(ctx, b.opts.Store, e, b.now())
}
