package diagnose

import (
	"regexp"
	"strings"
)

// A Host is a company that hosts DNS zones, with what its forms are known to do
// to a validation record.
type Host struct {
	ID   string
	Name string
	// AppendsZone says that its form adds the zone's name to whatever is typed
	// as the record's name, so that only the relative part must be typed.
	AppendsZone bool
	// DotsValue says that its form takes a value without a trailing dot as
	// relative to the zone.
	DotsValue bool
	// Apex is what its form takes for the zone's own name.
	Apex string
	// Note is its peculiarity, as a sentence; "" where none is known.
	Note string
	// URL is its DNS page; "{zone}" stands for the zone's name.
	URL string
	// servers matches its name servers' names.
	servers *regexp.Regexp
}

func host(id, name, servers string, appends bool, note, url string) Host {
	return Host{ID: id, Name: name, AppendsZone: appends, Apex: "@", Note: note, URL: url, servers: regexp.MustCompile(`(?:^|\.)(?:` + servers + `)$`)}
}

// dotted is a host whose form takes a value without a trailing dot as relative.
func dotted(id, name, servers, note, url string) Host {
	h := host(id, name, servers, true, note, url)
	h.DotsValue = true
	return h
}

// HostRoute53 is the id of Amazon Route 53, which the remedies have commands
// for.
const HostRoute53 = "route53"

// hosts knows the DNS hosts by their name servers' names. The notes tell what
// goes wrong with ACM's records there ("Troubleshoot DNS validation problems",
// https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-DNS-validation.html,
// tells of hosts that append the zone, and of underscores).
var hosts = []Host{
	{ID: HostRoute53, Name: "Amazon Route 53", AppendsZone: true, Apex: "", URL: "https://console.aws.amazon.com/route53/v2/hostedzones",
		Note:    "The console's form shows the zone's name behind the field: type only the part before it.",
		servers: regexp.MustCompile(`^ns-\d+\.awsdns-\d+\.(?:com|net|org|co\.uk)$`)},
	host("cloudflare", "Cloudflare", `ns\.cloudflare\.com|cloudflare\.net|secondary\.cloudflare\.com`, true,
		"Set the record's proxy status to DNS only (grey cloud): a proxied CNAME is hidden from ACM.", "https://dash.cloudflare.com/?to=/:account/{zone}/dns/records"),
	host("godaddy", "GoDaddy", `domaincontrol\.com`, true,
		"The form appends the domain to the name by itself: a whole name typed there ends up doubled.", "https://dcc.godaddy.com/manage/{zone}/dns"),
	host("namecheap", "Namecheap", `registrar-servers\.com|namecheaphosting\.com`, true,
		"The form appends the domain to the host by itself: a whole name typed there ends up doubled.", "https://ap.www.namecheap.com/Domains/DomainControlPanel/{zone}/advancedns"),
	host("azure", "Azure DNS", `azure-dns\.(?:com|net|org|info)`, true,
		"The record set's name is relative to the zone.", "https://portal.azure.com/#browse/Microsoft.Network%2FdnsZones"),
	host("google-cloud", "Google Cloud DNS", `ns-cloud-[a-e]\d\.googledomains\.com`, true,
		"The form shows the zone's name behind the field: type only the part before it.", "https://console.cloud.google.com/net-services/dns/zones"),
	host("squarespace", "Squarespace Domains", `googledomains\.com|squarespacedns\.com`, true,
		"The host field is relative to the domain.", "https://account.squarespace.com/domains/managed/{zone}/dns/dns-settings"),
	host("ns1", "NS1", `nsone\.net|ns1global\.(?:net|org)`, true, "", "https://my.nsone.net/#/zones"),
	host("dnsimple", "DNSimple", `dnsimple(?:-edge)?\.(?:com|org|net)`, true,
		"The name field is relative to the domain.", "https://dnsimple.com/a/domains/{zone}/records"),
	dotted("gandi", "Gandi", `gandi\.net`,
		"A value without a trailing dot is taken as relative to the zone: end the value with a dot.", "https://admin.gandi.net/domain/"),
	dotted("ovh", "OVHcloud", `ovh\.(?:net|ca)|anycast\.me`,
		"A target without a trailing dot is taken as relative to the zone: end the target with a dot.", "https://www.ovh.com/manager/#/web/domain/{zone}/zone"),
	host("ionos", "IONOS", `ui-dns\.(?:com|net|org|biz|de)`, true,
		"The form appends the domain to the host name by itself: a whole name typed there ends up doubled.", "https://my.ionos.com/domain-dns-settings/{zone}"),
	dotted("digitalocean", "DigitalOcean", `digitalocean\.com`,
		"The host name field is relative to the domain; the value needs a trailing dot.", "https://cloud.digitalocean.com/networking/domains/{zone}"),
	host("netlify", "Netlify DNS", `netlifydns\.com`, true, "", "https://app.netlify.com/teams"),
	host("vercel", "Vercel", `vercel-dns\.com`, true, "", "https://vercel.com/dashboard/domains/{zone}"),
	host("akamai", "Akamai Edge DNS", `akam\.net|akamaiedge\.net|akadns\.net`, false, "", "https://control.akamai.com/apps/edge-dns"),
	host("linode", "Akamai Cloud (Linode)", `linode\.com`, true, "", "https://cloud.linode.com/domains"),
	host("ultradns", "UltraDNS", `ultradns\.(?:com|net|org|biz|info|co\.uk)`, false,
		"A name without a trailing dot is taken as relative to the zone.", "https://portal.ultradns.com"),
	dotted("dnsmadeeasy", "DNS Made Easy", `dnsmadeeasy\.com`,
		"A value without a trailing dot is taken as relative to the zone: end the value with a dot.", "https://cp.dnsmadeeasy.com"),
	host("wix", "Wix", `wixdns\.net`, true,
		"The form appends the domain to the host name by itself.", "https://manage.wix.com/account/domains"),
	dotted("hetzner", "Hetzner DNS", `ns\.hetzner\.(?:com|de)|first-ns\.de|second-ns\.(?:com|de)`,
		"A value without a trailing dot is taken as relative to the zone: end the value with a dot.", "https://dns.hetzner.com"),
	host("strato", "STRATO", `rzone\.de`, true, "", "https://www.strato.de/apps/CustomerService"),
	host("bluehost", "Bluehost", `bluehost\.com`, true, "", "https://my.bluehost.com"),
	host("hostgator", "HostGator", `hostgator\.com`, true, "", "https://portal.hostgator.com"),
	host("name-com", "Name.com", `name\.com`, true, "", "https://www.name.com/account/domain/details/{zone}#dns"),
	host("porkbun", "Porkbun", `porkbun\.com`, true, "", "https://porkbun.com/account/domainsSpeedy"),
	host("oracle", "Oracle Cloud DNS", `dynect\.net|oraclecloud\.net`, true, "", "https://cloud.oracle.com/dns/zones"),
	host("alibaba", "Alibaba Cloud DNS", `hichina\.com|alidns\.com`, true, "", "https://dns.console.aliyun.com"),
	host("yandex", "Yandex Cloud DNS", `yandexcloud\.net|yandex\.net`, true, "", ""),
}

// HostOf tells who hosts a zone from its name servers' names: the one that
// most of them belong to, where they say so. The zero Host stands for one that
// is not known.
func HostOf(nameServers []string) Host {
	counts := map[string]int{}
	best := Host{}
	for _, ns := range nameServers {
		ns = CanonicalName(ns)
		for _, h := range hosts {
			if h.servers.MatchString(ns) {
				counts[h.ID]++
				if counts[h.ID] > counts[best.ID] || best.ID == "" {
					best = h
				}
				break
			}
		}
	}
	return best
}

// EnterName is what to type into the host's form for a record's absolute name
// in a zone.
func (h Host) EnterName(name, zone string) string {
	relative := relativeName(name, zone)
	switch {
	case h.ID == "" || h.AppendsZone:
		if relative == "@" && h.ID != "" {
			return h.Apex
		}
		return relative
	default:
		return name + "."
	}
}

// EnterValue is what to type for a record's absolute value: with a dot at its
// end where the host takes it as relative otherwise.
func (h Host) EnterValue(value string) string {
	if h.DotsValue {
		return value + "."
	}
	return value
}

// Page is the address of the host's DNS page for a zone.
func (h Host) Page(zone string) string { return strings.ReplaceAll(h.URL, "{zone}", zone) }

// relativeName is an absolute name as it is written within a zone; the zone's
// own name is "@". A name outside the zone stays as it is.
func relativeName(name, zone string) string {
	switch {
	case name == zone:
		return "@"
	case zone == "." || zone == "":
		return name
	}
	if rest, ok := strings.CutSuffix(name, "."+zone); ok {
		return rest
	}
	return name
}
