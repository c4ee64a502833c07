package diagnose

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A NotEvent is why a message holds no event of a certificate.
type NotEvent struct {
	// Why is a sentence for who runs acmbot.
	Why string
	// Idle is set where the message is what it should be, and there is just
	// nothing to do about it: an event of ACM that concerns no certificate.
	Idle bool
}

func (e *NotEvent) Error() string { return e.Why }

// maxWraps is how many envelopes may be around an event. EventBridge, an SNS
// topic and a JSON string make three.
const maxWraps = 5

// ParseEvents reads the events of certificates in a message. Most messages
// hold one; an AWS Health event may concern several certificates, of which each
// gives one.
//
// It takes ACM's events as EventBridge sends them ("Amazon EventBridge support
// for ACM",
// https://docs.aws.amazon.com/acm/latest/userguide/supported-events.html; of
// the detail of ACM Certificate Rotated, which only the EventBridge events
// reference names, nothing is documented), AWS Health's events on ACM
// ("Reference: AWS Health events Amazon EventBridge schema",
// https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html),
// and either in the envelope of an SNS topic ("Fanout to Amazon SQS queues",
// https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html). Of an
// event from which an input transformer has left a part only, it makes what
// can be made. Fields and kinds that it does not know do not disturb it.
//
// Its error is a *NotEvent.
func ParseEvents(message []byte) ([]Event, error) {
	return parseEvents(message, maxWraps)
}

func parseEvents(message []byte, wraps int) ([]Event, error) {
	message = bytes.TrimSpace(bytes.TrimPrefix(message, []byte("\xef\xbb\xbf")))
	if wraps == 0 {
		return nil, &NotEvent{Why: "It is wrapped too often to be an event."}
	}
	decoder := json.NewDecoder(bytes.NewReader(message))
	decoder.UseNumber()
	var content any
	if err := decoder.Decode(&content); err != nil || decoder.More() {
		return nil, &NotEvent{Why: "It is not JSON, as EventBridge sends it."}
	}
	switch content := content.(type) {
	case string:
		return parseEvents([]byte(content), wraps-1)
	case map[string]any:
		return openEnvelope(content, wraps)
	}
	return nil, &NotEvent{Why: "It is JSON, but not an event."}
}

// fields are a JSON object.
type fields map[string]any

// maxField is the longest field that is read, in bytes. ACM, EventBridge and AWS
// Health send none that is nearly as long; whoever else may write to the queue may
// send anything, which is neither to be kept nor to be logged.
const maxField = 512

// text is a field as text, numbers as they are written; empty where it is too
// long.
func (f fields) text(name string) string {
	switch value := f[name].(type) {
	case string:
		if value = strings.TrimSpace(value); len(value) > maxField {
			return ""
		}
		return value
	case json.Number:
		return value.String()
	}
	return ""
}

func (f fields) object(name string) fields {
	object, _ := f[name].(map[string]any)
	return object
}

func (f fields) list(name string) []any {
	list, _ := f[name].([]any)
	return list
}

// moment reads a time as EventBridge and ACM write it.
func (f fields) moment(name string) time.Time {
	at, err := time.Parse(time.RFC3339, f.text(name))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

func openEnvelope(content fields, wraps int) ([]Event, error) {
	// SNS; with raw delivery there is no envelope.
	if topic := content.text("TopicArn"); topic != "" {
		switch content.text("Type") {
		case "Notification":
			message, _ := content["Message"].(string)
			return parseEvents([]byte(message), wraps-1)
		case "SubscriptionConfirmation":
			return nil, &NotEvent{Why: fmt.Sprintf("It asks to confirm that the queue subscribes to the SNS topic %q, which only you can do: open its SubscribeURL, or subscribe from the queue's own account.", topic)}
		}
		return nil, &NotEvent{Why: "It is of SNS, and not a notification."}
	}
	kind := content.text("detail-type")
	switch source := content.text("source"); {
	case source == "aws.health":
		return healthEvents(content)
	case source == "aws.acm" && kind != "", slices.Contains(EventKinds(), EventKind(kind)):
		return acmEvents(content)
	case source != "" && source != "aws.acm":
		return nil, &NotEvent{Why: fmt.Sprintf("It is an event of %q, and not of ACM: the rule that sends to this queue lets more through than it should.", source)}
	}
	return remains(content)
}

// eventARN is a certificate's ARN in an event.
var eventARN = regexp.MustCompile(`^arn:aws[a-z-]{0,20}:acm:([a-z0-9-]{1,40}):(\d{12}):certificate/[A-Za-z0-9-]{1,64}$`)

// Of returns the event with the certificate that it is of, and whether that is
// a certificate's ARN.
func (e Event) Of(arn string) (Event, bool) {
	m := eventARN.FindStringSubmatch(arn)
	if m == nil {
		return e, false
	}
	e.ARN, e.Region, e.Account = arn, m[1], m[2]
	return e, true
}

// forEach returns the event once for each certificate that is among values.
func (e Event) forEach(values []any) []Event {
	var events []Event
	var seen []string
	for _, value := range values {
		arn, _ := value.(string)
		if found, ok := e.Of(arn); ok && !slices.Contains(seen, arn) {
			seen = append(seen, arn)
			events = append(events, found)
		}
	}
	return events
}

// acmEvents reads an event of ACM's own.
func acmEvents(content fields) ([]Event, error) {
	e := Event{ID: content.text("id"), Kind: EventKind(content.text("detail-type")), At: content.moment("time")}
	e.tell(content.object("detail"))
	events := e.forEach(content.list("resources"))
	switch {
	case len(events) > 0:
		return events, nil
	case e.DomainName != "" && slices.Contains(EventKinds(), e.Kind):
		e.Account, e.Region = content.text("account"), content.text("region")
		return []Event{e}, nil
	case slices.Contains(EventKinds(), e.Kind):
		return nil, &NotEvent{Why: "It is an event of ACM, and does not tell of which certificate."}
	}
	// Such as the calls to ACM's API, which CloudTrail sends under the same
	// source.
	return nil, &NotEvent{Idle: true, Why: "It is an event of ACM that is about no certificate."}
}

// tell takes from an event's detail what is of use.
func (e *Event) tell(detail fields) {
	e.DomainName = detail.text("CommonName")
	if e.DomainName == "" {
		e.DomainName = detail.text("FirstSubjectAlternativeName")
	}
	e.Action = detail.text("Action")
	e.Reason = detail.text("RenewalStatusReason")
	e.NotAfter = detail.moment("CertificateExpirationDate")
	// ACM sends a number; a transformer makes a string of it.
	if days, err := strconv.Atoi(detail.text("DaysToExpiry")); err == nil {
		e.DaysLeft = &days
	}
}

// healthEvents reads an event of AWS Health, one Event for each certificate
// that it names.
func healthEvents(content fields) ([]Event, error) {
	detail := content.object("detail")
	if service := detail.text("service"); service != "ACM" {
		return nil, &NotEvent{Why: fmt.Sprintf("It is an AWS Health event on %q, and not on ACM: the rule that sends to this queue lets more through than it should.", service)}
	}
	e := Event{ID: detail.text("communicationId"), Kind: EventHealth, At: content.moment("time")}
	if e.ID == "" {
		e.ID = content.text("id")
	}
	// The codes are in "Amazon EventBridge support for ACM", as above.
	switch code := detail.text("eventTypeCode"); {
	case strings.HasSuffix(code, "CAA_CHECK_FAILURE"):
		e.Kind, e.Reason = EventActionRequired, "CAA_ERROR"
	case strings.HasSuffix(code, "ACM_RENEWAL_FAILURE"):
		e.Kind = EventActionRequired
	}
	named := slices.Clone(content.list("resources"))
	for _, entity := range detail.list("affectedEntities") {
		if entity, ok := entity.(map[string]any); ok {
			named = append(named, entity["entityValue"])
		}
	}
	events := e.forEach(named)
	if len(events) == 0 {
		return nil, &NotEvent{Idle: true, Why: "It is an AWS Health event on ACM that names no certificate."}
	}
	return events, nil
}

// remains makes an event of what an input transformer has left of one: its
// detail, or other parts under names of somebody's own. The kind is taken from
// what only events of that kind tell.
func remains(content fields) ([]Event, error) {
	detail := content
	if inner := content.object("detail"); inner != nil {
		detail = inner
	}
	e := Event{ID: content.text("id"), At: content.moment("time")}
	e.tell(detail)
	var texts []any
	var look func(value any)
	look = func(value any) {
		switch value := value.(type) {
		case string:
			if slices.Contains(EventKinds(), EventKind(value)) && e.Kind == "" {
				e.Kind = EventKind(value)
			}
			texts = append(texts, value)
		case []any:
			for _, element := range value {
				look(element)
			}
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				look(value[name])
			}
		}
	}
	look(map[string]any(content))
	if e.Kind == "" {
		e.Kind = kindOf(detail)
	}
	events := e.forEach(texts)
	switch {
	case e.Kind == "":
		return nil, &NotEvent{Why: "It is not an event of ACM, nor a part of one."}
	case len(events) > 0:
		return events, nil
	case e.DomainName != "":
		return []Event{e}, nil
	}
	return nil, &NotEvent{Why: "It is a part of an event of ACM that does not tell of which certificate: an input transformer took that away."}
}

// kindOf tells the kind by a detail alone; it is empty where that does not
// tell.
func kindOf(detail fields) EventKind {
	has := func(name string) bool { _, ok := detail[name]; return ok }
	switch {
	case has("RenewalStatusReason"):
		return EventActionRequired
	case has("Action") && has("CertificateType"):
		return EventAvailable
	case has("CertificateType") && has("Exportable"):
		return EventRevoked
	case has("CertificateType") && has("CertificateExpirationDate") && !has("DaysToExpiry"):
		return EventExpired
	case has("DaysToExpiry"):
		return EventApproachingExpiration
	}
	return ""
}

// IsIdle reports whether an error of ParseEvents means that there is nothing to
// do.
func IsIdle(err error) bool {
	not, ok := errors.AsType[*NotEvent](err)
	return ok && not.Idle
}
