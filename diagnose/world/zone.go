package world

import (
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

// A zone is one zone section, or a zone that the world supplies.
type zone struct {
	name    string // without a trailing dot; the root is "."
	header  string
	text    string
	host    string   // a word of hosts
	servers []string // by name, without trailing dots
	account string   // of the Route 53 hosted zone, where it is one

	undelegated bool
	private     bool
	supplied    bool // by the world, not by the file
	signing     *dnsd.Signing
	geolocation string // a country code, which the hosted zone's CNAME records are only for
	version     string // what dnsd calls it; empty for a zone's first section
}

// hosts are the name servers of well-known DNS hosts, so that a world shows
// them as they look in a real delegation.
var hosts = map[string][]string{
	"":           {"ns1.nameservers.example", "ns2.nameservers.example"},
	"cloudflare": {"ada.ns.cloudflare.com", "rob.ns.cloudflare.com"},
	"godaddy":    {"ns07.domaincontrol.com", "ns08.domaincontrol.com"},
	"azure":      {"ns1-04.azure-dns.com", "ns2-04.azure-dns.net", "ns3-04.azure-dns.org", "ns4-04.azure-dns.info"},
	"google":     {"ns-cloud-a1.googledomains.com", "ns-cloud-a2.googledomains.com", "ns-cloud-a3.googledomains.com", "ns-cloud-a4.googledomains.com"},
	"namecheap":  {"dns1.registrar-servers.com", "dns2.registrar-servers.com"},
	"ionos":      {"ns1045.ui-dns.com", "ns1045.ui-dns.org"},
	"gandi":      {"ns-12-a.gandi.net", "ns-45-b.gandi.net"},
	"ovh":        {"dns10.ovh.net", "ns10.ovh.net"},
	"route53":    nil, // four, which depend on the zone
}

// signings are the words for DNSSEC in a zone's header.
var signings = map[string]dnsd.SigningFault{
	"signed":                      "",
	"signatures expired":          dnsd.SigningExpired,
	"signatures not yet valid":    dnsd.SigningNotYet,
	"signatures invalid":          dnsd.SigningInvalid,
	"signatures missing":          dnsd.SigningMissing,
	"denial missing":              dnsd.SigningNoDenial,
	"DS of another key":           dnsd.SigningWrongDS,
	"DS left behind":              dnsd.SigningUnsigned,
	"DS of an unknown algorithm":  dnsd.SigningUnsupported,
	"signed, but without a DS":    dnsd.SigningWithoutParent,
	"signed but without a DS":     dnsd.SigningWithoutParent,
	"signatures expired on CNAME": dnsd.SigningExpired,
	"signatures expired on CAA":   dnsd.SigningExpired,
}

var zoneHeader = regexp.MustCompile(`^(\S+?)(?: on (.+?))?(?: in (\d{12}))?$`)

func parseZoneHeader(header string) (*zone, error) {
	clauses := strings.Split(header, ",")
	m := zoneHeader.FindStringSubmatch(strings.TrimSpace(clauses[0]))
	if m == nil {
		return nil, errors.New(`a zone's header is its name, then "on" and a host or servers, or "in" and an account`)
	}
	z := &zone{header: "zone " + header, name: diagnose.CanonicalName(m[1]), account: m[3]}
	for word := range strings.FieldsSeq(m[2]) {
		_, known := hosts[word]
		switch {
		case known:
			z.host = word
		case strings.Contains(word, "."):
			z.servers = append(z.servers, diagnose.CanonicalName(word))
		default:
			return nil, fmt.Errorf("%q is neither a DNS host that is known here nor the name of a server", word)
		}
	}
	if z.account != "" && z.host == "" && len(z.servers) == 0 {
		z.host = "route53"
	}
	for _, clause := range clauses[1:] {
		clause = strings.TrimSpace(clause)
		fault, signed := signings[clause]
		switch {
		case strings.HasPrefix(clause, "geolocation "):
			z.geolocation = strings.ToUpper(strings.TrimPrefix(clause, "geolocation "))
		case clause == "not delegated":
			z.undelegated = true
		case clause == "private":
			z.private, z.undelegated = true, true
		case signed:
			z.signing = &dnsd.Signing{Fault: fault}
			if _, of, ok := strings.Cut(clause, " expired on "); ok {
				z.signing.Types = []string{of}
			}
		default:
			return nil, fmt.Errorf("there is no clause %q", clause)
		}
	}
	return z, nil
}

// route53Servers makes up a delegation set as Route 53 does: four servers
// under four top-level domains, another set for each hosted zone.
func route53Servers(seed string) []string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(seed))
	bits := h.Sum32()
	var servers []string
	for i, tld := range []string{"com", "net", "org", "co.uk"} {
		n := int(bits>>(8*i)) & 0xff * 2
		servers = append(servers, fmt.Sprintf("ns-%d.awsdns-%02d.%s", i*512+n, n/8, tld))
	}
	return servers
}

// completeZones gives the zones their servers and version names.
func (w *World) completeZones() error {
	versions := map[string]int{}
	on := map[string]*zone{} // by zone and server
	for _, z := range w.zones {
		versions[z.name]++
		if n := versions[z.name]; n > 1 {
			z.version = strconv.Itoa(n)
		}
		if z.private {
			z.servers = nil
			continue
		}
		if len(z.servers) == 0 {
			z.servers = defaultServers(z)
		}
		for _, server := range z.servers {
			key := z.name + " " + server
			if on[key] != nil {
				return fmt.Errorf("%s: %s has another version of the zone already", z.header, server)
			}
			on[key] = z
		}
		if _, err := z.records(); err != nil {
			return fmt.Errorf("%s: %w", z.header, err)
		}
	}
	for name := range w.servers {
		isZone := versions[name] > 0
		isServer := slices.ContainsFunc(w.zones, func(z *zone) bool { return slices.Contains(z.servers, name) })
		if !isZone && !isServer && name != "." && strings.Contains(name, ".") {
			return fmt.Errorf("servers.yaml: there is no zone and no server %s", name)
		}
	}
	for i, r := range w.Resolvers {
		for _, text := range r.Does {
			if _, err := parseBehaviour(text); err != nil {
				return fmt.Errorf("resolver.yaml: resolver %d: %w", i+1, err)
			}
		}
	}
	return nil
}

func defaultServers(z *zone) []string {
	switch {
	case z.name == ".":
		return []string{"a.root-servers.net", "b.root-servers.net"}
	case !strings.Contains(z.name, "."):
		return []string{"a.nic." + z.name, "b.nic." + z.name}
	case z.host == "route53":
		return route53Servers(z.account + z.name + z.version)
	}
	return hosts[z.host]
}

// id is the zone as dnsd names it.
func (z *zone) id() string {
	if z.version != "" {
		return z.name + "@" + z.version
	}
	return z.name
}

// serial is the zone's serial number where the file gives none: later versions
// in the file are older.
func (z *zone) serial() int {
	older, err := strconv.Atoi(z.version)
	if err != nil {
		return 20
	}
	return 20 - older
}

// records parses the zone's own text.
func (z *zone) records() ([]dns.RR, error) { return parseRecords(z.name, z.text) }

func parseRecords(origin, text string) ([]dns.RR, error) {
	parser := dns.NewZoneParser(strings.NewReader(text), dns.Fqdn(origin), "")
	parser.SetDefaultTTL(300)
	var all []dns.RR
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		all = append(all, rr)
	}
	if err := parser.Err(); err != nil {
		return nil, fmt.Errorf("reading the records: %w", err)
	}
	return all, nil
}
