package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/checkup"
	"github.com/acmbot/acmbot/diagnose/world"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func TestEventSettings(t *testing.T) {
	const url = "https://sqs.eu-central-1.amazonaws.com/111122223333/acmbot-events"
	for name, test := range map[string]struct {
		queue, role, want string
	}{
		"nothing":      {"", "", ""},
		"a queue":      {url, "", ""},
		"with a role":  {url, "arn:aws:iam::111122223333:role/acmbot-events", ""},
		"an ARN":       {"arn:aws:sqs:eu-central-1:111122223333:acmbot-events", "", "ACMBOT_EVENTS_QUEUE_URL is the queue's ARN, where its URL belongs: " + url + "."},
		"a name":       {"acmbot-events", "", `ACMBOT_EVENTS_QUEUE_URL is "acmbot-events", which is not the URL of an SQS queue such as ` + url + "."},
		"a role alone": {"", "arn:aws:iam::111122223333:role/acmbot-events", "ACMBOT_EVENTS_QUEUE_URL is not set, so nothing would use the role in ACMBOT_EVENTS_ROLE_ARN."},
	} {
		unsetSettings(t)
		t.Setenv("ACMBOT_EVENTS_QUEUE_URL", test.queue)
		t.Setenv("ACMBOT_EVENTS_ROLE_ARN", test.role)
		var s eventSettings
		err := load(&s)
		if err == nil {
			err = s.check()
		}
		if got := fmt.Sprint(err); got != test.want && (test.want != "" || err != nil) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	// A test server's address may tell no region.
	unsetSettings(t)
	t.Setenv("ACMBOT_EVENTS_QUEUE_URL", "http://127.0.0.1:9324/000000000000/acmbot-events")
	var s eventSettings
	if err := load(&s); err != nil {
		t.Fatal(err)
	}
	if _, err := s.source(sight{}, nil, slog.Default()); err == nil || !strings.HasPrefix(err.Error(), "AWS_REGION is not set") {
		t.Errorf("%v", err)
	}
	if q, err := (eventSettings{}).source(sight{}, nil, slog.Default()); q != nil || err != nil {
		t.Errorf("without a queue: %v, %v", q, err)
	}
}

// runWorld starts the demo's world, not in the ports of the real one.
func runWorld(t *testing.T) *world.Running {
	t.Helper()
	scene, err := world.Demo().Start(t.Context(), world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(scene.Close)
	return scene
}

// awsOf points the settings at a world's AWS.
func awsOf(t *testing.T, scene *world.Running) {
	t.Helper()
	for name, value := range scene.AWSEnv() {
		t.Setenv(name, value)
	}
	t.Setenv("ACMBOT_REGIONS", strings.Join(scene.Regions(), ","))
	t.Setenv("ACMBOT_EVENTS_QUEUE_URL", scene.EventsQueueURL())
}

const worldsQueue = "arn:aws:sqs:eu-west-1:111122223333:" + world.EventsQueue

// What the queue does shows in the metrics.
func TestEventMetrics(t *testing.T) {
	scene := runWorld(t)
	where := sightOf(scene)
	_, estate := where.observers()
	defer estate.Close()
	queue, err := demoEvents(scene, where, estate, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../diagnose/testdata/events/renewal-action-required.json")
	if err != nil {
		t.Fatal(err)
	}
	// The second one has lost its ARN on the way; the third is of a new kind.
	if err := scene.AWS().Send(worldsQueue, string(text),
		`{"DaysToExpiry": 12, "CommonName": "shop.example.com"}`,
		strings.ReplaceAll(string(text), "Renewal Action Required", "Polished")); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var got []string
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	queue.Run(ctx, func(_ context.Context, e diagnose.Event) error {
		mu.Lock()
		defer mu.Unlock()
		if got = append(got, kindLabel(e.Kind)+" "+e.ARN); len(got) == 3 {
			cancel()
		}
		return nil
	})
	slices.Sort(got)
	const documented = "arn:aws:acm:us-east-1:123456789012:certificate/61f50cd4-45b9-4259-b049-d0a53682fa4b"
	if diff := cmp.Diff([]string{
		"approaching-expiration " + scene.World().Certificate("shop.example.com").ARN(),
		"polished " + documented, "renewal-action-required " + documented,
	}, got); diff != "" {
		t.Errorf("handled (-want, +got):\n%s", diff)
	}
	m := newMetrics()
	m.watchEvents(queue.Health)
	body := gathered(t, m)
	for _, want := range []string{
		`acmbot_events_received_total{kind="renewal-action-required"} 1`, `acmbot_events_received_total{kind="approaching-expiration"} 1`,
		`acmbot_events_received_total{kind="other"} 1`, `acmbot_events_received_total{kind="expired"} 0`, `acmbot_events_received_total{kind="aws-health-event"} 0`,
		`acmbot_events_failed_total{kind="renewal-action-required"} 0`, "acmbot_events_deleted_total 3", "acmbot_events_poison_total 0", "acmbot_events_dropped_total 0",
		"acmbot_events_duplicates_total 0", "acmbot_events_connected 1", `acmbot_events_queue_messages{state="waiting"} 3`, "acmbot_events_last_receive_timestamp_seconds 1.",
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("missing %s", want)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
	promtool(t, body, "check", "metrics")
}

// findIn tells "there is none" from "it cannot be told".
func TestFindInEstate(t *testing.T) {
	shop := diagnose.Listed{CertificateRef: diagnose.CertificateRef{ARN: "arn:shop", DomainName: "shop.example.com"}}
	for name, test := range map[string]struct {
		listing diagnose.Listing
		want    []string
		fails   bool
	}{
		"found":      {diagnose.Listing{Certificates: []diagnose.Listed{shop, {}}}, []string{"arn:shop"}, false},
		"not there":  {diagnose.Listing{Certificates: []diagnose.Listed{{}}}, nil, false},
		"unreadable": {diagnose.Listing{Scope: diagnose.Scope{Unreadable: []diagnose.Unseen{{Why: diagnose.Throttled}}}}, nil, true},
	} {
		got, err := findIn(listedEstate(test.listing))(t.Context(), "Shop.example.com")
		if !slices.Equal(got, test.want) || (err != nil) != test.fails {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

type listedEstate diagnose.Listing

func (l listedEstate) List(context.Context) diagnose.Listing { return diagnose.Listing(l) }

// eventChecks are what the doctor says of the queue.
func eventChecks(t *testing.T) map[string]checkup.Check {
	t.Helper()
	s := doctorSettings(t.Context(), true)
	if s.checks == nil || s.checks.queue == nil {
		t.Fatalf("there is no queue: %+v", s.found)
	}
	found := map[string]checkup.Check{}
	for _, c := range checkup.Run(t.Context(), []checkup.Task{s.checks.queue.Task()}, nil) {
		if c.Area != checkup.AreaEvents || c.State != checkup.OK && c.State != checkup.Skipped && c.Fix == "" {
			t.Errorf("%+v", c)
		}
		found[c.What] = c
	}
	return found
}

func TestDoctorLooksAtTheQueue(t *testing.T) {
	unsetSettings(t)
	scene := runWorld(t)
	awsOf(t, scene)
	t.Setenv("AWS_REGION", "us-east-1") // the queue is elsewhere
	change := func(change func(*awsapi.Account, *awsapi.Queue)) {
		scene.AWS().Update(func(s *awsapi.State) {
			home := s.Account("111122223333")
			change(home, home.Queue("eu-west-1", world.EventsQueue))
		})
	}
	if err := scene.AWS().Send(worldsQueue, "one", "two"); err != nil {
		t.Fatal(err)
	}
	got := eventChecks(t)
	if c := got["queue"]; c.State != checkup.OK || c.Region != "eu-west-1" || c.Account != "111122223333" || c.Detail != "`acmbot-events` is there; 2 waiting, 0 being handled" {
		t.Errorf("%+v", c)
	}
	if c := got["dead letters"]; c.State != checkup.OK || c.Detail != "they are kept in `acmbot-events-dead`" {
		t.Errorf("%+v", c)
	}
	if c := got["receiving"]; c.State != checkup.Skipped {
		t.Errorf("%+v", c)
	}
	for _, m := range scene.AWS().Messages(worldsQueue) {
		if m.Receives != 0 {
			t.Error("the check has received a message")
		}
	}
	change(func(_ *awsapi.Account, q *awsapi.Queue) { q.MaxReceives = 1 })
	if c := eventChecks(t)["dead letters"]; c.State != checkup.Warning || !strings.Contains(c.Detail, "after 1 receives") {
		t.Errorf("%+v", c)
	}
	change(func(_ *awsapi.Account, q *awsapi.Queue) { q.DeadLetter = "" })
	if c := eventChecks(t)["dead letters"]; c.State != checkup.Warning || !strings.Contains(c.Detail, "no redrive policy") {
		t.Errorf("%+v", c)
	}
	change(func(a *awsapi.Account, _ *awsapi.Queue) { a.Deny = []string{"sqs:GetQueueAttributes"} })
	if c := eventChecks(t)["queue"]; c.State != checkup.Failed || !strings.Contains(c.Detail, "no permission for sqs:GetQueueAttributes") || !strings.Contains(c.Fix, "deploy/iam/events.json") {
		t.Errorf("%+v", c)
	}
	change(func(a *awsapi.Account, _ *awsapi.Queue) { a.Deny = nil })
	t.Setenv("ACMBOT_EVENTS_QUEUE_URL", scene.EventsQueueURL()+"-elsewhere")
	if c := eventChecks(t)["queue"]; c.State != checkup.Failed || !strings.HasPrefix(c.Detail, "There is no queue acmbot-events-elsewhere in eu-west-1") {
		t.Errorf("%+v", c)
	}
	// A setting that is wrong is told as such.
	t.Setenv("ACMBOT_EVENTS_QUEUE_URL", "acmbot-events")
	s := doctorSettings(t.Context(), true)
	if s.checks.queue != nil || !slices.ContainsFunc(s.found, func(c checkup.Check) bool { return c.What == "ACMBOT_EVENTS_QUEUE_URL" && c.State == checkup.Failed }) {
		t.Errorf("%+v", s.found)
	}
}

// While the bot runs, the check tells how receiving goes.
func TestDoctorInTheBotTellsOfReceiving(t *testing.T) {
	scene := runWorld(t)
	queue, err := demoEvents(scene, sightOf(scene), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := scene.AWS().Send(worldsQueue, `{"id": "1", "source": "aws.acm", "detail-type": "ACM Certificate Expired", "detail": {"CommonName": "example.com"}}`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	queue.Run(ctx, func(context.Context, diagnose.Event) error { cancel(); return nil })
	for _, c := range queue.Task().Run(t.Context()) {
		if c.What == "receiving" && (c.State != checkup.OK || !strings.HasPrefix(c.Detail, "SQS answered ")) {
			t.Errorf("%+v", c)
		}
	}
}

// The bot that people run takes an event from the queue of the settings: it is
// noted, counted and deleted.
func TestRunHearsOfEvents(t *testing.T) {
	unsetSettings(t)
	scene := literalWorld(t)
	slack := startSlack(t)
	t.Setenv("ACMBOT_EVENTS_QUEUE_URL", scene.EventsQueueURL())
	address := freeAddress(t)
	t.Setenv("ACMBOT_HEALTH_LISTEN", address)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var stdout, stderr syncBuffer
	status := make(chan int, 1)
	go func() { status <- Main(ctx, []string{"run"}, strings.NewReader(""), &stdout, &stderr) }()
	if err := slack.Wait(ctx, func() bool { return slack.Sockets() > 0 }); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	event := strings.ReplaceAll(`{"id": "1", "source": "aws.acm", "detail-type": "ACM Certificate Available", "time": "2026-11-25T08:00:00Z",
		"resources": ["ARN"], "detail": {"Action": "RENEWAL", "CommonName": "shop.example.com"}}`, "ARN", scene.World().Certificate("shop.example.com").ARN())
	if err := scene.AWS().Send(worldsQueue, event); err != nil {
		t.Fatal(err)
	}
	eventually(ctx, t, "the event is taken from the queue", func() bool { return len(scene.AWS().Messages(worldsQueue)) == 0 }, stderr.String)
	_, body := get(t, "http://"+address+"/metrics")
	http.DefaultClient.CloseIdleConnections()
	for _, want := range []string{`acmbot_events_received_total{kind="available"} 1`, "acmbot_events_connected 1", `acmbot_aws_call_duration_seconds_count{operation="ReceiveMessage",result="ok",service="SQS"} `} {
		if !strings.Contains(body, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	stop()
	if got := <-status; got != exitOK {
		t.Errorf("it ended with status %d\n%s", got, stderr.String())
	}
	if !strings.Contains(stderr.String(), "events are received") || strings.Contains(stderr.String(), "level=ERROR") {
		t.Errorf("the log:\n%s", stderr.String())
	}
}

// With alerts off the queue is left alone: that nothing is heard from it is
// nothing that anybody has to be told.
func TestRunWithoutAlertsMissesNoEvents(t *testing.T) {
	unsetSettings(t)
	scene := literalWorld(t)
	slack := startSlack(t)
	t.Setenv("ACMBOT_EVENTS_QUEUE_URL", scene.EventsQueueURL())
	t.Setenv("ACMBOT_ALERTS", "off")
	address := freeAddress(t)
	t.Setenv("ACMBOT_HEALTH_LISTEN", address)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var stdout, stderr syncBuffer
	status := make(chan int, 1)
	go func() { status <- Main(ctx, []string{"run"}, strings.NewReader(""), &stdout, &stderr) }()
	if err := slack.Wait(ctx, func() bool { return slack.Sockets() > 0 }); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	_, body := get(t, "http://"+address+"/metrics")
	http.DefaultClient.CloseIdleConnections()
	for _, alarming := range []string{"acmbot_events_connected", "acmbot_alert_scan_interval_seconds"} {
		if strings.Contains(body, "\n"+alarming) {
			t.Errorf("the metrics have %s, by which an alert would ring", alarming)
		}
	}
	stop()
	if got := <-status; got != exitOK || !strings.Contains(stderr.String(), "nobody is alerted, so the events are left where they are") {
		t.Errorf("it ended with status %d\n%s", got, stderr.String())
	}
}
