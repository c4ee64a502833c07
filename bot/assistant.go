package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// readAssistantStarted suggests questions when somebody opens a thread with the
// assistant.
func (b *Bot) readAssistantStarted(req *request, e *slackevents.AssistantThreadStartedEvent) {
	t := e.AssistantThread
	req.kind, req.user = "assistant", t.UserID
	if t.ChannelID == "" || t.ThreadTimeStamp == "" {
		return
	}
	req.run = func(ctx context.Context) error {
		var urgent []diagnose.Listed
		if l, ok := b.estate.memory(); ok {
			for i := range l.Certificates {
				if l.Certificates[i].Urgency(l.At) <= diagnose.UrgencyEnding {
					urgent = append(urgent, l.Certificates[i])
				}
			}
		}
		ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
		defer cancel()
		return b.api.client.SetAssistantThreadsSuggestedPromptsContext(ctx, slack.AssistantThreadsSetSuggestedPromptsParameters{
			Title: "Ask about a certificate", ChannelID: t.ChannelID, ThreadTS: t.ThreadTimeStamp, Prompts: view.Prompts(urgent),
		})
	}
}

// setStatus shows in a thread with the assistant what is being done. Slack
// clears it with the answer. A failure is not worth more than a line in the
// log.
func (b *Bot) setStatus(ctx context.Context, channel, thread, status string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := b.api.client.SetAssistantThreadsStatusContext(ctx, slack.AssistantThreadsSetStatusParameters{
		ChannelID: channel, ThreadTS: thread, Status: b.api.status(ctx, channel, status),
	})
	if err != nil {
		b.log.DebugContext(ctx, "could not show a status", "error", err, "code", slackCode(err))
	}
}
