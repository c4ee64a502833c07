package view

import (
	"fmt"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// The ids of the actions that the messages offer. They are part of messages
// that stand in channels for years, so they never change.
const (
	ActionAsk      = "acm_ask"      // diagnose the name in the value
	ActionRecheck  = "acm_recheck"  // diagnose again, in place
	ActionEvidence = "acm_evidence" // open the evidence
	ActionPage     = "acm_page"     // turn the evidence's page
	ActionShare    = "acm_share"    // post the answer in the channel
	ActionConsole  = "acm_console"  // a link; Slack reports the click all the same
	ActionWatch    = "acm_watch"    // follow the certificate
	ActionUnwatch  = "acm_unwatch"  // stop following it
	ActionSnooze   = "acm_snooze"   // open the modal that asks for how long and why
	ActionWake     = "acm_wake"     // end a snooze
)

// CallbackMessage is the callback id of the message shortcut, and
// CallbackEvidence and CallbackSnooze those of the modals.
const (
	CallbackMessage  = "acm_why_message"
	CallbackEvidence = "acm_evidence_view"
	CallbackSnooze   = "acm_snooze_view"
)

func button(action, label, accessible, value string) *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(action, value, slack.NewTextBlockObject(slack.PlainTextType, fitLabel(diagnose.Visible(label)), true, false))
	b.AccessibilityLabel = fitLabel(diagnose.Visible(accessible), diagnose.Visible(label))
	return b
}

// askButton asks about a name. A name too long for a button's label is not cut:
// the button says "Why?" and the name stands beside it.
func askButton(label, query string) *slack.ButtonBlockElement {
	return button(ActionAsk, label, "Diagnose "+query, State{Query: query}.Encode())
}

// numberButtons makes the action ids of several buttons of one kind unique
// within a message, as Block Kit wants them: acm_ask, acm_ask:1, acm_ask:2.
func numberButtons(buttons []*slack.ButtonBlockElement, from int) {
	for i, b := range buttons {
		if n := from + i; n > 0 {
			b.ActionID = fmt.Sprintf("%s:%d", b.ActionID, n)
		}
	}
}

func actions(buttons ...*slack.ButtonBlockElement) slack.Block {
	var elements []slack.BlockElement
	for _, b := range buttons {
		if b != nil {
			elements = append(elements, b)
		}
	}
	if len(elements) == 0 {
		return nil
	}
	return slack.NewActionBlock("", elements...)
}

func recheckButton(subject string, s State) *slack.ButtonBlockElement {
	b := button(ActionRecheck, "Re-check", "Re-check "+subject, s.Encode())
	b.Style = slack.StylePrimary
	return b
}

func evidenceButton(subject string, s State) *slack.ButtonBlockElement {
	return button(ActionEvidence, "Show evidence", "Show the evidence for "+subject, s.Encode())
}

// shareButton asks before it posts, since others see the effect.
func shareButton(subject string, s State) *slack.ButtonBlockElement {
	b := button(ActionShare, "Share to channel", "Share the answer for "+subject+" with this channel", s.Encode())
	b.Confirm = slack.NewConfirmationBlockObject(plainText("Share with this channel?"),
		plainText("Everybody here will see the answer, with the certificate's account and region, and that you shared it."),
		plainText("Share"), plainText("Keep it private"))
	return b
}

func consoleButton(subject, url string) *slack.ButtonBlockElement {
	if url == "" || len(url) > mostURL {
		return nil
	}
	b := button(ActionConsole, "Open in console", "Open the certificate of "+subject+" in the AWS console", "")
	b.URL = url
	return b
}

// turnPage are the buttons that turn the page of a list, none where there is one
// only.
func turnPage(page, pages int, action string, value func(page int) string) []slack.Block {
	if pages < 2 {
		return nil
	}
	var buttons []*slack.ButtonBlockElement
	for _, turn := range []struct {
		to    int
		label string
	}{{page - 1, "Previous page"}, {page + 1, "Next page"}} {
		if turn.to >= 0 && turn.to < pages {
			buttons = append(buttons, button(action, turn.label, fmt.Sprintf("Show page %d of %d", turn.to+1, pages), value(turn.to)))
		}
	}
	numberButtons(buttons, 0)
	return []slack.Block{small(fmt.Sprintf("Page %d of %d", page+1, pages)), actions(buttons...)}
}
