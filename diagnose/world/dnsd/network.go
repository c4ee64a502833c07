package dnsd

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/acmbot/acmbot/diagnose/dnstrace"
)

// Options are how a network is run.
type Options struct {
	// Literal listens on the very addresses of the description, which must be
	// the machine's own, such as 127.10.0.1 on Linux. Otherwise each gets a
	// free port of 127.0.0.1.
	Literal bool
	// Now is the clock by which zones are signed and caches age; nil is
	// time.Now.
	Now func() time.Time
	// OnQuery is called for each query that arrives over a socket, from any
	// goroutine; nil does nothing.
	OnQuery func(QueryEvent)
}

// A QueryEvent is a query that arrived.
type QueryEvent struct {
	Address   string // the server's, as ip:port
	Transport string // udp or tcp
	Name      string // lower-case, without a trailing dot
	Type      string
}

// A Network is a running description.
type Network struct{}

// Start brings a description up. What is wrong with it, such as a zone that
// does not parse or a server for a zone that is not there, is an error.
func Start(d Description, o Options) (*Network, error) {
	return nil, errors.New("dnsd: not there yet")
}

// Close stops all servers and waits until they have stopped.
func (n *Network) Close() {}

// Dial connects to a server by its virtual address, as ip:port; network is
// udp or tcp. An address that no server has is unreachable.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return nil, errors.New("dnsd: not there yet")
}

// Roots are the servers of the root zone.
func (n *Network) Roots() []dnstrace.Root { return nil }

// TrustAnchors are the root's DS records in presentation format; none where
// the root is unsigned.
func (n *Network) TrustAnchors() []string { return nil }

// Resolvers are the resolvers' addresses as ip:port, in the description's
// order.
func (n *Network) Resolvers() []string { return nil }

// Sockets maps every virtual address, as ip:port, to the socket behind it.
func (n *Network) Sockets() map[string]string { return nil }

// Upsert replaces, in the zone (an apex, with "@" and its version where it has
// one), each record set that text has records of, and signs the zone anew.
// It is how the world changes under a running bot: a record is mended.
func (n *Network) Upsert(zone, text string) error { return nil }

// Delete removes a record set from a zone, and signs the zone anew. Removing
// what is not there is not an error.
func (n *Network) Delete(zone, name, rrtype string) error { return nil }

// Forget empties the cache of every resolver.
func (n *Network) Forget() {}
