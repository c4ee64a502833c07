package dnstrace

import (
	"net/netip"
	"sync"
)

// peers is what a session has learnt about the addresses that it asked.
type peers struct {
	mu     sync.Mutex
	byAddr map[string]*peer
}

// A peer is one address. Its fields are guarded by the mutex of its peers.
type peer struct {
	v6       bool
	answered bool // some query was answered
	edns     bool // some query with EDNS was answered well
	plain    bool // only queries without EDNS are answered
	missed   bool // some answer was waited for in vain
	dead     bool // all tries at a query were in vain
}

// of returns a copy of what is known of an address.
func (p *peers) of(address string) peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.byAddr[address]; found != nil {
		return *found
	}
	return peer{}
}

// learn changes what is known of an address.
func (p *peers) learn(address string, change func(*peer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.byAddr[address]
	if found == nil {
		found = &peer{v6: isIPv6(address)}
		if p.byAddr == nil {
			p.byAddr = map[string]*peer{}
		}
		p.byAddr[address] = found
	}
	change(found)
}

// unroutable reports whether no address of the address's family has ever
// answered while the other family works: most often a machine without IPv6
// whose packets vanish instead of being refused. Three addresses must have
// been mute before that is believed.
func (p *peers) unroutable(address string) bool {
	const enough = 3
	v6 := isIPv6(address)
	p.mu.Lock()
	defer p.mu.Unlock()
	mute, others := 0, false
	for _, peer := range p.byAddr {
		switch {
		case peer.v6 != v6:
			others = others || peer.answered
		case peer.answered:
			return false
		case peer.missed:
			mute++
		}
	}
	return others && mute >= enough
}

func isIPv6(address string) bool {
	ap, err := netip.ParseAddrPort(address)
	return err == nil && ap.Addr().Unmap().Is6()
}
