package bot

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
)

// markEvent is the type of the metadata that marks a message that must not be
// posted twice ("Message metadata",
// https://docs.slack.dev/messaging/message-metadata).
const markEvent = "acmbot_message"

// newOnceClient is a client that calls again only where Slack says that it did
// nothing. Posting again after any other failure could post twice.
func newOnceClient(opts Options) *slack.Client {
	retry := slack.DefaultRetryConfig()
	retry.MaxRetries = mostRetries
	retry.RetryAfterDuration = 5 * time.Second
	retry.Handlers = []slack.RetryHandler{slack.NewRateLimitErrorRetryHandler(retry)}
	return slack.New(tokenInUse, slack.OptionAPIURL(opts.APIURL), slack.OptionHTTPClient(withTokens(opts.HTTPClient, opts.APIURL, opts.tokens.bot)),
		slack.OptionRetryConfig(retry), slack.OptionLog(quiet{}))
}

// postOnce posts a message that carries a mark. Where it may have been posted
// already, perhaps by another process, or an attempt ends without an answer, it
// looks in the conversation before it posts. Found says that it stood there.
// Where the bot may not look, a message twice is better than none.
func (a api) postOnce(ctx context.Context, channel, thread string, m view.Message, mark string, perhaps bool) (ts string, found bool, err error) {
	if m, err = a.prepare(ctx, audience{channel: channel, all: true}, m); err != nil {
		return "", false, err
	}
	wait := 200 * time.Millisecond
	for attempt := 0; ; attempt++ {
		if perhaps {
			ts, err := a.find(ctx, channel, thread, mark)
			switch {
			case err == nil && ts != "":
				return ts, true, nil
			case err != nil && slackCode(err) == "":
				return "", false, err // nothing is known of what stands there
			case err != nil:
				a.log.WarnContext(ctx, "could not look whether a message was posted already", "code", slackCode(err))
			}
		}
		err := a.plainly(m, func(m view.Message) error {
			opts := append(messageOptions(m, thread), slack.MsgOptionMetadata(slack.SlackMetadata{
				EventType: markEvent, EventPayload: map[string]any{"mark": mark},
			}))
			var err error
			_, ts, err = a.once.PostMessageContext(ctx, channel, opts...)
			return err
		})
		if err == nil || decided(err) || attempt == mostRetries {
			return ts, false, err
		}
		perhaps = true
		if pause(ctx, wait) != nil {
			return "", false, err
		}
		wait *= 4
	}
}

// decided reports whether a failed post is known to have posted nothing.
func decided(err error) bool {
	if errors.Is(err, context.Canceled) {
		return true // whoever goes on has to look
	}
	if _, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return true
	}
	switch slackCode(err) {
	case "", "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		return false
	}
	return true
}

// mostLooked is how many messages of a conversation are looked through.
const mostLooked = 1000

// find looks for a message of the bot's by its mark, in a thread, or in a
// conversation among the latest messages.
func (a api) find(ctx context.Context, channel, thread, mark string) (ts string, err error) {
	return a.search(ctx, a.client, place{channel: channel, thread: thread, most: mostLooked}, markEvent, "mark", mark)
}
