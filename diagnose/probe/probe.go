package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

// Options are how a Prober is made. The zero value is ready for use.
type Options struct {
	// Allow opens ranges that are not public, such as 10.0.0.0/8 for servers
	// inside. Link-local and metadata addresses stay closed.
	Allow []netip.Prefix
	// Dial connects instead of a net.Dialer. It is called with IP addresses
	// that have passed the guard.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout is how long one address may take, from the connection to the
	// answer; five seconds where 0.
	Timeout time.Duration
	// UserAgent is sent with HTTP requests; "acmbot" where empty.
	UserAgent string
}

// A Prober looks at servers. It is safe for concurrent use.
type Prober struct {
	allow     []netip.Prefix
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	timeout   time.Duration
	userAgent string
}

// New returns a Prober.
func New(o Options) *Prober {
	p := &Prober{timeout: o.Timeout, dial: o.Dial, userAgent: o.UserAgent}
	for _, prefix := range o.Allow {
		p.allow = append(p.allow, prefix.Masked())
	}
	if p.timeout <= 0 {
		p.timeout = 5 * time.Second
	}
	if p.userAgent == "" {
		p.userAgent = "acmbot"
	}
	if p.dial == nil {
		dialer := net.Dialer{Control: p.control, KeepAlive: -1}
		p.dial = dialer.DialContext
	}
	return p
}

// control is the guard at its last post: what the operating system is about to
// connect to, whatever led there.
func (p *Prober) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return &net.AddrError{Err: "not an IP address", Addr: address}
	}
	return p.check(to.Addr())
}

// connect dials one address, guarded.
func (p *Prober) connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	if err := p.check(to.Addr()); err != nil {
		return nil, err
	}
	return p.dial(ctx, "tcp", to.String())
}

// obstacle puts a failed connection into words.
func obstacle(err error) (diagnose.Obstacle, string) {
	var refusal *notAllowed
	var timeout net.Error
	switch {
	case errors.As(err, &refusal):
		return diagnose.NotAllowed, refusal.Error()
	case errors.Is(err, context.Canceled):
		return diagnose.OverBudget, "the diagnosis ended before this address had answered"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return diagnose.TimedOut, "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return diagnose.Unreachable, "the connection is refused: nothing listens on this port"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH),
		errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		return diagnose.Unreachable, "there is no route to this address from where acmbot runs"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return diagnose.BadAnswer, "the server closes the connection without an answer"
	}
	return diagnose.Unreachable, "no connection could be made"
}
