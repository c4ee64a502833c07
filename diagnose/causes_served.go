package diagnose

import (
	"fmt"
)

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
				Steps: []string{"Find out what answers at " + Conjoin(a.Servers) + " (a CDN, an old load balancer, a machine of your own), and renew the certificate there; or point the name to the resource that uses this one."}}
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
				Steps:    []string{"Export the certificate and its private key.", fmt.Sprintf("Install both on what answers at %s, and reload it.", Conjoin(a.Servers)), "Do so after every renewal: ACM emits the event ACM Certificate Available with the action RENEWAL."},
				Commands: []string{acmCommand(a.Cert, "export-certificate", "--passphrase", "fileb://passphrase.txt")}}
		},
		Sources: []Source{srcManaged},
	},
}
