package diagnose

import "time"

// Dates and spans that AWS or the CA/Browser Forum set. They change: this file
// is the one place that knows them.

// Days before NotAfter at which ACM first tries to renew ("Renewal for domains
// validated by DNS", https://docs.aws.amazon.com/acm/latest/userguide/dns-renewal-validation.html;
// "Renewal for domains validated by email",
// https://docs.aws.amazon.com/acm/latest/userguide/email-renewal-validation.html;
// "Managed certificate renewal", https://docs.aws.amazon.com/acm/latest/userguide/renew-private-cert.html).
const (
	renewalDaysLong  = 60 // public certificates issued for about 395 days, and private ones
	renewalDaysShort = 45 // public certificates issued for about 198 days
	renewalDaysEmail = 45
	longValidity     = 250 * 24 * time.Hour // tells 395 days from 198
)

const (
	// validationHours is how long one validation request stays open ("Check a
	// certificate's renewal status",
	// https://docs.aws.amazon.com/acm/latest/userguide/check-certificate-renewal-status.html).
	validationHours = 72
	// afterFix is when ACM looks again ("Handling failures in automatic
	// certificate renewal",
	// https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-renewal.html).
	afterFix = "usually within half an hour, at most some hours"
	// privateValidity is that of what ACM issues from a private CA, 13 months
	// ("Renewal for private PKI certificates",
	// https://docs.aws.amazon.com/acm/latest/userguide/renew-private-cert.html).
	privateValidity = 395 * 24 * time.Hour
	// deploymentLag is how long the services may take to put a renewed
	// certificate in place ("Why does CloudFront still serve the old
	// certificate?",
	// https://repost.aws/knowledge-center/cloudfront-reimported-certificate).
	deploymentLag = 24 * time.Hour
)

// Spans of this program's own: how long a renewal counts as news, and how many
// days before its end another certificate that is served is worth a word.
const (
	recentRenewal      = 30 * 24 * time.Hour
	servedWorryingDays = 45
)

// E-mail validation ends ("AWS Certificate Manager will discontinue email
// validation", AWS Security Blog,
// https://aws.amazon.com/blogs/security/aws-certificate-manager-will-discontinue-email-validation-to-prove-domain-validation-for-certificates/).
var (
	emailIssuingEnds  = time.Date(2027, time.March, 31, 0, 0, 0, 0, time.UTC)
	emailRenewingEnds = time.Date(2027, time.September, 30, 0, 0, 0, 0, time.UTC)
)

// renewalWindow is how long before NotAfter ACM first tries to renew the
// certificate. The validity is read off the certificate, because it changes
// with the rules for public certificates.
func renewalWindow(c *Certificate) time.Duration {
	days := renewalDaysShort
	switch {
	case c.ValidationMethod == MethodEmail:
		days = renewalDaysEmail
	case c.Type == TypePrivate || c.Validity() > longValidity:
		days = renewalDaysLong
	}
	return time.Duration(days) * 24 * time.Hour
}

// renewalStarts is when ACM first tries to renew the certificate, zero where it
// never does or nothing is known of its end.
func renewalStarts(c *Certificate) time.Time {
	if c.NotAfter.IsZero() || c.Type == TypeImported || c.KeyPairOrigin == OriginACME {
		return time.Time{}
	}
	return c.NotAfter.Add(-renewalWindow(c))
}

// daysUntil counts whole days from one time to another, rounding towards the
// past, so that 23 hours are 0 days and an hour ago is -1.
func daysUntil(from, to time.Time) int {
	d := to.Sub(from)
	days := int(d / (24 * time.Hour))
	if d < 0 && d%(24*time.Hour) != 0 {
		days--
	}
	return days
}

// dateOf is how dates are written for people: unambiguous, in UTC.
func dateOf(t time.Time) string { return t.UTC().Format("2 January 2006") }

// momentOf is a date with its time of day.
func momentOf(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 UTC") }
