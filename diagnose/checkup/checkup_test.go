package checkup_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/checkup"
)

func TestTable(t *testing.T) {
	r := checkup.NewReport("1.2.3", time.Unix(0, 0), []checkup.Check{
		{Area: checkup.AreaClock, What: "skew against AWS", State: checkup.Skipped, Detail: "not checked: AWS did not tell the time"},
		{Area: checkup.AreaAWS, Account: "111122223333", Region: "eu-west-1", What: "acm:ListCertificates", State: checkup.OK},
		{
			Area: checkup.AreaAWS, Account: "111122223333", Region: "eu-west-1", What: "acm:ListTagsForCertificate", Purpose: "whom a certificate belongs to",
			State: checkup.Warning, Detail: "It is missing.\x1b[2J", Fix: "Allow it.",
		},
		{Area: checkup.AreaAWS, Account: "111122223333", Region: "eu-west-1", What: "acm:DescribeCertificate", Purpose: "all", State: checkup.Failed, Detail: "No connection.", Fix: "Open one."},
		{Area: checkup.AreaAWS, Account: "111122223333", Region: "eu-west-1", What: "acm:SearchCertificates", Purpose: "all", State: checkup.Failed, Detail: "No connection.", Fix: "Open one."},
		{Area: checkup.AreaAWS, What: "credentials", Purpose: "everything", State: checkup.OK, Detail: "AWS takes them"},
	})
	want := `AWS
  ok    credentials                 AWS takes them
  account 111122223333 in eu-west-1
  WARN  acm:ListTagsForCertificate, for whom a certificate belongs to
        It is missing. [2J
        → Allow it.
  FAIL  acm:DescribeCertificate, acm:SearchCertificates
        No connection.
        → Open one.
  -     permissions                 1 of 4 work

Clock
  -     skew against AWS            not checked: AWS did not tell the time

2 ok, 1 to improve, 2 failing, 1 not checked
`
	if diff := cmp.Diff(want, r.Table(80)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.State != checkup.Failed {
		t.Errorf("state %s", r.State)
	}
	for line := range strings.Lines(r.Table(60)) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 60 && strings.HasPrefix(line, "  ") {
			t.Errorf("a line of %d columns: %q", n, line)
		}
	}
}

// What scripts read stays as it is.
func TestJSON(t *testing.T) {
	r := checkup.NewReport("1.2.3", time.Date(2026, 11, 24, 3, 12, 0, 500, time.UTC), []checkup.Check{{
		Area: checkup.AreaSlack, What: "bot token", Purpose: "everything in Slack", State: checkup.Failed, Detail: "no", Fix: "do",
	}})
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"schema":1,"version":"1.2.3","at":"2026-11-24T03:12:00Z","state":"fail","checks":[{"area":"Slack","check":"bot token","purpose":"everything in Slack","state":"fail","detail":"no","fix":"do"}]}`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
}

// Whoever puts a secret into a text, it does not get out.
func TestSecretsAreTakenOut(t *testing.T) {
	for _, secret := range []string{
		"xoxb-1234567890-abcdefGHIJ", "xapp-1-A0AACMBOT1-abcdef0123456789", "xoxe.xoxb-1-abcdefgh", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE",
		"wss://wss-primary.slack.com/link/?ticket=8f2c-11aa&app_id=x", "https://hooks.slack.com/commands/T0A/123/abcXYZ", "http://user:hunter2@proxy.example:3128/",
		"https://s3.example/?X-Amz-Signature=abc0123",
	} {
		r := checkup.NewReport("", time.Time{}, []checkup.Check{{What: "a " + secret, Detail: secret + ".", Fix: "(" + secret + ")", Purpose: "for " + secret}})
		text := r.Table(200) + r.Checks[0].Purpose
		for _, part := range []string{"abcdef", "IOSFODNN", "8f2c", "abcXYZ", "hunter2", "abc0123"} {
			if strings.Contains(text, part) {
				t.Errorf("%s: %q is in\n%s", secret, part, text)
			}
		}
	}
	harmless := "arn:aws:iam::111122223333:role/acmbot-read, xox is no token, https://aws.amazon.com/a@b, ticket office"
	r := checkup.NewReport("", time.Time{}, []checkup.Check{{Detail: harmless}})
	if r.Checks[0].Detail != harmless {
		t.Errorf("got %q", r.Checks[0].Detail)
	}
}

// One check that hangs, and one that panics, do not keep the others.
func TestRun(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	ok := func(what string) func(context.Context) []checkup.Check {
		return func(context.Context) []checkup.Check { return []checkup.Check{{What: what, State: checkup.OK}} }
	}
	var told []checkup.Progress
	found := checkup.Run(t.Context(), []checkup.Task{
		{Area: "A", What: "one", Run: ok("one")},
		{Area: "A", What: "deaf", Limit: 20 * time.Millisecond, Run: func(context.Context) []checkup.Check { <-release; return nil }},
		{Area: "B", What: "broken", Run: func(context.Context) []checkup.Check { panic("oops") }},
		{Area: "B", What: "polite", Limit: 20 * time.Millisecond, Run: func(ctx context.Context) []checkup.Check {
			<-ctx.Done()
			return []checkup.Check{{What: "polite", State: checkup.Skipped, Detail: "in time"}}
		}},
		{Area: "C", What: "two", Run: ok("two")},
	}, func(p checkup.Progress) { told = append(told, p) })
	states := map[string]checkup.State{}
	for _, c := range found {
		states[c.What] = c.State
		if c.State == checkup.Skipped && c.Detail == "" || strings.Contains(c.Detail, "oops") {
			t.Errorf("%+v", c)
		}
	}
	want := map[string]checkup.State{"one": checkup.OK, "deaf": checkup.Skipped, "broken": checkup.Skipped, "polite": checkup.Skipped, "two": checkup.OK}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(told) != 5 || told[4].Done != 5 || len(told[4].Waiting) != 0 || told[0].Done != 1 || len(told[0].Waiting) != 4 {
		t.Errorf("progress %+v", told)
	}
}

// A checkup that is stopped ends at once, and says so.
func TestRunStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var running atomic.Bool
	release := make(chan struct{})
	defer close(release)
	found := checkup.Run(ctx, []checkup.Task{{Area: "A", What: "long", Limit: time.Hour, Run: func(context.Context) []checkup.Check {
		running.Store(true)
		stop()
		<-release
		return nil
	}}}, nil)
	if !running.Load() || len(found) != 1 || found[0].State != checkup.Skipped || !strings.Contains(found[0].Detail, "stopped") {
		t.Errorf("%+v", found)
	}
}

func TestClock(t *testing.T) {
	for _, tc := range []struct {
		skew  time.Duration
		known bool
		want  checkup.State
		says  string
	}{
		{0, false, checkup.Skipped, "did not tell"},
		{2 * time.Second, true, checkup.OK, "within"},
		{-40 * time.Second, true, checkup.Warning, "40s behind AWS's"},
		{time.Hour, true, checkup.Failed, "ahead of"},
		{-6 * time.Minute, true, checkup.Failed, "behind"},
	} {
		got := checkup.Clock("AWS", tc.skew, tc.known)
		if got.State != tc.want || !strings.Contains(got.Detail, tc.says) || (got.Fix != "") != (tc.want == checkup.Warning || tc.want == checkup.Failed) {
			t.Errorf("%v: %+v, want %s", tc.skew, got, tc.want)
		}
	}
}
