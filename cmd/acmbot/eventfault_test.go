package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/events"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// A forwardClock is the machine's, set forward.
type forwardClock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *forwardClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *forwardClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// Whatever goes wrong before SQS, no event is lost or deleted unhandled, and
// the log tells in plain words; once it is over, all events are handled.
func TestEveryAWSFaultOnTheQueueIsSurvived(t *testing.T) {
	const (
		url = "https://sqs.eu-west-1.amazonaws.com/111122223333/acmbot-events"
		arn = "arn:aws:sqs:eu-west-1:111122223333:acmbot-events"
	)
	var group errgroup.Group
	group.SetLimit(40)
	var mu sync.Mutex
	said := map[string]int{}
	for _, k := range wrecks() {
		group.Go(func() error {
			clock := &forwardClock{}
			api := awsapi.New(awsapi.Options{Now: clock.Now})
			api.Update(func(s *awsapi.State) {
				s.Account("111122223333").Keys = []awsapi.AccessKey{{ID: "AKIA", Secret: "secret"}}
				s.Account("111122223333").Queue("eu-west-1", "acmbot-events")
			})
			server := httptest.NewServer(api)
			defer server.Close()
			want := map[string]bool{}
			for n := range 3 {
				id := fmt.Sprint(k.name, " ", n)
				want[id] = false
				if err := api.Send(arn, `{"id": "`+id+`", "source": "aws.acm", "detail-type": "ACM Certificate Expired", "detail": {"CommonName": "`+fmt.Sprint(n)+`.example.com"}}`); err != nil {
					t.Error(err)
				}
			}
			var log syncBuffer
			client := awshttp.NewBuildableClient()
			defer client.GetTransport().CloseIdleConnections()
			consume := func(endpoint string, within time.Duration) *events.Trouble {
				address, err := events.ParseAddress(url)
				if err != nil {
					t.Error(err)
				}
				q, err := events.New(events.Options{
					Address: address, Logger: slog.New(slog.NewTextHandler(&log, nil)), Now: clock.Now,
					Config: aws.Config{BaseEndpoint: &endpoint, HTTPClient: client, Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", "")},
				})
				if err != nil {
					t.Error(err)
					return nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), within)
				defer cancel()
				if within < time.Minute { // there is a fault
					asked, stop := context.WithTimeout(ctx, within/2)
					_, err = q.Depth(asked)
					stop()
				}
				var watching sync.WaitGroup
				watching.Go(func() {
					for ctx.Err() == nil {
						if len(api.Messages(arn)) == 0 {
							cancel()
						}
						time.Sleep(5 * time.Millisecond)
						if within == time.Minute { // what was given to a client that had gone comes again
							clock.pass(time.Second)
						}
					}
				})
				q.Run(ctx, func(_ context.Context, e diagnose.Event) error {
					mu.Lock()
					defer mu.Unlock()
					want[e.ID] = true
					return nil
				})
				watching.Wait()
				if trouble, ok := err.(*events.Trouble); ok { //nolint:errorlint // the type itself is promised
					return trouble
				}
				if err != nil {
					t.Errorf("%s: the error is no Trouble: %v", k.name, err)
				}
				return nil
			}
			trouble := consume(k.start(t, server.URL).String(), 4*time.Second)
			if trouble != nil {
				mu.Lock()
				said[trouble.What]++
				mu.Unlock()
				if raw, _ := rawIn(trouble.What + trouble.Fix); trouble.What == "" || trouble.Fix == "" || raw != "" {
					t.Errorf("%s: %q, %q", k.name, trouble.What, trouble.Fix)
				}
			}
			if raw, _ := rawIn(log.String()); raw != "" {
				t.Errorf("%s: the log has %q in it:\n%s", k.name, raw, log.String())
			}
			// What was not handled is there; and it is over.
			left := len(api.Messages(arn))
			mu.Lock()
			for _, handled := range want {
				if !handled {
					left--
				}
			}
			mu.Unlock()
			if left < 0 {
				t.Errorf("%s: something was deleted that was not handled", k.name)
			}
			_ = consume(server.URL, time.Minute)
			mu.Lock()
			defer mu.Unlock()
			for id, handled := range want {
				if !handled {
					t.Errorf("%s was never handled", id)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for sentence, n := range said {
		t.Logf("%2d × %s", n, sentence)
	}
}
