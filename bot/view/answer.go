package view

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/fix"
)

// Options say how an answer is to be shown.
type Options struct {
	// Public marks an answer for all to see; one that is not offers to be
	// shared.
	Public bool
	// SharedBy is the user id of the one who shared it, "" for nobody.
	SharedBy string
	// Since is what the message said before, after a re-check; nil for none.
	Since *State
	// Follow offers to watch and to snooze the certificate; Snooze is the
	// snooze of it, nil for none.
	Follow bool
	Snooze *watch.Snooze
	// Fixes are the kinds of fix that are offered where one helps.
	Fixes []fix.Kind
}

const (
	shownNames  = 5 // names in trouble
	shownOthers = 4 // other certificates for the name
	shownUnseen = 3
	shownUses   = 3
)

var userID = regexp.MustCompile(`^[A-Z0-9]{2,32}$`)

// Answer is the answer to a question.
func Answer(a diagnose.Answer, o Options) Message {
	if len(a.Reports) == 0 {
		return nothing(a, o)
	}
	return report(a, o)
}

func report(a diagnose.Answer, o Options) Message {
	r := &a.Reports[0]
	subject := subjectOf(r)
	state := stateOf(a, o)
	change := changeSince(o.Since, state)
	var d draft

	d.add(header(headline(r)))
	d.add(small(sharedBy(o), change), small(snoozed(o, r)))

	groups := groupByCause(r.Findings, askedName(a, r))
	if len(groups) == 0 {
		opening := rich{}
		opening.para(spoken(sentence(r.Headline)))
		d.add(opening.block())
	}
	told := map[string]bool{}
	for i, g := range groups {
		if i == shownGroups {
			d.add(otherCauses(groups[i:]))
			break
		}
		number := 0
		if len(groups) > 1 {
			number = i + 1
		}
		block := rich{}
		writeGroup(&block, g, number, told)
		d.add(block.block())
	}

	d.add(namesBlock(r, askedName(a, r)))
	d.add(consequences(r))
	d.add(unseenBlock("Could not be checked", unseenOf(a, r)))
	d.add(where(a, r))
	d.add(others(a)...)

	buttons := []*slack.ButtonBlockElement{recheckButton(subject, state), evidenceButton(subject, state)}
	if !o.Public {
		buttons = append(buttons, shareButton(subject, state))
	}
	buttons = append(buttons, copyButton(subject, r.Findings, state))
	buttons = append(fixButtons(a, r, o, state), buttons...)
	buttons = append(buttons, followButtons(subject, state, r, o)...)
	d.end(actions(append(buttons, consoleButton(subject, r.ConsoleURL))...))
	return d.message(reportText(a, r, o, change))
}

// headline is the header: the verdict and the days left first, so that they
// show even where the rest is cut.
func headline(r *diagnose.Report) string {
	short := sign(r.Verdict) + " " + verdictLine(r)
	if whole := short + ": " + subjectOf(r); len([]rune(whole)) <= mostHeader {
		return whole
	}
	return short
}

func sharedBy(o Options) string {
	if !userID.MatchString(o.SharedBy) {
		return ""
	}
	return "Shared by <@" + o.SharedBy + ">"
}

// reportText is the whole verdict in words.
func reportText(a diagnose.Answer, r *diagnose.Report, o Options, change string) string {
	lines := []string{sign(r.Verdict) + " " + code(subjectOf(r)) + ": " + mrkdwn(sentence(r.Headline))}
	if by := sharedBy(o); by != "" {
		lines = append(lines, by+".")
	}
	if change != "" {
		lines = append(lines, change)
	}
	if line := snoozed(o, r); line != "" {
		lines = append(lines, line)
	}
	for i, g := range groupByCause(r.Findings, askedName(a, r)) {
		if i == shownGroups {
			break
		}
		f := g.findings[0]
		cause, next := "Cause: ", " Fix: "
		if f.Owner == diagnose.OwnerNobody || f.Severity == diagnose.Notice {
			cause, next = "", " "
		}
		line := cause + mrkdwn(sentence(f.Text))
		if fix := fixText(g); fix != "" {
			line += next + fix
		}
		lines = append(lines, line)
	}
	if unseen := unseenOf(a, r); len(unseen) > 0 {
		var list []string
		for _, u := range unseen {
			list = append(list, unseenText(u))
		}
		lines = append(lines, "Not checked: "+few(list, shownUnseen)+".")
	}
	if n := len(a.Reports) - 1 + len(a.More); n > 0 {
		lines = append(lines, "Other certificates for this name: "+strconv.Itoa(n)+".")
	}
	return strings.Join(lines, "\n")
}

func otherCauses(groups []group) slack.Block {
	var items []inlines
	for _, g := range groups {
		item := titleLine(g.findings[0])
		if fix := g.findings[0].Remedy.Summary; fix != "" {
			item = join(item, text(": "), spoken(sentence(fix)))
		}
		items = append(items, item)
	}
	block := rich{}
	block.para(bold("Also"), text(" (Show evidence has the details):"))
	block.bullets(items...)
	return block.block()
}

func troubled(names []diagnose.NameState) []diagnose.NameState {
	return slices.DeleteFunc(slices.Clone(names), func(n diagnose.NameState) bool { return n.OK })
}

// namesBlock tells the state of the names in trouble, the one that was asked for
// first, and counts the others.
func namesBlock(r *diagnose.Report, asked string) slack.Block {
	bad := troubled(r.Names)
	slices.SortStableFunc(bad, func(a, b diagnose.NameState) int { return trueFirst(a.Name == asked, b.Name == asked) })
	if len(bad) == 0 {
		return nil
	}
	var items []inlines
	for i, n := range bad {
		if i == shownNames && len(bad) > shownNames+1 {
			items = append(items, text(fmt.Sprintf("and %d more", len(bad)-i)))
			break
		}
		items = append(items, nameLine(n))
	}
	block := rich{}
	if len(r.Names) == 1 {
		block.para(items[0])
		return block.block()
	}
	need := "need"
	if len(bad) == 1 {
		need = "needs"
	}
	block.para(bold(fmt.Sprintf("%d of %d names on the certificate %s attention", len(bad), len(r.Names), need)))
	block.bullets(items...)
	if good := len(r.Names) - len(bad); good > 0 {
		word := "in order"
		if allValidated(r.Names) {
			word = "validated"
		}
		switch good {
		case 1:
			block.para(text("✅ The other one is " + word + "."))
		default:
			block.para(text(fmt.Sprintf("✅ %d others are %s.", good, word)))
		}
	}
	return block.block()
}

// allValidated reports whether ACM calls every name in order validated.
func allValidated(names []diagnose.NameState) bool {
	return !slices.ContainsFunc(names, func(n diagnose.NameState) bool { return n.OK && n.ACM != diagnose.NameSuccess })
}

// nameLine is one name's state.
func nameLine(n diagnose.NameState) inlines {
	mark := "❌ "
	if n.OK {
		mark = "✅ "
	}
	line := join(text(mark), literal(n.Name))
	var notes inlines
	note := func(parts ...inlines) {
		if len(notes) > 0 {
			notes = join(notes, text("; "))
		}
		notes = join(notes, join(parts...))
	}
	for _, id := range n.Causes {
		note(spoken(causeTitle(id)))
	}
	if n.ACM != "" {
		note(text("ACM: "), literal(n.ACM))
	}
	if n.Seen != "" {
		note(text("seen: "), spoken(n.Seen))
	}
	if len(notes) == 0 {
		notes = text("needs attention")
		if n.OK {
			notes = text("in order")
		}
	}
	return join(line, text(" – "), notes)
}

func consequences(r *diagnose.Report) slack.Block {
	if len(r.Consequences) == 0 {
		return nil
	}
	var list []string
	for _, id := range r.Consequences {
		list = append(list, mrkdwn(causeTitle(id)))
	}
	return small("Follows from the above, and goes away with it: " + strings.Join(list, "; ") + ".")
}

// unseenBlock lists what could not be seen, under a title.
func unseenBlock(title string, list []diagnose.Unseen) slack.Block {
	if len(list) == 0 {
		return nil
	}
	var items []inlines
	for i, u := range list {
		if i == shownUnseen && len(list) > shownUnseen+1 {
			items = append(items, text(fmt.Sprintf("and %d more: press Show evidence.", len(list)-i)))
			break
		}
		items = append(items, unseenLine(u))
	}
	block := rich{}
	block.para(bold(title))
	block.bullets(items...)
	return block.block()
}

// where is the small print: which certificate, who uses it, when it was looked
// at and how.
func where(a diagnose.Answer, r *diagnose.Report) slack.Block {
	c := &r.Certificate
	var place []string
	if c.Account != "" {
		place = append(place, "account "+code(c.Account))
	}
	if c.Region != "" {
		place = append(place, "region "+code(c.Region))
	}
	if c.DomainName != "" && c.DomainName != subjectOf(r) {
		place = append(place, "certificate "+code(c.DomainName))
	}
	until := ""
	if !c.NotAfter.IsZero() {
		until = "Valid until " + day(c.NotAfter)
		if r.DaysLeft != nil && *r.DaysLeft < 0 {
			until = "Was valid until " + day(c.NotAfter)
		}
	}
	return small(until, upper(strings.Join(place, ", ")), upper(usedBy(c)), checked(a, r))
}

func usedBy(c *diagnose.Certificate) string {
	if len(c.InUseBy) == 0 {
		if c.Exported != nil && *c.Exported {
			return "used by no AWS service, but exported"
		}
		return "not in use"
	}
	var list []string
	for _, arn := range c.InUseBy {
		list = append(list, code(diagnose.ResourceName(arn)))
	}
	return "in use by " + few(list, shownUses)
}

func checked(a diagnose.Answer, r *diagnose.Report) string {
	at := r.At
	if at.IsZero() {
		at = a.At
	}
	s := "Checked " + moment(at)
	facts := factsOf(a, r)
	if facts == nil || len(facts.DNS.Lookups) == 0 {
		return s
	}
	s += ", DNS from the root servers down"
	if n := len(facts.DNS.Resolvers); n > 0 {
		s += " and through " + diagnose.Plural(n, "public resolver")
	}
	return s
}

// factsOf are the facts that a report rests on, nil where the answer has none.
func factsOf(a diagnose.Answer, r *diagnose.Report) *diagnose.Facts {
	for i := range a.Facts {
		if a.Facts[i].Certificate.ARN == r.Certificate.ARN {
			return &a.Facts[i]
		}
	}
	return nil
}

// others are the other certificates for the name, a line and a button each.
func others(a diagnose.Answer) []slack.Block {
	type entry struct{ line, arn string }
	var list []entry
	for i := range a.Reports {
		if i == 0 {
			continue
		}
		r := &a.Reports[i]
		use := "not in use"
		if r.Certificate.InUse() {
			use = "in use"
		}
		list = append(list, entry{
			line: sign(r.Verdict) + " " + verdictLine(r) + ": " + refWords(r.Certificate.Ref()) + ", " + use,
			arn:  r.Certificate.ARN,
		})
	}
	for _, ref := range a.More {
		line := refWords(ref)
		if ref.Status != "" {
			line += ", " + code(ref.Status)
		}
		list = append(list, entry{line: line + ", not diagnosed", arn: ref.ARN})
	}
	if len(list) == 0 {
		return nil
	}
	blocks := []slack.Block{small("*Other certificates for this name*")}
	for i, e := range list {
		if i == shownOthers && len(list) > shownOthers+1 {
			blocks = append(blocks, small(fmt.Sprintf("and %d more", len(list)-i)))
			break
		}
		b := askButton("Why?", e.arn)
		numberButtons([]*slack.ButtonBlockElement{b}, i)
		blocks = append(blocks, line(e.line, b))
	}
	return blocks
}

func refWords(ref diagnose.CertificateRef) string {
	s := code(ref.DomainName)
	if ref.Account != "" {
		s += " in account " + code(ref.Account)
	}
	if ref.Region != "" {
		s += ", " + code(ref.Region)
	}
	return s
}
