package alert

import (
	"slices"
	"time"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose"
)

// A Status is how a certificate is, in a word.
type Status string

// The statuses: those of trouble, the mildest first, and those without.
const (
	Unknown Status = ""        // nothing was seen that tells
	Ending  Status = "ending"  // few days are left, and it is not renewed
	Pending Status = "pending" // its renewal waits for somebody
	Failed  Status = "failed"  // its renewal has failed
	Expired Status = "expired" // while a service uses it
	Revoked Status = "revoked" // while a service uses it

	Well      Status = "well"      // no trouble, though it was not renewed
	Renewed   Status = "renewed"   // valid for longer than it was
	Gone      Status = "gone"      // ACM has it no more
	Elsewhere Status = "elsewhere" // another channel's now
)

// rank orders the statuses of trouble, the gravest highest; 0 is none.
func (s Status) rank() int {
	return 1 + slices.Index([]Status{Ending, Pending, Failed, Expired, Revoked}, s)
}

// Trouble reports whether somebody has to do something.
func (s Status) Trouble() bool { return s.rank() > 0 }

// A Sight is what one look shows of one certificate.
type Sight struct {
	digest.Item
	Status Status
	// Presumed is the status that its listing suggests, which was not looked
	// into.
	Presumed Status
	// Events are what ACM has told of it since the last look.
	Events []diagnose.EventKind
	// Sent is when it told the latest of them.
	Sent time.Time
	// Snoozed says that nobody wants to hear of it as it is.
	Snoozed bool
	// Basis is what its listing tells that may change its status.
	Basis string

	mark int
}

const (
	day = 24 * time.Hour
	// expiredWindow is how long after its end a certificate in use gets into an
	// incident: older ones are in the digests.
	expiredWindow = 30 * day
	// noMark is the mark of a certificate with more days left than any
	// threshold.
	noMark = 1 << 20
)

// mark is the lowest threshold that the days left have reached.
func mark(left *int, thresholds []int) int {
	m := noMark
	if left == nil {
		return m
	}
	for _, t := range thresholds {
		if *left <= t {
			m = min(m, t)
		}
	}
	return m
}

// May reports whether a listed certificate may be worth an alert, so that it has
// to be looked at: not for more than its listing tells.
func May(c *diagnose.Listed, at time.Time, thresholds []int) bool {
	near := mark(c.DaysLeft(at), thresholds) < noMark
	switch c.State(at) {
	case diagnose.StatePending:
		return true
	case diagnose.StateInRenewal:
		return near || !c.Detailed // it may be pending
	case diagnose.StateNever:
		return near && counts(c)
	case diagnose.StateExpired:
		return c.InUse && at.Sub(c.NotAfter) < expiredWindow
	case diagnose.StateRevoked:
		return c.InUse && at.Before(c.NotAfter)
	default:
		return false
	}
}

// counts reports whether something may use a certificate that ACM does not
// renew. Of a private one nothing is known to, and still something may.
func counts(c *diagnose.Listed) bool { return c.InUse || c.Type == diagnose.TypePrivate }

// See is what a look shows: the listing and, where it was diagnosed, the report.
func See(o digest.Owned, r *diagnose.Report, at time.Time, thresholds []int) Sight {
	s := Sight{Item: digest.ItemOf(o, r, at), Basis: Basis(o.Listed, at, thresholds)}
	s.mark = mark(s.DaysLeft, thresholds)
	near := s.mark < noMark
	used, renewal := o.InUse, o.RenewalStatus
	if r != nil {
		used = r.Certificate.InUse()
		if r.Certificate.Renewal != nil {
			renewal = r.Certificate.Renewal.Status
		}
	}
	s.InUse = used
	pending := Pending
	if renewal == diagnose.RenewalFailed {
		pending = Failed
	}
	one := func(trouble bool, status Status) {
		s.Status = Well
		if trouble {
			s.Status = status
		}
		s.Presumed = s.Status
	}
	switch s.State {
	case diagnose.StateExpired:
		one(used, Expired)
	case diagnose.StateRevoked:
		one(used, Revoked)
	case diagnose.StatePending:
		switch {
		case r == nil && near:
			one(true, Ending)
		case r == nil:
			s.Presumed = pending // whether somebody has to act, or just to wait, is not known
		case s.Hurts():
			one(true, pending)
		default:
			one(near, Ending)
		}
	case diagnose.StateInRenewal:
		if one(near, Ending); r == nil && !o.Detailed && !near {
			s.Status, s.Presumed = Unknown, Unknown
		}
	case diagnose.StateNever:
		one(near && (used || o.Type == diagnose.TypePrivate), Ending)
	case diagnose.StateNotDue, diagnose.StateRenewed:
		one(false, Unknown)
	}
	return s
}

// Basis is what of a listing tells that a look may show something new.
func Basis(c *diagnose.Listed, at time.Time, thresholds []int) string {
	b := string(c.State(at)) + " " + c.Status + " " + c.RenewalStatus + " " + c.NotAfter.UTC().Format(time.RFC3339)
	if c.InUse {
		b += " used"
	}
	if m := mark(c.DaysLeft(at), thresholds); m < noMark {
		b += " " + time.Duration(m*int(day)).String()
	}
	return b
}

// confirmed reports whether an event has told the status that a look shows.
func confirmed(events []diagnose.EventKind, s Status) bool {
	for _, kind := range events {
		ok := false
		switch kind {
		case diagnose.EventActionRequired:
			ok = s == Pending || s == Failed || s == Ending
		case diagnose.EventExpired:
			ok = s == Expired
		case diagnose.EventRevoked:
			ok = s == Revoked
		case diagnose.EventApproachingExpiration:
			ok = s == Ending
		case diagnose.EventAvailable, diagnose.EventRotated:
			ok = s == Renewed
		}
		if ok {
			return true
		}
	}
	return false
}

// newsFor is for how long what ACM has told is news of its own, whether or not
// somebody has looked before.
const newsFor = time.Hour

// news reports whether ACM has just told of the trouble that a look shows. That
// an end draws near it tells each day.
func (s *Sight) news(at time.Time) bool {
	told := slices.DeleteFunc(slices.Clone(s.Events), func(k diagnose.EventKind) bool { return k == diagnose.EventApproachingExpiration })
	return s.Status.Trouble() && !s.Snoozed && at.Sub(s.Sent).Abs() <= newsFor && confirmed(told, s.Status)
}

// ListedOf is a described certificate as a listing has it.
func ListedOf(c *diagnose.Certificate) diagnose.Listed {
	l := diagnose.Listed{
		CertificateRef: c.Ref(), Names: c.Names, KeyPairOrigin: c.KeyPairOrigin, ManagedBy: c.ManagedBy,
		ValidationMethod: c.ValidationMethod, Eligibility: c.Eligibility, Detailed: true, NotBefore: c.NotBefore, Tags: c.Tags,
	}
	if c.Renewal != nil {
		l.RenewalStatus = c.Renewal.Status
	}
	return l
}
