package awsapi

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Fault makes some calls go wrong. The zero fields match everything; faults
// are tried in the order in which they were injected, and the first that
// answers ends the call.
type Fault struct {
	// Which calls: the service as requests are signed for it ("acm", "sts",
	// "route53", "acm-pca", "sqs"), the action's name, the account and the region
	// of the credentials.
	Service, Action, Account, Region string
	// First limits the fault to the first so many calls that match.
	First int
	// PerSecond spares the calls up to this rate.
	PerSecond float64

	// Delay is waited before anything else.
	Delay time.Duration
	// Hang gives no answer until the client goes away.
	Hang bool
	// Error is answered in the service's own envelope.
	Error *Error
	// Status and Body are answered as they are, where Status is set.
	Status int
	Body   string

	mu      sync.Mutex
	matched int
	limiter *rate.Limiter
}

// An Error is an AWS error answer.
type Error struct {
	Status  int // 400 where 0
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Throttle is the error for too many calls.
func Throttle() *Error {
	return &Error{Status: 400, Code: "ThrottlingException", Message: "Rate exceeded"}
}

// Unavailable is the error of a service that is down.
func Unavailable() *Error {
	return &Error{Status: 503, Code: "ServiceUnavailable", Message: "The service is unavailable. Please try again shortly."}
}

// Unknown is the error for an action that the service does not have.
func Unknown() *Error {
	return &Error{Status: 400, Code: "UnknownOperationException"}
}

func (f *Fault) applies(c Call) bool {
	match := func(want, got string) bool { return want == "" || want == got }
	if !match(f.Service, c.Service) || !match(f.Action, c.Action) || !match(f.Account, c.Account) || !match(f.Region, c.Region) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.matched++
	if f.First > 0 && f.matched > f.First {
		return false
	}
	if f.PerSecond > 0 {
		if f.limiter == nil {
			f.limiter = rate.NewLimiter(rate.Limit(f.PerSecond), int(math.Ceil(f.PerSecond)))
		}
		return !f.limiter.Allow()
	}
	return true
}
