package dnsd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// A handler answers queries.
type handler interface {
	// reply returns the packets to send back; there may be none, or several.
	reply(c call, query *dns.Msg) [][]byte
}

// A call is how a query came.
type call struct {
	ctx       context.Context // ends with the server
	transport string
	instant   bool // nobody wants to wait: what takes long is lost
}

// patience is how long clients wait for an answer.
const patience = 2 * time.Second

// An authority is an authoritative server.
type authority struct {
	network    *Network
	zones      []string // as Server.Zones, apexes qualified
	behaviours []behaviour
}

// A behaviour is a Behaviour, made ready.
type behaviour struct {
	Behaviour
	rrtype uint16 // 0 for all
	under  string
}

func prepare(all []Behaviour) ([]behaviour, error) {
	var ready []behaviour
	for _, b := range all {
		prepared := behaviour{Behaviour: b, under: "."}
		if !slices.Contains(misdeeds, b.Do) {
			return nil, fmt.Errorf("unknown misdeed %q", b.Do)
		}
		if b.Type != "" {
			rrtype, ok := dns.StringToType[strings.ToUpper(b.Type)]
			if !ok {
				return nil, fmt.Errorf("misdeed %q: unknown type %q", b.Do, b.Type)
			}
			prepared.rrtype = rrtype
		}
		if b.Under != "" {
			under, err := apexOf(b.Under)
			if err != nil {
				return nil, fmt.Errorf("misdeed %q: %w", b.Do, err)
			}
			prepared.under = under
		}
		ready = append(ready, prepared)
	}
	return ready, nil
}

func (b *behaviour) applies(q dns.Question) bool {
	return (b.rrtype == 0 || b.rrtype == q.Qtype) && dns.IsSubDomain(b.under, q.Name)
}

// misbehave runs a server: it asks answer for the proper reply to a query and
// makes of it what the behaviours want.
func misbehave(
	c call, behaviours []behaviour, query *dns.Msg, answer func(query *dns.Msg, flaws map[Misdeed]bool) *dns.Msg,
) [][]byte {
	if len(query.Question) != 1 || query.Opcode != dns.OpcodeQuery || query.Response {
		refused := new(dns.Msg).SetRcode(query, dns.RcodeNotImplemented)
		return packets(refused)
	}
	flaws := map[Misdeed]bool{}
	var stray [][]byte
	for _, b := range behaviours {
		if !b.applies(query.Question[0]) {
			continue
		}
		failure := func(rcode int) [][]byte { return append(stray, packets(new(dns.Msg).SetRcode(query, rcode))...) }
		switch b.Do {
		case MisdeedDrop:
			return stray
		case MisdeedRefuse:
			return failure(dns.RcodeRefused)
		case MisdeedServFail:
			return failure(dns.RcodeServerFailure)
		case MisdeedFormErr:
			return failure(dns.RcodeFormatError)
		case MisdeedNoEDNS:
			if query.IsEdns0() != nil {
				return failure(dns.RcodeFormatError)
			}
		case MisdeedDropEDNS:
			if query.IsEdns0() != nil {
				return stray
			}
		case MisdeedTruncate, MisdeedTruncateNoTCP:
			if c.transport == "tcp" {
				if b.Do == MisdeedTruncateNoTCP {
					return stray
				}
				continue
			}
			truncated := new(dns.Msg).SetReply(query)
			truncated.Truncated, truncated.Authoritative = true, true
			return append(stray, packets(truncated)...)
		case MisdeedDelay:
			if !c.wait(b.Delay) {
				return nil
			}
		case MisdeedWrongID:
			other := new(dns.Msg).SetRcode(query, dns.RcodeNameError)
			other.Id ^= 0x5555
			stray = append(stray, packets(other)...)
		case MisdeedWrongQuestion:
			other := new(dns.Msg).SetRcode(query, dns.RcodeNameError)
			other.Question[0].Name = "another.example."
			return append(stray, packets(other)...)
		case MisdeedGarbage:
			garbage := packets(new(dns.Msg).SetReply(query))[0]
			return append(stray, append(garbage[:12:12], 0xff, 0xff, 0xff))
		default:
			flaws[b.Do] = true
		}
	}
	reply := answer(query, flaws)
	if reply == nil {
		return stray
	}
	if c.transport == "udp" {
		size := dns.MinMsgSize
		if opt := query.IsEdns0(); opt != nil {
			size = min(max(int(opt.UDPSize()), dns.MinMsgSize), dns.DefaultMsgSize)
		}
		reply.Truncate(size)
	}
	return append(stray, packets(reply)...)
}

func packets(m *dns.Msg) [][]byte {
	m.Compress = true
	wire, err := m.Pack()
	if err != nil {
		m.Answer, m.Ns, m.Extra, m.Rcode = nil, nil, nil, dns.RcodeServerFailure
		if wire, err = m.Pack(); err != nil {
			return nil
		}
	}
	return [][]byte{wire}
}

// wait lets time pass; false means that the answer is not wanted any more.
func (c call) wait(delay time.Duration) bool {
	if c.instant {
		return delay < patience
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}

func (a *authority) reply(c call, query *dns.Msg) [][]byte {
	return misbehave(c, a.behaviours, query, a.answer)
}

// answer is the proper reply of an authoritative server, with flaws.
func (a *authority) answer(query *dns.Msg, flaws map[Misdeed]bool) *dns.Msg {
	reply := new(dns.Msg).SetReply(query)
	dnssec := false
	if opt := query.IsEdns0(); opt != nil {
		dnssec = opt.Do() && !flaws[MisdeedNoDNSSEC]
		reply.SetEdns0(dns.DefaultMsgSize, opt.Do())
	}
	q := query.Question[0]
	name := dns.CanonicalName(q.Name)
	if flaws[MisdeedUpward] {
		reply.Ns = []dns.RR{&dns.NS{Hdr: header(".", dns.TypeNS, 518400), Ns: "a.root-servers.net."}}
		return reply
	}
	zone := a.zoneFor(name, q.Qtype)
	if zone == nil || q.Qclass != dns.ClassINET {
		reply.Rcode = dns.RcodeRefused
		return reply
	}
	zone.answer(reply, name, q.Qtype, dnssec)
	if flaws[MisdeedNoSOA] {
		reply.Ns = slices.DeleteFunc(reply.Ns, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA })
	}
	if flaws[MisdeedNXDomainForENT] && len(reply.Answer) == 0 && zone.exists[name] && zone.sets[name] == nil {
		reply.Rcode = dns.RcodeNameError
	}
	if flaws[MisdeedLame] {
		reply.Authoritative = false
	}
	return reply
}

// zoneFor returns the zone of the server that a name is in; nil for none. A
// DS record is the parent's, if the server has that too.
func (a *authority) zoneFor(name string, rrtype uint16) *content {
	var best *content
	for _, ref := range a.zones {
		c := a.network.content(ref)
		if c == nil || !dns.IsSubDomain(c.apex, name) {
			continue
		}
		if best == nil {
			best = c
			continue
		}
		deeper := dns.CountLabel(c.apex) > dns.CountLabel(best.apex)
		if rrtype == dns.TypeDS && (c.apex == name || best.apex == name) {
			deeper = best.apex == name
		}
		if deeper {
			best = c
		}
	}
	return best
}
