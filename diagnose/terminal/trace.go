package terminal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

// RenderTrace returns the walk through DNS that an answer rests on, as text
// that ends in a line break: zone by zone from the root, the servers with what
// each was asked and said, the resolvers, the state of DNSSEC and the times.
func RenderTrace(a diagnose.Answer, o Options) string {
	if o.Width <= 0 {
		o.Width = 80
	}
	p := &page{Options: o}
	p.heading("The walk through DNS")
	if len(a.Facts) == 0 || len(a.Facts[0].DNS.Lookups) == 0 {
		p.gap()
		p.prose(0, "No walk was made: there was no record to look up.")
		return p.b.String()
	}
	// All certificates of an answer share one walk.
	p.walk(&a.Facts[0].DNS)
	return p.b.String()
}

func (p *page) walk(d *diagnose.DNS) {
	said := diagnose.Plural(len(d.Lookups), "question") + " about " + diagnose.Plural(len(d.Zones), "zone") + ", in " + queries(d.Queries) + "."
	if len(d.Resolvers) > 0 {
		said += " The resolvers are " + strings.Join(d.Resolvers, ", ") + "."
	}
	p.prose(0, said)

	byZone := map[string][]*diagnose.Lookup{}
	for _, l := range d.Lookups {
		apex := l.Zone()
		if d.Zones[apex] == nil {
			apex = ""
		}
		byZone[apex] = append(byZone[apex], l)
	}
	for _, lookups := range byZone {
		slices.SortFunc(lookups, func(x, y *diagnose.Lookup) int {
			return cmp.Or(slices.Compare(reversed(x.Name), reversed(y.Name)), strings.Compare(x.Type, y.Type))
		})
	}
	apexes := make([]string, 0, len(d.Zones))
	for apex := range d.Zones {
		apexes = append(apexes, apex)
	}
	// A parent's labels, from the right, are the beginning of its children's.
	slices.SortFunc(apexes, func(x, y string) int { return slices.Compare(reversed(x), reversed(y)) })
	for _, apex := range apexes {
		p.traceZone(d.Zones[apex])
		for _, l := range byZone[apex] {
			p.traceLookup(l, d.Zones[apex].Security)
		}
	}
	if len(byZone[""]) > 0 {
		p.heading("Names that led to no zone")
		for _, l := range byZone[""] {
			p.traceLookup(l, diagnose.Security{})
		}
	}
}

func queries(n int) string {
	if n == 1 {
		return "1 query"
	}
	return fmt.Sprintf("%d queries", n)
}

// reversed are a name's labels from the right; none for the root. Escaped dots
// do not matter: it is for an order only.
func reversed(name string) []string {
	if name == "." {
		return nil
	}
	labels := strings.Split(name, ".")
	slices.Reverse(labels)
	return labels
}

func (p *page) traceZone(z *diagnose.Zone) {
	p.heading("Zone " + z.Apex)
	p.item(1, "DNSSEC:", securityWords(z.Security))
	servers := make([]string, len(z.Servers))
	for i, s := range z.Servers {
		servers[i] = s.Name
		if len(s.Addresses) == 0 {
			servers[i] += " (" + cmp.Or(s.Outcome, diagnose.OutcomeNoAddress).Words() + ")"
		}
	}
	if z.Parent == "" {
		p.item(1, "The walk begins at", strings.Join(servers, ", "))
	} else {
		p.line(1, "Delegation by the servers of "+z.Parent)
		p.replies(z.Referrals)
		p.item(2, "=>", "name servers "+strings.Join(servers, ", "))
		if len(z.DS) > 0 {
			p.rrs(2, "=>", z.DS)
		}
	}
	for _, own := range []struct {
		rrtype  string
		replies []diagnose.Reply
	}{{"NS", z.NS}, {"SOA", z.SOA}} {
		if len(own.replies) > 0 {
			p.line(1, z.Apex+" "+own.rrtype)
			p.replies(own.replies)
		}
	}
}

// traceLookup renders one question. The state of DNSSEC is said where it is not
// that of the zone as a whole.
func (p *page) traceLookup(l *diagnose.Lookup, zone diagnose.Security) {
	p.line(1, l.Name+" "+l.Type)
	p.replies(l.Replies)
	if b := l.Broken; b != nil {
		where := ""
		if l.Zone() != "" {
			where = "the walk ends in " + b.Zone + ": "
		}
		p.item(2, "=>", where+b.Detail)
		if len(l.Replies) == 0 {
			p.replies(b.Replies)
		}
	}
	p.replies(l.Public)
	if l.Security.State != diagnose.Unchecked && l.Security != zone {
		p.item(2, "=>", "DNSSEC: "+securityWords(l.Security))
	}
}

// replies renders who said what: those who said the same stand together, in
// the order in which they come, and what they said under them.
func (p *page) replies(list []diagnose.Reply) {
	type saying struct {
		words string
		rrs   []diagnose.RR
	}
	var sayings []saying
	by := map[string]int{}
	rows := map[int][][]string{}
	for _, r := range list {
		s := saying{words: replyWords(r), rrs: r.Answer}
		if len(s.rrs) == 0 {
			s.rrs = r.Authority
		}
		key := fmt.Sprint(s)
		i, ok := by[key]
		if !ok {
			i = len(sayings)
			by[key] = i
			sayings = append(sayings, s)
		}
		rows[i] = append(rows[i], []string{"", cmp.Or(r.Server, "resolver"), r.Address, r.Transport, took(r.RTT)})
	}
	for i, s := range sayings {
		lines := p.columns(rows[i])
		for j, line := range lines {
			p.raw(2, strings.TrimPrefix(line, "  "))
			if j == len(lines)-1 {
				p.item(3, "->", s.words)
			}
		}
		p.rrs(4, "", s.rrs)
	}
}

func (p *page) rrs(indent int, mark string, rrs []diagnose.RR) {
	if mark != "" {
		mark += " "
	}
	for _, rr := range rrs {
		name := rr.Name
		if name != "." {
			name += "."
		}
		p.line(indent, fmt.Sprintf("%s%s %d %s %s", mark, name, rr.TTL, rr.Type, absolute(rr.Type, rr.Value)))
	}
}

// replyWords is what one server said.
func replyWords(r diagnose.Reply) string {
	words := r.Outcome.Words()
	switch {
	case r.RCode != "" && r.Outcome == diagnose.OutcomeBadMessage:
		words += " (" + r.RCode + ")"
	case r.Server != "" && r.Outcome.Usable() && !r.Authoritative:
		words += ", without authority"
	}
	if r.CheckingDisabled {
		words += ", when told not to validate"
	}
	said := []string{words}
	for _, e := range r.EDE {
		said = append(said, fmt.Sprintf("[EDE %d %s]", e.Code, strings.TrimSpace(e.Name+" "+e.Text)))
	}
	words = strings.Join(said, " ")
	if r.Detail != "" {
		words += ": " + r.Detail
	}
	return words
}

func securityWords(s diagnose.Security) string {
	words := string(s.State)
	switch s.State {
	case diagnose.Unchecked:
		words = "not checked"
	case diagnose.Insecure:
		words = "unsigned"
	}
	if s.Fault != "" {
		words += ", " + string(s.Fault)
	}
	if s.Zone != "" && s.Fault != "" {
		words += " in " + s.Zone
	}
	if s.Detail != "" {
		words += ": " + s.Detail
	}
	return words
}

// took is how long a query took, for reading.
func took(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
