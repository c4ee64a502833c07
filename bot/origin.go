package bot

import (
	"encoding/json"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/acmbot/acmbot/bot/access"
)

// An origin is who wants something and where, as the envelope says. Every
// envelope has one, whatever is made of it, so that nothing is worked on without
// it being known for whom.
type origin struct {
	user            string
	channel, thread string
	// hook is the response URL, where there is one.
	hook string
	// view is the modal that it happened in, submitted that this was its end,
	// and home that it was the App Home.
	view            string
	submitted, home bool
	// public says that the answer is for all in the channel.
	public bool
	// shared says that another organisation is in the channel; Slack says so
	// with events only.
	shared bool
	// silent says that nobody waits for an answer, so that a refusal is not
	// told.
	silent bool
}

// originOf reads the origin of an envelope, and what it tells of people and
// places.
func (g *gate) originOf(evt socketmode.Event) origin {
	switch data := evt.Data.(type) {
	case slack.SlashCommand:
		return origin{user: data.UserID, channel: data.ChannelID, hook: data.ResponseURL}
	case slack.InteractionCallback:
		return originOfInteraction(data)
	case slackevents.EventsAPIEvent:
		from := g.originOfEvent(data)
		if callback, ok := data.Data.(*slackevents.EventsAPICallbackEvent); ok {
			from.shared = callback.IsExtSharedChannel
		}
		return from
	}
	return origin{silent: true}
}

func originOfInteraction(c slack.InteractionCallback) origin {
	from := origin{user: c.User.ID, channel: c.Container.ChannelID, thread: c.Container.ThreadTs, hook: c.ResponseURL}
	if from.channel == "" {
		from.channel = c.Channel.ID
	}
	if from.thread == "" {
		from.thread = c.Message.ThreadTimestamp
	}
	if c.View.ID != "" {
		from.view, from.home = c.View.ID, c.View.Type == slack.VTHomeTab
	}
	from.submitted = c.Type == slack.InteractionTypeViewSubmission
	from.silent = c.Type == slack.InteractionTypeBlockSuggestion || c.Type == slack.InteractionTypeViewClosed
	return from
}

func (g *gate) originOfEvent(evt slackevents.EventsAPIEvent) origin {
	switch e := evt.InnerEvent.Data.(type) {
	case *slackevents.AppMentionEvent:
		return origin{user: e.User, channel: e.Channel, thread: e.ThreadTimeStamp, public: true}
	case *slackevents.MessageEvent:
		if e.ChannelType == slackevents.ChannelTypeIM && e.BotID == "" && ownSubtypes[e.SubType] {
			g.meet(e.Channel, e.User)
		}
		return origin{user: e.User, channel: e.Channel, thread: threadOf(e.ThreadTimeStamp, e.TimeStamp), public: e.ChannelType != slackevents.ChannelTypeIM}
	case *slackevents.AppHomeOpenedEvent:
		g.meet(e.Channel, e.User)
		return origin{user: e.User, home: true}
	case *slackevents.AssistantThreadStartedEvent:
		g.meet(e.AssistantThread.ChannelID, e.AssistantThread.UserID)
		return origin{user: e.AssistantThread.UserID, channel: e.AssistantThread.ChannelID, thread: e.AssistantThread.ThreadTimeStamp, silent: true}
	case *slackevents.LinkSharedEvent:
		// A link that is still being written has the channel "COMPOSER": where
		// it will stand is not known.
		return origin{user: e.User, channel: e.Channel, public: true, silent: true}
	case *slackevents.ChannelSharedEvent:
		g.changed(e.Channel)
	case *slackevents.ChannelUnsharedEvent:
		g.changed(e.Channel)
	case *slackevents.UserChangeEvent:
		g.changed(e.User.ID)
	}
	return origin{silent: true}
}

// unseal gives an interaction its account ids back that were sealed in what
// Slack keeps for the bot.
func (g *gate) unseal(c *slack.InteractionCallback) {
	open := func(s *string) { *s = g.open(*s) }
	action := func(a *slack.BlockAction) {
		open(&a.Value)
		open(&a.SelectedOption.Value)
		for i := range a.SelectedOptions {
			open(&a.SelectedOptions[i].Value)
		}
	}
	for _, a := range c.ActionCallback.BlockActions {
		if a != nil {
			action(a)
		}
	}
	open(&c.View.PrivateMetadata)
	if c.View.State != nil {
		for _, block := range c.View.State.Values {
			for id, a := range block {
				action(&a)
				block[id] = a
			}
		}
	}
}

// maskedPayload is what goes with an acknowledgement, without account ids.
func maskedPayload(m access.Mask, payload any) any {
	v, err := m.Value(payload)
	if err != nil {
		return json.RawMessage("{}")
	}
	return v
}
