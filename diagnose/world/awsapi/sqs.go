package awsapi

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The actions of SQS, as "Actions" of the Amazon SQS API Reference has them
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html).
// Message attributes are not there; EventBridge sends none.

// sqsIAM is an action as IAM names it: a batch needs the permission of the
// single call ("Actions, resources, and condition keys for Amazon SQS", Service
// Authorization Reference,
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html).
func sqsIAM(action string) string { return strings.TrimSuffix(action, "Batch") }

var queueHost = regexp.MustCompile(`^(?:[a-z0-9-]+\.)?(?:sqs(?:-fips)?\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.`)

// queue finds the queue that the request names.
func (c *invocation) queue(address string) (*Queue, *Error) {
	missing := &Error{Code: "QueueDoesNotExist", Message: "The specified queue does not exist."}
	at, err := url.Parse(address)
	if address == "" || err != nil {
		return nil, missing
	}
	if m := queueHost.FindStringSubmatch(at.Host); m != nil && or(m[1], m[2]) != c.region.Name {
		return nil, &Error{Status: 404, Code: "InvalidAddress", Message: "The address " + address + " is not valid for this endpoint."}
	}
	path := strings.Split(strings.Trim(at.Path, "/"), "/")
	if len(path) != 2 || c.state.Accounts[path[0]] == nil {
		return nil, missing
	}
	r := c.state.Accounts[path[0]].Regions[c.region.Name]
	if r == nil {
		return nil, missing
	}
	q := r.queue(path[1])
	if q == nil {
		return nil, missing
	}
	c.resource = q.ARN()
	return q, nil
}

// outOfRange is the error for a number that is too small or too large.
func outOfRange(value *int, least, most int, name string) *Error {
	if value == nil || *value >= least && *value <= most {
		return nil
	}
	return &Error{Code: "InvalidParameterValue", Message: fmt.Sprintf("Value %d for parameter %s is invalid. Reason: Must be >= %d and <= %d, if provided.", *value, name, least, most)}
}

// maxVisibility is how long a message can be kept from others.
const maxVisibility = 43200 // seconds

func getQueueURL(c *invocation) (any, *Error) {
	var in struct{ QueueName, QueueOwnerAWSAccountID string }
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	owner := or(in.QueueOwnerAWSAccountID, c.account.ID)
	address := (&Queue{Name: in.QueueName, account: owner, region: c.region.Name}).URL()
	if _, fault := c.queue(address); fault != nil {
		return nil, fault
	}
	return object{"QueueUrl": address}, nil
}

func getQueueAttributes(c *invocation) (any, *Error) {
	var in struct {
		QueueURL       string
		AttributeNames []string
	}
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	q, fault := c.queue(in.QueueURL)
	if fault != nil {
		return nil, fault
	}
	waiting, flying, delayed := q.counts(c.now())
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
	all := map[string]string{
		"QueueArn":                              q.ARN(),
		"VisibilityTimeout":                     seconds(q.timeout()),
		"MessageRetentionPeriod":                seconds(q.retention()),
		"MaximumMessageSize":                    "1048576",
		"DelaySeconds":                          "0",
		"ReceiveMessageWaitTimeSeconds":         "0",
		"SqsManagedSseEnabled":                  "true",
		"ApproximateNumberOfMessages":           strconv.Itoa(waiting),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(flying),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(delayed),
	}
	if q.DeadLetter != "" {
		all["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, q.DeadLetter, q.MaxReceives)
	}
	if q.fifo() {
		all["FifoQueue"] = "true"
		all["ContentBasedDeduplication"] = strconv.FormatBool(q.ContentBased)
	}
	out := map[string]string{}
	for _, name := range in.AttributeNames {
		switch value, ok := all[name]; {
		case name == "All":
			out = all
		case ok:
			out[name] = value
		case name == "RedrivePolicy", name == "FifoQueue", name == "ContentBasedDeduplication",
			name == "Policy", name == "KmsMasterKeyId", name == "RedriveAllowPolicy", name == "CreatedTimestamp", name == "LastModifiedTimestamp":
		default:
			return nil, &Error{Code: "InvalidAttributeName", Message: "Unknown Attribute " + name + "."}
		}
	}
	if len(out) == 0 {
		return object{}, nil
	}
	return object{"Attributes": out}, nil
}

// A sending is what SendMessage takes, or an entry of its batch.
type sending struct {
	ID, MessageBody, MessageGroupID, MessageDeduplicationID string
	DelaySeconds                                            *int
	MessageAttributes                                       map[string]any
}

func (q *Queue) take(c *invocation, in sending) (*message, *Error) {
	missing := func(name string) *Error {
		return &Error{Code: "MissingParameter", Message: "The request must contain the parameter " + name + "."}
	}
	if fault := outOfRange(in.DelaySeconds, 0, 900, "DelaySeconds"); fault != nil {
		return nil, fault
	}
	switch {
	case in.MessageBody == "":
		return nil, missing("MessageBody")
	case len(in.MessageAttributes) > 0:
		return nil, &Error{Code: "UnsupportedOperation", Message: "This queue takes no message attributes."}
	case q.fifo() && in.MessageGroupID == "":
		return nil, missing("MessageGroupId")
	case q.fifo() && in.MessageDeduplicationID == "" && !q.ContentBased:
		return nil, &Error{Code: "InvalidParameterValue", Message: "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"}
	}
	var delay time.Duration
	if in.DelaySeconds != nil {
		delay = time.Duration(*in.DelaySeconds) * time.Second
	}
	return q.send(c.now(), delay, in.MessageBody, in.MessageGroupID, in.MessageDeduplicationID), nil
}

func sendMessage(c *invocation) (any, *Error) {
	var in struct {
		QueueURL string
		sending
	}
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	q, fault := c.queue(in.QueueURL)
	if fault != nil {
		return nil, fault
	}
	m, fault := q.take(c, in.sending)
	if fault != nil {
		return nil, fault
	}
	c.wake()
	return object{"MessageId": m.id, "MD5OfMessageBody": md5Of(m.body)}, nil
}

// batch does what a batch action asks for, entry by entry.
func batch[E any](c *invocation, entries []E, id func(E) string, do func(E) (object, *Error)) (any, *Error) {
	switch {
	case len(entries) == 0:
		return nil, &Error{Code: "EmptyBatchRequest", Message: "There should be at least one " + c.request.action + "RequestEntry in the request."}
	case len(entries) > 10:
		return nil, &Error{Code: "TooManyEntriesInBatchRequest", Message: fmt.Sprintf("Maximum number of entries per request are 10. You have sent %d.", len(entries))}
	}
	seen := map[string]bool{}
	for _, e := range entries {
		switch {
		case !batchID.MatchString(id(e)):
			return nil, &Error{Code: "InvalidBatchEntryId", Message: "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."}
		case seen[id(e)]:
			return nil, &Error{Code: "BatchEntryIdsNotDistinct", Message: "Id " + id(e) + " repeated."}
		}
		seen[id(e)] = true
	}
	done, failed := []object{}, []object{}
	for _, e := range entries {
		result, fault := do(e)
		if fault != nil {
			failed = append(failed, object{"Id": id(e), "Code": fault.Code, "Message": fault.Message, "SenderFault": true})
			continue
		}
		result["Id"] = id(e)
		done = append(done, result)
	}
	return object{"Successful": done, "Failed": failed}, nil
}

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func sendMessageBatch(c *invocation) (any, *Error) {
	var in struct {
		QueueURL string
		Entries  []sending
	}
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	q, fault := c.queue(in.QueueURL)
	if fault != nil {
		return nil, fault
	}
	defer c.wake()
	return batch(c, in.Entries, func(e sending) string { return e.ID }, func(e sending) (object, *Error) {
		m, fault := q.take(c, e)
		if fault != nil {
			return nil, fault
		}
		return object{"MessageId": m.id, "MD5OfMessageBody": md5Of(m.body)}, nil
	})
}

// receiveMessage waits for messages without the server's lock, which it has
// when it begins and when it ends.
func receiveMessage(c *invocation) (any, *Error) {
	var in struct {
		QueueURL                                                string
		MaxNumberOfMessages, VisibilityTimeout, WaitTimeSeconds *int
		AttributeNames, MessageSystemAttributeNames             []string
	}
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	q, fault := c.queue(in.QueueURL)
	if fault != nil {
		return nil, fault
	}
	for _, fault := range []*Error{
		outOfRange(in.MaxNumberOfMessages, 1, 10, "MaxNumberOfMessages"),
		outOfRange(in.VisibilityTimeout, 0, maxVisibility, "VisibilityTimeout"),
		outOfRange(in.WaitTimeSeconds, 0, 20, "WaitTimeSeconds"),
	} {
		if fault != nil {
			return nil, fault
		}
	}
	limit, timeout, wait := 1, q.timeout(), 0
	if in.MaxNumberOfMessages != nil {
		limit = *in.MaxNumberOfMessages
	}
	if in.VisibilityTimeout != nil {
		timeout = time.Duration(*in.VisibilityTimeout) * time.Second
	}
	if in.WaitTimeSeconds != nil {
		wait = *in.WaitTimeSeconds
	}
	over := time.NewTimer(time.Duration(wait) * time.Second)
	defer over.Stop()
	// Messages become visible again as time passes, be it another clock's.
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	var taken []*message
	for waiting := true; ; {
		if c.request.Context().Err() == nil {
			taken = q.receive(c.now(), limit, timeout, c.state.queueOf(q.DeadLetter))
		}
		if len(taken) > 0 || !waiting || wait == 0 {
			break
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-again.C:
		case <-over.C:
			waiting = false
		case <-c.request.Context().Done():
			waiting = false
		}
		c.mu.Lock()
	}
	asked := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	var list []object
	for _, m := range taken {
		o := object{"MessageId": m.id, "ReceiptHandle": m.handle, "Body": m.body, "MD5OfBody": md5Of(m.body)}
		all := map[string]string{
			"SenderId":                         "AIDAEXAMPLE",
			"SentTimestamp":                    strconv.FormatInt(m.sent.UnixMilli(), 10),
			"ApproximateReceiveCount":          strconv.Itoa(m.receives),
			"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first.UnixMilli(), 10),
		}
		if m.group != "" && q.fifo() {
			all["MessageGroupId"] = m.group
		}
		attributes := map[string]string{}
		for _, name := range asked {
			if value, ok := all[name]; ok {
				attributes[name] = value
			} else if name == "All" {
				attributes = all
			}
		}
		if len(attributes) > 0 {
			o["Attributes"] = attributes
		}
		list = append(list, o)
	}
	if len(list) == 0 {
		return object{}, nil
	}
	return object{"Messages": list}, nil
}

// A receipt is what DeleteMessage and ChangeMessageVisibility take, or an entry
// of their batches.
type receipt struct {
	ID, ReceiptHandle string
	VisibilityTimeout *int
}

// drop deletes a message. An old receipt handle deletes nothing, and is no
// error but in a FIFO queue ("DeleteMessage", Amazon SQS API Reference,
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html).
func (q *Queue) drop(c *invocation, in receipt) *Error {
	m, fault := q.of(in.ReceiptHandle)
	switch {
	case fault != nil:
		return fault
	case m == nil:
		return nil
	case q.fifo() && (m.handle != in.ReceiptHandle || !m.visible.After(c.now())):
		return &Error{Code: "InvalidParameterValue", Message: "Value " + in.ReceiptHandle + " for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."}
	case m.handle == in.ReceiptHandle:
		q.remove(m)
	}
	return nil
}

// hide changes for how long a message in flight is kept from others.
func (q *Queue) hide(c *invocation, in receipt) *Error {
	if in.VisibilityTimeout == nil {
		return &Error{Code: "MissingParameter", Message: "The request must contain the parameter VisibilityTimeout."}
	}
	if fault := outOfRange(in.VisibilityTimeout, 0, maxVisibility, "VisibilityTimeout"); fault != nil {
		return fault
	}
	m, fault := q.of(in.ReceiptHandle)
	switch {
	case fault != nil:
		return fault
	case m == nil:
		return &Error{Code: "InvalidParameterValue", Message: "Value " + in.ReceiptHandle + " for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."}
	case m.handle != in.ReceiptHandle || !m.visible.After(c.now()):
		return &Error{Code: "MessageNotInflight", Message: "The specified message isn't in flight."}
	}
	m.visible = c.now().Add(time.Duration(*in.VisibilityTimeout) * time.Second)
	c.wake()
	return nil
}

// single makes an action of what is done with one receipt, many one of a batch.
func single(do func(*Queue, *invocation, receipt) *Error) func(*invocation) (any, *Error) {
	return func(c *invocation) (any, *Error) {
		var in struct {
			QueueURL string
			receipt
		}
		if fault := c.request.decode(&in); fault != nil {
			return nil, fault
		}
		q, fault := c.queue(in.QueueURL)
		if fault == nil {
			fault = do(q, c, in.receipt)
		}
		return nil, fault
	}
}

func many(do func(*Queue, *invocation, receipt) *Error) func(*invocation) (any, *Error) {
	return func(c *invocation) (any, *Error) {
		var in struct {
			QueueURL string
			Entries  []receipt
		}
		if fault := c.request.decode(&in); fault != nil {
			return nil, fault
		}
		q, fault := c.queue(in.QueueURL)
		if fault != nil {
			return nil, fault
		}
		return batch(c, in.Entries, func(e receipt) string { return e.ID }, func(e receipt) (object, *Error) {
			return object{}, do(q, c, e)
		})
	}
}
