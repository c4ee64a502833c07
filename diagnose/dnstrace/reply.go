package dnstrace

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

// What is kept of one message; more is hostile, or of no use to a reader.
const (
	maxRecords   = 64   // records a section
	maxValue     = 8192 // bytes of a record's value
	maxErrors    = 8    // extended errors
	maxErrorText = 256  // bytes of an extended error's text
)

// A view is a result read as an answer about a name, from a server that is
// said to have authority over the name's zone.
type view struct {
	result
	server string // the server's name
	reply  diagnose.Reply
	// cut is the apex of a zone further down that the answer leads to, fully
	// qualified: a referral's, or that of the very zone that answered with
	// authority because the server has both.
	cut string
	// owner is the apex of the zone that answered with authority, where the
	// answer shows it.
	owner string
}

// read reads a result as the answer of a server of zone to a question. Names
// are fully qualified and lower-case.
func read(r result, server, address, zone, name string, rrtype uint16) view {
	v := view{result: r, server: server, reply: diagnose.Reply{
		Server: server, Address: address, Transport: r.transport, Outcome: r.outcome,
		RTT: r.rtt, Detail: r.detail,
	}}
	if r.msg == nil {
		return v
	}
	fill(&v.reply, r.msg)
	v.reply.Outcome = outcome(r.msg, zone, name, rrtype)
	switch v.reply.Outcome {
	case diagnose.OutcomeReferral:
		v.cut = delegation(r.msg)
	case diagnose.OutcomeAnswer, diagnose.OutcomeNoData, diagnose.OutcomeNXDomain:
		apex, exact := owner(r.msg, name, rrtype)
		if exact {
			v.owner = apex
		}
		if strictlyBelow(apex, zone) {
			v.cut = apex
		}
	}
	return v
}

// fill copies into a reply what is kept of a message, whatever its meaning.
func fill(reply *diagnose.Reply, m *dns.Msg) {
	reply.RCode = rcodeName(m.Rcode)
	reply.Authoritative = m.Authoritative
	for _, rr := range m.Answer {
		if rr.Header().Rrtype == dns.TypeRRSIG && len(m.Question) == 1 && m.Question[0].Qtype != dns.TypeRRSIG {
			continue
		}
		reply.Answer = appendRecord(reply.Answer, rr)
	}
	for _, rr := range m.Ns {
		if t := rr.Header().Rrtype; t == dns.TypeNS || t == dns.TypeSOA {
			reply.Authority = appendRecord(reply.Authority, rr)
		}
	}
	opt := m.IsEdns0()
	if opt == nil {
		return
	}
	for _, option := range opt.Option {
		if ede, ok := option.(*dns.EDNS0_EDE); ok && len(reply.EDE) < maxErrors {
			reply.EDE = append(reply.EDE, diagnose.EDE{
				Code: ede.InfoCode, Name: dns.ExtendedErrorCodeToString[ede.InfoCode],
				Text: clip(strings.ToValidUTF8(strings.Trim(ede.ExtraText, "\x00"), "�"), maxErrorText),
			})
		}
	}
}

// outcome says what a message from a server of zone is.
func outcome(m *dns.Msg, zone, name string, rrtype uint16) diagnose.Outcome {
	// With an alias at the name, the RCODE is about where the alias leads
	// (RFC 6604 section 3).
	if m.Rcode == dns.RcodeSuccess || m.Rcode == dns.RcodeNameError {
		if hasRecord(m.Answer, name, rrtype) {
			if !m.Authoritative {
				return diagnose.OutcomeLame
			}
			return diagnose.OutcomeAnswer
		}
	}
	switch m.Rcode {
	case dns.RcodeSuccess:
	case dns.RcodeNameError:
		if !m.Authoritative {
			return diagnose.OutcomeLame
		}
		return diagnose.OutcomeNXDomain
	case dns.RcodeRefused:
		return diagnose.OutcomeRefused
	case dns.RcodeServerFailure:
		return diagnose.OutcomeServFail
	case dns.RcodeNotAuth:
		return diagnose.OutcomeLame
	default:
		return diagnose.OutcomeBadMessage
	}
	hasSOA := false
	for _, rr := range m.Ns {
		hasSOA = hasSOA || rr.Header().Rrtype == dns.TypeSOA
	}
	if to := delegation(m); to != "" && !hasSOA {
		switch {
		case strictlyBelow(to, zone) && dns.IsSubDomain(to, name):
			return diagnose.OutcomeReferral
		case strictlyBelow(zone, to):
			return diagnose.OutcomeUpwardReferral
		}
	}
	if !m.Authoritative {
		return diagnose.OutcomeLame
	}
	if len(m.Answer) > 0 && !onlySignatures(m.Answer) {
		return diagnose.OutcomeBadMessage
	}
	return diagnose.OutcomeNoData
}

// publicOutcome says what a message from a recursive resolver is.
func publicOutcome(m *dns.Msg, name string, rrtype uint16) diagnose.Outcome {
	if (m.Rcode == dns.RcodeSuccess || m.Rcode == dns.RcodeNameError) && hasRecord(m.Answer, name, rrtype) {
		return diagnose.OutcomeAnswer
	}
	switch m.Rcode {
	case dns.RcodeSuccess:
		if !m.RecursionAvailable && delegation(m) != "" {
			return diagnose.OutcomeReferral
		}
		return diagnose.OutcomeNoData
	case dns.RcodeNameError:
		return diagnose.OutcomeNXDomain
	case dns.RcodeRefused:
		return diagnose.OutcomeRefused
	case dns.RcodeServerFailure:
		return diagnose.OutcomeServFail
	default:
		return diagnose.OutcomeBadMessage
	}
}

// hasRecord reports whether a section has a record of a name, of a type or an
// alias.
func hasRecord(section []dns.RR, name string, rrtype uint16) bool {
	for _, rr := range section {
		h := rr.Header()
		if h.Class != dns.ClassINET || !strings.EqualFold(h.Name, name) {
			continue
		}
		if h.Rrtype == rrtype || h.Rrtype == dns.TypeCNAME || rrtype == dns.TypeANY {
			return true
		}
	}
	return false
}

func onlySignatures(section []dns.RR) bool {
	for _, rr := range section {
		if rr.Header().Rrtype != dns.TypeRRSIG {
			return false
		}
	}
	return true
}

// delegation returns the owner of the NS records in the authority section, ""
// where there are none or several.
func delegation(m *dns.Msg) string {
	found := ""
	for _, rr := range m.Ns {
		if rr.Header().Rrtype != dns.TypeNS || rr.Header().Class != dns.ClassINET {
			continue
		}
		owner := strings.ToLower(rr.Header().Name)
		if found != "" && owner != found {
			return ""
		}
		found = owner
	}
	return found
}

// owner returns the apex of a zone that the server has and the name is in, as
// an authoritative answer shows it, "" where it does not. It is not exact
// where the name may be in a zone even further down: what stands in the
// authority section behind an alias is about where the alias leads.
func owner(m *dns.Msg, name string, rrtype uint16) (apex string, exact bool) {
	alias, chased := false, false
	for _, rr := range m.Answer {
		if !strings.EqualFold(rr.Header().Name, name) {
			chased = true
			continue
		}
		switch rr := rr.(type) {
		case *dns.RRSIG:
			if signer := strings.ToLower(rr.SignerName); dns.IsSubDomain(signer, name) {
				return signer, true
			}
		case *dns.SOA:
			return name, true
		case *dns.NS:
			if rrtype == dns.TypeNS {
				return name, true
			}
		case *dns.CNAME:
			alias = rrtype != dns.TypeCNAME
		}
	}
	for _, rr := range m.Ns {
		if t := rr.Header().Rrtype; t != dns.TypeSOA && t != dns.TypeNS {
			continue
		}
		found := strings.ToLower(rr.Header().Name)
		if dns.IsSubDomain(found, name) && len(found) > len(apex) {
			apex = found
		}
	}
	return apex, apex != "" && !alias && !chased
}

// strictlyBelow reports whether a name is a proper descendant of another; ""
// is below nothing.
func strictlyBelow(name, ancestor string) bool {
	return name != "" && name != ancestor && dns.IsSubDomain(ancestor, name)
}

func appendRecord(to []diagnose.RR, rr dns.RR) []diagnose.RR {
	if len(to) >= maxRecords || rr.Header().Class != dns.ClassINET {
		return to
	}
	return append(to, record(rr))
}

// record turns a record into the contract's form.
func record(rr dns.RR) diagnose.RR {
	h := rr.Header()
	return diagnose.RR{
		Name: canonical(h.Name), Type: typeName(h.Rrtype), TTL: h.Ttl,
		Value: clip(value(rr), maxValue),
	}
}

// value is a record's data in presentation format, with domain names
// canonical.
func value(rr dns.RR) string {
	name := canonical
	switch rr := rr.(type) {
	case *dns.CNAME:
		return name(rr.Target)
	case *dns.DNAME:
		return name(rr.Target)
	case *dns.NS:
		return name(rr.Ns)
	case *dns.PTR:
		return name(rr.Ptr)
	case *dns.MX:
		return fmt.Sprintf("%d %s", rr.Preference, name(rr.Mx))
	case *dns.SRV:
		return fmt.Sprintf("%d %d %d %s", rr.Priority, rr.Weight, rr.Port, name(rr.Target))
	case *dns.SOA:
		return fmt.Sprintf("%s %s %d %d %d %d %d",
			name(rr.Ns), name(rr.Mbox), rr.Serial, rr.Refresh, rr.Retry, rr.Expire, rr.Minttl)
	case *dns.SVCB:
		return service(rr)
	case *dns.HTTPS:
		return service(&rr.SVCB)
	case *dns.RFC3597:
		return fmt.Sprintf(`\# %d %s`, len(rr.Rdata)/2, rr.Rdata)
	default:
		return strings.TrimPrefix(rr.String(), rr.Header().String())
	}
}

// canonical is a name in the contract's form. A space in it stands as \032, as
// most DNS software writes it.
func canonical(name string) string {
	return strings.ReplaceAll(diagnose.CanonicalName(name), `\ `, `\032`)
}

func service(rr *dns.SVCB) string {
	whole := strings.TrimPrefix(rr.String(), rr.Hdr.String())
	fields := strings.SplitN(whole, " ", 3)
	if len(fields) > 1 {
		fields[1] = canonical(fields[1])
	}
	return strings.Join(fields, " ")
}

// clip cuts a text at a limit in bytes, between characters, and marks that.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "…"
}

func typeName(rrtype uint16) string {
	return dns.Type(rrtype).String()
}

func rcodeName(rcode int) string {
	if rcode == dns.RcodeBadVers {
		return "BADVERS" // the same number is BADSIG in TSIG, which is not used here
	}
	if name, ok := dns.RcodeToString[rcode]; ok {
		return name
	}
	return fmt.Sprintf("RCODE%d", rcode)
}
