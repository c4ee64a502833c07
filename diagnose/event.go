package diagnose

import (
	"context"
	"time"
)

// An EventKind is what an Event tells of.
type EventKind string

// The kinds of events, as EventBridge's detail-type names them ("AWS Certificate
// Manager events",
// https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-acm.html).
const (
	EventApproachingExpiration EventKind = "ACM Certificate Approaching Expiration"
	EventActionRequired        EventKind = "ACM Certificate Renewal Action Required"
	EventExpired               EventKind = "ACM Certificate Expired"
	EventAvailable             EventKind = "ACM Certificate Available"
	EventRotated               EventKind = "ACM Certificate Rotated"
	EventRevoked               EventKind = "ACM Certificate Revoked"
)

// An Event is what ACM tells about one certificate by itself, through
// EventBridge. It says that something is worth a look, not what is wrong: ACM
// delivers events with its best effort only, late, twice, and out of order.
type Event struct {
	// ID is EventBridge's id of the event; the same one delivered twice has the
	// same.
	ID      string    `json:"id"`
	Kind    EventKind `json:"kind"`
	ARN     string    `json:"arn"`
	Account string    `json:"account"`
	Region  string    `json:"region"`
	At      time.Time `json:"at"`
	// DomainName is the certificate's common name, Action what was done to it
	// (ISSUANCE, RENEWAL, IMPORT, …), Reason ACM's RenewalStatusReason; each is
	// empty where the event does not tell.
	DomainName string `json:"domain_name,omitempty"`
	Action     string `json:"action,omitempty"`
	Reason     string `json:"reason,omitempty"`
	// NotAfter is when the certificate expires, zero where not told.
	NotAfter time.Time `json:"not_after,omitzero"`
}

// An EventSource delivers events.
type EventSource interface {
	// Run hands each event to handle, several at once, until ctx ends. One that
	// handle takes without an error does not come again, as far as the source
	// can help it; one that it fails with comes again later.
	Run(ctx context.Context, handle func(context.Context, Event) error)
}
