package world

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"
	"gopkg.in/yaml.v3"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
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
	for _, word := range strings.Fields(m[2]) {
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

// serverFaults are a line of servers.yaml.
type serverFaults struct {
	behaviours []dnsd.Behaviour
	noAddress  bool
}

// UnmarshalYAML reads what a server does wrong, such as "drop CAA".
func (f *serverFaults) UnmarshalYAML(node *yaml.Node) error {
	var texts List
	if err := texts.UnmarshalYAML(node); err != nil {
		return err
	}
	for _, text := range texts {
		if text == "no address" {
			f.noAddress = true
			continue
		}
		b, err := parseBehaviour(text)
		if err != nil {
			return fmt.Errorf("line %d: %w", node.Line, err)
		}
		f.behaviours = append(f.behaviours, b)
	}
	return nil
}

func parseBehaviour(text string) (dnsd.Behaviour, error) {
	words := strings.Fields(text)
	var b dnsd.Behaviour
	if len(words) == 0 {
		return b, errors.New("an empty behaviour")
	}
	b.Do = dnsd.Misdeed(words[0])
	if !slices.Contains(misdeeds, b.Do) {
		return b, fmt.Errorf("no server does %q", words[0])
	}
	words = words[1:]
	if b.Do == dnsd.MisdeedDelay {
		if len(words) == 0 {
			return b, errors.New("a delay needs a length of time")
		}
		d, err := parseSpan(words[0])
		if err != nil {
			return b, fmt.Errorf("reading a delay: %w", err)
		}
		b.Delay, words = d, words[1:]
	}
	for len(words) > 0 {
		switch {
		case words[0] == "under" && len(words) > 1:
			b.Under, words = diagnose.CanonicalName(words[1]), words[2:]
		case dns.StringToType[words[0]] != 0:
			b.Type, words = words[0], words[1:]
		default:
			return b, fmt.Errorf("%q is neither a record type nor \"under\" with a name", words[0])
		}
	}
	return b, nil
}

var misdeeds = []dnsd.Misdeed{
	dnsd.MisdeedDrop, dnsd.MisdeedClosed, dnsd.MisdeedRefuse, dnsd.MisdeedServFail, dnsd.MisdeedFormErr,
	dnsd.MisdeedLame, dnsd.MisdeedUpward, dnsd.MisdeedTruncate, dnsd.MisdeedTruncateNoTCP, dnsd.MisdeedNoEDNS,
	dnsd.MisdeedDropEDNS, dnsd.MisdeedDelay, dnsd.MisdeedWrongID, dnsd.MisdeedWrongQuestion, dnsd.MisdeedGarbage,
	dnsd.MisdeedNXDomainForENT, dnsd.MisdeedNoSOA, dnsd.MisdeedNoDNSSEC,
}

// A Resolver is a recursive resolver as a world describes it.
type Resolver struct {
	Name    string `yaml:"name"`
	Address string `yaml:"address"` // the next free one where empty
	// Cache is what it has from before the start.
	Cache []CacheEntry `yaml:"cache"`
	// Does is what it does wrong, in the words of servers.yaml.
	Does         List `yaml:"does"`
	NoValidation bool `yaml:"no validation"`
}

// A CacheEntry is an answer that a resolver still holds.
type CacheEntry struct {
	Name      string `yaml:"name"`
	Type      string `yaml:"type"`
	Answer    string `yaml:"answer"` // records in master file format; a negative answer where empty
	NXDomain  bool   `yaml:"nxdomain"`
	Remaining Span   `yaml:"remaining"` // until it leaves the cache
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

// A hierarchy is the zones of a world, those it supplies among them, with the
// addresses of their servers.
type hierarchy struct {
	world     *World
	zones     []*zone
	addresses map[string]string // of servers, by name
	literal   bool
	next      int
	added     map[*zone]*strings.Builder
}

// description builds the domain name system. In a literal one, all addresses
// are moved into 127.0.0.0/8.
func (w *World) description(literal bool) (dnsd.Description, error) {
	h := &hierarchy{world: w, addresses: map[string]string{}, literal: literal, added: map[*zone]*strings.Builder{}}
	for _, z := range w.zones {
		if !z.private {
			copied := *z
			h.zones = append(h.zones, &copied)
		}
	}
	h.supply()
	h.sign()
	if err := h.delegate(); err != nil {
		return dnsd.Description{}, err
	}
	return h.describe()
}

// supply adds the zones that the file does not write out: the root, the
// top-level domains, ACM's own, and those of the name servers.
func (h *hierarchy) supply() {
	names := map[string]bool{validationHost: true, "ns1.nameservers.example": true}
	for _, c := range h.world.Certificates {
		for _, name := range c.Names {
			names[name] = true
		}
	}
	for _, z := range h.zones {
		names[z.name] = true
		for _, server := range z.servers {
			names[server] = true
		}
	}
	delete(names, ".")

	h.supplied("acm-validations.aws", "ns1.acm-validations.aws", "ns2.acm-validations.aws")
	for _, z := range slices.Clone(h.zones) {
		for _, server := range z.servers {
			if h.enclosing(server) == nil && strings.Count(server, ".") > 1 && z.name != "." {
				apex := registrable(server)
				h.supplied(apex, "ns."+apex)
				names[apex] = true
			}
		}
	}
	for _, name := range sorted(names) {
		tld := name[strings.LastIndex(name, ".")+1:]
		if slices.Contains(notPublic, tld) {
			continue
		}
		h.supplied(tld, "a.nic."+tld, "b.nic."+tld)
	}
	h.supplied(".", "a.root-servers.net", "b.root-servers.net")
}

// notPublic are top-level domains that the root does not have ("Special-Use
// Domain Names", https://www.iana.org/assignments/special-use-domain-names,
// and ICANN's reservation of "internal").
var notPublic = []string{"internal", "local", "localhost", "invalid", "home", "corp", "lan", "onion"}

// supplied adds a zone, if there is none of that name.
func (h *hierarchy) supplied(name string, servers ...string) {
	if !slices.ContainsFunc(h.zones, func(z *zone) bool { return z.name == name && !z.undelegated }) {
		h.zones = append(h.zones, &zone{name: name, header: "zone " + name, servers: servers, supplied: true})
	}
}

// registrable is the domain that a server's name was registered under.
func registrable(name string) string {
	if domain, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return domain
	}
	labels := strings.Split(name, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// enclosing finds the delegated zone, other than a top-level domain, that a
// name is in; nil where there is none.
func (h *hierarchy) enclosing(name string) *zone {
	var best *zone
	for _, z := range h.zones {
		if !z.undelegated && z.name != "." && strings.Contains(z.name, ".") && dns.IsSubDomain(dns.Fqdn(z.name), dns.Fqdn(name)) {
			if best == nil || len(z.name) > len(best.name) {
				best = z
			}
		}
	}
	return best
}

// parents are all delegated versions of the zone that a zone is delegated
// from.
func (h *hierarchy) parents(name string) []*zone {
	best := ""
	var list []*zone
	for _, z := range h.zones {
		above := z.name == "." || z.name != name && dns.IsSubDomain(dns.Fqdn(z.name), dns.Fqdn(name))
		if name == "." || !above || z.undelegated {
			continue
		}
		switch depth := dns.CountLabel(dns.Fqdn(z.name)) - dns.CountLabel(dns.Fqdn(best)); {
		case len(list) == 0 || depth > 0:
			best, list = z.name, []*zone{z}
		case depth == 0:
			list = append(list, z)
		}
	}
	return list
}

// sign signs all zones above a signed one.
func (h *hierarchy) sign() {
	for _, z := range h.zones {
		if z.signing == nil {
			continue
		}
		for above := h.parents(z.name); len(above) > 0; above = h.parents(above[0].name) {
			for _, p := range above {
				if p.signing == nil {
					p.signing = &dnsd.Signing{}
				}
			}
		}
	}
}

// address is where a server answers: one of the addresses for documentation,
// and of those for benchmarks once there are no more.
func (h *hierarchy) address(server string) string {
	if known, ok := h.addresses[server]; ok {
		return known
	}
	// Servers that are only there for the others to be found share a socket,
	// unless the file has something to say about them.
	if shared := sharedBy(server); shared != "" && h.world.servers[server] == nil {
		h.addresses[server] = h.address(shared)
		return h.addresses[server]
	}
	h.next++
	address := fmt.Sprintf("192.0.2.%d", h.next)
	if h.next >= 50 { // 192.0.2.53 is the resolver's
		address = fmt.Sprintf("198.18.%d.%d", (h.next-50)/250, (h.next-50)%250+1)
	}
	h.addresses[server] = h.place(address)
	return h.addresses[server]
}

// sharedBy names the socket of the servers of top-level domains and of the
// zones that the world supplies.
func sharedBy(server string) string {
	first, rest, _ := strings.Cut(server, ".")
	switch {
	case strings.HasPrefix(rest, "nic.") && (first == "a" || first == "b"):
		return first + ".nic"
	case first == "ns" && rest == registrable(server):
		return "infrastructure"
	}
	return ""
}

// place is where an address of the description really is.
func (h *hierarchy) place(address string) string { return place(address, h.literal) }

// place moves an address into 127.0.0.0/8 for a literal world.
func place(address string, literal bool) string {
	if !literal || strings.HasPrefix(address, "127.") {
		return address
	}
	sum := fnv.New32a()
	first, rest, ok := strings.Cut(address, ".")
	if !ok {
		return address
	}
	_, _ = sum.Write([]byte(first))
	second, rest, _ := strings.Cut(rest, ".")
	_, _ = sum.Write([]byte(second))
	return fmt.Sprintf("127.%d.%s", 1+sum.Sum32()%250, rest)
}

// add adds a line to what the world supplies to a zone.
func (h *hierarchy) add(z *zone, format string, args ...any) {
	b := h.added[z]
	if b == nil {
		b = &strings.Builder{}
		h.added[z] = b
	}
	line := fmt.Sprintf(format, args...) + "\n"
	if !strings.Contains(b.String(), line) {
		b.WriteString(line)
	}
}

// delegate adds NS records to the zones and their parents, and the addresses
// of the name servers.
func (h *hierarchy) delegate() error {
	own := map[*zone][]dns.RR{}
	for _, z := range h.zones {
		rrs, err := z.records()
		if err != nil {
			return fmt.Errorf("%s: %w", z.header, err)
		}
		own[z] = rrs
	}
	has := func(z *zone, name string, rrtype uint16) bool {
		return slices.ContainsFunc(own[z], func(rr dns.RR) bool {
			return rr.Header().Rrtype == rrtype && diagnose.CanonicalName(rr.Header().Name) == name
		})
	}
	for _, z := range h.zones {
		servers := z.servers
		if !z.undelegated {
			servers = h.delegatedServers(z.name)
		}
		if !has(z, z.name, dns.TypeNS) {
			for _, server := range servers {
				h.add(z, "@ 172800 NS %s.", server)
			}
		}
		if !has(z, z.name, dns.TypeSOA) && len(servers) > 0 {
			h.add(z, "@ 900 SOA %s. hostmaster.%s %d 7200 900 1209600 300", servers[0], strings.TrimPrefix(dns.Fqdn(z.name), "."), z.serial())
		}
	}
	for _, z := range h.zones {
		for _, server := range z.servers {
			// The address, in the zone that the server's name is in.
			if h.noAddress(server) {
				continue
			}
			for _, in := range h.versions(server) {
				if !has(in, server, dns.TypeA) {
					h.add(in, "%s. A %s", server, h.address(server))
				}
			}
		}
		if z.undelegated {
			continue
		}
		for _, parent := range h.parents(z.name) {
			if !has(parent, z.name, dns.TypeNS) {
				for _, server := range z.servers {
					h.add(parent, "%s. 172800 NS %s.", z.name, server)
				}
			}
			for _, server := range z.servers {
				if dns.IsSubDomain(dns.Fqdn(z.name), dns.Fqdn(server)) && !has(parent, server, dns.TypeA) && !h.noAddress(server) {
					h.add(parent, "%s. A %s", server, h.address(server))
				}
			}
		}
	}
	return nil
}

// delegatedServers are the servers that the parent refers to, over all
// versions of a zone.
func (h *hierarchy) delegatedServers(name string) []string {
	var servers []string
	for _, z := range h.zones {
		if z.name == name && !z.undelegated {
			servers = append(servers, z.servers...)
		}
	}
	return servers
}

// versions are the delegated versions of the zone that a name is in, a
// top-level domain or the root included.
func (h *hierarchy) versions(name string) []*zone {
	var list []*zone
	for _, z := range h.zones {
		if z.name == name && !z.undelegated {
			list = append(list, z)
		}
	}
	if len(list) > 0 {
		return list
	}
	return h.parents(name)
}

func (h *hierarchy) noAddress(server string) bool {
	f := h.world.servers[server]
	return f != nil && f.noAddress
}

var literalAddress = regexp.MustCompile(`(?m)(\sA\s+)(\d+\.\d+\.\d+\.\d+)`)

func (h *hierarchy) describe() (dnsd.Description, error) {
	var d dnsd.Description
	serves := map[string][]*zone{}
	for _, z := range h.zones {
		text := z.text
		if z.name == "acm-validations.aws" && z.supplied {
			text = h.validations()
		}
		if h.literal {
			text = literalAddress.ReplaceAllStringFunc(text, func(s string) string {
				m := literalAddress.FindStringSubmatch(s)
				return m[1] + h.place(m[2])
			})
			text = withoutAAAA(text)
		}
		if more := h.added[z]; more != nil {
			text = "$ORIGIN " + dns.Fqdn(z.name) + "\n$TTL 300\n" + more.String() + "$ORIGIN " + dns.Fqdn(z.name) + "\n$TTL 300\n" + text
		}
		d.Zones = append(d.Zones, dnsd.Zone{Name: z.name, Version: z.version, Text: text, Signing: z.signing})
		for _, server := range z.servers {
			serves[server] = append(serves[server], z)
		}
	}
	byAddress := map[string]int{}
	for _, server := range slices.Sorted(maps.Keys(serves)) {
		address := h.address(server)
		i, known := byAddress[address]
		if !known {
			i = len(d.Servers)
			byAddress[address] = i
			d.Servers = append(d.Servers, dnsd.Server{Name: server, Addresses: []string{address}})
		}
		s := &d.Servers[i]
		for _, z := range serves[server] {
			s.Zones = append(s.Zones, z.id())
			if f := h.world.servers[z.name]; f != nil {
				for _, b := range f.behaviours {
					b.Under = cmp.Or(b.Under, z.name)
					s.Behaviours = append(s.Behaviours, b)
				}
			}
		}
		if f := h.world.servers[server]; f != nil {
			s.Behaviours = append(s.Behaviours, f.behaviours...)
		}
	}
	for i, r := range h.world.Resolvers {
		address := r.Address
		if address == "" {
			address = fmt.Sprintf("192.0.2.%d", 53+i)
		}
		out := dnsd.Resolver{
			Name: cmp.Or(r.Name, "resolver"), Address: h.place(address), NoValidation: r.NoValidation,
		}
		for _, c := range r.Cache {
			out.Cache = append(out.Cache, dnsd.Cached{
				Name: c.Name, Type: c.Type, Text: c.Answer, NXDomain: c.NXDomain, Remaining: c.Remaining.duration(),
			})
		}
		for _, text := range r.Does {
			b, err := parseBehaviour(text)
			if err != nil {
				return d, err
			}
			out.Behaviours = append(out.Behaviours, b)
		}
		d.Resolvers = append(d.Resolvers, out)
	}
	return d, nil
}

func withoutAAAA(text string) string {
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		if !slices.Contains(strings.Fields(line), "AAAA") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// validations is the zone that the validation records point into.
func (h *hierarchy) validations() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. A %s\n", validationHost, validationAddress)
	seen := map[string]bool{}
	for _, c := range h.world.Certificates {
		if c.Method != diagnose.MethodDNS {
			continue
		}
		for _, name := range c.Names {
			if value := Record(c.Account, name).Value; !seen[value] {
				seen[value] = true
				fmt.Fprintf(&b, "%s. TXT \"%s\"\n", value, digest(value)[:40])
			}
		}
	}
	return b.String()
}

// validationAddress is where validationHost is.
const validationAddress = "203.0.113.250"

// hostedZones are the zones that are in an account's Route 53.
func (w *World) hostedZones(account string) ([]*awsapi.HostedZone, error) {
	var list []*awsapi.HostedZone
	for _, z := range w.zones {
		if z.account != account {
			continue
		}
		hosted := &awsapi.HostedZone{ID: z.hostedID(), Name: z.name, Private: z.private, NameServers: z.servers}
		rrs, err := z.records()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", z.header, err)
		}
		add := func(name, rrtype string, ttl uint32, values ...string) {
			for i, set := range hosted.Records {
				if set.Name == name && set.Type == rrtype {
					hosted.Records[i].Values = append(set.Values, values...)
					return
				}
			}
			hosted.Records = append(hosted.Records, awsapi.RecordSet{Name: name, Type: rrtype, TTL: int64(ttl), Values: values})
		}
		servers := z.servers
		if z.private {
			servers = route53Servers(z.account + z.name + z.version)
		}
		for _, server := range servers {
			add(z.name, "NS", 172800, server+".")
		}
		add(z.name, "SOA", 900, servers[0]+". awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400")
		for _, rr := range rrs {
			name, rrtype := diagnose.CanonicalName(rr.Header().Name), dns.TypeToString[rr.Header().Rrtype]
			if name == z.name && (rrtype == "NS" || rrtype == "SOA") {
				continue
			}
			add(name, rrtype, rr.Header().Ttl, strings.TrimPrefix(rr.String(), rr.Header().String()))
		}
		if z.signing != nil && z.signing.Fault != dnsd.SigningUnsigned {
			hosted.DNSSEC = "SIGNING"
		}
		list = append(list, hosted)
	}
	return list, nil
}

// hostedID is the zone's id in Route 53.
func (z *zone) hostedID() string {
	return "Z" + strings.ToUpper(digest("hosted zone", z.account, z.header))[:20]
}
