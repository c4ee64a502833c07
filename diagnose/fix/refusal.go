package fix

import (
	"errors"
	"fmt"

	"github.com/acmbot/acmbot/diagnose/inventory"
)

// A Reason is a kind of refusal.
type Reason string

// The reasons.
const (
	// NotEnabled: the kind is switched off.
	NotEnabled Reason = "not-enabled"
	// NotPossible: acmbot cannot do it here, such as in a zone that is not in
	// a Route 53 account it reads.
	NotPossible Reason = "not-possible"
	// NotNeeded: there is nothing to mend of this kind.
	NotNeeded Reason = "not-needed"
	// Stale: the state is not what the plan shows.
	Stale Reason = "stale"
	// Unsafe: a rule forbids it, whatever the plan says.
	Unsafe Reason = "unsafe"
	// Unconfirmed: it would replace a record, and that was not confirmed.
	Unconfirmed Reason = "unconfirmed"
	// Failed: AWS did not do it.
	Failed Reason = "failed"
)

// A Refusal is why a fix was not made, or not to its end. Its text is a
// sentence for a person, whose code spans are in backquotes.
type Refusal struct {
	Reason Reason
	Text   string
	// Permission is the IAM action that is missing, where that is why.
	Permission string
}

func (r *Refusal) Error() string { return r.Text }

func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// failed is what AWS answered, in words.
func failed(err error) error {
	if obstacle, ok := errors.AsType[*inventory.ObstacleError](err); ok {
		return &Refusal{Reason: Failed, Text: obstacle.Detail, Permission: obstacle.Permission}
	}
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal
	}
	return &Refusal{Reason: Failed, Text: "AWS gave an answer that could not be read."}
}
