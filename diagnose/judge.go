package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A check looks at one family of causes. It is pure: no I/O, no clock.
type check func(*reading) []Finding

// checks are all there are. Their order does not matter: the report ranks what
// they find.
var checks = []check{
	checkLife,
	checkReason,
	checkRecords,
	checkDelegation,
	checkDNSSEC,
	checkVantage,
	checkCAA,
	checkEmail,
	checkHTTP,
	checkAuthority,
	checkServed,
}

// Judge diagnoses one certificate from its facts. It is a pure function: the
// same facts, in whatever order, give the same report.
func Judge(f *Facts) Report {
	r := read(f)
	var all []Finding
	for _, check := range checks {
		all = append(all, check(r)...)
	}
	found, consequences := mute(all)
	found = append(found, checkRest(r, found)...)
	standBack(found)
	rank(found)
	r.sayWhen(found)
	report := Report{
		At:            f.At,
		Asked:         f.Query.Subject(),
		Certificate:   f.Certificate,
		State:         r.state,
		RenewalStarts: renewalStarts(r.cert),
		Findings:      found,
		Consequences:  consequences,
		Observations:  observeEndpoints(r),
		Unseen:        r.unseen(),
		ConsoleURL:    consoleURL(r.cert),
	}
	if r.state == StateRevoked || r.state == StateExpired || r.state == StateNotIssued || r.state == StateNever {
		report.RenewalStarts = time.Time{}
	}
	if !r.cert.NotAfter.IsZero() {
		days := daysUntil(f.At, r.cert.NotAfter)
		report.DaysLeft = &days
	}
	report.Names = r.nameStates(found)
	report.Verdict = verdictOf(r, found)
	report.Headline = headline(r, &report)
	return report
}

// standBack makes warnings of what would stop a renewal that does not come,
// because nothing uses the certificate: whoever is called at night for a record
// that nobody needs, looks for the wrong cause.
func standBack(found []Finding) {
	if !slices.ContainsFunc(found, func(f Finding) bool { return f.Cause == "not-in-use" }) {
		return
	}
	for i, f := range found {
		if f.Ahead && grave(f) {
			found[i].Severity = Warning
			found[i].Text += " It will matter once the certificate is in use."
		}
	}
}

// sayWhen adds to the faults that do not hurt yet when they will.
func (r *reading) sayWhen(found []Finding) {
	if r.state != StateNotDue && r.state != StateRenewed {
		return
	}
	starts := renewalStarts(r.cert)
	if !starts.After(r.At) {
		return
	}
	for i, f := range found {
		if f.Ahead && f.Severity != Notice {
			found[i].Text += fmt.Sprintf(" It will matter from %s on, when ACM first tries to renew.", dateOf(starts))
		}
	}
}

// mute takes out the findings that another one explains, and lists their
// causes.
func mute(all []Finding) (roots []Finding, consequences []CauseID) {
	explained := func(f Finding) bool {
		return slices.ContainsFunc(all, func(other Finding) bool {
			return CauseOf(other.Cause).explains(f.Cause) && overlap(f.Names, other.Names) && (grave(other) || !grave(f))
		})
	}
	for _, f := range all {
		switch {
		case !explained(f):
			roots = append(roots, f)
			consequences = append(consequences, CauseOf(f.Cause).Implies...)
		default:
			consequences = append(consequences, f.Cause)
		}
	}
	slices.Sort(consequences)
	consequences = slices.Compact(consequences)
	if roots == nil {
		roots = []Finding{} // in JSON a list, even where it is empty
	}
	if consequences == nil {
		consequences = []CauseID{}
	}
	consequences = slices.DeleteFunc(consequences, func(id CauseID) bool {
		return slices.ContainsFunc(roots, func(f Finding) bool { return f.Cause == id })
	})
	return roots, consequences
}

// grave reports whether a finding by itself stops a renewal; one that does not
// explains none that does.
func grave(f Finding) bool { return f.Severity == Fatal || f.Severity == Blocking }

// overlap reports whether two findings concern a name in common; one without
// names concerns them all.
func overlap(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(n string) bool { return slices.Contains(b, n) })
}

// rank sorts findings: the gravest first, what hurts now before what will, what
// breaks a whole zone before what breaks a record; then in the catalogue's order
// and by what they concern, so that the order of the facts does not show.
func rank(found []Finding) {
	order := func(f Finding) int {
		i := slices.Index([]Severity{Fatal, Blocking, Warning, Notice}, f.Severity) * 2
		if f.Ahead {
			i++
		}
		return i
	}
	place := func(id CauseID) int {
		c := CauseOf(id)
		if c.WholeZone {
			return -1
		}
		return slices.Index(catalogue, c)
	}
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(order(a), order(b)),
			cmp.Compare(place(a.Cause), place(b.Cause)),
			cmp.Compare(a.Subject, b.Subject),
			strings.Compare(strings.Join(a.Names, " "), strings.Join(b.Names, " ")),
		)
	})
}

func verdictOf(r *reading, found []Finding) Verdict {
	has := func(s Severity, ahead bool) bool {
		return slices.ContainsFunc(found, func(f Finding) bool { return f.Severity == s && f.Ahead == ahead })
	}
	switch {
	case r.state == StateExpired || r.state == StateRevoked || r.state == StateNotIssued && r.cert.Status != StatusPendingValidation:
		return VerdictDown
	case has(Fatal, false), has(Blocking, false):
		return VerdictBlocked
	case has(Blocking, true), has(Fatal, true):
		return VerdictWillFail
	case has(Warning, false), has(Warning, true):
		return VerdictWarning
	case r.state == StateInRenewal || r.state == StatePending || r.state == StateNotIssued:
		if len(found) == 0 {
			return VerdictUnknown
		}
		return VerdictWaiting
	case r.state == StateNever, r.state == StateNotDue && r.blind():
		return VerdictUnknown
	default:
		return VerdictHealthy
	}
}

// cutFold is text without a beginning, in whatever case, and the colon after it.
func cutFold(text, beginning string) string {
	if len(text) < len(beginning) || !strings.EqualFold(text[:len(beginning)], beginning) {
		return text
	}
	return strings.TrimPrefix(text[len(beginning):], ": ")
}

// headline is the verdict in one sentence.
func headline(r *reading, report *Report) string {
	c := r.cert
	var lead string
	left := ""
	if report.DaysLeft != nil {
		switch d := *report.DaysLeft; {
		case d < 0:
			left = fmt.Sprintf(", expired on %s", dateOf(c.NotAfter))
		case d == 0:
			left = ", expires within a day"
		default:
			left = fmt.Sprintf(", expires in %s (%s)", Plural(d, "day"), dateOf(c.NotAfter))
		}
	}
	switch report.Verdict {
	case VerdictDown:
		switch r.state {
		case StateExpired:
			lead = "Expired"
			if report.DaysLeft != nil {
				lead += " " + ago(-*report.DaysLeft) + " (" + dateOf(c.NotAfter) + ")"
			}
		case StateRevoked:
			lead = "Revoked"
		default:
			lead = "Never issued"
		}
	case VerdictBlocked:
		lead = "Renewal is blocked" + left
		switch r.state {
		case StateNotIssued:
			lead = "Not issued yet"
		case StateNever:
			lead = "Will not renew" + left
		}
	case VerdictWillFail:
		lead = "Renewal will fail when it starts on " + dateOf(report.RenewalStarts) + left
		if report.RenewalStarts.IsZero() || r.state == StateNever {
			lead = "Will not renew" + left
		} else if !r.At.Before(report.RenewalStarts) {
			lead = "The next renewal will fail" + left
		}
	case VerdictWarning:
		lead = "Needs a hand" + left
		if r.state == StateNever {
			lead = "Will not renew" + left
		}
	case VerdictWaiting:
		lead = "Renewal under way" + left
		if r.state == StateNotIssued {
			lead = "Being issued"
		}
	case VerdictHealthy:
		lead = "Healthy" + left
	default:
		lead = "The cause cannot be told" + left
		if r.state == StateNotDue {
			lead = "DNS could not be checked" + left
		}
	}
	if len(report.Findings) == 0 {
		return lead + "."
	}
	top := report.Findings[0]
	if same := strings.ToLower(lead); r.state == StateExpired && strings.HasPrefix(same, "expired") && len(report.Findings) > 1 {
		top = report.Findings[1] // why it expired says more than that it did
	} else if top.Cause == "expired" {
		return lead + ": an expired certificate is never renewed, it has to be replaced."
	}
	// The title may begin with what the lead says.
	text := lead
	if title := cutFold(top.Title, lead); title != "" {
		text += ": " + title
	}
	if len(top.Names) > 0 && len(top.Names) < len(c.Names) {
		text += " for " + some(top.Names)
	}
	var others []CauseID
	for _, f := range report.Findings {
		if f.Cause != top.Cause && f.Cause != "expired" && f.Severity != Notice && !slices.Contains(others, f.Cause) {
			others = append(others, f.Cause)
		}
	}
	if len(others) > 0 {
		text += "; and " + Plural(len(others), "more cause")
	}
	return text + "."
}

func ago(days int) string {
	switch {
	case days <= 0:
		return "today"
	case days == 1:
		return "yesterday"
	default:
		return fmt.Sprintf("%d days ago", days)
	}
}

// nameStates is the state of each name, those in trouble first.
func (r *reading) nameStates(found []Finding) []NameState {
	var troubled, fine []NameState
	records := map[string]*recordReading{}
	for _, rec := range r.records {
		for _, n := range rec.names {
			records[n] = rec
		}
	}
	for _, n := range r.cert.Names {
		s := NameState{Name: n, OK: true, ACM: r.nameStatus(n)}
		if v, ok := r.cert.Expected(n); ok {
			s.Method, s.Record = v.Method, v.Record
		}
		for _, f := range found {
			if slices.Contains(f.Names, n) && f.Severity != Notice && !slices.Contains(s.Causes, f.Cause) {
				s.Causes = append(s.Causes, f.Cause)
				s.OK = false
			}
		}
		s.Seen = records[n].seen()
		if s.OK {
			fine = append(fine, s)
		} else {
			troubled = append(troubled, s)
		}
	}
	return append(troubled, fine...)
}

// seen says in a few words what DNS shows of a record.
func (rec *recordReading) seen() string {
	switch {
	case rec == nil:
		return ""
	case rec.lookup == nil:
		return "not looked up"
	case rec.usable() == 0:
		return "no server answers"
	case rec.inOrder():
		return fmt.Sprintf("CNAME right on %d of %d servers", len(rec.right), len(rec.lookup.Replies))
	case rec.absent():
		return "CNAME missing"
	case len(rec.right) > 0:
		return fmt.Sprintf("CNAME right on only %d of %d servers", len(rec.right), rec.usable())
	default:
		return "CNAME points to " + code(strings.Join(rec.targets(), ", "))
	}
}

// unseen gathers what could not be looked at.
func (r *reading) unseen() []Unseen {
	list := slices.Concat(r.Unseen, r.cert.Unseen)
	for _, z := range r.HostedZones {
		list = append(list, z.Unseen...)
	}
	if r.Authority != nil {
		list = append(list, r.Authority.Unseen...)
	}
	missing, cut := 0, ""
	var sixOnly []string
	for _, rec := range r.records {
		if rec.lookup != nil && rec.lookup.Broken != nil && cutOff(rec.lookup.Broken) {
			cut = rec.lookup.Broken.Zone
			continue
		}
		if rec.lookup != nil && rec.usable() == 0 && onlyIPv6(rec.lookup.Replies) {
			sixOnly = append(sixOnly, rec.lookup.Zone())
			continue
		}
		if rec.lookup == nil || rec.usable() == 0 && tooLate(rec.lookup.Replies) || rec.lookup.Broken != nil && rec.lookup.Broken.Kind == BreakBudget {
			missing++
		}
	}
	if cut != "" {
		servers := "the root servers"
		if cut != "." {
			servers = "the servers of " + code(cut)
		}
		list = append(list, Unseen{What: "DNS as the world sees it", Why: Unreachable, Detail: "No answer comes from " + servers + " to where acmbot runs. It must be able to send DNS queries to any address, over UDP and TCP port 53."})
	}
	if len(sixOnly) > 0 {
		slices.Sort(sixOnly)
		list = append(list, Unseen{What: "the zone " + some(slices.Compact(sixOnly)), Why: Unreachable, Detail: "Its name servers have IPv6 addresses only, and where acmbot runs there is no way to IPv6 addresses."})
	}
	if missing > 0 {
		list = append(list, Unseen{What: "the DNS look-ups of " + Plural(missing, "validation record"), Why: OverBudget, Detail: "The time or the number of queries for one diagnosis ran out."})
	}
	if n := r.withoutRecord(); n > 0 {
		list = append(list, Unseen{What: "the validation records of " + Plural(n, "name"), Why: NotFound, Detail: "ACM does not say which record it asks for."})
	}
	return list
}

// withoutRecord counts names validated by DNS whose record ACM does not tell.
func (r *reading) withoutRecord() int {
	if !r.validates() {
		return 0
	}
	n := 0
	for _, name := range r.cert.Names {
		if v, ok := r.cert.Expected(name); ok && v.Method == MethodDNS && v.Record == nil {
			n++
		}
	}
	return n
}
