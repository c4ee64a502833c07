package diagnose

import (
	"fmt"
	"strings"
)

// dnssecCauses are of DNSSEC, and of what resolvers see.
var dnssecCauses = []*Cause{
	{
		ID: "rrsig-expired", Title: "DNSSEC signatures have expired", Severity: Blocking, Owner: OwnerDNSHost,
		Meaning:   "The zone's DNSSEC signatures ran out, so validating resolvers refuse all its answers.",
		WholeZone: true,
		Explains:  []CauseID{"dnssec-bogus", "caa-lookup-failed"},
		Text: func(a Args) string {
			when := ""
			if !a.Since.IsZero() {
				when = " on " + momentOf(a.Since)
			}
			return fmt.Sprintf("The DNSSEC signatures of %s expired%s. Validating resolvers, and ACM among them, refuse its answers.", code(a.Zone), when)
		},
		Fix: func(a Args) Remedy {
			return dnssecRemedy(a, fmt.Sprintf("Have %s signed again: find out why its signer stopped.", code(a.Zone)))
		},
		Sources: []Source{srcDNSSECBallot, srcR53DNSSEC},
	},
	{
		ID: "ds-stale", Title: "the DS record at the parent fits no key of the zone", Severity: Blocking, Owner: OwnerRegistrar,
		Meaning:   "The parent zone says the domain is signed with a key that its zone does not have, as after a move to another DNS host.",
		WholeZone: true,
		Explains:  []CauseID{"dnssec-bogus", "caa-lookup-failed"},
		Text: func(a Args) string {
			return fmt.Sprintf("The parent zone has a DS record for %s that fits no key the zone has%s. Validating resolvers, and ACM among them, refuse its answers. That is how a domain looks that was moved to another DNS host with the DS record left behind.", code(a.Zone), a.Detail)
		},
		Fix: func(a Args) Remedy {
			return dnssecRemedy(a, fmt.Sprintf("At the registrar of %s, remove the DS record; or replace it by the one for the zone's present key.", code(a.Zone)))
		},
		Sources: []Source{srcDNSSECBallot, srcR53DNSSEC},
	},
	{
		ID: "dnssec-bogus", Title: "DNSSEC validation fails", Severity: Blocking, Owner: OwnerDNSHost,
		Meaning:   "The zone is signed, and its signatures do not hold; validating resolvers refuse its answers.",
		WholeZone: true,
		Explains:  []CauseID{"caa-lookup-failed"},
		Text: func(a Args) string {
			detail := ""
			if a.Detail != "" {
				detail = ": " + a.Detail
			}
			return fmt.Sprintf("%s is signed, but its DNSSEC data does not hold%s. Certificate authorities must validate DNSSEC since 15 March 2026, so a zone that worked for years now stops the renewal.", code(a.Zone), detail)
		},
		Fix: func(a Args) Remedy {
			return dnssecRemedy(a, fmt.Sprintf("Have %s signed properly, or remove its DS record at the registrar, wait for its TTL, and then switch signing off.", code(a.Zone)))
		},
		Sources: []Source{srcDNSSECBallot, srcR53DNSSEC},
	},
	{
		ID: "ds-algorithm-unsupported", Title: "signed with an algorithm that validators do not know", Severity: Warning, Owner: OwnerDNSHost,
		Meaning: "The DS records use only algorithms that validators do not support; some refuse such a zone.",
		Text: func(a Args) string {
			return fmt.Sprintf("The DS records of %s use only algorithms that validators need not know%s. Most treat the zone as unsigned; it is possible that ACM's does not.", code(a.Zone), a.Detail)
		},
		Fix: func(a Args) Remedy {
			return dnssecRemedy(a, fmt.Sprintf("Sign %s with ECDSA P-256 (algorithm 13) and replace the DS record at the registrar.", code(a.Zone)))
		},
		Sources: []Source{srcDNSSECBallot},
	},
	{
		ID: "mpic-split", Title: "resolvers in different places see different answers", Severity: Warning, Owner: OwnerDNSHost,
		Meaning: "The name servers answer some askers and not others; certificate authorities must see the same from several places.",
		Text: func(a Args) string {
			return fmt.Sprintf("The authoritative servers answer here, but %s %s. Certificate authorities must get the same answer from several distant places, so servers that block or limit some askers can fail a renewal.", Conjoin(a.Servers), a.Detail)
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Let the name servers give everybody the same answer",
				Steps: []string{"Do not block, rate-limit or geo-filter DNS queries to the zone's servers, and serve the same CNAME and CAA records everywhere.", afterFixStep(a)}}
		},
		Sources: []Source{{"Ballot SC-067: Require domain validation and CAA checks to be performed from multiple Network Perspectives", "https://cabforum.org/2024/08/05/ballot-sc067v3-require-domain-validation-and-caa-checks-to-be-performed-from-multiple-network-perspectives-corroboration/"}},
	},
}

func dnssecRemedy(a Args, first string) Remedy {
	r := Remedy{Zone: a.Zone, Host: a.Host.Name, HostURL: a.Host.Page(a.Zone), Summary: strings.TrimSuffix(first, "."), Steps: []string{first}}
	for _, z := range a.Zones {
		if z.Private || z.Name != a.Zone || !sameNames(z.NameServers, a.NameServers) {
			continue
		}
		switch z.DNSSEC {
		case "ACTION_NEEDED":
			r.Steps = append(r.Steps, "Route 53 says that the zone's key-signing key needs action: give Route 53 its permissions on the KMS key back (the key must be enabled, in us-east-1, with the key policy for Route 53), or replace the key-signing key.")
		case "INTERNAL_FAILURE":
			r.Steps = append(r.Steps, "Route 53 says that signing the zone failed: until that is mended no key can be added or changed; ask AWS Support.")
		case "NOT_SIGNING":
			r.Steps = append(r.Steps, "Route 53 does not sign the zone: either enable signing and put its DS record at the parent, or remove the DS record there.")
		}
	}
	if a.Host.ID == HostRoute53 {
		r.Steps = append(r.Steps, "In Route 53, the zone's DNSSEC status says whether its key needs action; to switch signing off, remove the DS record first, wait for its TTL, then disable signing.")
		r.Commands = []string{"aws route53 get-dnssec --hosted-zone-id " + zoneID(a)}
	}
	r.Steps = append(r.Steps, afterFixStep(a))
	return r
}
