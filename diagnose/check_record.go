package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// checkRecords holds each validation CNAME against what DNS answers, and names
// what is wrong with it.
func checkRecords(r *reading) []Finding {
	var found []Finding
	for _, rec := range r.records {
		if f, ok := r.recordFault(rec); ok {
			f.Subject = rec.Name
			f.Ahead = !r.anyWaiting(rec.names)
			if r.switching() {
				f.Ahead = false
			}
			found = append(found, f)
		}
		found = append(found, r.stale(rec)...)
	}
	return found
}

// switching reports whether a switch to DNS validation is under way, which
// waits for its records now.
func (r *reading) switching() bool {
	return r.cert.Update != nil && r.cert.Update.To == MethodDNS && r.cert.Update.Status == "PENDING_DOMAIN_VALIDATION"
}

func (r *reading) args(rec *recordReading) Args {
	a := Args{Cert: r.cert, At: r.At, State: r.state, Names: rec.names, Record: rec.Record, Zone: rec.zoneName(), Host: rec.host, Zones: r.HostedZones}
	if rec.zone != nil {
		a.NameServers = rec.zone.Delegated
	}
	return a
}

// recordFault is the one thing wrong with a record, the most particular that
// the observations show.
func (r *reading) recordFault(rec *recordReading) (Finding, bool) {
	if rec.lookup == nil || rec.lookup.Broken != nil || rec.usable() == 0 {
		return Finding{}, false // the zone's checks say why
	}
	a := r.args(rec)
	evidence := r.nameEvidence(rec.names)
	answers := dnsEvidence(rec.lookup, rec.lookup.Replies)
	fault := func(id CauseID, confidence Confidence, more ...Evidence) (Finding, bool) {
		return CauseOf(id).find(a, confidence, slices.Concat(evidence, answers, more)...), true
	}
	sibling := r.DNS.Lookup(SiblingName(rec.Name), "CNAME")
	if rec.usable() > len(rec.right) && !rec.absent() {
		evidence = slices.Concat(evidence, r.routedEvidence(rec))
	}
	switch {
	case rec.inOrder():
		if others := r.beside(rec); len(others) > 0 {
			a.Present = others
			return fault("other-type-at-name", Certain, dnsEvidence(r.DNS.Lookup(rec.Name, "TXT"), r.lookupReplies(rec.Name, "TXT"))...)
		}
		return Finding{}, false
	case len(rec.right) > 0:
		a.Good, a.Total = len(rec.right), rec.usable()
		bad := slices.Concat(rec.missing, rec.wrong, rec.multiple)
		a.Servers = serverNames(bad)
		return fault("propagation-split", Certain, serialEvidence(rec.zone)...)
	case len(rec.multiple) > 0:
		a.Present = recordsAt(rec.lookup, "CNAME")
		return fault("multiple-cnames", Certain)
	case rec.absent():
		id, confidence, more := r.whyMissing(rec, &a)
		return fault(id, confidence, more...)
	}
	// A CNAME is there, and it is another one.
	targets := rec.targets()
	if len(targets) == 0 {
		return Finding{}, false
	}
	target := targets[0]
	a.Detail = target
	a.Present = recordsAt(rec.lookup, "CNAME")
	if shadow := recordsAt(sibling, "CNAME"); slices.ContainsFunc(shadow, func(rr RR) bool { return CanonicalName(rr.Value) == target }) {
		return fault("wildcard-shadow", Certain, dnsEvidence(sibling, sibling.Replies)...)
	}
	switch {
	case strings.HasPrefix(target, rec.Value+".") && !strings.HasSuffix(target, ".acm-validations.aws"):
		return fault("cname-value-doubled", Certain)
	case strings.HasPrefix(target, rec.Value+`\.`):
		return fault("trailing-dot", Certain)
	case halfPasted(target, rec.Value), strings.HasSuffix(target, ".acm-validations.aws"), strings.Contains(target, "acm-validations"), oddCharacters(target) != "":
		return fault("cname-wrong-value", Certain)
	}
	end, hops := followCNAME(&r.DNS, target, rec.accepts)
	chain := r.chainEvidence(target)
	if owner, to := dnameAbove(rec.lookup); owner != "" && (end == chainBreaks || end == chainStops) {
		// Nothing can stand below a DNAME (RFC 6672 section 2.4): the record
		// belongs where it leads.
		last := r.lastOf(target)
		a.Record.Name, a.Present = last.Name, recordsAt(last, "CNAME")
		a.Zone, a.Host, a.NameServers = last.Zone(), Host{}, nil
		if z := r.DNS.Zones[a.Zone]; z != nil {
			a.NameServers, a.Host = z.Delegated, HostOf(z.Delegated)
		}
		f, ok := fault("cname-missing", Certain, chain...)
		f.Text += fmt.Sprintf(" %s has a DNAME record, so what is below it is looked up below %s; the record belongs there, and none can be added at %s.", code(owner), code(to), code(rec.Name))
		return f, ok
	}
	switch end {
	case chainReaches: // over too many
		a.Total = hops
		return fault("cname-chain-too-long", Certain, chain...)
	case chainBreaks:
		a.Where = "a name on the way does not exist"
		return fault("cname-chain-broken", Certain, chain...)
	case chainLoops:
		a.Where = "it runs in a circle, or on and on"
		return fault("cname-chain-broken", Certain, chain...)
	case chainUnseen:
		last := r.lastOf(target)
		if last == nil || notMade(last) {
			return Finding{}, false // it may lead to the value, for all that is known
		}
		a.Where = "the servers" + ofZone(hidden(last)) + " do not answer for " + code(last.Name)
		f, ok := fault("cname-chain-broken", Certain, chain...)
		f.Title = "validation CNAME leads over an alias that cannot be resolved"
		return f, ok
	default:
		return fault("cname-non-acm-target", Certain, chain...)
	}
}

func (r *reading) lookupReplies(name, rrtype string) []Reply {
	if l := r.DNS.Lookup(name, rrtype); l != nil {
		return l.Replies
	}
	return nil
}

// dnameAbove is the owner and the target of the DNAME record that a look-up's
// answers are made from; empty where they are not.
func dnameAbove(l *Lookup) (owner, target string) {
	for _, reply := range l.Replies {
		for _, rr := range reply.Answer {
			if rr.Type == "DNAME" && isBelow(l.Name, CanonicalName(rr.Name)) {
				return CanonicalName(rr.Name), CanonicalName(rr.Value)
			}
		}
	}
	return "", ""
}

// lastOf is the look-up at which a chain of CNAMEs ends; nil where it was not
// made.
func (r *reading) lastOf(target string) *Lookup {
	for range 2 * maxHops {
		l := r.DNS.Lookup(target, "CNAME")
		next, _ := answerOf(l)
		if next == "" {
			return l
		}
		target = next
	}
	return nil
}

func (r *reading) chainEvidence(target string) []Evidence {
	var list []Evidence
	for range maxHops + 1 {
		l := r.DNS.Lookup(target, "CNAME")
		if l == nil {
			break
		}
		list = append(list, dnsEvidence(l, l.Replies)...)
		next, _ := answerOf(l)
		if next == "" {
			break
		}
		target = next
	}
	return list
}

// beside are records of other types that servers hold beside the CNAME.
func (r *reading) beside(rec *recordReading) []RR {
	var list []RR
	for _, t := range []string{"TXT", "A", "AAAA"} {
		list = append(list, recordsAt(r.DNS.Lookup(rec.Name, t), t)...)
	}
	return list
}

// whyMissing tells why no server has a CNAME at the name. It fills in the
// arguments of the cause that it names.
func (r *reading) whyMissing(rec *recordReading, a *Args) (CauseID, Confidence, []Evidence) {
	wild := SiblingName(rec.Name)
	var more []Evidence
	// Another name that was meant.
	for _, doubled := range DoubledNames(rec.Name, rec.zoneName()) {
		l := r.DNS.Lookup(doubled, "CNAME")
		if value, _ := answerOf(l); value != "" && rec.meantBy(value) && !r.fromWildcard(l, doubled) {
			a.Where = doubled
			return "cname-name-doubled", Certain, dnsEvidence(l, l.Replies)
		}
	}
	if bare := BareName(rec.Name); bare != "" {
		l := r.DNS.Lookup(bare, "CNAME")
		if value, _ := answerOf(l); value != "" && rec.meantBy(value) {
			a.Where = bare
			return "underscore-stripped-name", Certain, dnsEvidence(l, l.Replies)
		}
	}
	// Another type in its place.
	for _, t := range []string{"TXT", "A", "AAAA"} {
		l := r.DNS.Lookup(rec.Name, t)
		there := recordsAt(l, t)
		if len(there) == 0 {
			continue
		}
		sibling := r.DNS.Lookup(wild, t)
		if sameValues(there, recordsAt(sibling, t)) {
			more = slices.Concat(more, dnsEvidence(l, l.Replies), dnsEvidence(sibling, sibling.Replies))
			continue // a wildcard's, and no CNAME: the record is missing, and nothing seems to be there
		}
		a.Present = there
		switch {
		case t != "TXT" && (rec.host.ID == "cloudflare" || rec.host.ID == "akamai" || onEdge(there)):
			return "proxied-or-flattened", Likely, dnsEvidence(l, l.Replies)
		default:
			return "cname-wrong-type", Certain, dnsEvidence(l, l.Replies)
		}
	}
	// The right record in a zone that the public does not see.
	if id, elsewhere, ok := r.zoneWithRecord(rec, a); ok {
		return id, Certain, elsewhere
	}
	return "cname-missing", Certain, slices.Concat(more, r.otherTokens(rec), r.routedEvidence(rec))
}

// otherTokens are validation records beside the one that is missing: those that
// ACM asks another account for, or another name's. They do nothing for this
// certificate, and are there to stay.
func (r *reading) otherTokens(rec *recordReading) []Evidence {
	_, parent, _ := strings.Cut(rec.Name, ".")
	var list []Evidence
	for _, z := range r.HostedZones {
		for _, rr := range z.Records {
			name := CanonicalName(rr.Name)
			label, above, _ := strings.Cut(name, ".")
			if rr.Type != "CNAME" || name == rec.Name || above != parent || !strings.HasPrefix(label, "_") || !strings.HasSuffix(CanonicalName(rr.Value), ".acm-validations.aws") {
				continue
			}
			list = append(list, Evidence{Source: "Route 53", Text: "the hosted zone " + zonesIn([]HostedZone{z}) + " has another validation record there, " + code(name) + ": ACM asks each account for one of its own, and that one is not for account " + code(r.cert.Account)})
		}
	}
	return list
}

// routedEvidence shows record sets at the record's name that Route 53 does not
// give to everybody.
func (r *reading) routedEvidence(rec *recordReading) []Evidence {
	var list []Evidence
	for _, z := range r.HostedZones {
		if z.Private {
			continue
		}
		for _, rr := range z.Records {
			if CanonicalName(rr.Name) == rec.Name && rr.Routing != "" {
				list = append(list, Evidence{Source: "Route 53", Text: "the hosted zone " + zonesIn([]HostedZone{z}) + " answers " + code(rec.Name) + " by the routing policy " + code(rr.Routing) + " with " + rr.Type + " " + code(rr.Value)})
			}
		}
	}
	return list
}

// meantBy reports whether a CNAME's target is the value, however mangled, so that
// the record it stands in was meant to be this one.
func (rec *recordReading) meantBy(target string) bool {
	return rec.accepts(target) || strings.HasPrefix(target, rec.Value+".") || strings.HasSuffix(target, ".acm-validations.aws")
}

// fromWildcard reports whether an answer below the name is a wildcard's.
func (r *reading) fromWildcard(l *Lookup, name string) bool {
	sibling := r.DNS.Lookup(SiblingName(name), "CNAME")
	return sibling != nil && sameValues(recordsAt(l, "CNAME"), recordsAt(sibling, "CNAME"))
}

// DoubledNames are the names at which a validation record ends up when a DNS
// host appends the zone's name to a name that already has it.
func DoubledNames(recordName, zone string) []string {
	if zone == "" || zone == "." {
		return nil
	}
	return []string{recordName + "." + zone}
}

func sameValues(a, b []RR) bool {
	return len(a) > 0 && slices.EqualFunc(a, b, func(x, y RR) bool { return x.Type == y.Type && x.Value == y.Value })
}

// edgeNetworks are where the proxies of Cloudflare answer ("IP Ranges",
// https://www.cloudflare.com/ips/).
var edgeNetworks = []netip.Prefix{
	netip.MustParsePrefix("104.16.0.0/13"), netip.MustParsePrefix("104.24.0.0/14"), netip.MustParsePrefix("172.64.0.0/13"),
	netip.MustParsePrefix("188.114.96.0/20"), netip.MustParsePrefix("162.158.0.0/15"), netip.MustParsePrefix("2606:4700::/32"),
}

func onEdge(records []RR) bool {
	return slices.ContainsFunc(records, func(rr RR) bool {
		addr, err := netip.ParseAddr(rr.Value)
		return err == nil && slices.ContainsFunc(edgeNetworks, func(p netip.Prefix) bool { return p.Contains(addr) })
	})
}

// zoneWithRecord looks for the right record in the Route 53 zones.
func (r *reading) zoneWithRecord(rec *recordReading, a *Args) (CauseID, []Evidence, bool) {
	if rec.zone == nil {
		return "", nil, false
	}
	var private, public []HostedZone
	for _, z := range r.HostedZones {
		has := slices.ContainsFunc(z.Records, func(rr RR) bool {
			return rr.Type == "CNAME" && CanonicalName(rr.Name) == rec.Name && rec.accepts(rr.Value)
		})
		switch {
		case !has:
		case z.Private:
			private = append(private, z)
		default:
			public = append(public, z)
		}
	}
	evidence := func(zones []HostedZone) []Evidence {
		a.Zones = zones
		var list []Evidence
		for _, z := range zones {
			kind := "public"
			if z.Private {
				kind = "private"
			}
			list = append(list, Evidence{Source: "Route 53", Text: "the " + kind + " hosted zone " + zonesIn([]HostedZone{z}) + " has the CNAME"})
			if !z.Private {
				list = append(list, Evidence{Source: "Route 53", Text: "its name servers are " + some(z.NameServers)})
			}
		}
		return append(list, Evidence{Source: "DNS", Text: code(rec.zone.Apex) + " is delegated to " + some(rec.zone.Delegated)})
	}
	for _, z := range public {
		switch {
		case z.Name == rec.zone.Apex && sameNames(z.NameServers, rec.zone.Delegated):
			return "", nil, false // it is in the right zone: only just
		case z.Name == rec.zone.Apex && HostOf(rec.zone.Delegated).ID == HostRoute53:
			return "duplicate-hosted-zone", evidence([]HostedZone{z}), true
		case z.Name == rec.zone.Apex && slices.ContainsFunc(r.HostedZones, func(other HostedZone) bool {
			return !other.Private && other.Name == z.Name && sameNames(other.NameServers, rec.zone.Delegated)
		}):
			return "duplicate-hosted-zone", evidence([]HostedZone{z}), true
		case z.Name == rec.zone.Apex:
			return "delegation-moved", evidence([]HostedZone{z}), true
		case isBelow(rec.zone.Apex, z.Name):
			return "subzone-shadow", evidence([]HostedZone{z}), true
		case isBelow(z.Name, rec.zone.Apex):
			return "subzone-not-delegated", evidence([]HostedZone{z}), true
		}
	}
	if len(private) > 0 {
		return "private-zone-only", evidence(private), true
	}
	return "", nil, false
}

// isBelow reports whether a name is below another.
func isBelow(name, above string) bool {
	return above == "." && name != "." || strings.HasSuffix(name, "."+above)
}

// stale names resolvers that still hold an earlier answer where the
// authoritative servers have the record. It matters only while somebody waits.
func (r *reading) stale(rec *recordReading) []Finding {
	if !rec.inOrder() || !r.anyWaiting(rec.names) {
		return nil
	}
	var behind []Reply
	var wait time.Duration
	for _, reply := range rec.lookup.Public {
		if !reply.Outcome.Usable() || reply.CheckingDisabled {
			continue
		}
		values := cnamesAt(reply, rec.Name)
		if len(values) == 1 && rec.leadsToValue(&r.DNS, values[0]) {
			continue
		}
		behind = append(behind, reply)
		wait = max(wait, negativeTTL(reply))
	}
	if len(behind) == 0 {
		return nil
	}
	a := r.args(rec)
	a.Servers = serverNames(behind)
	a.Wait = wait
	f := CauseOf("negative-cache").find(a, Certain, slices.Concat(r.nameEvidence(rec.names), dnsEvidence(rec.lookup, rec.right), publicEvidence(rec.lookup))...)
	f.Subject = rec.Name
	return []Finding{f}
}

// serialEvidence shows servers whose copies of the zone differ.
func serialEvidence(z *Zone) []Evidence {
	if z == nil {
		return nil
	}
	serials := map[string][]string{}
	for _, reply := range z.SOA {
		for _, rr := range reply.Answer {
			if fields := strings.Fields(rr.Value); rr.Type == "SOA" && len(fields) == 7 && !slices.Contains(serials[fields[2]], reply.Server) {
				serials[fields[2]] = append(serials[fields[2]], reply.Server)
			}
		}
	}
	if len(serials) < 2 {
		return nil
	}
	var list []Evidence
	for _, serial := range sortedStrings(serials) {
		list = append(list, Evidence{Source: "DNS", Text: Conjoin(serials[serial]) + " " + agree("has the zone's serial number "+code(serial), len(serials[serial]))})
	}
	return list
}

// halfPasted reports whether a target starts as the value does, so that the
// rest of the value was lost on the way.
func halfPasted(target, value string) bool {
	token, _, _ := strings.Cut(value, ".")
	label, _, _ := strings.Cut(target, ".")
	return len(token) > 16 && (label == token || "_"+label == token)
}
