package probe

import (
	"fmt"
	"net/netip"
	"slices"
)

// A block is a range of addresses that are not on the public Internet.
type block struct {
	prefix netip.Prefix
	what   string // with its article: "a private address"
}

// forbidden are the ranges that no setting opens: they lead to the machine's
// own credentials. Sources: "Dynamic Configuration of IPv4 Link-Local
// Addresses" (RFC 3927); "Use the Instance Metadata Service"
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html);
// "About VM metadata" (https://cloud.google.com/compute/docs/metadata/overview);
// "What is IP address 168.63.129.16?"
// (https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16);
// "Obtain instance metadata"
// (https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata).
var forbidden = blocks(
	"169.254.0.0/16", "a link-local address",
	"fe80::/10", "a link-local address",
	"fd00:ec2::/32", "an address of the AWS instance services",
	"fd20:ce::254/128", "a cloud metadata address",
	"168.63.129.16/32", "a cloud metadata address",
	"100.100.100.200/32", "a cloud metadata address",
	"0.0.0.0/8", "an unspecified address",
	"::/128", "an unspecified address",
	"224.0.0.0/4", "a multicast address",
	"ff00::/8", "a multicast address",
	"255.255.255.255/32", "the broadcast address",
)

// special are the ranges that are not globally reachable, as the "IANA IPv4
// Special-Purpose Address Registry" and its IPv6 twin have them (RFC 6890,
// https://www.iana.org/assignments/iana-ipv4-special-registry and
// https://www.iana.org/assignments/iana-ipv6-special-registry), with the
// deprecated and the anycast ones, behind which no web server stands.
var special = blocks(
	"10.0.0.0/8", "a private address",
	"172.16.0.0/12", "a private address",
	"192.168.0.0/16", "a private address",
	"100.64.0.0/10", "a carrier's shared address",
	"127.0.0.0/8", "a loopback address",
	"192.0.0.0/24", "an address for protocol assignments",
	"192.0.2.0/24", "a documentation address",
	"198.51.100.0/24", "a documentation address",
	"203.0.113.0/24", "a documentation address",
	"192.88.99.0/24", "a relay anycast address",
	"198.18.0.0/15", "a benchmarking address",
	"240.0.0.0/4", "a reserved address",

	"::1/128", "a loopback address",
	"64:ff9b:1::/48", "a local translation address",
	"100::/63", "a discard-only address",
	"2001::/23", "an address for protocol assignments",
	"2001:db8::/32", "a documentation address",
	"3fff::/20", "a documentation address",
	"5f00::/16", "a segment routing address",
	"fc00::/7", "a private address",
	"fec0::/10", "a site-local address",
)

// global is the part of the IPv6 address space from which public addresses
// are given out ("IPv6 Global Unicast Address Assignments",
// https://www.iana.org/assignments/ipv6-unicast-address-assignments).
var global = netip.MustParsePrefix("2000::/3")

// The ranges whose addresses carry an IPv4 address: translation (RFC 6052),
// 6to4 (RFC 3056) and IPv4-compatible addresses (RFC 4291).
var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	compatible = netip.MustParsePrefix("::/96")
)

func blocks(pairs ...string) []block {
	list := make([]block, 0, len(pairs)/2)
	for pair := range slices.Chunk(pairs, 2) {
		list = append(list, block{netip.MustParsePrefix(pair[0]), pair[1]})
	}
	return list
}

func within(list []block, addr netip.Addr) string {
	for _, b := range list {
		if b.prefix.Contains(addr) {
			return b.what
		}
	}
	return ""
}

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

// check returns a *notAllowed where the address may not be connected to.
func (p *Prober) check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	forms := []netip.Addr{addr}
	if inner, ok := embedded(addr); ok {
		forms = append(forms, inner)
	}
	for _, form := range forms {
		if what := within(forbidden, form); what != "" {
			return &notAllowed{addr: addr, what: what, ever: true}
		}
	}
	for _, prefix := range p.allow {
		if prefix.Contains(addr) {
			return nil
		}
	}
	for _, form := range forms {
		what := within(special, form)
		if what == "" && form == addr && addr.Is6() && !global.Contains(addr) && !nat64.Contains(addr) {
			what = "not an address of the public Internet"
		}
		if what != "" {
			return &notAllowed{addr: addr, what: what}
		}
	}
	return nil
}

// Public reports whether an address is on the public Internet, as far as its
// number tells. An IPv6 address that leads to an IPv4 address is public where
// both are.
func Public(addr netip.Addr) bool { return (&Prober{}).check(addr) == nil }

// embedded returns the IPv4 address that an IPv6 address leads to.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() || addr.IsUnspecified() || addr.IsLoopback() {
		return netip.Addr{}, false
	}
	b := addr.As16()
	switch {
	case nat64.Contains(addr), compatible.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
