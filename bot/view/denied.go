package view

import (
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/diagnose"
)

// A Denial is why somebody may not do something.
type Denial struct {
	Reason access.Reason
	// Operator is who can change that: the id of a user, a user group or a
	// channel; empty where nobody is named.
	Operator string
	// Scope is one that the app lacks, so that Slack does not tell who is
	// asking.
	Scope     string
	RequestID string
}

// why is the reason in a sentence without its full stop, and what else can be
// done.
func (d Denial) why() (why, instead string) {
	switch d.Reason {
	case access.AGuest:
		return "Guests of this workspace cannot ask me", ""
	case access.Outsider:
		return "Only people of the workspace that I belong to can ask me", ""
	case access.SharedPlace:
		return "Another organisation is in this channel, or invited to it, and I do not answer there", " Ask me in a direct message, or in a channel of your own."
	case access.OtherPlace:
		return "I do not answer in this channel", " Ask me in a direct message."
	case access.UnknownPlace:
		return "I cannot see who is in this conversation, so I post nothing in it", " In a channel, invite me with `/invite` and try again."
	case access.Unsure:
		if d.Scope != "" {
			return "I cannot find out whether you may ask me, because my app lacks the scope `" + d.Scope + "`", ""
		}
		return "I cannot find out whether you may ask me, because Slack does not tell me who you are", " Try again in a minute."
	}
	return "You are not among those who can ask me", ""
}

// operator names who can change something.
func operator(id string) (inlines, string) {
	switch {
	case access.IsUser(id):
		return inlines{slack.NewRichTextSectionUserElement(id, nil)}, "<@" + id + ">"
	case access.IsGroup(id):
		return inlines{slack.NewRichTextSectionUserGroupElement(id)}, "<!subteam^" + id + ">"
	case access.IsChannel(id):
		return join(text("the people in "), inlines{slack.NewRichTextSectionChannelElement(id, nil)}), "the people in <#" + id + ">"
	}
	return text("whoever runs me"), "whoever runs me"
}

func (d Denial) block() (slack.Block, string) {
	why, instead := d.why()
	who, said := operator(d.Operator)
	body := rich{}
	if d.Reason == access.Unsure && d.Scope == "" { // nobody has to change anything
		body.para(text("🔒 "), spoken(why+"."+instead))
		return body.block(), "🔒 " + mrkdwn(why+"."+instead)
	}
	body.para(text("🔒 "), spoken(why+"; "), who, text(" can change that."), spoken(instead))
	return body.block(), "🔒 " + mrkdwn(why) + "; " + said + " can change that." + mrkdwn(instead)
}

// Denied tells somebody that they may not ask, and who can change that.
func Denied(d Denial) Message {
	block, said := d.block()
	var m draft
	m.add(block)
	if d.Reason == access.Unsure && d.RequestID != "" {
		m.add(small("Request " + code(d.RequestID) + " – the bot's log says more under this id."))
	}
	return m.message(said)
}

// Withheld says why nothing is posted in a channel, as a sentence.
func Withheld(r access.Reason) string {
	switch r {
	case access.SharedPlace:
		return "Another organisation is in the channel, or invited to it, so I post nothing in it; whoever runs me can change that."
	case access.UnknownPlace:
		return "I cannot see who is in it, so I post nothing in it until I am invited."
	}
	return "It is not among the channels that I post in; whoever runs me can change that."
}

// DeniedHome is the App Home of somebody who may not ask.
func DeniedHome(d Denial) slack.HomeTabViewRequest {
	block, _ := d.block()
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{block}}}
}

// DeniedModal is what is left of a modal of somebody who may not ask any more.
func DeniedModal(m Message) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type:  slack.VTModal,
		Title: slack.NewTextBlockObject(slack.PlainTextType, "Not allowed", false, false),
		Close: slack.NewTextBlockObject(slack.PlainTextType, "Close", false, false), Blocks: slack.Blocks{BlockSet: m.Blocks},
	}
}

// TooMany tells somebody that they have asked as much as one person may, and
// when to ask again.
func TooMany(questions int, per, wait time.Duration) Message {
	return FaultMessage(Fault{
		What: fmt.Sprintf("You have asked %s within %s, the most that one person can", diagnose.Plural(questions, "question"), about(per)),
		Next: "Ask again in " + about(wait),
	})
}

// about is a length of time in words, rounded up.
func about(d time.Duration) string {
	up := func(unit time.Duration) int { return int((d + unit - 1) / unit) }
	switch {
	case d <= 90*time.Second:
		return diagnose.Plural(max(up(time.Second), 1), "second")
	case d <= 90*time.Minute:
		return diagnose.Plural(up(time.Minute), "minute")
	}
	return diagnose.Plural(up(time.Hour), "hour")
}
