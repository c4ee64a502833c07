package watch

import (
	"slices"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

// A Seen is what a look at a certificate showed, as far as the rules ask.
type Seen struct {
	// Verdict is empty where nothing is known yet.
	Verdict diagnose.Verdict `json:"verdict,omitempty"`
	State   diagnose.State   `json:"state,omitempty"`
	// Causes are the findings' causes, without those that are mere notices, in
	// the report's order, each once.
	Causes []diagnose.CauseID `json:"causes,omitempty"`
	// NotAfter is zero for a certificate that was never issued.
	NotAfter time.Time `json:"not_after,omitzero"`
}

// See is what a report shows.
func See(r *diagnose.Report) Seen {
	s := Seen{Verdict: r.Verdict, State: r.State, NotAfter: r.Certificate.NotAfter}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity != diagnose.Notice && !slices.Contains(s.Causes, f.Cause) {
			s.Causes = append(s.Causes, f.Cause)
		}
	}
	return s
}

// Days are the whole days left at a time, negative once NotAfter has passed.
// It is false where there is no NotAfter.
func (s Seen) Days(at time.Time) (int, bool) {
	if s.NotAfter.IsZero() {
		return 0, false
	}
	left := s.NotAfter.Sub(at)
	days := int(left / (24 * time.Hour))
	if left < 0 {
		days--
	}
	return days, true
}

// thresholds are the days left at which a certificate in trouble is worth a
// word.
var thresholds = []int{1, 3, 7, 14}

// noThreshold is the mark of a certificate with more days left than any
// threshold, or with no end.
const noThreshold = 1 << 20

// mark is the lowest threshold that the days left have reached.
func mark(s Seen, at time.Time) int {
	days, ok := s.Days(at)
	if !ok {
		return noThreshold
	}
	for _, t := range thresholds {
		if days <= t {
			return t
		}
	}
	return noThreshold
}

// rank orders the verdicts, the gravest highest. A verdict that is not known
// ranks below all: it is never a change for the worse.
func rank(v diagnose.Verdict) int {
	switch v {
	case diagnose.VerdictDown:
		return 6
	case diagnose.VerdictBlocked:
		return 5
	case diagnose.VerdictWillFail:
		return 4
	case diagnose.VerdictWarning:
		return 3
	case diagnose.VerdictWaiting:
		return 2
	case diagnose.VerdictHealthy:
		return 1
	default:
		return 0
	}
}

// renewedBy is how much later a certificate must end to be another one than
// before; a button's value keeps whole seconds only.
const renewedBy = time.Hour

// renewed reports whether the certificate was renewed, or issued at last, after
// what was seen before.
func renewed(before, now Seen) bool {
	if now.NotAfter.IsZero() || now.State == diagnose.StateNotIssued {
		return false
	}
	return now.NotAfter.Sub(before.NotAfter) > renewedBy
}

// fresh are the causes that are not among the known ones.
func fresh(known, now []diagnose.CauseID) []diagnose.CauseID {
	var list []diagnose.CauseID
	for _, id := range now {
		if !slices.Contains(known, id) {
			list = append(list, id)
		}
	}
	return list
}
