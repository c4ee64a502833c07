package world

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// homeRegion is the region that certificates are in where none is named.
const homeRegion = "eu-west-1"

// A Certificate is one certificate as a world describes it. What is left out
// is filled in as ACM would have it; values that ACM has a word for are in
// ACM's spelling.
type Certificate struct {
	// As is what the other sections call it; its first name where empty.
	As string `yaml:"as"`
	// Name is short for Names with one name. The first name is the domain
	// name; names may count.
	Name  string `yaml:"name"`
	Names List   `yaml:"names"`

	Account string `yaml:"account"` // 111122223333 where empty
	Region  string `yaml:"region"`  // eu-west-1 where empty
	ID      string `yaml:"id"`      // the last part of the ARN; derived from names, account and region where empty

	Type string `yaml:"type"` // AMAZON_ISSUED where empty
	// Status is EXPIRED, REVOKED or FAILED where Expires has passed or Revoked
	// or Failure is set, else ISSUED, where empty.
	Status string `yaml:"status"`
	Method string `yaml:"method"` // of validation; DNS where empty
	Key    string `yaml:"key"`    // RSA_2048 where empty
	Origin string `yaml:"origin"` // of the key pair
	// ACME marks a certificate that an ACME client manages.
	ACME bool `yaml:"acme"`
	// Authority is an entry of authorities.yaml, or an ARN; it makes the
	// certificate private.
	Authority string `yaml:"authority"`

	// Issued and Expires are NotBefore and NotAfter. Each follows from the
	// other and Validity; a certificate with neither was issued 30 days ago.
	Issued   *Moment `yaml:"issued"`
	Expires  *Moment `yaml:"expires"`
	Validity Span    `yaml:"validity"` // 198 days where 0, 395 for private ones
	Created  *Moment `yaml:"created"`
	Imported *Moment `yaml:"imported"`
	Revoked  *Moment `yaml:"revoked"`

	RevocationReason string `yaml:"revocation reason"`
	// Failure is the FailureReason of a certificate that was never issued.
	Failure string `yaml:"failure"`

	// UsedBy are ARNs, or the words alb, nlb, cloudfront, apigateway and
	// nothing. An issued certificate is used by a load balancer where it is
	// left out.
	UsedBy      List   `yaml:"used by"`
	Export      string `yaml:"export"` // the option: ENABLED or DISABLED
	Exported    bool   `yaml:"exported"`
	Eligibility string `yaml:"eligibility"` // computed as ACM does where empty
	ManagedBy   string `yaml:"managed by"`

	Renewal *Renewal `yaml:"renewal"`
	Update  *Update  `yaml:"update"`
	// Issuance overrides the names' validation status in the first issuance.
	Issuance map[string]string `yaml:"issuance"`
	// ValidationDomain is where the mail for a name goes, by name.
	ValidationDomain map[string]string `yaml:"validation domain"`
	// Emails override the five addresses that ACM writes to, by name.
	Emails map[string]List `yaml:"emails"`
	// Records override the CNAME records that ACM asks for, by name. One
	// without a name stands for none: ACM gives no record yet.
	Records map[string]diagnose.Record `yaml:"records"`

	Subject string            `yaml:"subject"`
	Issuer  string            `yaml:"issuer"`
	Serial  string            `yaml:"serial"` // hexadecimal; derived from the ARN and the validity where empty
	Tags    map[string]string `yaml:"tags"`
}

// A Renewal is the state of managed renewal. In a file, a status alone stands
// for the whole. Names that are not listed have the state that goes with the
// status: SUCCESS in a renewal with SUCCESS, or where others are listed, and
// the renewal's own state otherwise.
type Renewal struct {
	Status    string  `yaml:"status"`
	Reason    string  `yaml:"reason"`
	Updated   *Moment `yaml:"updated"`
	Pending   List    `yaml:"pending"`
	Failed    List    `yaml:"failed"`
	Validated List    `yaml:"validated"`
}

// UnmarshalYAML reads a status or the whole.
func (r *Renewal) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		r.Status = node.Value
		return nil
	}
	type plain Renewal
	return strict(node, (*plain)(r))
}

// An Update is a switch from e-mail to DNS validation. In a file, a status
// alone stands for the whole.
type Update struct {
	Status    string  `yaml:"status"`
	Requested *Moment `yaml:"requested"`
	Validated List    `yaml:"validated"`
}

// UnmarshalYAML reads a status or the whole.
func (u *Update) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		u.Status = node.Value
		return nil
	}
	type plain Update
	return strict(node, (*plain)(u))
}

// strict decodes a node and refuses unknown keys, which Node.Decode does not.
func strict(node *yaml.Node, into any) error {
	text, err := yaml.Marshal(node)
	if err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	if err := decode(string(text), into); err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	return nil
}

func (w *World) completeCertificates() error {
	times := map[string]int{}
	labels := map[string]bool{}
	for i, c := range w.Certificates {
		if c.Name != "" {
			c.Names = append(List{c.Name}, c.Names...)
		}
		var names []string
		for _, name := range c.Names {
			names = append(names, count(name)...)
		}
		if c.Names = names; len(names) == 0 {
			return fmt.Errorf("certificates.yaml: certificate %d has no name", i+1)
		}
		c.Name = names[0]
		if c.Account == "" {
			c.Account = home
		}
		if c.Region == "" {
			c.Region = homeRegion
		}
		if c.ID == "" {
			seed := strings.Join(append([]string{c.Account, c.Region}, names...), " ")
			times[seed]++
			c.ID = uuid(fmt.Sprint(seed, times[seed]))
		}
		if c.As == "" {
			if c.As = c.Name; labels[c.As] {
				c.As = c.ID
			}
		}
		if labels[c.As] {
			return fmt.Errorf("certificates.yaml: two certificates are called %q", c.As)
		}
		labels[c.As] = true
		if err := c.complete(w); err != nil {
			return fmt.Errorf("certificates.yaml: %s: %w", c.As, err)
		}
	}
	return nil
}

func (c *Certificate) complete(w *World) error {
	if c.Authority != "" && !strings.HasPrefix(c.Authority, "arn:") {
		i := slices.IndexFunc(w.Authorities, func(a *Authority) bool { return a.Name == c.Authority })
		if i < 0 {
			return fmt.Errorf("there is no authority %q", c.Authority)
		}
		c.Authority = w.Authorities[i].ARN()
	}
	if c.Type == "" {
		if c.Type = diagnose.TypeAmazonIssued; c.Authority != "" {
			c.Type = diagnose.TypePrivate
		}
	}
	if c.Method == "" && c.Type == diagnose.TypeAmazonIssued {
		c.Method = diagnose.MethodDNS
	}
	if c.ACME {
		c.Origin = diagnose.OriginACME
	}
	if c.Validity == 0 {
		if c.Validity = Span(198 * day); c.Type == diagnose.TypePrivate {
			c.Validity = Span(395 * day)
		}
	}
	if c.Status == "" {
		switch {
		case c.Failure != "":
			c.Status = diagnose.StatusFailed
		case c.Revoked != nil:
			c.Status = diagnose.StatusRevoked
		case c.Expires != nil && c.Expires.In(time.Time{}).Before(time.Time{}):
			c.Status = diagnose.StatusExpired
		default:
			c.Status = diagnose.StatusIssued
		}
	}
	if len(c.UsedBy) == 0 && c.everIssued() && !c.ACME && c.Status != diagnose.StatusRevoked {
		c.UsedBy = List{"alb"}
	}
	for i, user := range c.UsedBy {
		if user != "nothing" && !strings.HasPrefix(user, "arn:") {
			arn, ok := c.resource(user)
			if !ok {
				return fmt.Errorf("used by %q, which is neither an ARN nor alb, nlb, cloudfront, apigateway or nothing", user)
			}
			c.UsedBy[i] = arn
		}
	}
	if slices.Contains(c.UsedBy, "nothing") {
		c.UsedBy = nil
	}
	known := func(names ...string) error {
		for _, name := range names {
			if !slices.Contains(c.Names, name) {
				return fmt.Errorf("%s is none of its names", name)
			}
		}
		return nil
	}
	if r := c.Renewal; r != nil {
		for _, list := range []*List{&r.Pending, &r.Failed, &r.Validated} {
			var names List
			for _, name := range *list {
				names = append(names, count(name)...)
			}
			*list = names
			if err := known(names...); err != nil {
				return fmt.Errorf("renewal: %w", err)
			}
		}
	}
	for _, names := range [][]string{
		slices.Collect(maps.Keys(c.Issuance)), slices.Collect(maps.Keys(c.ValidationDomain)),
		slices.Collect(maps.Keys(c.Emails)), slices.Collect(maps.Keys(c.Records)),
	} {
		if err := known(names...); err != nil {
			return err
		}
	}
	return nil
}

// everIssued reports whether there is an X.509 certificate.
func (c *Certificate) everIssued() bool {
	switch c.Status {
	case diagnose.StatusPendingValidation, diagnose.StatusFailed, diagnose.StatusValidationTimedOut:
		return false
	}
	return true
}

// ARN is the certificate's Amazon Resource Name.
func (c *Certificate) ARN() string {
	return "arn:aws:acm:" + c.Region + ":" + c.Account + ":certificate/" + c.ID
}

// resource makes up the ARN of something that uses the certificate.
func (c *Certificate) resource(kind string) (string, bool) {
	label, _, _ := strings.Cut(strings.TrimPrefix(c.Name, "*."), ".")
	id := digest(c.ARN())
	switch kind {
	case "alb":
		return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:loadbalancer/app/%s/%s", c.Region, c.Account, label, id[:16]), true
	case "nlb":
		return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:loadbalancer/net/%s/%s", c.Region, c.Account, label, id[:16]), true
	case "cloudfront":
		return fmt.Sprintf("arn:aws:cloudfront::%s:distribution/E%s", c.Account, strings.ToUpper(id[:13])), true
	case "apigateway":
		// Regional API Gateway domains stand behind a load balancer in an
		// account of AWS's own.
		return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:444455556666:loadbalancer/app/prod-%s-cdtls-1/%s", c.Region, c.Region, id[:16]), true
	}
	return "", false
}

// validity is NotBefore and NotAfter in a world that started at now: from
// midnight to the last second of a day, as ACM issues, unless the file is more
// exact than a day.
func (c *Certificate) validity(now time.Time) (notBefore, notAfter time.Time) {
	length := time.Duration(c.Validity)
	switch {
	case c.Expires == nil && c.Issued == nil:
		notBefore = now.Add(-30 * day).Truncate(day)
		return notBefore, notBefore.Add(length - time.Second)
	case c.Expires == nil:
		notBefore = c.Issued.wholeDay(now, 0)
		return notBefore, notBefore.Add(length - time.Second)
	}
	notAfter = c.Expires.wholeDay(now, day-time.Second)
	if c.Issued == nil {
		return notAfter.Add(time.Second - length), notAfter
	}
	return c.Issued.wholeDay(now, 0), notAfter
}

// serialNumber is the serial number of the X.509 certificate, 128 bits of which
// the first four are zero, as is often so with Amazon's.
func (c *Certificate) serialNumber() *big.Int {
	text := c.Serial
	if text == "" {
		text = "0" + digest("serial", c.ARN())[:31]
	}
	n, ok := new(big.Int).SetString(strings.ReplaceAll(text, ":", ""), 16)
	if !ok {
		n = big.NewInt(1)
	}
	return n
}

// acm is the certificate as the AWS API holds it.
func (c *Certificate) acm(now time.Time) *awsapi.Certificate {
	now = now.UTC().Truncate(time.Second)
	a := &awsapi.Certificate{
		ARN: c.ARN(), DomainName: c.Name, SubjectAlternativeNames: c.Names,
		Type: c.Type, Status: c.Status, ValidationMethod: c.Method,
		KeyPairOrigin: c.Origin, ManagedBy: c.ManagedBy,
		Export: c.Export, Exported: c.Exported, InUseBy: c.UsedBy, RenewalEligibility: c.Eligibility,
		FailureReason: c.Failure, RevocationReason: c.RevocationReason,
		Subject: c.Subject, Issuer: c.Issuer, KeyAlgorithm: c.Key,
		CertificateAuthorityARN: c.Authority, Tags: c.Tags,
	}
	if a.Export == "" && c.Type != diagnose.TypeImported {
		a.Export = "DISABLED"
	}
	if a.Export != "" {
		a.Transparency = "ENABLED"
	}
	if c.ACME {
		a.ACMEEndpointARN = fmt.Sprintf("arn:aws:acm:%s:%s:acme-endpoint/%s", c.Region, c.Account, uuid("acme endpoint", c.Account, c.Region))
		a.ACMEAccountID = uuid("acme account", c.Account, c.Region)
	}
	if a.Issuer == "" && c.everIssued() {
		switch c.Type {
		case diagnose.TypeAmazonIssued:
			a.Issuer = "Amazon"
		case diagnose.TypePrivate:
			a.Issuer = "Internal Services CA"
		default:
			a.Issuer = "Let's Encrypt"
		}
	}

	a.CreatedAt = now.Add(-36 * time.Hour)
	if c.Status == diagnose.StatusPendingValidation {
		a.CreatedAt = now.Add(-2 * time.Hour)
	}
	if c.Status == diagnose.StatusValidationTimedOut {
		a.CreatedAt = now.Add(-96 * time.Hour)
	}
	if c.everIssued() {
		a.NotBefore, a.NotAfter = c.validity(now)
		a.Serial = colons(c.serialNumber())
		a.SignatureAlgorithm = "SHA256WITHRSA"
		a.KeyUsages = []string{"DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"}
		a.ExtendedKeyUsages = []string{"TLS_WEB_SERVER_AUTHENTICATION"}
		a.CreatedAt = a.NotBefore.Add(9 * time.Hour)
		if c.Type == diagnose.TypeImported {
			a.ImportedAt = a.CreatedAt
		} else {
			a.IssuedAt = a.CreatedAt.Add(3 * time.Minute)
		}
	}
	if c.Created != nil {
		a.CreatedAt = c.Created.In(now)
	}
	if c.Imported != nil {
		a.ImportedAt = c.Imported.In(now)
	}
	if c.Revoked != nil {
		a.RevokedAt = c.Revoked.In(now)
	}

	if c.Type == diagnose.TypeAmazonIssued && !c.ACME {
		for _, name := range c.Names {
			status := c.Issuance[name]
			if status == "" {
				switch c.Status {
				case diagnose.StatusPendingValidation:
					status = diagnose.NamePending
				case diagnose.StatusFailed, diagnose.StatusValidationTimedOut:
					status = diagnose.NameFailed
				default:
					status = diagnose.NameSuccess
				}
			}
			a.DomainValidationOptions = append(a.DomainValidationOptions, c.validation(name, status))
		}
	}
	if r := c.Renewal; r != nil {
		a.Renewal = &awsapi.RenewalSummary{
			RenewalStatus: r.Status, RenewalStatusReason: r.Reason, UpdatedAt: now.Add(-6 * time.Hour),
		}
		switch {
		case r.Updated != nil:
			a.Renewal.UpdatedAt = r.Updated.In(now)
		case r.Status == diagnose.RenewalSuccess:
			a.Renewal.UpdatedAt = a.CreatedAt
		case c.Status == diagnose.StatusExpired:
			a.Renewal.UpdatedAt = a.NotAfter.Add(-30 * time.Minute)
		}
		if c.Type == diagnose.TypeAmazonIssued {
			for _, name := range c.Names {
				a.Renewal.DomainValidationOptions = append(a.Renewal.DomainValidationOptions, c.validation(name, r.of(name)))
			}
		}
	}
	if u := c.Update; u != nil {
		a.Update = &awsapi.UpdateSummary{
			Status: u.Status, From: diagnose.MethodEmail, To: diagnose.MethodDNS, RequestedAt: now.Add(-day), UpdatedAt: now.Add(-6 * time.Hour),
		}
		if u.Requested != nil {
			a.Update.RequestedAt = u.Requested.In(now)
			a.Update.UpdatedAt = a.Update.RequestedAt
		}
		for _, name := range c.Names {
			v := awsapi.ValidationRecord(c.Account, name)
			v.ValidationStatus = diagnose.NamePending
			switch {
			case slices.Contains(u.Validated, name), u.Status == "SUCCESS":
				v.ValidationStatus = diagnose.NameSuccess
			case u.Status == "FAILED":
				v.ValidationStatus = diagnose.NameFailed
			}
			a.Requested = append(a.Requested, v)
		}
	}
	return a
}

// of is the state of one name.
func (r *Renewal) of(name string) string {
	switch {
	case slices.Contains(r.Pending, name):
		return diagnose.NamePending
	case slices.Contains(r.Failed, name):
		return diagnose.NameFailed
	case slices.Contains(r.Validated, name):
		return diagnose.NameSuccess
	case r.Status == diagnose.RenewalSuccess, len(r.Pending)+len(r.Failed) > 0:
		return diagnose.NameSuccess
	case r.Status == diagnose.RenewalFailed:
		return diagnose.NameFailed
	}
	return diagnose.NamePending
}

func (c *Certificate) validation(name, status string) awsapi.DomainValidation {
	v := awsapi.DomainValidation{
		DomainName: name, ValidationMethod: c.Method, ValidationStatus: status, ValidationDomain: name,
	}
	switch c.Method {
	case diagnose.MethodDNS:
		v = awsapi.ValidationRecord(c.Account, name)
		v.ValidationStatus = status
		if r, ok := c.Records[name]; ok {
			v.RecordName, v.RecordType, v.RecordValue = dotted(r.Name), r.Type, dotted(r.Value)
		}
	case diagnose.MethodHTTP:
		r := redirect(c.Account, name)
		v.RedirectFrom, v.RedirectTo = r.From, r.To
	case diagnose.MethodEmail:
		if domain := c.ValidationDomain[name]; domain != "" {
			v.ValidationDomain = domain
		}
		// Source of the five addresses, and of what is stripped: "AWS
		// Certificate Manager email validation"
		// (https://docs.aws.amazon.com/acm/latest/userguide/email-validation.html).
		at := strings.TrimPrefix(strings.TrimPrefix(v.ValidationDomain, "*."), "www.")
		for _, box := range []string{"admin", "administrator", "hostmaster", "postmaster", "webmaster"} {
			v.ValidationEmails = append(v.ValidationEmails, box+"@"+at)
		}
		if emails, ok := c.Emails[name]; ok {
			v.ValidationEmails = emails
		}
	}
	return v
}

func dotted(name string) string {
	if name == "" || strings.HasSuffix(name, ".") {
		return name
	}
	return name + "."
}

// colons writes a serial number as ACM does: bytes in hexadecimal with colons.
func colons(n *big.Int) string {
	var parts []string
	for _, b := range n.Bytes() {
		parts = append(parts, hex.EncodeToString([]byte{b}))
	}
	return strings.Join(parts, ":")
}

// digest is 64 hexadecimal digits that follow from the parts.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

func uuid(parts ...string) string {
	d := digest(parts...)
	return d[:8] + "-" + d[8:12] + "-4" + d[13:16] + "-9" + d[17:20] + "-" + d[20:32]
}
