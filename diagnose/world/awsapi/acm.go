package awsapi

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm/types"
)

type certificateInput struct {
	CertificateArn string
	MaxItems       *int
	NextToken      string
}

// certificate finds the certificate that the request names. One that is in
// another region or account is not found: the ARN's region must be the one
// that was called.
func (c *invocation) certificate(arn string) (*Certificate, *Error) {
	c.resource = arn
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "acm" || !strings.HasPrefix(parts[5], "certificate/") {
		return nil, &Error{Code: "InvalidArnException", Message: "The specified ARN " + arn + " is not valid."}
	}
	if c.state.Quirks.IgnoreRegions {
		if cert := c.state.Certificate(arn); cert != nil {
			return cert, nil
		}
	}
	if cert := c.region.certificate(arn); cert != nil {
		return cert, nil
	}
	return nil, &Error{Code: "ResourceNotFoundException", Message: "Could not find certificate " + arn + "."}
}

// certificates are all that the caller's region holds, in order of creation.
func (c *invocation) certificates() []*Certificate {
	list := slices.Clone(c.region.Certificates)
	if c.state.Quirks.IgnoreRegions {
		list = nil
		for _, name := range slices.Sorted(maps.Keys(c.account.Regions)) {
			list = append(list, c.account.Regions[name].Certificates...)
		}
	}
	slices.SortStableFunc(list, func(a, b *Certificate) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list
}

func describeCertificate(c *invocation) (any, *Error) {
	var in certificateInput
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	cert, fault := c.certificate(in.CertificateArn)
	if fault != nil {
		return nil, fault
	}
	return object{"Certificate": cert.detail()}, nil
}

func getCertificate(c *invocation) (any, *Error) {
	var in certificateInput
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	cert, fault := c.certificate(in.CertificateArn)
	if fault != nil {
		return nil, fault
	}
	if cert.status() == "PENDING_VALIDATION" {
		return nil, &Error{Code: "RequestInProgressException", Message: "Certificate " + cert.ARN + " is not issued yet."}
	}
	o := object{}
	o.put("Certificate", cert.Body)
	o.put("CertificateChain", cert.Chain)
	return o, nil
}

func listTagsForCertificate(c *invocation) (any, *Error) {
	var in certificateInput
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	cert, fault := c.certificate(in.CertificateArn)
	if fault != nil {
		return nil, fault
	}
	tags := []object{}
	for _, key := range slices.Sorted(maps.Keys(cert.Tags)) {
		tags = append(tags, object{"Key": key, "Value": cert.Tags[key]})
	}
	return object{"Tags": tags}, nil
}

func getAccountConfiguration(c *invocation) (any, *Error) {
	days := c.region.DaysBeforeExpiry
	if days == 0 {
		days = 45
	}
	return object{"ExpiryEvents": object{"DaysBeforeExpiry": days}}, nil
}

func listCertificateDomainValidations(c *invocation) (any, *Error) {
	if c.state.Quirks.NoSearch {
		return nil, Unknown()
	}
	var in certificateInput
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	cert, fault := c.certificate(in.CertificateArn)
	if fault != nil {
		return nil, fault
	}
	size, fault := pageSize(in.MaxItems, 1000, 1000, "maxItems")
	if fault != nil {
		return nil, fault
	}
	active := cert.DomainValidationOptions
	if cert.Renewal != nil && len(cert.Renewal.DomainValidationOptions) > 0 {
		active = cert.Renewal.DomainValidationOptions
	}
	var list []object
	for _, v := range active {
		o := object{"DomainName": v.DomainName, "ActiveValidationConfiguration": v.configuration()}
		for _, asked := range cert.Requested {
			if asked.DomainName == v.DomainName {
				o["RequestedValidationConfiguration"] = asked.configuration()
			}
		}
		list = append(list, o)
	}
	list, next, fault := page(c, list, size, in.NextToken)
	if fault != nil {
		return nil, fault
	}
	if list == nil {
		list = []object{}
	}
	out := object{"DomainValidationSummaryList": list}
	out.put("NextToken", next)
	return out, nil
}

type listInput struct {
	CertificateStatuses       []string
	CertificateKeyPairOrigins []string
	// Includes' members are the only ones of ACM's that start in lower case.
	Includes struct {
		KeyTypes         []string `json:"keyTypes"`
		KeyUsage         []string `json:"keyUsage"`
		ExtendedKeyUsage []string `json:"extendedKeyUsage"`
		ExportOption     string   `json:"exportOption"`
		ManagedBy        string   `json:"managedBy"`
	}
	MaxItems  *int
	NextToken string
	SortBy    string
	SortOrder string
}

// shows reports whether ListCertificates lists the certificate. By default it
// hides keys other than RSA 1024 and 2048, and ACME's ("Filters" and
// "ListCertificates", AWS Certificate Manager API Reference,
// https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html).
func (in *listInput) shows(cert *Certificate) bool {
	types, origins := in.Includes.KeyTypes, in.CertificateKeyPairOrigins
	if len(types) == 0 {
		types = []string{"RSA_1024", "RSA_2048"}
	}
	if len(origins) == 0 {
		origins = []string{"AWS_MANAGED", "CUSTOMER_PROVIDED"}
	}
	any := func(want, have []string) bool {
		return len(want) == 0 || slices.Contains(want, "ANY") ||
			slices.ContainsFunc(want, func(w string) bool { return slices.Contains(have, w) })
	}
	return slices.Contains(types, cert.keyAlgorithm()) &&
		slices.Contains(origins, cert.origin()) &&
		any(in.CertificateStatuses, []string{cert.status()}) &&
		any(in.Includes.KeyUsage, cert.KeyUsages) &&
		any(in.Includes.ExtendedKeyUsage, cert.ExtendedKeyUsages) &&
		(in.Includes.ExportOption == "" || in.Includes.ExportOption == or(cert.Export, "DISABLED")) &&
		(in.Includes.ManagedBy == "" || in.Includes.ManagedBy == cert.ManagedBy)
}

// known are the values of one of the API's enumerations.
func known[T interface {
	~string
	Values() []T
}]() []string {
	var list []string
	for _, v := range T("").Values() {
		list = append(list, string(v))
	}
	return list
}

func listCertificates(c *invocation) (any, *Error) {
	var in listInput
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	quirks := c.state.Quirks
	if quirks.NoOrigins && len(in.CertificateKeyPairOrigins) > 0 {
		return nil, &Error{Code: "ValidationException", Message: "1 validation error detected: unknown parameter CertificateKeyPairOrigins"}
	}
	for _, e := range []struct {
		at     string
		values []string
		known  []string
	}{
		{"certificateStatuses", in.CertificateStatuses, known[types.CertificateStatus]()},
		{"certificateKeyPairOrigins", in.CertificateKeyPairOrigins, known[types.CertificateKeyPairOrigin]()},
		{"includes.keyTypes", in.Includes.KeyTypes, known[types.KeyAlgorithm]()},
		{"includes.keyUsage", in.Includes.KeyUsage, known[types.KeyUsageName]()},
		{"includes.extendedKeyUsage", in.Includes.ExtendedKeyUsage, known[types.ExtendedKeyUsageName]()},
		{"sortBy", []string{in.SortBy}, known[types.SortBy]()},
		{"sortOrder", []string{in.SortOrder}, known[types.SortOrder]()},
	} {
		for _, v := range e.values {
			if v != "" && !slices.Contains(e.known, v) {
				return nil, &Error{Code: "ValidationException", Message: "1 validation error detected: Value '" + v + "' at '" + e.at + "' failed to satisfy constraint: Member must satisfy enum value set: [" + strings.Join(e.known, ", ") + "]"}
			}
		}
	}
	if (in.SortBy == "") != (in.SortOrder == "") {
		return nil, &Error{Code: "ValidationException", Message: "SortBy and SortOrder must be specified together."}
	}
	size, fault := pageSize(in.MaxItems, 1000, 1000, "maxItems")
	if fault != nil {
		return nil, fault
	}
	list := c.certificates()
	if !quirks.IgnoreFilters {
		list = slices.DeleteFunc(list, func(cert *Certificate) bool { return !in.shows(cert) })
	}
	if in.SortOrder == "DESCENDING" {
		slices.Reverse(list)
	}
	list, next, fault := page(c, list, size, in.NextToken)
	if fault != nil {
		return nil, fault
	}
	summaries := []object{}
	for _, cert := range list {
		if quirks.BareSummaries {
			summaries = append(summaries, object{"CertificateArn": cert.ARN, "DomainName": cert.DomainName})
			continue
		}
		summaries = append(summaries, cert.summary())
	}
	out := object{"CertificateSummaryList": summaries}
	out.put("NextToken", next)
	return out, nil
}

func resendValidationEmail(c *invocation) (any, *Error) {
	var in struct{ CertificateArn, Domain, ValidationDomain string }
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	cert, fault := c.certificate(in.CertificateArn)
	if fault != nil {
		return nil, fault
	}
	renewing := cert.Renewal != nil && cert.Renewal.RenewalStatus == "PENDING_VALIDATION"
	if cert.method() != "EMAIL" || cert.status() != "PENDING_VALIDATION" && !renewing {
		return nil, &Error{Code: "InvalidStateException", Message: "Certificate " + cert.ARN + " is not awaiting e-mail validation."}
	}
	domain := strings.TrimPrefix(in.Domain, "*.")
	if !slices.Contains(cert.names(), in.Domain) ||
		domain != in.ValidationDomain && !strings.HasSuffix(domain, "."+in.ValidationDomain) {
		return nil, &Error{Code: "InvalidDomainValidationOptionsException", Message: "The domain " + in.Domain + " cannot be validated through " + in.ValidationDomain + "."}
	}
	if cert.Resent == nil {
		cert.Resent = map[string]int{}
	}
	cert.Resent[in.Domain]++
	c.wrote = true
	return nil, nil
}

// updateCertificateOptions switches a certificate from e-mail to DNS
// validation ("Migrate from email to DNS validation", AWS Certificate Manager
// User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/email-to-dns-migration.html).
func updateCertificateOptions(c *invocation) (any, *Error) {
	var in struct {
		CertificateArn string
		Options        struct{ ValidationMethod, Export, CertificateTransparencyLoggingPreference string }
	}
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	cert, fault := c.certificate(in.CertificateArn)
	if fault != nil {
		return nil, fault
	}
	if in.Options.Export != "" && in.Options.Export != or(cert.Export, "DISABLED") {
		return nil, &Error{Code: "ValidationException", Message: "The export option cannot be changed after the certificate was created."}
	}
	if in.Options.CertificateTransparencyLoggingPreference != "" {
		cert.Transparency = in.Options.CertificateTransparencyLoggingPreference
		c.wrote = true
	}
	if in.Options.ValidationMethod == "" || in.Options.ValidationMethod == cert.method() && cert.Update == nil {
		return nil, nil
	}
	switch {
	case in.Options.ValidationMethod != "DNS" || cert.method() != "EMAIL":
		return nil, &Error{Code: "ValidationException", Message: "The validation method can only be changed from EMAIL to DNS."}
	case cert.kind() != "AMAZON_ISSUED" || cert.status() != "ISSUED":
		return nil, &Error{Code: "InvalidStateException", Message: "Certificate " + cert.ARN + " is not in a state that allows this change."}
	case cert.Update != nil && cert.Update.Status == "PENDING_DOMAIN_VALIDATION":
		return nil, &Error{Code: "ConflictException", Message: "An update of certificate " + cert.ARN + " is already in progress."}
	}
	now := c.now().UTC().Truncate(time.Second)
	cert.Update = &UpdateSummary{Status: "PENDING_DOMAIN_VALIDATION", From: "EMAIL", To: "DNS", RequestedAt: now, UpdatedAt: now}
	cert.Requested = nil
	for _, name := range cert.names() {
		v := ValidationRecord(c.account.ID, name)
		v.ValidationStatus = "PENDING_VALIDATION"
		cert.Requested = append(cert.Requested, v)
	}
	c.wrote = true
	return nil, nil
}

// ValidationRecord makes up the validation of a name by DNS, in the form of
// ACM's: the record depends on the account and the name alone, and a wildcard
// shares its parent's ("DNS validation", AWS Certificate Manager User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html).
func ValidationRecord(account, name string) DomainValidation {
	base := strings.TrimPrefix(name, "*.")
	sum := sha256.Sum256([]byte(account + "/" + base))
	return DomainValidation{
		DomainName:       name,
		ValidationDomain: name,
		ValidationMethod: "DNS",
		RecordName:       "_" + hex.EncodeToString(sum[:16]) + "." + base + ".",
		RecordType:       "CNAME",
		RecordValue:      fmt.Sprintf("_%x.%s.acm-validations.aws.", sum[16:], letters(sum[:10])),
	}
}

func letters(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = 'a' + c%26
	}
	return string(out)
}

// renewCertificate renews exported certificates only ("Force certificate
// renewal", AWS Certificate Manager User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/force-certificate-renewal.html).
func renewCertificate(c *invocation) (any, *Error) {
	var in certificateInput
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	cert, fault := c.certificate(in.CertificateArn)
	if fault != nil {
		return nil, fault
	}
	if !cert.Exported || cert.kind() == "IMPORTED" || cert.status() != "ISSUED" {
		return nil, &Error{Code: "ValidationException", Message: "Certificate " + cert.ARN + " is not eligible for renewal by request."}
	}
	if cert.Renewal != nil && strings.HasPrefix(cert.Renewal.RenewalStatus, "PENDING_") {
		return nil, &Error{Code: "RequestInProgressException", Message: "A renewal of certificate " + cert.ARN + " is in progress."}
	}
	cert.Renewal = &RenewalSummary{RenewalStatus: "PENDING_AUTO_RENEWAL", UpdatedAt: c.now().UTC().Truncate(time.Second)}
	c.wrote = true
	return nil, nil
}
