package diagnose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// amazonIssuers are the issuer domain names that allow Amazon in a CAA record
// ("(Optional) Configure a CAA record",
// https://docs.aws.amazon.com/acm/latest/userguide/setup.html).
var amazonIssuers = []string{"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}

// A caaProperty is one CAA record's content (RFC 8659 section 4.1,
// https://www.rfc-editor.org/rfc/rfc8659).
type caaProperty struct {
	Flags uint8
	Tag   string // lower-case
	Value string
}

// Critical reports whether the issuer critical flag is set: an issuer that does
// not know the tag must refuse.
func (p caaProperty) Critical() bool { return p.Flags&0x80 != 0 }

// The grammar of an issue or issuewild property's value (RFC 8659 section 4.2).
var (
	caaIssuer     = regexp.MustCompile(`^[A-Za-z0-9](-*[A-Za-z0-9])*(\.[A-Za-z0-9](-*[A-Za-z0-9])*)*$`)
	caaParameters = regexp.MustCompile(`^[A-Za-z0-9](-*[A-Za-z0-9])*[ \t]*=[ \t]*[!-:<-~]*([ \t]*;[ \t]*[A-Za-z0-9](-*[A-Za-z0-9])*[ \t]*=[ \t]*[!-:<-~]*)*$`)
)

// Issuer splits the value of an issue or issuewild property into the issuer's
// domain name, "" where it names none, and the parameters' text.
func (p caaProperty) Issuer() (domain, parameters string) {
	domain, parameters, _ = strings.Cut(p.Value, ";")
	return strings.ToLower(strings.Trim(domain, " \t")), strings.Trim(parameters, " \t")
}

// MisnamesAmazon reports whether the value has Amazon's name in it, and is none
// that an issuer may read: it must take it as naming nobody (RFC 8659 section
// 4.2).
func (p caaProperty) MisnamesAmazon() bool {
	domain, _ := p.Issuer()
	return domain != "" && !caaIssuer.MatchString(domain) &&
		slices.ContainsFunc(amazonIssuers, func(name string) bool { return strings.Contains(domain, name) })
}

// narrows reports whether parameters may keep ACM out: they are for some
// accounts or methods only (RFC 8657, https://www.rfc-editor.org/rfc/rfc8657),
// or break the grammar.
func narrows(parameters string) bool {
	low := strings.ToLower(parameters)
	return strings.Contains(low, "accounturi") || strings.Contains(low, "validationmethods") ||
		parameters != "" && !caaParameters.MatchString(parameters)
}

// parseCAA reads a CAA record's presentation form, such as `0 issue
// "amazon.com"`. It reports false where it cannot be one.
func parseCAA(text string) (caaProperty, bool) {
	flags, rest, ok := strings.Cut(strings.TrimSpace(text), " ")
	if !ok {
		return caaProperty{}, false
	}
	n, err := strconv.ParseUint(flags, 10, 8)
	if err != nil {
		return caaProperty{}, false
	}
	tag, value, ok := strings.Cut(strings.TrimSpace(rest), " ")
	if !ok || tag == "" {
		return caaProperty{}, false
	}
	return caaProperty{Flags: uint8(n), Tag: strings.ToLower(tag), Value: unquote(strings.TrimSpace(value))}, true
}

// unquote takes a character-string of RFC 1035 section 5.1 out of its quotes.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 10, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		i++
		b.WriteByte(s[i])
	}
	return b.String()
}

// A caaVerdict is what a CAA record set says to Amazon.
type caaVerdict int

const (
	caaAllows caaVerdict = iota
	caaForbids
	caaForbidsWildcard // by an issuewild property
	caaUnknownCritical // a critical property that no issuer may pass over
	caaNarrowed        // Amazon is allowed, but only with parameters that ACM may not meet
	caaMalformed       // Amazon is meant, and not allowed, as the value breaks the grammar
	caaNothingToSay    // no property that restricts issuance
)

var knownCAATags = []string{"issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"}

// judgeCAA applies RFC 8659 sections 4.2 and 4.3 for a name. culprit is the
// property that decides; where it is that there is none for Amazon, it has only
// the tag of those that count.
func judgeCAA(set []caaProperty, wildcard bool) (verdict caaVerdict, culprit caaProperty) {
	tag := "issue"
	if wildcard && slices.ContainsFunc(set, func(p caaProperty) bool { return p.Tag == "issuewild" }) {
		tag = "issuewild"
	}
	restricted := false
	var narrow, malformed *caaProperty
	for _, p := range set {
		if p.Critical() && !slices.Contains(knownCAATags, p.Tag) {
			return caaUnknownCritical, p
		}
	}
	for _, p := range set {
		if p.Tag != tag {
			continue
		}
		restricted = true
		domain, parameters := p.Issuer()
		if slices.Contains(amazonIssuers, domain) {
			if !narrows(parameters) {
				return caaAllows, p
			}
			narrow = &p
		}
		if p.MisnamesAmazon() {
			malformed = &p
		}
	}
	switch {
	case narrow != nil:
		return caaNarrowed, *narrow
	case malformed != nil:
		return caaMalformed, *malformed
	case !restricted:
		return caaNothingToSay, caaProperty{}
	case tag == "issuewild":
		return caaForbidsWildcard, caaProperty{Tag: tag}
	default:
		return caaForbids, caaProperty{Tag: tag}
	}
}

// A caaReading is the CAA record set that governs one of the certificate's
// names, found as RFC 8659 section 3 says: at the name, else at its nearest
// ancestor that has one.
type caaReading struct {
	name    string // on the certificate
	verdict caaVerdict
	culprit caaProperty
	at      string // where the set stands: the name, an ancestor, or an alias's target
	via     string // the name that is an alias, where the set stands, or the look-up failed, at its target
	set     []RR
	// failed is the name whose CAA look-up no server answered; "" where all
	// look-ups worked.
	failed  string
	replies []Reply // that show it
	unseen  bool    // a look-up was not made
}

func readCAA(r *reading) []*caaReading {
	if !r.validates() {
		return nil
	}
	var list []*caaReading
	for _, name := range r.cert.Names {
		list = append(list, governingCAA(&r.DNS, name))
	}
	return list
}

func governingCAA(dns *DNS, name string) *caaReading {
	c := &caaReading{name: name, verdict: caaNothingToSay}
	wildcard := strings.HasPrefix(name, "*.")
	for _, at := range Ancestors(name) {
		l := dns.Lookup(at, "CAA")
		if l == nil {
			c.unseen = true
			return c
		}
		if l.Broken != nil && l.Broken.Kind == BreakNXDomain {
			continue // nothing there, and no record either
		}
		found, end := caaSets(dns, l, 0)
		if end != nil {
			if !strings.Contains(end.Name, ".") {
				return c // a top-level domain that does not answer is nobody's here to fix
			}
			if notMade(end) {
				c.unseen = true
				return c
			}
			c.failed, c.replies = end.Name, end.Replies
			if len(c.replies) == 0 {
				c.replies = end.Broken.Replies
			}
			if end != l {
				c.via = at
			}
			return c
		}
		for _, f := range found {
			verdict, culprit := judgeCAA(f.properties, wildcard)
			if c.at == "" || worse(verdict, c.verdict) {
				c.verdict, c.culprit, c.at, c.via, c.set, c.replies = verdict, culprit, f.at, f.via, f.records, f.replies
			}
		}
		if len(found) > 0 {
			return c
		}
	}
	return c
}

// worse ranks what different servers say: the strictest set is the one that
// stops a renewal.
func worse(a, b caaVerdict) bool {
	rank := func(v caaVerdict) int {
		return slices.Index([]caaVerdict{caaNothingToSay, caaAllows, caaNarrowed, caaMalformed, caaForbidsWildcard, caaForbids, caaUnknownCritical}, v)
	}
	return rank(a) > rank(b)
}

type caaSet struct {
	at, via    string
	records    []RR
	properties []caaProperty
	replies    []Reply
}

// notMade reports whether a look-up says nothing of the servers that it is
// about: it was not made, or not to its end, or the way to them broke here.
func notMade(l *Lookup) bool {
	if l.Broken == nil {
		return len(l.Replies) == 0
	}
	return l.Broken.Kind == BreakBudget || cutOff(l.Broken)
}

// caaSets are the distinct CAA record sets that the servers give for a name,
// through its alias where it is one. end is the look-up, of the name or of what
// it is an alias of, that gave no usable answer; nil where all did: an issuer's
// resolver fails with it, whichever of the names it is.
func caaSets(dns *DNS, l *Lookup, depth int) (sets []caaSet, end *Lookup) {
	end = l
	for _, reply := range l.Replies {
		if !reply.Outcome.Usable() {
			continue
		}
		if end == l {
			end = nil
		}
		var own caaSet
		var target string
		for _, rr := range reply.Answer {
			switch {
			case rr.Type == "CNAME" && CanonicalName(rr.Name) == l.Name:
				target = CanonicalName(rr.Value)
			case rr.Type == "CAA" && CanonicalName(rr.Name) == l.Name:
				if p, valid := parseCAA(rr.Value); valid {
					own.properties = append(own.properties, p)
				}
				own.records = append(own.records, rr)
			}
		}
		switch {
		case len(own.records) > 0:
			own.at, own.replies = l.Name, []Reply{reply}
			sets = addCAASet(sets, own)
		case target != "" && depth < maxHops:
			next := dns.Lookup(target, "CAA")
			switch {
			case next == nil:
				return nil, &Lookup{Name: target, Type: "CAA"}
			case next.Broken != nil && (next.Broken.Kind == BreakNXDomain || next.Broken.Kind == BreakBadName):
				continue // nothing there, and no record either
			}
			behind, failed := caaSets(dns, next, depth+1)
			if failed != nil {
				return nil, failed
			}
			for _, set := range behind {
				set.via = l.Name
				sets = addCAASet(sets, set)
			}
		}
	}
	return sets, end
}

func addCAASet(sets []caaSet, set caaSet) []caaSet {
	slices.SortFunc(set.records, func(a, b RR) int { return strings.Compare(a.Value, b.Value) })
	for i := range sets {
		if sets[i].at == set.at && slices.EqualFunc(sets[i].records, set.records, func(a, b RR) bool { return a.Value == b.Value }) {
			sets[i].replies = append(sets[i].replies, set.replies...)
			return sets
		}
	}
	return append(sets, set)
}
