package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/alert"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose"
)

// The ids of the actions of alerts, which never change either.
const (
	ActionAlertList = "acm_alert_list" // open the list of a wave's certificates
	ActionAlertPage = "acm_alert_page" // turn its page
)

// An AlertState is what the button of a wave carries.
type AlertState struct {
	Channel string `json:"c"`
	Thread  string `json:"t"`
	Page    int    `json:"p,omitempty"`
}

// Encode returns the state as a button's value.
func (s AlertState) Encode() string {
	return encode(s)
}

// ParseAlertState reads a button's value. Its error is ErrStale.
func ParseAlertState(value string) (AlertState, error) {
	var s AlertState
	if err := json.Unmarshal([]byte(value), &s); err != nil || s.Channel == "" || s.Thread == "" || s.Page < 0 {
		return AlertState{}, ErrStale
	}
	return s, nil
}

// AlertOptions say where an alert stands.
type AlertOptions struct {
	// Channel is the channel's id, Thread that of the alert.Thread.
	Channel, Thread string
}

// Alert is the first message of an alert's thread, as its certificates are now.
// What it is posted for is nil where it is brought up to date.
func Alert(c alert.Card, n *alert.Notice, o AlertOptions) Message {
	if c.Wave != nil {
		return waveAlert(c, n, o)
	}
	i := c.Item
	lead := alertLead(c)
	lines := []string{pings(n) + lead}
	var print []string
	if c.Status.Trouble() {
		lines = append(lines, alertCause(i))
		if fix := alertFix(c); fix != "" {
			lines = append(lines, fix)
		}
		print = append(print, "Seen "+moment(c.Since))
		if !i.NotAfter.IsZero() && i.NotAfter.After(c.Since) {
			print = append(print, "ends on "+day(i.NotAfter))
		}
	} else {
		print = append(print, "In trouble from "+moment(c.Since)+" to "+moment(c.Over))
		if i.Title != "" {
			print = append(print, mrkdwn(i.Title))
		}
	}
	if where := place(i); where != "" {
		print = append(print, where)
	}
	if c.Alerts > 1 {
		print = append(print, "alert no. "+fmt.Sprint(c.Alerts))
	}
	var buttons []*slack.ButtonBlockElement
	if c.Status != alert.Gone {
		b := askButton("Why?", i.ARN)
		b.AccessibilityLabel = fitLabel("Show the whole answer for "+i.Domain, "Why?")
		buttons = append(buttons, b)
	}
	if c.Status.Trouble() {
		s := State{Query: i.Domain, ARN: i.ARN, Verdict: i.Verdict, NotAfter: i.NotAfter, Certificate: tail(i.ARN)}
		if i.Cause != "" {
			s.Causes = countCauses([]diagnose.CauseID{i.Cause})
		}
		buttons = append(buttons, watchButton(i.Domain, s), snoozeButton(i.Domain, s))
	}
	return note(clip(strings.Join(lines, "\n"), mostSection), []string{strings.Join(print, " · ")}, buttons...)
}

// alertLead says how a single certificate is.
func alertLead(c alert.Card) string {
	name := code(c.Item.Domain)
	left := ""
	if d := c.Item.DaysLeft; d != nil && *d >= 0 {
		left = " – *" + daysWords(d) + "*"
	}
	switch c.Status {
	case alert.Pending:
		return "⛔ *The renewal of " + name + " waits for somebody*" + left
	case alert.Failed:
		return "⛔ *The renewal of " + name + " has failed*" + left
	case alert.Ending:
		return "⏰ *" + name + " ends soon and is not renewed*" + left
	case alert.Expired:
		return "🚨 *" + name + " has expired, and is still in use*"
	case alert.Revoked:
		return "🚨 *" + name + " was revoked, and is still in use*"
	case alert.Renewed:
		words := "✅ *" + name + " has renewed*: valid until " + day(c.Item.NotAfter)
		if !c.Before.IsZero() {
			words += ", instead of " + day(c.Before)
		}
		return words + "."
	case alert.Gone:
		return "❔ *The certificate for " + name + " is gone*: ACM has it no more."
	case alert.Elsewhere:
		return "↪️ *" + name + " is another channel's now*, by its tags or the routes."
	default:
		return "✅ *" + name + " is out of trouble*, without having been renewed."
	}
}

// alertCause is the cause in half a sentence.
func alertCause(i digest.Item) string {
	if i.Title == "" {
		return "The cause cannot be told yet."
	}
	return mrkdwn(sentence(i.Title))
}

// alertFix is the way out in a line, "" where none is known. What has ended
// cannot be renewed any more.
func alertFix(c alert.Card) string {
	switch {
	case c.Status == alert.Expired && c.Item.Cause != digest.Imported:
		return "*Fix:* Request a new certificate and put it in its place: ACM does not renew one that has expired."
	case c.Status == alert.Revoked:
		return "*Fix:* Request a new certificate and put it in its place: a revoked one is never valid again."
	case c.Item.Fix != "":
		return "*Fix:* " + mrkdwn(sentence(c.Item.Fix))
	}
	return ""
}

// pings name those who have to know. The groups' ids come from the settings,
// the people's from Slack; both are checked again here: nothing else in an alert
// can ping.
func pings(n *alert.Notice) string {
	if n == nil {
		return ""
	}
	var words strings.Builder
	for _, g := range n.Groups {
		if digest.GroupID.MatchString(g) {
			words.WriteString("<!subteam^" + g + "> ")
		}
	}
	for _, u := range n.Users {
		if userID.MatchString(u) {
			words.WriteString("<@" + u + "> ")
		}
	}
	return words.String()
}

// AlertNews is what an alert's thread is told next.
func AlertNews(n alert.Notice, o AlertOptions) Message {
	if n.Card.Wave != nil {
		return waveNews(n, o)
	}
	c, i := n.Card, n.Card.Item
	name := code(i.Domain)
	has := func(news alert.News) bool { return slices.Contains(n.News, news) }
	var lines, print []string
	switch {
	case has(alert.NewsOver):
		lines = append(lines, alertLead(c))
		if c.Status == alert.Renewed && i.Title != "" {
			print = append(print, "It took "+spanWords(c.Over.Sub(c.Since))+" · "+mrkdwn(i.Title))
		}
	default:
		lead := ""
		switch {
		case has(alert.NewsWorse):
			lead = alertLead(c)
		case has(alert.NewsThreshold):
			lead = "⏰ *" + upper(daysWords(i.DaysLeft)) + "*, and " + name + " is not renewed"
		case has(alert.NewsAgain):
			lead = alertLead(c)
		case has(alert.NewsCause):
			lead = "⚠️ " + name + " has another cause now"
		default:
			lead = alertLead(c)
		}
		if has(alert.NewsAgain) {
			lead = "🔁 *Again*: " + lead
		}
		lines = append(lines, lead, alertCause(i))
		if has(alert.NewsCause) && n.Was != "" && n.Was != i.Title {
			print = append(print, "Before: "+mrkdwn(n.Was))
		}
		if fix := alertFix(c); fix != "" {
			lines = append(lines, fix)
		}
		if has(alert.NewsAgain) {
			print = append(print, flapping(n))
		}
	}
	return note(pings(&n)+clip(strings.Join(lines, "\n"), mostSection), []string{strings.Join(print, " · ")})
}

// flapping says how an alert that comes and goes is told.
func flapping(n alert.Notice) string {
	return fmt.Sprintf("Alert no. %d: it comes and goes, so I tell it at most every %s now", n.Card.Alerts, spanWords(n.Gap))
}

func spanWords(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return "a minute"
	case d < time.Hour:
		return diagnose.Plural(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return diagnose.Plural(int(d/time.Hour), "hour")
	default:
		return diagnose.Plural(int(d/(24*time.Hour)), "day")
	}
}

// waveOf is what a wave's certificates have in common, as a noun phrase.
func waveOf(c alert.Card, n int) string {
	words := diagnose.Plural(n, "certificate")
	switch w := c.Wave; {
	case w.Zone != "":
		words += " in the zone " + code(w.Zone)
	case w.Account != "":
		words += " of account " + code(w.Account)
	}
	return words
}

// fates are how the certificates of a wave that are out of trouble got there.
func fates(c alert.Counts) string {
	var parts []string
	for _, p := range []struct {
		n     int
		words string
	}{{c.Renewed, "renewed"}, {c.Well, "out of trouble without it"}, {c.Gone, "gone"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.words))
		}
	}
	return diagnose.Conjoin(parts)
}

// waveLead says how a wave is, in a line.
func waveLead(c alert.Card) string {
	n := c.Counts
	if n.Open == 0 {
		if n.Renewed == n.All && c.Wave.Zone == "" && c.Wave.Account == "" && c.Wave.Title == "" {
			return "✅ *" + diagnose.Plural(n.All, "certificate") + " have renewed*"
		}
		return "✅ *It is over: " + waveOf(c, n.All) + "* – " + fates(n)
	}
	words := "⛔"
	if n.Down > 0 {
		words = "🚨"
	}
	words += " *" + waveOf(c, n.All) + " got into trouble with one cause*"
	if n.Open < n.All {
		words += " – " + wayOut(n)
	}
	return words
}

// wayOut is how many certificates of a wave are out of trouble, and how.
func wayOut(n alert.Counts) string {
	if done := n.All - n.Open; n.Renewed == done {
		return fmt.Sprintf("%d of %d renewed", done, n.All)
	}
	return fmt.Sprintf("%d of %d are out of it: %s", n.All-n.Open, n.All, fates(n))
}

func waveAlert(c alert.Card, n *alert.Notice, o AlertOptions) Message {
	var d draft
	lines := []string{pings(n) + waveLead(c)}
	if c.Counts.Open > 0 {
		lines = append(lines, alertCause(digest.Item{Title: c.Wave.Title}))
		if c.Wave.Fix != "" {
			lines = append(lines, "*Fix:* "+mrkdwn(sentence(c.Wave.Fix)))
		} else if c.Wave.Owner != "" && c.Wave.Owner != diagnose.OwnerNobody {
			lines = append(lines, "*Fix:* each has its own; the list leads to it. Who can: "+mrkdwn(string(c.Wave.Owner))+".")
		}
	}
	words := clip(strings.Join(lines, "\n"), mostSection)
	d.add(line(words, nil))
	if top := topWords(c); top != "" {
		d.add(line(top, nil))
		words += "\n" + top
	}
	print := "Seen " + moment(c.Since)
	if c.Counts.Open == 0 {
		print = "From " + moment(c.Since) + " to " + moment(c.Over)
		if c.Wave.Title != "" {
			print += " · " + mrkdwn(c.Wave.Title)
		}
	}
	d.add(small(print))
	label := fmt.Sprintf("Show all %d", c.Counts.All)
	d.end(actions(button(ActionAlertList, label, label+" certificates of this alert", AlertState{Channel: o.Channel, Thread: o.Thread}.Encode())))
	return d.message(words)
}

// topWords are the most urgent certificates of a wave.
func topWords(c alert.Card) string {
	if c.Counts.Open == 0 {
		return ""
	}
	var parts []string
	for _, i := range c.Top {
		words := code(i.Domain)
		if days := daysWords(i.DaysLeft); days != "" {
			if *i.DaysLeft < 0 {
				days = "ended " + days
			}
			words += " (" + days + ")"
		}
		parts = append(parts, words)
	}
	words := "The most urgent: " + strings.Join(parts, ", ")
	if rest := c.Counts.Open - len(parts); rest > 0 {
		words += fmt.Sprintf(" and %d more", rest)
	}
	return words + "."
}

func waveNews(n alert.Notice, o AlertOptions) Message {
	c, was := n.Card, n.Counts
	now := c.Counts
	has := func(news alert.News) bool { return slices.Contains(n.News, news) }
	if has(alert.NewsOver) {
		return note(pings(&n)+waveLead(c)+".", []string{"It took " + spanWords(c.Over.Sub(c.Since))})
	}
	var lines, print []string
	if has(alert.NewsAgain) {
		lines = append(lines, fmt.Sprintf("🔁 *Again*: %d of %d are in trouble", now.Open, now.All))
		print = append(print, flapping(n))
	}
	if now.Down > was.Down {
		lines = append(lines, fmt.Sprintf("🚨 *%d of %d are down*: expired or revoked, and still in use", now.Down, now.All))
	}
	if now.Failed > was.Failed {
		lines = append(lines, fmt.Sprintf("⛔ *The renewal of %d of %d has failed*", now.Failed, now.All))
	}
	ends := slices.IndexFunc(c.Top, func(i digest.Item) bool { return i.DaysLeft != nil && *i.DaysLeft >= 0 })
	if has(alert.NewsThreshold) && ends >= 0 {
		lines = append(lines, "⏰ *The first of "+fmt.Sprint(now.Open)+" has "+daysWords(c.Top[ends].DaysLeft)+"*: "+code(c.Top[ends].Domain))
	}
	if has(alert.NewsCause) {
		lines = append(lines, "⚠️ *Most have another cause now*: "+alertCause(digest.Item{Title: c.Wave.Title}))
		if n.Was != "" {
			print = append(print, "Before: "+mrkdwn(n.Was))
		}
		if c.Wave.Fix != "" {
			lines = append(lines, "*Fix:* "+mrkdwn(sentence(c.Wave.Fix)))
		}
	}
	if now.All > was.All {
		lines = append(lines, fmt.Sprintf("➕ %d more with this cause: %d in all", now.All-was.All, now.All))
	}
	if done, before := now.All-now.Open, was.All-was.Open; done != before && !has(alert.NewsAgain) {
		lines = append(lines, "📈 "+wayOut(now)+fmt.Sprintf("; %d to go", now.Open))
	}
	if len(lines) == 0 {
		lines = append(lines, waveLead(c))
	}
	if n.Gap > 0 && has(alert.NewsProgress) {
		print = append(print, "More in "+spanWords(n.Gap)+" at the earliest, unless it gets worse or is over")
	}
	label := fmt.Sprintf("Show all %d", now.All)
	return note(pings(&n)+clip(strings.Join(lines, "\n"), mostSection), []string{strings.Join(print, " · ")},
		button(ActionAlertList, label, label+" certificates of this alert", AlertState{Channel: o.Channel, Thread: o.Thread}.Encode()))
}

// AlertList is one page of the certificates of an alert, as a modal.
func AlertList(list []*alert.Incident, s AlertState) slack.ModalViewRequest {
	if len(list) == 0 {
		return slack.ModalViewRequest{
			Type: slack.VTModal, Title: plainText("Alert"), Close: plainText("Close"),
			Blocks: slack.Blocks{BlockSet: []slack.Block{line("This alert is over for a while: its list is not kept any more.", nil)}},
		}
	}
	pages := (len(list) + digestRows - 1) / digestRows
	s.Page = min(s.Page, pages-1)
	from := s.Page * digestRows
	open := 0
	for _, i := range list {
		if i.Open() {
			open++
		}
	}
	body := []slack.Block{small(diagnose.Plural(len(list), "certificate") + fmt.Sprintf(", %d of them in trouble, in front. ", open) + "_Why?_ sends you the whole answer.")}
	for n, i := range list[from:min(from+digestRows, len(list))] {
		words := sign(i.Item.Verdict) + " " + code(i.Item.Domain)
		if days := daysWords(i.Item.DaysLeft); days != "" && i.Open() {
			words += " – *" + days + "*"
		}
		if where := place(i.Item); where != "" {
			words += ", " + where
		}
		switch {
		case i.Status == alert.Renewed:
			words = "✅ " + code(i.Item.Domain) + ": renewed, valid until " + day(i.Item.NotAfter)
		case i.Status == alert.Gone:
			words = "❔ " + code(i.Item.Domain) + ": gone"
		case i.Status == alert.Elsewhere:
			words = "↪️ " + code(i.Item.Domain) + ": another channel's now"
		case !i.Open():
			words = "✅ " + code(i.Item.Domain) + ": out of trouble"
		default:
			words += "\n" + alertCause(i.Item)
			if i.Item.Fix != "" {
				words += " *Fix:* " + mrkdwn(sentence(i.Item.Fix))
			}
		}
		var b *slack.ButtonBlockElement
		if i.Status != alert.Gone {
			b = askButton("Why?", i.Item.ARN)
			b.AccessibilityLabel = fitLabel("Show the whole answer for "+i.Item.Domain, "Why?")
			numberButtons([]*slack.ButtonBlockElement{b}, n)
		}
		body = append(body, line(clip(words, 500), b))
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainText("Certificates"), Close: plainText("Close"),
		Blocks: slack.Blocks{BlockSet: fit(body, turnPage(s.Page, pages, ActionAlertPage, func(page int) string {
			t := s
			t.Page = page
			return t.Encode()
		}), viewSurface)},
	}
}
