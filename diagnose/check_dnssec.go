package diagnose

import (
	"fmt"
)

// checkDNSSEC names zones whose signatures do not hold.
func checkDNSSEC(r *reading) []Finding {
	type fault struct {
		security Security
		names    []string
		lookups  []*Lookup
	}
	faults := map[string]*fault{}
	note := func(s Security, names []string, l *Lookup) {
		f := faults[s.Zone]
		if f == nil {
			f = &fault{security: s}
			faults[s.Zone] = f
		}
		f.names = union(f.names, names)
		f.lookups = append(f.lookups, l)
	}
	look := func(l *Lookup, names []string) {
		if l == nil {
			return
		}
		switch {
		case l.Security.State == Bogus, l.Security.State == Insecure && l.Security.Fault == FaultUnsupported:
			s := l.Security
			if s.Zone == "" {
				s.Zone = l.Zone()
			}
			note(s, names, l)
		case (l.Security.State == Unchecked || l.Security.State == Indeterminate) && refusedByValidators(l):
			note(Security{State: Bogus, Zone: l.Zone(), Detail: validatorsSay(l)}, names, l)
		}
	}
	for _, rec := range r.records {
		for _, l := range r.DNS.along(rec.lookup) {
			look(l, rec.names)
		}
	}
	for _, c := range r.caa {
		climbed := false // to a name that has a set, above which nobody looks for aliases
		for _, at := range Ancestors(c.name) {
			if l := r.DNS.Lookup(at, "CAA"); l != nil && l.Zone() != "." && isBelowSuffix(at) {
				consulted := []*Lookup{l}
				if !climbed {
					consulted = r.DNS.along(l)
				}
				for _, l := range consulted {
					look(l, []string{c.name})
				}
			}
			climbed = climbed || at == c.at || at == c.via
		}
	}
	var list []Finding
	for _, zone := range sortedStrings(faults) {
		f := faults[zone]
		a := Args{Cert: r.cert, At: r.At, State: r.state, Names: r.inOrderOf(f.names), Zone: zone, Since: f.security.Expired, Zones: r.HostedZones}
		if z := r.DNS.Zones[zone]; z != nil {
			a.NameServers, a.Host = z.Delegated, HostOf(z.Delegated)
		}
		id := CauseID("dnssec-bogus")
		a.Detail = f.security.Detail
		switch f.security.Fault {
		case FaultSignatureExpired:
			id = "rrsig-expired"
		case FaultDSStale, FaultNoDNSKEY:
			id, a.Detail = "ds-stale", ""
			if f.security.Fault == FaultNoDNSKEY {
				a.Detail = " (it has none at all)"
			}
		case FaultUnsupported:
			id, a.Detail = "ds-algorithm-unsupported", ""
		}
		confidence := Certain
		if f.security.Fault == "" {
			confidence = Likely
		}
		evidence := []Evidence{{Source: "DNSSEC", Text: faultText(f.security)}}
		if z := r.DNS.Zones[zone]; z != nil && len(z.DS) > 0 {
			var ds []string
			for _, rr := range z.DS {
				ds = append(ds, rr.Value)
			}
			evidence = append(evidence, Evidence{Source: "DNS", Text: "at the parent: DS " + some(ds)})
		}
		evidence = append(evidence, r.signingEvidence(zone)...)
		evidence = append(evidence, publicEvidence(f.lookups[0])...)
		if id == "ds-algorithm-unsupported" {
			confidence = Possible
		}
		finding := CauseOf(id).find(a, confidence, evidence...)
		finding.Subject = zone
		finding.Ahead = !r.issuing() // CAA is looked up in the zone whatever the names' status
		list = append(list, finding)
		if id == "rrsig-expired" || id == "ds-stale" {
			b := CauseOf("dnssec-bogus").find(a, confidence)
			b.Subject, b.Ahead = zone, finding.Ahead
			list = append(list, b)
		}
	}
	return list
}

// faultText says what was found when the signatures were checked.
func faultText(s Security) string {
	switch {
	case s.Detail != "":
		return s.Detail
	case s.Fault == FaultSignatureExpired && !s.Expired.IsZero():
		return "the signature expired on " + momentOf(s.Expired)
	default:
		return "the answer does not validate (" + string(s.Fault) + ")"
	}
}

// refusedByValidators reports whether recursive resolvers fail to answer, and
// do answer when told not to validate.
func refusedByValidators(l *Lookup) bool {
	fails, works := false, false
	for _, reply := range l.Public {
		switch {
		case reply.CheckingDisabled && reply.Outcome.Usable():
			works = true
		case !reply.CheckingDisabled && reply.Outcome == OutcomeServFail:
			fails = true
		}
	}
	return fails && works
}

func validatorsSay(l *Lookup) string {
	for _, reply := range l.Public {
		for _, e := range reply.EDE {
			return fmt.Sprintf("the resolver %s says %q", reply.Address, e.Name+" "+e.Text)
		}
	}
	return "validating resolvers answer SERVFAIL, and answer when told not to validate"
}

// signingEvidence is what Route 53 says of the signing of a zone that it hosts
// ("GetDNSSEC", Amazon Route 53 API Reference,
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetDNSSEC.html).
func (r *reading) signingEvidence(zone string) []Evidence {
	hosted := r.delegatedZone(zone)
	if hosted == nil || hosted.DNSSEC == "" {
		return nil
	}
	text := "the DNSSEC signing of the hosted zone " + zonesIn([]HostedZone{*hosted}) + " is " + code(hosted.DNSSEC)
	if hosted.DNSSECMessage != "" {
		text += ": " + code(hosted.DNSSECMessage)
	}
	return []Evidence{{Source: "Route 53", Text: text}}
}
