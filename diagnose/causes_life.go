package diagnose

import (
	"fmt"
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
