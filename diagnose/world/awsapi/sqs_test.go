package awsapi_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

const (
	queueURL = "https://sqs." + region + ".amazonaws.com/" + account + "/events"
	queueARN = "arn:aws:sqs:" + region + ":" + account + ":events"
)

// A handClock stands still until it is set forward.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// startQueues serves an API with an empty queue "events", and a clock.
func startQueues(t *testing.T, set func(*awsapi.Queue)) (*awsapi.Server, *sqs.Client, *handClock) {
	t.Helper()
	clock := &handClock{now: day}
	api := awsapi.New(awsapi.Options{Now: clock.Now})
	api.Update(func(s *awsapi.State) {
		a := s.Account(account)
		a.Keys = []awsapi.AccessKey{{ID: "AKIA", Secret: "secret"}}
		q := a.Queue(region, "events")
		if set != nil {
			set(q)
		}
	})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return api, sqs.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}), clock
}

func receive(t *testing.T, client *sqs.Client, url string, most int32) []types.Message {
	t.Helper()
	out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(url), MaxNumberOfMessages: most, VisibilityTimeout: 60,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

func bodies(list []types.Message) []string {
	var all []string
	for _, m := range list {
		all = append(all, *m.Body+" "+m.Attributes["ApproximateReceiveCount"])
	}
	return all
}

// The SDK checks each body's MD5 itself, as it is sent and as it is received.
func TestQueueGivesWhatItWasSent(t *testing.T) {
	api, client, clock := startQueues(t, nil)
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(queueURL), MessageBody: aws.String("ä, \"b\"\n<c>")}); err != nil {
		t.Fatal(err)
	}
	batch, err := client.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: aws.String(queueURL), Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("1"), MessageBody: aws.String("two")}, {Id: aws.String("2"), MessageBody: aws.String("later"), DelaySeconds: 90},
	}})
	if err != nil || len(batch.Successful) != 2 || len(batch.Failed) != 0 {
		t.Fatalf("%v: %+v", err, batch)
	}
	if err := api.Send(queueARN, "three"); err != nil {
		t.Fatal(err)
	}
	first := receive(t, client, queueURL, 10)
	if diff := cmp.Diff([]string{"ä, \"b\"\n<c> 1", "two 1", "three 1"}, bodies(first)); diff != "" {
		t.Errorf("first receive (-want, +got):\n%s", diff)
	}
	if again := receive(t, client, queueURL, 10); len(again) > 0 {
		t.Errorf("what is in flight was received: %v", bodies(again))
	}

	attributes, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(queueURL), AttributeNames: []types.QueueAttributeName{
		"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed", "RedrivePolicy", "QueueArn", "VisibilityTimeout",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "3", "ApproximateNumberOfMessagesDelayed": "1",
		"QueueArn": queueARN, "VisibilityTimeout": "30",
	}, attributes.Attributes); diff != "" {
		t.Errorf("attributes (-want, +got):\n%s", diff)
	}

	if _, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String(queueURL), ReceiptHandle: first[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: aws.String(queueURL), ReceiptHandle: first[1].ReceiptHandle, VisibilityTimeout: 120}); err != nil {
		t.Fatal(err)
	}
	clock.pass(61 * time.Second)
	second := receive(t, client, queueURL, 10)
	if diff := cmp.Diff([]string{"three 2"}, bodies(second)); diff != "" {
		t.Errorf("after a minute (-want, +got):\n%s", diff)
	}
	// The handle of the first receive is an old one: nothing is deleted, and
	// there is nothing to extend.
	if _, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String(queueURL), ReceiptHandle: first[2].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	_, err = client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: aws.String(queueURL), ReceiptHandle: first[2].ReceiptHandle, VisibilityTimeout: 120})
	if _, ok := errors.AsType[*types.MessageNotInflight](err); !ok {
		t.Errorf("an old handle extends: %v", err)
	}
	clock.pass(60 * time.Second)
	third := receive(t, client, queueURL, 10)
	if diff := cmp.Diff([]string{"two 2", "later 1", "three 3"}, bodies(third)); diff != "" {
		t.Errorf("after two minutes (-want, +got):\n%s", diff)
	}
	gone, err := client.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(queueURL), Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: third[0].ReceiptHandle}, {Id: aws.String("b"), ReceiptHandle: aws.String("nonsense")}, {Id: aws.String("c"), ReceiptHandle: third[2].ReceiptHandle},
	}})
	if err != nil || len(gone.Successful) != 2 || len(gone.Failed) != 1 || *gone.Failed[0].Id != "b" || *gone.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Errorf("%v: %+v", err, gone)
	}
	hidden, err := client.ChangeMessageVisibilityBatch(t.Context(), &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String(queueURL), Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: third[1].ReceiptHandle, VisibilityTimeout: 0},
	}})
	if err != nil || len(hidden.Successful) != 1 {
		t.Errorf("%v: %+v", err, hidden)
	}
	if diff := cmp.Diff([]string{"later 2"}, bodies(receive(t, client, queueURL, 10))); diff != "" {
		t.Errorf("made visible (-want, +got):\n%s", diff)
	}
	clock.pass(5 * 24 * time.Hour)
	if left := receive(t, client, queueURL, 10); len(left) > 0 || len(api.Messages(queueARN)) > 0 {
		t.Errorf("kept beyond the retention: %v", bodies(left))
	}
}

func TestQueueWaitsForMessages(t *testing.T) {
	api, client, clock := startQueues(t, nil)
	long := func() <-chan []types.Message {
		got := make(chan []types.Message, 1)
		go func() {
			out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(queueURL), WaitTimeSeconds: 20, VisibilityTimeout: 60})
			if err != nil {
				t.Error(err)
				close(got)
				return
			}
			got <- out.Messages
		}()
		return got
	}
	got := long()
	if err := api.Send(queueARN, "at last"); err != nil {
		t.Fatal(err)
	}
	if list := <-got; len(list) != 1 || *list[0].Body != "at last" {
		t.Errorf("%v", bodies(list))
	}
	// It becomes visible again while somebody waits.
	got = long()
	clock.pass(61 * time.Second)
	if list := <-got; len(list) != 1 {
		t.Errorf("%v", bodies(list))
	}
}

func TestQueueMovesToTheDeadLetterQueue(t *testing.T) {
	const dead = "arn:aws:sqs:" + region + ":" + account + ":dead"
	api, client, clock := startQueues(t, func(q *awsapi.Queue) { q.DeadLetter, q.MaxReceives = dead, 2 })
	api.Update(func(s *awsapi.State) { s.Account(account).Queue(region, "dead") })
	if err := api.Send(queueARN, "bad"); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 2; n++ {
		if list := receive(t, client, queueURL, 1); len(list) != 1 || list[0].Attributes["ApproximateReceiveCount"] != strconv.Itoa(n) {
			t.Fatalf("receive %d: %v", n, bodies(list))
		}
		clock.pass(61 * time.Second)
	}
	if list := receive(t, client, queueURL, 1); len(list) != 0 || len(api.Messages(queueARN)) != 0 {
		t.Errorf("still there: %v", bodies(list))
	}
	if list := api.Messages(dead); len(list) != 1 || list[0].Body != "bad" {
		t.Errorf("dead letters: %v", list)
	}
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(queueURL), AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil || out.Attributes["RedrivePolicy"] != `{"deadLetterTargetArn":"`+dead+`","maxReceiveCount":2}` {
		t.Errorf("%v: %v", err, out.Attributes)
	}
}

func TestFIFOQueueKeepsItsGroupsInOrder(t *testing.T) {
	api, client, clock := startQueues(t, nil)
	api.Update(func(s *awsapi.State) { s.Account(account).Queue(region, "events.fifo") })
	const url = queueURL + ".fifo"
	send := func(body, group, dedup string) {
		t.Helper()
		if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(url), MessageBody: aws.String(body), MessageGroupId: aws.String(group), MessageDeduplicationId: aws.String(dedup)}); err != nil {
			t.Fatal(err)
		}
	}
	send("a1", "a", "1")
	send("a1", "a", "1") // once only
	send("a2", "a", "2")
	send("b1", "b", "3")
	first := receive(t, client, url, 1)
	if diff := cmp.Diff([]string{"a1 1"}, bodies(first)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"b1 1"}, bodies(receive(t, client, url, 10))); diff != "" {
		t.Errorf("while a1 is in flight: %s", diff)
	}
	clock.pass(61 * time.Second)
	_, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String(url), ReceiptHandle: first[0].ReceiptHandle})
	if code(err) != "InvalidParameterValue" {
		t.Errorf("an expired handle deletes: %v", err)
	}
	if diff := cmp.Diff([]string{"a1 2", "a2 1", "b1 2"}, bodies(receive(t, client, url, 10))); diff != "" {
		t.Error(diff)
	}
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(url), MessageBody: aws.String("x")}); code(err) != "MissingParameter" {
		t.Errorf("without a group: %v", err)
	}
}

func TestQueueErrorsAsDocumented(t *testing.T) {
	api, client, _ := startQueues(t, nil)
	api.Update(func(s *awsapi.State) {
		s.Account(account).Queue(region, "closed")
		s.Account("444455556666").Queue(region, "theirs")
		s.Account("444455556666").Queue(region, "shared").Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},
			"Action":["sqs:GetQueueAttributes","sqs:GetQueueUrl"],"Resource":"arn:aws:sqs:` + region + `:444455556666:shared"}]}`
	})
	attributes := func(url string) error {
		_, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(url)})
		return err
	}
	other := func(path string) string { return "https://sqs." + region + ".amazonaws.com/" + path }
	tests := map[string]struct {
		err  error
		code string // as in the query protocol, which is what the SDK gives
	}{
		"no such queue":   {attributes(other(account + "/nothing")), "AWS.SimpleQueueService.NonExistentQueue"},
		"no such account": {attributes(other("000000000000/events")), "AWS.SimpleQueueService.NonExistentQueue"},
		"another region":  {attributes("https://sqs.eu-central-1.amazonaws.com/" + account + "/events"), "InvalidAddress"},
		"not ours":        {attributes(other("444455556666/theirs")), "AccessDenied"},
		"shared":          {attributes(other("444455556666/shared")), ""},
		"a FIPS endpoint": {attributes("https://sqs-fips." + region + ".amazonaws.com/" + account + "/events"), ""},
		"an old address":  {attributes("https://" + region + ".queue.amazonaws.com/" + account + "/events"), ""},
	}
	for name, test := range tests {
		if got := code(test.err); got != test.code {
			t.Errorf("%s: %q, want %q (%v)", name, got, test.code, test.err)
		}
	}
	if _, ok := errors.AsType[*types.QueueDoesNotExist](tests["no such queue"].err); !ok {
		t.Errorf("%v", tests["no such queue"].err)
	}

	receive := func(in sqs.ReceiveMessageInput) string {
		in.QueueUrl = aws.String(queueURL)
		_, err := client.ReceiveMessage(t.Context(), &in)
		return code(err)
	}
	var eleven []types.SendMessageBatchRequestEntry
	for n := range 11 {
		eleven = append(eleven, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(n)), MessageBody: aws.String("x")})
	}
	send := func(entries []types.SendMessageBatchRequestEntry) string {
		_, err := client.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: aws.String(queueURL), Entries: entries})
		return code(err)
	}
	twins := []types.SendMessageBatchRequestEntry{eleven[0], eleven[0]}
	odd := []types.SendMessageBatchRequestEntry{{Id: aws.String("a b"), MessageBody: aws.String("x")}}
	got := []string{
		receive(sqs.ReceiveMessageInput{MaxNumberOfMessages: 11}), receive(sqs.ReceiveMessageInput{WaitTimeSeconds: 21}),
		send([]types.SendMessageBatchRequestEntry{}), send(eleven), send(twins), send(odd),
	}
	if diff := cmp.Diff([]string{
		"InvalidParameterValue", "InvalidParameterValue",
		"AWS.SimpleQueueService.EmptyBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
		"AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.InvalidBatchEntryId",
	}, got); diff != "" {
		t.Errorf("codes (-want, +got):\n%s", diff)
	}

	url, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("shared"), QueueOwnerAWSAccountId: aws.String("444455556666")})
	if err != nil || *url.QueueUrl != other("444455556666/shared") {
		t.Errorf("%v: %v", err, url)
	}
	// A denied permission denies the batch, too.
	api.Update(func(s *awsapi.State) { s.Account(account).Deny = []string{"sqs:SendMessage"} })
	if got := send(eleven[:1]); got != "AccessDenied" {
		t.Errorf("denied: %q", got)
	}
	api.Inject(&awsapi.Fault{Service: "sqs", Error: awsapi.Throttle()})
	if got := code(attributes(queueURL)); got != "Throttling" {
		t.Errorf("throttled: %q", got)
	}
}
