package diagnose

import (
	"slices"
	"strings"
)

// checkEmail names what holds up e-mail validation, and its end.
func checkEmail(r *reading) []Finding {
	if !r.validates() {
		return nil
	}
	var mailed []string
	for _, n := range r.cert.Names {
		if v, ok := r.cert.Expected(n); ok && v.Method == MethodEmail || !ok && r.cert.ValidationMethod == MethodEmail {
			mailed = append(mailed, n)
		}
	}
	if len(mailed) == 0 {
		return nil
	}
	var found []Finding
	if r.state == StatePending || r.state == StateInRenewal || r.state == StateNotIssued {
		var waiting []string
		for _, n := range mailed {
			if s := r.nameStatus(n); s == NamePending || s == NameFailed {
				waiting = append(waiting, n)
			}
		}
		found = append(found, r.unapproved(waiting)...)
	}
	found = append(found, r.nowhereToMail(mailed)...)
	a := Args{Cert: r.cert, At: r.At, State: r.state}
	if r.cert.Status != StatusFailed && r.cert.Status != StatusValidationTimedOut && r.state != StateExpired {
		sunset := CauseOf("email-sunset").find(a, Certain, acmSays("its validation method is %s", code(MethodEmail)))
		if !r.At.Before(emailRenewingEnds) {
			sunset.Severity = Blocking
		}
		found = append(found, sunset)
	}
	if u := r.cert.Update; u != nil && u.To == MethodDNS {
		a.Since = u.RequestedAt
		evidence := acmSays("the switch to DNS validation has the status %s", code(u.Status))
		switch u.Status {
		case "PENDING_DOMAIN_VALIDATION":
			found = append(found, CauseOf("email-migration-pending").find(a, Certain, evidence))
		case "FAILED":
			found = append(found, CauseOf("email-migration-timed-out").find(a, Certain, evidence))
		}
	}
	return found
}

// unapproved groups the names that wait by the domain that was written to.
func (r *reading) unapproved(waiting []string) []Finding {
	groups := map[string][]string{}
	for _, n := range waiting {
		domain := mailDomain(r.cert, n)
		groups[domain] = append(groups[domain], n)
	}
	var found []Finding
	for _, domain := range sortedStrings(groups) {
		names := groups[domain]
		a := Args{Cert: r.cert, At: r.At, State: r.state, Names: names, Where: domain}
		for _, n := range names {
			if v, ok := r.cert.Expected(n); ok {
				a.Emails = union(a.Emails, v.Emails)
			}
		}
		if r.cert.Renewal != nil && r.state != StateNotIssued {
			a.Since = r.cert.Renewal.UpdatedAt
		} else {
			a.Since = r.cert.CreatedAt
		}
		f := CauseOf("email-unapproved").find(a, Certain, slices.Concat(r.nameEvidence(names), []Evidence{acmSays("the validation mail went to %s", some(a.Emails))})...)
		f.Subject = domain
		found = append(found, f)
	}
	return found
}

// mailDomain is the domain that a name's validation mail is sent to.
func mailDomain(c *Certificate, name string) string {
	if v, ok := c.Expected(name); ok && v.ValidationDomain != "" {
		return CanonicalName(v.ValidationDomain)
	}
	return strings.TrimPrefix(strings.TrimPrefix(name, "*."), "www.")
}

// MailDomains are the domains whose mail servers a certificate's e-mail
// validation rests on.
func MailDomains(c *Certificate) []string {
	var list []string
	for _, n := range c.Names {
		if v, ok := c.Expected(n); ok && v.Method == MethodEmail || !ok && c.ValidationMethod == MethodEmail {
			list = union(list, []string{mailDomain(c, n)})
		}
	}
	return list
}

// nowhereToMail names validation domains that take no mail (RFC 5321 section
// 5.1: MX records, else the domain's own addresses; RFC 7505: a null MX).
func (r *reading) nowhereToMail(names []string) []Finding {
	groups := map[string][]string{}
	for _, n := range names {
		domain := mailDomain(r.cert, n)
		groups[domain] = append(groups[domain], n)
	}
	var found []Finding
	for _, domain := range sortedStrings(groups) {
		mx := r.DNS.Lookup(domain, "MX")
		if mx == nil {
			continue
		}
		a := Args{Cert: r.cert, At: r.At, State: r.state, Names: groups[domain], Where: domain}
		evidence := dnsEvidence(mx, mx.Replies)
		switch servers := recordsAt(mx, "MX"); {
		case mx.Broken != nil && mx.Broken.Kind == BreakNXDomain, allSay(mx, OutcomeNXDomain):
			a.Detail = "the domain " + code(domain) + " does not exist"
		case len(servers) == 1 && nullMX(servers[0]):
			a.Detail = "the domain " + code(domain) + " says that it takes no mail (null MX)"
		case allSay(mx, OutcomeNoData) && allSay(r.DNS.Lookup(domain, "A"), OutcomeNoData) && allSay(r.DNS.Lookup(domain, "AAAA"), OutcomeNoData):
			a.Detail = "the domain " + code(domain) + " has no mail server (neither MX nor address records)"
		default:
			continue
		}
		f := CauseOf("email-no-mx").find(a, Certain, slices.Concat(r.nameEvidence(a.Names), []Evidence{{Source: "DNS", Text: a.Detail}}, evidence)...)
		f.Subject = domain
		f.Ahead = !r.anyWaiting(a.Names)
		found = append(found, f)
	}
	return found
}

func nullMX(rr RR) bool {
	fields := strings.Fields(rr.Value)
	return len(fields) == 2 && CanonicalName(fields[1]) == "."
}

// allSay reports whether all servers that gave a usable answer gave this one.
func allSay(l *Lookup, outcome Outcome) bool {
	if l == nil {
		return false
	}
	said := false
	for _, reply := range l.Replies {
		switch {
		case reply.Outcome == outcome:
			said = true
		case reply.Outcome.Usable():
			return false
		}
	}
	return said
}
