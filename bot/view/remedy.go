package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
)

const (
	shownGroups   = 3 // causes told in full in a message
	shownRecords  = 3 // records of a cause told in full in a message
	shownSteps    = 6
	shownCommands = 2
	shownPresent  = 3
)

// A group is the findings of one cause.
type group struct {
	cause    diagnose.CauseID
	findings []diagnose.Finding
}

// groupByCause keeps the order in which the causes come. Within a cause, what
// concerns the name that was asked for comes first.
func groupByCause(findings []diagnose.Finding, asked string) []group {
	var groups []group
	at := map[diagnose.CauseID]int{}
	for _, f := range findings {
		i, ok := at[f.Cause]
		if !ok {
			i = len(groups)
			at[f.Cause] = i
			groups = append(groups, group{cause: f.Cause})
		}
		groups[i].findings = append(groups[i].findings, f)
	}
	for _, g := range groups {
		slices.SortStableFunc(g.findings, func(a, b diagnose.Finding) int {
			return trueFirst(slices.Contains(a.Names, asked), slices.Contains(b.Names, asked))
		})
	}
	return groups
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// askedName is the name on the certificate that the question was about, "" where
// it was about the certificate as a whole.
func askedName(a diagnose.Answer, r *diagnose.Report) string {
	return r.Certificate.CoveringName(a.Query.Domain)
}

// names are all names that the group concerns, each once.
func (g group) names() []string {
	var list []string
	seen := map[string]bool{}
	for _, f := range g.findings {
		for _, n := range f.Names {
			if !seen[n] {
				seen[n] = true
				list = append(list, n)
			}
		}
	}
	return list
}

// titleLine is a finding's title with what qualifies it.
func titleLine(f diagnose.Finding) inlines {
	var notes []string
	switch f.Confidence {
	case diagnose.Likely:
		notes = append(notes, "likely")
	case diagnose.Possible:
		notes = append(notes, "possible, not proven")
	}
	if f.Ahead {
		notes = append(notes, "does not hurt yet")
	}
	if f.Owner != "" && f.Owner != diagnose.OwnerNobody {
		notes = append(notes, "for the "+string(f.Owner))
	}
	title := f.Title
	if title == "" {
		title = string(f.Cause)
	}
	line := spokenBold(upper(title))
	if len(notes) > 0 {
		line = join(line, text(" ("+strings.Join(notes, "; ")+")"))
	}
	return line
}

// stepsOf are the steps that the record's own lines do not tell already, and
// that an earlier cause did not. Told collects what was told.
func stepsOf(m diagnose.Remedy, told map[string]bool) []inlines {
	var list []inlines
	for _, s := range m.Steps {
		record := m.Type == "CNAME" && mentions(s, m.Name) && mentions(s, m.Value)
		host := m.HostNote != "" && mentions(s, m.EnterName) && strings.Contains(s, m.HostNote)
		if m.Action != "" && (record || host) || told[s] {
			continue
		}
		told[s] = true
		list = append(list, spoken(s))
	}
	return list
}

func mentions(s, name string) bool {
	return name != "" && strings.Contains(s, "`"+name+"`")
}

// writeRecord writes a record to copy: what to do, then the name and the value,
// each in a block of its own, as the DNS host's form wants them and in full.
// The host's peculiarity is told with the first of several records.
func writeRecord(r *rich, f diagnose.Finding, withNames, first bool) {
	m := f.Remedy
	what := map[diagnose.RecordAction]string{
		diagnose.AddRecord:     "Add this record",
		diagnose.ReplaceRecord: "Make the record read",
		diagnose.RemoveRecord:  "Remove this record",
	}[m.Action]
	if what == "" {
		what = "The record"
	}
	line := bold(what)
	if m.Zone != "" {
		line = join(line, text(" in the zone "), literal(m.Zone))
	}
	if m.Host != "" {
		line = join(line, text(" at "+m.Host))
	}
	line = join(line, text(": type "), literal(m.Type))
	if m.TTL > 0 && m.Action != diagnose.RemoveRecord {
		line = join(line, text(fmt.Sprintf(", TTL %d seconds", m.TTL)))
	}
	if withNames && len(f.Names) > 0 {
		line = join(line, text(", for "), listed(f.Names, 3))
	}
	r.para(line)

	typed := "as " + m.Host + " wants it typed"
	if m.Host == "" {
		typed = "where the form adds the zone's name by itself"
	}
	if m.Action != diagnose.RemoveRecord && len(m.Present) > 0 {
		var items []inlines
		for i, rr := range m.Present {
			if i == shownPresent {
				items = append(items, text(fmt.Sprintf("and %d more", len(m.Present)-i)))
				break
			}
			items = append(items, join(literal(rr.Name), text(" "+rr.Type+" "), literal(rr.Value)))
		}
		label := "There now:"
		if m.Keeps() {
			label = "There now, and to be kept:"
		}
		r.para(text(label))
		r.bullets(items...)
	}
	if m.HostNote != "" && first {
		r.para(spoken(sentence(m.HostNote)))
	}
	writeField(r, "Name", typed, m.EnterName, m.Name)
	writeField(r, "Value", typed, m.EnterValue, m.Value)
	if m.HostURL != "" && len(m.HostURL) <= mostURL && first {
		label := "Open the zone"
		if m.Host != "" {
			label += " at " + m.Host
		}
		r.para(link(m.HostURL, label))
	}
}

func writeField(r *rich, label, typed, entered, whole string) {
	if entered != "" && entered != whole {
		r.para(text(label + ", " + typed + ":"))
		r.copyable(entered)
		r.para(text(label + " in full:"))
		r.copyable(whole)
		return
	}
	r.para(text(label + ":"))
	r.copyable(whole)
}

// listed is the first n of a list of names in code, and how many more.
func listed(names []string, n int) inlines {
	if len(names) <= n+1 {
		n = len(names)
	}
	var list inlines
	for i, name := range names[:n] {
		switch {
		case i == 0:
		case i == len(names)-1:
			list = join(list, text(" and "))
		default:
			list = join(list, text(", "))
		}
		list = join(list, literal(name))
	}
	if n < len(names) {
		list = join(list, text(fmt.Sprintf(" and %d more", len(names)-n)))
	}
	return list
}

// writeGroup tells a cause: its title, its text, and what to do. Of many records
// the first few are told, the others counted. Number is its place among several
// causes, 0 where it is the only one; told holds the steps told so far.
func writeGroup(r *rich, g group, number int, told map[string]bool) {
	first := g.findings[0]
	title := titleLine(first)
	if number > 0 {
		title = join(text(fmt.Sprintf("%d. ", number)), title)
	}
	r.para(title)
	r.para(spoken(sentence(first.Text)))
	if len(g.findings) > 1 {
		if names := g.names(); len(names) > 0 {
			r.para(text(fmt.Sprintf("The same holds %d times over, for ", len(g.findings))), listed(names, 3), text("."))
		}
	}
	m := first.Remedy
	records := 0
	for _, f := range g.findings {
		if f.Remedy.Action != "" {
			records++
		}
	}
	if records == 0 {
		steps := stepsOf(m, told)
		if len(steps) == 0 && m.Summary != "" {
			steps = []inlines{spoken(sentence(m.Summary))}
		}
		if len(steps) > shownSteps {
			steps = append(steps[:shownSteps-1:shownSteps-1], text("The other steps are behind Show evidence."))
		}
		if len(steps) == 1 {
			r.para(steps[0])
		} else {
			r.numbered(steps...)
		}
		for i, c := range m.Commands {
			if i == shownCommands {
				break
			}
			r.copyable(c)
		}
		if m.HostURL != "" && len(m.HostURL) <= mostURL {
			r.para(link(m.HostURL, "Open the DNS host's page"))
		}
		return
	}
	shown := 0
	for _, f := range g.findings {
		if f.Remedy.Action == "" {
			continue
		}
		if records > shownRecords+1 && shown == shownRecords {
			r.para(bold(fmt.Sprintf("and %d more records", records-shown)), text(": press Show evidence for all of them."))
			break
		}
		writeRecord(r, f, len(g.findings) > 1, shown == 0)
		shown++
	}
	r.bullets(stepsOf(m, told)...)
}

// fixText is a group's fix in words, for a message's text.
func fixText(g group) string {
	records, others := []string{}, 0
	for _, f := range g.findings {
		m := f.Remedy
		if m.Action == "" {
			continue
		}
		if len(records) == shownRecords {
			others++
			continue
		}
		record := "the " + m.Type + " record " + code(m.Name)
		s := string(m.Action) + " " + record + " with the value " + code(m.Value)
		if m.Action == diagnose.ReplaceRecord {
			s = "correct " + record + " so that its value is " + code(m.Value)
		}
		if m.Keeps() {
			s += ", beside those that are there"
		}
		if m.EnterName != "" && m.EnterName != m.Name && m.Host != "" {
			s += " (at " + prose(m.Host) + " type the name as " + code(m.EnterName) + ")"
		}
		records = append(records, s)
	}
	switch {
	case len(records) > 0 && others > 0:
		return upper(strings.Join(records, "; ")) + fmt.Sprintf("; and %d more records.", others)
	case len(records) > 0:
		return upper(strings.Join(records, "; ")) + "."
	}
	m := g.findings[0].Remedy
	switch {
	case m.Summary != "":
		return mrkdwn(sentence(m.Summary))
	case len(m.Steps) > 0:
		return mrkdwn(sentence(m.Steps[0]))
	default:
		return ""
	}
}
