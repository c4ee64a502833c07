package diagnose

import (
	"fmt"
	"strings"
	"time"
)

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
			return fmt.Sprintf("The switch from e-mail to DNS validation was asked for on %s and waits for its CNAMEs; it is given up after %d hours, on %s.", momentOf(a.Since), validationHours, momentOf(a.Since.Add(validationHours*time.Hour)))
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

// switchToDNS starts the switch from e-mail to DNS validation and reads the
// records it asks for.
func switchToDNS(c *Certificate) []string {
	return []string{
		acmCommand(c, "update-certificate-options", "--options", "ValidationMethod=DNS"),
		acmCommand(c, "list-certificate-domain-validations"),
	}
}
