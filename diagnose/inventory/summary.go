package inventory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/acmbot/acmbot/diagnose"
)

// A summary is what ACM's lists tell of a certificate without describing it. It
// is Detailed where it comes from SearchCertificates: ListCertificates tells
// neither the renewal status nor the validation method.
type summary struct {
	diagnose.Listed
	complete     bool // false where there may be more names
	exportOption string
	exported     *bool // nil where it was not told
}

// covers reports whether the certificate covers the domain, as far as its
// names are known.
func (s *summary) covers(domain string) bool {
	c := diagnose.Certificate{Names: s.Names}
	return c.Covers(domain)
}

const (
	// searchPage and listPage are the longest pages that there are.
	searchPage = 500
	listPage   = 1000
	// maxPages bounds what is read in one place: twice ACM's quota of
	// certificates, in pages of 100.
	maxPages = 50
	// maxNames is how many names a result holds at most; one that is full may
	// have left some out.
	maxNames = 100
)

// search reads all results of one search.
func search(ctx context.Context, client *acm.Client, p place, filter types.CertificateFilterStatement) ([]summary, error) {
	pages := acm.NewSearchCertificatesPaginator(client, &acm.SearchCertificatesInput{
		FilterStatement: filter,
		MaxResults:      aws.Int32(searchPage),
	}, stopOnRepeat)
	var list []summary
	for n := 0; pages.HasMorePages() && n < maxPages; n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		// A list that is empty is there all the same: without it, the answer
		// is from somebody else, or of another kind.
		if page.Results == nil {
			return nil, errEmpty
		}
		for _, r := range page.Results {
			list = append(list, searchSummary(r, p))
		}
	}
	return list, nil
}

// stopOnRepeat ends the paging where a server gives the same token again.
func stopOnRepeat(o *acm.SearchCertificatesPaginatorOptions) { o.StopOnDuplicateToken = true }

// searchStatements are the searches that find the certificates for a domain
// and, with no domain, all certificates. ACME certificates have a search of
// their own, since whether they show without being asked for is told
// differently by different pages of the User Guide, and other servers do not
// know the filter.
func searchStatements(domain string) (plain, acme types.CertificateFilterStatement) {
	acme = &types.CertificateFilterStatementMemberFilter{Value: &types.CertificateFilterMemberAcmCertificateMetadataFilter{
		Value: &types.AcmCertificateMetadataFilterMemberCertificateKeyPairOrigin{Value: types.CertificateKeyPairOriginAcme},
	}}
	if domain == "" {
		return nil, acme
	}
	names := []string{domain}
	if _, parent, ok := strings.Cut(domain, "."); ok && !strings.HasPrefix(domain, "*.") {
		names = append(names, "*."+parent)
	}
	var either []types.CertificateFilterStatement
	for _, name := range names {
		// A certificate without alternative names, as may be imported, has
		// its name in the subject only.
		either = append(either, x509Filter(&types.X509AttributeFilterMemberSubjectAlternativeName{
			Value: &types.SubjectAlternativeNameFilterMemberDnsName{
				Value: types.DnsNameFilter{ComparisonOperator: types.ComparisonOperatorEquals, Value: aws.String(name)},
			},
		}), x509Filter(&types.X509AttributeFilterMemberSubject{
			Value: &types.SubjectFilterMemberCommonName{
				Value: types.CommonNameFilter{ComparisonOperator: types.ComparisonOperatorEquals, Value: aws.String(name)},
			},
		}))
	}
	plain = &types.CertificateFilterStatementMemberOr{Value: either}
	return plain, &types.CertificateFilterStatementMemberAnd{Value: []types.CertificateFilterStatement{plain, acme}}
}

func x509Filter(f types.X509AttributeFilter) types.CertificateFilterStatement {
	return &types.CertificateFilterStatementMemberFilter{Value: &types.CertificateFilterMemberX509AttributeFilter{Value: f}}
}

func searchSummary(r types.CertificateSearchResult, p place) summary {
	var s summary
	s.Detailed = true
	s.ARN = aws.ToString(r.CertificateArn)
	if x := r.X509Attributes; x != nil {
		s.NotAfter, s.NotBefore = aws.ToTime(x.NotAfter), aws.ToTime(x.NotBefore)
		if x.Subject != nil {
			s.DomainName = canonicalName(aws.ToString(x.Subject.CommonName))
		}
		var names []string
		for _, n := range x.SubjectAlternativeNames {
			if dns, ok := n.(*types.GeneralNameMemberDnsName); ok {
				names = append(names, dns.Value)
			}
		}
		if s.DomainName == "" && len(names) > 0 {
			s.DomainName = canonicalName(names[0])
		}
		s.Names = certificateNames(s.DomainName, names)
		s.complete = len(names) > 0 && len(names) < maxNames
	}
	if m, ok := r.CertificateMetadata.(*types.CertificateMetadataMemberAcmCertificateMetadata); ok {
		s.Status, s.Type = string(m.Value.Status), string(m.Value.Type)
		s.InUse = aws.ToBool(m.Value.InUse)
		s.exported = m.Value.Exported
		s.Eligibility = string(m.Value.RenewalEligibility)
		s.KeyPairOrigin = string(m.Value.CertificateKeyPairOrigin)
		s.exportOption = string(m.Value.ExportOption)
		s.RenewalStatus = string(m.Value.RenewalStatus)
		s.ValidationMethod = string(m.Value.ValidationMethod)
		s.ManagedBy = string(m.Value.ManagedBy)
	}
	s.locate(p)
	return s
}

// locate fills in where the certificate is: its ARN knows best.
func (s *summary) locate(p place) {
	s.Account, s.Region = p.id, p.region
	if arn, ok := parseARN(s.ARN); ok {
		s.Account, s.Region = cmp.Or(arn.account, p.id), cmp.Or(arn.region, p.region)
	}
}

// list reads all certificates of a place. ListCertificates hides most key
// types and ACME's certificates unless they are asked for ("ListCertificates"
// and "Filters", AWS Certificate Manager API Reference,
// https://docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html).
// A server that does not know the filter by origin is asked without it.
func list(ctx context.Context, client *acm.Client, p place) ([]summary, error) {
	in := &acm.ListCertificatesInput{
		Includes:                  &types.Filters{KeyTypes: types.KeyAlgorithm("").Values()},
		CertificateKeyPairOrigins: types.CertificateKeyPairOrigin("").Values(),
		MaxItems:                  aws.Int32(listPage),
	}
	summaries, err := listPages(ctx, client, p, in)
	if err != nil && classify(ctx, err) == faultInvalid {
		in.CertificateKeyPairOrigins = nil
		return listPages(ctx, client, p, in)
	}
	return summaries, err
}

func listPages(ctx context.Context, client *acm.Client, p place, in *acm.ListCertificatesInput) ([]summary, error) {
	pages := acm.NewListCertificatesPaginator(client, in, func(o *acm.ListCertificatesPaginatorOptions) { o.StopOnDuplicateToken = true })
	var list []summary
	for n := 0; pages.HasMorePages() && n < maxPages; n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		if page.CertificateSummaryList == nil {
			return nil, errEmpty
		}
		for _, c := range page.CertificateSummaryList {
			list = append(list, listSummary(c, p))
		}
	}
	return list, nil
}

func listSummary(c types.CertificateSummary, p place) summary {
	names := c.SubjectAlternativeNameSummaries
	s := summary{
		complete:     len(names) > 0 && !aws.ToBool(c.HasAdditionalSubjectAlternativeNames),
		exportOption: string(c.ExportOption), exported: c.Exported,
	}
	s.Eligibility, s.KeyPairOrigin = string(c.RenewalEligibility), string(c.CertificateKeyPairOrigin)
	s.ARN = aws.ToString(c.CertificateArn)
	s.DomainName = canonicalName(aws.ToString(c.DomainName))
	s.Names = certificateNames(s.DomainName, names)
	s.Status, s.Type = string(c.Status), string(c.Type)
	s.InUse, s.NotAfter, s.NotBefore = aws.ToBool(c.InUse), aws.ToTime(c.NotAfter), aws.ToTime(c.NotBefore)
	s.ManagedBy = string(c.ManagedBy)
	s.locate(p)
	return s
}

// A scan is what a place holds: all of it, or what matches a domain.
type scan struct {
	summaries []summary
	all       bool
}

// scan finds the certificates of a place for a domain, all where it is empty:
// by SearchCertificates, or by ListCertificates where that is refused or not
// known. The certificates may include others: a server's filter is a help, not
// a proof.
func (i *Inventory) scan(ctx context.Context, p place, domain string) (scan, *diagnose.Unseen) {
	client := i.client(p.account, p.region).acm
	var refused fault
	if !i.searchless(p) {
		found, err := searchAll(ctx, client, p, domain)
		if err == nil {
			return scan{summaries: distinct(found), all: domain == ""}, nil
		}
		refused = classify(ctx, err)
		switch refused {
		case faultCredentials, faultExpired, faultClock, faultThrottled, faultTimeout, faultStopped, faultUnreachable, faultNoHost:
			u := i.unseen(ctx, err, "acm:SearchCertificates", p)
			u.What = "the certificates of " + p.where()
			return scan{}, &u
		}
		i.options.Logger.DebugContext(ctx, "searching certificates", "account", p.id, "region", p.region, "error", err)
	}
	found, err := list(ctx, client, p)
	if err == nil {
		if refused != faultDenied && refused != faultDeniedByPolicy {
			i.forgoSearch(p)
		}
		return scan{summaries: distinct(found), all: true}, nil
	}
	u := i.unseen(ctx, err, "acm:ListCertificates", p)
	if u.Permission != "" && (refused == faultDenied || refused == faultDeniedByPolicy) {
		u.Permission = "acm:SearchCertificates"
		u.Detail = strings.Replace(u.Detail, "acm:ListCertificates", "acm:SearchCertificates (or acm:ListCertificates)", 1)
	}
	u.What = "the certificates of " + p.where()
	return scan{}, &u
}

// searchAll searches for all certificates that match a domain, ACME's as well.
func searchAll(ctx context.Context, client *acm.Client, p place, domain string) ([]summary, error) {
	plain, acme := searchStatements(domain)
	extra := make(chan []summary, 1)
	go func() {
		// It is the same action: if it is refused, the other one tells.
		found, _ := search(ctx, client, p, acme)
		extra <- found
	}()
	found, err := search(ctx, client, p, plain)
	return append(found, <-extra...), err
}

// searchPause is for how long a place that has lists, but not
// SearchCertificates, is not asked for it again: retries take time.
const searchPause = 5 * time.Minute

func (i *Inventory) searchless(p place) bool {
	p.account.mu.Lock()
	defer p.account.mu.Unlock()
	return i.within(p.account.searchless[p.region], searchPause)
}

func (i *Inventory) forgoSearch(p place) {
	p.account.mu.Lock()
	defer p.account.mu.Unlock()
	if i.within(p.account.searchless[p.region], searchPause) {
		return
	}
	if p.account.searchless == nil {
		p.account.searchless = map[string]time.Time{}
	}
	p.account.searchless[p.region] = i.options.Now()
}

// distinct drops what is listed twice.
func distinct(list []summary) []summary {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(s summary) bool {
		twice := seen[s.ARN] || s.ARN == ""
		seen[s.ARN] = true
		return twice
	})
}
