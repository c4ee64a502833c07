package diagnose

import (
	"net/netip"
	"slices"
	"strings"
)

// checkDelegation names what is wrong on the way from the root to a record.
func checkDelegation(r *reading) []Finding {
	z := zoneFaults{reading: r}
	for _, rec := range r.records {
		if rec.lookup == nil {
			continue
		}
		z.notPublic(rec)
		if rec.lookup.Broken != nil {
			z.broken(rec)
			continue
		}
		if rec.zone == nil {
			continue
		}
		z.silent(rec)
		z.mismatch(rec)
		z.cut(rec)
	}
	return z.found
}

// zoneFaults gathers what is wrong with zones. A fault of a zone is one finding,
// whichever of the records in it show it.
type zoneFaults struct {
	*reading
	found []Finding
}

func (z *zoneFaults) args() Args {
	return Args{Cert: z.cert, At: z.At, State: z.state, Zones: z.HostedZones}
}

// add adds a finding about a subject, for the names of a record and of the
// records before it that showed the same.
func (z *zoneFaults) add(id CauseID, subject string, rec *recordReading, a Args, confidence Confidence, evidence func(names []string) []Evidence) *Finding {
	a.Names = rec.names
	i := slices.IndexFunc(z.found, func(f Finding) bool { return f.Cause == id && f.Subject == subject })
	if i < 0 {
		i = len(z.found)
		z.found = append(z.found, Finding{})
	} else {
		a.Names = union(z.found[i].Names, rec.names)
	}
	f := CauseOf(id).find(a, confidence, evidence(a.Names)...)
	f.Subject, f.Ahead = subject, !z.anyWaiting(a.Names)
	z.found[i] = f
	return &z.found[i]
}

// notPublic finds a zone all of whose servers have private addresses.
func (z *zoneFaults) notPublic(rec *recordReading) {
	zone := z.DNS.Zones[hidden(rec.lookup)]
	if !z.privateOnly(zone) {
		return
	}
	a := z.args()
	a.Zone, a.NameServers, a.Servers = zone.Apex, zone.Delegated, serversWithAddresses(zone)
	z.add("dns-server-not-public", zone.Apex, rec, a, Certain, func(names []string) []Evidence {
		return append(z.nameEvidence(names), Evidence{Source: "DNS", Text: code(zone.Apex) + " is delegated to " + Conjoin(a.Servers)})
	})
}

// broken finds what ended the walk from the root before the record.
func (z *zoneFaults) broken(rec *recordReading) {
	b := rec.lookup.Broken
	switch b.Kind {
	case BreakNXDomain:
		a := z.args()
		a.Zone, a.Where = b.Zone, b.Name
		z.add("domain-expired", b.Name, rec, a, Certain, func(names []string) []Evidence {
			denied := Evidence{Source: "DNS", Text: "the servers of " + code(b.Zone) + " deny that " + code(b.Name) + " exists"}
			return slices.Concat(z.nameEvidence(names), []Evidence{denied}, replyEvidence("DNS", b.Name, rec.lookup.Type, b.Replies))
		})
	case BreakLame, BreakNoServers, BreakLoop:
		if cutOff(b) {
			return // it is this machine that gets no answer; unseen says so
		}
		replies := b.Replies
		if len(replies) == 0 {
			replies = rec.lookup.Replies
		}
		if !tooLate(replies) {
			z.lame(rec, b.Zone, replies, 0)
		}
	}
}

// silent finds delegated servers that give no answer for the record's zone.
func (z *zoneFaults) silent(rec *recordReading) {
	replies := rec.lookup.Replies
	faulty := faultyReplies(replies)
	if len(faulty) == 0 {
		return
	}
	if rec.usable() == 0 {
		z.lame(rec, rec.zone.Apex, replies, 0)
	} else if bad := wholly(faulty, replies); len(bad) > 0 {
		z.lame(rec, rec.zone.Apex, replies, len(serverNames(replies))-len(serverNames(bad)))
	}
}

// mismatch finds a zone that names other servers than its parent does, where
// they disagree about the record.
func (z *zoneFaults) mismatch(rec *recordReading) {
	if len(rec.right) == 0 || rec.inOrder() {
		return
	}
	apex := rec.zone.ApexNS()
	if len(apex) == 0 || sameNames(apex, rec.zone.Delegated) {
		return
	}
	a := z.args()
	a.Zone, a.NameServers, a.Servers, a.Record, a.Host = rec.zone.Apex, rec.zone.Delegated, apex, rec.Record, rec.host
	z.add("ns-mismatch-partial", rec.zone.Apex, rec, a, Likely, func([]string) []Evidence {
		return slices.Concat(replyEvidence("DNS", rec.zone.Apex, "NS", rec.zone.NS), dnsEvidence(rec.lookup, rec.lookup.Replies))
	})
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
func wholly(faulty, all []Reply) []Reply {
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
func tooLate(replies []Reply) bool {
	return len(replies) > 0 && len(faultyReplies(replies)) == 0
}

// lame adds the servers of a zone that do not answer for it; good counts those
// that do.
func (z *zoneFaults) lame(rec *recordReading, apex string, replies []Reply, good int) {
	zone := z.DNS.Zones[apex]
	if z.privateOnly(zone) {
		return // checked by itself, reachable or not
	}
	faulty := faultyReplies(replies)
	if good > 0 {
		faulty = wholly(faulty, replies)
	}
	a := z.args()
	if zone != nil {
		a.NameServers, a.Host = zone.Delegated, HostOf(zone.Delegated)
	}
	a.Zone, a.Good, a.Total = apex, good, max(len(serverNames(replies)), good+len(serverNames(faulty)))
	a.Servers = serversSaying(faulty, rec.lookup.Name, rec.lookup.Type)
	if len(a.Servers) == 0 && zone != nil {
		a.Servers = []string{"no server of it has an address"}
		a.Total = max(1, len(zone.Servers))
	}
	id, confidence := CauseID("lame-delegation"), Certain
	switch {
	case len(faulty) > 0 && !slices.ContainsFunc(faulty, func(reply Reply) bool { return reply.Outcome != OutcomeTruncated }):
		id, confidence, a.Servers = "edns-tcp-broken", Possible, serverNames(faulty)
	case good > 0:
		confidence = Likely
	}
	f := z.add(id, apex, rec, a, confidence, func(names []string) []Evidence {
		evidence := replyEvidence("DNS", rec.lookup.Name, rec.lookup.Type, faulty)
		if len(a.NameServers) > 0 || len(evidence) == 0 {
			evidence = append(evidence, Evidence{Source: "DNS", Text: code(apex) + " is delegated to " + orNone(a.NameServers)})
		}
		return slices.Concat(z.nameEvidence(names), evidence)
	})
	f.Severity = Blocking
	if good > 0 {
		f.Severity = Warning // resolvers try the other servers
		if id == "lame-delegation" {
			f.Title = "some of the domain's name servers do not answer for it"
		}
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "no server that could be found"
	}
	return some(list)
}

// cut finds a name between the zone and the record that the servers deny.
func (z *zoneFaults) cut(rec *recordReading) {
	if len(rec.right) == 0 {
		return
	}
	// From the apex down: what is below a denied name is denied with it.
	above := slices.DeleteFunc(Ancestors(rec.Name)[1:], func(at string) bool { return !isBelow(at, rec.zone.Apex) })
	for _, at := range slices.Backward(above) {
		l := z.DNS.Lookup(at, "CAA")
		if l == nil {
			continue
		}
		denying := slices.DeleteFunc(slices.Clone(l.Replies), func(reply Reply) bool { return reply.Outcome != OutcomeNXDomain })
		if len(denying) == 0 {
			continue
		}
		a := z.args()
		a.Zone, a.Where, a.Record, a.Host = rec.zone.Apex, at, rec.Record, rec.host
		z.add("nxdomain-cut", at, rec, a, Certain, func([]string) []Evidence {
			return slices.Concat(replyEvidence("DNS", at, "CAA", denying), dnsEvidence(rec.lookup, rec.right))
		})
		return
	}
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
