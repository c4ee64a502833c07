package awsapi

import (
	"slices"
	"strings"
	"time"
)

// A Certificate is what ACM keeps of one certificate: the fields of
// CertificateDetail (AWS Certificate Manager API Reference,
// https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html)
// and what the other actions give. Zero fields are left out of the answers.
type Certificate struct {
	ARN string

	DomainName string
	// SubjectAlternativeNames include DomainName, as ACM's do.
	SubjectAlternativeNames []string

	Type   string // AMAZON_ISSUED where empty
	Status string // ISSUED where empty
	// ValidationMethod is Options.ValidationMethod; that of the first
	// DomainValidationOptions where empty.
	ValidationMethod string
	KeyPairOrigin    string // AWS_MANAGED, or CUSTOMER_PROVIDED if imported, where empty
	ManagedBy        string
	Export           string // Options.Export
	Transparency     string // Options.CertificateTransparencyLoggingPreference
	Exported         bool
	InUseBy          []string
	// RenewalEligibility is computed as ACM does where empty.
	RenewalEligibility string

	NotBefore, NotAfter                         time.Time
	CreatedAt, IssuedAt, ImportedAt, RevokedAt  time.Time
	RevocationReason, FailureReason             string
	Serial, Subject, Issuer, SignatureAlgorithm string // Serial is hexadecimal with colons, Subject such as "CN=example.com"
	KeyAlgorithm                                string // RSA_2048 where empty; spelt as the API's enumeration spells it
	KeyUsages, ExtendedKeyUsages                []string

	CertificateAuthorityARN        string
	ACMEEndpointARN, ACMEAccountID string

	DomainValidationOptions []DomainValidation
	Renewal                 *RenewalSummary
	Update                  *UpdateSummary
	// Requested is the validation that an update asks for, as
	// ListCertificateDomainValidations gives it.
	Requested []DomainValidation

	Tags map[string]string

	// Body and Chain are PEM, as GetCertificate gives them.
	Body, Chain string

	// Resent counts the validation e-mails sent again, by domain.
	Resent map[string]int
}

// A DomainValidation is the state of one name's validation.
type DomainValidation struct {
	DomainName       string
	ValidationMethod string
	ValidationStatus string
	ValidationDomain string
	ValidationEmails []string
	RecordName       string // ResourceRecord; with a trailing dot, as ACM gives it
	RecordType       string // CNAME where empty
	RecordValue      string
	RedirectFrom     string
	RedirectTo       string
}

// A RenewalSummary is the state of managed renewal.
type RenewalSummary struct {
	RenewalStatus           string
	RenewalStatusReason     string
	UpdatedAt               time.Time
	DomainValidationOptions []DomainValidation
}

// An UpdateSummary is a change of the validation method.
type UpdateSummary struct {
	Status      string // PENDING_DOMAIN_VALIDATION, SUCCESS or FAILED
	From, To    string
	RequestedAt time.Time
	UpdatedAt   time.Time
}

func (c *Certificate) kind() string   { return or(c.Type, "AMAZON_ISSUED") }
func (c *Certificate) status() string { return or(c.Status, "ISSUED") }

func (c *Certificate) keyAlgorithm() string { return or(c.KeyAlgorithm, "RSA_2048") }

// spelledKeyAlgorithm is the key algorithm as ACM's answers spell it: RSA-2048,
// where the API's enumeration and filters say RSA_2048.
func (c *Certificate) spelledKeyAlgorithm() string {
	return strings.Replace(c.keyAlgorithm(), "RSA_", "RSA-", 1)
}

func (c *Certificate) origin() string {
	if c.KeyPairOrigin == "" && c.kind() == "IMPORTED" {
		return "CUSTOMER_PROVIDED"
	}
	return or(c.KeyPairOrigin, "AWS_MANAGED")
}

func (c *Certificate) method() string {
	if c.ValidationMethod != "" || len(c.DomainValidationOptions) == 0 {
		return c.ValidationMethod
	}
	return c.DomainValidationOptions[0].ValidationMethod
}

func (c *Certificate) eligibility() string {
	switch {
	case c.RenewalEligibility != "":
		return c.RenewalEligibility
	case c.kind() == "IMPORTED", c.origin() == "ACME", c.status() != "ISSUED",
		len(c.InUseBy) == 0 && !c.Exported:
		return "INELIGIBLE"
	}
	return "ELIGIBLE"
}

func (c *Certificate) names() []string {
	if c.DomainName == "" || slices.Contains(c.SubjectAlternativeNames, c.DomainName) {
		return c.SubjectAlternativeNames
	}
	return append([]string{c.DomainName}, c.SubjectAlternativeNames...)
}

func (c *Certificate) commonName() string {
	for part := range strings.SplitSeq(c.subject(), ",") {
		if cn, ok := strings.CutPrefix(strings.TrimSpace(part), "CN="); ok {
			return cn
		}
	}
	return ""
}

func (c *Certificate) subject() string { return or(c.Subject, "CN="+c.DomainName) }

func or(s, fallback string) string {
	if s != "" {
		return s
	}
	return fallback
}

// object is a JSON object in the making; put leaves zero values out.
type object map[string]any

func (o object) put(key string, value any) {
	switch v := value.(type) {
	case string:
		if v == "" {
			return
		}
	case time.Time:
		if v.IsZero() {
			return
		}
		value = float64(v.UnixMilli()) / 1000
	case []string:
		if len(v) == 0 {
			return
		}
	case []object:
		if len(v) == 0 {
			return
		}
	case object:
		if len(v) == 0 {
			return
		}
	}
	o[key] = value
}

// detail is CertificateDetail on the wire.
func (c *Certificate) detail() object {
	o := object{}
	o.put("CertificateArn", c.ARN)
	o.put("DomainName", c.DomainName)
	o.put("SubjectAlternativeNames", c.names())
	o.put("DomainValidationOptions", validations(c.DomainValidationOptions))
	o.put("Serial", c.Serial)
	o.put("Subject", c.subject())
	o.put("Issuer", c.Issuer)
	o.put("CreatedAt", c.CreatedAt)
	o.put("IssuedAt", c.IssuedAt)
	o.put("ImportedAt", c.ImportedAt)
	o.put("Status", c.status())
	o.put("RevokedAt", c.RevokedAt)
	o.put("RevocationReason", c.RevocationReason)
	o.put("NotBefore", c.NotBefore)
	o.put("NotAfter", c.NotAfter)
	o.put("KeyAlgorithm", c.spelledKeyAlgorithm())
	o.put("SignatureAlgorithm", c.SignatureAlgorithm)
	inUseBy := c.InUseBy
	if inUseBy == nil {
		inUseBy = []string{}
	}
	o["InUseBy"] = inUseBy
	o.put("FailureReason", c.FailureReason)
	o.put("Type", c.kind())
	o.put("RenewalEligibility", c.eligibility())
	o.put("CertificateAuthorityArn", c.CertificateAuthorityARN)
	o.put("ManagedBy", c.ManagedBy)
	o.put("CertificateKeyPairOrigin", c.origin())
	o.put("AcmeEndpointArn", c.ACMEEndpointARN)
	o.put("AcmeAccountId", c.ACMEAccountID)

	var usages, extended []object
	for _, u := range c.KeyUsages {
		usages = append(usages, object{"Name": u})
	}
	for _, u := range c.ExtendedKeyUsages {
		extended = append(extended, object{"Name": u})
	}
	o.put("KeyUsages", usages)
	o.put("ExtendedKeyUsages", extended)

	options := object{}
	options.put("CertificateTransparencyLoggingPreference", c.Transparency)
	options.put("Export", c.Export)
	options.put("ValidationMethod", c.ValidationMethod)
	o.put("Options", options)

	if r := c.Renewal; r != nil {
		renewal := object{}
		renewal.put("RenewalStatus", r.RenewalStatus)
		renewal.put("RenewalStatusReason", r.RenewalStatusReason)
		renewal.put("UpdatedAt", r.UpdatedAt)
		renewal["DomainValidationOptions"] = validations(r.DomainValidationOptions)
		o["RenewalSummary"] = renewal
	}
	if u := c.Update; u != nil {
		update := object{"Type": "DOMAIN_VALIDATION_METHOD"}
		update.put("Status", u.Status)
		update.put("RequestedAt", u.RequestedAt)
		update.put("UpdatedAt", u.UpdatedAt)
		change := object{}
		change.put("From", u.From)
		change.put("To", u.To)
		update.put("DomainValidationMethodUpdateSummary", change)
		o["UpdateSummary"] = update
	}
	return o
}

// maxSummaryNames is how many names a CertificateSummary holds
// ("CertificateSummary", AWS Certificate Manager API Reference,
// https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateSummary.html).
const maxSummaryNames = 100

// summary is CertificateSummary on the wire.
func (c *Certificate) summary() object {
	o := object{}
	o.put("CertificateArn", c.ARN)
	o.put("DomainName", c.DomainName)
	names := c.names()
	o["HasAdditionalSubjectAlternativeNames"] = len(names) > maxSummaryNames
	o.put("SubjectAlternativeNameSummaries", names[:min(len(names), maxSummaryNames)])
	o.put("Status", c.status())
	o.put("Type", c.kind())
	o.put("KeyAlgorithm", c.spelledKeyAlgorithm())
	o.put("KeyUsages", c.KeyUsages)
	o.put("ExtendedKeyUsages", c.ExtendedKeyUsages)
	o.put("ExportOption", c.Export)
	o["InUse"] = len(c.InUseBy) > 0
	o["Exported"] = c.Exported
	o.put("RenewalEligibility", c.eligibility())
	o.put("NotBefore", c.NotBefore)
	o.put("NotAfter", c.NotAfter)
	o.put("CreatedAt", c.CreatedAt)
	o.put("IssuedAt", c.IssuedAt)
	o.put("ImportedAt", c.ImportedAt)
	o.put("RevokedAt", c.RevokedAt)
	o.put("ManagedBy", c.ManagedBy)
	o.put("CertificateKeyPairOrigin", c.origin())
	return o
}

// result is CertificateSearchResult on the wire.
func (c *Certificate) result() object {
	metadata := object{}
	metadata.put("CreatedAt", c.CreatedAt)
	metadata["Exported"] = c.Exported
	metadata.put("ImportedAt", c.ImportedAt)
	metadata["InUse"] = len(c.InUseBy) > 0
	metadata.put("IssuedAt", c.IssuedAt)
	metadata.put("RenewalEligibility", c.eligibility())
	metadata.put("RevokedAt", c.RevokedAt)
	metadata.put("Status", c.status())
	if c.Renewal != nil {
		metadata.put("RenewalStatus", c.Renewal.RenewalStatus)
	}
	metadata.put("Type", c.kind())
	metadata.put("ExportOption", c.Export)
	metadata.put("ManagedBy", c.ManagedBy)
	metadata.put("ValidationMethod", c.method())
	metadata.put("CertificateKeyPairOrigin", c.origin())
	metadata.put("AcmeEndpointArn", c.ACMEEndpointARN)
	metadata.put("AcmeAccountId", c.ACMEAccountID)

	x509 := object{}
	subject := object{}
	subject.put("CommonName", c.commonName())
	x509.put("Subject", subject)
	issuer := object{}
	issuer.put("CommonName", c.Issuer)
	x509.put("Issuer", issuer)
	var names []object
	for _, n := range c.names() {
		names = append(names, object{"DnsName": n})
	}
	x509.put("SubjectAlternativeNames", names)
	x509.put("KeyAlgorithm", c.keyAlgorithm())
	x509.put("KeyUsages", c.KeyUsages)
	x509.put("ExtendedKeyUsages", c.ExtendedKeyUsages)
	x509.put("SerialNumber", c.Serial)
	x509.put("NotBefore", c.NotBefore)
	x509.put("NotAfter", c.NotAfter)

	o := object{}
	o.put("CertificateArn", c.ARN)
	o.put("X509Attributes", x509)
	o.put("CertificateMetadata", object{"AcmCertificateMetadata": metadata})
	return o
}

func validations(all []DomainValidation) []object {
	list := []object{}
	for _, v := range all {
		o := object{}
		o.put("DomainName", v.DomainName)
		o.put("ValidationDomain", v.ValidationDomain)
		o.put("ValidationEmails", v.ValidationEmails)
		o.put("ValidationStatus", v.ValidationStatus)
		o.put("ValidationMethod", v.ValidationMethod)
		o.put("ResourceRecord", v.record())
		redirect := object{}
		redirect.put("RedirectFrom", v.RedirectFrom)
		redirect.put("RedirectTo", v.RedirectTo)
		o.put("HttpRedirect", redirect)
		list = append(list, o)
	}
	return list
}

func (v *DomainValidation) record() object {
	if v.RecordName == "" {
		return nil
	}
	return object{"Name": v.RecordName, "Type": or(v.RecordType, "CNAME"), "Value": v.RecordValue}
}

// configuration is ValidationConfiguration on the wire.
func (v *DomainValidation) configuration() object {
	o := object{}
	o.put("ValidationMethod", v.ValidationMethod)
	o.put("ValidationStatus", v.ValidationStatus)
	switch v.ValidationMethod {
	case "DNS":
		challenge := object{}
		challenge.put("ResourceRecord", v.record())
		o["ValidationChallenge"] = object{"DnsValidationChallenge": challenge}
	case "EMAIL":
		challenge := object{}
		challenge.put("ValidationDomain", v.ValidationDomain)
		challenge.put("ValidationEmails", v.ValidationEmails)
		o["ValidationChallenge"] = object{"EmailValidationChallenge": challenge}
	}
	return o
}
