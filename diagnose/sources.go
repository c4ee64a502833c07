package diagnose

const (
	userGuide  = "https://docs.aws.amazon.com/acm/latest/userguide/"
	apiGuide   = "https://docs.aws.amazon.com/acm/latest/APIReference/"
	knowledge  = "https://repost.aws/knowledge-center/"
	route53Dev = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
)

var (
	srcManaged      = Source{"Managed certificate renewal", userGuide + "managed-renewal.html"}
	srcDNSRenewal   = Source{"Renewal for domains validated by DNS", userGuide + "dns-renewal-validation.html"}
	srcDNS          = Source{"DNS validation", userGuide + "dns-validation.html"}
	srcDNSTrouble   = Source{"Troubleshoot DNS validation problems", userGuide + "troubleshooting-DNS-validation.html"}
	srcStatus       = Source{"Check a certificate's renewal status", userGuide + "check-certificate-renewal-status.html"}
	srcRenewTrouble = Source{"Handling failures in automatic certificate renewal", userGuide + "troubleshooting-renewal.html"}
	srcRequest      = Source{"Troubleshoot certificate requests", userGuide + "troubleshooting-cert-requests.html"}
	srcImport       = Source{"Reimport a certificate", userGuide + "import-reimport.html"}
	srcACME         = Source{"ACME certificate issuance", userGuide + "acm-acme-issuance.html"}
	srcIneligible   = Source{"Why is my ACM certificate marked as ineligible for renewal?", knowledge + "acm-certificate-ineligible"}
	srcCAA          = Source{"Troubleshoot Certification Authority Authorization (CAA) problems", userGuide + "troubleshooting-caa.html"}
	srcCAARFC       = Source{"RFC 8659: DNS Certification Authority Authorization (CAA) Resource Record", "https://www.rfc-editor.org/rfc/rfc8659"}
	srcCAASetup     = Source{"(Optional) Configure a CAA record", userGuide + "setup.html"}
	srcEmail        = Source{"Renewal for domains validated by email", userGuide + "email-renewal-validation.html"}
	srcEmailEnds    = Source{"AWS Certificate Manager will discontinue email validation", "https://aws.amazon.com/blogs/security/aws-certificate-manager-will-discontinue-email-validation-to-prove-domain-validation-for-certificates/"}
	srcEmailTrouble = Source{"Troubleshoot email validation problems", userGuide + "troubleshooting-email-validation.html"}
	srcEmailToDNS   = Source{"Migrate from email to DNS validation", userGuide + "email-to-dns-migrate.html"}
	srcHTTP         = Source{"HTTP validation", userGuide + "http-validation.html"}
	srcHTTPTrouble  = Source{"Troubleshoot HTTP validation problems", userGuide + "http-validation-redirect-issues.html"}
	srcPrivate      = Source{"Renewal for private PKI certificates", userGuide + "renew-private-cert.html"}
	srcCAAccess     = Source{"Conditions for using AWS Private CA to sign ACM private certificates", userGuide + "ca-access.html"}
	srcSLR          = Source{"Problems with the ACM service-linked role", userGuide + "slr-problems.html"}
	srcPractices    = Source{"ACM best practices", userGuide + "acm-bestpractices.html"}
	srcServices     = Source{"Services integrated with ACM", userGuide + "acm-services.html"}
	srcReasons      = Source{"RenewalSummary", apiGuide + "API_RenewalSummary.html"}
	srcDNSSECBallot = Source{"Ballot SC-085v2: require validation of DNSSEC when present for CAA and DCV lookups", "https://cabforum.org/2025/06/18/ballot-sc-085v2-require-validation-of-dnssec-when-present-for-caa-and-dcv-lookups"}
	srcR53DNSSEC    = Source{"Configuring DNSSEC signing in Amazon Route 53", route53Dev + "dns-configuring-dnssec.html"}
	srcDNSTerms     = Source{"RFC 9499: DNS Terminology", "https://www.rfc-editor.org/rfc/rfc9499"}
	srcNegative     = Source{"RFC 2308: Negative Caching of DNS Queries", "https://www.rfc-editor.org/rfc/rfc2308"}
	srcNXDomain     = Source{"RFC 8020: NXDOMAIN: There Really Is Nothing Underneath", "https://www.rfc-editor.org/rfc/rfc8020"}
	srcWildcards    = Source{"RFC 4592: The Role of Wildcards in the Domain Name System", "https://www.rfc-editor.org/rfc/rfc4592"}
	srcCNAMERFC     = Source{"RFC 1034: Domain Names - Concepts and Facilities, section 3.6.2", "https://www.rfc-editor.org/rfc/rfc1034"}
	srcFlattening   = Source{"CNAME flattening (Cloudflare DNS docs)", "https://developers.cloudflare.com/dns/cname-flattening/"}
	srcDeploy       = Source{"Why does CloudFront still serve the old certificate?", knowledge + "cloudfront-reimported-certificate"}
	srcWrongScope   = Source{"Certificate characteristics and limitations", userGuide + "acm-certificate-characteristics.html"}
)
