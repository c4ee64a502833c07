package diagnose

import (
	"slices"
	"strings"
	"time"
)

// The values of ACM's enumerations that the checks branch on, spelt as the API
// spells them ("CertificateDetail", AWS Certificate Manager API Reference,
// https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html).
const (
	TypeAmazonIssued = "AMAZON_ISSUED"
	TypeImported     = "IMPORTED"
	TypePrivate      = "PRIVATE"

	StatusPendingValidation  = "PENDING_VALIDATION"
	StatusIssued             = "ISSUED"
	StatusInactive           = "INACTIVE"
	StatusExpired            = "EXPIRED"
	StatusValidationTimedOut = "VALIDATION_TIMED_OUT"
	StatusRevoked            = "REVOKED"
	StatusFailed             = "FAILED"

	MethodDNS   = "DNS"
	MethodEmail = "EMAIL"
	MethodHTTP  = "HTTP"

	RenewalPendingAuto       = "PENDING_AUTO_RENEWAL"
	RenewalPendingValidation = "PENDING_VALIDATION"
	RenewalSuccess           = "SUCCESS"
	RenewalFailed            = "FAILED"

	NamePending = "PENDING_VALIDATION"
	NameSuccess = "SUCCESS"
	NameFailed  = "FAILED"

	EligibleYes = "ELIGIBLE"
	EligibleNo  = "INELIGIBLE"

	OriginAWS      = "AWS_MANAGED"
	OriginACME     = "ACME"
	OriginCustomer = "CUSTOMER_PROVIDED"
)

// A Certificate is what ACM says about one certificate, in our own types.
// Times that ACM did not give are zero. Domain names are lower-case A-labels
// without a trailing dot.
type Certificate struct {
	ARN     string `json:"arn"`
	Account string `json:"account"`
	Region  string `json:"region"`

	DomainName string   `json:"domain_name"`
	Names      []string `json:"names"` // every subject alternative name, DomainName first

	Type             string   `json:"type"`
	Status           string   `json:"status"`
	ValidationMethod string   `json:"validation_method,omitempty"` // of the certificate; empty for imported and private ones
	KeyPairOrigin    string   `json:"key_pair_origin,omitempty"`
	ManagedBy        string   `json:"managed_by,omitempty"`
	ExportOption     string   `json:"export_option,omitempty"` // ENABLED or DISABLED
	Exported         *bool    `json:"exported,omitempty"`      // nil where neither SearchCertificates nor ListCertificates told
	InUseBy          []string `json:"in_use_by,omitempty"`     // ARNs
	Eligibility      string   `json:"renewal_eligibility,omitempty"`

	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	IssuedAt  time.Time `json:"issued_at,omitzero"`
	Imported  time.Time `json:"imported_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`

	RevocationReason string `json:"revocation_reason,omitempty"`
	FailureReason    string `json:"failure_reason,omitempty"`

	Serial       string `json:"serial,omitempty"` // hexadecimal, lower-case, no colons, no leading zeros
	Issuer       string `json:"issuer,omitempty"`
	Subject      string `json:"subject,omitempty"`
	KeyAlgorithm string `json:"key_algorithm,omitempty"`

	AuthorityARN    string `json:"certificate_authority_arn,omitempty"`
	ACMEEndpointARN string `json:"acme_endpoint_arn,omitempty"`
	ACMEAccountID   string `json:"acme_account_id,omitempty"`

	// Renewal is nil while managed renewal has not started.
	Renewal *Renewal `json:"renewal,omitempty"`
	// Issuance is the state of the first issuance; its statuses stay SUCCESS
	// for ever and say nothing about a renewal ("RenewalSummary", AWS
	// Certificate Manager API Reference,
	// https://docs.aws.amazon.com/acm/latest/APIReference/API_RenewalSummary.html).
	// The validation records in it are those that a renewal needs too.
	Issuance []NameValidation `json:"issuance,omitempty"`
	// Update is a change of the validation method under way, or its outcome.
	Update *MethodUpdate `json:"update,omitempty"`

	Tags map[string]string `json:"tags,omitempty"`

	// Unseen lists the parts of this value that could not be read.
	Unseen []Unseen `json:"unseen,omitempty"`
}

// A Renewal is ACM's RenewalSummary.
type Renewal struct {
	Status    string           `json:"status"`
	Reason    string           `json:"reason,omitempty"`
	UpdatedAt time.Time        `json:"updated_at,omitzero"`
	Names     []NameValidation `json:"names,omitempty"`
}

// A NameValidation is the state of one name's domain validation, in a renewal
// or in the first issuance.
type NameValidation struct {
	Name             string        `json:"name"`
	Method           string        `json:"method,omitempty"`
	Status           string        `json:"status,omitempty"`
	Record           *Record       `json:"record,omitempty"`
	Redirect         *HTTPRedirect `json:"redirect,omitempty"`
	Emails           []string      `json:"emails,omitempty"`
	ValidationDomain string        `json:"validation_domain,omitempty"`
}

// A Record is a DNS record that ACM asks for. Name and Value are absolute,
// lower-case and without a trailing dot.
type Record struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// An HTTPRedirect is the redirect that HTTP validation asks for.
type HTTPRedirect struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// A MethodUpdate is ACM's UpdateSummary: a switch of the validation method in
// place, such as from e-mail to DNS.
type MethodUpdate struct {
	Status      string    `json:"status"`
	From        string    `json:"from"`
	To          string    `json:"to"`
	RequestedAt time.Time `json:"requested_at,omitzero"`
	UpdatedAt   time.Time `json:"updated_at,omitzero"`
	// Names holds the validation that was asked for, by name, as
	// ListCertificateDomainValidations gives it.
	Names []NameValidation `json:"names,omitempty"`
}

// Covers reports whether the certificate covers the domain name, exactly or by
// a wildcard, which stands for one label only ("ACM certificate
// characteristics", AWS Certificate Manager User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html).
// A wildcard name is covered only by itself.
func (c *Certificate) Covers(domain string) bool {
	return c.CoveringName(domain) != ""
}

// CoveringName returns the name on the certificate that covers the domain: the
// exact one where there is one, else the wildcard, else "".
func (c *Certificate) CoveringName(domain string) string {
	if slices.Contains(c.Names, domain) {
		return domain
	}
	if _, parent, ok := strings.Cut(domain, "."); ok && !strings.HasPrefix(domain, "*.") {
		if wild := "*." + parent; slices.Contains(c.Names, wild) {
			return wild
		}
	}
	return ""
}

// InUse reports whether an AWS service uses the certificate.
func (c *Certificate) InUse() bool { return len(c.InUseBy) > 0 }

// Validity is how long the certificate was issued for.
func (c *Certificate) Validity() time.Duration { return c.NotAfter.Sub(c.NotBefore) }

// Expected returns the validation of one of the certificate's names as the
// renewal asks for it: from the renewal where it lists the name, else the
// method and record of the first issuance, whose status is left out.
func (c *Certificate) Expected(name string) (NameValidation, bool) {
	var found NameValidation
	ok := false
	if c.Renewal != nil {
		if i := slices.IndexFunc(c.Renewal.Names, func(v NameValidation) bool { return v.Name == name }); i >= 0 {
			found, ok = c.Renewal.Names[i], true
		}
	}
	if i := slices.IndexFunc(c.Issuance, func(v NameValidation) bool { return v.Name == name }); i >= 0 {
		first := c.Issuance[i]
		if !ok {
			first.Status = ""
			return first, true
		}
		if found.Record == nil {
			found.Record = first.Record
		}
		if found.Redirect == nil {
			found.Redirect = first.Redirect
		}
		if len(found.Emails) == 0 {
			found.Emails = first.Emails
		}
		if found.ValidationDomain == "" {
			found.ValidationDomain = first.ValidationDomain
		}
		if found.Method == "" {
			found.Method = first.Method
		}
	}
	return found, ok
}
