package diagnose

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
