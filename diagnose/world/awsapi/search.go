package awsapi

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// A filterStatement is a node of SearchCertificates' filter tree: a union, so
// exactly one member is set ("CertificateFilterStatement", AWS Certificate
// Manager API Reference,
// https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateFilterStatement.html).
type filterStatement struct {
	And, Or []filterStatement
	Not     *filterStatement
	Filter  *certificateFilter
}

type certificateFilter struct {
	CertificateArn               *string
	X509AttributeFilter          *x509Filter
	AcmCertificateMetadataFilter *metadataFilter
}

// single reports whether a filter, and what it filters by, have exactly one
// member each: both are unions ("CertificateFilter", AWS Certificate Manager API
// Reference, https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateFilter.html).
func (f *certificateFilter) single() bool {
	one := func(union any) bool {
		members := map[string]json.RawMessage{}
		raw, _ := json.Marshal(union)
		if json.Unmarshal(raw, &members) != nil {
			return false
		}
		maps.DeleteFunc(members, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
		return len(members) == 1
	}
	return one(f) && (f.X509AttributeFilter == nil || one(f.X509AttributeFilter)) &&
		(f.AcmCertificateMetadataFilter == nil || one(f.AcmCertificateMetadataFilter))
}

// maxStatements is how many statements And and Or take.
const maxStatements = 15

type stringFilter struct{ Value, ComparisonOperator string }

type timestampRange struct{ Start, End *float64 }

type x509Filter struct {
	Subject                *struct{ CommonName *stringFilter }
	SubjectAlternativeName *struct {
		DNSName *stringFilter `json:"DnsName"`
	}
	ExtendedKeyUsage    *string
	KeyUsage            *string
	KeyAlgorithm        *string
	SerialNumber        *string
	NotAfter, NotBefore *timestampRange
}

type metadataFilter struct {
	Status, RenewalStatus, Type, ExportOption, ManagedBy *string
	ValidationMethod, CertificateKeyPairOrigin           *string
	AcmeEndpointArn, AcmeAccountId                       *string //nolint:revive // spelt as on the wire
	InUse, Exported                                      *bool
}

func (f *stringFilter) matches(values ...string) bool {
	return slices.ContainsFunc(values, func(v string) bool {
		if f.ComparisonOperator == "CONTAINS" {
			return strings.Contains(strings.ToLower(v), strings.ToLower(f.Value))
		}
		return strings.EqualFold(v, f.Value)
	})
}

func (r *timestampRange) matches(t time.Time) bool {
	at := float64(t.UnixMilli()) / 1000
	return !t.IsZero() && (r.Start == nil || at >= *r.Start) && (r.End == nil || at <= *r.End)
}

func (f *x509Filter) matches(c *Certificate) bool {
	switch {
	case f.Subject != nil && f.Subject.CommonName != nil:
		return f.Subject.CommonName.matches(c.commonName())
	case f.SubjectAlternativeName != nil && f.SubjectAlternativeName.DNSName != nil:
		return f.SubjectAlternativeName.DNSName.matches(c.names()...)
	case f.ExtendedKeyUsage != nil:
		return slices.Contains(c.ExtendedKeyUsages, *f.ExtendedKeyUsage)
	case f.KeyUsage != nil:
		return slices.Contains(c.KeyUsages, *f.KeyUsage)
	case f.KeyAlgorithm != nil:
		return *f.KeyAlgorithm == c.keyAlgorithm()
	case f.SerialNumber != nil:
		return strings.EqualFold(*f.SerialNumber, c.Serial)
	case f.NotAfter != nil:
		return f.NotAfter.matches(c.NotAfter)
	case f.NotBefore != nil:
		return f.NotBefore.matches(c.NotBefore)
	}
	return false
}

func (f *metadataFilter) matches(c *Certificate) bool {
	renewal := ""
	if c.Renewal != nil {
		renewal = c.Renewal.RenewalStatus
	}
	for _, pair := range []struct {
		want *string
		have string
	}{
		{f.Status, c.status()},
		{f.RenewalStatus, renewal},
		{f.Type, c.kind()},
		{f.ExportOption, or(c.Export, "DISABLED")},
		{f.ManagedBy, c.ManagedBy},
		{f.ValidationMethod, c.method()},
		{f.CertificateKeyPairOrigin, c.origin()},
		{f.AcmeEndpointArn, c.ACMEEndpointARN},
		{f.AcmeAccountId, c.ACMEAccountID},
	} {
		if pair.want != nil {
			return *pair.want == pair.have
		}
	}
	if f.InUse != nil {
		return *f.InUse == (len(c.InUseBy) > 0)
	}
	return f.Exported != nil && *f.Exported == c.Exported
}

func (f *filterStatement) matches(c *Certificate) bool {
	matches := func(s filterStatement) bool { return s.matches(c) }
	switch {
	case len(f.And) > 0:
		return !slices.ContainsFunc(f.And, func(s filterStatement) bool { return !s.matches(c) })
	case len(f.Or) > 0:
		return slices.ContainsFunc(f.Or, matches)
	case f.Not != nil:
		return !f.Not.matches(c)
	case f.Filter != nil && f.Filter.CertificateArn != nil:
		return *f.Filter.CertificateArn == c.ARN
	case f.Filter != nil && f.Filter.X509AttributeFilter != nil:
		return f.Filter.X509AttributeFilter.matches(c)
	case f.Filter != nil && f.Filter.AcmCertificateMetadataFilter != nil:
		return f.Filter.AcmCertificateMetadataFilter.matches(c)
	}
	return false
}

// invalid reports whether a node has no member or several, or a comparison
// that does not exist.
func (f *filterStatement) invalid() bool {
	members := 0
	for _, set := range []bool{len(f.And) > 0, len(f.Or) > 0, f.Not != nil, f.Filter != nil} {
		if set {
			members++
		}
	}
	if members != 1 || len(f.And) > maxStatements || len(f.Or) > maxStatements {
		return true
	}
	bad := func(s filterStatement) bool { return s.invalid() }
	if f.Filter != nil && !f.Filter.single() {
		return true
	}
	if f.Filter != nil && f.Filter.X509AttributeFilter != nil {
		for _, s := range f.Filter.X509AttributeFilter.strings() {
			if s.Value == "" || s.ComparisonOperator != "EQUALS" && s.ComparisonOperator != "CONTAINS" {
				return true
			}
		}
	}
	return slices.ContainsFunc(f.And, bad) || slices.ContainsFunc(f.Or, bad) || f.Not != nil && f.Not.invalid()
}

func (f *x509Filter) strings() []*stringFilter {
	var list []*stringFilter
	if f.Subject != nil && f.Subject.CommonName != nil {
		list = append(list, f.Subject.CommonName)
	}
	if f.SubjectAlternativeName != nil && f.SubjectAlternativeName.DNSName != nil {
		list = append(list, f.SubjectAlternativeName.DNSName)
	}
	return list
}

func searchCertificates(c *invocation) (any, *Error) {
	quirks := c.state.Quirks
	if quirks.NoSearch {
		return nil, Unknown()
	}
	var in struct {
		FilterStatement   *filterStatement
		MaxResults        *int
		NextToken         string
		SortBy, SortOrder string
	}
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	size, fault := pageSize(in.MaxResults, 100, 500, "maxResults")
	if fault != nil {
		return nil, fault
	}
	if in.FilterStatement != nil && in.FilterStatement.invalid() {
		return nil, &Error{Code: "ValidationException", Message: "The filter statement is not valid."}
	}
	// Whether a search shows ACME certificates unasked is told differently by
	// different pages of the User Guide; here it does not.
	acme := false
	if in.FilterStatement != nil {
		statement, _ := json.Marshal(in.FilterStatement)
		acme = strings.Contains(string(statement), `"CertificateKeyPairOrigin":"`)
	}
	list := c.certificates()
	if !quirks.IgnoreFilters {
		list = slices.DeleteFunc(list, func(cert *Certificate) bool {
			return !acme && cert.origin() == "ACME" || in.FilterStatement != nil && !in.FilterStatement.matches(cert)
		})
	}
	if in.SortBy == "NOT_AFTER" {
		slices.SortStableFunc(list, func(a, b *Certificate) int { return cmp.Compare(a.NotAfter.Unix(), b.NotAfter.Unix()) })
	}
	if in.SortOrder == "DESCENDING" {
		slices.Reverse(list)
	}
	list, next, fault := page(c, list, size, in.NextToken)
	if fault != nil {
		return nil, fault
	}
	results := []object{}
	for _, cert := range list {
		results = append(results, cert.result())
	}
	out := object{"Results": results}
	out.put("NextToken", next)
	return out, nil
}
