package dnstrace

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

// A zone is a zone on the way to a name. All but what its mutex guards is set
// before others see it. Names are fully qualified.
type zone struct {
	apex   string
	parent *zone // nil for the root
	// delegated are the names of the servers that the parent refers to.
	delegated []string
	// referrals are the answers of the parent's servers that made the zone.
	referrals []view
	servers   []server
	// whole says that every server above was heard, as a nested walk does not
	// wait for.
	whole bool

	mu    sync.Mutex
	ns    []diagnose.Reply
	soa   []diagnose.Reply
	ds    []diagnose.RR
	trust *trust // nil until told
}

// A server is a name server of a zone, with its addresses as ip:port.
type server struct {
	name      string
	addresses []string
	outcome   diagnose.Outcome // why there are none
	looped    bool             // its name resolves only through the zone itself
}

// A target is one address of a server.
type target struct{ server, address string }

func (t *Tracer) rootZone() *zone {
	root := &zone{apex: ".", whole: true}
	for _, r := range t.roots {
		s := server{name: dns.CanonicalName(r.Name)}
		for _, address := range r.Addresses {
			s.addresses = append(s.addresses, withPort(address))
		}
		root.servers = append(root.servers, s)
	}
	root.sort()
	return root
}

func (z *zone) sort() {
	slices.Sort(z.delegated)
	for _, s := range z.servers {
		slices.SortFunc(s.addresses, byAddress)
	}
	slices.SortFunc(z.servers, func(a, b server) int { return strings.Compare(a.name, b.name) })
}

// byAddress orders IPv4 before IPv6, and each by number.
func byAddress(a, b string) int {
	x, errX := netip.ParseAddrPort(a)
	y, errY := netip.ParseAddrPort(b)
	if errX != nil || errY != nil {
		return strings.Compare(a, b)
	}
	return cmp.Or(x.Addr().Unmap().Compare(y.Addr().Unmap()), cmp.Compare(x.Port(), y.Port()))
}

// targets are all addresses of all servers, in order. One address under
// several names is asked once.
func (z *zone) targets() []target {
	var all []target
	seen := map[string]bool{}
	for _, s := range z.servers {
		for _, address := range s.addresses {
			if !seen[address] {
				seen[address] = true
				all = append(all, target{server: s.name, address: address})
			}
		}
	}
	return all
}

// addressesOf returns the addresses that a server of this zone, or of one
// above, is known to have: zones of one path often share servers.
func (z *zone) addressesOf(name string) []string {
	for ; z != nil; z = z.parent {
		for _, s := range z.servers {
			if s.name == name && len(s.addresses) > 0 {
				return slices.Clone(s.addresses)
			}
		}
	}
	return nil
}

// path are the zones from the root to this one.
func (z *zone) path() []*zone {
	var path []*zone
	for ; z != nil; z = z.parent {
		path = append(path, z)
	}
	slices.Reverse(path)
	return path
}

// nameless are replies for the servers that have no address to ask.
func (z *zone) nameless() []diagnose.Reply {
	var replies []diagnose.Reply
	for _, s := range z.servers {
		if len(s.addresses) > 0 {
			continue
		}
		why := "no address was found for the name server's name"
		switch {
		case s.looped:
			why = "the name server's name can only be resolved through the zone that it serves"
		case s.outcome == diagnose.OutcomeNXDomain:
			why = "the name server's name does not exist"
		case s.outcome == diagnose.OutcomeNoData:
			why = "the name server's name has no address"
		}
		replies = append(replies, diagnose.Reply{
			Server: diagnose.CanonicalName(s.name), Outcome: diagnose.OutcomeNoAddress, Detail: why,
		})
	}
	return replies
}

// facts are the zone in the contract's form, sharing nothing with it.
func (z *zone) facts() *diagnose.Zone {
	z.mu.Lock()
	defer z.mu.Unlock()
	f := &diagnose.Zone{
		Apex: diagnose.CanonicalName(z.apex),
		NS:   copyReplies(z.ns),
		SOA:  copyReplies(z.soa),
		DS:   slices.Clone(z.ds),
	}
	if z.parent != nil {
		f.Parent = diagnose.CanonicalName(z.parent.apex)
	}
	for _, name := range z.delegated {
		f.Delegated = append(f.Delegated, diagnose.CanonicalName(name))
	}
	f.Referrals = copyReplies(replies(z.referrals))
	for _, s := range z.servers {
		entry := diagnose.ZoneServer{
			Name: diagnose.CanonicalName(s.name), Addresses: slices.Clone(s.addresses),
		}
		if len(s.addresses) == 0 {
			entry.Outcome = cmp.Or(s.outcome, diagnose.OutcomeNoAddress)
		}
		f.Servers = append(f.Servers, entry)
	}
	if z.trust != nil {
		f.Security = z.trust.Security
	}
	return f
}

// replies are the views' replies.
func replies(views []view) []diagnose.Reply {
	var all []diagnose.Reply
	for _, v := range views {
		all = append(all, v.reply)
	}
	return all
}

func copyReplies(from []diagnose.Reply) []diagnose.Reply {
	to := slices.Clone(from)
	for i := range to {
		to[i].Answer = slices.Clone(to[i].Answer)
		to[i].Authority = slices.Clone(to[i].Authority)
		to[i].EDE = slices.Clone(to[i].EDE)
	}
	return to
}
