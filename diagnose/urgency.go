package diagnose

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// An Urgency is how soon somebody should look at a certificate, as far as ACM's
// lists tell: no DNS server was asked.
type Urgency int

// The urgencies, the most urgent first.
const (
	// UrgencyDown is a certificate in use that has expired or was revoked.
	UrgencyDown Urgency = iota
	// UrgencyWaiting is one whose renewal waits for somebody, or has failed.
	UrgencyWaiting
	// UrgencyEnding is one in use that ends soon and that ACM does not renew.
	UrgencyEnding
	// UrgencyIssuing is one whose first issuance waits for validation.
	UrgencyIssuing
	// UrgencyRenewing is one that ACM is renewing by itself, or should be.
	UrgencyRenewing
	// UrgencyOK is one with nothing to do.
	UrgencyOK
	// UrgencyIdle is one that no AWS service uses and that ACM does not renew,
	// or a request that came to nothing.
	UrgencyIdle
)

// Urgencies are all urgencies, the most urgent first.
var Urgencies = []Urgency{UrgencyDown, UrgencyWaiting, UrgencyEnding, UrgencyIssuing, UrgencyRenewing, UrgencyOK, UrgencyIdle}

// String names a group of certificates, as a heading.
func (u Urgency) String() string {
	switch u {
	case UrgencyDown:
		return "Down"
	case UrgencyWaiting:
		return "Renewal waits for somebody"
	case UrgencyEnding:
		return "Ends soon and will not renew"
	case UrgencyIssuing:
		return "Waiting for validation"
	case UrgencyRenewing:
		return "Renewing"
	case UrgencyOK:
		return "In order"
	default:
		return "Not in use"
	}
}

// endingSoon is how long before its end a certificate that is not renewed
// counts as urgent. ACM sends its own first notice 45 days before the end
// ("DaysToExpiry", AWS Certificate Manager User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/supported-events.html).
const endingSoon = 45 * 24 * time.Hour

// Urgency is how urgent the certificate is at a time.
func (l *Listed) Urgency(at time.Time) Urgency {
	switch l.State(at) {
	case StateExpired, StateRevoked:
		if !l.InUse {
			return UrgencyIdle
		}
		return UrgencyDown
	case StatePending:
		return UrgencyWaiting
	case StateNotIssued:
		if l.Status != StatusPendingValidation {
			return UrgencyIdle
		}
		return UrgencyIssuing
	case StateNever:
		switch {
		case !l.InUse:
			return UrgencyIdle
		case !l.NotAfter.IsZero() && l.NotAfter.Sub(at) <= endingSoon:
			return UrgencyEnding
		}
		return UrgencyOK
	case StateInRenewal:
		return UrgencyRenewing
	default:
		return UrgencyOK
	}
}

// DaysLeft is the whole days from a time to the certificate's end, negative
// once it has passed; nil where there is no end.
func (l *Listed) DaysLeft(at time.Time) *int {
	if l.NotAfter.IsZero() {
		return nil
	}
	days := daysUntil(at, l.NotAfter)
	return &days
}

// SortByUrgency puts the most urgent certificates first, and of those the ones
// that end first. The order is the same for the same certificates.
func SortByUrgency(list []Listed, at time.Time) {
	end := func(l *Listed) int64 {
		if l.NotAfter.IsZero() {
			return 1 << 62
		}
		return l.NotAfter.Unix()
	}
	slices.SortFunc(list, func(a, b Listed) int {
		return cmp.Or(
			cmp.Compare(a.Urgency(at), b.Urgency(at)),
			cmp.Compare(end(&a), end(&b)),
			strings.Compare(a.DomainName, b.DomainName),
			strings.Compare(a.ARN, b.ARN),
		)
	})
}
