package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A doctor is a Diagnostician under a test's control.
type doctor struct {
	mu     sync.Mutex
	answer func(context.Context, diagnose.Query, func(diagnose.Progress)) diagnose.Answer
	asked  []string
}

func (d *doctor) Answer(ctx context.Context, q diagnose.Query, progress func(diagnose.Progress)) diagnose.Answer {
	d.mu.Lock()
	d.asked = append(d.asked, view.QueryText(q))
	answer := d.answer
	d.mu.Unlock()
	if answer == nil {
		return blocked(q)
	}
	return answer(ctx, q, progress)
}

func (d *doctor) becomes(answer func(context.Context, diagnose.Query, func(diagnose.Progress)) diagnose.Answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = answer
}

func (d *doctor) questions() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.asked...)
}

func (d *doctor) times(q string) int {
	n := 0
	for _, asked := range d.questions() {
		if asked == q {
			n++
		}
	}
	return n
}

func report(q diagnose.Query, v diagnose.Verdict, findings ...diagnose.Finding) diagnose.Answer {
	left := 12
	now := time.Now()
	name := q.Domain
	if name == "" {
		name = "shop.example.com"
	}
	c := diagnose.Certificate{
		ARN:     "arn:aws:acm:eu-west-1:111122223333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21",
		Account: "111122223333", Region: "eu-west-1", DomainName: name, Names: []string{name},
		Type: diagnose.TypeAmazonIssued, Status: diagnose.StatusIssued, NotAfter: now.AddDate(0, 0, 12),
	}
	return diagnose.Answer{
		At: now, Query: q, Facts: []diagnose.Facts{{Certificate: c}},
		Reports: []diagnose.Report{{
			At: now, Asked: q.Subject(), Certificate: c, State: diagnose.StatePending, Verdict: v, DaysLeft: &left,
			Headline: "Headline of " + name + ".", Findings: findings, ConsoleURL: "https://console.aws.amazon.com/acm/home",
		}},
	}
}

func blocked(q diagnose.Query) diagnose.Answer {
	name := "_token." + q.Domain
	return report(q, diagnose.VerdictBlocked, diagnose.Finding{
		Cause: "cname-missing", Title: "validation CNAME missing from DNS", Severity: diagnose.Blocking, Confidence: diagnose.Certain,
		Owner: diagnose.OwnerZone, Names: []string{q.Domain}, Text: "There is no record at `" + name + "`.",
		Remedy: diagnose.Remedy{Action: diagnose.AddRecord, Name: name, Type: "CNAME", Value: "_value.acm-validations.aws", TTL: 300},
	})
}

func healthy(q diagnose.Query) diagnose.Answer { return report(q, diagnose.VerdictHealthy) }

// A logBook keeps what the bot logs.
type logBook struct {
	mu   sync.Mutex
	b    strings.Builder
	more chan struct{} // closed, and replaced, at every line
}

func newLogBook() *logBook { return &logBook{more: make(chan struct{})} }

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// has waits until the log has a text n times.
func (l *logBook) has(t testing.TB, text string, n int) {
	t.Helper()
	late := time.After(patience)
	for {
		l.mu.Lock()
		more, found := l.more, strings.Count(l.b.String(), text)
		l.mu.Unlock()
		if found >= n {
			return
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("the log has %q %d times, want %d", text, found, n)
		}
	}
}

// A stage is a running bot in a workspace.
type stage struct {
	*workspace.Workspace
	t      testing.TB
	bot    *Bot
	doctor *doctor
	log    *logBook
	stop   context.CancelFunc
	ended  chan error
}

const patience = 20 * time.Second

func (s *stage) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.t.Cleanup(cancel)
	return ctx
}

// open starts a workspace and a bot in it, and waits until it is connected.
func open(t testing.TB, wsOpts workspace.Options, change ...func(*Options)) *stage {
	t.Helper()
	wsOpts.Manifest = cmp.Or(wsOpts.Manifest, readManifest(t))
	w, err := workspace.Start(wsOpts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stage{Workspace: w, t: t, doctor: &doctor{}, log: newLogBook(), ended: make(chan error, 1)}
	opts := Options{
		BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.APIURL(), Diagnostician: s.doctor, Sockets: 1, Stagger: time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&opts)
	}
	s.bot, err = New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() { s.ended <- s.bot.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-s.ended:
			var refusal *Refusal
			if err != nil && !errors.As(err, &refusal) {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("Run does not end")
		}
		s.bot.opts.HTTPClient.CloseIdleConnections()
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	return s
}

// connected waits until the bot's sockets are open.
func (s *stage) connected() *stage {
	s.t.Helper()
	s.until(func() bool { return s.Sockets() >= len(s.bot.sockets) })
	return s
}

func (s *stage) until(holds func() bool) {
	s.t.Helper()
	if err := s.Wait(s.ctx(), holds); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) slash(user, where, text string) {
	s.t.Helper()
	d, err := s.Slash(user, where, Command, text)
	if err != nil {
		s.t.Fatal(err)
	}
	s.acked(d)
}

// acked waits for the acknowledgement, in time.
func (s *stage) acked(d *workspace.Delivery) {
	s.t.Helper()
	e, err := d.Wait(s.ctx())
	if err != nil {
		s.t.Fatal(err)
	}
	if e.State != workspace.Acknowledged {
		s.t.Fatalf("the envelope is %v, not acknowledged", e.State)
	}
}

// sees waits for a message of the bot's with a text in it.
func (s *stage) sees(text string) workspace.Message {
	s.t.Helper()
	m, err := s.WaitMessage(s.ctx(), func(m workspace.Message) bool {
		return m.App && (strings.Contains(m.Words(), text) || strings.Contains(m.Text, text))
	})
	if err != nil {
		s.t.Fatalf("nobody sees %q: %v", text, err)
	}
	return m
}

func (s *stage) click(user string, where workspace.Place, which string) {
	s.t.Helper()
	d, err := s.Click(user, where, which)
	if err != nil {
		s.t.Fatal(err)
	}
	s.acked(d)
}

// apps are the bot's messages that a user sees in #ops-certificates.
func (s *stage) apps(user string) []workspace.Message {
	var list []workspace.Message
	for _, m := range s.Messages(ops, user) {
		if m.App {
			list = append(list, m)
		}
	}
	return list
}

const ops, dana, lee = "#ops-certificates", "dana", "lee"

func words(list []workspace.Message) string {
	var all []string
	for _, m := range list {
		all = append(all, fmt.Sprintf("%+v", m.Words()))
	}
	return strings.Join(all, "\n---\n")
}
