package diagnose

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// isBelowSuffix reports whether a name is below its public suffix: what is at
// or above one is nobody's to fix.
func isBelowSuffix(name string) bool {
	if name == "." {
		return false
	}
	suffix, icann := publicsuffix.PublicSuffix(name)
	if !icann && strings.Contains(suffix, ".") {
		return true // a domain like any other, whose owner lets others use names below it
	}
	return isBelow(name, suffix)
}

// checkCAA names CAA records that keep Amazon from issuing. One record set is
// one finding, whichever names it governs.
func checkCAA(r *reading) []Finding {
	type group struct {
		id    CauseID
		at    string
		via   string
		first *caaReading
		names []string
	}
	var groups []*group
	put := func(id CauseID, c *caaReading, at string) {
		for _, g := range groups {
			if g.id == id && g.at == at && g.via == c.via && g.first.culprit.Tag == c.culprit.Tag {
				g.names = append(g.names, c.name)
				return
			}
		}
		groups = append(groups, &group{id: id, at: at, via: c.via, first: c, names: []string{c.name}})
	}
	for _, c := range r.caa {
		switch {
		case c.failed != "":
			put("caa-lookup-failed", c, c.failed)
		case c.verdict == caaUnknownCritical:
			put("caa-critical-unknown-tag", c, c.at)
		case c.verdict == caaForbidsWildcard:
			put("caa-issuewild", c, c.at)
		case c.verdict == caaForbids && c.via != "":
			put("caa-via-cname", c, c.at)
		case c.verdict == caaForbids:
			put("caa-forbids-amazon", c, c.at)
		case c.verdict == caaNarrowed:
			put("caa-parameters", c, c.at)
		case c.verdict == caaMalformed:
			put("caa-malformed", c, c.at)
		}
	}
	var list []Finding
	for _, g := range groups {
		c := g.first
		a := Args{Cert: r.cert, At: r.At, State: r.state, Names: g.names, Where: g.at, Detail: g.via, Tag: c.culprit.Tag, Present: c.set, Zones: r.HostedZones}
		l := r.DNS.Lookup(g.at, "CAA")
		a.Zone = l.Zone()
		if z := r.DNS.Zones[a.Zone]; z != nil {
			a.NameServers, a.Host = z.Delegated, HostOf(z.Delegated)
		}
		id, confidence := g.id, Certain
		switch id {
		case "caa-forbids-amazon":
			own := func(n string) bool { return strings.TrimPrefix(n, "*.") == g.at }
			if !slices.ContainsFunc(g.names, own) {
				id = "caa-inherited"
			}
		case "caa-critical-unknown-tag":
			a.Present = slices.DeleteFunc(slices.Clone(c.set), func(rr RR) bool {
				p, ok := parseCAA(rr.Value)
				return !ok || p.Tag != c.culprit.Tag
			})
		case "caa-parameters":
			confidence = Possible
		case "caa-malformed":
			confidence = Likely
		case "caa-lookup-failed":
			if tooLate(c.replies) {
				continue
			}
			a.Servers = serversSaying(faultyReplies(c.replies), g.at, "CAA")
			if len(a.Servers) == 0 {
				a.Servers = []string{"no server could be asked"}
			}
		}
		evidence := slices.Concat(r.nameEvidence(g.names), replyEvidence("DNS", g.at, "CAA", c.replies))
		if len(c.replies) == 0 {
			evidence = append(evidence, Evidence{Source: "DNS", Text: "no server could be asked for CAA records at " + code(g.at)})
		}
		if g.via != "" {
			evidence = append(evidence, dnsEvidence(r.DNS.Lookup(g.via, "CAA"), r.lookupReplies(g.via, "CAA"))...)
		}
		f := CauseOf(id).find(a, confidence, evidence...)
		f.Subject = g.at
		f.Ahead = !r.issuing()
		list = append(list, f)
	}
	return list
}

// issuing reports whether a certificate is to be issued now. CAA is looked at
// then, so a name that is validated is not past it ("Why did my ACM certificate
// fail with a CAA error?",
// https://repost.aws/knowledge-center/acm-troubleshoot-caa-errors).
func (r *reading) issuing() bool {
	switch r.state {
	case StatePending, StateInRenewal, StateNotIssued, StateExpired:
		return true
	default:
		return false
	}
}
