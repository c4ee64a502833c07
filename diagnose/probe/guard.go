package probe

import (
	"fmt"
	"net/netip"

	"github.com/acmbot/acmbot/diagnose/address"
)

// A notAllowed is a refusal to connect to an address.
type notAllowed struct {
	addr netip.Addr
	what string
	ever bool // no setting opens it
}

func (e *notAllowed) Error() string {
	if e.ever {
		return fmt.Sprintf("%s is %s, which acmbot never connects to", e.addr, e.what)
	}
	return fmt.Sprintf("%s is %s; acmbot connects to public addresses only, and to those that ACMBOT_PROBE_ALLOW names", e.addr, e.what)
}

// check returns a *notAllowed where the address may not be connected to. The
// machine itself is opened only by a range of its own, not by one that has it
// among all others.
func (p *Prober) check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	if what := address.Forbidden(addr); what != "" {
		return &notAllowed{addr: addr, what: what, ever: true}
	}
	for _, prefix := range p.allow {
		if prefix.Contains(addr) && (!address.Loopback(addr) || address.Loopback(prefix.Addr())) {
			return nil
		}
	}
	if what := address.Special(addr); what != "" {
		return &notAllowed{addr: addr, what: what}
	}
	return nil
}
