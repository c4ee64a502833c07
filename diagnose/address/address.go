// Package address tells which IP addresses are on the public Internet, and which
// a program must not connect to on somebody else's word, whatever its settings
// say: a name can lead anywhere.
package address

import (
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
// (https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata);
// "Getting Instance Metadata"
// (https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm) and
// "Retrieve Predefined Instance Metadata"
// (https://docs.oracle.com/en/cloud/cloud-at-customer/occ-get-started/retrieve-predefined-instance-metadata.html);
// "Scaleway" (https://docs.cloud-init.io/en/latest/reference/datasources/scaleway.html);
// "Overview of the Metadata service"
// (https://techdocs.akamai.com/cloud-computing/docs/overview-of-the-metadata-service).
var forbidden = blocks(
	"169.254.0.0/16", "a link-local address",
	"fe80::/10", "a link-local address",
	"fd00:ec2::/32", "an address of the AWS instance services",
	"fd20:ce::254/128", "a cloud metadata address",
	"168.63.129.16/32", "a cloud metadata address",
	"100.100.100.200/32", "a cloud metadata address",
	"192.0.0.192/32", "a cloud metadata address",
	"fd00:c1::a9fe:a9fe/128", "a cloud metadata address",
	"fd00:42::42/128", "a cloud metadata address",
	"fd00:a9fe:a9fe::1/128", "a cloud metadata address",
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

// The ranges whose addresses carry an IPv4 address: translation (RFC 6052 and
// RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380), IPv4-compatible (RFC 4291) and
// IPv4-translated addresses (RFC 2765).
var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	localNAT64 = netip.MustParsePrefix("64:ff9b:1::/48")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	teredo     = netip.MustParsePrefix("2001::/32")
	compatible = netip.MustParsePrefix("::/96")
	translated = netip.MustParsePrefix("::ffff:0:0:0/96")
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

// Forbidden says what an address is, such as "a link-local address", where no
// setting may open it; "" where one may. An IPv6 address that leads to an IPv4
// address is forbidden where either is.
func Forbidden(addr netip.Addr) string {
	for _, form := range forms(addr) {
		if what := within(forbidden, form); what != "" {
			return what
		}
	}
	return ""
}

// Special says what an address is, such as "a private address", where it is not
// on the public Internet; "" where it is, as far as its number tells. An IPv6
// address that leads to an IPv4 address is public where both are.
func Special(addr netip.Addr) string {
	if what := Forbidden(addr); what != "" {
		return what
	}
	addr = plain(addr)
	for _, form := range forms(addr) {
		what := within(special, form)
		if what == "" && form == addr && addr.Is6() && !global.Contains(addr) && !nat64.Contains(addr) {
			what = "not an address of the public Internet"
		}
		if what != "" {
			return what
		}
	}
	return ""
}

// Public reports whether an address is on the public Internet.
func Public(addr netip.Addr) bool { return addr.IsValid() && Special(addr) == "" }

// Loopback are the addresses of the machine itself, in whichever form.
func Loopback(addr netip.Addr) bool {
	return slices.ContainsFunc(forms(addr), netip.Addr.IsLoopback)
}

func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// forms are an address and the IPv4 addresses that it leads to.
func forms(addr netip.Addr) []netip.Addr {
	addr = plain(addr)
	list := []netip.Addr{addr}
	if !addr.Is6() || addr.IsUnspecified() || addr.IsLoopback() {
		return list
	}
	b := addr.As16()
	add := func(v4 ...byte) { list = append(list, netip.AddrFrom4([4]byte(v4))) }
	switch {
	case nat64.Contains(addr), compatible.Contains(addr), translated.Contains(addr):
		add(b[12:16]...)
	case localNAT64.Contains(addr):
		// The prefix in use may have 48, 56, 64 or 96 bits (RFC 6052, section
		// 2.2); the ninth byte is left out. What begins with a zero is another
		// prefix's padding.
		for _, v4 := range [][]byte{{b[6], b[7], b[9], b[10]}, {b[7], b[9], b[10], b[11]}, b[9:13], b[12:16]} {
			if v4[0] != 0 {
				add(v4...)
			}
		}
	case sixToFour.Contains(addr):
		add(b[2:6]...)
	case teredo.Contains(addr):
		add(b[4:8]...) // its server
		add(^b[12], ^b[13], ^b[14], ^b[15])
	}
	if b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe && b[8]&^0x02 == 0 { // ISATAP (RFC 5214)
		add(b[12:16]...)
	}
	return list
}
