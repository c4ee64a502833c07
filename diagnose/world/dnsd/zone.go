package dnsd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// content is one version of a zone, ready to be served. Names are fully
// qualified and lower-case. It is not changed once it is served: a change
// makes a new one.
type content struct {
	apex string
	// sets are the records by owner and type, signatures and NSEC records
	// left out.
	sets map[string]map[uint16][]dns.RR
	// exists has every name there is: owners, and the empty non-terminals
	// above them. Names below a delegation are not in it.
	exists map[string]bool
	signed *signed // nil for an unsigned zone
}

// parse reads a zone's text.
func parse(apex, text string) (*content, error) {
	c := &content{apex: apex, sets: map[string]map[uint16][]dns.RR{}}
	records, err := parseRecords(apex, text)
	if err != nil {
		return nil, err
	}
	for _, rr := range records {
		if !dns.IsSubDomain(apex, rr.Header().Name) {
			return nil, fmt.Errorf("zone %s: the record %q is outside of it", apex, rr.String())
		}
		c.add(rr)
	}
	c.complete()
	return c, nil
}

func parseRecords(origin, text string) ([]dns.RR, error) {
	parser := dns.NewZoneParser(strings.NewReader(text), origin, "")
	parser.SetDefaultTTL(300)
	var records []dns.RR
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		rr.Header().Name = dns.CanonicalName(rr.Header().Name)
		records = append(records, rr)
	}
	if err := parser.Err(); err != nil {
		return nil, fmt.Errorf("zone %s: %w", origin, err)
	}
	return records, nil
}

func (c *content) add(rr dns.RR) {
	owner, rrtype := rr.Header().Name, rr.Header().Rrtype
	if c.sets[owner] == nil {
		c.sets[owner] = map[uint16][]dns.RR{}
	}
	if !slices.ContainsFunc(c.sets[owner][rrtype], func(other dns.RR) bool { return dns.IsDuplicate(rr, other) }) {
		c.sets[owner][rrtype] = append(c.sets[owner][rrtype], rr)
	}
}

// complete supplies a SOA record where there is none, and finds out which
// names exist.
func (c *content) complete() {
	if len(c.sets[c.apex][dns.TypeSOA]) == 0 {
		primary := "ns.invalid."
		if ns := c.sets[c.apex][dns.TypeNS]; len(ns) > 0 {
			primary = ns[0].(*dns.NS).Ns
		}
		c.add(&dns.SOA{
			Hdr: header(c.apex, dns.TypeSOA, 300), Ns: primary, Mbox: join("hostmaster", c.apex),
			Serial: 1, Refresh: 7200, Retry: 3600, Expire: 1209600, Minttl: 300,
		})
	}
	c.exists = map[string]bool{}
	for owner := range c.sets {
		if c.cut(owner) != "" && c.cut(owner) != owner {
			continue // glue
		}
		for name := owner; ; name = parentOf(name) {
			c.exists[name] = true
			if name == c.apex {
				break
			}
		}
	}
}

// cut returns the delegation that a name is at or below, "" where it is in the
// zone itself.
func (c *content) cut(name string) string {
	found := ""
	for ; name != c.apex; name = parentOf(name) {
		if len(c.sets[name][dns.TypeNS]) > 0 {
			found = name
		}
		if name == "." {
			break
		}
	}
	return found
}

// clone copies the records, for a change.
func (c *content) clone() *content {
	copied := &content{apex: c.apex, sets: map[string]map[uint16][]dns.RR{}}
	for owner, sets := range c.sets {
		copied.sets[owner] = map[uint16][]dns.RR{}
		for rrtype, set := range sets {
			copied.sets[owner][rrtype] = slices.Clone(set)
		}
	}
	return copied
}

// remove takes a record set away.
func (c *content) remove(owner string, rrtype uint16) {
	delete(c.sets[owner], rrtype)
	if len(c.sets[owner]) == 0 {
		delete(c.sets, owner)
	}
}

// answer fills a reply to a question about a name in the zone, as RFC 1034
// section 4.3.2 has it.
func (c *content) answer(reply *dns.Msg, name string, rrtype uint16, dnssec bool) {
	reply.Authoritative = true
	seen := map[string]bool{}
	for hops := 0; hops < 10 && !seen[name] && dns.IsSubDomain(c.apex, name); hops++ {
		seen[name] = true
		cut := c.cut(name)
		if cut != "" && (name != cut || rrtype != dns.TypeDS) {
			c.refer(reply, cut, dnssec)
			reply.Authoritative = hops > 0
			return
		}
		if owner := c.redirected(name); owner != "" {
			dname := c.sets[owner][dns.TypeDNAME]
			reply.Answer = append(reply.Answer, c.expand(dname, owner, owner, dnssec)...)
			target := strings.TrimSuffix(name, owner) + dns.CanonicalName(dname[0].(*dns.DNAME).Target)
			if _, ok := dns.IsDomainName(target); !ok {
				reply.Rcode = dns.RcodeYXDomain
				return
			}
			reply.Answer = append(reply.Answer, &dns.CNAME{Hdr: header(name, dns.TypeCNAME, dname[0].Header().Ttl), Target: target})
			if rrtype == dns.TypeCNAME {
				return
			}
			name = target
			continue
		}
		source := name
		if !c.exists[name] {
			source = c.wildcard(name)
			if source == "" {
				reply.Rcode = dns.RcodeNameError // of the last name in a chain: RFC 6604 section 3
				c.deny(reply, name, dnssec)
				return
			}
		}
		if set := c.sets[source][rrtype]; len(set) > 0 || rrtype == dns.TypeANY {
			if rrtype == dns.TypeANY {
				for _, set = range c.sets[source] {
					reply.Answer = append(reply.Answer, c.expand(set, source, name, dnssec)...)
				}
			} else {
				reply.Answer = append(reply.Answer, c.expand(set, source, name, dnssec)...)
			}
			if source != name && dnssec {
				reply.Ns = append(reply.Ns, c.covering(name)...)
			}
			if len(reply.Answer) > 0 {
				return
			}
		}
		alias := c.sets[source][dns.TypeCNAME]
		if len(alias) == 0 {
			c.deny(reply, name, dnssec)
			if source != name && dnssec {
				reply.Ns = append(reply.Ns, c.at(source)...)
			}
			return
		}
		reply.Answer = append(reply.Answer, c.expand(alias, source, name, dnssec)...)
		if source != name && dnssec {
			reply.Ns = append(reply.Ns, c.covering(name)...)
		}
		name = dns.CanonicalName(alias[0].(*dns.CNAME).Target)
	}
}

// redirected returns the name above another whose DNAME record stands for all
// below it, "" where there is none (RFC 6672 section 3.2).
func (c *content) redirected(name string) string {
	for name != c.apex {
		if name = parentOf(name); len(c.sets[name][dns.TypeDNAME]) > 0 {
			return name
		}
	}
	return ""
}

// wildcard returns the wildcard that a name which does not exist is made
// from, "" where there is none (RFC 4592 section 3.3.1).
func (c *content) wildcard(name string) string {
	for name != c.apex {
		name = parentOf(name)
		if c.exists[name] {
			if source := join("*", name); c.exists[source] {
				return source
			}
			return ""
		}
	}
	return ""
}

// refer fills in a delegation with its glue.
func (c *content) refer(reply *dns.Msg, cut string, dnssec bool) {
	servers := c.sets[cut][dns.TypeNS]
	reply.Ns = append(reply.Ns, copies(servers)...)
	if dnssec {
		if ds := c.sets[cut][dns.TypeDS]; len(ds) > 0 && c.signed != nil {
			reply.Ns = append(reply.Ns, c.expand(ds, cut, cut, true)...)
		} else {
			reply.Ns = append(reply.Ns, c.at(cut)...)
		}
	}
	for _, rr := range servers {
		name := dns.CanonicalName(rr.(*dns.NS).Ns)
		for _, rrtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
			reply.Extra = append(reply.Extra, copies(c.sets[name][rrtype])...)
		}
	}
}

// deny fills in the SOA record and the proof that a name or type is not
// there.
func (c *content) deny(reply *dns.Msg, name string, dnssec bool) {
	reply.Ns = append(reply.Ns, c.expand(c.sets[c.apex][dns.TypeSOA], c.apex, c.apex, dnssec)...)
	// A negative answer is cached for the lesser of the two (RFC 2308 section
	// 5), and good servers say so in the TTL.
	for _, rr := range reply.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			soa.Hdr.Ttl = min(soa.Hdr.Ttl, soa.Minttl)
		}
	}
	if !dnssec {
		return
	}
	if c.exists[name] {
		reply.Ns = append(reply.Ns, c.at(name)...)
		if !c.hasNSEC(name) {
			reply.Ns = append(reply.Ns, c.covering(name)...) // an empty non-terminal
		}
		return
	}
	proof := c.covering(name)
	for encloser := name; encloser != c.apex; {
		encloser = parentOf(encloser)
		if c.exists[encloser] {
			for _, rr := range c.covering(join("*", encloser)) {
				if !slices.ContainsFunc(proof, func(other dns.RR) bool { return dns.IsDuplicate(rr, other) }) {
					proof = append(proof, rr)
				}
			}
			break
		}
	}
	reply.Ns = append(reply.Ns, proof...)
}

// expand copies a record set from its owner to a name, with its signatures.
func (c *content) expand(set []dns.RR, owner, name string, dnssec bool) []dns.RR {
	all := copies(set)
	if dnssec && c.signed != nil && len(set) > 0 {
		for _, sig := range c.signed.signatures[owner][set[0].Header().Rrtype] {
			all = append(all, dns.Copy(sig))
		}
	}
	for _, rr := range all {
		rr.Header().Name = name
	}
	return all
}

func copies(set []dns.RR) []dns.RR {
	var all []dns.RR
	for _, rr := range set {
		all = append(all, dns.Copy(rr))
	}
	return all
}

func header(name string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

// join puts a label before a name.
func join(label, name string) string {
	if name == "." {
		return label + "."
	}
	return label + "." + name
}

// parentOf returns the name without its first label.
func parentOf(name string) string {
	if i, end := dns.NextLabel(name, 0); !end {
		return name[i:]
	}
	return "."
}

// apexOf qualifies a zone's name as it stands in a description.
func apexOf(name string) (string, error) {
	if name == "" || name == "." {
		return ".", nil
	}
	if _, ok := dns.IsDomainName(name); !ok {
		return "", fmt.Errorf("%q is not a zone's name", name)
	}
	return dns.CanonicalName(name), nil
}

var errNoZone = errors.New("no such zone")
