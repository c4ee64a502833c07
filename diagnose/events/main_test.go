package events

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	account  = "111122223333"
	region   = "eu-west-1"
	queueURL = "https://sqs." + region + ".amazonaws.com/" + account + "/acmbot-events"
	ourARN   = "arn:aws:sqs:" + region + ":" + account + ":acmbot-events"
	deadARN  = "arn:aws:sqs:" + region + ":" + account + ":acmbot-events-dead"
)

// A handClock stands still until it is set forward, and so do its timers.
type handClock struct {
	mu     sync.Mutex
	change *sync.Cond
	now    time.Time
	timers []timer
	set    map[time.Duration]int // how often a timer of that length was set
}

type timer struct {
	at  time.Time
	end chan time.Time
}

func newClock() *handClock {
	c := &handClock{now: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), set: map[time.Duration]int{}}
	c.change = sync.NewCond(&c.mu)
	return c
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) after(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := make(chan time.Time, 1)
	c.timers = append(c.timers, timer{c.now.Add(d), end})
	c.set[d]++
	c.change.Broadcast()
	return end
}

// pass sets the clock forward.
func (c *handClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	var left []timer
	for _, t := range c.timers {
		if t.at.After(c.now) {
			left = append(left, t)
			continue
		}
		t.end <- c.now
	}
	c.timers = left
}

// await waits until timers of that length were set so often.
func (c *handClock) await(d time.Duration, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.set[d] < times {
		c.change.Wait()
	}
}

// A logbook keeps log lines, "LEVEL message".
type logbook struct {
	mu      sync.Mutex
	change  *sync.Cond
	lines   []string
	details []string
}

func newLogbook() *logbook {
	b := &logbook{}
	b.change = sync.NewCond(&b.mu)
	return b
}

func (b *logbook) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (b *logbook) WithAttrs([]slog.Attr) slog.Handler               { return b }
func (b *logbook) WithGroup(string) slog.Handler                    { return b }
func (b *logbook) Handle(_ context.Context, r slog.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, r.Level.String()+" "+r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.details = append(b.details, a.Key+"="+a.Value.String())
		return true
	})
	b.change.Broadcast()
	return nil
}

// count is how many lines have the text.
func (b *logbook) count(text string) int {
	n := 0
	for _, line := range b.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// await waits until there are so many lines with the text.
func (b *logbook) await(text string, times int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.count(text) < times {
		b.change.Wait()
	}
}

func (b *logbook) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.lines...)
}

// has reports whether some attribute's text has the text.
func (b *logbook) has(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, detail := range b.details {
		if strings.Contains(detail, text) {
			return true
		}
	}
	return false
}

// A stand is an SQS with the queue, and what it takes to consume it.
type stand struct {
	t     testing.TB
	api   *awsapi.Server
	url   string // of the API
	clock *handClock
	log   *logbook
}

func newStand(t testing.TB) *stand {
	t.Helper()
	s := &stand{t: t, clock: newClock(), log: newLogbook()}
	s.api = awsapi.New(awsapi.Options{Now: s.clock.Now})
	s.api.Update(func(state *awsapi.State) {
		a := state.Account(account)
		a.Keys = []awsapi.AccessKey{{ID: "AKIA", Secret: "secret"}}
		a.Queue(region, "acmbot-events")
		a.Queue(region, "acmbot-events-dead")
	})
	server := httptest.NewServer(s.api)
	s.url = server.URL
	t.Cleanup(server.Close)
	return s
}

func (s *stand) queue(set func(*awsapi.Queue)) {
	s.api.Update(func(state *awsapi.State) { set(state.Account(account).Queue(region, "acmbot-events")) })
}

func (s *stand) options() Options {
	address, err := ParseAddress(queueURL)
	if err != nil {
		s.t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 20}
	s.t.Cleanup(transport.CloseIdleConnections)
	return Options{
		Address: address,
		Config: aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String(s.url),
			Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
			Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
			HTTPClient:  &http.Client{Transport: transport},
		},
		Logger: slog.New(s.log), Now: s.clock.Now, after: s.clock.after,
	}
}

// run consumes until the returned function is called, which gives the queue's
// health at the end.
func (s *stand) run(o Options, handle func(context.Context, diagnose.Event) error) (stop func() Health) {
	s.t.Helper()
	q, err := New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q.Run(ctx, handle)
	}()
	stop = func() Health {
		cancel()
		<-ended
		return q.Health()
	}
	s.t.Cleanup(func() { stop() })
	return stop
}

func (s *stand) send(bodies ...string) {
	s.t.Helper()
	if err := s.api.Send(ourARN, bodies...); err != nil {
		s.t.Fatal(err)
	}
}

// await waits until the API has answered so many calls of an action.
func (s *stand) await(action string, times int) {
	s.t.Helper()
	for s.count(action) < times {
		if s.t.Context().Err() != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (s *stand) count(action string) int {
	n := 0
	for _, call := range s.api.Calls() {
		if call.Action == action {
			n++
		}
	}
	return n
}

// documented are ACM's events as they are documented, by file name.
func documented(t testing.TB) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../testdata/events/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no events: %v", err)
	}
	all := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".json")] = string(text)
	}
	return all
}

// event is an event of an id of its own.
func event(id string) string {
	text, err := json.Marshal(map[string]any{
		"version": "0", "id": id, "detail-type": "ACM Certificate Renewal Action Required", "source": "aws.acm",
		"account": "123456789012", "time": "2026-11-25T08:00:00Z", "region": "us-east-1",
		"resources": []string{"arn:aws:acm:us-east-1:123456789012:certificate/" + id},
		"detail":    map[string]any{"CommonName": "example.com", "RenewalStatusReason": "PENDING_DOMAIN_VALIDATION", "DaysToExpiry": 30},
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

var errNotNow = errors.New("not now")
