package dnsd

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
)

// A recursive is a recursive resolver. It resolves with a tracer of its own
// over connections that never leave the process, so that a server that drops
// queries costs it no time.
type recursive struct {
	network    *Network
	validates  bool
	behaviours []behaviour
	tracer     *dnstrace.Tracer

	mu    sync.Mutex
	cache []cached
}

// A cached is a Cached, made ready.
type cached struct {
	name      string
	rrtype    uint16
	answer    []dns.RR
	soa       dns.RR // nil for a positive answer
	nxdomain  bool
	remaining time.Duration
}

func (n *Network) addResolver(r Resolver, closed map[string]bool) error {
	label := cmp.Or(r.Name, r.Address)
	made := &recursive{network: n, validates: !r.NoValidation}
	var err error
	if made.behaviours, err = prepare(r.Behaviours); err != nil {
		return fmt.Errorf("resolver %s: %w", label, err)
	}
	for _, entry := range r.Cache {
		ready, err := entry.prepare()
		if err != nil {
			return fmt.Errorf("resolver %s: its cache: %w", label, err)
		}
		made.cache = append(made.cache, ready)
	}
	made.tracer = dnstrace.New(dnstrace.Options{
		Roots: n.Roots(), TrustAnchors: n.TrustAnchors(), Dial: n.dialInside, Now: n.options.Now,
	})
	virtual, err := n.claim(r.Address, made, r.Behaviours, closed)
	if err != nil {
		return fmt.Errorf("resolver %s: %w", label, err)
	}
	n.resolvers = append(n.resolvers, virtual)
	n.caches = append(n.caches, made)
	return nil
}

func (c *Cached) prepare() (cached, error) {
	name, err := apexOf(c.Name)
	if err != nil {
		return cached{}, err
	}
	ready := cached{name: name, nxdomain: c.NXDomain, remaining: c.Remaining}
	var ok bool
	if ready.rrtype, ok = dns.StringToType[strings.ToUpper(c.Type)]; !ok {
		return cached{}, fmt.Errorf("unknown record type %q", c.Type)
	}
	if strings.TrimSpace(c.Text) != "" {
		ready.answer, err = parseRecords(name, c.Text)
		return ready, err
	}
	soa := c.SOA
	if soa == "" {
		zone := parentOf(name)
		soa = fmt.Sprintf("%s 900 IN SOA %s %s 1 7200 3600 1209600 900", zone, join("ns", zone), join("hostmaster", zone))
	}
	ready.soa, err = dns.NewRR(soa)
	if err == nil && ready.soa == nil {
		err = fmt.Errorf("%q is not a SOA record", soa)
	}
	return ready, err
}

func (r *recursive) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cache = nil
}

func (r *recursive) reply(c call, query *dns.Msg) [][]byte {
	return misbehave(c, r.behaviours, query, func(query *dns.Msg, _ map[Misdeed]bool) *dns.Msg {
		return r.answer(c.ctx, query)
	})
}

func (r *recursive) answer(ctx context.Context, query *dns.Msg) *dns.Msg {
	reply := new(dns.Msg).SetReply(query)
	reply.RecursionAvailable = true
	reply.CheckingDisabled = query.CheckingDisabled
	dnssec := false
	if opt := query.IsEdns0(); opt != nil {
		dnssec = opt.Do()
		reply.SetEdns0(dns.DefaultMsgSize, dnssec)
	}
	if !query.RecursionDesired {
		reply.Rcode = dns.RcodeRefused
		return reply
	}
	q := query.Question[0]
	name := dns.CanonicalName(q.Name)
	if r.fromCache(reply, name, q.Qtype) {
		return reply
	}
	session := r.tracer.Session()
	secure := true
	const maxChain = 8
	for hops := 0; ; hops++ {
		if hops > maxChain {
			return fail(reply, dns.ExtendedErrorCodeOther, "the chain of aliases is too long")
		}
		l := session.Lookup(ctx, name, dns.Type(q.Qtype).String())
		if r.validates && !query.CheckingDisabled && l.Security.State == diagnose.Bogus {
			return fail(reply, faultCode(l.Security.Fault), l.Security.Detail)
		}
		secure = secure && l.Security.State == diagnose.Secure
		best := firstUsable(l.Replies)
		if best == nil {
			return fail(reply, dns.ExtendedErrorCodeNoReachableAuthority, "")
		}
		alias := ""
		for _, rr := range best.Answer {
			if rr.Name != diagnose.CanonicalName(name) {
				continue
			}
			if made, err := parseRecord(rr); err == nil {
				reply.Answer = append(reply.Answer, made)
			}
			if rr.Type == "CNAME" && q.Qtype != dns.TypeCNAME {
				alias = dns.Fqdn(rr.Value)
			}
		}
		if alias == "" {
			if best.Outcome == diagnose.OutcomeNXDomain {
				reply.Rcode = dns.RcodeNameError
			}
			for _, rr := range best.Authority {
				if made, err := parseRecord(rr); err == nil && rr.Type == "SOA" && best.Outcome != diagnose.OutcomeAnswer {
					reply.Ns = append(reply.Ns, made)
				}
			}
			break
		}
		name = alias
	}
	reply.AuthenticatedData = r.validates && secure && (dnssec || query.AuthenticatedData)
	return reply
}

// fromCache fills in an answer that the cache still holds.
func (r *recursive) fromCache(reply *dns.Msg, name string, rrtype uint16) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	age := r.network.options.Now().Sub(r.network.start)
	for _, c := range r.cache {
		left := c.remaining - age
		if c.name != name || c.rrtype != rrtype || left <= 0 {
			continue
		}
		reply.Answer = copies(c.answer)
		if c.soa != nil {
			reply.Ns = copies([]dns.RR{c.soa})
		}
		if c.nxdomain {
			reply.Rcode = dns.RcodeNameError
		}
		for _, rr := range slices.Concat(reply.Answer, reply.Ns) {
			rr.Header().Ttl = uint32(left.Seconds()) //nolint:gosec // positive and short
		}
		return true
	}
	return false
}

func firstUsable(replies []diagnose.Reply) *diagnose.Reply {
	for i, r := range replies {
		if r.Outcome.Usable() {
			return &replies[i]
		}
	}
	return nil
}

func parseRecord(rr diagnose.RR) (dns.RR, error) {
	return dns.NewRR(fmt.Sprintf("%s %d IN %s %s", dns.Fqdn(rr.Name), rr.TTL, rr.Type, rr.Value))
}

// fail makes a reply a SERVFAIL with an Extended DNS Error.
func fail(reply *dns.Msg, code uint16, text string) *dns.Msg {
	reply.Rcode = dns.RcodeServerFailure
	reply.Answer, reply.Ns = nil, nil
	if opt := reply.IsEdns0(); opt != nil {
		opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: code, ExtraText: text})
	}
	return reply
}

// faultCode is the Extended DNS Error for a validation failure (RFC 8914
// section 4).
func faultCode(fault diagnose.SecurityFault) uint16 {
	switch fault {
	case diagnose.FaultSignatureExpired:
		return dns.ExtendedErrorCodeSignatureExpired
	case diagnose.FaultSignatureNotYet:
		return dns.ExtendedErrorCodeSignatureNotYetValid
	case diagnose.FaultSignatureMissing:
		return dns.ExtendedErrorCodeRRSIGsMissing
	case diagnose.FaultDSStale, diagnose.FaultNoDNSKEY:
		return dns.ExtendedErrorCodeDNSKEYMissing
	case diagnose.FaultDenialUnproven:
		return dns.ExtendedErrorCodeNSECMissing
	default:
		return dns.ExtendedErrorCodeDNSBogus
	}
}

// dialInside connects to a server of the network within the process.
func (n *Network) dialInside(_ context.Context, network, address string) (net.Conn, error) {
	if n.handlers[address] == nil || n.sockets[address] == "" {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}
	}
	return &insideConn{network: n, address: address, transport: network}, nil
}

// An insideConn is a connection to a server of the same process: what is
// written is answered at once, and where no answer will come, reading times
// out at once.
type insideConn struct {
	net.Conn  // nil: what is not overridden is not called
	network   *Network
	address   string
	transport string
	replies   [][]byte
	rest      []byte // of a stream
}

func (c *insideConn) Write(p []byte) (int, error) {
	packet := p
	const prefix = 2
	if c.transport == "tcp" {
		if len(p) < prefix {
			return 0, io.ErrShortWrite
		}
		packet = p[prefix:]
	}
	query := new(dns.Msg)
	if err := query.Unpack(packet); err != nil {
		return 0, err
	}
	inside := call{ctx: c.network.ctx, transport: c.transport, instant: true}
	for _, reply := range c.network.handlers[c.address].reply(inside, query) {
		if c.transport == "tcp" {
			c.rest = binary.BigEndian.AppendUint16(c.rest, uint16(len(reply))) //nolint:gosec // a message
			c.rest = append(c.rest, reply...)
		} else {
			c.replies = append(c.replies, reply)
		}
	}
	return len(p), nil
}

func (c *insideConn) Read(p []byte) (int, error) {
	if c.transport == "tcp" {
		if len(c.rest) == 0 {
			return 0, os.ErrDeadlineExceeded
		}
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	if len(c.replies) == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(p, c.replies[0])
	c.replies = c.replies[1:]
	return n, nil
}

func (c *insideConn) Close() error                { return nil }
func (c *insideConn) SetDeadline(time.Time) error { return nil }
