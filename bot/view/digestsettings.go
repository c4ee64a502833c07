package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose"
)

// CallbackDigest is the callback id of the modal with a digest's settings.
const CallbackDigest = "acm_digest_view"

// The blocks and actions of that modal.
const (
	DigestTime   = "acm_digest_time"
	DigestZone   = "acm_digest_zone"
	DigestDays   = "acm_digest_days"
	DigestQuiet  = "acm_digest_quiet"
	DigestFilter = "acm_digest_filter"
	DigestAlerts = "acm_digest_alerts"
	// DigestWeekdays is the choice of weekdays alone.
	DigestWeekdays = "weekdays"
	// DigestSilent is the choice of no alerts.
	DigestSilent = "silent"
)

// DigestChannel is the channel that a modal with a digest's settings is about,
// from its private metadata. Its error is ErrStale.
func DigestChannel(metadata string) (string, error) {
	s, err := ParseDigestState(metadata)
	return s.Channel, err
}

func option(value, label string) *slack.OptionBlockObject {
	return slack.NewOptionBlockObject(value, plainText(label), nil)
}

// DigestModal asks how a channel is to get its digest and, where there are any,
// its alerts.
func DigestModal(s digest.Subscription, alerts bool) slack.ModalViewRequest {
	input := func(id, label, hint string, optional bool, e slack.BlockElement) slack.Block {
		var h *slack.TextBlockObject
		if hint != "" {
			h = plainText(hint)
		}
		b := slack.NewInputBlock(id, plainText(label), h, e)
		b.Optional = optional
		return b
	}
	at := slack.NewTimePickerBlockElement(DigestTime)
	at.InitialTime = s.At.String()
	zone := slack.NewPlainTextInputBlockElement(nil, DigestZone)
	zone.InitialValue, zone.MaxLength = s.Zone, 60
	every, weekdays := option("every", "Every day"), option(DigestWeekdays, "Monday to Friday")
	days := slack.NewRadioButtonsBlockElement(DigestDays, every, weekdays)
	days.InitialOption = every
	if s.Weekdays {
		days.InitialOption = weekdays
	}
	line, nothing := option(string(digest.QuietLine), "One line"), option(string(digest.QuietNothing), "Nothing")
	quiet := slack.NewRadioButtonsBlockElement(DigestQuiet, line, nothing)
	quiet.InitialOption = line
	if s.Quiet == digest.QuietNothing {
		quiet.InitialOption = nothing
	}
	filter := slack.NewPlainTextInputBlockElement(nil, DigestFilter)
	filter.InitialValue, filter.MaxLength = s.Filter, 300
	told, silent := option("told", "Alerts, as things happen"), option(DigestSilent, "Nothing")
	between := slack.NewRadioButtonsBlockElement(DigestAlerts, told, silent)
	between.InitialOption = told
	if s.NoAlerts {
		between.InitialOption = silent
	}
	intro := rich{}
	intro.para(text("What in "), inlines{slack.NewRichTextSectionChannelElement(s.Channel, nil)},
		text(" needs somebody, each day: causes and fixes, what is new and what is resolved. Everybody there sees it; I have to be a member."))
	blocks := []slack.Block{
		intro.block(),
		input(DigestTime, "Time", "", false, at),
		input(DigestZone, "Time zone", "Such as Europe/Berlin, America/New_York or UTC.", false, zone),
		input(DigestDays, "Days", "", false, days),
		input(DigestQuiet, "When all is quiet, post", "", false, quiet),
		input(DigestFilter, "Only these certificates", "A domain (example.com: with all below it), account:111122223333 or tag:team=shop. Empty: those that are routed to this channel, or all if none are.", true, filter),
	}
	if alerts {
		blocks = append(blocks, input(DigestAlerts, "Between the digests, post", "Of the same certificates: a renewal that comes to wait for somebody or fails, few days left, and when it is over.", false, between))
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainText("Daily digest"), Submit: plainText("Save"), Close: plainText("Cancel"),
		CallbackID: CallbackDigest, PrivateMetadata: DigestState{Channel: s.Channel}.Encode(),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// DigestWhen says when a channel gets its digest, and of what, and whether it is
// alerted in between; alerts says whether there are any.
func DigestWhen(s digest.Subscription, on bool, next string, alerts bool) string {
	switch {
	case !on && alerts:
		return "This channel gets no digest, and no alerts."
	case !on:
		return "This channel gets no digest."
	}
	days := "every day"
	if s.Weekdays {
		days = "Monday to Friday"
	}
	words := "This channel gets its digest at " + s.At.String() + " (" + s.Zone + "), " + days
	if s.Filter != "" {
		words += ", of `" + s.Filter + "`"
	}
	if s.Quiet == digest.QuietNothing {
		words += ", and nothing when all is quiet"
	}
	words += ". The next one is due on " + next + "."
	switch {
	case alerts && s.NoAlerts:
		words += " Between its digests it is told nothing."
	case alerts:
		words += " Between its digests it is alerted to what happens to its certificates."
	}
	return words
}

// An OwnersRow is how many certificates one channel gets.
type OwnersRow struct {
	Channel, Group string
	// By are the rules that lead there.
	By           []string
	Certificates int
	Off          bool
	// Withheld is why nothing may be posted there; empty where it may.
	Withheld access.Reason
}

const shownNobodys = 10

// Owners says who gets what, and what nobody gets.
func Owners(rows []OwnersRow, nobody []diagnose.CertificateRef, total int, scope diagnose.Scope, command string) Message {
	var d draft
	d.add(header("Who is told of which certificates"))
	var items []inlines
	var words []string
	for _, r := range rows {
		item := inlines{slack.NewRichTextSectionChannelElement(r.Channel, nil)}
		item = join(item, text(": "+diagnose.Plural(r.Certificates, "certificate")))
		said := "<#" + r.Channel + ">: " + diagnose.Plural(r.Certificates, "certificate")
		for i, by := range r.By {
			lead := ", by "
			if i > 0 {
				lead = " and "
			}
			item = join(item, text(lead), literal(by))
		}
		if r.Group != "" {
			item = join(item, text(", with a mention of "), inlines{slack.NewRichTextSectionUserGroupElement(r.Group)}, text(" when time runs out"))
		}
		if r.Off {
			item = join(item, text(" – but its digest is switched off"))
			said += ", switched off"
		}
		if r.Withheld != access.Allowed {
			item = join(item, text(" – but nothing is posted there. "), spoken(Withheld(r.Withheld)))
			said += ", where nothing is posted"
		}
		items = append(items, item)
		words = append(words, said)
	}
	block := rich{}
	if len(items) > 40 {
		rest := len(items) - 40
		items = append(items[:40], text(fmt.Sprintf("and %s more", diagnose.Plural(rest, "channel"))))
	}
	block.bullets(items...)
	d.add(block.block())
	var names []string
	for _, c := range nobody {
		names = append(names, code(c.DomainName))
	}
	said := "✅ Every certificate is somebody's."
	if total == 0 {
		said = "❔ There is no certificate that could be read."
	}
	if len(nobody) > 0 {
		said = "⚠️ *Nobody is told of " + diagnose.Plural(len(nobody), "certificate") + "*: " + few(names, shownNobodys) + ". Set ACMBOT_DIGEST_CHANNEL, a route, or " + code(command+" digest") + " in a channel."
	}
	d.add(line(said, nil))
	d.add(unseenBlock("Could not be checked", scope.Unreadable))
	return d.message("Who is told of which certificates. " + strings.Join(words, "; ") + ". " + said)
}

// DigestGone says that a digest is too old for its buttons.
func DigestGone() slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainText("Digest"), Close: plainText("Close"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{line("This digest is too old: its list is not kept any more.", nil)}},
	}
}
