package terminal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
)

// How much is shown unless everything is asked for.
const (
	fewEvidence = 3  // of one finding
	fewFindings = 3  // of one cause
	fewNames    = 12 // of one certificate
)

// report renders one report whole.
func (p *page) report(r *diagnose.Report) {
	p.verdict(r.Verdict, r.Headline)
	p.certificate(r)
	causes := byCause(r.Findings)
	for i, findings := range causes {
		p.cause(findings, i+1, len(causes))
	}
	p.names(r)
	if len(r.Observations) > 0 {
		p.heading("Also seen")
		p.evidence(1, r.Observations, 2*fewEvidence)
	}
	if len(r.Consequences) > 0 && p.Evidence {
		p.heading("Follows from the above")
		for _, id := range r.Consequences {
			p.item(1, "-", consequence(id))
		}
	}
	if len(r.Unseen) > 0 {
		p.heading("Could not check")
		p.unseen(r.Unseen)
	}
	if r.ConsoleURL != "" {
		p.heading("In the AWS console")
		p.line(1, r.ConsoleURL)
	}
}

// consequence is a cause that follows from another, in words.
func consequence(id diagnose.CauseID) string {
	if cause := diagnose.CauseOf(id); cause != nil {
		return sentenceCase(cause.Title)
	}
	return string(id)
}

// certificate renders which certificate it is and how long it has got.
func (p *page) certificate(r *diagnose.Report) {
	c := &r.Certificate
	rows := [][2]string{
		{"Certificate", c.DomainName},
		{"ARN", c.ARN},
		{"Valid until", validity(r)},
	}
	if !r.RenewalStarts.IsZero() {
		verb := "ACM starts"
		if r.RenewalStarts.Before(r.At) {
			verb = "ACM started"
		}
		rows = append(rows, [2]string{"Renewal", verb + " on " + r.RenewalStarts.UTC().Format("2 January 2006")})
	}
	if len(c.InUseBy) > 0 {
		shown := p.first(len(c.InUseBy), fewEvidence)
		for i, arn := range c.InUseBy[:shown] {
			key := "In use by"
			if i > 0 {
				key = ""
			}
			name := diagnose.ResourceName(arn)
			rows = append(rows, [2]string{key, name})
			if name != arn {
				rows = append(rows, [2]string{"", arn})
			}
		}
		if more := len(c.InUseBy) - shown; more > 0 {
			rows = append(rows, [2]string{"", fmt.Sprintf("and %d more", more)})
		}
	}
	p.gap()
	p.table(1, rows)
}

// first is how many of a list to show: a few, or all where everything is asked
// for, or where to say that there is one more would take as long as to show it.
func (p *page) first(n, few int) int {
	if p.Evidence || n <= few+1 {
		return n
	}
	return few
}

func validity(r *diagnose.Report) string {
	if r.Certificate.NotAfter.IsZero() {
		return ""
	}
	text := instant(r.Certificate.NotAfter)
	switch {
	case r.DaysLeft == nil:
	case r.Certificate.NotAfter.Before(r.At):
		text += " (expired " + diagnose.Plural(-*r.DaysLeft, "day") + " ago)"
	default:
		text += " (" + diagnose.Plural(*r.DaysLeft, "day") + " left)"
	}
	return text
}

// byCause puts the findings of one cause together, in the order in which the
// causes come.
func byCause(findings []diagnose.Finding) [][]*diagnose.Finding {
	var causes [][]*diagnose.Finding
	at := map[diagnose.CauseID]int{}
	for i := range findings {
		f := &findings[i]
		n, ok := at[f.Cause]
		if !ok {
			n = len(causes)
			at[f.Cause] = n
			causes = append(causes, nil)
		}
		causes[n] = append(causes[n], f)
	}
	return causes
}

// cause renders one cause, with all that was found of it, and what to do.
func (p *page) cause(findings []*diagnose.Finding, n, of int) {
	first := findings[0]
	kind := "Cause"
	if first.Severity == diagnose.Notice {
		kind = "Note"
	}
	if of > 1 {
		kind = fmt.Sprintf("%s %d of %d", kind, n, of)
	}
	p.heading(kind + ": " + first.Title)
	facts := []string{string(first.Severity), string(first.Confidence)}
	if first.Ahead {
		facts = append(facts, "not felt until the next renewal")
	}
	if first.Owner == diagnose.OwnerNobody {
		facts = append(facts, "nobody has to act")
	} else {
		facts = append(facts, "to be fixed by: "+string(first.Owner))
	}
	p.faint(1, strings.Join(append(facts, string(first.Cause)), " · "))

	shown := findings[:p.first(len(findings), fewFindings)]
	var said diagnose.Remedy
	for _, f := range shown {
		if f.Text != "" {
			p.gap()
			p.prose(1, f.Text)
		}
		p.remedy(&f.Remedy, &said)
		if len(f.Evidence) > 0 {
			p.sub("Evidence")
			p.evidence(2, f.Evidence, fewEvidence)
		}
	}
	if more := len(findings) - len(shown); more > 0 {
		p.gap()
		p.faint(1, fmt.Sprintf("and %d more of the same; --evidence shows all", more))
	}
	if len(first.Sources) > 0 && p.Evidence {
		p.sub("Read more")
		for _, s := range first.Sources {
			p.item(2, "-", s.Title)
			p.line(3, s.URL)
		}
	}
}

// remedy renders what to do about a cause, the record first. What was said for
// the finding before it is not said again.
func (p *page) remedy(r, said *diagnose.Remedy) {
	p.record(r, said)
	steps := stepsBesides(r)
	if len(steps) == 0 && r.Summary != "" && r.Action == "" {
		steps = []string{r.Summary}
	}
	if len(steps) > 0 && !slices.Equal(steps, said.Steps) {
		p.sub("What to do")
		for i, step := range steps {
			mark := "-"
			if len(steps) > 1 {
				mark = fmt.Sprintf("%d.", i+1)
			}
			p.item(2, mark, step)
		}
	}
	if len(r.Commands) > 0 && !slices.Equal(r.Commands, said.Commands) {
		p.sub("Command")
		for _, c := range r.Commands {
			p.block(2, c)
		}
	}
	if r.Terraform != "" && p.Evidence {
		p.sub("Terraform")
		p.block(2, r.Terraform)
	}
	if r.ZoneFile != "" && p.Evidence {
		p.sub("Zone file")
		p.block(2, r.ZoneFile)
	}
	if r.ConsoleURL != "" && r.ConsoleURL != said.ConsoleURL {
		p.sub("Console")
		p.line(2, r.ConsoleURL)
	}
	*said = *r
	said.Steps = steps
}

// stepsBesides are the steps that the record itself does not tell.
func stepsBesides(r *diagnose.Remedy) []string {
	told := func(step string) bool {
		mentions := func(name string) bool { return name != "" && strings.Contains(step, code(name)) }
		return r.Action != "" && (mentions(r.Name) || mentions(r.EnterName))
	}
	return slices.DeleteFunc(slices.Clone(r.Steps), told)
}

// record renders the record that is the fix: its absolute form, and what the
// DNS host's form takes.
func (p *page) record(r, said *diagnose.Remedy) {
	verbs := map[diagnose.RecordAction]string{
		diagnose.AddRecord:     "Add this record",
		diagnose.ReplaceRecord: "Make the record read",
		diagnose.RemoveRecord:  "Remove this record",
	}
	verb, ok := verbs[r.Action]
	if !ok || r.Name == "" {
		return
	}
	if r.Zone != "" {
		verb += ", in the zone " + r.Zone
	}
	if r.Host != "" {
		verb += " at " + r.Host
	}
	p.sub(verb)
	rows := [][2]string{{"Name", r.Name + "."}, {"Type", r.Type}}
	if r.Value != "" {
		rows = append(rows, [2]string{"Value", absolute(r.Type, r.Value)})
	}
	if r.TTL > 0 {
		rows = append(rows, [2]string{"TTL", diagnose.Plural(r.TTL, "second")})
	}
	p.table(2, rows)
	if r.EnterName != "" {
		host := r.Host
		if host == "" {
			host = "the DNS host"
		}
		p.sub("To type into " + host + "'s form")
		form := [][2]string{{"Name", r.EnterName}}
		if r.EnterValue != "" {
			form = append(form, [2]string{"Value", r.EnterValue})
		}
		p.table(2, form)
		if r.HostNote != "" && r.HostNote != said.HostNote {
			p.prose(2, r.HostNote)
		}
	}
	if len(r.Present) > 0 {
		label := "There now"
		if r.Keeps() {
			label += ", and to be kept"
		}
		p.sub(label)
		for _, rr := range r.Present {
			p.line(2, fmt.Sprintf("%s. %d %s %s", strings.TrimSuffix(rr.Name, "."), rr.TTL, rr.Type, absolute(rr.Type, rr.Value)))
		}
	}
}

// absolute adds the dot that ends an absolute name in presentation format,
// where the record's data is a name.
func absolute(rrtype, value string) string {
	switch rrtype {
	case "CNAME", "DNAME", "NS", "PTR":
		return strings.TrimSuffix(value, ".") + "."
	default:
		return value
	}
}

func (p *page) evidence(indent int, list []diagnose.Evidence, few int) {
	shown := list[:p.first(len(list), few)]
	for _, e := range shown {
		p.item(indent, "-", e.Source+": "+e.Text)
	}
	if more := len(list) - len(shown); more > 0 {
		p.faint(indent, fmt.Sprintf("and %d more; --evidence shows all", more))
	}
}

// names renders the state of every name on the certificate.
func (p *page) names(r *diagnose.Report) {
	if len(r.Names) == 0 {
		return
	}
	p.heading("Names on the certificate")
	shown := r.Names[:p.first(len(r.Names), fewNames)]
	rows := make([][]string, len(shown))
	for i, n := range shown {
		mark := p.paint("ok", green)
		if !n.OK {
			mark = p.paint("!!", red)
		}
		rows[i] = []string{mark, n.Name, n.Method, n.ACM, n.Seen}
	}
	for i, line := range p.columns(rows) {
		p.raw(1, line)
		if rec := shown[i].Record; rec != nil && p.Evidence {
			p.line(3, fmt.Sprintf("%s. %s %s", rec.Name, rec.Type, absolute(rec.Type, rec.Value)))
		}
	}
	if more := len(r.Names) - len(shown); more > 0 {
		bad := 0
		for _, n := range r.Names[len(shown):] {
			if !n.OK {
				bad++
			}
		}
		state := "all in order"
		switch {
		case bad == more:
			state = "all in trouble"
		case bad > 0:
			state = fmt.Sprintf("%d of them in trouble", bad)
		}
		p.faint(1, fmt.Sprintf("and %d more, %s; --evidence shows all", more, state))
	}
}

// unseen renders what could not be looked at, and what would allow it.
func (p *page) unseen(list []diagnose.Unseen) {
	for _, u := range list {
		text := sentenceCase(u.What)
		if u.Account != "" && !strings.Contains(u.What, u.Account) {
			text += ", account " + u.Account
		}
		if u.Region != "" && !strings.Contains(u.What, u.Region) {
			text += ", " + u.Region
		}
		text += ": " + u.Why.Words() + "."
		if u.Detail != "" {
			text += " " + sentenceCase(strings.TrimSuffix(u.Detail, ".")) + "."
		}
		if u.Permission != "" && !strings.Contains(u.Detail, u.Permission) {
			text += " Missing permission: " + code(u.Permission) + "."
		}
		p.item(1, "-", text)
	}
}

// verdict renders the first line.
func (p *page) verdict(v diagnose.Verdict, headline string) {
	word, color := verdictWord(v)
	p.label(word, color, headline)
}

func verdictWord(v diagnose.Verdict) (string, ansi) {
	switch v {
	case diagnose.VerdictDown:
		return "DOWN", red
	case diagnose.VerdictBlocked:
		return "BLOCKED", red
	case diagnose.VerdictWillFail:
		return "WILL FAIL", yellow
	case diagnose.VerdictWarning:
		return "WARNING", yellow
	case diagnose.VerdictWaiting:
		return "WAITING", blue
	case diagnose.VerdictHealthy:
		return "HEALTHY", green
	default:
		return "UNKNOWN", yellow
	}
}
