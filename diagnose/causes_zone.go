package diagnose

import (
	"fmt"
	"strings"
)

// zoneCauses are of the zone and its delegation.
var zoneCauses = []*Cause{
	{
		ID: "domain-expired", Title: "the domain does not exist in its registry", Severity: Blocking, Owner: OwnerRegistrar,
		Meaning:   "The registry's servers do not know the domain: its registration has lapsed or is on hold.",
		WholeZone: true,
		Explains:  []CauseID{"caa-lookup-failed"},
		Text: func(a Args) string {
			return fmt.Sprintf("The servers of %s say that %s does not exist. Its registration has run out, or is on hold.", code(a.Zone), code(a.Where))
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: fmt.Sprintf("Renew the registration of %s", code(a.Where)),
				Steps: []string{
					fmt.Sprintf("Look up %s at its registrar and renew it, or clear the hold.", code(a.Where)),
					"If the domain was given up on purpose: names cannot be taken off a certificate, so request a new one without it and put that in this one's place.",
					afterFixStep(a),
				}}
		},
		Sources: []Source{srcDNSTrouble, srcPractices},
	},
	{
		ID: "lame-delegation", Title: "the domain is delegated to servers that do not answer for it", Severity: Blocking, Owner: OwnerRegistrar,
		Meaning:   "Some or all of the name servers that the parent zone names do not serve the zone.",
		WholeZone: true,
		Explains:  []CauseID{"caa-lookup-failed"},
		Text: func(a Args) string {
			zone, servers := code(a.Zone), Conjoin(a.Servers)
			const nothing = "Nothing in that zone can be looked up, the validation record neither."
			switch bad := a.Total - a.Good; {
			case a.Good == 0 && a.Total == 1:
				return fmt.Sprintf("The only server that %s is delegated to does not answer for it: %s. %s", zone, servers, nothing)
			case a.Good == 0:
				return fmt.Sprintf("None of the %d servers that %s is delegated to answers for it: %s. %s", a.Total, zone, servers, nothing)
			case bad == 1:
				return fmt.Sprintf("One of the %d servers that %s is delegated to does not answer for it: %s. Look-ups that meet it fail or are slow.", a.Total, zone, servers)
			default:
				return fmt.Sprintf("%d of the %d servers that %s is delegated to do not answer for it: %s. Look-ups that meet them fail or are slow.", bad, a.Total, zone, servers)
			}
		},
		Fix: func(a Args) Remedy {
			return Remedy{Zone: a.Zone, Host: a.Host.Name, HostURL: a.Host.Page(a.Zone),
				Summary: fmt.Sprintf("Correct the name servers of %s", code(a.Zone)),
				Steps: []string{
					fmt.Sprintf("Compare the name servers set for %s at its registrar (or in its parent zone) with those of the zone that is in use: in Route 53, the zone's name servers; they are others if the zone was deleted and made again.", code(a.Zone)),
					"Set the right ones, and remove those that do not answer.",
					"A delegation to a deleted zone can be taken over by a stranger: do not leave it.",
					afterFixStep(a),
				}}
		},
		Sources: []Source{srcDNSTerms, srcDNSTrouble},
	},
	{
		ID: "dns-server-not-public", Title: "the domain is delegated to servers with private addresses", Severity: Blocking, Owner: OwnerRegistrar,
		Meaning:   "All name servers of the zone have private addresses, which ACM cannot reach.",
		WholeZone: true,
		Explains:  []CauseID{"caa-lookup-failed"},
		Text: func(a Args) string {
			return fmt.Sprintf("All servers that %s is delegated to have private addresses (%s). They can be reached from inside a network only, and ACM looks from outside.", code(a.Zone), Conjoin(a.Servers))
		},
		Fix: func(a Args) Remedy {
			return Remedy{Zone: a.Zone, Summary: fmt.Sprintf("Serve %s, or at least its validation records, from public name servers", code(a.Zone)),
				Steps: []string{
					fmt.Sprintf("Delegate %s in its parent zone to name servers with public addresses. What they serve need not be more than the validation CNAMEs.", code(a.Zone)),
					"For names that must not be in public DNS use a private CA.",
					afterFixStep(a),
				}}
		},
		Sources: []Source{srcDNSTrouble},
	},
	{
		ID: "edns-tcp-broken", Title: "name servers that do not answer over TCP, or with EDNS", Severity: Warning, Owner: OwnerDNSHost,
		Meaning:  "Servers truncate their answers over UDP and do not answer over TCP, so that nothing whole is to be had from them; or a signed zone's servers do not take EDNS, without which there are no signatures.",
		Explains: []CauseID{"caa-lookup-failed"},
		Text: func(a Args) string {
			if a.Detail != "" {
				return fmt.Sprintf("%s is signed, and its servers do not take queries with EDNS (%s). Without that they give no signatures, and validating resolvers refuse the answers. It is possible that ACM's does; where a firewall here strips EDNS, it looks just so.", code(a.Zone), Conjoin(a.Servers))
			}
			return fmt.Sprintf("%d of %d servers of %s cut their answers short over UDP and do not answer over TCP: %s. A resolver that meets them gets nothing. It is possible that ACM does; where a firewall here blocks TCP port 53, it looks just so.", a.Total-a.Good, a.Total, code(a.Zone), Conjoin(a.Servers))
		},
		Fix: func(a Args) Remedy {
			if a.Detail != "" {
				return Remedy{Zone: a.Zone, Host: a.Host.Name, HostURL: a.Host.Page(a.Zone), Summary: fmt.Sprintf("Have the servers of %s answer queries with EDNS", code(a.Zone)),
					Steps: []string{
						fmt.Sprintf("Update the name server software, or the firewall before it, until %s shows signatures.", code("dig +dnssec SOA "+a.Zone+" @SERVER")),
						"Or remove the DS record at the registrar, which makes the zone unsigned.",
						afterFixStep(a),
					}}
			}
			return Remedy{Zone: a.Zone, Host: a.Host.Name, HostURL: a.Host.Page(a.Zone), Summary: fmt.Sprintf("Have the servers of %s answer over TCP port 53", code(a.Zone)),
				Steps: []string{
					"Open TCP port 53 to the name servers, as well as UDP: DNS needs both.",
					fmt.Sprintf("See that it works: %s, from another network than the servers'.", code("dig +tcp SOA "+a.Zone+" @SERVER")),
					afterFixStep(a),
				}}
		},
		Sources: []Source{{"RFC 7766: DNS Transport over TCP - Implementation Requirements", "https://www.rfc-editor.org/rfc/rfc7766"}},
	},
	{
		ID: "delegation-moved", Title: "the record is in a zone that the domain is no longer delegated to", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The domain moved to another DNS host, and the validation record stayed behind in Route 53.",
		Implies: []CauseID{"cname-missing"},
		Text: func(a Args) string {
			return fmt.Sprintf("The CNAME is in the Route 53 zone %s, but %s is delegated to %s, which does not have it: the domain moved, and the record stayed behind.", zonesIn(a.Zones), code(a.Zone), hostOr(a.Host, a.NameServers))
		},
		Fix: func(a Args) Remedy {
			return publish(a, AddRecord, "Copy every record whose value ends in `acm-validations.aws`, and the CAA records, from the old zone to the new DNS host.")
		},
		Sources: []Source{srcDNSTrouble},
	},
	{
		ID: "duplicate-hosted-zone", Title: "the record is in another hosted zone than the delegated one", Severity: Blocking, Owner: OwnerZone,
		Meaning: "Several hosted zones have the domain's name, and the record is in one that the public does not see.",
		Implies: []CauseID{"cname-missing"},
		Text: func(a Args) string {
			return fmt.Sprintf("The CNAME is in the Route 53 zone %s, but the domain is delegated to another hosted zone of that name (name servers %s).", zonesIn(a.Zones), some(a.NameServers))
		},
		Fix: func(a Args) Remedy {
			return publish(a, AddRecord, "Put the record into the hosted zone that the domain is delegated to; or, if the other zone is the right one, set its name servers at the registrar.")
		},
		Sources: []Source{srcDNSTrouble},
	},
	{
		ID: "private-zone-only", Title: "the record is only in a private hosted zone", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The record is in a private hosted zone, which ACM cannot see.",
		Implies: []CauseID{"cname-missing"},
		Text: func(a Args) string {
			return fmt.Sprintf("The CNAME is only in the private hosted zone %s. ACM looks from outside and sees the public zone, which does not have it.", zonesIn(a.Zones))
		},
		Fix:     func(a Args) Remedy { return publish(a, AddRecord) },
		Sources: []Source{srcDNSTrouble},
	},
	{
		ID: "subzone-shadow", Title: "a delegated subzone hides the record in the parent zone", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The name belongs to a zone further down, and the record stands in the zone above it, where nobody asks.",
		Implies: []CauseID{"cname-missing"},
		Text: func(a Args) string {
			return fmt.Sprintf("The CNAME is in the zone %s, but %s is delegated as a zone of its own, and only that zone is asked.", zonesIn(a.Zones), code(a.Zone))
		},
		Fix:     func(a Args) Remedy { return publish(a, AddRecord) },
		Sources: []Source{srcDNSTrouble},
	},
	{
		ID: "subzone-not-delegated", Title: "the record is in a subzone that is not delegated", Severity: Blocking, Owner: OwnerParentZone,
		Meaning: "A hosted zone exists for the subdomain, but its parent has no NS records for it.",
		Implies: []CauseID{"cname-missing"},
		Text: func(a Args) string {
			return fmt.Sprintf("The CNAME is in the hosted zone %s, but %s has no NS records that delegate it, so nobody asks that zone.", zonesIn(a.Zones), code(a.Zone))
		},
		Fix: func(a Args) Remedy {
			r := Remedy{Action: AddRecord, Type: "NS", TTL: 3600, Zone: a.Zone}
			if len(a.Zones) > 0 {
				r.Name, r.Value = a.Zones[0].Name, strings.Join(a.Zones[0].NameServers, " ")
			}
			r.atHost(a)
			r.Summary = fmt.Sprintf("Delegate %s from %s", code(r.Name), code(a.Zone))
			r.Steps = []string{
				fmt.Sprintf("In %s, add NS records for %s with the values %s.", code(a.Zone), code(r.Name), some(strings.Fields(r.Value))),
				fmt.Sprintf("Or add the CNAME to %s itself: name %s, value %s.", code(a.Zone), code(a.Record.Name), code(a.Record.Value)),
				afterFixStep(a),
			}
			return r
		},
		Sources: []Source{srcDNSTrouble},
	},
	{
		ID: "ns-mismatch-partial", Title: "parent and zone name different servers, which disagree", Severity: Blocking, Owner: OwnerRegistrar,
		Meaning:  "The NS records in the parent zone and in the zone itself differ, and so do the answers.",
		Explains: []CauseID{"propagation-split"},
		Text: func(a Args) string {
			return fmt.Sprintf("%s is delegated to %s, but the zone itself names %s; they do not all have the validation CNAME.", code(a.Zone), some(a.NameServers), some(a.Servers))
		},
		Fix: func(a Args) Remedy {
			r := publish(a, AddRecord, fmt.Sprintf("Make the NS records for %s the same at the registrar and in the zone.", code(a.Zone)))
			r.Summary = fmt.Sprintf("Make the NS records of %s the same at the registrar and in the zone", code(a.Zone))
			return r
		},
		Sources: []Source{srcDNSTerms},
	},
	{
		ID: "nxdomain-cut", Title: "a server denies a name above the record", Severity: Blocking, Owner: OwnerDNSHost,
		Meaning: "The servers say that an ancestor of the record's name does not exist; resolvers then do not ask further.",
		Text: func(a Args) string {
			return fmt.Sprintf("The servers%s say that %s does not exist, although %s below it does. Resolvers that take them at their word (RFC 8020) never ask for the record.", ofZone(a.Zone), code(a.Where), code(a.Record.Name))
		},
		Fix: func(a Args) Remedy {
			return Remedy{Zone: a.Zone, Host: a.Host.Name, HostURL: a.Host.Page(a.Zone), Summary: fmt.Sprintf("Make %s exist", code(a.Where)),
				Steps: []string{fmt.Sprintf("Add any record at %s (a TXT record will do), or update the name server software: it must answer NOERROR for a name that has names below it.", code(a.Where)), afterFixStep(a)}}
		},
		Sources: []Source{srcNXDomain},
	},
}

func hostOr(h Host, nameServers []string) string {
	if h.Name != "" {
		return h.Name + " (" + some(nameServers) + ")"
	}
	return some(nameServers)
}
