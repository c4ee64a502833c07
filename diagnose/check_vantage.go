package diagnose

import (
	"slices"
	"strings"
)

// checkVantage names zones whose servers answer here, while recursive resolvers
// elsewhere cannot get an answer out of them, and DNSSEC is not why.
func checkVantage(r *reading) []Finding {
	var list []Finding
	for _, rec := range r.records {
		if rec.lookup == nil || !rec.inOrder() || !r.anyWaiting(rec.names) || refusedByValidators(rec.lookup) || rec.lookup.Security.State == Bogus {
			continue
		}
		if rec.lookup.Security.State == Indeterminate && rec.zone != nil && len(rec.zone.DS) > 0 &&
			!slices.ContainsFunc(rec.right, func(reply Reply) bool { return !strings.Contains(reply.Detail, "EDNS") }) {
			a := r.args(rec)
			a.Servers, a.Detail = serverNames(rec.right), "EDNS"
			// One zone is one finding, whichever of its records show it.
			i := slices.IndexFunc(list, func(f Finding) bool { return f.Cause == "edns-tcp-broken" && f.Subject == rec.zone.Apex })
			if i >= 0 {
				list[i].Names = r.inOrderOf(union(list[i].Names, rec.names))
				continue
			}
			f := CauseOf("edns-tcp-broken").find(a, Possible, slices.Concat(dnsEvidence(rec.lookup, rec.right), publicEvidence(rec.lookup))...)
			f.Subject = rec.zone.Apex
			list = append(list, f)
			continue
		}
		var cannot []Reply
		for _, reply := range rec.lookup.Public {
			if !reply.CheckingDisabled && reply.Outcome == OutcomeServFail {
				cannot = append(cannot, reply)
			}
		}
		partial := r.partialRouting(rec)
		if len(cannot) == 0 && partial == "" {
			continue
		}
		a := r.args(rec)
		a.Servers, a.Detail = serverNames(cannot), "cannot get an answer (SERVFAIL)"
		if partial != "" {
			a.Servers, a.Detail = []string{"Route 53"}, partial
		}
		f := CauseOf("mpic-split").find(a, Possible, slices.Concat(r.routedEvidence(rec), dnsEvidence(rec.lookup, rec.right), publicEvidence(rec.lookup))...)
		f.Subject = rec.Name
		list = append(list, f)
	}
	return list
}

// partialRouting says whom Route 53 gives another answer at a record's name
// than the one seen here; "" where everybody gets the value. A geolocation
// record set without a default has no answer for the rest of the world
// ("Geolocation routing", Amazon Route 53 Developer Guide,
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-geo.html).
func (r *reading) partialRouting(rec *recordReading) string {
	hosted := r.delegatedZone(rec.zoneName())
	if hosted == nil {
		return ""
	}
	geo, fallback, routed, others := false, false, false, false
	for _, rr := range hosted.Records {
		if CanonicalName(rr.Name) != rec.Name || rr.Type != "CNAME" || rr.Routing == "" {
			continue
		}
		routed = true
		others = others || !rec.accepts(rr.Value)
		geo = geo || strings.HasPrefix(rr.Routing, "geolocation ")
		fallback = fallback || rr.Routing == "geolocation default"
	}
	switch {
	case !routed:
		return ""
	case others:
		return "gives other askers another value, by its routing policy"
	case geo && !fallback:
		return "gives askers in other places no answer, for want of a default geolocation record"
	}
	return ""
}
