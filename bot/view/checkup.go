package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose/checkup"
)

// The ids of the actions under a checkup: to make it again, and to show another
// page of it, in its place.
const (
	ActionCheckup     = "acm_checkup"
	ActionCheckupPage = "acm_checkup_page"
)

// troublesPerPage is how many troubles a page of a checkup tells of.
const troublesPerPage = 6

// A CheckupState is what the buttons under a checkup carry.
type CheckupState struct {
	ID   string // names the checkup that is turned over
	Page int    // from 0
}

type wireCheckup struct {
	Version int    `json:"v"`
	ID      string `json:"c"`
	Page    int    `json:"p"`
}

// Encode returns the state as a button's value.
func (s CheckupState) Encode() string {
	b, err := json.Marshal(wireCheckup{stateVersion, s.ID, s.Page})
	if err != nil {
		return ""
	}
	return string(b)
}

// ParseCheckupState reads a button's value. Its error is ErrStale.
func ParseCheckupState(value string) (CheckupState, error) {
	var w wireCheckup
	if err := json.Unmarshal([]byte(value), &w); err != nil || w.Version != stateVersion || w.ID == "" {
		return CheckupState{}, ErrStale
	}
	return CheckupState{w.ID, max(w.Page, 0)}, nil
}

// A CheckupShown is what a page of a checkup shows.
type CheckupShown struct {
	Report checkup.Report
	// ID names it, and is the request's that made it; the log has it, too.
	ID   string
	Page int
	Took time.Duration
}

var stateSigns = map[checkup.State]string{checkup.OK: "✅", checkup.Warning: "⚠️", checkup.Failed: "❌", checkup.Skipped: "➖"}

// A trouble is what is to be told in one entry: a check, or the permissions of
// one place that one thing puts right.
type trouble struct {
	checkup.Check
	whats   []checkup.Check
	regions []string // further ones of the account in which it is the same
}

// troubles are the checks that did not go well, the gravest first.
func troubles(r *checkup.Report) []trouble {
	var list []trouble
	for _, s := range []checkup.State{checkup.Failed, checkup.Warning, checkup.Skipped} {
		for _, c := range r.Checks {
			if c.State != s {
				continue
			}
			i := slices.IndexFunc(list, func(t trouble) bool {
				return c.Permission() && t.Permission() && t.State == c.State && t.Area == c.Area && t.Place() == c.Place() && policyOf(t.Fix) == policyOf(c.Fix)
			})
			if i < 0 {
				list = append(list, trouble{Check: c, whats: []checkup.Check{c}})
				continue
			}
			list[i].whats = append(list[i].whats, c)
		}
	}
	return acrossRegions(list)
}

// acrossRegions makes one of the troubles that an account has in several
// regions alike.
func acrossRegions(list []trouble) []trouble {
	var merged []trouble
	for _, t := range list {
		i := slices.IndexFunc(merged, func(m trouble) bool {
			return t.Region != "" && m.Region != "" && m.Area == t.Area && m.State == t.State && m.Account == t.Account && policyOf(m.Fix) == policyOf(t.Fix) &&
				slices.EqualFunc(m.whats, t.whats, func(a, b checkup.Check) bool { return a.What == b.What })
		})
		if i < 0 {
			merged = append(merged, t)
			continue
		}
		merged[i].regions = append(merged[i].regions, t.Region)
	}
	return merged
}

// policyOf is what a fix says apart from the action that it allows; all of it
// where it is about something else.
func policyOf(fix string) string {
	action, rest, ok := strings.Cut(fix, ", ")
	if !ok || !strings.HasPrefix(action, "Allow ") {
		return fix
	}
	return rest
}

// Checkup is one page of what was found about the bot itself.
func Checkup(c CheckupShown) Message {
	r := &c.Report
	all := troubles(r)
	pages := max((len(all)+troublesPerPage-1)/troublesPerPage, 1)
	page := min(max(c.Page, 0), pages-1)
	shown := all[page*troublesPerPage:]
	shown = shown[:min(len(shown), troublesPerPage)]

	title := checkupTitle(r)
	var d draft
	d.add(header(stateSigns[r.State] + " " + title))
	d.add(checkupAreas(r))
	for i := range shown {
		d.add(shown[i].block())
	}
	var buttons []*slack.ButtonBlockElement
	turn := func(to int, label string) {
		if to >= 0 && to < pages {
			buttons = append(buttons, button(ActionCheckupPage, label, fmt.Sprintf("Show page %d of %d", to+1, pages), CheckupState{c.ID, to}.Encode()))
		}
	}
	turn(page-1, "← Previous")
	turn(page+1, "Next →")
	numberButtons(buttons, 0)
	print := []string{"As of " + moment(r.At), fmt.Sprintf("%d checks in %.1f s", len(r.Checks), c.Took.Seconds()), "acmbot " + code(r.Version), "Request " + code(c.ID)}
	if pages > 1 {
		print = append([]string{fmt.Sprintf("Page %d of %d", page+1, pages)}, print...)
	}
	d.end(small(print...), actions(append([]*slack.ButtonBlockElement{runAgain("Run again")}, buttons...)...))

	lines := []string{stateSigns[r.State] + " " + title + "."}
	for i := range shown {
		lines = append(lines, shown[i].line())
	}
	s := messageSurface
	s.fold = "There is more than fits into a message: " + code("acmbot doctor") + " prints all of it."
	return Message{Text: clip(strings.Join(lines, "\n"), mostText), Blocks: fit(d.body, d.foot, s)}
}

// runAgain is the button that makes a checkup, in place of the message.
func runAgain(label string) *slack.ButtonBlockElement {
	return button(ActionCheckup, label, "Check the bot again", CheckupState{ID: "new"}.Encode())
}

func checkupTitle(r *checkup.Report) string {
	failing, improve := r.Count(checkup.Failed), r.Count(checkup.Warning)
	var parts []string
	if failing > 0 {
		parts = append(parts, fmt.Sprintf("%d failing", failing))
	}
	if improve > 0 {
		parts = append(parts, fmt.Sprintf("%d to improve", improve))
	}
	if len(parts) == 0 {
		return "I am set up right"
	}
	return "My setup: " + strings.Join(parts, ", ")
}

// checkupAreas says of each area how many of its checks went well.
func checkupAreas(r *checkup.Report) slack.Block {
	var items []inlines
	for i := 0; i < len(r.Checks); {
		area, n, worst := r.Checks[i].Area, i, checkup.Skipped
		counts := map[checkup.State]int{}
		for ; n < len(r.Checks) && r.Checks[n].Area == area; n++ {
			counts[r.Checks[n].State]++
		}
		for _, s := range []checkup.State{checkup.Failed, checkup.Warning, checkup.OK} {
			if counts[s] > 0 {
				worst = s
				break
			}
		}
		words := fmt.Sprintf(": %d of %d in order", counts[checkup.OK], n-i)
		if skipped := counts[checkup.Skipped]; skipped == n-i {
			words = ": not checked"
		} else if skipped > 0 {
			words += fmt.Sprintf(", %d not checked", skipped)
		}
		items = append(items, join(text(stateSigns[worst]+" "), bold(area), text(words)))
		i = n
	}
	block := rich{}
	block.bullets(items...)
	return block.block()
}

func (t *trouble) title() string {
	title := t.Area + ": " + t.What
	if len(t.whats) > 1 {
		title = fmt.Sprintf("%s: %d permissions", t.Area, len(t.whats))
	}
	place := t.Place()
	if len(t.regions) > 0 {
		one := t.Check
		one.Region = few(append([]string{t.Region}, t.regions...), mostRegions)
		place = one.Place()
	}
	if place != "" {
		title += " (" + place + ")"
	}
	return title
}

func (t *trouble) block() slack.Block {
	block := rich{}
	title := join(text(stateSigns[t.State]+" "), bold(t.title()))
	if t.Purpose != "" && len(t.whats) == 1 {
		title = join(title, text(" – for "+t.Purpose))
	}
	block.para(title)
	if len(t.whats) == 1 {
		block.para(spoken(sentence(t.Detail)))
	} else {
		var items []inlines
		for i, w := range t.whats {
			if i == mostWhats && len(t.whats) > mostWhats+1 {
				items = append(items, text(fmt.Sprintf("and %d more", len(t.whats)-i)))
				break
			}
			items = append(items, join(literal(w.What), text(" – for "+w.Purpose)))
		}
		block.bullets(items...)
		if t.alike() {
			block.para(spoken(sentence(t.Detail)))
		}
	}
	if fix := t.fix(); fix != "" {
		block.para(text("→ "), spoken(sentence(fix)))
	}
	return block.block()
}

// mostRegions is how many regions of one trouble are named.
const mostRegions = 4

// mostWhats is how many permissions of one place are named.
const mostWhats = 8

// fix is what to do; for several permissions at once it names none of them.
func (t *trouble) fix() string {
	if rest := policyOf(t.Fix); len(t.whats) > 1 && rest != t.Fix {
		return "Allow them, " + rest
	}
	return t.Fix
}

// alike reports whether one text tells how it is with each of the permissions.
func (t *trouble) alike() bool {
	return !slices.ContainsFunc(t.whats, func(c checkup.Check) bool { return c.Detail != t.Detail })
}

func (t *trouble) line() string {
	words := t.Detail
	if len(t.whats) > 1 && !t.alike() {
		words = fmt.Sprintf("%d permissions do not work", len(t.whats))
	}
	return stateSigns[t.State] + " " + mrkdwn(t.title()) + ": " + mrkdwn(sentence(words))
}

// CheckupProgress is shown while a checkup is made.
func CheckupProgress(p checkup.Progress) Message {
	words := "⏳ Checking how I am set up: Slack, AWS, DNS, what I keep …"
	if p.Total > 0 && p.Done > 0 {
		words = fmt.Sprintf("⏳ %d of %d done. Waiting for %s …", p.Done, p.Total, few(p.Waiting, 4))
	}
	return Notice(words)
}

// CheckupGone says that a checkup was forgotten.
func CheckupGone() Message {
	var d draft
	block := rich{}
	block.para(text("I do not have that checkup any more: I keep the last few until I am restarted."))
	d.add(block.block())
	d.end(actions(runAgain("Run again")))
	return d.message("I do not have that checkup any more.")
}
