package view

import (
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

// A Status is what the App Home tells about the bot itself.
type Status struct {
	Command string
	Version string
	// Sockets is how many connections to Slack are open, of how many.
	Sockets, Wanted int
	Started         time.Time
	// MissingScopes are OAuth scopes that the bot token lacks.
	MissingScopes []string
	// Running and Waiting count the checks under way and in the queue.
	Running, Waiting int
	// Workers is how many checks run at once, and PerUser how many of one
	// person; 0 where they are not to be shown.
	Workers, PerUser int
	// Fixes are the repairs that are switched on, by name.
	Fixes []string
	At    time.Time
}

// Home is the App Home tab: the certificates at a glance, what the bot does,
// examples, and how it is.
func Home(s Status, o Overview) slack.HomeTabViewRequest {
	var d draft
	d.add(o.blocks()...)
	d.add(header("Why does my certificate not renew?"))
	intro := rich{}
	intro.para(text("AWS Certificate Manager renews certificates by itself, until something stands in the way: a validation record that went missing, a CAA record, a delegation that moved. Name a domain and I tell the true cause and the exact fix. I only read, unless you confirm a fix."))
	d.add(intro.block(), slack.NewDividerBlock(), header("Ask"), grammar(s.Command, examples))
	more := rich{}
	more.bullets(
		text("In a thread, mention me with a domain: slash commands do not work there."),
		join(text("On any message with a domain in it, choose "), bold("Why this certificate?"), text(" from its menu.")),
		text("Or write me a direct message in the Messages tab."),
	)
	d.add(more.block(), slack.NewDividerBlock(), header("Status"))

	status := rich{}
	mark := "✅ "
	if s.Sockets < s.Wanted {
		mark = "⚠️ "
	}
	items := []inlines{text(fmt.Sprintf("%s%d of %d connections to Slack are open", mark, s.Sockets, s.Wanted))}
	if s.Running > 0 || s.Waiting > 0 {
		items = append(items, text(fmt.Sprintf("%s running, %d waiting", diagnose.Plural(s.Running, "check"), s.Waiting)))
	}
	if !s.Started.IsZero() {
		items = append(items, join(text("Running since "), when(s.Started)))
	}
	for _, scope := range s.MissingScopes {
		items = append(items, join(text("⚠️ The bot token lacks the scope "), literal(scope), text(": add it to the app and install it again.")))
	}
	if s.Workers > 0 {
		items = append(items, join(text("Settings: the command is "), literal(s.Command), text(fmt.Sprintf("; %s at a time, %d of them for one person; ", diagnose.Plural(s.Workers, "check"), s.PerUser)), fixesLine(s.Fixes)))
	}
	status.bullets(items...)
	d.add(status.block())
	version := ""
	if s.Version != "" {
		version = "acmbot " + code(s.Version)
	}
	d.add(small(version, "As of "+moment(s.At)))
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: fit(d.body, d.foot, viewSurface)}}
}

func fixesLine(fixes []string) inlines {
	if len(fixes) == 0 {
		return text("fixing from Slack is switched off.")
	}
	line := text("fixing from Slack is on for ")
	for i, f := range fixes {
		if i > 0 {
			line = join(line, text(", "))
		}
		line = join(line, literal(f))
	}
	return join(line, text("."))
}
