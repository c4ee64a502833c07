package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// zoneUse is a zone that matters to some of the certificate's names.
type zoneUse struct {
	lookup *Lookup
	names  []string
	rec    *recordReading // nil for a look-up that is not a record's
}

// uses are the look-ups that the renewal of names rests on: the validation
// records, and the CAA look-ups of names that have no record.
func (r *reading) uses() []zoneUse {
	var list []zoneUse
	for _, rec := range r.records {
		if rec.lookup != nil {
			list = append(list, zoneUse{rec.lookup, rec.names, rec})
		}
	}
	return list
}

// checkDelegation names what is wrong on the way from the root to a record.
func checkDelegation(r *reading) []Finding {
	found := map[string]*Finding{}
	var order []string
	add := func(key string, names []string, make func(names []string) Finding) {
		if f := found[key]; f != nil {
			names = union(f.Names, names)
		} else {
			order = append(order, key)
		}
		f := make(names)
		f.Ahead = !r.anyWaiting(names)
		found[key] = &f
	}
	for _, use := range r.uses() {
		l := use.lookup
		a := Args{Cert: r.cert, At: r.At, State: r.state, Zones: r.HostedZones}
		if z := r.DNS.Zones[hidden(l)]; r.privateOnly(z) {
			a.Zone, a.NameServers, a.Servers = z.Apex, z.Delegated, serversWithAddresses(z)
			add("dns-server-not-public "+z.Apex, use.names, func(names []string) Finding {
				a.Names = names
				evidence := []Evidence{{Source: "DNS", Text: code(z.Apex) + " is delegated to " + conjoin(serversWithAddresses(z))}}
				f := CauseOf("dns-server-not-public").find(a, Certain, slices.Concat(r.nameEvidence(names), evidence)...)
				f.Subject = z.Apex
				return f
			})
		}
		if b := l.Broken; b != nil {
			switch b.Kind {
			case BreakNXDomain:
				a.Zone, a.Where = b.Zone, b.Name
				add("domain-expired "+b.Name, use.names, func(names []string) Finding {
					a.Names = names
					f := CauseOf("domain-expired").find(a, Certain, slices.Concat(r.nameEvidence(names), []Evidence{{Source: "DNS", Text: "the servers of " + code(b.Zone) + " deny that " + code(b.Name) + " exists"}}, replyEvidence("DNS", b.Name, l.Type, b.Replies))...)
					f.Subject = b.Name
					return f
				})
			case BreakLame, BreakNoServers, BreakLoop:
				if cutOff(b) {
					continue // it is this machine that gets no answer; unseen says so
				}
				replies := b.Replies
				if len(replies) == 0 {
					replies = l.Replies
				}
				if r.tooLate(replies) {
					continue
				}
				r.lame(add, use, b.Zone, replies, 0, a)
			}
			continue
		}
		if use.rec == nil || use.rec.zone == nil {
			continue
		}
		if faulty := r.faulty(l.Replies); len(faulty) > 0 && use.rec.usable() > 0 {
			if bad := r.wholly(faulty, l.Replies); len(bad) > 0 {
				r.lame(add, use, use.rec.zone.Apex, l.Replies, len(serverNames(l.Replies))-len(serverNames(bad)), a)
			}
		} else if use.rec.usable() == 0 && len(r.faulty(l.Replies)) > 0 && !r.tooLate(l.Replies) {
			r.lame(add, use, use.rec.zone.Apex, l.Replies, 0, a)
		}
		if len(use.rec.right) > 0 && !use.rec.inOrder() {
			z := use.rec.zone
			if apex := z.ApexNS(); len(apex) > 0 && !sameNames(apex, z.Delegated) {
				a.Zone, a.NameServers, a.Servers, a.Record, a.Host = z.Apex, z.Delegated, apex, use.rec.Record, use.rec.host
				add("ns-mismatch-partial "+z.Apex, use.names, func(names []string) Finding {
					a.Names = names
					f := CauseOf("ns-mismatch-partial").find(a, Likely, slices.Concat(replyEvidence("DNS", z.Apex, "NS", z.NS), dnsEvidence(l, l.Replies))...)
					f.Subject = z.Apex
					return f
				})
			}
		}
		r.cut(add, use, a)
	}
	var list []Finding
	for _, key := range order {
		list = append(list, *found[key])
	}
	return list
}

// cutOff reports whether the way to a name broke among the root's or a public
// suffix's servers. Those answer the whole world, so what is broken is the way
// from here to them.
func cutOff(b *Break) bool {
	switch b.Kind {
	case BreakLame, BreakNoServers, BreakLoop:
		return !isBelowSuffix(b.Zone)
	default:
		return false
	}
}

// wholly are the faulty replies of servers none of whose addresses answers.
func (r *reading) wholly(faulty, all []Reply) []Reply {
	works := map[string]bool{}
	for _, reply := range all {
		if reply.Outcome.Usable() {
			works[reply.Server] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(faulty), func(reply Reply) bool { return works[reply.Server] })
}

// tooLate reports whether the servers were not asked for want of time, so that
// nothing can be said of them.
func (r *reading) tooLate(replies []Reply) bool {
	return len(replies) > 0 && len(r.faulty(replies)) == 0
}

func (r *reading) lame(add func(string, []string, func([]string) Finding), use zoneUse, zone string, replies []Reply, good int, a Args) {
	faulty := r.faulty(replies)
	if good > 0 {
		faulty = r.wholly(faulty, replies)
	}
	z := r.DNS.Zones[zone]
	if z != nil {
		a.NameServers, a.Host = z.Delegated, HostOf(z.Delegated)
	}
	a.Zone, a.Good, a.Total = zone, good, max(len(serverNames(replies)), good+len(serverNames(faulty)))
	a.Servers = serversSaying(faulty, use.lookup.Name, use.lookup.Type)
	if len(a.Servers) == 0 && z != nil {
		a.Servers = []string{"no server of it has an address"}
		a.Total = max(1, len(z.Servers))
	}
	confidence := Certain
	if good > 0 {
		confidence = Likely
	}
	id := CauseID("lame-delegation")
	if r.privateOnly(z) {
		return // checked by itself, reachable or not
	}
	if truncated := slices.DeleteFunc(slices.Clone(faulty), func(reply Reply) bool { return reply.Outcome != OutcomeTruncated }); len(truncated) > 0 && len(truncated) == len(faulty) {
		id, confidence, a.Servers = "edns-tcp-broken", Possible, serverNames(faulty)
	}
	add(string(id)+" "+zone, use.names, func(names []string) Finding {
		a.Names = names
		evidence := replyEvidence("DNS", use.lookup.Name, use.lookup.Type, faulty)
		if len(a.NameServers) > 0 || len(evidence) == 0 {
			evidence = append(evidence, Evidence{Source: "DNS", Text: code(zone) + " is delegated to " + orNone(a.NameServers)})
		}
		f := CauseOf(id).find(a, confidence, slices.Concat(r.nameEvidence(names), evidence)...)
		f.Subject = zone
		switch {
		case good > 0:
			f.Severity = Warning // resolvers try the other servers
		case id == "edns-tcp-broken":
			f.Severity = Blocking
		}
		return f
	})
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "no server that could be found"
	}
	return some(list)
}

// cut finds a name between the zone and the record that the servers deny.
func (r *reading) cut(add func(string, []string, func([]string) Finding), use zoneUse, a Args) {
	if len(use.rec.right) == 0 {
		return
	}
	// From the apex down: what is below a denied name is denied with it.
	above := slices.DeleteFunc(Ancestors(use.rec.Name)[1:], func(at string) bool { return !isBelow(at, use.rec.zone.Apex) })
	for _, at := range slices.Backward(above) {
		l := r.DNS.Lookup(at, "CAA")
		if l == nil {
			continue
		}
		var denying []Reply
		for _, reply := range l.Replies {
			if reply.Outcome == OutcomeNXDomain {
				denying = append(denying, reply)
			}
		}
		if len(denying) == 0 {
			continue
		}
		a.Zone, a.Where, a.Record, a.Host = use.rec.zone.Apex, at, use.rec.Record, use.rec.host
		add("nxdomain-cut "+at, use.names, func(names []string) Finding {
			a.Names = names
			f := CauseOf("nxdomain-cut").find(a, Certain, slices.Concat(replyEvidence("DNS", at, "CAA", denying), dnsEvidence(use.lookup, use.rec.right))...)
			f.Subject = at
			return f
		})
		return
	}
}

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
		look(rec.lookup, rec.names)
	}
	for _, c := range r.caa {
		for _, at := range Ancestors(c.name) {
			if l := r.DNS.Lookup(at, "CAA"); l != nil && l.Zone() != "." && isBelowSuffix(at) {
				look(l, []string{c.name})
			}
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

func union(a, b []string) []string {
	list := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// inOrderOf sorts names as they stand on the certificate.
func (r *reading) inOrderOf(names []string) []string {
	list := slices.Clone(names)
	slices.SortStableFunc(list, func(a, b string) int {
		return slices.Index(r.cert.Names, a) - slices.Index(r.cert.Names, b)
	})
	return list
}

// hidden is the zone whose servers the look-up ended at.
func hidden(l *Lookup) string {
	if l.Broken != nil && l.Broken.Zone != "" && l.Broken.Kind != BreakNXDomain {
		return l.Broken.Zone
	}
	return l.Zone()
}

// privateOnly reports whether all of a zone's servers have private addresses
// (RFC 1918, RFC 4193), while those of its parent have public ones: where the
// whole tree is private, this is a network of its own, and says nothing.
func (r *reading) privateOnly(z *Zone) bool {
	if z == nil || z.Parent == "" {
		return false
	}
	parent := r.DNS.Zones[z.Parent]
	return parent != nil &&
		countAddresses(z, netip.Addr.IsPrivate) > 0 &&
		countAddresses(z, netip.Addr.IsPrivate) == countAddresses(z, netip.Addr.IsValid) &&
		countAddresses(parent, func(a netip.Addr) bool { return a.IsGlobalUnicast() && !a.IsPrivate() }) > 0
}

// countAddresses counts the addresses of a zone's servers that are of a kind.
func countAddresses(z *Zone, kind func(netip.Addr) bool) int {
	n := 0
	for _, s := range z.Servers {
		for _, address := range s.Addresses {
			if addr, err := netip.ParseAddrPort(address); err == nil && kind(addr.Addr().Unmap()) {
				n++
			}
		}
	}
	return n
}

// serversWithAddresses are a zone's servers, such as "ns1.example.net
// (10.0.0.53)".
func serversWithAddresses(z *Zone) []string {
	var list []string
	for _, s := range z.Servers {
		var addrs []string
		for _, address := range s.Addresses {
			if addr, err := netip.ParseAddrPort(address); err == nil {
				addrs = append(addrs, addr.Addr().String())
			}
		}
		list = append(list, s.Name+" ("+strings.Join(addrs, ", ")+")")
	}
	slices.Sort(list)
	return list
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

// delegatedZone is the public hosted zone that a zone is delegated to; nil
// where it is none that could be read.
func (r *reading) delegatedZone(zone string) *HostedZone {
	z := r.DNS.Zones[zone]
	if z == nil {
		return nil
	}
	for i := range r.HostedZones {
		if h := &r.HostedZones[i]; !h.Private && h.Name == zone && sameNames(h.NameServers, z.Delegated) {
			return h
		}
	}
	return nil
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
