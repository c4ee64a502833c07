package diagnose

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// A reading is Facts with what several checks need from them worked out once.
// Checks are pure functions over it.
type reading struct {
	*Facts
	cert    *Certificate
	state   State
	records []*recordReading
	caa     []*caaReading
}

func read(f *Facts) *reading {
	f = f.sorted()
	r := &reading{Facts: f, cert: &f.Certificate, state: stateOf(f)}
	r.records = readRecords(r)
	r.caa = readCAA(r)
	return r
}

// sorted returns the facts with what came in by chance, such as the order of
// servers' answers, in a fixed order. f itself stays as it is.
func (f *Facts) sorted() *Facts {
	g := *f
	g.DNS.Lookups = make(map[string]*Lookup, len(f.DNS.Lookups))
	byServer := func(list []Reply) []Reply {
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b Reply) int {
			return cmp.Or(strings.Compare(a.Server, b.Server), strings.Compare(a.Address, b.Address), strings.Compare(string(a.Outcome), string(b.Outcome)), compareRRs(a.Answer, b.Answer))
		})
		return list
	}
	for key, l := range f.DNS.Lookups {
		if l != nil {
			copied := *l
			copied.Replies, copied.Public = byServer(l.Replies), byServer(l.Public)
			g.DNS.Lookups[key] = &copied
		}
	}
	g.HostedZones = slices.Clone(f.HostedZones)
	slices.SortStableFunc(g.HostedZones, func(a, b HostedZone) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Account, b.Account), strings.Compare(a.ID, b.ID), slices.Compare(a.NameServers, b.NameServers))
	})
	return &g
}

func compareRRs(a, b []RR) int {
	return slices.CompareFunc(a, b, func(x, y RR) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Type, y.Type), strings.Compare(x.Value, y.Value))
	})
}

// stateOf tells where the certificate is in its life. ACM's status and the
// expiry come before the renewal's status, which an expired certificate keeps
// as it last was.
func stateOf(f *Facts) State {
	c := &f.Certificate
	switch {
	case c.Status == StatusRevoked:
		return StateRevoked
	case c.Status == StatusExpired, !c.NotAfter.IsZero() && !f.At.Before(c.NotAfter):
		return StateExpired
	case c.Status == StatusPendingValidation, c.Status == StatusFailed, c.Status == StatusValidationTimedOut, c.Status == StatusInactive:
		return StateNotIssued
	case c.Type == TypeImported, c.KeyPairOrigin == OriginACME, c.KeyPairOrigin == OriginCustomer, !eligible(c):
		return StateNever
	}
	due := !c.NotAfter.IsZero() && !f.At.Before(renewalStarts(c))
	if r := c.Renewal; r != nil {
		switch r.Status {
		case RenewalPendingValidation:
			if allValidated(r) {
				return StateInRenewal
			}
			return StatePending
		case RenewalFailed:
			return StatePending
		case RenewalPendingAuto:
			return StateInRenewal
		case RenewalSuccess:
			// SUCCESS stays from one cycle to the next: only a late one is news.
			if at := c.renewedAt(); !due && !at.IsZero() && f.At.Sub(at) < recentRenewal {
				return StateRenewed
			}
		}
	}
	if due {
		return StateInRenewal
	}
	return StateNotDue
}

// eligible reports whether ACM would renew the certificate. ACM says so itself;
// where it does not, being used decides ("Managed certificate renewal",
// https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html).
func eligible(c *Certificate) bool {
	switch c.Eligibility {
	case EligibleYes:
		return true
	case EligibleNo:
		return false
	default:
		return c.InUse() || c.Exported != nil && *c.Exported
	}
}

// renewedAt is when the last renewal worked: ACM's word, else when the
// certificate that it made begins.
func (c *Certificate) renewedAt() time.Time {
	if c.Renewal != nil && !c.Renewal.UpdatedAt.IsZero() {
		return c.Renewal.UpdatedAt
	}
	return c.NotBefore
}

func allValidated(r *Renewal) bool {
	for _, v := range r.Names {
		if v.Status != NameSuccess {
			return false
		}
	}
	return len(r.Names) > 0
}

// validates reports whether ACM validates domain names for the certificate.
func (r *reading) validates() bool {
	return r.cert.Type == TypeAmazonIssued && r.cert.KeyPairOrigin != OriginACME && r.state != StateRevoked
}

// nameStatus is ACM's word on a name in what is under way: the renewal, or the
// first issuance of a certificate that has not been issued.
func (r *reading) nameStatus(name string) string {
	var list []NameValidation
	switch {
	case r.state == StateNotIssued:
		list = r.cert.Issuance
	case r.cert.Renewal != nil:
		list = r.cert.Renewal.Names
	}
	for _, v := range list {
		if v.Name == name {
			return v.Status
		}
	}
	return ""
}

// waiting reports whether something is under way that needs the name
// validated now; a fault of a name that is not waiting is one for later.
func (r *reading) waiting(name string) bool {
	switch r.state {
	case StatePending, StateInRenewal, StateNotIssued, StateExpired:
		return r.nameStatus(name) != NameSuccess
	default:
		return false
	}
}

func (r *reading) anyWaiting(names []string) bool { return slices.ContainsFunc(names, r.waiting) }

// A recordReading is one validation CNAME that ACM asks for, held against DNS.
// The names that share it (a domain and its wildcard) are judged together.
type recordReading struct {
	Record
	names  []string
	lookup *Lookup // nil where none was made
	zone   *Zone   // the zone the record belongs in; nil where it was not reached
	host   Host

	// The servers' usable replies, by what they have at the name: a CNAME that
	// leads to the value, none, one that leads elsewhere, several.
	right, missing, wrong, multiple []Reply
}

// maxHops is how many chained CNAMEs ACM follows ("DNS validation",
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html).
const maxHops = 5

func readRecords(r *reading) []*recordReading {
	if !r.validates() {
		return nil
	}
	byName := map[string]*recordReading{}
	var list []*recordReading
	add := func(name string, record *Record) {
		key := CanonicalName(record.Name)
		rec := byName[key]
		if rec == nil {
			rec = &recordReading{Record: Record{Name: key, Type: record.Type, Value: CanonicalName(record.Value)}}
			if rec.Type == "" {
				rec.Type = "CNAME"
			}
			byName[key] = rec
			list = append(list, rec)
		}
		if !slices.Contains(rec.names, name) {
			rec.names = append(rec.names, name)
		}
	}
	for _, name := range r.cert.Names {
		if v, ok := r.cert.Expected(name); ok && v.Record != nil && v.Method != MethodEmail && v.Method != MethodHTTP {
			add(name, v.Record)
		}
	}
	if r.cert.Update != nil && r.cert.Update.To == MethodDNS && r.cert.Update.Status != NameSuccess {
		for _, v := range r.cert.Update.Names {
			if v.Record != nil {
				add(v.Name, v.Record)
			}
		}
	}
	for _, rec := range list {
		rec.observe(&r.DNS)
	}
	return list
}

func (rec *recordReading) observe(dns *DNS) {
	rec.lookup = dns.Lookup(rec.Name, "CNAME")
	if rec.lookup == nil {
		return
	}
	rec.zone = dns.Zones[rec.lookup.Zone()]
	if rec.zone != nil {
		rec.host = HostOf(rec.zone.Delegated)
	}
	for _, reply := range rec.lookup.Replies {
		if !reply.Outcome.Usable() {
			continue
		}
		switch values := cnamesAt(reply, rec.Name); {
		case len(values) == 0:
			rec.missing = append(rec.missing, reply)
		case len(values) > 1:
			rec.multiple = append(rec.multiple, reply)
		case rec.leadsToValue(dns, values[0]):
			rec.right = append(rec.right, reply)
		default:
			rec.wrong = append(rec.wrong, reply)
		}
	}
}

// accepts reports whether a CNAME's target is the value that ACM asks for. ACM
// takes it without its first underscore too, for hosts that refuse one there
// ("Troubleshoot DNS validation problems",
// https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-DNS-validation.html).
func (rec *recordReading) accepts(target string) bool {
	target = CanonicalName(target)
	return target == rec.Value || "_"+target == rec.Value
}

// leadsToValue reports whether a CNAME's target is the value, or leads there
// over as many CNAMEs as ACM follows.
func (rec *recordReading) leadsToValue(dns *DNS, target string) bool {
	end, hops := followCNAME(dns, target, rec.accepts)
	return end == chainReaches && hops <= maxHops
}

// usable is how many servers gave an answer that says something.
func (rec *recordReading) usable() int {
	return len(rec.right) + len(rec.missing) + len(rec.wrong) + len(rec.multiple)
}

// inOrder reports whether every server that gave an answer has the record.
func (rec *recordReading) inOrder() bool {
	return len(rec.right) > 0 && len(rec.right) == rec.usable()
}

// absent reports whether no server that gave an answer has any CNAME there.
func (rec *recordReading) absent() bool {
	return len(rec.missing) > 0 && len(rec.missing) == rec.usable()
}

// zoneName is the apex of the zone that the record belongs in.
func (rec *recordReading) zoneName() string {
	if rec.zone != nil {
		return rec.zone.Apex
	}
	return ""
}

// targets are the distinct targets of single CNAMEs that are not the value.
func (rec *recordReading) targets() []string {
	seen := map[string]bool{}
	for _, reply := range rec.wrong {
		for _, v := range cnamesAt(reply, rec.Name) {
			seen[v] = true
		}
	}
	return sortedKeys(seen)
}

func cnamesAt(reply Reply, name string) []string {
	var values []string
	for _, rr := range reply.Answer {
		if rr.Type == "CNAME" && CanonicalName(rr.Name) == name && !slices.Contains(values, CanonicalName(rr.Value)) {
			values = append(values, CanonicalName(rr.Value))
		}
	}
	slices.Sort(values)
	return values
}

type chainEnd int

const (
	chainReaches chainEnd = iota // the value was reached
	chainStops                   // the last name exists and is no CNAME
	chainBreaks                  // the last name does not exist
	chainLoops
	chainUnseen // a look-up on the way is missing or failed
)

// followCNAME follows a CNAME's target through the look-ups until accepts says
// it is the value. It counts the CNAMEs on the way, the first one included.
func followCNAME(dns *DNS, target string, accepts func(string) bool) (chainEnd, int) {
	for hops := 1; hops <= 2*maxHops; hops++ {
		if accepts(target) {
			return chainReaches, hops
		}
		next, outcome := answerOf(dns.Lookup(target, "CNAME"))
		switch {
		case next != "":
			target = next
		case outcome == OutcomeNXDomain:
			return chainBreaks, hops
		case outcome == OutcomeNoData:
			return chainStops, hops
		default:
			return chainUnseen, hops
		}
	}
	return chainLoops, 2 * maxHops
}

// answerOf is the CNAME target that a look-up's servers give, else what they
// say instead.
func answerOf(l *Lookup) (target string, outcome Outcome) {
	if l == nil {
		return "", ""
	}
	if l.Broken != nil && l.Broken.Kind == BreakNXDomain {
		return "", OutcomeNXDomain
	}
	for _, reply := range slices.Concat(l.Replies, l.Public) {
		if !reply.Outcome.Usable() {
			continue
		}
		if values := cnamesAt(reply, l.Name); len(values) > 0 {
			return values[0], OutcomeAnswer
		}
		if outcome == "" {
			outcome = reply.Outcome
			if outcome == OutcomeAnswer {
				outcome = OutcomeNoData
			}
		}
	}
	return "", outcome
}

// recordsAt are the records of a type that a look-up's servers have at the
// name itself, without duplicates.
func recordsAt(l *Lookup, rrtype string) []RR {
	if l == nil {
		return nil
	}
	var found []RR
	for _, reply := range l.Replies {
		if reply.Outcome != OutcomeAnswer {
			continue
		}
		for _, rr := range reply.Answer {
			if rr.Type != rrtype || CanonicalName(rr.Name) != l.Name {
				continue
			}
			if !slices.ContainsFunc(found, func(have RR) bool { return have.Type == rr.Type && have.Value == rr.Value }) {
				found = append(found, rr)
			}
		}
	}
	slices.SortFunc(found, func(a, b RR) int { return strings.Compare(a.Value, b.Value) })
	return found
}

// SiblingName is a name beside a validation record that nobody has: an answer
// for it comes from a wildcard. It is made from the record's name, so that the
// same facts are gathered each time.
func SiblingName(recordName string) string {
	_, parent, _ := strings.Cut(CanonicalName(recordName), ".")
	var h uint64 = 14695981039346656037 // FNV-1a
	for _, b := range []byte(recordName) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	const digits = "0123456789abcdef"
	label := []byte("_acmbot-")
	for range 16 {
		label = append(label, digits[h&15])
		h >>= 4
	}
	return string(label) + "." + parent
}

// BareName is a validation record's name without its underscore; "" where it
// has none.
func BareName(recordName string) string {
	bare, ok := strings.CutPrefix(recordName, "_")
	if !ok {
		return ""
	}
	return bare
}

// Ancestors lists a name and its parents up to the top-level domain.
func Ancestors(name string) []string {
	name = strings.TrimPrefix(CanonicalName(name), "*.")
	list := []string{name}
	for {
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return list
		}
		list = append(list, parent)
		name = parent
	}
}

// unreachableFamily reports whether a reply failed only because this machine
// has no way to that address family: it says nothing about the server.
func unreachableFamily(reply Reply) bool {
	if reply.Outcome != OutcomeUnreachable {
		return false
	}
	addr, err := netip.ParseAddrPort(reply.Address)
	return err == nil && addr.Addr().Is6() && !addr.Addr().Is4In6()
}

// onlyIPv6 reports whether no server could be asked because all have IPv6
// addresses only, and this machine has no way to those.
func onlyIPv6(replies []Reply) bool {
	return len(replies) > 0 && !slices.ContainsFunc(replies, func(reply Reply) bool { return !unreachableFamily(reply) })
}

// faultyReplies are those that show a delegated server not doing its work.
func faultyReplies(replies []Reply) []Reply {
	var list []Reply
	for _, reply := range replies {
		switch reply.Outcome {
		case OutcomeOverBudget, OutcomeNotReached, OutcomeReferral:
			continue
		}
		if !reply.Outcome.Usable() && !unreachableFamily(reply) {
			list = append(list, reply)
		}
	}
	return list
}

// until is a span in words, for waits.
func until(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return Plural(int(d.Round(time.Second)/time.Second), "second")
	case d < 2*time.Hour:
		return Plural(int(d.Round(time.Minute)/time.Minute), "minute")
	case d < 48*time.Hour:
		return Plural(int(d.Round(time.Hour)/time.Hour), "hour")
	default:
		return Plural(int(d/(24*time.Hour)), "day")
	}
}
