package dnstrace

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

// A trust is the state of the chain of trust down to a zone.
type trust struct {
	diagnose.Security
	keys []*dns.DNSKEY // the zone's, where it is secure
}

// The bounds of validation work, since a hostile zone can ask for any amount
// of it (CVE-2023-50387, "KeyTrap").
const (
	maxSignatures = 8   // signatures tried for one record set
	maxKeys       = 16  // keys of one zone looked at
	maxDenials    = 16  // NSEC and NSEC3 records looked at
	maxIterations = 100 // of NSEC3, above which RFC 9276 section 3.2 lets an answer be insecure
)

// A support is what becomes of a signing algorithm here.
type support int

const (
	unsupported support = iota // no resolver is to rely on it
	supported
	unverifiable // resolvers know it, this program does not
)

// algorithmSupport says which algorithms make a zone secure. RSASHA1 and
// RSASHA1-NSEC3-SHA1 do not: RFC 9905 section 2 has operators of resolvers
// treat them as unsupported, which makes their zones insecure, not bogus.
// ("Deprecating the Use of SHA-1 in DNSSEC Signature Algorithms",
// https://www.rfc-editor.org/rfc/rfc9905; the others are in RFC 9904 and
// IANA's registry of DNS Security Algorithm Numbers.)
func algorithmSupport(algorithm uint8) support {
	switch algorithm {
	case dns.RSASHA256, dns.RSASHA512, dns.ECDSAP256SHA256, dns.ECDSAP384SHA384, dns.ED25519:
		return supported
	case dns.ED448:
		return unverifiable
	default:
		return unsupported
	}
}

// digestSupported says which digests of a DS record are understood.
func digestSupported(digest uint8) bool {
	return digest == dns.SHA1 || digest == dns.SHA256 || digest == dns.SHA384
}

// trust follows the chain of trust from the anchor down to a zone.
func (w *walk) trust(ctx context.Context, z *zone) trust {
	z.mu.Lock()
	known := z.trust
	z.mu.Unlock()
	if known != nil {
		return *known
	}
	t := w.findTrust(ctx, z)
	z.mu.Lock()
	defer z.mu.Unlock()
	if ctx.Err() == nil {
		z.trust = &t
	}
	return t
}

func (w *walk) findTrust(ctx context.Context, z *zone) trust {
	apex := diagnose.CanonicalName(z.apex)
	if z.parent == nil && w.s.t.anchorFault != "" {
		return trust{Security: diagnose.Security{State: diagnose.Indeterminate, Zone: apex, Detail: w.s.t.anchorFault}}
	}
	delegated := w.s.t.anchors[z.apex]
	if len(delegated) == 0 {
		if z.parent == nil {
			return trust{} // no anchor was given for this root: nothing is claimed
		}
		above := w.trust(ctx, z.parent)
		if above.State != diagnose.Secure {
			return trust{Security: above.Security}
		}
		var fault *diagnose.Security
		if delegated, fault = w.delegationSigners(ctx, z, above.keys); fault != nil {
			return trust{Security: *fault}
		}
	}
	return w.zoneKeys(ctx, z, delegated)
}

// delegationSigners returns a zone's DS records as its parent, whose keys are
// given, has signed them. Where there are none, it says what that means.
func (w *walk) delegationSigners(ctx context.Context, z *zone, keys []*dns.DNSKEY) ([]*dns.DS, *diagnose.Security) {
	security := diagnose.Security{
		State: diagnose.Indeterminate, Zone: diagnose.CanonicalName(z.parent.apex),
		Detail: "the servers of the parent zone gave no usable answer about the DS records of " + diagnose.CanonicalName(z.apex),
	}
	// The referral says it all where the parent's servers are well run; asking
	// for the DS records settles it where they are not.
	views := z.referrals
	for range 2 {
		for _, v := range views {
			if v.msg == nil {
				continue
			}
			signers, found := w.signersIn(v, z, keys)
			if len(signers) > 0 {
				return signers, nil
			}
			if found.State == diagnose.Insecure {
				return nil, &found
			}
			if found.State == diagnose.Bogus || security.State != diagnose.Bogus && found.State != "" {
				security = found
			}
		}
		if ctx.Err() != nil {
			break
		}
		views = w.survey(ctx, z.parent, z.apex, dns.TypeDS, false)
		z.mu.Lock()
		for _, v := range views {
			z.ds = appendDS(z.ds, v.msg, z.apex)
		}
		z.mu.Unlock()
	}
	return nil, &security
}

// signersIn reads the DS records, or the proof that there are none, from an
// answer of the parent's servers. The zero Security says that it has neither.
func (w *walk) signersIn(v view, z *zone, keys []*dns.DNSKEY) ([]*dns.DS, diagnose.Security) {
	parent := diagnose.CanonicalName(z.parent.apex)
	section := v.msg.Ns
	var set []dns.RR
	for _, candidate := range [][]dns.RR{v.msg.Answer, v.msg.Ns} {
		if set = recordSet(candidate, z.apex, dns.TypeDS); len(set) > 0 {
			section = candidate
			break
		}
	}
	if len(set) > 0 {
		if fault := w.verify(set, section, z.parent.apex, keys); fault.State != diagnose.Secure {
			fault.Zone = parent
			return nil, fault
		}
		var signers []*dns.DS
		for _, rr := range set {
			signers = append(signers, rr.(*dns.DS))
		}
		return signers, diagnose.Security{}
	}
	asked := len(v.msg.Question) == 1 && v.msg.Question[0].Qtype == dns.TypeDS
	if !asked && v.reply.Outcome != diagnose.OutcomeReferral || asked && !v.reply.Outcome.Usable() {
		return nil, diagnose.Security{}
	}
	if v.owner == z.apex {
		return nil, diagnose.Security{} // the child's answer to a question for the parent
	}
	proof := w.denial(v, z.apex, dns.TypeDS, z.parent.apex, keys)
	switch {
	case proof.State == diagnose.Secure, proof.State == diagnose.Insecure:
		return nil, diagnose.Security{
			State: diagnose.Insecure, Zone: diagnose.CanonicalName(z.apex),
			Detail: "the zone is not signed: its parent has no DS record for it",
		}
	case !asked:
		return nil, diagnose.Security{} // to be asked outright
	default:
		proof.Zone = parent
		return nil, proof
	}
}

// appendDS adds the DS records of a zone that a message holds, in the
// contract's form.
func appendDS(to []diagnose.RR, m *dns.Msg, apex string) []diagnose.RR {
	if m == nil {
		return to
	}
	for _, section := range [][]dns.RR{m.Answer, m.Ns} {
		for _, rr := range recordSet(section, apex, dns.TypeDS) {
			ds := record(rr)
			same := func(other diagnose.RR) bool { return other.Value == ds.Value }
			if len(to) < maxRecords && !slices.ContainsFunc(to, same) {
				to = append(to, ds)
			}
		}
	}
	return to
}

// zoneKeys finds the keys of a zone that its DS records vouch for.
func (w *walk) zoneKeys(ctx context.Context, z *zone, delegated []*dns.DS) trust {
	apex := diagnose.CanonicalName(z.apex)
	var usable []*dns.DS
	foreign := false
	for _, ds := range delegated {
		if digestSupported(ds.DigestType) {
			foreign = foreign || algorithmSupport(ds.Algorithm) == unverifiable
			if algorithmSupport(ds.Algorithm) == supported {
				usable = append(usable, ds)
			}
		}
	}
	if len(usable) == 0 {
		if foreign {
			return trust{Security: diagnose.Security{
				State: diagnose.Indeterminate, Zone: apex,
				Detail: "the zone is signed with Ed448, which this program cannot verify",
			}}
		}
		return trust{Security: diagnose.Security{
			State: diagnose.Insecure, Fault: diagnose.FaultUnsupported, Zone: apex,
			Detail: "the DS records in the parent zone name only algorithms that resolvers do not support; they treat the zone as unsigned",
		}}
	}
	views := w.survey(ctx, z, z.apex, dns.TypeDNSKEY, registrable(z.apex) != "")
	state := diagnose.Security{
		State: diagnose.Indeterminate, Zone: apex,
		Detail: "the zone's parent says that it is signed, but none of its servers gave its keys",
	}
	var keys []*dns.DNSKEY
	good, bad := 0, 0
	for _, v := range views {
		if v.msg == nil || !v.reply.Outcome.Usable() {
			continue
		}
		found, fault := w.keysIn(v, z, usable)
		if fault.State == diagnose.Secure {
			good++
			if keys == nil {
				keys = found
			}
			continue
		}
		bad++
		if fault.State == diagnose.Bogus && state.State != diagnose.Bogus || bad == 1 {
			state = fault
		}
	}
	if good == 0 {
		return trust{Security: state}
	}
	secure := trust{Security: diagnose.Security{State: diagnose.Secure}, keys: keys}
	if bad > 0 {
		secure.Detail = fmt.Sprintf("%d of %d servers of %s give keys that do not validate: %s", bad, good+bad, apex, state.Detail)
	}
	return secure
}

// keysIn reads a zone's keys from an answer, if the DS records vouch for them.
func (w *walk) keysIn(v view, z *zone, delegated []*dns.DS) ([]*dns.DNSKEY, diagnose.Security) {
	bogus := func(fault diagnose.SecurityFault, detail string) diagnose.Security {
		return diagnose.Security{
			State: diagnose.Bogus, Fault: fault, Zone: diagnose.CanonicalName(z.apex), Detail: detail,
		}
	}
	set := recordSet(v.msg.Answer, z.apex, dns.TypeDNSKEY)
	if len(set) == 0 {
		return nil, bogus(diagnose.FaultNoDNSKEY,
			"the parent zone has a DS record, which says that the zone is signed, but the zone has no DNSKEY record")
	}
	var all, entry []*dns.DNSKEY
	weak := false
	for _, rr := range set[:min(len(set), maxKeys)] {
		key := rr.(*dns.DNSKEY)
		if key.Flags&dns.ZONE == 0 || key.Flags&dns.REVOKE != 0 {
			continue
		}
		all = append(all, key)
		for _, ds := range delegated {
			if vouches(ds, key) {
				weak = weak || tooShort(key)
				entry = append(entry, key)
				break
			}
		}
	}
	if len(entry) == 0 {
		return nil, bogus(diagnose.FaultDSStale,
			"none of the zone's keys matches a DS record in the parent zone")
	}
	security := w.verify(set, v.msg.Answer, z.apex, entry)
	switch {
	case security.State != diagnose.Bogus:
	case weak:
		security = diagnose.Security{State: diagnose.Indeterminate, Detail: "the zone's keys are too short to be verified by this program"}
	case !v.edns && security.Fault == diagnose.FaultSignatureMissing:
		security.State, security.Fault = diagnose.Indeterminate, ""
	}
	security.Zone = diagnose.CanonicalName(z.apex)
	return all, security
}

// vouches reports whether a DS record is for a key.
func vouches(ds *dns.DS, key *dns.DNSKEY) bool {
	if ds.KeyTag != key.KeyTag() || ds.Algorithm != key.Algorithm {
		return false
	}
	own := key.ToDS(ds.DigestType)
	return own != nil && strings.EqualFold(own.Digest, ds.Digest)
}

// tooShort reports whether a key is one of RSA that the standard library
// refuses; that says nothing about the zone.
func tooShort(key *dns.DNSKEY) bool {
	if key.Algorithm != dns.RSASHA256 && key.Algorithm != dns.RSASHA512 {
		return false
	}
	const shortest, exponent = 1024 / 8, 2 // the exponent takes two bytes or more
	raw, err := base64.StdEncoding.DecodeString(key.PublicKey)
	return err == nil && len(raw) < shortest+exponent
}

// security says whether the answers about a name in a zone are what the zone
// signed.
func (w *walk) security(ctx context.Context, z *zone, views []view, name string, rrtype uint16) diagnose.Security {
	zone := w.trust(ctx, z)
	if zone.State != diagnose.Secure {
		return zone.Security
	}
	apex := diagnose.CanonicalName(z.apex)
	state := diagnose.Security{
		State: diagnose.Indeterminate, Zone: apex, Detail: "the zone is signed, but none of its servers gave an answer to check",
	}
	good, bad := 0, 0
	for _, v := range views {
		if !v.reply.Outcome.Usable() {
			continue
		}
		var found diagnose.Security
		if v.reply.Outcome == diagnose.OutcomeAnswer {
			found = w.positive(v, z.apex, name, rrtype, zone.keys)
		} else {
			found = w.denial(v, name, rrtype, z.apex, zone.keys)
		}
		found.Zone = apex
		if found.State == diagnose.Secure {
			good++
			continue
		}
		bad++
		if bad == 1 || found.State == diagnose.Bogus && state.State != diagnose.Bogus {
			state = found
		}
	}
	switch {
	case good == 0:
		return state
	case bad > 0:
		return diagnose.Security{State: diagnose.Secure, Detail: fmt.Sprintf(
			"the answers of %d of %d servers do not validate: %s", bad, good+bad, state.Detail)}
	default:
		return diagnose.Security{State: diagnose.Secure, Detail: zone.Detail}
	}
}

// positive validates the records at a name, or the alias there.
func (w *walk) positive(v view, apex, name string, rrtype uint16, keys []*dns.DNSKEY) diagnose.Security {
	set := recordSet(v.msg.Answer, name, rrtype)
	if len(set) == 0 {
		set = recordSet(v.msg.Answer, name, dns.TypeCNAME)
	}
	// Of an alias that is made from a DNAME record that one is signed, and the
	// alias is not (RFC 6672 section 5.3.1).
	for _, rr := range v.msg.Answer {
		if rr.Header().Rrtype == dns.TypeDNAME && strictlyBelow(name, strings.ToLower(rr.Header().Name)) {
			set = []dns.RR{rr}
		}
	}
	security := w.verify(set, v.msg.Answer, apex, keys)
	if security.State == diagnose.Bogus && security.Fault == diagnose.FaultSignatureMissing && !v.edns {
		return diagnose.Security{State: diagnose.Indeterminate, Detail: v.detail}
	}
	if security.State == diagnose.Secure && expanded(set, v.msg.Answer) && !hasDenial(v.msg.Ns) {
		return diagnose.Security{
			State: diagnose.Bogus, Fault: diagnose.FaultDenialUnproven,
			Detail: "the answer is made from a wildcard, without the proof (NSEC or NSEC3) that the name itself is not there",
		}
	}
	return security
}

// expanded reports whether a record set is made from a wildcard: its
// signature then counts fewer labels (RFC 4035 section 5.3.4).
func expanded(set, section []dns.RR) bool {
	name := set[0].Header().Name
	labels := dns.CountLabel(name)
	if strings.HasPrefix(name, "*.") {
		labels--
	}
	for _, rr := range recordSet(section, name, dns.TypeRRSIG) {
		if sig, ok := rr.(*dns.RRSIG); ok && sig.TypeCovered == set[0].Header().Rrtype && int(sig.Labels) < labels {
			return true
		}
	}
	return false
}

func hasDenial(section []dns.RR) bool {
	return slices.ContainsFunc(section, func(rr dns.RR) bool {
		return rr.Header().Rrtype == dns.TypeNSEC || rr.Header().Rrtype == dns.TypeNSEC3
	})
}

// recordSet are the records of one name and type in a section.
func recordSet(section []dns.RR, name string, rrtype uint16) []dns.RR {
	var set []dns.RR
	for _, rr := range section {
		h := rr.Header()
		if h.Rrtype == rrtype && h.Class == dns.ClassINET && strings.EqualFold(h.Name, name) && len(set) < maxRecords {
			set = append(set, rr)
		}
	}
	return set
}

// verify checks the signatures over a record set that stand in the same
// section. State is Secure, Bogus, or Indeterminate where only algorithms are
// used that cannot be verified here.
func (w *walk) verify(set, section []dns.RR, apex string, keys []*dns.DNSKEY) diagnose.Security {
	if len(set) == 0 {
		return diagnose.Security{State: diagnose.Indeterminate}
	}
	h := set[0].Header()
	what := fmt.Sprintf("the %s record at %s", typeName(h.Rrtype), diagnose.CanonicalName(h.Name))
	now := w.s.t.now()
	var best diagnose.Security
	tried := 0
	for _, rr := range recordSet(section, h.Name, dns.TypeRRSIG) {
		sig, ok := rr.(*dns.RRSIG)
		if !ok || sig.TypeCovered != h.Rrtype || tried == maxSignatures {
			continue
		}
		tried++
		found := checkSignature(sig, set, apex, keys, now)
		if found.State == diagnose.Secure {
			return found
		}
		if rank(found) > rank(best) {
			best = found
		}
	}
	if tried == 0 {
		return diagnose.Security{
			State: diagnose.Bogus, Fault: diagnose.FaultSignatureMissing, Detail: what + " has no signature, although the zone is signed",
		}
	}
	switch best.Fault {
	case diagnose.FaultSignatureExpired:
		best.Detail = fmt.Sprintf("the signature of %s ran out on %s", what, best.Expired.Format(time.DateOnly))
	case diagnose.FaultSignatureNotYet:
		best.Detail = fmt.Sprintf("the signature of %s is not valid yet", what)
	case diagnose.FaultSignatureInvalid:
		best.Detail = fmt.Sprintf("the signature of %s does not match it and the zone's keys", what)
	default:
		best.Detail = fmt.Sprintf("the signature of %s is of an algorithm that this program cannot verify", what)
	}
	return best
}

// rank orders what is wrong with signatures by how much it says.
func rank(s diagnose.Security) int {
	switch s.Fault {
	case diagnose.FaultSignatureExpired:
		return 4
	case diagnose.FaultSignatureNotYet:
		return 3
	case diagnose.FaultSignatureInvalid:
		return 2
	default:
		return 1
	}
}

func checkSignature(sig *dns.RRSIG, set []dns.RR, apex string, keys []*dns.DNSKEY, now time.Time) diagnose.Security {
	invalid := diagnose.Security{State: diagnose.Bogus, Fault: diagnose.FaultSignatureInvalid}
	if !strings.EqualFold(sig.SignerName, apex) {
		return invalid
	}
	if algorithmSupport(sig.Algorithm) != supported {
		return diagnose.Security{State: diagnose.Indeterminate}
	}
	matches := false
	for _, key := range keys {
		if key.KeyTag() != sig.KeyTag || key.Algorithm != sig.Algorithm {
			continue
		}
		if tooShort(key) {
			return diagnose.Security{State: diagnose.Indeterminate}
		}
		if sig.Verify(key, set) == nil {
			matches = true
			break
		}
	}
	if !matches {
		return invalid
	}
	// Times are serial numbers (RFC 4034 section 3.1.5, RFC 1982).
	seconds := uint32(now.Unix())           //nolint:gosec // it wraps, and is meant to
	left := int32(sig.Expiration - seconds) //nolint:gosec // as above
	since := int32(seconds - sig.Inception) //nolint:gosec // as above
	switch {
	case left < 0:
		return diagnose.Security{
			State: diagnose.Bogus, Fault: diagnose.FaultSignatureExpired,
			Expired: time.Unix(now.Unix()+int64(left), 0).UTC(),
		}
	case since < 0:
		return diagnose.Security{State: diagnose.Bogus, Fault: diagnose.FaultSignatureNotYet}
	default:
		return diagnose.Security{State: diagnose.Secure}
	}
}
