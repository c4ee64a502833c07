package bot

import (
	"context"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/acmbot/acmbot/bot/view"
)

// readHomeOpened publishes the App Home when its tab is opened.
func (b *Bot) readHomeOpened(req *request, e *slackevents.AppHomeOpenedEvent) {
	req.kind, req.user = "home", e.User
	if e.Tab != "" && e.Tab != "home" || e.User == "" {
		return
	}
	req.run = func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
		defer cancel()
		home := view.Home(b.status())
		home.Blocks.BlockSet = append(home.Blocks.BlockSet, b.homeWatches(ctx, e.User)...)
		_, err := b.api.client.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: e.User, View: home})
		return err
	}
}
