package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/awswire"
)

const (
	// longPoll is how long SQS waits for a message, the longest there is
	// ("Amazon SQS short and long polling", Amazon SQS Developer Guide,
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html).
	longPoll = 20 * time.Second
	// mostAtOnce is how many messages one call receives or deletes.
	mostAtOnce = 10
	// visibility is how long a message is kept from others at a time. It is
	// extended while the message is being handled, at two thirds of that.
	visibility = 60 * time.Second
	// patience is how long the handling of a message may take.
	patience = 10 * time.Minute
	// callTimeout bounds the calls that wait for nothing.
	callTimeout = 15 * time.Second
	// measureEvery is how often the queue's depth is asked for.
	measureEvery = time.Minute
)

// Options are what a Queue is made of. Only Address and Config have no default.
type Options struct {
	Address Address
	// Config is how AWS is reached. Its region counts only where the address
	// tells none.
	Config aws.Config
	// RoleARN is a role to assume first, for a queue in another account, and
	// ExternalID what goes with it.
	RoleARN, ExternalID string
	// AtOnce is how many messages are handled at a time, 10 where 0.
	AtOnce int
	// MaxReceives is how often a message that cannot be read or handled is
	// received, 10 where 0, before it is deleted; where the queue has a redrive
	// policy, that is left to it.
	MaxReceives int
	// Find finds the ARNs of the certificates of a domain name, for events from
	// which an input transformer has taken the ARN. Without it those are handed
	// over as they are.
	Find func(ctx context.Context, domain string) ([]string, error)
	// Logger hears what goes wrong; nothing is logged where nil.
	Logger *slog.Logger
	// Now is the clock, time.Now where nil.
	Now func() time.Time

	after func(time.Duration) <-chan time.Time // time.After where nil
}

// A Queue receives events from an SQS queue. It is a diagnose.EventSource.
type Queue struct {
	options Options
	address Address
	region  string
	client  *sqs.Client
	log     *slog.Logger
	seen    *seen

	mu     sync.Mutex
	health Health
	// known are the messages that something was wrong with, by id: how often
	// they came, and whether it was said.
	known map[string]*blemish
}

// A blemish is what is remembered of a message that something was wrong with.
type blemish struct {
	receives int
	told     bool
}

var _ diagnose.EventSource = (*Queue)(nil)

// ErrNoRegion is returned where neither the queue's address nor the AWS
// configuration tells a region.
var ErrNoRegion = errors.New("no region is known for the queue")

// New makes a Queue. It does not call AWS.
func New(o Options) (*Queue, error) {
	if o.AtOnce <= 0 {
		o.AtOnce = 10
	}
	if o.MaxReceives <= 0 {
		o.MaxReceives = 10
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.after == nil {
		o.after = time.After
	}
	q := &Queue{
		options: o, address: o.Address, region: o.Address.Region, seen: newSeen(), known: map[string]*blemish{},
		health: Health{Received: map[diagnose.EventKind]int{}, Failed: map[diagnose.EventKind]int{}},
	}
	cfg := awswire.Mend(o.Config)
	if q.region == "" {
		q.region = cfg.Region
	}
	if q.region == "" {
		return nil, ErrNoRegion
	}
	q.log = o.Logger.With("queue", q.address.Name, "region", q.region)
	cfg.Region = q.region
	if o.RoleARN != "" {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), o.RoleARN, func(a *stscreds.AssumeRoleOptions) {
			a.RoleSessionName = "acmbot-events"
			if o.ExternalID != "" {
				a.ExternalID = aws.String(o.ExternalID)
			}
		}))
	}
	q.client = sqs.NewFromConfig(cfg, func(s *sqs.Options) {
		// An endpoint of the settings comes first.
		if s.BaseEndpoint == nil && q.address.endpoint != "" {
			s.BaseEndpoint = aws.String(q.address.endpoint)
		}
	})
	return q, nil
}

// Run implements diagnose.EventSource. When ctx ends it waits for those that
// handle, deletes what they have handled, and gives back what they have not.
func (q *Queue) Run(ctx context.Context, handle func(context.Context, diagnose.Event) error) {
	q.measure(ctx)
	var others sync.WaitGroup
	others.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-q.options.after(measureEvery):
				q.measure(ctx)
			}
		}
	})
	handled := make(chan types.Message, q.options.AtOnce)
	others.Go(func() { q.deleteAll(ctx, handled) })

	free := make(chan struct{}, q.options.AtOnce)
	for range q.options.AtOnce {
		free <- struct{}{}
	}
	var handlers sync.WaitGroup
	failures := 0
	for ctx.Err() == nil {
		room := take(ctx, free, min(mostAtOnce, q.options.AtOnce))
		if room == 0 {
			break
		}
		messages, err := q.receive(ctx, room)
		for range room - len(messages) {
			free <- struct{}{}
		}
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			q.stumble(err)
			wait(ctx, q.options.after, between(time.Second, time.Minute, failures))
			failures++
			continue
		}
		failures = 0
		q.resume()
		for _, m := range messages {
			handlers.Go(func() {
				defer func() { free <- struct{}{} }()
				if q.work(ctx, m, handle) {
					handled <- m
				}
			})
		}
	}
	handlers.Wait()
	close(handled)
	others.Wait()
}

// take takes what is free, up to so many, and waits for the first one.
func take(ctx context.Context, free <-chan struct{}, most int) int {
	select {
	case <-free:
	case <-ctx.Done():
		return 0
	}
	for n := 1; n < most; n++ {
		select {
		case <-free:
		default:
			return n
		}
	}
	return most
}

func wait(ctx context.Context, after func(time.Duration) <-chan time.Time, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-after(d):
	}
}

// between is a time that doubles with each failure, from least to most, less a
// random part of up to a half, so that replicas do not come all at once.
func between(least, most time.Duration, failures int) time.Duration {
	d := most
	if failures < 20 {
		d = min(most, least<<failures)
	}
	return d - rand.N(d/2)
}

// receive waits for messages.
func (q *Queue) receive(ctx context.Context, most int) ([]types.Message, error) {
	poll := longPoll
	if !q.Health().Connected {
		poll = time.Second // to know soon whether it works
	}
	within, cancel := context.WithTimeout(ctx, poll+callTimeout)
	defer cancel()
	out, err := q.client.ReceiveMessage(within, &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(q.address.URL), MaxNumberOfMessages: int32(most), //nolint:gosec // at most 10
		WaitTimeSeconds: int32(poll / time.Second), VisibilityTimeout: int32(visibility / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
	}, once)
	if err != nil {
		return nil, q.trouble(within, receiveMessage, err)
	}
	return out.Messages, nil
}

// once leaves it to the caller to try again.
func once(o *sqs.Options) { o.Retryer = aws.NopRetryer{} }

// stumble notes that nothing can be received, and logs it where that is new.
func (q *Queue) stumble(err error) {
	t, _ := errors.AsType[*Trouble](err)
	news := false
	q.note(func(h *Health) {
		news = h.Trouble == nil || h.Trouble.What != t.What
		h.Connected, h.Trouble = false, t
	})
	if news {
		q.log.Error("no events can be received", "why", t.What, "fix", t.Fix)
	}
	q.log.Debug("receiving failed", "error", t.err)
}

// resume notes that SQS has answered.
func (q *Queue) resume() {
	var was *Trouble
	first := false
	q.note(func(h *Health) {
		was, first = h.Trouble, h.LastReceive.IsZero()
		h.Connected, h.Trouble, h.LastReceive = true, nil, q.options.Now()
	})
	switch {
	case was != nil:
		q.log.Info("events are received again")
	case first:
		q.log.Info("events are received")
	}
}

// work handles a message, and reports whether it is to be deleted.
func (q *Queue) work(ctx context.Context, m types.Message, handle func(context.Context, diagnose.Event) error) (done bool) {
	list, err := diagnose.ParseEvents([]byte(aws.ToString(m.Body)))
	switch {
	case diagnose.IsIdle(err):
		q.note(func(h *Health) { h.Idle++ })
		q.log.Debug("a message needs nothing", "message_id", aws.ToString(m.MessageId), "why", err.Error())
		return true
	case err != nil:
		return q.poison(ctx, m, q.receives(m), err.Error())
	}
	result := make(chan error, 1)
	within, cancel := context.WithTimeoutCause(ctx, patience, errTooLong)
	defer cancel()
	go func() { result <- q.handleAll(within, m, list, handle) }()
	for {
		select {
		case err = <-result:
		case <-q.options.after(visibility * 2 / 3):
			q.hide(ctx, m, visibility)
			continue
		}
		break
	}
	switch {
	case err == nil:
		q.forget(m)
		return true
	case ctx.Err() != nil:
		// It is there for another replica at once.
		q.hide(ctx, m, 0)
		return false
	}
	n := q.receives(m)
	q.log.Warn("an event could not be handled; it comes again", "message_id", aws.ToString(m.MessageId), "receives", n, "error", err)
	if n >= q.options.MaxReceives {
		return q.poison(ctx, m, n, fmt.Sprintf("Its handling has failed %d times.", n))
	}
	q.hide(ctx, m, between(30*time.Second, 15*time.Minute, n-1))
	return false
}

var errTooLong = errors.New("the handling took too long")

// handleAll handles a message's events, one after the other.
func (q *Queue) handleAll(ctx context.Context, m types.Message, list []diagnose.Event, handle func(context.Context, diagnose.Event) error) error {
	for _, e := range list {
		if e.ID == "" {
			e.ID = aws.ToString(m.MessageId)
		}
		q.note(func(h *Health) {
			h.Received[counted(e.Kind)]++
			h.LastEvent = q.options.Now()
		})
		if err := q.handleFound(ctx, e, handle); err != nil {
			q.note(func(h *Health) { h.Failed[counted(e.Kind)]++ })
			return err
		}
	}
	return nil
}

// handleFound handles an event once for each certificate that it may be of.
func (q *Queue) handleFound(ctx context.Context, e diagnose.Event, handle func(context.Context, diagnose.Event) error) error {
	if e.ARN != "" || q.options.Find == nil {
		return q.handleOnce(ctx, e, handle)
	}
	arns, err := q.options.Find(ctx, e.DomainName)
	if err != nil {
		return fmt.Errorf("finding the certificates of %s: %w", e.DomainName, err)
	}
	if len(arns) == 0 {
		q.log.Warn("an event is of a name that no certificate has", "event_id", e.ID, "kind", e.Kind, "domain", e.DomainName)
	}
	for _, arn := range arns {
		found, ok := e.Of(arn)
		if !ok {
			continue
		}
		if err := q.handleOnce(ctx, found, handle); err != nil {
			return err
		}
	}
	return nil
}

// OtherKinds stands in a Health's counts for all kinds that are not known by name.
const OtherKinds diagnose.EventKind = "other"

func counted(kind diagnose.EventKind) diagnose.EventKind {
	if slices.Contains(diagnose.EventKinds(), kind) {
		return kind
	}
	return OtherKinds
}

// handleOnce handles an event unless it was handled before. Where it is being
// handled, it waits for what comes of that.
func (q *Queue) handleOnce(ctx context.Context, e diagnose.Event, handle func(context.Context, diagnose.Event) error) (err error) {
	its := marks(e)
	for {
		other := q.seen.claim(its)
		if other == nil {
			break
		}
		select {
		case <-other.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if other.handled {
			q.note(func(h *Health) { h.Duplicates++ })
			q.log.Debug("an event came before", "event_id", e.ID, "kind", e.Kind, "certificate", e.ARN)
			return nil
		}
	}
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("the handling panicked: %v", trouble)
		}
		q.seen.settle(its, err == nil)
	}()
	return handle(ctx, e)
}

// poison sees to a message that cannot be read, or not be handled. It reports
// whether it is to be deleted.
func (q *Queue) poison(ctx context.Context, m types.Message, receives int, why string) bool {
	id := aws.ToString(m.MessageId)
	var depth *Depth
	told := false
	q.note(func(h *Health) {
		b := q.blemish(id)
		told, b.told = b.told, true
		if depth = h.Depth; !told {
			h.Poison++
		}
	})
	if !told {
		q.log.Error("a message of the queue is of no use", "message_id", id, "receives", receives, "why", why)
	}
	// Where it is not known whether there is a redrive policy, nothing is lost
	// by leaving it.
	if depth != nil && depth.DeadLetter == "" && receives >= q.options.MaxReceives {
		q.note(func(h *Health) { h.Dropped++ })
		q.log.Error("a message is deleted that is of no use; a redrive policy of the queue would keep such", "message_id", id, "receives", receives, "why", why)
		q.forget(m)
		return true
	}
	q.hide(ctx, m, between(5*time.Second, 15*time.Minute, receives-1))
	return false
}

// maxKnown bounds how many messages are remembered that something was wrong
// with.
const maxKnown = 1024

// blemish is what is remembered of a message. The queue's lock is held.
func (q *Queue) blemish(id string) *blemish {
	b := q.known[id]
	if b == nil {
		for other := range q.known {
			if len(q.known) < maxKnown {
				break
			}
			delete(q.known, other)
		}
		b = &blemish{}
		q.known[id] = b
	}
	return b
}

func (q *Queue) forget(m types.Message) {
	q.note(func(*Health) { delete(q.known, aws.ToString(m.MessageId)) })
}

// receives is how often a message was received: as SQS tells or, where a server
// does not, as often as it failed here.
func (q *Queue) receives(m types.Message) int {
	told, _ := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	q.note(func(*Health) {
		b := q.blemish(aws.ToString(m.MessageId))
		b.receives++
		b.receives = max(told, b.receives)
		told = b.receives
	})
	return told
}

// hide keeps a message from everybody for a time from now on. Where that fails,
// it comes again when SQS thinks right.
func (q *Queue) hide(ctx context.Context, m types.Message, d time.Duration) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	_, err := q.client.ChangeMessageVisibility(within, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: aws.String(q.address.URL), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: int32(d / time.Second), //nolint:gosec // at most 15 minutes
	})
	if err != nil {
		t := q.trouble(within, changeVisibility, err)
		q.log.Warn("a message could not be kept from others, and may come again too early", "message_id", aws.ToString(m.MessageId), "why", t.What, "fix", t.Fix)
	}
}

// deleteAll deletes messages until there are no more: as many at a time as have
// come meanwhile.
func (q *Queue) deleteAll(ctx context.Context, handled <-chan types.Message) {
	for m := range handled {
		list := []types.Message{m}
	more:
		for len(list) < mostAtOnce {
			select {
			case m, ok := <-handled:
				if !ok {
					break more
				}
				list = append(list, m)
			default:
				break more
			}
		}
		q.delete(ctx, list)
	}
}

// delete deletes messages, also when ctx has ended. What fails comes again, and
// is recognised.
func (q *Queue) delete(ctx context.Context, list []types.Message) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	in := &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(q.address.URL)}
	for n, m := range list {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(n)), ReceiptHandle: m.ReceiptHandle})
	}
	out, err := q.client.DeleteMessageBatch(within, in)
	if err != nil {
		t := q.trouble(within, deleteMessage, err)
		q.log.Error("handled messages could not be deleted, and come again", "messages", len(list), "why", t.What, "fix", t.Fix)
		return
	}
	q.note(func(h *Health) { h.Deleted += len(out.Successful) })
	if len(out.Failed) > 0 {
		q.log.Warn("some handled messages were not deleted, and come again", "messages", len(out.Failed), "code", aws.ToString(out.Failed[0].Code))
	}
}

// measure asks how deep the queue is, and whether it has a redrive policy.
func (q *Queue) measure(ctx context.Context) {
	depth, err := q.Depth(ctx)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		q.note(func(h *Health) { h.Depth = depth })
		return
	}
	was := false
	q.note(func(h *Health) { was, h.Depth = h.Depth != nil || h.LastReceive.IsZero(), nil })
	if t, ok := errors.AsType[*Trouble](err); ok && was {
		q.log.Warn("the queue's depth is not known", "why", t.What, "fix", t.Fix)
	}
}

// Depth asks how many messages the queue has, which changes nothing. Its error
// is a *Trouble.
func (q *Queue) Depth(ctx context.Context) (*Depth, error) {
	within, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := q.client.GetQueueAttributes(within, &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(q.address.URL), AttributeNames: []types.QueueAttributeName{
			types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
			types.QueueAttributeNameApproximateNumberOfMessagesDelayed, types.QueueAttributeNameRedrivePolicy,
		},
	})
	if err != nil {
		return nil, q.trouble(within, getAttributes, err)
	}
	d := &Depth{At: q.options.Now()}
	for name, number := range map[types.QueueAttributeName]*int{
		types.QueueAttributeNameApproximateNumberOfMessages:           &d.Waiting,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible: &d.Flying,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed:    &d.Delayed,
	} {
		*number, _ = strconv.Atoi(out.Attributes[string(name)])
	}
	var redrive struct {
		DeadLetterTargetARN string      `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.Number `json:"maxReceiveCount"`
	}
	if text := out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]; text != "" && json.Unmarshal([]byte(text), &redrive) == nil {
		d.DeadLetter = redrive.DeadLetterTargetARN
		d.MaxReceives, _ = strconv.Atoi(redrive.MaxReceiveCount.String())
	}
	return d, nil
}
