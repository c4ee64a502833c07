package inventory

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/acmbot/acmbot/diagnose"
)

// canonicalName is a domain name as diagnose.CanonicalName has it, "" where there
// is none. ACM and Route 53 give names in A-labels.
func canonicalName(name string) string {
	name = strings.TrimSpace(name)
	if name == "" || name == "." {
		return ""
	}
	return diagnose.CanonicalName(name)
}

// certificateNames are all names, the domain name first, none twice.
func certificateNames(domain string, names []string) []string {
	var list []string
	for _, n := range append([]string{domain}, names...) {
		if n = canonicalName(n); n != "" && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

// canonicalSerial is a serial number in the form of diagnose.Certificate. ACM
// gives it as pairs of hexadecimal digits with colons between; other servers
// have been seen to give it in decimal.
func canonicalSerial(serial string) string {
	if n, ok := new(big.Int).SetString(serial, 10); ok && len(serial) >= minDecimalSerial && n.Sign() > 0 {
		return n.Text(16)
	}
	serial = strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(serial))
	if serial == "" {
		return ""
	}
	return cmp.Or(strings.TrimLeft(serial, "0"), "0")
}

// minDecimalSerial is a length at which a string of decimal digits alone is
// no hexadecimal number by chance: public CAs put at least 64 random bits into
// a serial number (CA/Browser Forum, "Baseline Requirements", 7.1.2.7,
// https://cabforum.org/working-groups/server/baseline-requirements/requirements/).
const minDecimalSerial = 20

// canonicalKey is a key algorithm as the API's enumeration spells it: answers
// have been seen to say RSA-2048.
func canonicalKey(k types.KeyAlgorithm) string {
	return strings.Replace(string(k), "RSA-", "RSA_", 1)
}

// certificate turns what DescribeCertificate says into our own type.
func certificate(d *types.CertificateDetail, p place) diagnose.Certificate {
	c := diagnose.Certificate{
		ARN: aws.ToString(d.CertificateArn), Account: p.id, Region: p.region,
		DomainName: canonicalName(aws.ToString(d.DomainName)),

		Type: string(d.Type), Status: string(d.Status),
		KeyPairOrigin: string(d.CertificateKeyPairOrigin), ManagedBy: string(d.ManagedBy),
		InUseBy: d.InUseBy, Eligibility: string(d.RenewalEligibility),

		NotBefore: aws.ToTime(d.NotBefore), NotAfter: aws.ToTime(d.NotAfter), CreatedAt: aws.ToTime(d.CreatedAt),
		IssuedAt: aws.ToTime(d.IssuedAt), Imported: aws.ToTime(d.ImportedAt), RevokedAt: aws.ToTime(d.RevokedAt),

		RevocationReason: string(d.RevocationReason), FailureReason: string(d.FailureReason),
		Serial: canonicalSerial(aws.ToString(d.Serial)), Issuer: aws.ToString(d.Issuer), Subject: aws.ToString(d.Subject),
		KeyAlgorithm: canonicalKey(d.KeyAlgorithm),

		AuthorityARN: aws.ToString(d.CertificateAuthorityArn), ACMEEndpointARN: aws.ToString(d.AcmeEndpointArn), ACMEAccountID: aws.ToString(d.AcmeAccountId),
	}
	if arn, ok := parseARN(c.ARN); ok {
		c.Account, c.Region = cmp.Or(arn.account, p.id), cmp.Or(arn.region, p.region)
	}
	if c.DomainName == "" && len(d.SubjectAlternativeNames) > 0 {
		c.DomainName = canonicalName(d.SubjectAlternativeNames[0])
	}
	c.Names = certificateNames(c.DomainName, d.SubjectAlternativeNames)
	c.Issuance = nameValidations(d.DomainValidationOptions)
	if o := d.Options; o != nil {
		c.ExportOption = string(o.Export)
		c.ValidationMethod = string(o.ValidationMethod)
	}
	if c.ValidationMethod == "" && len(c.Issuance) > 0 {
		c.ValidationMethod = c.Issuance[0].Method
	}
	if c.Type != "" && c.Type != diagnose.TypeAmazonIssued {
		c.ValidationMethod = ""
	}
	if r := d.RenewalSummary; r != nil {
		c.Renewal = &diagnose.Renewal{
			Status: string(r.RenewalStatus), Reason: string(r.RenewalStatusReason), UpdatedAt: aws.ToTime(r.UpdatedAt),
			Names: nameValidations(r.DomainValidationOptions),
		}
	}
	if u := d.UpdateSummary; u != nil {
		c.Update = &diagnose.MethodUpdate{Status: string(u.Status), RequestedAt: aws.ToTime(u.RequestedAt), UpdatedAt: aws.ToTime(u.UpdatedAt)}
		if m := u.DomainValidationMethodUpdateSummary; m != nil {
			c.Update.From, c.Update.To = string(m.From), string(m.To)
		}
	}
	return c
}

func nameValidations(options []types.DomainValidation) []diagnose.NameValidation {
	var list []diagnose.NameValidation
	for _, o := range options {
		v := diagnose.NameValidation{
			Name: canonicalName(aws.ToString(o.DomainName)), Method: string(o.ValidationMethod), Status: string(o.ValidationStatus),
			Record: record(o.ResourceRecord), Emails: o.ValidationEmails, ValidationDomain: canonicalName(aws.ToString(o.ValidationDomain)),
		}
		if r := o.HttpRedirect; r != nil {
			v.Redirect = &diagnose.HTTPRedirect{From: aws.ToString(r.RedirectFrom), To: aws.ToString(r.RedirectTo)}
		}
		// Certificates from before the field existed tell their method by what
		// they have.
		switch {
		case v.Method != "":
		case v.Record != nil:
			v.Method = diagnose.MethodDNS
		case v.Redirect != nil:
			v.Method = diagnose.MethodHTTP
		case len(v.Emails) > 0:
			v.Method = diagnose.MethodEmail
		}
		list = append(list, v)
	}
	return list
}

func record(r *types.ResourceRecord) *diagnose.Record {
	if r == nil || aws.ToString(r.Name) == "" {
		return nil
	}
	return &diagnose.Record{
		Name: canonicalName(aws.ToString(r.Name)), Type: cmp.Or(string(r.Type), "CNAME"), Value: canonicalName(aws.ToString(r.Value)),
	}
}

// partial is the certificate as far as a list tells it.
func partial(s summary) diagnose.Certificate {
	c := s.Certificate()
	c.ExportOption, c.Exported = s.exportOption, s.exported
	return c
}

// describe reads one certificate whole: its details, tags and, where the
// validation method is being changed, what that asks for. The error is
// DescribeCertificate's; the rest is noted in the certificate.
func (i *Inventory) describe(ctx context.Context, p place, arn string) (diagnose.Certificate, error) {
	client := i.client(p.account, p.region).acm
	type tagged struct {
		tags map[string]string
		err  error
	}
	tags := make(chan tagged, 1)
	go func() {
		t, err := readTags(ctx, client, arn)
		tags <- tagged{t, err}
	}()
	out, err := client.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: aws.String(arn)})
	labels := <-tags
	switch {
	case err != nil:
		return diagnose.Certificate{}, err
	case out.Certificate == nil || out.Certificate.CertificateArn == nil:
		return diagnose.Certificate{}, errEmpty
	}
	c := certificate(out.Certificate, p)
	c.Tags = labels.tags
	if labels.err != nil {
		u := i.unseen(ctx, labels.err, "acm:ListTagsForCertificate", p)
		u.What = "the certificate's tags"
		c.Unseen = append(c.Unseen, u)
	}
	if c.Update != nil || wantsEmails(&c) {
		i.readValidations(ctx, client, p, &c)
	}
	return c, nil
}

func readTags(ctx context.Context, client *acm.Client, arn string) (map[string]string, error) {
	out, err := client.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: aws.String(arn)})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, t := range out.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

// wantsEmails reports whether a certificate validated by e-mail lacks the
// addresses, which ListCertificateDomainValidations may have.
func wantsEmails(c *diagnose.Certificate) bool {
	return c.ValidationMethod == diagnose.MethodEmail &&
		slices.ContainsFunc(c.Issuance, func(v diagnose.NameValidation) bool { return len(v.Emails) == 0 })
}

// readValidations adds what ListCertificateDomainValidations tells: what an
// update asks for, and addresses that are missing.
func (i *Inventory) readValidations(ctx context.Context, client *acm.Client, p place, c *diagnose.Certificate) {
	pages := acm.NewListCertificateDomainValidationsPaginator(client, &acm.ListCertificateDomainValidationsInput{CertificateArn: aws.String(c.ARN)},
		func(o *acm.ListCertificateDomainValidationsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			// The addresses are a courtesy; what an update asks for is not.
			if c.Update != nil {
				u := i.unseen(ctx, err, "acm:ListCertificateDomainValidations", p)
				u.What = "the records that the change of the validation method asks for"
				c.Unseen = append(c.Unseen, u)
			}
			return
		}
		for _, s := range page.DomainValidationSummaryList {
			name := canonicalName(aws.ToString(s.DomainName))
			if active := configuration(name, s.ActiveValidationConfiguration); active != nil {
				for n := range c.Issuance {
					if v := &c.Issuance[n]; v.Name == name && len(v.Emails) == 0 && v.Method == diagnose.MethodEmail {
						v.Emails = active.Emails
						v.ValidationDomain = cmp.Or(v.ValidationDomain, active.ValidationDomain)
					}
				}
			}
			if asked := configuration(name, s.RequestedValidationConfiguration); asked != nil && c.Update != nil {
				c.Update.Names = append(c.Update.Names, *asked)
			}
		}
	}
}

func configuration(name string, c *types.ValidationConfiguration) *diagnose.NameValidation {
	if c == nil {
		return nil
	}
	v := &diagnose.NameValidation{Name: name, Method: string(c.ValidationMethod), Status: string(c.ValidationStatus)}
	switch challenge := c.ValidationChallenge.(type) {
	case *types.ValidationChallengeMemberDnsValidationChallenge:
		v.Record = record(challenge.Value.ResourceRecord)
	case *types.ValidationChallengeMemberEmailValidationChallenge:
		v.Emails = challenge.Value.ValidationEmails
		v.ValidationDomain = canonicalName(aws.ToString(challenge.Value.ValidationDomain))
	}
	return v
}
