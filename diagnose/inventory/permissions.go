package inventory

// A Permission is an IAM action that the package calls, and what for.
type Permission struct {
	Action string
	Why    string
}

// Permissions are all IAM actions that the package can call, by action. None
// of them changes anything.
func Permissions() []Permission {
	return []Permission{
		{"acm-pca:DescribeCertificateAuthority", "the state of the private CA behind a private certificate"},
		{"acm-pca:GetPolicy", "whether a private CA of another account is still shared"},
		{"acm-pca:ListPermissions", "whether ACM may renew with that private CA"},
		{"acm:DescribeCertificate", "everything about a certificate and its renewal"},
		{"acm:ListCertificateDomainValidations", "the records that a switch from e-mail to DNS validation asks for"},
		{"acm:ListCertificates", "finding certificates where SearchCertificates is not to be had"},
		{"acm:ListTagsForCertificate", "whom a certificate belongs to"},
		{"acm:SearchCertificates", "finding the certificates for a domain in one call a region"},
		{"route53:GetDNSSEC", "whether Route 53 signs a zone, and what is wrong if it cannot"},
		{"route53:GetHostedZone", "the name servers that a zone must be delegated to"},
		{"route53:ListHostedZones", "which zone a validation record belongs in, and who has it"},
		{"route53:ListResourceRecordSets", "what is in the zone at a validation record's name"},
		{"sts:AssumeRole", "reading other accounts; of the base credentials only"},
		{"sts:GetCallerIdentity", "which account the base credentials belong to; needs no permission"},
	}
}

// Actions are the IAM actions of Permissions, sorted.
func Actions() []string {
	var list []string
	for _, p := range Permissions() {
		list = append(list, p.Action)
	}
	return list
}
