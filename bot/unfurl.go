package bot

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// UnfurlDomains are the domains of which links are unfurled; their subdomains
// count too ("Unfurling links in messages",
// https://docs.slack.dev/messaging/unfurling-links-in-messages).
var UnfurlDomains = []string{"console.aws.amazon.com"}

// mostUnfurls is how many links of one message are unfurled.
const mostUnfurls = 5

// A sharedLink is what slackevents leaves out of the event: links that are
// still in the composer have no message, only an id.
type sharedLink struct {
	UnfurlID string `json:"unfurl_id"`
	Source   string `json:"source"`
}

// readLinkShared unfurls links to certificates in the AWS console, with what
// ACM's list tells. Links to anything else stay as they are.
func (b *Bot) readLinkShared(req *request, e *slackevents.LinkSharedEvent, raw *json.RawMessage) {
	req.kind, req.user = "unfurl", e.User
	b.mu.Lock()
	own := e.User != "" && e.User == b.self.UserID
	b.mu.Unlock()
	if own || b.opts.Estate == nil {
		return
	}
	type target struct{ url, id string }
	var targets []target
	for _, l := range e.Links {
		// Only links that name a certificate: a host name alone is a question
		// about the console's own certificate.
		q, err := diagnose.ParseQuery(l.URL)
		if err == nil && q.ID != "" && len(targets) < mostUnfurls {
			targets = append(targets, target{l.URL, q.ID})
		}
	}
	if len(targets) == 0 {
		return
	}
	var where sharedLink
	if raw != nil {
		_ = json.Unmarshal(*raw, &where) // without it the message's timestamp serves
	}
	req.run = func(ctx context.Context) error {
		l, ok := b.list(ctx)
		if !ok {
			return nil
		}
		unfurls := map[string]slack.Attachment{}
		for _, t := range targets {
			i := slices.IndexFunc(l.Certificates, func(l diagnose.Listed) bool { return idOf(l.ARN) == t.id })
			if i >= 0 {
				c := &l.Certificates[i]
				unfurls[t.url] = view.Unfurl(c, l.At, b.estate.causeText(c.ARN))
			}
		}
		if len(unfurls) == 0 {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
		defer cancel()
		err := b.api.unfurl(ctx, e.Channel, e.MessageTimeStamp, where, unfurls)
		switch slackCode(err) {
		case "cannot_find_message", "cannot_unfurl_message", "cannot_find_channel", "cannot_unfurl_url":
			b.log.InfoContext(ctx, "a link could not be unfurled", "code", slackCode(err)) // deleted, or dismissed, meanwhile
			return nil
		}
		return err
	}
}
