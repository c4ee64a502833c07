package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A CauseID is the stable, kebab-case name of a cause. Ids are an API: they
// appear in JSON, metrics and tests, and never change.
type CauseID string

// A Cause is an entry of the catalogue: a value, not logic. Its prose lives
// here and nowhere else.
type Cause struct {
	ID    CauseID
	Title string // one line, fit to stand after a colon
	// Meaning is what it means in general, for the table of causes.
	Meaning  string
	Severity Severity
	Owner    Owner
	// Explains are causes that are consequences of this one where both are found
	// for the same names; Implies are those that are so even where they are not
	// found.
	Explains, Implies []CauseID
	// WholeZone says that it breaks all there is in a zone, so that it is named
	// before what breaks one record of it.
	WholeZone bool
	Text      func(a Args) string
	Fix       func(a Args) Remedy // nil where nothing is to be done
	Sources   []Source
}

// Args are what a cause's text and remedy are made from. Each cause uses those
// it needs.
type Args struct {
	Cert   *Certificate
	At     time.Time
	State  State
	Names  []string // of the certificate
	Record Record   // that ACM asks for
	Zone   string
	Host   Host
	// Present are the records that stand where they should not, or are wrong.
	Present []RR
	// Where is another name: the doubled one, the ancestor that has the CAA
	// record, the broken link of a chain.
	Where string
	// Servers are the servers at fault, in words; Good and Total count
	// servers.
	Servers     []string
	Good, Total int
	Detail      string
	Reason      string // ACM's FailureReason or RenewalStatusReason
	Emails      []string
	Since       time.Time
	Wait        time.Duration
	Zones       []HostedZone
	Authority   *Authority
	NameServers []string
	Wildcard    bool
	NoAddress   bool // the name has no address to fetch anything from
}

// find makes a finding of the cause. Names are those of args.
func (c *Cause) find(args Args, confidence Confidence, evidence ...Evidence) Finding {
	f := Finding{
		Cause: c.ID, Title: c.Title, Severity: c.Severity, Confidence: confidence, Owner: c.Owner,
		Names: args.Names, Text: c.Text(args), Evidence: evidence, Sources: c.Sources,
	}
	if c.Fix != nil {
		f.Remedy = c.Fix(args)
	}
	return f
}

// explains reports whether the other cause is a consequence of this one where
// both are found.
func (c *Cause) explains(other CauseID) bool {
	return slices.Contains(c.Explains, other) || slices.Contains(c.Implies, other) ||
		other == "failed" && slices.Contains(obstacles, c)
}

// obstacles are what can keep ACM from validating the names or from issuing:
// each explains that it gave up.
var obstacles = slices.Concat(recordCauses, zoneCauses, dnssecCauses, caaCauses, emailCauses, httpCauses, authorityCauses, refusalCauses)

var catalogue = slices.Concat(lifeCauses, designCauses, obstacles, servedCauses, scopeCauses)

var byID = func() map[CauseID]*Cause {
	m := map[CauseID]*Cause{}
	for _, c := range catalogue {
		if m[c.ID] != nil {
			panic("diagnose: cause " + string(c.ID) + " stands in the catalogue twice")
		}
		m[c.ID] = c
	}
	return m
}()

// CauseOf returns the catalogue's entry of an id, nil where there is none.
func CauseOf(id CauseID) *Cause {
	return byID[id]
}

// Catalogue lists every cause, in the order of the table in the README.
func Catalogue() []*Cause { return catalogue }

// code marks text as a code span.
func code(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return "`" + strings.ReplaceAll(s, "`", "'") + "`"
}

func codes(list []string) string {
	marked := make([]string, len(list))
	for i, s := range list {
		marked[i] = code(s)
	}
	return conjoin(marked)
}

// some names a list's first few entries in code, and counts the rest.
func some(list []string) string {
	const few = 4
	if len(list) <= few+1 {
		return codes(list)
	}
	marked := make([]string, few)
	for i := range marked {
		marked[i] = code(list[i])
	}
	return fmt.Sprintf("%s and %d more", strings.Join(marked, ", "), len(list)-few)
}

func conjoin(list []string) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return list[0]
	default:
		return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

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
