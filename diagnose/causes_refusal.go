package diagnose

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
