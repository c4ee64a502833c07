package dnstrace

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

const (
	udpSize   = 1232 // what DNS Flag Day 2020 recommends (https://www.dnsflagday.net/2020/)
	udpBuffer = 4096 // servers may send more than they were told to
)

// A question is one query to one address.
type question struct {
	address string
	name    string // fully qualified, lower-case
	rrtype  uint16
	recurse bool // RD
	unsafe  bool // CD
}

// A result is what came of a question.
type result struct {
	msg       *dns.Msg         // nil where no usable message came back
	outcome   diagnose.Outcome // set where msg is nil
	detail    string
	transport string
	rtt       time.Duration
	edns      bool // the query that was answered had an OPT record with the DO bit
}

// final reports whether asking again in the same session is pointless.
func (r *result) final() bool {
	return r.outcome != diagnose.OutcomeNotReached && r.outcome != diagnose.OutcomeOverBudget
}

// A badMessageError is a server's answer that is not one to the question.
type badMessageError string

func (e badMessageError) Error() string { return string(e) }

var (
	errTruncated  = errors.New("truncated")
	errOverBudget = errors.New("over budget")
)

// exchange asks one server one question. A UDP query that gets no answer is
// sent once more, and beside it one without EDNS, since some servers and
// firewalls drop what they do not know (RFC 6891 section 6.2.2 wants FORMERR,
// which is retried without EDNS too); a truncated answer is fetched over TCP.
func (s *Session) exchange(ctx context.Context, q question) result {
	known := s.peers.of(q.address)
	first := s.try(ctx, "udp", q, !known.plain)
	if first.edns && first.msg != nil && rejectsEDNS(first.msg) {
		if second := s.try(ctx, "udp", q, false); second.msg != nil && !rejectsEDNS(second.msg) {
			s.peers.learn(q.address, func(p *peer) { p.plain = true })
			second.detail = "the server does not understand EDNS (RFC 6891); it was asked without"
			return second
		}
		return first
	}
	if known.plain && first.msg != nil {
		first.detail = "asked without EDNS (RFC 6891), which the server does not take"
	}
	if first.outcome != diagnose.OutcomeTimeout {
		return first
	}
	second := s.tryAgain(ctx, q, first.edns)
	switch {
	case second.msg != nil && first.edns && !second.edns && !s.peers.of(q.address).edns:
		s.peers.learn(q.address, func(p *peer) { p.plain = true })
		second.detail = "the server does not answer queries with EDNS (RFC 6891); it was asked without"
	case second.outcome == diagnose.OutcomeTimeout:
		s.peers.learn(q.address, func(p *peer) { p.giveUp(q.rrtype) })
	}
	return second
}

// tryAgain repeats a query that got no answer, with and without EDNS at once.
func (s *Session) tryAgain(ctx context.Context, q question, edns bool) result {
	if !edns {
		return s.try(ctx, "udp", q, false)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	again, plain := make(chan result, 1), make(chan result, 1)
	go func() { again <- s.try(ctx, "udp", q, true) }()
	go func() { plain <- s.try(ctx, "udp", q, false) }()
	var without result
	select {
	case with := <-again:
		if with.msg != nil {
			return with
		}
		return <-plain
	case without = <-plain:
	}
	if without.msg == nil {
		return <-again
	}
	// An answer with EDNS is worth a wait: only it can have signatures.
	timer := time.NewTimer(s.t.timeout / 4)
	defer timer.Stop()
	select {
	case with := <-again:
		if with.msg != nil {
			return with
		}
	case <-timer.C:
	}
	return without
}

// rejectsEDNS reports whether a message is what servers say that do not know
// EDNS.
func rejectsEDNS(m *dns.Msg) bool {
	return m.Rcode == dns.RcodeFormatError || m.Rcode == dns.RcodeNotImplemented || m.Rcode == dns.RcodeBadVers
}

// try sends one query, over UDP and, if that is truncated, over TCP.
func (s *Session) try(ctx context.Context, network string, q question, edns bool) result {
	query := new(dns.Msg)
	query.SetQuestion(q.name, q.rrtype)
	query.RecursionDesired = q.recurse
	query.CheckingDisabled = q.unsafe
	if edns {
		query.SetEdns0(udpSize, true)
	}
	start := time.Now()
	msg, err := s.roundTrip(ctx, network, q.address, query)
	r := result{msg: msg, transport: network, rtt: time.Since(start), edns: edns}
	s.heard(q.address, edns, msg, err)
	if errors.Is(err, errTruncated) && network == "udp" {
		r = s.try(ctx, "tcp", q, edns)
		if r.msg == nil && r.final() {
			r.outcome = diagnose.OutcomeTruncated
			r.detail = "the answer does not fit in a UDP packet, and over TCP " + r.detail
		}
		return r
	}
	if err == nil {
		return r
	}
	r.msg = nil
	r.outcome, r.detail = explain(ctx, err)
	return r
}

// heard notes what a try says about the address.
func (s *Session) heard(address string, edns bool, msg *dns.Msg, err error) {
	var bad badMessageError
	switch {
	case err == nil, errors.As(err, &bad), errors.Is(err, errTruncated):
		s.peers.learn(address, func(p *peer) {
			p.answered, p.dead = true, false
			p.edns = p.edns || edns && msg != nil && !rejectsEDNS(msg)
		})
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.peers.learn(address, func(p *peer) { p.missed = true })
	}
}

// explain turns an error of a round trip into an outcome and plain words.
// ctx is the caller's, not the one with the try's own time-out.
func explain(ctx context.Context, err error) (diagnose.Outcome, string) {
	var bad badMessageError
	var timeout net.Error
	switch {
	case errors.Is(err, errOverBudget):
		return diagnose.OutcomeOverBudget, "not asked: this diagnosis had used up its queries"
	case errors.As(err, &bad):
		return diagnose.OutcomeBadMessage, string(bad)
	case ctx.Err() != nil:
		return diagnose.OutcomeNotReached, "no answer before the time for this diagnosis ran out"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return diagnose.OutcomeTimeout, "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return diagnose.OutcomeUnreachable, "nothing listens on this port"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL),
		errors.Is(err, syscall.EAFNOSUPPORT):
		return diagnose.OutcomeUnreachable, "there is no route to this address from here"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE):
		return diagnose.OutcomeUnreachable, "the server closed the connection without an answer"
	default:
		return diagnose.OutcomeUnreachable, "the server could not be reached"
	}
}

// longAgo interrupts a connection's reads and writes as a deadline.
var longAgo = time.Unix(1, 0)

// roundTrip sends a query and waits for the answer to it, passing over
// messages that are not, for as long as the time-out allows.
func (s *Session) roundTrip(ctx context.Context, network, address string, query *dns.Msg) (*dns.Msg, error) {
	if !s.spend() {
		return nil, errOverBudget
	}
	ctx, cancel := context.WithTimeout(ctx, s.t.timeout)
	defer cancel()
	wire, err := query.Pack()
	if err != nil {
		return nil, badMessageError("the name cannot be asked for: it does not fit the DNS")
	}
	conn, err := s.t.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // nothing is left to lose
	stop := context.AfterFunc(ctx, func() {
		conn.SetDeadline(longAgo) //nolint:errcheck // closed already, then
	})
	defer stop()
	if network == "tcp" {
		wire = append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...) //nolint:gosec // a query is short
	}
	if _, err := conn.Write(wire); err != nil {
		return nil, err
	}
	if network == "tcp" {
		packet, err := readTCP(conn)
		if err != nil {
			return nil, err
		}
		msg, ours, err := readMessage(packet, query)
		if !ours {
			return nil, badMessageError("the server's answer is not one to this question")
		}
		if errors.Is(err, errTruncated) {
			return nil, badMessageError("the server's answer is truncated even over TCP")
		}
		return msg, err
	}
	buffer := make([]byte, udpBuffer)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return nil, err
		}
		if msg, ours, err := readMessage(buffer[:n], query); ours {
			return msg, err
		}
	}
}

func readTCP(conn net.Conn) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	packet := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, packet); err != nil {
		return nil, err
	}
	return packet, nil
}

// readMessage reads a packet as the answer to a query. It is not ours where
// the id or the direction differs: a late answer to another query, or
// somebody's guess.
func readMessage(packet []byte, query *dns.Msg) (msg *dns.Msg, ours bool, err error) {
	const header = 12
	if len(packet) < header || binary.BigEndian.Uint16(packet) != query.Id {
		return nil, false, nil
	}
	flags := binary.BigEndian.Uint16(packet[2:])
	const response, truncated = 1 << 15, 1 << 9
	if flags&response == 0 {
		return nil, false, nil
	}
	if flags&truncated != 0 {
		return nil, true, errTruncated
	}
	msg = new(dns.Msg)
	if err := msg.Unpack(packet); err != nil {
		return nil, true, badMessageError("the server's answer cannot be read as a DNS message")
	}
	switch {
	case msg.Opcode != dns.OpcodeQuery:
		return nil, true, badMessageError("the server's answer is not one to a query")
	case len(msg.Question) == 0 && msg.Rcode != dns.RcodeSuccess:
		// Some servers leave the question out of an error.
	case len(msg.Question) != 1 || !sameQuestion(msg.Question[0], query.Question[0]):
		return nil, true, badMessageError("the server answered another question than the one asked")
	}
	return msg, true, nil
}

func sameQuestion(a, b dns.Question) bool {
	return a.Qtype == b.Qtype && a.Qclass == b.Qclass && strings.EqualFold(a.Name, b.Name)
}
