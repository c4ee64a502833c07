package dnstrace

import (
	"bytes"
	"slices"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

// denial validates an answer that says that a name, or a type at it, is not
// there. Bogus needs a signature that fails or no proof at all; a proof that
// is there, is signed and is not understood is indeterminate.
func (w *walk) denial(v view, name string, rrtype uint16, apex string, keys []*dns.DNSKEY) diagnose.Security {
	if !v.edns {
		return diagnose.Security{State: diagnose.Indeterminate, Detail: v.detail}
	}
	unproven := diagnose.Security{
		State: diagnose.Bogus, Fault: diagnose.FaultDenialUnproven,
		Detail: "the zone is signed, but the answer that there is no such record comes without a proof (NSEC or NSEC3)",
	}
	var nsec []*dns.NSEC
	var nsec3 []*dns.NSEC3
	checked := 0
	for _, rr := range v.msg.Ns {
		t := rr.Header().Rrtype
		if t != dns.TypeNSEC && t != dns.TypeNSEC3 && t != dns.TypeSOA || checked == maxDenials {
			continue
		}
		if t == dns.TypeSOA && !dns.IsSubDomain(apex, dns.CanonicalName(rr.Header().Name)) {
			continue
		}
		checked++
		set := recordSet(v.msg.Ns, rr.Header().Name, t)
		if found := w.verify(set, v.msg.Ns, apex, keys); found.State != diagnose.Secure {
			return found
		}
		switch rr := rr.(type) {
		case *dns.NSEC:
			nsec = append(nsec, rr)
		case *dns.NSEC3:
			nsec3 = append(nsec3, rr)
		}
	}
	if len(nsec)+len(nsec3) == 0 {
		return unproven
	}
	if slices.ContainsFunc(nsec3, func(rr *dns.NSEC3) bool { return rr.Hash != dns.SHA1 || rr.Iterations > maxIterations }) {
		return diagnose.Security{
			State: diagnose.Insecure, Detail: "the zone's NSEC3 records ask for more hashing than resolvers do; they treat the answer as unsigned",
		}
	}
	nxdomain := v.reply.Outcome == diagnose.OutcomeNXDomain
	if provenByNSEC(nsec, name, rrtype, nxdomain) || provenByNSEC3(nsec3, name, rrtype, apex, nxdomain) {
		return diagnose.Security{State: diagnose.Secure}
	}
	return diagnose.Security{
		State: diagnose.Indeterminate, Detail: "the proof that there is no such record is signed, but does not clearly cover this name",
	}
}

// provenByNSEC reports whether NSEC records deny a name or a type at it (RFC
// 4035 section 5.4).
func provenByNSEC(records []*dns.NSEC, name string, rrtype uint16, nxdomain bool) bool {
	covered := false
	for _, rr := range records {
		switch owner := dns.CanonicalName(rr.Hdr.Name); {
		case owner == name:
			// RFC 9824 (compact denial) proves that a name does not exist by an
			// NSEC record at it that says so.
			return lacks(rr.TypeBitMap, rrtype) && (!nxdomain || slices.Contains(rr.TypeBitMap, dns.TypeNXNAME))
		case between(owner, dns.CanonicalName(rr.NextDomain), name):
			covered = true
			if !nxdomain && strictlyBelow(dns.CanonicalName(rr.NextDomain), name) {
				return true // an empty non-terminal
			}
		}
	}
	if !covered {
		return false
	}
	if nxdomain {
		return true
	}
	return slices.ContainsFunc(records, func(rr *dns.NSEC) bool {
		owner := dns.CanonicalName(rr.Hdr.Name)
		return isWildcardFor(owner, name) && lacks(rr.TypeBitMap, rrtype)
	})
}

// lacks reports whether a bitmap has neither a type nor an alias, and is not
// that of the parent's side of a delegation where the child's is asked about.
func lacks(bitmap []uint16, rrtype uint16) bool {
	if slices.Contains(bitmap, rrtype) || slices.Contains(bitmap, dns.TypeCNAME) {
		return false
	}
	delegation := slices.Contains(bitmap, dns.TypeNS) && !slices.Contains(bitmap, dns.TypeSOA)
	if rrtype == dns.TypeDS {
		return !slices.Contains(bitmap, dns.TypeSOA)
	}
	return !delegation
}

func isWildcardFor(owner, name string) bool {
	return len(owner) > 2 && owner[:2] == "*." && strictlyBelow(name, owner[2:]) || owner == "*." && name != "."
}

// provenByNSEC3 reports whether NSEC3 records deny a name or a type at it (RFC
// 5155 section 8).
func provenByNSEC3(records []*dns.NSEC3, name string, rrtype uint16, apex string, nxdomain bool) bool {
	matching := func(name string) *dns.NSEC3 {
		for _, rr := range records {
			if rr.Match(name) {
				return rr
			}
		}
		return nil
	}
	if rr := matching(name); rr != nil {
		return !nxdomain && lacks(rr.TypeBitMap, rrtype)
	}
	// The closest encloser is the longest ancestor that exists; the name one
	// label longer does not.
	for closer := name; closer != "." && closer != apex; closer = parentOf(closer) {
		encloser := matching(parentOf(closer))
		if encloser == nil {
			continue
		}
		i := slices.IndexFunc(records, func(rr *dns.NSEC3) bool { return rr.Cover(closer) })
		if i < 0 {
			return false
		}
		if nxdomain {
			return true
		}
		const optOut = 1
		if rrtype == dns.TypeDS && records[i].Flags&optOut != 0 {
			return true
		}
		wildcard := matching("*." + parentOf(closer))
		return wildcard != nil && lacks(wildcard.TypeBitMap, rrtype)
	}
	return false
}

// between reports whether a name lies strictly between two owners in the
// canonical order (RFC 4034 section 6.1); the last one's next is the apex.
func between(owner, next, name string) bool {
	after := compareNames(owner, name) < 0
	before := compareNames(name, next) < 0
	if compareNames(owner, next) < 0 {
		return after && before
	}
	return after || before
}

// compareNames compares names in the canonical order.
func compareNames(a, b string) int {
	x, y := wireLabels(a), wireLabels(b)
	for i := 1; i <= min(len(x), len(y)); i++ {
		if c := bytes.Compare(x[len(x)-i], y[len(y)-i]); c != 0 {
			return c
		}
	}
	return len(x) - len(y)
}

// wireLabels are a name's labels as bytes, escapes undone.
func wireLabels(name string) [][]byte {
	wire := make([]byte, 256)
	n, err := dns.PackDomainName(dns.CanonicalName(name), wire, 0, nil, false)
	if err != nil {
		return nil
	}
	var labels [][]byte
	for wire = wire[:n]; len(wire) > 0 && wire[0] != 0; {
		size := int(wire[0])
		labels = append(labels, wire[1:1+size])
		wire = wire[1+size:]
	}
	return labels
}
