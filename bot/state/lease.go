package state

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"
)

// keepLease is how long the token of a lease is remembered after the lease has
// ended, so that the next one's is greater. Versions grow with time, so it
// would be greater after that as well unless clocks go back.
const keepLease = 30 * 24 * time.Hour

// mostAhead is how many times as long as a lease is asked for another one may
// still last.
const mostAhead = 10

// A Lease is the right to do a thing alone for a while.
type Lease struct {
	Key   Key
	Owner string
	// Token is greater than that of every earlier lease of the key. Who
	// may have lost a lease without knowing (a stopped process, a slow
	// network) is kept from doing harm by storing the token with what is
	// done under the lease and refusing a smaller one (see Fence).
	Token int64
	// Until is when the lease ends by itself.
	Until time.Time
}

// A HeldError tells that somebody else has the lease.
type HeldError struct {
	Key   Key
	Owner string
	Until time.Time
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is claimed by %s until %s", e.Key, e.Owner, e.Until.Format(time.RFC3339))
}

// ErrLost is returned for a lease that has ended or passed to somebody else.
var ErrLost = errors.New("the lease was lost")

type leaseValue struct {
	Owner string    `json:"owner"`
	Token int64     `json:"token"`
	Until time.Time `json:"until"`
}

// NewOwner is an owner for Claim, unlike that of any other process or call; it
// names this machine and process for those who read logs.
func NewOwner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
}

// Claim gets the lease of a key for a while, if nobody else has it: else a
// *HeldError. Who has it already gets it with the same token and the new end,
// so Claim also prolongs. Between replicas, the clocks that now comes from
// should agree to well within d.
//
// The item under the key is the lease's alone: keep anything else under
// another.
func Claim(ctx context.Context, s Store, key Key, owner string, now time.Time, d time.Duration) (Lease, error) {
	lease := Lease{Key: key, Owner: owner, Until: Millisecond(now.Add(d))}
	if owner == "" || d <= 0 {
		return Lease{}, fmt.Errorf("%w: a lease needs an owner and a duration", ErrInvalid)
	}
	err := UpdateRecord(ctx, s, key, func(r *Record[leaseValue]) error {
		v := &r.Value
		// One that ends later than any does is of a clock that was put back.
		held := v.Owner != "" && now.Before(v.Until) && v.Until.Sub(now) <= mostAhead*d
		switch {
		case held && v.Owner != owner:
			return &HeldError{Key: key, Owner: v.Owner, Until: v.Until}
		case !held:
			v.Token = Next(max(v.Token, r.Version), now)
		}
		v.Owner, v.Until = owner, lease.Until
		lease.Token = v.Token
		r.Expires = lease.Until.Add(keepLease)
		return nil
	})
	if err != nil {
		return Lease{}, err
	}
	return lease, nil
}

// Release ends a lease early. ErrLost if it was lost before, which harms
// nothing by then.
func Release(ctx context.Context, s Store, lease Lease) error {
	return Update(ctx, s, lease.Key, func(v *leaseValue) error {
		if v.Owner != lease.Owner || v.Token != lease.Token {
			return fmt.Errorf("releasing %s: %w", lease.Key, ErrLost)
		}
		v.Owner, v.Until = "", time.Time{}
		return nil
	})
}

// Fence notes the lease's token in what is done under it, and returns ErrLost
// if a later lease was there before. Call it from the function given to
// Update, on a field of the record:
//
//	state.Update(ctx, store, key, func(d *Digest) error {
//		if err := lease.Fence(&d.Token); err != nil {
//			return err
//		}
//		d.Posted = true
//		return nil
//	})
func (l Lease) Fence(token *int64) error {
	if *token > l.Token {
		return fmt.Errorf("writing under %s: %w", l.Key, ErrLost)
	}
	*token = l.Token
	return nil
}
