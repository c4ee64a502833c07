package diagnose

import (
	"fmt"
	"strings"
	"time"
)

// lifeCauses are where the certificate is in its life.
var lifeCauses = []*Cause{
	{
		ID: "not-due-yet", Title: "not due yet", Severity: Notice, Owner: OwnerNobody,
		Meaning: "The certificate is in order; ACM's first attempt to renew it lies ahead.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s The certificate is valid until %s and ACM first tries to renew it on %s, %d days before.",
				a.Detail, dateOf(a.Cert.NotAfter), dateOf(renewalStarts(a.Cert)), int(renewalWindow(a.Cert).Hours()/24))
		},
		Sources: []Source{srcDNSRenewal},
	},
	{
		ID: "renewed-already", Title: "renewed already", Severity: Notice, Owner: OwnerNobody,
		Meaning: "The renewal has worked; where the old certificate is still seen, something else serves it.",
		Text: func(a Args) string {
			return fmt.Sprintf("ACM renewed it on %s; it is valid until %s. The ARN stays the same, the serial number and key are new.",
				dateOf(a.Since), dateOf(a.Cert.NotAfter))
		},
		Sources: []Source{srcRenewTrouble},
	},
	{
		ID: "in-progress", Title: "renewal in progress, nothing to do but wait", Severity: Notice, Owner: OwnerNobody,
		Meaning: "ACM is at it, or everything it waits for is now in order and it has not looked again yet.",
		Text:    func(a Args) string { return a.Detail },
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Wait; ACM looks again by itself", Steps: []string{"Wait: " + afterFix + ". There is no API that restarts a public certificate's renewal."}}
		},
		Sources: []Source{srcStatus, srcRenewTrouble},
	},
	{
		ID: "expired", Title: "expired, and an expired certificate is never renewed", Severity: Fatal, Owner: OwnerAWSAccount,
		Meaning:  "The certificate ran out; ACM does not renew it any more, whatever its renewal status says.",
		Explains: []CauseID{"failed"},
		Text: func(a Args) string {
			text := fmt.Sprintf("It expired on %s. ACM never renews a certificate that has expired, so it has to be replaced.", momentOf(a.Cert.NotAfter))
			if r := a.Cert.Renewal; r != nil && r.Status != "" && r.Status != RenewalFailed {
				text += fmt.Sprintf(" The renewal status still says %s; that is how it was when time ran out.", code(r.Status))
			}
			return text
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Request a new certificate and attach it in this one's place", Steps: replaceSteps(a.Cert), Commands: []string{requestCommand(a.Cert)}}
		},
		Sources: []Source{srcManaged},
	},
	{
		ID: "revoked", Title: "revoked", Severity: Fatal, Owner: OwnerAWSAccount,
		Meaning: "The certificate was revoked; it is not renewed and must be replaced.",
		Text: func(a Args) string {
			text := "It was revoked"
			if !a.Cert.RevokedAt.IsZero() {
				text += " on " + momentOf(a.Cert.RevokedAt)
			}
			if a.Cert.RevocationReason != "" {
				text += " (reason " + code(a.Cert.RevocationReason) + ")"
			}
			return text + ". Clients that check revocation refuse it, and ACM does not renew it."
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Request a new certificate and attach it in this one's place", Steps: replaceSteps(a.Cert), Commands: []string{requestCommand(a.Cert)}}
		},
		Sources: []Source{srcManaged},
	},
	{
		ID: "validation-timed-out", Title: "never issued: validation timed out", Severity: Fatal, Owner: OwnerAWSAccount,
		Meaning: "The first issuance was not validated within 72 hours. This is not a renewal; the certificate must be requested again.",
		Text: func(a Args) string {
			return fmt.Sprintf("This certificate was never issued: not every name was validated within %d hours of the request. ACM has given up on it.", validationHours)
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Request the certificate again and validate it within 72 hours",
				Steps:    []string{"Request the certificate again; this request cannot be revived.", fmt.Sprintf("Publish its validation records within %d hours, all of them.", validationHours), "Delete this one."},
				Commands: []string{requestCommand(a.Cert)}}
		},
		Sources: []Source{srcRequest},
	},
	{
		ID: "failed", Title: "failed", Severity: Fatal, Owner: OwnerAWSAccount,
		Meaning: "ACM gave up on the request or the renewal; its reason says why.",
		Text: func(a Args) string {
			return fmt.Sprintf("ACM's status is FAILED: %s", reasonText(a.Reason))
		},
		Fix: func(a Args) Remedy {
			steps := []string{reasonFix(a.Reason)}
			steps = append(steps, replaceSteps(a.Cert)...)
			return Remedy{Summary: reasonFix(a.Reason), Steps: steps, Commands: []string{requestCommand(a.Cert)}}
		},
		Sources: []Source{srcRequest, srcReasons},
	},
	{
		ID: "inactive", Title: "inactive", Severity: Fatal, Owner: OwnerAWSAccount,
		Meaning: "ACM calls the certificate inactive; it is not renewed.",
		Text:    func(a Args) string { return "ACM's status is INACTIVE. Such a certificate is not renewed." },
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Request a new certificate", Steps: replaceSteps(a.Cert), Commands: []string{requestCommand(a.Cert)}}
		},
		Sources: []Source{srcRequest},
	},
}

// designCauses keep ACM from renewing by design.
var designCauses = []*Cause{
	{
		ID: "imported", Title: "imported, so ACM never renews it", Severity: Blocking, Owner: OwnerCA,
		Meaning: "The certificate came from another CA and was imported; whoever imported it has to bring the next one.",
		Text: func(a Args) string {
			text := "It was imported"
			if !a.Cert.Imported.IsZero() {
				text += " on " + dateOf(a.Cert.Imported)
			}
			if a.Cert.Issuer != "" {
				text += " (issued by " + code(a.Cert.Issuer) + ")"
			}
			return text + ". ACM renews only certificates that it issued itself, and sends no reminder beyond the expiry events for this one."
		},
		Fix: func(a Args) Remedy {
			return Remedy{
				Summary: "Get a new certificate from its CA and import it into the same ARN, before " + dateOf(a.Cert.NotAfter),
				Steps: []string{
					"Renew it at the CA that issued it, with the same names and key type.",
					"Import it into the same ARN: what uses it picks it up by itself.",
					"Or request an ACM certificate with the same names, validated by DNS, and attach that instead: it renews by itself.",
				},
				Commands: []string{
					acmCommand(a.Cert, "import-certificate", "--certificate", "fileb://certificate.pem", "--private-key", "fileb://private-key.pem", "--certificate-chain", "fileb://chain.pem"),
					requestCommand(a.Cert),
				},
			}
		},
		Sources: []Source{srcManaged, srcImport, srcIneligible},
	},
	{
		ID: "acme-issued", Title: "issued over ACME, so its ACME client renews it, not ACM", Severity: Blocking, Owner: OwnerAWSAccount,
		Meaning: "The certificate was issued through an ACM ACME endpoint; the client that got it has to renew it.",
		Text: func(a Args) string {
			return "It was issued through an ACME endpoint of ACM. Renewing it is the work of the ACME client (such as certbot) that requested it, and the private key is with that client."
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Run or repair the ACME client that requested it",
				Steps: []string{"On the machine that holds the certificate, run the ACME client's renewal by hand and read what it says (for certbot: `certbot renew`).",
					"If it is refused, check that the domain validation and the account of the ACME endpoint are still valid."}}
		},
		Sources: []Source{srcACME, srcManaged},
	},
	{
		ID: "not-in-use", Title: "not in use, so ACM does not renew it", Severity: Warning, Owner: OwnerAWSAccount,
		Meaning: "No AWS service uses the certificate, which makes it ineligible for renewal.",
		Text: func(a Args) string {
			if a.Cert.ManagedBy == "CLOUDFRONT" {
				return "No CloudFront distribution tenant uses this certificate any more. CloudFront made it and validates it over HTTP, and ACM renews such a certificate only while CloudFront uses it."
			}
			return "No AWS service uses this certificate, and ACM renews only certificates that are in use (or exported). If the name is live, its load balancer or distribution uses another certificate."
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Attach it to the resource that serves the name, or delete it",
				Steps: []string{"If it should be in use: attach it to the load balancer, distribution or API that serves the name. It becomes eligible within hours.",
					"If nothing needs it: delete it, and it stops asking for attention."}}
		},
		Sources: []Source{srcManaged, srcIneligible},
	},
	{
		ID: "ineligible", Title: "in use, and yet ACM calls it ineligible for renewal", Severity: Warning, Owner: OwnerAWSAccount,
		Meaning: "ACM does not count the certificate as eligible although something uses it; ACM notices a new use only after hours.",
		Text: func(a Args) string {
			return fmt.Sprintf("ACM lists it as used by %s, and calls it ineligible for renewal. ACM finds out about a new use only after some hours; if it has been in use for longer, the use may not count, as that by a disabled or deleted distribution.", some(resourceNames(a.Cert.InUseBy)))
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Look again in some hours; then check that what uses it is enabled",
				Steps: []string{"If it was attached today: wait some hours, and look again.",
					"Else check that what uses it still exists and is enabled; any one resource of an integrated service is enough.",
					"If it stays so, request a new certificate with the same names and attach that, or ask AWS Support."},
				Commands: []string{acmCommand(a.Cert, "describe-certificate", "--query", "Certificate.[RenewalEligibility,InUseBy]")}}
		},
		Sources: []Source{srcManaged, srcIneligible},
	},
	{
		ID: "exported-not-reexported", Title: "exported, and not exported again since the last renewal", Severity: Warning, Owner: OwnerAWSAccount,
		Meaning: "An exported certificate is renewed only if it was exported since it was last issued or renewed; and the copy that runs is an old one.",
		Text: func(a Args) string {
			return "It is used outside AWS, by export, and no AWS service uses it. ACM renews such a certificate only if it was exported since it was last issued or renewed, which it was not. The copy in use is the one from the last export, and ends when that one ends."
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Export it again and install it where it is used",
				Steps: []string{"Export the certificate and its new private key.", "Install it where the old copy runs, and reload.", "Do so after every renewal: ACM emits the event ACM Certificate Available with the action RENEWAL."},
				Commands: []string{
					acmCommand(a.Cert, "export-certificate", "--passphrase", "fileb://passphrase.txt"),
				}}
		},
		Sources: []Source{srcManaged},
	},
}

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
			text := fmt.Sprintf("The authoritative servers have the CNAME %s with the right value; %s still %s the earlier answer.", code(a.Record.Name), conjoin(a.Servers), holdVerb(a.Servers))
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
			return fmt.Sprintf("%d of %d servers%s answer without the right CNAME at %s: %s. ACM asks from several places and needs the same answer everywhere.", a.Total-a.Good, a.Total, ofZone(a.Zone), code(a.Record.Name), conjoin(a.Servers))
		},
		Fix: func(a Args) Remedy {
			r := publish(a, AddRecord, fmt.Sprintf("Find out why %s do not have the zone's current contents (a failed zone transfer, a second primary), and bring them up to date.", conjoin(a.Servers)))
			r.Summary = "Bring the zone's servers into step: " + conjoin(a.Servers)
			return r
		},
		Sources: []Source{srcDNSTrouble},
	},
}

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
			zone, servers := code(a.Zone), conjoin(a.Servers)
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
			return fmt.Sprintf("All servers that %s is delegated to have private addresses (%s). They can be reached from inside a network only, and ACM looks from outside.", code(a.Zone), conjoin(a.Servers))
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
				return fmt.Sprintf("%s is signed, and its servers do not take queries with EDNS (%s). Without that they give no signatures, and validating resolvers refuse the answers. It is possible that ACM's does; where a firewall here strips EDNS, it looks just so.", code(a.Zone), conjoin(a.Servers))
			}
			return fmt.Sprintf("%d of %d servers of %s cut their answers short over UDP and do not answer over TCP: %s. A resolver that meets them gets nothing. It is possible that ACM does; where a firewall here blocks TCP port 53, it looks just so.", a.Total-a.Good, a.Total, code(a.Zone), conjoin(a.Servers))
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
			return fmt.Sprintf("The authoritative servers answer here, but %s %s. Certificate authorities must get the same answer from several distant places, so servers that block or limit some askers can fail a renewal.", conjoin(a.Servers), a.Detail)
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Let the name servers give everybody the same answer",
				Steps: []string{"Do not block, rate-limit or geo-filter DNS queries to the zone's servers, and serve the same CNAME and CAA records everywhere.", afterFixStep(a)}}
		},
		Sources: []Source{{"Ballot SC-067: Require domain validation and CAA checks to be performed from multiple Network Perspectives", "https://cabforum.org/2024/08/05/ballot-sc067v3-require-domain-validation-and-caa-checks-to-be-performed-from-multiple-network-perspectives-corroboration/"}},
	},
}

// caaCauses are of CAA.
var caaCauses = []*Cause{
	{
		ID: "caa-forbids-amazon", Title: "a CAA record forbids Amazon", Severity: Blocking, Owner: OwnerZone,
		Meaning: "A CAA record at the name itself allows other certificate authorities, and not Amazon's.",
		Text: func(a Args) string {
			return fmt.Sprintf("The CAA records at %s allow %s, and Amazon is not among them.", code(a.Where), allowedIssuers(a.Present, "issue"))
		},
		Fix:     func(a Args) Remedy { return allowAmazon(a, "issue") },
		Sources: []Source{srcCAA, srcCAASetup, srcCAARFC},
	},
	{
		ID: "caa-inherited", Title: "a CAA record of a parent domain forbids Amazon", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The name has no CAA records of its own, and those of an ancestor do not allow Amazon.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s has no CAA records of its own, so those of %s count. They allow %s, and Amazon is not among them.", some(a.Names), code(a.Where), allowedIssuers(a.Present, "issue"))
		},
		Fix:     func(a Args) Remedy { return allowAmazon(a, "issue") },
		Sources: []Source{srcCAA, srcCAARFC},
	},
	{
		ID: "caa-issuewild", Title: "an issuewild CAA record forbids Amazon", Severity: Blocking, Owner: OwnerZone,
		Meaning: "For wildcard names an issuewild property counts instead of issue, and it does not allow Amazon.",
		Text: func(a Args) string {
			return fmt.Sprintf("For the wildcard %s the issuewild CAA records at %s count alone. They allow %s, and Amazon is not among them, whatever the issue records say.", some(a.Names), code(a.Where), allowedIssuers(a.Present, "issuewild"))
		},
		Fix:     func(a Args) Remedy { return allowAmazon(a, "issuewild") },
		Sources: []Source{srcCAASetup, srcCAARFC},
	},
	{
		ID: "caa-via-cname", Title: "the CAA record of the name's CNAME target forbids Amazon", Severity: Blocking, Owner: OwnerZone,
		Meaning: "The name is an alias, so the CAA records of the host it points to count, and they do not allow Amazon.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s is an alias (CNAME), so the CAA records of %s count. They allow %s, and Amazon is not among them.", code(a.Detail), code(a.Where), allowedIssuers(a.Present, "issue"))
		},
		Fix: func(a Args) Remedy {
			r := allowAmazon(a, "issue")
			r.Steps = append([]string{fmt.Sprintf("No CAA record can stand beside the CNAME at %s. Ask whoever runs %s to allow Amazon, or stop aliasing the name (an A or ALIAS record instead).", code(a.Detail), code(a.Where))}, r.Steps...)
			return r
		},
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
		ID: "caa-parameters", Title: "CAA allows Amazon only with parameters", Severity: Warning, Owner: OwnerZone,
		Meaning: "The CAA record for Amazon has an accounturi or validationmethods parameter, which may exclude ACM.",
		Text: func(a Args) string {
			return fmt.Sprintf("The CAA records at %s allow Amazon only with parameters (%s). What ACM makes of them is not documented; it is possible that it does not count itself as allowed.", code(a.Where), presentValues(a.Present))
		},
		Fix:     func(a Args) Remedy { return allowAmazon(a, "issue") },
		Sources: []Source{{"RFC 8657: CAA Record Extensions for Account URI and ACME Method Binding", "https://www.rfc-editor.org/rfc/rfc8657"}},
	},
	{
		ID: "caa-lookup-failed", Title: "the CAA look-up fails", Severity: Blocking, Owner: OwnerDNSHost,
		Meaning: "The name servers do not answer the CAA query, and an issuer that cannot look must refuse.",
		Text: func(a Args) string {
			return fmt.Sprintf("The servers%s do not answer the query for CAA records at %s: %s. A certificate authority that cannot look must refuse, even where there is no CAA record.", ofZone(a.Zone), code(a.Where), conjoin(a.Servers))
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

// emailCauses are of e-mail validation.
var emailCauses = []*Cause{
	{
		ID: "email-unapproved", Title: "the validation e-mail waits for approval", Severity: Blocking, Owner: OwnerMailbox,
		Meaning: "ACM sent validation mails, and nobody has clicked the link.",
		Text: func(a Args) string {
			to := "the five addresses admin@, administrator@, hostmaster@, postmaster@ and webmaster@ of the validation domain"
			if len(a.Emails) > 0 {
				to = some(a.Emails)
			}
			since := ""
			if !a.Since.IsZero() {
				since = " since " + dateOf(a.Since)
			}
			return fmt.Sprintf("%s is validated by e-mail, and ACM has waited%s for somebody to approve. It wrote to %s; a link is good for %d hours. E-mail validation itself ends: no new certificates after %s, no renewals after %s.",
				some(a.Names), since, to, validationHours, dateOf(emailIssuingEnds), dateOf(emailRenewingEnds))
		},
		Fix: func(a Args) Remedy {
			instead, commands := dnsInstead(a.Cert)
			r := Remedy{Summary: "Have the validation mail approved; better, have the certificate validated by DNS",
				Steps: []string{
					"Have somebody who reads one of those mailboxes click the link; each name needs its own. Look in the spam folder.",
					"If the mail is gone, send it again.",
					"Better: " + instead,
				}}
			for _, n := range a.Names {
				domain := a.Where
				if domain == "" {
					domain = strings.TrimPrefix(n, "*.")
				}
				r.Commands = append(r.Commands, acmCommand(a.Cert, "resend-validation-email", "--domain", n, "--validation-domain", domain))
				if len(r.Commands) == 3 {
					break
				}
			}
			r.Commands = append(r.Commands, commands...)
			return r
		},
		Sources: []Source{srcEmail, srcEmailEnds},
	},
	{
		ID: "email-no-mx", Title: "the validation e-mail has nowhere to go", Severity: Blocking, Owner: OwnerZone,
		Meaning:  "The validation domain accepts no mail, so no validation mail arrives.",
		Explains: []CauseID{"email-unapproved"},
		Text: func(a Args) string {
			return fmt.Sprintf("%s is validated by e-mail, and %s. ACM's mail to admin@, administrator@, hostmaster@, postmaster@ and webmaster@ arrives nowhere.", some(a.Names), a.Detail)
		},
		Fix: func(a Args) Remedy {
			instead, commands := dnsInstead(a.Cert)
			return Remedy{Summary: "Have the certificate validated by DNS, or give the domain a mail server",
				Steps: []string{
					upperFirst(instead),
					fmt.Sprintf("Or publish MX records for %s and one of the five mailboxes, and send the mail again.", code(a.Where)),
				}, Commands: commands}
		},
		Sources: []Source{srcEmailTrouble, srcReasons},
	},
	{
		ID: "email-denied", Title: "somebody refused the validation", Severity: Fatal, Owner: OwnerMailbox,
		Meaning:  "The link \"I do not approve\" in the validation mail was clicked.",
		Explains: []CauseID{"email-unapproved"},
		Text: func(a Args) string {
			return "Somebody who got the validation mail refused it (" + code(a.Reason) + ")."
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Ask the domain's owner why, then request a new certificate, validated by DNS",
				Steps: append([]string{"Ask whoever reads the domain's administrative mailboxes why."}, replaceSteps(a.Cert)...), Commands: []string{requestCommand(a.Cert)}}
		},
		Sources: []Source{srcReasons},
	},
	{
		ID: "email-sunset", Title: "e-mail validation ends", Severity: Warning, Owner: OwnerAWSAccount,
		Meaning: "ACM stops issuing with e-mail validation on 31 March 2027 and renewing on 30 September 2027.",
		Text: func(a Args) string {
			text := fmt.Sprintf("It is validated by e-mail. ACM stops issuing that way on %s and renewing on %s.", dateOf(emailIssuingEnds), dateOf(emailRenewingEnds))
			if a.Cert.NotAfter.After(emailRenewingEnds) {
				text += fmt.Sprintf(" This certificate runs until %s, so as it is it will not be renewed again.", dateOf(a.Cert.NotAfter))
			}
			return text
		},
		Fix: func(a Args) Remedy {
			if a.Cert.Status != StatusIssued {
				instead, commands := dnsInstead(a.Cert)
				return Remedy{Summary: "Request the certificate with DNS validation", Steps: []string{upperFirst(instead)}, Commands: commands}
			}
			return Remedy{Summary: "Switch the certificate to DNS validation before " + dateOf(emailRenewingEnds),
				Steps: []string{
					"Switch it to DNS validation in place; the ARN stays the same.",
					fmt.Sprintf("Read the CNAMEs it asks for and publish them within %d hours. If that is missed it stays with e-mail, and can be tried again.", validationHours),
				}, Commands: switchToDNS(a.Cert)}
		},
		Sources: []Source{srcEmailEnds, srcEmailToDNS},
	},
	{
		ID: "email-migration-pending", Title: "the switch to DNS validation waits for its CNAMEs", Severity: Warning, Owner: OwnerZone,
		Meaning: "The switch from e-mail to DNS validation was started and not all of its CNAMEs are published.",
		Text: func(a Args) string {
			return fmt.Sprintf("The switch from e-mail to DNS validation was asked for on %s and waits for its CNAMEs; it is given up after %d hours, on %s.", momentOf(a.Since), validationHours, momentOf(a.Since.Add(validationHours*3600e9)))
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Publish the CNAMEs of the switch to DNS validation", Steps: []string{"Read the CNAMEs it asks for and publish those that are missing."}, Commands: switchToDNS(a.Cert)[1:]}
		},
		Sources: []Source{srcEmailToDNS},
	},
	{
		ID: "email-migration-timed-out", Title: "the switch to DNS validation was given up", Severity: Warning, Owner: OwnerZone,
		Meaning: "The CNAMEs of the switch from e-mail to DNS validation were not published within 72 hours.",
		Text: func(a Args) string {
			return fmt.Sprintf("The switch from e-mail to DNS validation, asked for on %s, was given up: its CNAMEs were not all there within %d hours. The certificate is still validated by e-mail.", momentOf(a.Since), validationHours)
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Start the switch to DNS validation again and publish its CNAMEs", Steps: []string{"Start it again.", fmt.Sprintf("Publish the CNAMEs it asks for, all of them, within %d hours.", validationHours)}, Commands: switchToDNS(a.Cert)}
		},
		Sources: []Source{srcEmailToDNS},
	},
}

// httpCauses are of HTTP validation.
var httpCauses = []*Cause{
	{
		ID: "http-redirect-missing", Title: "the HTTP validation redirect is missing", Severity: Blocking, Owner: OwnerWebServer,
		Meaning: "The address that HTTP validation asks for does not redirect to ACM.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s is validated over HTTP: %s must redirect to ACM, but %s.", some(a.Names), code(a.Where), a.Detail)
		},
		Fix:     httpRemedy,
		Sources: []Source{srcHTTP, srcHTTPTrouble},
	},
	{
		ID: "http-redirect-wrong-target", Title: "the HTTP validation redirect leads elsewhere", Severity: Blocking, Owner: OwnerWebServer,
		Meaning: "The address that HTTP validation asks for redirects, but not to ACM.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s is validated over HTTP: %s redirects, but %s.", some(a.Names), code(a.Where), a.Detail)
		},
		Fix:     httpRemedy,
		Sources: []Source{srcHTTP, srcHTTPTrouble},
	},
	{
		ID: "http-forced-https", Title: "a redirect to HTTPS catches the HTTP validation", Severity: Blocking, Owner: OwnerWebServer,
		Meaning: "The server sends every plain HTTP request to HTTPS, the one of the validation too.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s is validated over HTTP, but the server sends %s on to HTTPS (%s) instead of ACM.", some(a.Names), code(a.Where), code(a.Detail))
		},
		Fix:     httpRemedy,
		Sources: []Source{srcHTTP, srcHTTPTrouble},
	},
}

// authorityCauses are of the private CA.
var authorityCauses = []*Cause{
	{
		ID: "pca-issued-directly", Title: "issued by the private CA directly, so ACM does not renew it", Severity: Blocking, Owner: OwnerAWSAccount,
		Meaning: "The private certificate was issued with the CA's own API; only those requested through ACM are renewed.",
		Text: func(a Args) string {
			return "It is in use, and ACM calls it ineligible: it is likely that it was issued with the private CA's IssueCertificate. ACM renews only certificates that were requested through ACM."
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Request it through ACM from the same private CA", Steps: replaceSteps(a.Cert), Commands: []string{requestCommand(a.Cert)}}
		},
		Sources: []Source{srcPrivate, srcManaged},
	},
	pcaCause("pca-disabled", "the private CA is disabled", "The private CA is disabled (or in another state in which it cannot issue).",
		"Enable the private CA again", func(a Args) []string {
			return []string{"aws acm-pca update-certificate-authority --certificate-authority-arn " + a.Cert.AuthorityARN + " --status ACTIVE"}
		}),
	pcaCause("pca-expired", "the private CA's own certificate has expired", "The private CA's certificate ran out.",
		"Renew the private CA's certificate: get its CSR signed and install the certificate", func(a Args) []string {
			return []string{"aws acm-pca get-certificate-authority-csr --certificate-authority-arn " + a.Cert.AuthorityARN + " --output text"}
		}),
	pcaCause("pca-deleted", "the private CA was deleted", "The private CA is deleted, or its ARN leads nowhere.",
		"Restore the private CA within its restoration period, or request the certificate from another CA", func(a Args) []string {
			if ca := a.Authority; ca != nil && !ca.RestorableUntil.IsZero() && !a.At.Before(ca.RestorableUntil) {
				return []string{requestCommand(a.Cert)} // with the ARN of another CA
			}
			return []string{"aws acm-pca restore-certificate-authority --certificate-authority-arn " + a.Cert.AuthorityARN}
		}),
	pcaCause("pca-pending", "the private CA was never set up", "The private CA waits for its own certificate.",
		"Install the private CA's certificate", func(a Args) []string {
			return []string{"aws acm-pca get-certificate-authority-csr --certificate-authority-arn " + a.Cert.AuthorityARN + " --output text"}
		}),
	pcaCause("pca-validity", "the private CA ends before a new certificate would", "A certificate cannot outlive its CA: the CA's certificate ends too soon.",
		"Renew the private CA's certificate so that it outlives what it signs (13 months)", nil),
	pcaCause("pca-permission", "ACM may not use the private CA", "The private CA grants ACM no permission to issue renewals.",
		"Grant ACM the three permissions on the private CA", func(a Args) []string {
			return []string{"aws acm-pca create-permission --certificate-authority-arn " + a.Cert.AuthorityARN + " --principal acm.amazonaws.com --actions IssueCertificate GetCertificate ListPermissions"}
		}),
	pcaCause("pca-share-removed", "the private CA is no longer shared with this account", "The CA belongs to another account, and its share or resource policy is gone.",
		"Share the private CA with this account again, through AWS RAM or a resource-based policy", nil),
	pcaCause("pca-quota", "a quota of the private CA is reached", "The private CA has issued as many certificates as its quota allows.",
		"Raise the quota of certificates for the private CA, or use another CA", nil),
	pcaCause("pca-name-constraints", "the private CA's name constraints exclude the names", "The CA's certificate has name constraints that the certificate's names break.",
		"Request the certificate from a CA whose name constraints allow the names", nil),
	pcaCause("pca-template", "the private CA rejects the request", "The private CA rejects the arguments that ACM issues with, such as its template.",
		"Compare the CA's configuration with the certificate's names and key, and correct it", nil),
	pcaCause("pca-request-failed", "the private CA did not issue", "The private CA failed to issue, for a reason ACM does not tell.",
		"Look up the failed IssueCertificate call in CloudTrail, mend what it names, and renew again", nil),
	{
		ID: "slr-missing", Title: "ACM's service-linked role is missing", Severity: Blocking, Owner: OwnerAWSAccount,
		Meaning: "ACM needs its service-linked role to renew from a shared private CA, and it is not there.",
		Text: func(a Args) string {
			return "ACM needs the service-linked role `AWSServiceRoleForCertificateManager` in account " + code(a.Cert.Account) + ", and cannot find it (" + code(a.Reason) + ")."
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Create ACM's service-linked role", Steps: []string{"Create the role, then renew."},
				Commands: []string{"aws iam create-service-linked-role --aws-service-name acm.amazonaws.com", acmCommand(a.Cert, "renew-certificate")}}
		},
		Sources: []Source{srcSLR},
	},
}

// refusalCauses are refusals by Amazon.
var refusalCauses = []*Cause{
	{
		ID: "domain-not-allowed", Title: "Amazon refuses the domain as unsafe", Severity: Fatal, Owner: OwnerAWSSupport,
		Meaning: "The domain is on a list of unsafe domains, or belongs to Amazon.",
		Text: func(a Args) string {
			return "ACM refuses " + some(a.Names) + " (" + code(a.Reason) + "): such a domain is on a list of unsafe sites, or belongs to Amazon itself."
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Have the domain delisted, then request the certificate again; else ask AWS Support",
				Steps: []string{"Check the domain with the public lists of unsafe sites, clean it up and have it delisted.", "Then request a new certificate; if it is refused again, open a case with AWS Support."}, Commands: []string{requestCommand(a.Cert)}}
		},
		Sources: []Source{srcReasons, srcRequest},
	},
	{
		ID: "additional-verification", Title: "Amazon wants to verify the request by hand", Severity: Fatal, Owner: OwnerAWSSupport,
		Meaning: "ACM holds the request back as a protection against fraud; only AWS Support can clear it.",
		Text: func(a Args) string {
			return "ACM needs more information to process the request (" + code(a.Reason) + "), as it does for very well-known domains."
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Open a case with AWS Support", Steps: []string{"Open a case with AWS Support and give the certificate's ARN: " + code(a.Cert.ARN) + ".", "Then request the certificate again."}}
		},
		Sources: []Source{srcReasons, srcRequest},
	},
	{
		ID: "invalid-public-domain", Title: "a name on it is not a public domain name", Severity: Fatal, Owner: OwnerAWSAccount,
		Meaning:  "A name ends in no public top-level domain, or is no valid domain name.",
		Explains: []CauseID{"domain-expired"},
		Text: func(a Args) string {
			return "One of the names is not valid as a public domain name (" + code(a.Reason) + "): " + some(a.Names) + "."
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Request a certificate with the name corrected; for an internal name, from a private CA",
				Steps: []string{"Request a new certificate with the name corrected.", "For internal names (such as .local or .internal) use a private CA."}}
		},
		Sources: []Source{srcReasons, srcRequest},
	},
}

// servedCauses are of certificates that were renewed while users see another one.
var servedCauses = []*Cause{
	{
		ID: "deploy-lag", Title: "renewed, but the endpoint still serves the old certificate", Severity: Notice, Owner: OwnerNobody,
		Meaning: "ACM has renewed it, and the services that use it have not all taken it yet.",
		Text: func(a Args) string {
			return fmt.Sprintf("ACM renewed it on %s, and %s still serves the one before, until %s. The services take up a renewed certificate by themselves, within a day at most.", momentOf(a.Since), code(a.Where), dateOf(a.Cert.NotAfter))
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Wait up to a day", Steps: []string{"Wait up to 24 hours. If less than a day is left, request a new certificate and attach it instead."}}
		},
		Sources: []Source{srcDeploy, srcRenewTrouble},
	},
	{
		ID: "different-arn", Title: "the endpoint serves another certificate", Severity: Warning, Owner: OwnerAWSAccount,
		Meaning: "What serves the name uses another certificate than this one, and that one ends soon.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s serves another certificate from Amazon%s, which ends on %s. This certificate is not the one that users see.", code(a.Where), a.Detail, dateOf(a.Since))
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Put this certificate's ARN on what serves the name", Steps: []string{fmt.Sprintf("Find the load balancer, distribution or API that %s leads to, and put this certificate's ARN there in place of the old one: %s.", code(a.Where), code(a.Cert.ARN))}}
		},
		Sources: []Source{srcServices},
	},
	{
		ID: "dns-points-elsewhere", Title: "the name leads to something that serves a certificate from elsewhere", Severity: Warning, Owner: OwnerWebServer,
		Meaning: "The name's address is not a resource that uses this certificate; what answers has one from another issuer, and that one ends soon.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s is answered by something that does not use this certificate: it serves one issued by %s, which ends on %s.", code(a.Where), code(a.Detail), dateOf(a.Since))
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Renew the certificate that is really served, or point the name to what uses this one",
				Steps: []string{"Find out what answers at " + conjoin(a.Servers) + " (a CDN, an old load balancer, a machine of your own), and renew the certificate there; or point the name to the resource that uses this one."}}
		},
		Sources: []Source{srcServices},
	},

	{
		ID: "edge-cdn-own-cert", Title: "a content delivery network in front serves a certificate of its own", Severity: Warning, Owner: OwnerWebServer,
		Meaning: "The name leads to a network such as Cloudflare or Akamai, and users see that one's certificate, which ends soon.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s leads to %s, which serves a certificate of its own, issued by %s, that ends on %s. Users see that one; ACM's is seen by %s only.", code(a.Where), a.Reason, code(a.Detail), dateOf(a.Since), a.Reason)
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Have " + a.Reason + " renew the certificate that it serves",
				Steps: []string{"Look up the certificate for " + code(a.Where) + " at " + a.Reason + " and see why it has not been renewed yet: such networks renew their own by themselves, those that were uploaded not."}}
		},
		Sources: []Source{srcServices},
	},
	{
		ID: "exported-copy", Title: "an exported copy from before the renewal is still in use", Severity: Warning, Owner: OwnerWebServer,
		Meaning: "A server of your own has an exported certificate of the same names from before the last renewal, and that ends soon.",
		Text: func(a Args) string {
			return fmt.Sprintf("%s serves an earlier certificate with the same names, which ends on %s. This certificate has been exported, so that is likely an exported copy; ACM does not renew copies.", code(a.Where), dateOf(a.Since))
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Export the certificate again and install it where the old copy runs",
				Steps:    []string{"Export the certificate and its private key.", fmt.Sprintf("Install both on what answers at %s, and reload it.", conjoin(a.Servers)), "Do so after every renewal: ACM emits the event ACM Certificate Available with the action RENEWAL."},
				Commands: []string{acmCommand(a.Cert, "export-certificate", "--passphrase", "fileb://passphrase.txt")}}
		},
		Sources: []Source{srcManaged},
	},
}

// scopeCauses are of answers without a certificate.
var scopeCauses = []*Cause{
	{
		ID: "wrong-scope", Title: "no certificate for the name where was looked", Severity: Blocking, Owner: OwnerAWSAccount,
		Meaning: "None of the accounts and regions that were read has a certificate that covers the name.",
		Text: func(a Args) string {
			return fmt.Sprintf("No certificate that covers %s was found in %s.", code(a.Where), a.Detail)
		},
		Fix: func(a Args) Remedy {
			return Remedy{Summary: "Look in other accounts and regions, or see what serves the name",
				Steps: []string{"A certificate covers only the names it lists; a wildcard stands for one label: `*.example.com` covers neither `example.com` nor `a.b.example.com`.",
					"CloudFront, edge-optimised API Gateway and Cognito keep their certificates in us-east-1. Certificates of Amplify, App Runner and Lightsail can live in accounts of AWS."}}
		},
		Sources: []Source{srcWrongScope, srcServices},
	},
}

func pcaCause(id CauseID, title, meaning, fix string, commands func(Args) []string) *Cause {
	return &Cause{
		ID: id, Title: title, Meaning: meaning, Severity: Blocking, Owner: OwnerCA,
		Text: func(a Args) string {
			text := meaning
			if a.Detail != "" {
				text += " " + a.Detail
			}
			if a.Reason != "" {
				text += " ACM's reason is " + code(a.Reason) + "."
			}
			return text
		},
		Fix: func(a Args) Remedy {
			r := Remedy{Summary: fix, Steps: []string{fix + ".", "Then let ACM renew it now; it also tries again by itself."}}
			if commands != nil && a.Cert.AuthorityARN != "" {
				r.Commands = commands(a)
			}
			r.Commands = append(r.Commands, acmCommand(a.Cert, "renew-certificate"))
			return r
		},
		Sources: []Source{srcPrivate, srcCAAccess},
	}
}

// dnsInstead is how to get away from e-mail validation, with its commands: in
// place for a certificate that has been issued, by a new request for others
// ("Migrate from email to DNS validation",
// https://docs.aws.amazon.com/acm/latest/userguide/email-to-dns-migrate.html).
func dnsInstead(c *Certificate) (step string, commands []string) {
	if c.Status == StatusIssued {
		return fmt.Sprintf("switch this certificate to DNS validation in place (it keeps its ARN), and publish the CNAMEs it then asks for within %d hours.", validationHours), switchToDNS(c)
	}
	return "request a certificate with the same names, validated by DNS, and publish the CNAMEs it asks for; only one that has been issued can be switched in place.", []string{requestCommand(c)}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// switchToDNS starts the switch from e-mail to DNS validation and reads the
// records it asks for.
func switchToDNS(c *Certificate) []string {
	return []string{
		acmCommand(c, "update-certificate-options", "--options", "ValidationMethod=DNS"),
		acmCommand(c, "list-certificate-domain-validations"),
	}
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

// allowAmazon is the remedy that adds Amazon to a CAA record set, keeping what
// is there.
func allowAmazon(a Args, tag string) Remedy {
	value := "0 " + tag + ` "amazon.com"`
	r := Remedy{
		Action: AddRecord, Name: a.Where, Type: "CAA", Value: value, TTL: recordTTL, Zone: a.Zone, Present: a.Present,
		Summary:  fmt.Sprintf("Add the CAA record %s at %s", code(value), code(a.Where)),
		ZoneFile: fmt.Sprintf("%s. %d IN CAA %s", a.Where, recordTTL, value),
	}
	r.atHost(a)
	r.EnterValue = value
	r.Steps = []string{fmt.Sprintf("Add the CAA record %s at %s, and keep the others.", code(value), code(a.Where))}
	if len(a.Names) > 0 && a.Detail == "" {
		if name := strings.TrimPrefix(a.Names[0], "*."); name != a.Where && tag == "issue" {
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

func httpRemedy(a Args) Remedy {
	target := a.Record.Value
	r := Remedy{
		Summary: fmt.Sprintf("Make %s redirect to %s", code(a.Where), code(target)),
		Steps: []string{
			fmt.Sprintf("On the server that answers plain HTTP for the name, redirect (302) %s to %s, before any rule that sends requests to HTTPS, and without authentication, WAF rule or geographic block.", code(a.Where), code(target)),
			"Every name has its own; the one with www and the one without are two.",
		},
	}
	if a.Cert.ManagedBy == "CLOUDFRONT" {
		r.Steps = append(r.Steps, "Where CloudFront is to answer by itself, the name must lead to the distribution tenant in DNS.")
	}
	if a.NoAddress {
		r.Summary = "Publish the name in DNS, so that " + code(a.Where) + " can be fetched"
		r.Steps = append([]string{"Publish address records (or a CNAME to CloudFront) for " + some(a.Names) + ": the name leads nowhere."}, r.Steps...)
	}
	r.Steps = append(r.Steps, afterFixStep(a))
	return r
}

// allowedIssuers says whom a CAA record set allows.
func allowedIssuers(set []RR, tag string) string {
	var names []string
	has := false
	for _, rr := range set {
		p, ok := ParseCAA(rr.Value)
		if !ok || p.Tag != tag {
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

func ofZone(zone string) string {
	if zone == "" {
		return ""
	}
	return " of " + code(zone)
}

func typesOf(records []RR) string {
	seen := map[string]bool{}
	for _, rr := range records {
		seen[rr.Type] = true
	}
	return conjoin(sortedKeys(seen))
}

func presentValues(records []RR) string {
	var values []string
	for _, rr := range records {
		values = append(values, rr.Value)
	}
	return some(values)
}

func zonesIn(zones []HostedZone) string {
	var list []string
	for _, z := range zones {
		list = append(list, fmt.Sprintf("%s (%s, account %s)", code(z.Name), code(z.ID), code(z.Account)))
	}
	return conjoin(list)
}

func hostOr(h Host, nameServers []string) string {
	if h.Name != "" {
		return h.Name + " (" + some(nameServers) + ")"
	}
	return some(nameServers)
}

func holdVerb(list []string) string {
	if len(list) == 1 {
		return "holds"
	}
	return "hold"
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
