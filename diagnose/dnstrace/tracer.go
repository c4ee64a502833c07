package dnstrace

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Options configure a Tracer. The zero value looks at the public DNS.
type Options struct {
	// Roots are where every walk starts; none means DefaultRoots. Where they
	// are given, servers at addresses that are not public are asked as well.
	Roots []Root
	// TrustAnchors are DS or DNSKEY records in presentation format. None means
	// DefaultTrustAnchors with the default roots, and no DNSSEC validation
	// with others: a private root is taken to be unsigned unless its anchor
	// is given.
	TrustAnchors []string
	// Resolvers are the recursive resolvers to ask too, as host:port.
	Resolvers []string
	// Dial opens a connection; network is "udp" or "tcp", address is ip:port
	// or a resolver as given. Nil means a net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout is how long one try at a query may take; 0 means 2 seconds. A
	// server that never answers costs two of them, once in a session.
	Timeout time.Duration
	// Budget is how many queries a session may send; 0 means 8000.
	Budget int
	// Parallel is how many queries are under way at once; 0 means 64.
	Parallel int
	// Now is the clock that signatures are checked by; nil means time.Now.
	Now func() time.Time
}

// The limits of one look-up, whatever the servers say.
const (
	lookupBudget = 1000 // queries for one name, those for its servers' names among them
	maxNesting   = 4    // depth of "whose server's name is in a zone whose server's name is in …"
	maxNested    = 200  // walks for servers' names, at all depths
	maxServers   = 32   // servers of one zone
	maxAddresses = 8    // addresses of one server
	maxChain     = 8    // CNAMEs followed by Addresses
)

// A Tracer holds what is the same for every diagnosis. It is safe for
// concurrent use and keeps nothing between sessions.
type Tracer struct {
	roots       []Root
	anchors     map[string][]*dns.DS // by apex, fully qualified
	anchorFault string               // why an anchor cannot be used
	resolvers   []string
	dial        func(ctx context.Context, network, address string) (net.Conn, error)
	timeout     time.Duration
	budget      int
	parallel    int
	now         func() time.Time
	publicOnly  bool // ask servers at public addresses only
}

// New returns a Tracer. A trust anchor that cannot be parsed (see
// ParseTrustAnchors) makes the security of every answer indeterminate.
func New(o Options) *Tracer {
	t := &Tracer{
		roots:     o.Roots,
		anchors:   map[string][]*dns.DS{},
		resolvers: o.Resolvers,
		dial:      o.Dial,
		timeout:   o.Timeout,
		budget:    o.Budget,
		parallel:  o.Parallel,
		now:       o.Now,
	}
	anchors := o.TrustAnchors
	if len(t.roots) == 0 {
		t.roots = DefaultRoots()
		t.publicOnly = true
		if len(anchors) == 0 {
			anchors = DefaultTrustAnchors()
		}
	}
	for _, anchor := range anchors {
		if err := t.addAnchor(anchor); err != nil {
			t.anchorFault = err.Error()
		}
	}
	if t.dial == nil {
		t.dial = new(net.Dialer).DialContext
	}
	if t.timeout <= 0 {
		t.timeout = 2 * time.Second
	}
	if t.budget <= 0 {
		t.budget = 8000
	}
	if t.parallel <= 0 {
		t.parallel = 64
	}
	if t.now == nil {
		t.now = time.Now
	}
	return t
}

func (t *Tracer) addAnchor(anchor string) error {
	rr, err := dns.NewRR(anchor)
	if err != nil || rr == nil {
		return fmt.Errorf("the trust anchor %q is not a DS or DNSKEY record", anchor)
	}
	ds, ok := rr.(*dns.DS)
	if key, isKey := rr.(*dns.DNSKEY); isKey {
		ds, ok = key.ToDS(dns.SHA256), true
	}
	if !ok || ds == nil {
		return fmt.Errorf("the trust anchor %q is not a DS or DNSKEY record", anchor)
	}
	apex := strings.ToLower(ds.Hdr.Name)
	t.anchors[apex] = append(t.anchors[apex], ds)
	return nil
}
