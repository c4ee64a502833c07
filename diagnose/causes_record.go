package diagnose

import (
	"fmt"
	"strings"
	"time"
)

// recordCauses are of the validation record.
var recordCauses = []*Cause{
	{
		ID: "cname-missing", Title: "validation CNAME missing from DNS", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The CNAME that proves control of the name is not in its public zone.",
		Text: func(a Args) string {
			return fmt.Sprintf("ACM proves control of %s by the CNAME %s, and the name servers%s have no such record.", some(a.Names), code(a.Record.Name), ofZone(a.Zone))
		},
		Fix:     func(a Args) Remedy { return publish(a, AddRecord) },
		Sources: []Source{srcDNSRenewal, srcDNS},
	},
	{
		ID: "cname-wrong-value", Title: "validation CNAME has a wrong value", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The CNAME exists but does not point where ACM asks.",
		Text: func(a Args) string {
			text := fmt.Sprintf("The CNAME %s points to %s; ACM asks for %s.", code(a.Record.Name), code(a.Detail), code(a.Record.Value))
			if odd := oddCharacters(a.Detail); odd != "" {
				text += " There is " + odd + " in the value, which often comes in by pasting."
			}
			return text
		},
		Fix:     func(a Args) Remedy { return publish(a, ReplaceRecord) },
		Sources: []Source{srcDNSRenewal, srcDNSTrouble},
	},
	{
		ID: "cname-non-acm-target", Title: "validation CNAME points away from ACM", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The CNAME points to a name that has nothing to do with ACM and does not lead there.",
		Text: func(a Args) string {
			return fmt.Sprintf("The CNAME %s points to %s, which does not lead to ACM; ACM asks for %s.", code(a.Record.Name), code(a.Detail), code(a.Record.Value))
		},
		Fix:     func(a Args) Remedy { return publish(a, ReplaceRecord) },
		Sources: []Source{srcDNSRenewal, srcDNS},
	},
	{
		ID: "cname-name-doubled", Title: "zone name doubled in the validation CNAME's name", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The DNS host appended the zone's name to a name that already had it.",
		Implies: []CauseID{"cname-missing"},
		Text: func(a Args) string {
			return fmt.Sprintf("The record was created as %s: the DNS host appended the zone's name to a name that already ended in it. At %s, where ACM looks, there is nothing.", code(a.Where), code(a.Record.Name))
		},
		Fix: func(a Args) Remedy {
			return publish(a, AddRecord, fmt.Sprintf("Delete the record %s.", code(a.Where)))
		},
		Sources: []Source{srcDNS, srcDNSTrouble},
	},
	{
		ID: "cname-value-doubled", Title: "zone name appended to the validation CNAME's value", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The DNS host took the value as relative and appended the zone's name.",
		Text: func(a Args) string {
			return fmt.Sprintf("The CNAME %s points to %s: the DNS host took the value as relative to the zone and appended the zone's name. ACM asks for %s.", code(a.Record.Name), code(a.Detail), code(a.Record.Value))
		},
		Fix: func(a Args) Remedy {
			r := publish(a, ReplaceRecord)
			r.EnterValue = a.Record.Value + "."
			r.Steps = append([]string{fmt.Sprintf("End the value with a dot, so that it is taken as it stands: %s.", code(a.Record.Value+"."))}, r.Steps...)
			return r
		},
		Sources: []Source{srcDNSTrouble},
	},
	{
		ID: "trailing-dot", Title: "a literal dot at the end of the validation CNAME's value", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The DNS host kept the final dot as part of the value's last label.",
		Text: func(a Args) string {
			return fmt.Sprintf("The CNAME %s points to %s, with the final dot as a part of the name. ACM asks for %s.", code(a.Record.Name), code(a.Detail), code(a.Record.Value))
		},
		Fix:     func(a Args) Remedy { return publish(a, ReplaceRecord, "Leave out the dot at the end of the value.") },
		Sources: []Source{srcDNSTrouble},
	},
	{
		ID: "underscore-stripped-name", Title: "underscore lost from the validation CNAME's name", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The record was created without the underscore that its name starts with.",
		Implies: []CauseID{"cname-missing"},
		Text: func(a Args) string {
			return fmt.Sprintf("The record stands at %s, without the underscore at the front. ACM looks at %s only.", code(a.Where), code(a.Record.Name))
		},
		Fix: func(a Args) Remedy {
			return publish(a, AddRecord, fmt.Sprintf("Delete the record %s. (In the value the first underscore may be left out, in the name it may not.)", code(a.Where)))
		},
		Sources: []Source{srcDNSTrouble},
	},
	{
		ID: "cname-wrong-type", Title: "a record of another type in the validation CNAME's place", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The validation value was published as a TXT (or other) record; it must be a CNAME.",
		Implies: []CauseID{"cname-missing"},
		Text: func(a Args) string {
			return fmt.Sprintf("At %s there is a %s record (%s); ACM needs a CNAME there.", code(a.Record.Name), typesOf(a.Present), presentValues(a.Present))
		},
		Fix: func(a Args) Remedy {
			return publish(a, ReplaceRecord, fmt.Sprintf("Delete the %s record at %s: no other record may stand beside a CNAME.", typesOf(a.Present), code(a.Record.Name)))
		},
		Sources: []Source{srcDNS, srcCNAMERFC},
	},
	{
		ID: "other-type-at-name", Title: "another record beside the validation CNAME", Severity: Blocking, Owner: OwnerZone,
		Meaning: "A CNAME stands beside records of other types, which DNS does not allow; answers vary.",
		Text: func(a Args) string {
			return fmt.Sprintf("Beside the CNAME at %s there is a %s record. DNS does not allow that, and answers vary from resolver to resolver.", code(a.Record.Name), typesOf(a.Present))
		},
		Fix: func(a Args) Remedy {
			r := publish(a, ReplaceRecord)
			r.Summary = fmt.Sprintf("Delete the %s record at %s", typesOf(a.Present), code(a.Record.Name))
			r.Steps = []string{fmt.Sprintf("Delete the %s record at %s and keep only the CNAME.", typesOf(a.Present), code(a.Record.Name)), afterFixStep(a)}
			return r
		},
		Sources: []Source{srcCNAMERFC, {"Why is my ACM certificate still pending validation?", knowledge + "acm-certificate-pending-validation"}},
	},
	{
		ID: "multiple-cnames", Title: "several CNAMEs at the validation name", Severity: Blocking, Owner: OwnerZone,
		Meaning: "More than one CNAME stands at one name, which DNS does not allow.",
		Text: func(a Args) string {
			return fmt.Sprintf("At %s there are several CNAMEs (%s); DNS allows one, and which one ACM sees is chance.", code(a.Record.Name), presentValues(a.Present))
		},
		Fix: func(a Args) Remedy {
			return publish(a, ReplaceRecord, fmt.Sprintf("Keep only the CNAME with the value %s and delete the others.", code(a.Record.Value)))
		},
		Sources: []Source{srcCNAMERFC},
	},
	{
		ID: "cname-chain-too-long", Title: "too many CNAMEs on the way to ACM's value", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The validation CNAME leads to ACM's value over more than five CNAMEs.",
		Text: func(a Args) string {
			return fmt.Sprintf("From %s it takes %d CNAMEs to reach ACM's value; ACM follows %d at most.", code(a.Record.Name), a.Total, maxHops)
		},
		Fix:     func(a Args) Remedy { return publish(a, ReplaceRecord) },
		Sources: []Source{srcDNS},
	},
	{
		ID: "cname-chain-broken", Title: "validation CNAME points to a name that does not exist", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The validation CNAME leads to an alias that is broken further on.",
		Text: func(a Args) string {
			return fmt.Sprintf("The CNAME %s points to %s, and from there the way to ACM's value is broken: %s.", code(a.Record.Name), code(a.Detail), a.Where)
		},
		Fix: func(a Args) Remedy {
			return publish(a, ReplaceRecord, fmt.Sprintf("Either repair the alias %s, or point the validation CNAME to ACM's value directly:", code(a.Detail)))
		},
		Sources: []Source{srcDNS},
	},
	{
		ID: "wildcard-shadow", Title: "a wildcard record answers in the validation CNAME's place", Severity: Blocking, Owner: OwnerZone,
		Meaning: "A wildcard record makes the validation name seem to exist; the record itself is missing.",
		Implies: []CauseID{"cname-missing"},
		Text: func(a Args) string {
			return fmt.Sprintf("What is seen at %s comes from a wildcard record: a name beside it that nobody has gives the same answer (%s). The validation CNAME itself is missing.", code(a.Record.Name), presentValues(a.Present))
		},
		Fix: func(a Args) Remedy {
			return publish(a, AddRecord, "The wildcard may stay: a record of its own comes before it.")
		},
		Sources: []Source{srcWildcards, srcDNSRenewal},
	},
	{
		ID: "proxied-or-flattened", Title: "validation CNAME hidden by the DNS host's proxy", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The DNS host proxies or flattens the record, so that addresses are seen instead of the CNAME.",
		Implies: []CauseID{"cname-missing"},
		Text: func(a Args) string {
			return fmt.Sprintf("At %s there is no CNAME to be seen but addresses (%s): the DNS host proxies or flattens the record.", code(a.Record.Name), presentValues(a.Present))
		},
		Fix: func(a Args) Remedy {
			return publish(a, ReplaceRecord, "Switch the proxy off for this record (DNS only), and CNAME flattening if it is on for the whole zone.")
		},
		Sources: []Source{srcFlattening},
	},
	{
		ID: "negative-cache", Title: "record is right, but resolvers still remember it missing", Severity: Notice, Owner: OwnerNobody,
		Meaning: "The authoritative servers have the record; recursive resolvers still hold the earlier answer.",
		Text: func(a Args) string {
			text := fmt.Sprintf("The authoritative servers have the CNAME %s with the right value; %s still %s the earlier answer.", code(a.Record.Name), Conjoin(a.Servers), holdVerb(a.Servers))
			if a.Wait > 0 {
				text += fmt.Sprintf(" It is forgotten in at most %s", until(a.Wait))
				if a.Wait >= 2*time.Minute {
					text += fmt.Sprintf(" (%d seconds)", int(a.Wait.Seconds()))
				}
				text += "."
			}
			return text
		},
		Fix: func(a Args) Remedy {
			wait := "Wait for the caches to expire"
			if a.Wait > 0 {
				wait = "Wait " + until(a.Wait)
			}
			return Remedy{Summary: wait + "; nothing is to be changed", Steps: []string{wait + "; nothing is to be changed.", afterFixStep(a)}}
		},
		Sources: []Source{srcNegative},
	},
	{
		ID: "propagation-split", Title: "only some name servers have the validation CNAME", Severity: Blocking, Owner: OwnerDNSHost,
		Meaning: "The zone's servers disagree: some have the record, some do not.",
		Text: func(a Args) string {
			return fmt.Sprintf("%d of %d servers%s answer without the right CNAME at %s: %s. ACM asks from several places and needs the same answer everywhere.", a.Total-a.Good, a.Total, ofZone(a.Zone), code(a.Record.Name), Conjoin(a.Servers))
		},
		Fix: func(a Args) Remedy {
			r := publish(a, AddRecord, fmt.Sprintf("Find out why %s do not have the zone's current contents (a failed zone transfer, a second primary), and bring them up to date.", Conjoin(a.Servers)))
			r.Summary = "Bring the zone's servers into step: " + Conjoin(a.Servers)
			return r
		},
		Sources: []Source{srcDNSTrouble},
	},
}

// oddCharacters names what has no place in a domain name.
func oddCharacters(s string) string {
	switch {
	case strings.ContainsAny(s, `"'`):
		return "a quotation mark"
	case strings.Contains(s, `\032`) || strings.Contains(s, " ") || strings.Contains(s, `\ `):
		return "a space"
	case strings.Contains(s, `\226\128`) || strings.Contains(s, `\239\187`):
		return "an invisible character"
	case strings.Contains(s, `\`):
		return "a character that does not belong"
	default:
		return ""
	}
}
