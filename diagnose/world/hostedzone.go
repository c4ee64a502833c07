package world

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

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
			set := awsapi.RecordSet{Name: name, Type: rrtype, TTL: int64(ttl), Values: values}
			if z.geolocation != "" && rrtype == "CNAME" {
				set.Geo, set.SetIdentifier = z.geolocation, z.geolocation
			}
			hosted.Records = append(hosted.Records, set)
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
			if z.signing.Fault == dnsd.SigningExpired {
				hosted.DNSSEC, hosted.DNSSECMessage = "ACTION_NEEDED", "The key-signing key needs action: Route 53 cannot use the KMS key."
			}
		}
		list = append(list, hosted)
	}
	return list, nil
}

// hostedID is the zone's id in Route 53.
func (z *zone) hostedID() string {
	return "Z" + strings.ToUpper(digest("hosted zone", z.account, z.header))[:20]
}
