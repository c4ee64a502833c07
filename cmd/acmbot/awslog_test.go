package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/requestid"
)

// A telling is a buffer that tells of each line.
type telling struct {
	syncBuffer
	more chan struct{}
}

func (b *telling) Write(p []byte) (int, error) {
	n, err := b.syncBuffer.Write(p)
	select {
	case b.more <- struct{}{}:
	default:
	}
	return n, err
}

// The id of a request is on everything that is logged of it, down to each call
// to AWS, with AWS's own id of that; and it is the one that people see.
func TestRequestIDs(t *testing.T) {
	unsetSettings(t)
	startLiteralWorld(t)
	slack := startSlack(t)
	t.Setenv("ACMBOT_STATE", "memory")
	t.Setenv("ACMBOT_LOG_LEVEL", "debug")
	t.Setenv("ACMBOT_LOG_FORMAT", "json")
	// A digest that is due now, in a channel that the bot is not in.
	t.Setenv("ACMBOT_DIGEST_CHANNEL", "C0APLATFRM")
	t.Setenv("ACMBOT_DIGEST_TIME", time.Now().UTC().Add(-time.Minute).Format("15:04"))
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var stdout syncBuffer
	stderr := telling{more: make(chan struct{}, 1)}
	status := make(chan int, 1)
	go func() { status <- Main(ctx, []string{"run"}, strings.NewReader(""), &stdout, &stderr) }()
	if err := slack.Wait(ctx, func() bool { return slack.Sockets() > 0 }); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if _, err := slack.Slash("dana", "ops-certificates", "/acm", "why shop.example.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := slack.Slash("dana", "ops-certificates", "/acm", "doctor"); err != nil {
		t.Fatal(err)
	}
	checkup, err := slack.WaitMessage(ctx, func(m workspace.Message) bool { return strings.Contains(m.Text, "My setup:") })
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if _, err := slack.WaitMessage(ctx, func(m workspace.Message) bool { return strings.Contains(m.Text, "12 days") }); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	// lines are those of the log that have a message, by their request.
	lines := func(message string) map[string][]map[string]any {
		byRequest := map[string][]map[string]any{}
		for line := range strings.Lines(stderr.String()) {
			var fields map[string]any
			if json.Unmarshal([]byte(line), &fields) != nil || fields["msg"] != message {
				continue
			}
			id, _ := fields[requestid.Key].(string)
			byRequest[id] = append(byRequest[id], fields)
		}
		return byRequest
	}
	for len(lines("answered")) < 2 || len(lines("digests could not be posted; trying again")) == 0 {
		select {
		case <-stderr.more:
		case <-ctx.Done():
			t.Fatal(stderr.String())
		}
	}
	stop()
	if got := <-status; got != exitOK {
		t.Errorf("it ended with status %d", got)
	}
	calls := lines("called AWS")
	for id := range lines("received") {
		if id == "" || len(calls[id]) == 0 {
			t.Errorf("no call to AWS is told to be for %q", id)
		}
	}
	// Later tries, each with an id of its own, go on with what the first has
	// gathered.
	tries := lines("digests could not be posted; trying again")
	gathered := false
	for id := range tries {
		gathered = gathered || id != "" && len(calls[id]) > 0
	}
	if !gathered || tries[""] != nil {
		t.Errorf("no call to AWS is told to be for the digest, whose tries are %v", tries)
	}
	// Who asks for no answer any more, or gets none, has no id of AWS's.
	for _, of := range calls {
		for _, call := range of {
			unanswered := call["result"] == "failed" && call["code"] == ""
			if call["service"] == "" || call["operation"] == "" || call["result"] == "" || call["aws_request_id"] == "" && !unanswered {
				t.Errorf("incomplete: %v", call)
			}
		}
	}
	_, id, _ := strings.Cut(checkup.Words(), "Request ")
	if id = strings.Trim(strings.Fields(id)[0], "`"); len(lines("not set up right")[id]) == 0 {
		t.Errorf("what people see, %q, is not in the log", id)
	}
	for _, secret := range []string{slack.BotToken(), slack.AppToken()} {
		if strings.Contains(stderr.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}
