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
	// EventHealth is AWS Health's word that the state of a certificate's renewal
	// has changed: that it has been renewed, has expired or is due to expire.
	// Which of these, only the text for people says.
	EventHealth EventKind = "AWS Health Event"
)

// EventKinds are the kinds that are known by name. An Event may have another
// one, which ACM has only begun to send.
func EventKinds() []EventKind {
	return []EventKind{EventApproachingExpiration, EventActionRequired, EventExpired, EventAvailable, EventRotated, EventRevoked, EventHealth}
}

// An Event is what ACM tells about one certificate by itself, through
// EventBridge. It says that something is worth a look, not what is wrong: ACM
// delivers events with its best effort only, late, twice, and out of order.
type Event struct {
	// ID is EventBridge's id of the event; the same one delivered twice has the
	// same. That of an AWS Health event is its communication's, which the copies
	// in other regions share.
	ID   string    `json:"id"`
	Kind EventKind `json:"kind"`
	// ARN is the certificate's. It is empty, as are Account and Region, where
	// something between ACM and acmbot took it out of the event; DomainName
	// tells then which certificate may be meant.
	ARN     string `json:"arn,omitempty"`
	Account string `json:"account,omitempty"`
	Region  string `json:"region,omitempty"`
	// At is when the event was sent, zero where not told.
	At time.Time `json:"at,omitzero"`
	// DomainName is the certificate's common name, Action what was done to it
	// (ISSUANCE, RENEWAL, IMPORT, …), Reason ACM's RenewalStatusReason; each is
	// empty where the event does not tell.
	DomainName string `json:"domain_name,omitempty"`
	Action     string `json:"action,omitempty"`
	Reason     string `json:"reason,omitempty"`
	// NotAfter is when the certificate expires, zero where not told.
	NotAfter time.Time `json:"not_after,omitzero"`
	// DaysLeft are the days to the expiry as of At, nil where not told.
	DaysLeft *int `json:"days_left,omitempty"`
}

// An EventSource delivers events.
type EventSource interface {
	// Run hands each event to handle, several at once, until ctx ends. One that
	// handle takes without an error does not come again, as far as the source
	// can help it; one that it fails with comes again later.
	Run(ctx context.Context, handle func(context.Context, Event) error)
}
