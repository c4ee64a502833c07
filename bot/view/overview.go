package view

import (
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// An Overview is all certificates at a glance, for the App Home.
type Overview struct {
	// Listed says that there is a list at all; Ready, that it has been read.
	Listed, Ready bool
	At            time.Time
	// Certificates are all of them, the most urgent first.
	Certificates []diagnose.Listed
	Scope        diagnose.Scope
	Causes       Causes
	// Checking says that causes are being looked for just now.
	Checking bool
	// Mine are blocks about the one who looks, such as what they watch.
	Mine []slack.Block
}

// shownUrgent is how many certificates the App Home shows.
const shownUrgent = 10

func (o Overview) blocks() []slack.Block {
	ask := button(ActionOpen, "Diagnose a certificate…", "Choose a certificate to diagnose", "open")
	ask.Style = slack.StylePrimary
	if !o.Listed {
		return append([]slack.Block{actions(ask)}, o.Mine...)
	}
	blocks := []slack.Block{header("Certificates")}
	if !o.Ready {
		blocks = append(blocks, line("⏳ The list of certificates is being read. This page shows it in a moment.", nil), actions(ask))
		return append(append(blocks, o.Mine...), slack.NewDividerBlock())
	}
	summary := rich{}
	if words := counts(o.Certificates, o.At); len(words) > 0 {
		var items []inlines
		for _, w := range words {
			items = append(items, text(w))
		}
		summary.para(bold(diagnose.Plural(len(o.Certificates), "certificate")))
		summary.bullets(items...)
	} else {
		summary.para(text(noneListed(o.Scope)))
	}
	list := func(filter, label string) *slack.ButtonBlockElement {
		return button(ActionList, label, "Send me the list: "+filter, ListState{Filter: filter}.Encode())
	}
	buttons := []*slack.ButtonBlockElement{list("failing", "List failing"), list("expiring:30d", "List expiring"), list("all", "List all")}
	numberButtons(buttons, 0)
	blocks = append(blocks, summary.block(), actions(append([]*slack.ButtonBlockElement{ask}, buttons...)...))

	var rows []slack.Block
	for i := range o.Certificates {
		l := &o.Certificates[i]
		if len(rows) == shownUrgent || l.Urgency(o.At) > diagnose.UrgencyRenewing {
			break
		}
		rows = append(rows, listedRow(l, o.At, o.Causes.of(l.ARN), len(rows)))
	}
	blocks = append(blocks, header("Most urgent"))
	if len(rows) == 0 {
		blocks = append(blocks, line("✅ None of them needs anybody just now.", nil))
	}
	blocks = append(blocks, rows...)
	if len(rows) > 0 {
		note := "*Why?* answers in a direct message, in the Messages tab."
		if o.Checking {
			note = "⏳ The causes are being looked for. " + note
		}
		blocks = append(blocks, small(note))
	}
	blocks = append(blocks, o.Mine...)
	blocks = append(blocks, header("Last look"), small("Listed "+moment(o.At), mrkdwn(lookedIn(o.Scope))), listUnread(o.Scope.Unreadable))
	return append(blocks, slack.NewDividerBlock())
}
