package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// caaCauses are of CAA.
var caaCauses = []*Cause{
	{
		ID: "caa-forbids-amazon", Title: "a CAA record forbids Amazon", Severity: Blocking, Owner: OwnerZone,
		Meaning: "A CAA record at the name itself allows other certificate authorities, and not Amazon's.",
		Text: func(a Args) string {
			return fmt.Sprintf("The CAA records at %s allow %s, and Amazon is not among them.", code(a.Where), allowedIssuers(a))
		},
		Fix:     func(a Args) Remedy { return allowAmazon(a) },
		Sources: []Source{srcCAA, srcCAASetup, srcCAARFC},
	},
	{
		ID: "caa-inherited", Title: "a CAA record of a parent domain forbids Amazon", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The name has no CAA records of its own, and those of an ancestor do not allow Amazon.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s has no CAA records of its own, so those of %s count. They allow %s, and Amazon is not among them.", some(a.Names), code(a.Where), allowedIssuers(a))
		},
		Fix:     func(a Args) Remedy { return allowAmazon(a) },
		Sources: []Source{srcCAA, srcCAARFC},
	},
	{
		ID: "caa-issuewild", Title: "an issuewild CAA record forbids Amazon", Severity: Blocking, Owner: OwnerZone,
		Meaning: "For wildcard names an issuewild property counts instead of issue, and it does not allow Amazon.",
		Text: func(a Args) string {
			return fmt.Sprintf("For the wildcard %s the issuewild CAA records at %s count alone. They allow %s, and Amazon is not among them, whatever the issue records say.", some(a.Names), code(a.Where), allowedIssuers(a))
		},
		Fix:     func(a Args) Remedy { return allowAmazon(a) },
		Sources: []Source{srcCAASetup, srcCAARFC},
	},
	{
		ID: "caa-via-cname", Title: "the CAA record of the name's CNAME target forbids Amazon", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The name is an alias, so the CAA records of the host it points to count, and they do not allow Amazon.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s is an alias (CNAME), so the CAA records of %s count. They allow %s, and Amazon is not among them.", code(a.Detail), code(a.Where), allowedIssuers(a))
		},
		Fix:     func(a Args) Remedy { return allowAmazon(a) },
		Sources: []Source{srcCAA, srcCAARFC},
	},
	{
		ID: "caa-critical-unknown-tag", Title: "a critical CAA property that certificate authorities do not know", Severity: Blocking, Owner: OwnerZone,
		Meaning: "A CAA record with the critical flag has a tag that is not understood, so every issuer must refuse.",
		Text: func(a Args) string {
			return fmt.Sprintf("The CAA record %s at %s is marked critical and has a tag that certificate authorities do not know; they must refuse.", presentValues(a.Present), code(a.Where))
		},
		Fix: func(a Args) Remedy {
			r := Remedy{Action: RemoveRecord, Name: a.Where, Type: "CAA", Zone: a.Zone, Present: a.Present}
			if len(a.Present) > 0 {
				r.Value = a.Present[0].Value
			}
			r.atHost(a)
			r.Summary = fmt.Sprintf("Correct or remove the CAA record %s at %s", presentValues(a.Present), code(a.Where))
			r.Steps = []string{r.Summary + ".", afterFixStep(a)}
			return r
		},
		Sources: []Source{srcCAARFC},
	},
	{
		ID: "caa-malformed", Title: "the CAA record for Amazon is malformed", Severity: Blocking, Owner: OwnerZone,
		Meaning: "A CAA record means Amazon, but its value breaks CAA's grammar, and an issuer must take it as allowing nobody.",
		Text: func(a Args) string {
			bad, _ := splitMalformed(a)
			return fmt.Sprintf("The CAA record %s at %s means Amazon, but its value is no domain name as CAA wants it: a dot at the end, a scheme or a second name makes it none. A certificate authority must take that as allowing nobody.", presentValues(bad), code(a.Where))
		},
		Fix: func(a Args) Remedy {
			var bad []RR
			bad, a.Present = splitMalformed(a)
			return allowAmazon(a, fmt.Sprintf("Delete the CAA record %s: it allows nobody.", presentValues(bad)))
		},
		Sources: []Source{srcCAASetup, srcCAARFC},
	},
	{
		ID: "caa-parameters", Title: "CAA allows Amazon only with parameters", Severity: Warning, Owner: OwnerZone,
		Meaning: "The CAA record for Amazon has parameters (accounturi, validationmethods, or some that break CAA's grammar) that may exclude ACM.",
		Text: func(a Args) string {
			return fmt.Sprintf("The CAA records at %s allow Amazon only with parameters (%s). What ACM makes of them is not documented; it is possible that it does not count itself as allowed.", code(a.Where), presentValues(ofAmazon(a)))
		},
		Fix:     func(a Args) Remedy { return allowAmazon(a) },
		Sources: []Source{srcCAARFC, {"RFC 8657: CAA Record Extensions for Account URI and ACME Method Binding", "https://www.rfc-editor.org/rfc/rfc8657"}},
	},
	{
		ID: "caa-lookup-failed", Title: "the CAA look-up fails", Severity: Blocking, Owner: OwnerDNSHost,
		Meaning: "The name servers do not answer the CAA query, and an issuer that cannot look must refuse.",
		Text: func(a Args) string {
			alias := ""
			if a.Detail != "" {
				alias = fmt.Sprintf(" %s is an alias of it, so its own CAA look-up ends there.", code(a.Detail))
			}
			return fmt.Sprintf("The servers%s do not answer the query for CAA records at %s: %s.%s A certificate authority that cannot look must refuse, even where there is no CAA record.", ofZone(a.Zone), code(a.Where), Conjoin(a.Servers), alias)
		},
		Fix: func(a Args) Remedy {
			return Remedy{Zone: a.Zone, Host: a.Host.Name, HostURL: a.Host.Page(a.Zone), Summary: fmt.Sprintf("Make the servers of %s answer CAA queries", code(a.Zone)),
				Steps: []string{
					fmt.Sprintf("Have the servers answer CAA queries (type 257) with NOERROR, even when there is no such record: try %s.", code("dig CAA "+a.Where)),
					"Old name server software and firewalls that filter unknown record types are the usual reasons.",
					afterFixStep(a),
				}}
		},
		Sources: []Source{srcCAA, srcCAARFC},
	},
}

// allowAmazon is the remedy that adds Amazon to a CAA record set, keeping what
// is there. What else is to be done to the set follows.
func allowAmazon(a Args, more ...string) Remedy {
	value := "0 " + a.Tag + ` "amazon.com"`
	r := Remedy{
		Action: AddRecord, Name: a.Where, Type: "CAA", Value: value, TTL: recordTTL, Zone: a.Zone, Present: a.Present,
		Summary:  fmt.Sprintf("Add the CAA record %s at %s", code(value), code(a.Where)),
		ZoneFile: fmt.Sprintf("%s. %d IN CAA %s", a.Where, recordTTL, value),
	}
	r.atHost(a)
	r.EnterValue = value
	if a.Detail != "" {
		r.Steps = append(r.Steps, fmt.Sprintf("No CAA record can stand beside the CNAME at %s. Ask whoever runs %s to allow Amazon, or stop aliasing the name (an A or ALIAS record instead).", code(a.Detail), code(a.Where)))
	}
	r.Steps = append(r.Steps, fmt.Sprintf("Add the CAA record %s at %s, and keep the others.", code(value), code(a.Where)))
	r.Steps = append(r.Steps, more...)
	if len(a.Names) > 0 && a.Detail == "" {
		if name := strings.TrimPrefix(a.Names[0], "*."); name != a.Where && a.Tag == "issue" {
			r.Steps = append(r.Steps, fmt.Sprintf("Or, if that zone is not yours, add it at %s itself: the nearest CAA records count alone.", code(name)))
		}
	}
	r.Steps = append(r.Steps, afterFixStep(a))
	if a.Host.ID == HostRoute53 {
		values := []string{value}
		for _, rr := range a.Present {
			values = append(values, rr.Value)
		}
		r.Commands = []string{changeRecordSet(zoneID(a), "UPSERT", a.Where, "CAA", values)}
	}
	return r
}

// ofAmazon are the records of a CAA set that allow Amazon, be it with
// parameters.
func ofAmazon(a Args) []RR {
	return slices.DeleteFunc(slices.Clone(a.Present), func(rr RR) bool {
		p, ok := parseCAA(rr.Value)
		domain, _ := p.Issuer()
		return !ok || p.Tag != a.Tag || !slices.Contains(amazonIssuers, domain)
	})
}

// splitMalformed tells the records of a CAA set that misname Amazon from the
// others.
func splitMalformed(a Args) (bad, others []RR) {
	for _, rr := range a.Present {
		if p, ok := parseCAA(rr.Value); ok && p.Tag == a.Tag && p.MisnamesAmazon() {
			bad = append(bad, rr)
		} else {
			others = append(others, rr)
		}
	}
	return bad, others
}

// allowedIssuers says whom a CAA record set allows.
func allowedIssuers(a Args) string {
	var names []string
	has := false
	for _, rr := range a.Present {
		p, ok := parseCAA(rr.Value)
		if !ok || p.Tag != a.Tag {
			continue
		}
		has = true
		if domain, _ := p.Issuer(); domain != "" {
			names = append(names, domain)
		}
	}
	switch {
	case len(names) > 0:
		return "only " + some(names)
	case has:
		return "nobody"
	default:
		return "only others"
	}
}
