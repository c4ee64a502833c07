package diagnose

// A Query is what a person asked for: exactly one of Domain, ARN and ID is
// set.
type Query struct {
	// Text is what was typed, trimmed.
	Text string `json:"text"`
	// Domain is a lower-case A-label name without a trailing dot; it may start
	// with "*.".
	Domain string `json:"domain,omitempty"`
	// Unicode is Domain with its U-labels, where that differs.
	Unicode string `json:"unicode,omitempty"`
	// ARN is a certificate's whole ARN.
	ARN string `json:"arn,omitempty"`
	// ID is a certificate's id, the last part of its ARN, lower-case.
	ID string `json:"id,omitempty"`
}

// Subject is the query in a form to show: the domain with its U-labels, the
// ARN or the id.
func (q Query) Subject() string {
	switch {
	case q.Unicode != "":
		return q.Unicode
	case q.Domain != "":
		return q.Domain
	case q.ARN != "":
		return q.ARN
	default:
		return q.ID
	}
}
