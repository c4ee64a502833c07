package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/diagnose"
)

func watchButton(subject string, s State) *slack.ButtonBlockElement {
	return button(ActionWatch, "Watch", "Tell me when "+subject+" renews or gets worse", s.Encode())
}

func unwatchButton(w watch.Watch) *slack.ButtonBlockElement {
	return button(ActionUnwatch, "Unwatch", "Stop watching "+w.Name, State{Query: w.Query, Watch: w.ID}.Encode())
}

// member is a mention of a person, who is told by it; an id that is none
// becomes text.
func member(id string) string {
	if !userID.MatchString(id) {
		return code(id)
	}
	return "<@" + id + ">"
}

func members(ids []string) string {
	var list []string
	for _, id := range ids {
		list = append(list, member(id))
	}
	return few(list, 8)
}

// seenWords is what was seen, in a line: "⛔ Renewal blocked, 12 days left".
func seenWords(s watch.Seen, at time.Time) string {
	if s.Verdict == "" {
		return "not looked at yet"
	}
	words := sign(s.Verdict) + " " + verdictWords(s.Verdict, s.State)
	days, ok := s.Days(at)
	if !ok {
		return words
	}
	if left := daysWords(&days); days >= 0 {
		return words + ", " + left
	} else if s.State != diagnose.StateExpired {
		return words + ", expired " + left
	} else {
		return words + " " + left
	}
}

func causeWords(ids []diagnose.CauseID) string {
	var list []string
	for _, id := range ids {
		list = append(list, mrkdwn(causeTitle(id)))
	}
	return few(list, 4)
}

// short message of escaped mrkdwn, with buttons and small print.
func note(words string, print []string, buttons ...*slack.ButtonBlockElement) Message {
	var d draft
	d.add(line(words, nil), small(print...))
	d.end(actions(buttons...))
	return d.message(words)
}

// WatchCard is the message that says that a certificate is watched, or snoozed,
// or was.
func WatchCard(w watch.Watch) Message {
	if w.Snooze != nil {
		return snoozeCard(w)
	}
	name := code(w.Name)
	if w.Over != "" {
		return note(watchOver(w), []string{"Watched from " + moment(w.Since)})
	}
	where := "in this thread"
	if w.Place.Direct() {
		where = "here"
	}
	words := "👀 Watching " + name + " for " + members(w.Users) + ". I tell you " + where + " when it renews, and when it gets worse."
	state := "Now: " + seenWords(w.Last, latest(w))
	if len(w.Last.Causes) > 0 {
		state += " (" + causeWords(w.Last.Causes) + ")"
	}
	soon := ""
	if !w.Fixed.IsZero() {
		soon = "Something was changed at " + moment(w.Fixed) + "; I look again every few minutes"
	}
	return note(words, []string{state, soon, "Until " + moment(w.Until) + " at the latest"}, unwatchButton(w))
}

func latest(w watch.Watch) time.Time {
	if w.Looked.After(w.Since) {
		return w.Looked
	}
	return w.Since
}

func watchOver(w watch.Watch) string {
	name := code(w.Name)
	switch w.Over {
	case watch.EndRenewed:
		return "✅ " + name + " has renewed; I watch it no longer."
	case watch.EndInOrder:
		return "✅ " + name + " is in order; I watch it no longer."
	case watch.EndExpired:
		return "🚨 " + name + " has expired; I watch it no longer."
	case watch.EndGone:
		return "❔ The certificate for " + name + " is gone; I watch it no longer."
	case watch.EndTime:
		return "⌛ I have watched " + name + " long enough; I watch it no longer."
	case watch.EndLeft, watch.EndWorse:
	}
	by := ""
	if w.OverBy != "" {
		by = ", by " + member(w.OverBy)
	}
	return "Not watched any more: " + name + by + "."
}

// WatchNews is the notice that a watch has to tell.
func WatchNews(w watch.Watch) Message {
	n := w.Notice
	if n == nil {
		return WatchCard(w)
	}
	name := code(w.Name)
	now := n.Now
	var words string
	print := []string{"Now: " + seenWords(now, n.At)}
	buttons := []*slack.ButtonBlockElement{askButton("Why?", w.Query)}
	state := State{Query: w.Query, ARN: w.ARN, Verdict: now.Verdict, At: n.At, NotAfter: now.NotAfter, Causes: countCauses(now.Causes)}
	switch n.News {
	case watch.NewsRenewed:
		what := "has renewed"
		if n.Before.NotAfter.IsZero() {
			what = "has been issued"
		}
		words = "✅ " + name + " " + what + ". It is valid until " + day(now.NotAfter) + " now"
		if !n.Before.NotAfter.IsZero() {
			words += "; that was " + day(n.Before.NotAfter)
		}
		words += "."
		if len(now.Causes) > 0 {
			words += " What remains: " + causeWords(now.Causes) + "."
		}
	case watch.NewsInOrder:
		words = "✅ " + name + " is in order now: nothing stands in the way of its renewal any more."
	case watch.NewsWorse:
		words = "⚠️ It got worse with " + name + "."
		if len(n.Causes) > 0 {
			words += " New: " + causeWords(n.Causes) + "."
		}
		if n.Before.Verdict != now.Verdict {
			words += " It was “" + strings.ToLower(verdictWords(n.Before.Verdict, n.Before.State)) + "” and is “" + strings.ToLower(verdictWords(now.Verdict, now.State)) + "” now."
		}
	case watch.NewsDays:
		days, _ := now.Days(n.At)
		words = "⏰ " + name + " has not renewed yet: " + daysWords(&days) + "."
		if len(now.Causes) > 0 {
			words += " Still so: " + causeWords(now.Causes) + "."
		}
	case watch.NewsExpired:
		words = "🚨 " + name + " has expired without being renewed. ACM does not renew an expired certificate; request a new one."
		if len(now.Causes) > 0 {
			words += " The cause: " + causeWords(now.Causes) + "."
		}
	case watch.NewsGone:
		words = "❔ The certificate that was watched for " + name + " is not in ACM any more: somebody deleted it."
		print = nil
	case watch.NewsTime:
		words = fmt.Sprintf("⌛ %s has not renewed in the %d days that I have watched it. This is my last word on it.", name, int(watch.Lasts/(24*time.Hour)))
		buttons = append(buttons, watchButton(w.Name, state))
	}
	if w.Snooze != nil {
		words, print = snoozeNews(w, words)
		buttons = append(buttons, snoozeButton(w.Name, state))
	} else if n.News == watch.NewsWorse || n.News == watch.NewsDays {
		buttons = append(buttons, unwatchButton(w))
	}
	if !w.Place.Direct() && len(w.Users) > 0 {
		words = members(w.Users) + " " + words
	}
	return note(words, print, buttons...)
}

func countCauses(ids []diagnose.CauseID) map[diagnose.CauseID]int {
	if len(ids) == 0 {
		return nil
	}
	m := map[diagnose.CauseID]int{}
	for _, id := range ids {
		m[id] = 1
	}
	return m
}

// mostListed is how many watches or snoozes a list shows.
const mostListed = 20

// WatchList is a person's watches and snoozes, as blocks: for a message, and
// for the App Home.
func WatchList(watches []watch.Watch, snoozes []watch.Snooze) []slack.Block {
	blocks := []slack.Block{small("*Watched*")}
	if len(watches) == 0 {
		blocks = append(blocks, line("You watch no certificate. Press _Watch_ under an answer to be told when its certificate renews, or gets worse.", nil))
	}
	for i, w := range watches {
		if i == mostListed {
			blocks = append(blocks, small(fmt.Sprintf("and %d more", len(watches)-i)))
			break
		}
		b := unwatchButton(w)
		numberButtons([]*slack.ButtonBlockElement{b}, i)
		words := "👀 " + code(w.Name) + ": " + seenWords(w.Last, latest(w))
		if !w.Looked.IsZero() {
			words += "\nlooked at " + moment(w.Looked)
		}
		blocks = append(blocks, line(words, b))
	}
	blocks = append(blocks, small("*Snoozed*"))
	if len(snoozes) == 0 {
		blocks = append(blocks, line("You have snoozed nothing. Press _Snooze_ under an answer or an alert to be left alone with it for a while.", nil))
	}
	slices.SortFunc(snoozes, func(a, b watch.Snooze) int { return a.Until.Compare(b.Until) })
	for i, s := range snoozes {
		if i == mostListed {
			blocks = append(blocks, small(fmt.Sprintf("and %d more", len(snoozes)-i)))
			break
		}
		b := wakeButton(s)
		numberButtons([]*slack.ButtonBlockElement{b}, i)
		blocks = append(blocks, line("😴 "+code(s.Name)+": "+snoozeWords(s), b))
	}
	return blocks
}

// Watches is WatchList as a message.
func Watches(watches []watch.Watch, snoozes []watch.Snooze) Message {
	var d draft
	d.add(WatchList(watches, snoozes)...)
	var names []string
	for _, w := range watches {
		names = append(names, code(w.Name))
	}
	words := "You watch no certificate."
	if len(names) > 0 {
		words = "You watch " + few(names, 10) + "."
	}
	names = nil
	for _, s := range snoozes {
		names = append(names, code(s.Name))
	}
	if len(names) == 0 {
		return d.message(words + " You have snoozed nothing.")
	}
	return d.message(words + " You have snoozed " + few(names, 10) + ".")
}

// followButtons are Watch and Snooze, under answers that are not healthy.
func followButtons(subject string, s State, r *diagnose.Report, o Options) []*slack.ButtonBlockElement {
	if !o.Follow || r.Verdict == diagnose.VerdictHealthy || r.Certificate.ARN == "" {
		return nil
	}
	s.ARN, s.NotAfter, s.SharedBy = r.Certificate.ARN, r.Certificate.NotAfter, ""
	if o.Snooze != nil {
		return []*slack.ButtonBlockElement{watchButton(subject, s), wakeButton(*o.Snooze)}
	}
	return []*slack.ButtonBlockElement{watchButton(subject, s), snoozeButton(subject, s)}
}

// snoozed is the line about an answer's snooze, "" where there is none.
func snoozed(o Options, r *diagnose.Report) string {
	return snoozeLine(o.Snooze, o.Snooze != nil && o.Snooze.Holds(watch.See(r), r.At))
}
