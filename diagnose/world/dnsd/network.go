package dnsd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"

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

// A Network is a running description. It is safe for concurrent use.
type Network struct {
	options   Options
	start     time.Time
	roots     []dnstrace.Root
	anchors   []string
	resolvers []string
	handlers  map[string]handler // by virtual address
	sockets   map[string]string  // by virtual address; none for a closed port
	caches    []*recursive

	mu       sync.RWMutex
	contents map[string]*content // by reference: the apex, with "@" and a version
	keys     map[string]*key     // by apex
	signings map[string]*Signing // by apex

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	serve  []func()
	close  []func()
}

// Start brings a description up. What is wrong with it, such as a zone that
// does not parse or a server for a zone that is not there, is an error.
func Start(d Description, o Options) (*Network, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	n := &Network{
		options: o, start: o.Now(),
		handlers: map[string]handler{}, sockets: map[string]string{},
		contents: map[string]*content{}, keys: map[string]*key{}, signings: map[string]*Signing{},
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	if err := n.bringUp(d); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

func (n *Network) bringUp(d Description) error {
	if err := n.load(d.Zones); err != nil {
		return err
	}
	closed := map[string]bool{}
	for _, s := range d.Servers {
		if err := n.addServer(s, closed); err != nil {
			return err
		}
	}
	for _, r := range d.Resolvers {
		if err := n.addResolver(r, closed); err != nil {
			return err
		}
	}
	for _, virtual := range slices.Sorted(maps.Keys(n.handlers)) {
		if closed[virtual] {
			continue
		}
		if err := n.listen(virtual); err != nil {
			return err
		}
	}
	// Only now: a resolver may need every other server.
	for _, serve := range n.serve {
		n.wg.Go(serve)
	}
	return nil
}

// load parses the zones, makes their keys, puts DS records into their parents
// and signs them.
func (n *Network) load(zones []Zone) error {
	for _, z := range zones {
		apex, err := apexOf(z.Name)
		if err != nil {
			return err
		}
		ref := reference(apex, z.Version)
		if n.contents[ref] != nil {
			return fmt.Errorf("zone %s is described twice", ref)
		}
		if n.contents[ref], err = parse(apex, z.Text); err != nil {
			return err
		}
		if z.Signing == nil || n.signings[apex] != nil {
			continue
		}
		if !slices.Contains(signingFaults, z.Signing.Fault) {
			return fmt.Errorf("zone %s: unknown signing fault %q", apex, z.Signing.Fault)
		}
		n.signings[apex] = z.Signing
		if n.keys[apex], err = newKey(apex); err != nil {
			return err
		}
	}
	for apex, signing := range n.signings {
		ds, err := signing.signer(n.keys[apex])
		if err != nil {
			return err
		}
		if ds == nil {
			continue
		}
		if apex == "." {
			n.anchors = append(n.anchors, ds.String())
			continue
		}
		parent := n.parentApex(apex)
		for _, c := range n.contents {
			if c.apex == parent && len(c.sets[apex][dns.TypeNS]) > 0 {
				c.add(ds)
			}
		}
	}
	for _, c := range n.contents {
		if err := n.sign(c); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) sign(c *content) error {
	signing := n.signings[c.apex]
	if signing == nil {
		return nil
	}
	return signing.sign(c, n.keys[c.apex], n.options.Now())
}

// parentApex is the closest zone above one, "" where there is none.
func (n *Network) parentApex(apex string) string {
	best := ""
	for _, c := range n.contents {
		if c.apex != apex && dns.IsSubDomain(c.apex, apex) && len(c.apex) > len(best) {
			best = c.apex
		}
	}
	return best
}

func reference(apex, version string) string {
	if version == "" {
		return apex
	}
	return apex + "@" + version
}

// qualify turns a reference as it stands in a description into the key of a
// content.
func qualify(ref string) (string, error) {
	name, version, _ := strings.Cut(ref, "@")
	apex, err := apexOf(name)
	return reference(apex, version), err
}

func (n *Network) content(ref string) *content {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.contents[ref]
}

func (n *Network) addServer(s Server, closed map[string]bool) error {
	a := &authority{network: n}
	var err error
	if a.behaviours, err = prepare(s.Behaviours); err != nil {
		return fmt.Errorf("server %s: %w", s.Name, err)
	}
	root := false
	for _, ref := range s.Zones {
		key, err := qualify(ref)
		if err != nil {
			return fmt.Errorf("server %s: %w", s.Name, err)
		}
		if n.contents[key] == nil {
			return fmt.Errorf("server %s: zone %q: %w", s.Name, ref, errNoZone)
		}
		a.zones = append(a.zones, key)
		root = root || n.contents[key].apex == "."
	}
	if len(s.Addresses) == 0 {
		return fmt.Errorf("server %s has no address", s.Name)
	}
	var virtual []string
	for _, address := range s.Addresses {
		v, err := n.claim(address, a, s.Behaviours, closed)
		if err != nil {
			return fmt.Errorf("server %s: %w", s.Name, err)
		}
		virtual = append(virtual, v)
	}
	if root {
		n.roots = append(n.roots, dnstrace.Root{Name: s.Name, Addresses: virtual})
	}
	return nil
}

// claim gives an address to a handler.
func (n *Network) claim(address string, h handler, behaviours []Behaviour, closed map[string]bool) (string, error) {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		addr, errAddr := netip.ParseAddr(address)
		if errAddr != nil {
			return "", fmt.Errorf("%q is not an IP address", address)
		}
		const port = 53
		ap = netip.AddrPortFrom(addr, port)
	}
	virtual := ap.String()
	if n.handlers[virtual] != nil {
		return "", fmt.Errorf("the address %s is taken already", virtual)
	}
	n.handlers[virtual] = h
	closed[virtual] = slices.ContainsFunc(behaviours, func(b Behaviour) bool { return b.Do == MisdeedClosed })
	return virtual, nil
}

// Close stops all servers and waits until they have stopped.
func (n *Network) Close() {
	n.cancel()
	for _, shut := range n.close {
		shut()
	}
	n.wg.Wait()
}

// Dial connects to a server by its virtual address, as ip:port; network is
// udp or tcp. An address that no server has is unreachable.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	socket, err := n.socket(network, address)
	if err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, network, socket)
}

// socket finds the socket behind a virtual address.
func (n *Network) socket(network, address string) (string, error) {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return "", fmt.Errorf("dialling %s: %w", address, err)
	}
	virtual := ap.String()
	reason := syscall.EHOSTUNREACH
	if n.handlers[virtual] != nil {
		if socket := n.sockets[virtual]; socket != "" {
			return socket, nil
		}
		reason = syscall.ECONNREFUSED
	}
	return "", &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", reason)}
}

// Roots are the servers of the root zone.
func (n *Network) Roots() []dnstrace.Root { return slices.Clone(n.roots) }

// TrustAnchors are the root's DS records in presentation format; none where
// the root is unsigned.
func (n *Network) TrustAnchors() []string { return slices.Clone(n.anchors) }

// Resolvers are the resolvers' addresses as ip:port, in the description's
// order.
func (n *Network) Resolvers() []string { return slices.Clone(n.resolvers) }

// Sockets maps every virtual address that something listens at, as ip:port,
// to the socket behind it.
func (n *Network) Sockets() map[string]string { return maps.Clone(n.sockets) }

// Upsert replaces, in a zone (an apex, with "@" and its version where it has
// one), each record set that text has records of, and signs the zone anew.
// It is how the world changes under a running bot: a record is mended.
func (n *Network) Upsert(zone, text string) error {
	return n.change(zone, func(c *content) error {
		records, err := parseRecords(c.apex, text)
		if err != nil {
			return err
		}
		for _, rr := range records {
			if !dns.IsSubDomain(c.apex, rr.Header().Name) {
				return fmt.Errorf("zone %s: the record %q is outside of it", c.apex, rr.String())
			}
			c.remove(rr.Header().Name, rr.Header().Rrtype)
		}
		for _, rr := range records {
			c.add(rr)
		}
		return nil
	})
}

// Delete removes a record set from a zone, and signs the zone anew. Removing
// what is not there is not an error.
func (n *Network) Delete(zone, name, rrtype string) error {
	return n.change(zone, func(c *content) error {
		number, ok := dns.StringToType[strings.ToUpper(rrtype)]
		if !ok {
			return fmt.Errorf("unknown record type %q", rrtype)
		}
		c.remove(dns.CanonicalName(name), number)
		return nil
	})
}

func (n *Network) change(zone string, edit func(*content) error) error {
	ref, err := qualify(zone)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.contents[ref]
	if old == nil {
		return fmt.Errorf("zone %q: %w", zone, errNoZone)
	}
	edited := old.clone()
	if err := edit(edited); err != nil {
		return err
	}
	edited.complete()
	if err := n.sign(edited); err != nil {
		return err
	}
	n.contents[ref] = edited
	return nil
}

// Forget empties the cache of every resolver.
func (n *Network) Forget() {
	for _, r := range n.caches {
		r.forget()
	}
}

// listen opens the sockets of a virtual address, UDP and TCP on one port.
func (n *Network) listen(virtual string) error {
	at := "127.0.0.1:0"
	if n.options.Literal {
		at = virtual
	}
	var packets net.PacketConn
	var streams net.Listener
	var err error
	// The port that is free for UDP may be taken for TCP.
	for range 20 {
		if packets, err = net.ListenPacket("udp", at); err != nil {
			break
		}
		if streams, err = net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			break
		}
		packets.Close() //nolint:errcheck // it was not used
		if n.options.Literal {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("listening for %s: %w", virtual, err)
	}
	n.sockets[virtual] = packets.LocalAddr().String()
	n.close = append(n.close, func() {
		packets.Close() //nolint:errcheck // shutting down
		streams.Close() //nolint:errcheck // shutting down
	})
	n.serve = append(n.serve,
		func() { n.servePackets(virtual, packets) },
		func() { n.serveStreams(virtual, streams) })
	return nil
}

func (n *Network) servePackets(virtual string, conn net.PacketConn) {
	buffer := make([]byte, dns.MaxMsgSize)
	for {
		size, from, err := conn.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // a client that went away is reported here on some systems
		}
		query := new(dns.Msg)
		if query.Unpack(buffer[:size]) != nil {
			continue
		}
		n.wg.Go(func() {
			n.note(virtual, "udp", query)
			for _, packet := range n.handlers[virtual].reply(call{ctx: n.ctx, transport: "udp"}, query) {
				conn.WriteTo(packet, from) //nolint:errcheck // as lossy as UDP is
			}
		})
	}
}

func (n *Network) serveStreams(virtual string, listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		n.wg.Go(func() {
			defer conn.Close() //nolint:errcheck // nothing is left to lose
			defer context.AfterFunc(n.ctx, func() {
				conn.Close() //nolint:errcheck // shutting down
			})()
			stream := &dns.Conn{Conn: conn}
			for {
				query, err := stream.ReadMsg()
				if err != nil {
					return
				}
				n.note(virtual, "tcp", query)
				for _, packet := range n.handlers[virtual].reply(call{ctx: n.ctx, transport: "tcp"}, query) {
					if _, err := stream.Write(packet); err != nil {
						return
					}
				}
			}
		})
	}
}

func (n *Network) note(virtual, transport string, query *dns.Msg) {
	if n.options.OnQuery == nil || len(query.Question) != 1 {
		return
	}
	q := query.Question[0]
	n.options.OnQuery(QueryEvent{
		Address: virtual, Transport: transport,
		Name: strings.TrimSuffix(dns.CanonicalName(q.Name), "."), Type: dns.Type(q.Qtype).String(),
	})
}
