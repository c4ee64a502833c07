package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose"
)

// The ids of the digest's actions, which never change either.
const (
	ActionDigestList    = "acm_digest_list"    // open the list of all that an entry, or the digest, holds
	ActionDigestPage    = "acm_digest_page"    // turn its page
	ActionDigestSetting = "acm_digest_setting" // open the settings of the channel's digest
)

const (
	shownEntries  = 10 // in a message
	shownAhead    = 5
	shownResolved = 6
	shownSnoozed  = 4
	shownInWave   = 3
	digestRows    = 20
)

// A DigestState is what a digest's button carries.
type DigestState struct {
	// Channel and Date name the digest.
	Channel string      `json:"c"`
	Date    digest.Date `json:"d"`
	// Entry is the entry to list, counted from 1 through those in trouble and
	// then those ahead; 0 is all.
	Entry int `json:"e,omitempty"`
	Page  int `json:"p,omitempty"`
}

// Encode returns the state as a button's value.
func (s DigestState) Encode() string {
	return encode(s)
}

// ParseDigestState reads a button's value. Its error is ErrStale.
func ParseDigestState(value string) (DigestState, error) {
	var s DigestState
	if err := json.Unmarshal([]byte(value), &s); err != nil || s.Channel == "" || s.Entry < 0 || s.Page < 0 {
		return DigestState{}, ErrStale
	}
	return s, nil
}

// DigestOptions say how a digest is to be shown.
type DigestOptions struct {
	// Command is the slash command.
	Command string
	// Preview marks what one person alone sees. It has no buttons that need the
	// digest to be kept.
	Preview bool
	// Still leaves out all buttons: nobody runs who could answer them.
	Still bool
}

// Digest is a channel's digest.
func Digest(d digest.Digest, o DigestOptions) Message {
	if d.Quiet() && len(d.Email) == 0 {
		return quietDigest(d, o)
	}
	state := DigestState{Channel: d.Channel, Date: d.Date}
	var b draft
	b.add(header(digestHeadline(d)))
	b.add(small(previewNote(o), lateNote(d), digestScope(d)))
	if note := mentionNote(d); note != "" {
		b.add(line(note, nil))
	}
	b.add(timeline(d.Weeks), small(timelineWords(d.Weeks)))

	for i, e := range d.Entries {
		if i == shownEntries && len(d.Entries) > shownEntries+1 {
			rest := d.Entries[i:]
			b.add(small(fmt.Sprintf("and %s more, with %s", diagnose.Plural(len(rest), "cause"), diagnose.Plural(digest.Count(rest), "certificate"))))
			break
		}
		b.add(entryLine(e, i, state, o))
	}
	b.add(aheadBlock(d), newBlock(d), resolvedBlock(d), emailBlock(d), unreadBlock(d), snoozedBlock(d))

	var buttons []*slack.ButtonBlockElement
	if n := len(d.Items()); n > 1 && !o.Preview && !o.Still {
		buttons = append(buttons, button(ActionDigestList+":all", fmt.Sprintf("Show all %d", n), fmt.Sprintf("Show all %s of this digest", diagnose.Plural(n, "certificate")), state.Encode()))
	}
	if !o.Preview && !o.Still {
		buttons = append(buttons, button(ActionDigestSetting, "Change this digest", "Change when this channel gets its digest, and of what", state.Encode()))
	}
	b.end(actions(buttons...))
	s := messageSurface
	s.fold = "There is more than fits into a message: _Show all_ has it."
	return Message{Text: clip(digestText(d), mostText), Blocks: fit(b.body, b.foot, s)}
}

func previewNote(o DigestOptions) string {
	if o.Preview {
		return "*Preview*: only you see this, and nothing is kept of it."
	}
	return ""
}

func quietDigest(d digest.Digest, o DigestOptions) Message {
	words := "✅ All quiet: none of " + diagnose.Plural(d.Certificates, "certificate") + " needs anybody"
	if d.Certificates == 1 {
		words = "✅ All quiet: the one certificate needs nobody"
	}
	if d.Certificates == 0 {
		words = "❔ There is no certificate to tell of in this digest"
	}
	if d.Under > 0 {
		words += ", and ACM is renewing " + fmt.Sprint(d.Under)
	}
	words += "."
	if n := len(d.Snoozed); n > 0 {
		words += " Snoozed: " + fmt.Sprint(n) + "."
	}
	parts := []string{words}
	for _, more := range []string{lateNote(d), previewNote(o)} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	var b draft
	b.add(small(parts...))
	return b.message(strings.Join(parts, " "))
}

// digestHeadline are the numbers that matter.
func digestHeadline(d digest.Digest) string {
	var parts []string
	down, soon, trouble := 0, 0, digest.Count(d.Entries)
	for _, e := range d.Entries {
		for _, i := range e.Items {
			switch {
			case i.Verdict == diagnose.VerdictDown:
				down++
			case i.DaysLeft != nil && *i.DaysLeft <= 7:
				soon++
			}
		}
	}
	if down > 0 {
		parts = append(parts, fmt.Sprintf("🚨 %d down", down))
	}
	if rest := trouble - down; rest > 0 {
		verb := "need"
		if rest == 1 {
			verb = "needs"
		}
		part := fmt.Sprintf("⛔ %s %s somebody", diagnose.Plural(rest, "certificate"), verb)
		if soon > 0 {
			part += fmt.Sprintf(" (%d within a week)", soon)
		}
		parts = append(parts, part)
	}
	if n := digest.Count(d.Ahead); n > 0 {
		parts = append(parts, fmt.Sprintf("⚠️ %d will fail to renew", n))
	}
	if len(parts) == 0 {
		switch {
		case len(d.Unreadable) > 0 || d.Unlooked > 0:
			parts = append(parts, "❔ No trouble seen, but not all could be read")
		case len(d.Resolved) > 0:
			parts = append(parts, "✅ All well: "+diagnose.Plural(len(d.Resolved), "certificate")+" resolved")
		default:
			parts = append(parts, "📅 All well, with something to plan")
		}
	}
	return strings.Join(parts, ", ")
}

func lateNote(d digest.Digest) string {
	if d.Late <= 0 {
		return ""
	}
	words := diagnose.Plural(int(d.Late/time.Minute), "minute")
	if d.Late >= 2*time.Hour {
		words = diagnose.Plural(int(d.Late/time.Hour), "hour")
	}
	return "⏰ *Late by " + words + "*: the bot could not post when it was due."
}

func digestScope(d digest.Digest) string {
	s := diagnose.Plural(d.Certificates, "certificate")
	if d.Places > 0 {
		s += ", from " + diagnose.Plural(d.Places, "account and region pair")
	}
	if d.Under > 0 {
		s += ", " + fmt.Sprint(d.Under) + " under renewal by ACM"
	}
	return s + ". As of " + moment(d.At)
}

// mentionNote pings the user groups that have to know. Their ids come from the
// settings and are checked again here: nothing else in a digest can ping.
func mentionNote(d digest.Digest) string {
	var groups []string
	for _, g := range d.Mentions {
		if digest.GroupID.MatchString(g) {
			groups = append(groups, "<!subteam^"+g+">")
		}
	}
	if len(groups) == 0 {
		return ""
	}
	return strings.Join(groups, " ") + " certificates of yours are running out of time."
}

// entryLine is one certificate, or a wave of them, with the way to the whole
// answer.
func entryLine(e digest.Entry, n int, s DigestState, o DigestOptions) slack.Block {
	words := entryText(e)
	var b *slack.ButtonBlockElement
	switch {
	case o.Still:
	case len(e.Items) == 1:
		b = askButton("Why?", e.Items[0].ARN)
		b.AccessibilityLabel = fitLabel("Why does "+e.Items[0].Domain+" not renew?", "Why?")
	case o.Preview:
	default:
		s.Entry = n + 1
		label := fmt.Sprintf("Show %d", len(e.Items))
		b = button(ActionDigestList, label, label+" certificates with this cause", s.Encode())
	}
	if b != nil {
		numberButtons([]*slack.ButtonBlockElement{b}, n)
	}
	return line(clip(words, mostSection), b)
}

func entryText(e digest.Entry) string {
	first := e.Items[0]
	lead := sign(first.Verdict) + " "
	if len(e.Items) == 1 {
		lead += "*" + code(first.Domain) + "*"
		if days := daysWords(first.DaysLeft); days != "" {
			lead += " – *" + days + "*"
		}
		if where := place(first); where != "" {
			lead += ", " + where
		}
		if first.New {
			lead += " (new)"
		}
	} else {
		lead += "*" + diagnose.Plural(len(e.Items), "certificate") + "*"
		if e.Zone != "" {
			lead += " in the zone " + code(e.Zone)
		}
		var names []string
		for _, i := range e.Items {
			if c := code(i.Domain); !slices.Contains(names, c) {
				names = append(names, c)
			}
		}
		lead += ": " + few(names, shownInWave)
		if days := daysWords(first.DaysLeft); days != "" {
			lead += " – the first has *" + days + "*"
			if *first.DaysLeft < 0 {
				lead = strings.TrimSuffix(lead, "has *"+days+"*") + "ended *" + days + "*"
			}
		}
	}
	lines := []string{lead, mrkdwn(sentence(itemCause(first)))}
	switch fix := e.Fix; {
	case fix != "":
		lines = append(lines, "*Fix:* "+mrkdwn(sentence(fix)))
	case len(e.Items) > 1:
		lines = append(lines, "*Fix:* each has its own; the list leads to it. Who can: "+mrkdwn(string(e.Owner))+".")
	}
	return strings.Join(lines, "\n")
}

func place(i digest.Item) string {
	var parts []string
	if i.Account != "" {
		parts = append(parts, code(i.Account))
	}
	if i.Region != "" {
		parts = append(parts, code(i.Region))
	}
	return strings.Join(parts, " ")
}

func itemCause(i digest.Item) string {
	words := verdictWords(i.Verdict, i.State)
	if i.Title == "" {
		return words + ": the cause cannot be told"
	}
	if strings.HasPrefix(strings.ToLower(i.Title), strings.ToLower(words)+",") {
		return sentence(i.Title) // "Expired, and …" says the verdict itself
	}
	return words + ": " + i.Title
}

func aheadBlock(d digest.Digest) slack.Block {
	if len(d.Ahead) == 0 {
		return nil
	}
	var items []inlines
	for n, e := range d.Ahead {
		if n == shownAhead && len(d.Ahead) > shownAhead+1 {
			items = append(items, text(fmt.Sprintf("and %d more", digest.Count(d.Ahead[n:]))))
			break
		}
		first := e.Items[0]
		item := literal(first.Domain)
		if more := len(e.Items) - 1; more > 0 {
			item = join(item, text(fmt.Sprintf(" and %d more", more)))
		}
		if !first.Starts.IsZero() {
			item = join(item, text(", renewal from "+day(first.Starts)))
		}
		item = join(item, text(": "), spoken(sentence(first.Title)))
		if e.Fix != "" {
			item = join(item, text(" "), spoken(sentence(e.Fix)))
		}
		items = append(items, item)
	}
	block := rich{}
	block.para(bold("Will fail when the renewal starts"), text(" – time to repair it before anybody notices"))
	block.bullets(items...)
	return block.block()
}

func newBlock(d digest.Digest) slack.Block {
	if d.First {
		return nil
	}
	n := 0
	for _, i := range d.Items() {
		if i.New {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return small("🆕 " + diagnose.Plural(n, "certificate") + " new since the last digest.")
}

func resolvedBlock(d digest.Digest) slack.Block {
	var renewed, gone, well []string
	for _, r := range d.Resolved {
		switch {
		case r.Renewed:
			renewed = append(renewed, code(r.Domain)+" (valid until "+day(r.NotAfter)+")")
		case r.Gone:
			gone = append(gone, code(r.Domain))
		default:
			well = append(well, code(r.Domain))
		}
	}
	var parts []string
	for _, p := range []struct {
		words string
		list  []string
	}{{"renewed: ", renewed}, {"no trouble any more: ", well}, {"deleted: ", gone}} {
		if len(p.list) > 0 {
			parts = append(parts, p.words+few(p.list, shownResolved))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return small("✅ Since the last digest " + strings.Join(parts, "; ") + ".")
}

func emailBlock(d digest.Digest) slack.Block {
	if len(d.Email) == 0 {
		return nil
	}
	var names []string
	for _, i := range d.Email {
		names = append(names, code(i.Domain))
	}
	return small("📧 " + diagnose.Plural(len(names), "certificate") + " validated by e-mail, which ACM stops renewing on " + day(d.EmailEnds) +
		": " + few(names, shownResolved) + ". Switch to DNS validation before.")
}

func unreadBlock(d digest.Digest) slack.Block {
	var list []diagnose.Unseen
	list = append(list, d.Unreadable...)
	if len(list) == 0 && d.Unlooked == 0 {
		return nil
	}
	block := rich{}
	block.para(bold("Could not be read"), text(" – what is there may be in trouble all the same"))
	var items []inlines
	for i, u := range list {
		if i == shownUnseen && len(list) > shownUnseen+1 {
			items = append(items, text(fmt.Sprintf("and %d more", len(list)-i)))
			break
		}
		items = append(items, unseenLine(u))
	}
	if d.Unlooked > 0 {
		items = append(items, text(diagnose.Plural(d.Unlooked, "certificate")+" due for renewal, in the time there is."))
	}
	block.bullets(items...)
	return block.block()
}

func snoozedBlock(d digest.Digest) slack.Block {
	if len(d.Snoozed) == 0 {
		return nil
	}
	var list []string
	for _, s := range d.Snoozed {
		words := code(s.Domain) + " until " + day(s.Until)
		if s.Reason != "" {
			words += " (" + prose(clip(oneLine(s.Reason), 120)) + ")"
		}
		list = append(list, words)
	}
	return small("😴 Snoozed: " + few(list, shownSnoozed) + ".")
}

// digestText is the digest in words.
func digestText(d digest.Digest) string {
	lines := []string{digestHeadline(d) + "."}
	for _, note := range []string{lateNote(d), mentionNote(d)} {
		if note != "" {
			lines = append(lines, note)
		}
	}
	for i, e := range d.Entries {
		if i == 5 && len(d.Entries) > 6 {
			lines = append(lines, fmt.Sprintf("and %d more.", digest.Count(d.Entries[i:])))
			break
		}
		lines = append(lines, entryText(e))
	}
	if n := len(d.Resolved); n > 0 {
		lines = append(lines, fmt.Sprintf("Resolved since the last digest: %d.", n))
	}
	if n := len(d.Unreadable); n > 0 {
		lines = append(lines, fmt.Sprintf("Could not be read: %d.", n))
	}
	return strings.Join(lines, "\n")
}

// DigestList is one page of the certificates of a digest, or of one of its
// entries, as a modal.
func DigestList(d digest.Digest, s DigestState) slack.ModalViewRequest {
	items := d.Items()
	title := "What needs somebody"
	if entries := append(slices.Clone(d.Entries), d.Ahead...); s.Entry > 0 && s.Entry <= len(entries) {
		items = entries[s.Entry-1].Items
	}
	pages := max(1, (len(items)+digestRows-1)/digestRows)
	s.Page = min(max(s.Page, 0), pages-1)
	from := s.Page * digestRows
	body := []slack.Block{small(diagnose.Plural(len(items), "certificate") + ", the one that ends first in front. As of " + moment(d.At) + ". _Why?_ sends you the whole answer.")}
	for n, i := range items[from:min(from+digestRows, len(items))] {
		words := sign(i.Verdict) + " " + code(i.Domain)
		if days := daysWords(i.DaysLeft); days != "" {
			words += " – *" + days + "*"
		}
		if where := place(i); where != "" {
			words += ", " + where
		}
		words += "\n" + mrkdwn(sentence(itemCause(i)))
		if i.Fix != "" {
			words += " *Fix:* " + mrkdwn(sentence(i.Fix))
		}
		b := askButton("Why?", i.ARN)
		b.AccessibilityLabel = fitLabel("Why does "+i.Domain+" not renew?", "Why?")
		numberButtons([]*slack.ButtonBlockElement{b}, n)
		body = append(body, line(clip(words, 500), b))
	}
	foot := turnPage(s.Page, pages, ActionDigestPage, func(page int) string {
		t := s
		t.Page = page
		return t.Encode()
	})
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainText(title), Close: plainText("Close"),
		Blocks: slack.Blocks{BlockSet: fit(body, foot, viewSurface)},
	}
}
