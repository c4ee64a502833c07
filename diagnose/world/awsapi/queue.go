package awsapi

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmbot/acmbot/diagnose/world/awsapi/policy"
)

// A Queue is an SQS queue of a region. One whose name ends in ".fifo" is a FIFO
// queue. What is in it is seen by [Server.Messages] and changed by the API and
// [Server.Send].
type Queue struct {
	Name string
	// VisibilityTimeout is the queue's own, 30 seconds where 0; Retention is 4
	// days where 0.
	VisibilityTimeout, Retention time.Duration
	// DeadLetter is the ARN of the queue, of the same account and region, that
	// gets what was received more than MaxReceives times.
	DeadLetter  string
	MaxReceives int
	// Policy is the queue's, a policy document; it has none where empty.
	Policy string
	// ContentBased makes a FIFO queue tell duplicates by their bodies.
	ContentBased bool

	account, region string
	messages        []*message
	sent            map[string]time.Time // of a FIFO queue, by deduplication id
}

// A message is in a queue until it is deleted.
type message struct {
	id, body, group string
	sent, visible   time.Time
	first           time.Time // receive
	receives        int
	handle          string // of the latest receive
}

// A QueueMessage is a message in a queue, as it is at the moment.
type QueueMessage struct {
	ID, Body string
	// Receives is how often it was received.
	Receives int
	// Visible is from when on it can be received (again).
	Visible time.Time
}

// ARN is the queue's, once it is in the server's state.
func (q *Queue) ARN() string { return "arn:aws:sqs:" + q.region + ":" + q.account + ":" + q.Name }

// URL is the queue's address as AWS gives it, once it is in the server's state.
func (q *Queue) URL() string {
	return "https://sqs." + q.region + ".amazonaws.com/" + q.account + "/" + q.Name
}

func (q *Queue) fifo() bool { return strings.HasSuffix(q.Name, ".fifo") }

func (q *Queue) timeout() time.Duration {
	if q.VisibilityTimeout == 0 {
		return 30 * time.Second
	}
	return q.VisibilityTimeout
}

func (q *Queue) retention() time.Duration {
	if q.Retention == 0 {
		return 4 * 24 * time.Hour
	}
	return q.Retention
}

// dedupWindow is how long a FIFO queue remembers a deduplication id ("Exactly-
// once processing in Amazon SQS", Amazon SQS Developer Guide,
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html).
const dedupWindow = 5 * time.Minute

// send puts a message in. A FIFO queue takes the same one once.
func (q *Queue) send(now time.Time, delay time.Duration, body, group, dedup string) *message {
	m := &message{id: requestID(), body: body, group: group, sent: now, visible: now.Add(delay)}
	if q.fifo() {
		if dedup == "" {
			sum := sha256.Sum256([]byte(body))
			dedup = hex.EncodeToString(sum[:])
		}
		if at, ok := q.sent[dedup]; ok && now.Sub(at) < dedupWindow {
			return m
		}
		if q.sent == nil {
			q.sent = map[string]time.Time{}
		}
		q.sent[dedup] = now
	}
	q.messages = append(q.messages, m)
	return m
}

// receive takes up to limit messages for the timeout. Those that were received
// too often go to the dead letter queue, where there is one.
func (q *Queue) receive(now time.Time, limit int, timeout time.Duration, dead *Queue) []*message {
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return now.Sub(m.sent) > q.retention() })
	held := map[string]bool{} // groups of a FIFO queue
	for _, m := range q.messages {
		if q.fifo() && m.visible.After(now) {
			held[m.group] = true
		}
	}
	var taken []*message
	for _, m := range slices.Clone(q.messages) {
		if len(taken) == limit {
			break
		}
		if m.visible.After(now) || q.fifo() && held[m.group] {
			continue
		}
		if dead != nil && m.receives >= q.MaxReceives {
			q.remove(m)
			m.visible, m.handle = now, ""
			dead.messages = append(dead.messages, m)
			continue
		}
		m.receives++
		if m.receives == 1 {
			m.first = now
		}
		m.visible, m.handle = now.Add(timeout), m.id+"#"+requestID()
		taken = append(taken, m)
	}
	return taken
}

func (q *Queue) remove(m *message) {
	q.messages = slices.DeleteFunc(q.messages, func(other *message) bool { return other == m })
}

// of finds the message that a receipt handle is for; nil where it is gone.
func (q *Queue) of(handle string) (*message, *Error) {
	id, _, ok := strings.Cut(handle, "#")
	if !ok {
		return nil, &Error{Code: "ReceiptHandleIsInvalid", Message: fmt.Sprintf("The input receipt handle %q is not a valid receipt handle.", handle)}
	}
	for _, m := range q.messages {
		if m.id == id {
			return m, nil
		}
	}
	return nil, nil
}

func (q *Queue) counts(now time.Time) (waiting, flying, delayed int) {
	for _, m := range q.messages {
		switch {
		case !m.visible.After(now):
			waiting++
		case m.handle == "":
			delayed++
		default:
			flying++
		}
	}
	return waiting, flying, delayed
}

func md5Of(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// Queue makes a queue of that name in the region, where there is none.
func (a *Account) Queue(region, name string) *Queue {
	r := a.Region(region)
	if q := r.queue(name); q != nil {
		return q
	}
	q := &Queue{Name: name, account: a.ID, region: region}
	r.queues = append(r.queues, q)
	return q
}

func (r *Region) queue(name string) *Queue {
	for _, q := range r.queues {
		if q.Name == name {
			return q
		}
	}
	return nil
}

// queueOf finds a queue by its ARN; nil where there is none.
func (s *State) queueOf(arn string) *Queue {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[2] != "sqs" || s.Accounts[parts[4]] == nil {
		return nil
	}
	r := s.Accounts[parts[4]].Regions[parts[3]]
	if r == nil {
		return nil
	}
	return r.queue(parts[5])
}

// Deliver puts messages into a queue as EventBridge does for a rule, which the
// queue's policy has to allow ("Using resource-based policies for Amazon
// EventBridge", Amazon EventBridge User Guide,
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html).
func (s *Server) Deliver(rule, queue string, bodies ...string) error {
	if err := s.letsIn(rule, queue); err != nil {
		return err
	}
	return s.Send(queue, bodies...)
}

func (s *Server) letsIn(rule, queue string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, parts := s.state.queueOf(queue), strings.SplitN(rule, ":", 6)
	if q == nil || len(parts) != 6 {
		return fmt.Errorf("there is no queue %s, or no rule %s", queue, rule)
	}
	g, fault := guard(q.account, q.Policy)
	if fault != nil {
		return fault
	}
	verdict := policy.Evaluate(policy.Request{
		Action: "sqs:SendMessage", Resource: queue, Caller: "events.amazonaws.com", Keys: map[string][]string{
			"aws:SourceArn": {rule}, "aws:SourceAccount": {parts[4]}, "aws:SecureTransport": {secureTransport},
		},
	}, nil, g)
	if verdict.Decision != policy.Allowed {
		return fmt.Errorf("the policy of the queue %s does not let the rule %s send to it", queue, rule)
	}
	return nil
}

// Send puts messages into a queue, whatever its policy. In a FIFO queue each is
// its own group.
func (s *Server) Send(arn string, bodies ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.state.queueOf(arn)
	if q == nil {
		return fmt.Errorf("there is no queue %s", arn)
	}
	for _, body := range bodies {
		q.send(s.now(), 0, body, md5Of(body), requestID())
	}
	s.wake()
	return nil
}

// Messages are what is in a queue, in the order in which it came.
func (s *Server) Messages(arn string) []QueueMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.state.queueOf(arn)
	if q == nil {
		return nil
	}
	var list []QueueMessage
	for _, m := range q.messages {
		list = append(list, QueueMessage{ID: m.id, Body: m.body, Receives: m.receives, Visible: m.visible})
	}
	return list
}

// wake makes the long polls look again. The server's lock is held.
func (s *Server) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}
