package dnstrace

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
)

// A Root is a root name server.
type Root struct {
	Name string
	// Addresses are ip:port; an address without a port gets 53.
	Addresses []string
}

// maxHints bounds a root hints or trust anchor file, in bytes.
const maxHints = 1 << 20

// ParseRootHints reads root servers in the format of InterNIC's named.root
// (https://www.internic.net/domain/named.root). It is an error if no server
// with an address is in it.
func ParseRootHints(r io.Reader) ([]Root, error) {
	parser := dns.NewZoneParser(io.LimitReader(r, maxHints), ".", "")
	parser.SetDefaultTTL(3600000)
	var names []string
	addresses := map[string][]string{}
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		owner := diagnose.CanonicalName(rr.Header().Name)
		switch rr := rr.(type) {
		case *dns.NS:
			if owner != "." {
				return nil, fmt.Errorf("parsing root hints: an NS record of %q, which is not the root", owner)
			}
			if name := diagnose.CanonicalName(rr.Ns); !slices.Contains(names, name) {
				names = append(names, name)
			}
		case *dns.A:
			addresses[owner] = appendAddress(addresses[owner], rr.A)
		case *dns.AAAA:
			addresses[owner] = appendAddress(addresses[owner], rr.AAAA)
		}
	}
	if err := parser.Err(); err != nil {
		return nil, fmt.Errorf("parsing root hints: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("parsing root hints: no NS record of the root zone")
	}
	var roots []Root
	for _, name := range names {
		if found := addresses[name]; len(found) > 0 {
			roots = append(roots, Root{Name: name, Addresses: found})
		}
	}
	if len(roots) == 0 {
		return nil, errors.New("parsing root hints: none of the root servers has an A or AAAA record")
	}
	return roots, nil
}

func appendAddress(to []string, ip net.IP) []string {
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return to
	}
	address := netip.AddrPortFrom(addr.Unmap(), 53).String()
	if slices.Contains(to, address) {
		return to
	}
	return append(to, address)
}

// ParseTrustAnchors reads DS and DNSKEY records in master file format, as in
// the trust anchor files of BIND and Unbound, and returns them one by one.
func ParseTrustAnchors(r io.Reader) ([]string, error) {
	parser := dns.NewZoneParser(io.LimitReader(r, maxHints), ".", "")
	parser.SetDefaultTTL(3600)
	var anchors []string
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		switch rr.(type) {
		case *dns.DS, *dns.DNSKEY:
			anchors = append(anchors, rr.String())
		default:
			return nil, fmt.Errorf("parsing trust anchors: a record of type %s; only DS and DNSKEY can be one",
				typeName(rr.Header().Rrtype))
		}
	}
	if err := parser.Err(); err != nil {
		return nil, fmt.Errorf("parsing trust anchors: %w", err)
	}
	if len(anchors) == 0 {
		return nil, errors.New("parsing trust anchors: no DS or DNSKEY record")
	}
	return anchors, nil
}

// DefaultRoots are the root servers of the public DNS, from InterNIC's
// named.root (https://www.internic.net/domain/named.root) as of 2026.
func DefaultRoots() []Root {
	var roots []Root
	for _, line := range []string{
		"a 198.41.0.4 2001:503:ba3e::2:30",
		"b 170.247.170.2 2801:1b8:10::b",
		"c 192.33.4.12 2001:500:2::c",
		"d 199.7.91.13 2001:500:2d::d",
		"e 192.203.230.10 2001:500:a8::e",
		"f 192.5.5.241 2001:500:2f::f",
		"g 192.112.36.4 2001:500:12::d0d",
		"h 198.97.190.53 2001:500:1::53",
		"i 192.36.148.17 2001:7fe::53",
		"j 192.58.128.30 2001:503:c27::2:30",
		"k 193.0.14.129 2001:7fd::1",
		"l 199.7.83.42 2001:500:9f::42",
		"m 202.12.27.33 2001:dc3::35",
	} {
		fields := strings.Fields(line)
		roots = append(roots, Root{
			Name:      fields[0] + ".root-servers.net",
			Addresses: []string{net.JoinHostPort(fields[1], "53"), net.JoinHostPort(fields[2], "53")},
		})
	}
	return roots
}

// DefaultTrustAnchors are the DS records of the root zone's keys KSK-2017 and
// KSK-2024, from IANA's "Trust Anchors and Rollovers"
// (https://data.iana.org/root-anchors/root-anchors.xml).
func DefaultTrustAnchors() []string {
	return []string{
		". 172800 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
		". 172800 IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
	}
}

// withPort adds port 53 to an address that has none.
func withPort(address string) string {
	if addr, err := netip.ParseAddr(address); err == nil {
		return netip.AddrPortFrom(addr, 53).String()
	}
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(address, "53")
}
