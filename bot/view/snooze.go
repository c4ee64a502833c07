package view

import (
	"encoding/json"
	"fmt"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/watch"
)

func snoozeButton(subject string, s State) *slack.ButtonBlockElement {
	return button(ActionSnooze, "Snooze…", "Keep quiet about "+subject+" for a while", s.Encode())
}

func wakeButton(s watch.Snooze) *slack.ButtonBlockElement {
	return button(ActionWake, "Un-snooze", "End the snooze of "+s.Name, State{Query: s.ARN, ARN: s.ARN}.Encode())
}

// snoozeWords says until when, by whom and why, in escaped mrkdwn.
func snoozeWords(s watch.Snooze) string {
	word := "Snoozed"
	if s.Accepted {
		word = "Accepted"
	}
	return word + " by " + member(s.By) + " until " + moment(s.Until) + ": “" + clip(prose(oneLine(s.Reason)), 600) + "”"
}

// snoozeLine is the line of an answer about a snoozed certificate.
func snoozeLine(s *watch.Snooze, holds bool) string {
	if s == nil {
		return ""
	}
	words := "😴 " + snoozeWords(*s)
	if !holds {
		words = "⏰ " + snoozeWords(*s) + ". It has got worse since, so this does not count any more"
	}
	return words + "."
}

func snoozeCard(w watch.Watch) Message {
	s := watch.Snooze{
		ARN: w.ARN, Name: w.Name, By: w.Snooze.By, Reason: w.Snooze.Reason, Accepted: w.Snooze.Accepted, Since: w.Since, Until: w.Until,
	}
	name := code(w.Name)
	switch w.Over {
	case "":
		return note("😴 "+name+": "+snoozeWords(s)+".",
			[]string{"I keep quiet about it until then, unless it gets worse or has 14, 7, 3 or 1 days left"}, wakeButton(s))
	case watch.EndRenewed:
		return note("✅ "+name+" has renewed; it is no longer snoozed.", nil)
	case watch.EndInOrder:
		return note("✅ "+name+" is in order; it is no longer snoozed.", nil)
	case watch.EndGone:
		return note("❔ The certificate for "+name+" is gone, and with it the snooze.", nil)
	case watch.EndTime:
		return note("⌛ The snooze of "+name+" is over.", nil)
	case watch.EndExpired, watch.EndWorse:
		return note("⏰ The snooze of "+name+" ended early.", nil)
	case watch.EndLeft:
	}
	by := ""
	if w.OverBy != "" {
		by = " by " + member(w.OverBy)
	}
	return note("Snooze ended"+by+": "+name+".", nil)
}

// snoozeNews says that, and why, a snooze is over.
func snoozeNews(w watch.Watch, why string) (words string, print []string) {
	s := watch.Snooze{By: w.Snooze.By, Reason: w.Snooze.Reason, Accepted: w.Snooze.Accepted, Until: w.Until}
	print = []string{"Now: " + seenWords(w.Notice.Now, w.Notice.At), snoozeWords(s)}
	if w.Notice.News == watch.NewsTime {
		return "⌛ The snooze of " + code(w.Name) + " is over, and it has not renewed.", print
	}
	return why + " So its snooze ends early.", print
}

// The blocks and actions of the snooze modal.
const (
	SnoozeKind   = "acm_snooze_kind"
	SnoozeFor    = "acm_snooze_for"
	SnoozeUntil  = "acm_snooze_until"
	SnoozeReason = "acm_snooze_reason"
	// SnoozeAccept is the kind that accepts the trouble.
	SnoozeAccept = "accept"
	// SnoozeDate is the duration that leaves the end to the date.
	SnoozeDate = "date"
)

// mostReason is how long a reason can be.
const mostReason = 500

// A SnoozePlace is where the button of a snooze modal stands; it travels in the
// modal's private metadata.
type SnoozePlace struct {
	State State
	Place watch.Place
}

type wirePlace struct {
	State json.RawMessage `json:"s"`
	Place watch.Place     `json:"p"`
}

// ParseSnoozePlace reads a snooze modal's private metadata. Its error is
// ErrStale.
func ParseSnoozePlace(metadata string) (SnoozePlace, error) {
	var w wirePlace
	if err := json.Unmarshal([]byte(metadata), &w); err != nil {
		return SnoozePlace{}, ErrStale
	}
	s, err := ParseState(string(w.State))
	if err != nil || s.ARN == "" {
		return SnoozePlace{}, ErrStale
	}
	return SnoozePlace{State: s, Place: w.Place}, nil
}

// SnoozeModal asks for how long and why a certificate is to be snoozed.
func SnoozeModal(p SnoozePlace) slack.ModalViewRequest {
	option := func(value, label, description string) *slack.OptionBlockObject {
		o := slack.NewOptionBlockObject(value, plainText(label), nil)
		if description != "" {
			o.Description = plainText(description)
		}
		return o
	}
	intro := rich{}
	intro.para(text("Keep quiet about "), literal(p.State.Query), text(". It wakes up early when it gets worse, and when 14, 7, 3 or 1 days are left. Others see who snoozed it, until when and why."))

	snooze := option("snooze", "Snooze", "Somebody is on it; remind us later")
	kind := slack.NewRadioButtonsBlockElement(SnoozeKind, snooze, option(SnoozeAccept, "Accept", "We know and live with it until then"))
	kind.InitialOption = snooze
	week := option("7", "7 days", "")
	span := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, SnoozeFor, week, option("30", "30 days", ""), option(SnoozeDate, "Until the date below", ""))
	span.InitialOption = week
	date := slack.NewInputBlock(SnoozeUntil, plainText("Date"), plainText("Only for “Until the date below”; a year ahead at most."), slack.NewDatePickerBlockElement(SnoozeUntil))
	date.Optional = true
	reason := slack.NewPlainTextInputBlockElement(plainText("Ticket, plan, who is on it"), SnoozeReason)
	reason.MaxLength, reason.MinLength = mostReason, 1

	metadata, err := json.Marshal(wirePlace{State: json.RawMessage(p.State.Encode()), Place: p.Place})
	if err != nil || len(metadata) > mostMetadata {
		metadata = nil
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackSnooze, PrivateMetadata: string(metadata),
		Title: plainText("Snooze"), Submit: plainText("Snooze"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			intro.block(),
			slack.NewInputBlock(SnoozeKind, plainText("What is it?"), nil, kind),
			slack.NewInputBlock(SnoozeFor, plainText("For how long?"), nil, span),
			date,
			slack.NewInputBlock(SnoozeReason, plainText("Why?"), plainText(fmt.Sprintf("Others see it. Up to %d characters.", mostReason)), reason),
		}},
	}
}
