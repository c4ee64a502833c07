package events

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// ids are the ids of events as they are handled.
type ids struct {
	mu     sync.Mutex
	list   []string
	change *sync.Cond
}

func newIDs() *ids {
	i := &ids{}
	i.change = sync.NewCond(&i.mu)
	return i
}

func (i *ids) add(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.list = append(i.list, id)
	i.change.Broadcast()
}

func (i *ids) await(n int) []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.list) < n {
		i.change.Wait()
	}
	return slices.Sorted(slices.Values(i.list))
}

// Every documented event comes to the handler as it is, and as an SNS topic
// wraps it, in an order of their own.
func TestDocumentedEventsReachTheHandler(t *testing.T) {
	for _, name := range []string{"plain", "sns"} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			var want []diagnose.Event
			for file, text := range documented(t) {
				events, err := diagnose.ParseEvents([]byte(text))
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				want = append(want, events...)
				if name == "sns" {
					wrapped, err := json.Marshal(map[string]string{"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:acm", "Message": text})
					if err != nil {
						t.Fatal(err)
					}
					text = string(wrapped)
				}
				s.send(text)
			}
			var mu sync.Mutex
			var got []diagnose.Event
			handled := newIDs()
			stop := s.run(s.options(), func(_ context.Context, e diagnose.Event) error {
				mu.Lock()
				got = append(got, e)
				mu.Unlock()
				handled.add(e.ID)
				return nil
			})
			handled.await(len(want))
			health := stop()
			byID := func(a, b diagnose.Event) int { return strings.Compare(a.ID+a.ARN, b.ID+b.ARN) }
			slices.SortFunc(want, byID)
			slices.SortFunc(got, byID)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-want, +got):\n%s", diff)
			}
			if left := s.api.Messages(ourARN); len(left) > 0 {
				t.Errorf("%d messages are left", len(left))
			}
			if health.Deleted != len(documented(t)) || health.Poison != 0 {
				t.Errorf("deleted %d, poison %d", health.Deleted, health.Poison)
			}
		})
	}
}

func TestFailedEventComesAgain(t *testing.T) {
	s := newStand(t)
	s.send(event("a"))
	var tries atomic.Int32
	handled := newIDs()
	stop := s.run(s.options(), func(_ context.Context, e diagnose.Event) error {
		switch tries.Add(1) {
		case 1:
			return errNotNow
		case 2:
			panic("of all things")
		}
		handled.add(e.ID)
		return nil
	})
	for n := 1; n <= 2; n++ {
		s.await("ChangeMessageVisibility", n)
		left := s.api.Messages(ourARN)[0].Visible.Sub(s.clock.Now())
		if most := 30 * time.Second << (n - 1); left < most/2-time.Second || left > most {
			t.Errorf("after failure %d it comes again in %v", n, left)
		}
		s.clock.pass(left)
	}
	handled.await(1)
	health := stop()
	if diff := cmp.Diff([]int{3, 2, 1, 0}, []int{health.Received[diagnose.EventActionRequired], health.Failed[diagnose.EventActionRequired], health.Deleted, health.Poison}); diff != "" {
		t.Errorf("received, failed, deleted, poison (-want, +got):\n%s", diff)
	}
	if n := s.log.count("WARN an event could not be handled"); n != 2 {
		t.Errorf("%d warnings: %q", n, s.log.all())
	}
	if left := s.api.Messages(ourARN); len(left) > 0 {
		t.Errorf("%d messages are left", len(left))
	}
	// What is called is what the policy is made of.
	called := map[string]bool{}
	for _, call := range s.api.Calls() {
		called[call.IAM()] = true
	}
	if diff := cmp.Diff(Actions(), slices.Sorted(maps.Keys(called))); diff != "" {
		t.Errorf("actions (-said, +called):\n%s", diff)
	}
}

// A message that is of no use is logged once, does not keep the others waiting,
// and is deleted after so many receives.
func TestPoisonIsDroppedInTheEnd(t *testing.T) {
	s := newStand(t)
	s.send("{", event("a"), event("stubborn"), event("b"))
	o := s.options()
	o.MaxReceives = 3
	handled := newIDs()
	stop := s.run(o, func(_ context.Context, e diagnose.Event) error {
		if e.ID == "stubborn" {
			return errNotNow
		}
		handled.add(e.ID)
		return nil
	})
	if diff := cmp.Diff([]string{"a", "b"}, handled.await(2)); diff != "" {
		t.Error(diff)
	}
	for len(s.api.Messages(ourARN)) > 2 {
		time.Sleep(time.Millisecond)
	}
	for n := 1; n < o.MaxReceives; n++ {
		s.await("ChangeMessageVisibility", 2*n)
		s.clock.pass(3 * time.Minute)
	}
	s.log.await("ERROR a message is deleted", 2)
	health := stop()
	if left := s.api.Messages(ourARN); len(left) > 0 {
		t.Errorf("%d messages are left", len(left))
	}
	if n := s.log.count("ERROR a message of the queue is of no use"); n != 2 {
		t.Errorf("said %d times: %q", n, s.log.all())
	}
	if health.Poison != 2 || health.Dropped != 2 || health.Deleted != 4 {
		t.Errorf("poison %d, dropped %d, deleted %d", health.Poison, health.Dropped, health.Deleted)
	}
	for _, why := range []string{"It is not JSON", "Its handling has failed 3 times."} {
		if !s.log.has(why) {
			t.Errorf("the log does not say %q: %q", why, s.log.details)
		}
	}
}

// With a redrive policy it is SQS that takes such messages away.
func TestPoisonIsLeftToTheDeadLetterQueue(t *testing.T) {
	s := newStand(t)
	s.queue(func(q *awsapi.Queue) { q.DeadLetter, q.MaxReceives = deadARN, 4 })
	s.send("{")
	o := s.options()
	o.MaxReceives = 2
	stop := s.run(o, func(context.Context, diagnose.Event) error { return nil })
	for n := 1; n <= 4; n++ {
		s.await("ChangeMessageVisibility", n)
		s.clock.pass(3 * time.Minute)
	}
	for len(s.api.Messages(deadARN)) == 0 {
		time.Sleep(time.Millisecond)
	}
	health := stop()
	if diff := cmp.Diff([]int{1, 0, 0}, []int{health.Poison, health.Dropped, health.Deleted}); diff != "" {
		t.Errorf("poison, dropped, deleted (-want, +got):\n%s", diff)
	}
	if n := s.log.count("is of no use"); n != 1 {
		t.Errorf("said %d times: %q", n, s.log.all())
	}
	if health.Depth == nil || health.Depth.DeadLetter != deadARN || health.Depth.MaxReceives != 4 {
		t.Errorf("depth %+v", health.Depth)
	}
}

// Where it cannot be known whether there is a redrive policy, nothing is
// dropped.
func TestPoisonIsKeptWhereTheRedrivePolicyIsUnknown(t *testing.T) {
	s := newStand(t)
	s.api.Update(func(state *awsapi.State) { state.Account(account).Deny = []string{"sqs:GetQueueAttributes"} })
	s.send("{")
	o := s.options()
	o.MaxReceives = 1
	stop := s.run(o, func(context.Context, diagnose.Event) error { return nil })
	for n := 1; n <= 3; n++ {
		s.await("ChangeMessageVisibility", n)
		s.clock.pass(30 * time.Minute)
	}
	health := stop()
	if health.Depth != nil || health.Dropped != 0 || len(s.api.Messages(ourARN)) != 1 {
		t.Errorf("%+v, %v", health, s.api.Messages(ourARN))
	}
	if n := s.log.count("WARN the queue's depth is not known"); n != 1 || !s.log.has("no permission for sqs:GetQueueAttributes") {
		t.Errorf("%q %q", s.log.all(), s.log.details)
	}
}

func TestMessagesWithoutACertificateAreDeletedQuietly(t *testing.T) {
	s := newStand(t)
	s.send(`{"source": "aws.acm", "detail-type": "AWS API Call via CloudTrail", "detail": {}}`, event("a"))
	handled := newIDs()
	stop := s.run(s.options(), func(_ context.Context, e diagnose.Event) error { handled.add(e.ID); return nil })
	handled.await(1)
	for len(s.api.Messages(ourARN)) > 0 {
		time.Sleep(time.Millisecond)
	}
	if health := stop(); health.Idle != 1 || health.Deleted != 2 {
		t.Errorf("idle %d, deleted %d", health.Idle, health.Deleted)
	}
	if diff := cmp.Diff([]string{"INFO events are received"}, s.log.all()); diff != "" {
		t.Errorf("log (-want, +got):\n%s", diff)
	}
}

// The same event comes several times: by the same id, and by another id from a
// rule on another bus; one of them while the first is being handled.
func TestDuplicatesAreHandledOnce(t *testing.T) {
	s := newStand(t)
	other := strings.Replace(event("a"), `"id":"a"`, `"id":"of another bus"`, 1)
	s.send(event("a"), other, event("a"))
	handled, begun, goOn := newIDs(), newIDs(), make(chan struct{})
	stop := s.run(s.options(), func(_ context.Context, e diagnose.Event) error {
		begun.add(e.ID)
		<-goOn
		handled.add(e.ID)
		return nil
	})
	begun.await(1)
	s.clock.await(visibility*2/3, 3) // all three are under way
	close(goOn)
	handled.await(1)
	for len(s.api.Messages(ourARN)) > 0 {
		time.Sleep(time.Millisecond)
	}
	s.send(event("a")) // and once more
	for len(s.api.Messages(ourARN)) > 0 {
		time.Sleep(time.Millisecond)
	}
	health := stop()
	if n := len(begun.await(1)); n != 1 || health.Duplicates != 3 || health.Deleted != 4 {
		t.Errorf("handled %d times, duplicates %d, deleted %d", n, health.Duplicates, health.Deleted)
	}
}

// Where the first of two fails, the other is no duplicate.
func TestDuplicateOfAFailureIsHandled(t *testing.T) {
	s := newStand(t)
	s.send(event("a"), event("a"))
	begun, goOn := newIDs(), make(chan error)
	stop := s.run(s.options(), func(_ context.Context, e diagnose.Event) error {
		begun.add(e.ID)
		return <-goOn
	})
	s.clock.await(visibility*2/3, 2)
	goOn <- errNotNow
	begun.await(2)
	goOn <- nil
	s.await("ChangeMessageVisibility", 1)
	for len(s.api.Messages(ourARN)) > 1 {
		time.Sleep(time.Millisecond)
	}
	s.clock.pass(time.Minute) // the failed one comes again, and was handled
	for len(s.api.Messages(ourARN)) > 0 {
		time.Sleep(time.Millisecond)
	}
	if health := stop(); health.Duplicates != 1 || len(begun.await(2)) != 2 {
		t.Errorf("duplicates %d, handled %q", health.Duplicates, begun.await(2))
	}
}

func TestVisibilityIsExtendedWhileHandling(t *testing.T) {
	s := newStand(t)
	s.send(event("slow"))
	begun, goOn := newIDs(), make(chan struct{})
	stop := s.run(s.options(), func(_ context.Context, e diagnose.Event) error {
		begun.add(e.ID)
		<-goOn
		return nil
	})
	begun.await(1)
	for n := 1; n <= 5; n++ {
		s.clock.await(visibility*2/3, n)
		s.clock.pass(visibility * 2 / 3)
		s.await("ChangeMessageVisibility", n)
	}
	if m := s.api.Messages(ourARN)[0]; m.Receives != 1 || m.Visible.Sub(s.clock.Now()) != visibility {
		t.Errorf("after %v: %+v", 5*visibility*2/3, m)
	}
	close(goOn)
	for len(s.api.Messages(ourARN)) > 0 {
		time.Sleep(time.Millisecond)
	}
	if health := stop(); health.Deleted != 1 || health.Received[diagnose.EventActionRequired] != 1 || len(begun.await(1)) != 1 {
		t.Errorf("%+v", health)
	}
}

// The visibility could not be extended: the message comes again while it is
// being handled, and is handled once all the same.
func TestVisibilityEndsWhileHandling(t *testing.T) {
	s := newStand(t)
	s.api.Update(func(state *awsapi.State) { state.Account(account).Deny = []string{"sqs:ChangeMessageVisibility"} })
	s.send(event("slow"))
	begun, goOn := newIDs(), make(chan struct{})
	stop := s.run(s.options(), func(_ context.Context, e diagnose.Event) error {
		begun.add(e.ID)
		<-goOn
		return nil
	})
	begun.await(1)
	s.clock.await(visibility*2/3, 1)
	s.clock.pass(visibility + time.Second)
	s.log.await("WARN a message could not be kept from others", 1)
	for s.api.Messages(ourARN)[0].Receives < 2 {
		time.Sleep(time.Millisecond)
	}
	s.clock.await(visibility*2/3, 3)
	close(goOn)
	for len(s.api.Messages(ourARN)) > 0 {
		time.Sleep(time.Millisecond)
	}
	if health := stop(); health.Duplicates != 1 || len(begun.await(1)) != 1 {
		t.Errorf("duplicates %d, handled %d times", health.Duplicates, len(begun.await(1)))
	}
	if !s.log.has("no permission for sqs:ChangeMessageVisibility") {
		t.Errorf("%q", s.log.details)
	}
}

// At the end, what was handled is deleted, and what was not is there for others
// at once.
func TestStoppingLosesNothing(t *testing.T) {
	s := newStand(t)
	for n := range 10 {
		s.send(event(fmt.Sprint(n)))
	}
	begun := newIDs()
	stop := s.run(s.options(), func(ctx context.Context, e diagnose.Event) error {
		begun.add(e.ID)
		<-ctx.Done()
		if e.ID < "4" { // it got there in time
			return nil
		}
		return ctx.Err()
	})
	begun.await(10)
	health := stop()
	if health.Deleted != 4 {
		t.Errorf("deleted %d", health.Deleted)
	}
	left := s.api.Messages(ourARN)
	for _, m := range left {
		if m.Visible.After(s.clock.Now()) {
			t.Errorf("%s is kept from others", m.ID)
		}
	}
	next := newIDs()
	stop = s.run(s.options(), func(_ context.Context, e diagnose.Event) error { next.add(e.ID); return nil })
	if diff := cmp.Diff([]string{"4", "5", "6", "7", "8", "9"}, next.await(6)); diff != "" {
		t.Errorf("the next one gets (-want, +got):\n%s", diff)
	}
	if health := stop(); health.Deleted != 6 || len(s.api.Messages(ourARN)) != 0 {
		t.Errorf("deleted %d, left %d", health.Deleted, len(s.api.Messages(ourARN)))
	}
}

func TestManyAtOnce(t *testing.T) {
	const many = 300
	s := newStand(t)
	var bodies []string
	for n := range many {
		bodies = append(bodies, event(fmt.Sprint(n)))
	}
	s.send(bodies...)
	var running, most atomic.Int32
	handled := newIDs()
	o := s.options()
	stop := s.run(o, func(_ context.Context, e diagnose.Event) error {
		now := running.Add(1)
		for {
			before := most.Load()
			if now <= before || most.CompareAndSwap(before, now) {
				break
			}
		}
		time.Sleep(time.Millisecond) // it is work
		running.Add(-1)
		handled.add(e.ID)
		return nil
	})
	got := handled.await(many)
	health := stop()
	if len(slices.Compact(got)) != many || health.Deleted != many || len(s.api.Messages(ourARN)) != 0 {
		t.Errorf("handled %d, deleted %d, left %d", len(got), health.Deleted, len(s.api.Messages(ourARN)))
	}
	if n := most.Load(); n < 2 || n > 10 {
		t.Errorf("%d were handled at a time", n)
	}
	if n := s.count("DeleteMessageBatch"); n >= many {
		t.Errorf("%d calls deleted %d messages", n, many)
	}
}

func TestTroubleIsSaidOnceAndEnds(t *testing.T) {
	tests := map[string]struct {
		begin func(*stand) (end func())
		set   func(*testing.T, *Options)
		what  string
	}{
		"throttled": {
			begin: func(s *stand) func() { return s.api.Inject(&awsapi.Fault{Service: "sqs", Error: awsapi.Throttle()}) },
			what:  "AWS limits the requests to the SQS queue acmbot-events in eu-west-1.",
		},
		"out of order": {
			begin: func(s *stand) func() {
				return s.api.Inject(&awsapi.Fault{Service: "sqs", Status: 503, Body: "<html>busy</html>"})
			},
			what: "SQS is out of order for the SQS queue acmbot-events in eu-west-1.",
		},
		"denied": {
			begin: func(s *stand) func() {
				s.api.Update(func(state *awsapi.State) { state.Account(account).Deny = []string{"sqs:ReceiveMessage"} })
				return func() { s.api.Update(func(state *awsapi.State) { state.Account(account).Deny = nil }) }
			},
			what: "acmbot's role has no permission for sqs:ReceiveMessage on the SQS queue acmbot-events in eu-west-1.",
		},
		"no queue": {
			set: func(t *testing.T, o *Options) {
				var err error
				if o.Address, err = ParseAddress("https://sqs.eu-west-1.amazonaws.com/111122223333/made-later"); err != nil {
					t.Fatal(err)
				}
			},
			begin: func(s *stand) func() {
				return func() {
					s.api.Update(func(state *awsapi.State) { state.Account(account).Queue(region, "made-later") })
				}
			},
			what: "There is no queue made-later in eu-west-1 in account 111122223333, or acmbot may not see it.",
		},
		"another account's": {
			set: func(t *testing.T, o *Options) {
				var err error
				if o.Address, err = ParseAddress("https://sqs.eu-west-1.amazonaws.com/444455556666/theirs"); err != nil {
					t.Fatal(err)
				}
			},
			begin: func(s *stand) func() {
				s.api.Update(func(state *awsapi.State) { state.Account("444455556666").Queue(region, "theirs") })
				return func() {
					s.api.Update(func(state *awsapi.State) {
						state.Account("444455556666").Queue(region, "theirs").Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
							"Principal":{"AWS":"` + account + `"},"Action":"sqs:ReceiveMessage","Resource":"arn:aws:sqs:` + region + `:444455556666:theirs"}]}`
					})
				}
			},
			what: "acmbot's role has no permission for sqs:ReceiveMessage on the SQS queue theirs in eu-west-1.",
		},
		"wrong credentials": {
			begin: func(s *stand) func() {
				key := func(secret string) {
					s.api.Update(func(state *awsapi.State) { state.Account(account).Keys[0].Secret = secret })
				}
				key("another")
				return func() { key("secret") }
			},
			what: "AWS does not accept the credentials that are used for the SQS queue acmbot-events in eu-west-1.",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			end := test.begin(s)
			o := s.options()
			if test.set != nil {
				test.set(t, &o)
			}
			q, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				q.Run(ctx, func(context.Context, diagnose.Event) error { return nil })
			}()
			for s.count("ReceiveMessage") < 5 || q.Health().Trouble == nil {
				s.clock.pass(time.Second)
				time.Sleep(time.Millisecond)
			}
			health := q.Health()
			if health.Connected || health.Trouble == nil || health.Trouble.What != test.what || health.Trouble.Fix == "" {
				t.Errorf("%+v", health.Trouble)
			}
			end()
			for !q.Health().Connected {
				s.clock.pass(time.Second)
				time.Sleep(time.Millisecond)
			}
			if health := q.Health(); health.Trouble != nil || health.LastReceive.IsZero() {
				t.Errorf("%+v", health)
			}
			cancel()
			<-ended
			if n := s.log.count("ERROR no events can be received"); n != 1 || s.log.count("INFO events are received again") != 1 {
				t.Errorf("log: %q", s.log.all())
			}
			for _, secret := range []string{"api error", "operation error", "https response"} {
				if s.log.has(secret) {
					t.Errorf("the log has the SDK's words: %q", s.log.details)
				}
			}
		})
	}
}

func TestWaitsDouble(t *testing.T) {
	for failures, most := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		most *= time.Second
		for range 100 {
			if got := between(time.Second, time.Minute, failures); got > most || got <= most/2 {
				t.Errorf("after %d failures: %v", failures, got)
			}
		}
	}
	if got := between(time.Second, time.Minute, 1000); got > time.Minute || got <= time.Minute/2 {
		t.Errorf("after many failures: %v", got)
	}
}

func TestUnreachable(t *testing.T) {
	s := newStand(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	_ = listener.Close()
	o := s.options()
	o.Config.BaseEndpoint = &closed
	q, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = q.Depth(t.Context())
	if err == nil || err.Error() != "SQS could not be reached for the SQS queue acmbot-events in eu-west-1." {
		t.Errorf("%v", err)
	}
}

// The queue's region counts, not the configuration's; and an endpoint of the
// environment, or one that is in the queue's own address.
func TestEndpoints(t *testing.T) {
	s := newStand(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIA")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	depth := func(url string) error {
		t.Helper()
		cfg, err := awsconfig.LoadDefaultConfig(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		o := s.options()
		cfg.HTTPClient = o.Config.HTTPClient
		o.Config = cfg
		if o.Address, err = ParseAddress(url); err != nil {
			t.Fatal(err)
		}
		q, err := New(o)
		if err != nil {
			return err
		}
		_, err = q.Depth(t.Context())
		return err
	}
	t.Setenv("AWS_REGION", "")
	if err := depth(s.url + "/" + account + "/acmbot-events"); err == nil || !strings.Contains(err.Error(), "no region") {
		t.Errorf("without any region: %v", err)
	}
	t.Setenv("AWS_REGION", "eu-west-1")
	if err := depth(s.url + "/" + account + "/acmbot-events"); err != nil {
		t.Errorf("the address has the endpoint: %v", err)
	}
	t.Setenv("AWS_REGION", "us-east-1")
	if err := depth(s.url + "/queue/eu-west-1/" + account + "/acmbot-events"); err == nil {
		t.Error("the path is not the queue's, and it was found") // but the region is: see the calls
	}
	t.Setenv("AWS_ENDPOINT_URL_SQS", s.url)
	if err := depth(queueURL); err != nil {
		t.Errorf("the environment has the endpoint: %v", err)
	}
	for _, call := range s.api.Calls() {
		if call.Region != region {
			t.Errorf("asked in %s", call.Region)
		}
	}
	if n := len(s.api.Calls()); n != 3 {
		t.Errorf("%d calls", n)
	}
}

func TestQueueOfAnotherAccountByRole(t *testing.T) {
	s := newStand(t)
	s.api.Update(func(state *awsapi.State) {
		a := state.Account("444455556666")
		a.Queue("eu-central-1", "acmbot-events.fifo")
		a.Roles = []*awsapi.Role{{Name: "acmbot-events", ExternalID: "word"}}
	})
	o := s.options()
	var err error
	if o.Address, err = ParseAddress("https://sqs.eu-central-1.amazonaws.com/444455556666/acmbot-events.fifo"); err != nil {
		t.Fatal(err)
	}
	o.RoleARN = "arn:aws:iam::444455556666:role/acmbot-events"
	q, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Depth(t.Context()); err == nil || err.Error() != "The role in ACMBOT_EVENTS_ROLE_ARN cannot be assumed." {
		t.Errorf("without the external id: %v", err)
	}
	o.ExternalID = "word"
	const theirs = "arn:aws:sqs:eu-central-1:444455556666:acmbot-events.fifo"
	if err := s.api.Send(theirs, event("a"), event("b")); err != nil {
		t.Fatal(err)
	}
	handled := newIDs()
	stop := s.run(o, func(_ context.Context, e diagnose.Event) error { handled.add(e.ID); return nil })
	if diff := cmp.Diff([]string{"a", "b"}, handled.await(2)); diff != "" {
		t.Error(diff)
	}
	if health := stop(); health.Deleted != 2 || len(s.api.Messages(theirs)) != 0 {
		t.Errorf("deleted %d", health.Deleted)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	s := newSeen()
	for n := range 3 * maxSeen {
		m := []string{fmt.Sprint("id ", n), fmt.Sprint("at ", n)}
		if s.claim(m) != nil {
			t.Fatal("seen before")
		}
		s.settle(m, n%2 == 0)
	}
	if len(s.states) > maxSeen || len(s.order) > maxSeen {
		t.Errorf("%d and %d are remembered", len(s.states), len(s.order))
	}
	q := &Queue{known: map[string]*blemish{}}
	for n := range 3 * maxKnown {
		q.blemish(fmt.Sprint(n))
	}
	if len(q.known) > maxKnown {
		t.Errorf("%d messages are remembered", len(q.known))
	}
	long := strings.Repeat("x", 500)
	e := diagnose.Event{ID: long, Kind: diagnose.EventKind(long), ARN: long, DomainName: long, Reason: long, At: time.Unix(1, 0)}
	for _, m := range marks(e) {
		if len(m) > 64 {
			t.Errorf("%d bytes are remembered of an event", len(m))
		}
	}
}

func TestDepth(t *testing.T) {
	s := newStand(t)
	s.send("1", "2", "3")
	q, err := New(s.options())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.receive(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	got, err := q.Depth(t.Context())
	if diff := cmp.Diff(&Depth{At: s.clock.Now(), Waiting: 1, Flying: 2}, got); diff != "" || err != nil {
		t.Errorf("%v (-want, +got):\n%s", err, diff)
	}
}
