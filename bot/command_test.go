package bot

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

func TestSlashCommandAnswersThePersonAlone(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.slash(dana, ops, "why shop.example.com")
	m := s.sees("_token.shop.example.com")
	if !m.Ephemeral || m.Viewer == "" {
		t.Errorf("the answer is not for the asker alone: %+v", m)
	}
	for _, want := range []string{"⛔ Renewal blocked, 12 days left: shop.example.com", "_value.acm-validations.aws"} {
		if !strings.Contains(m.Words(), want) {
			t.Errorf("the answer lacks %q:\n%s", want, m.Words())
		}
	}
	if !strings.Contains(m.Text, "_value.acm-validations.aws") || !strings.Contains(m.Text, "There is no record at") {
		t.Errorf("the text is not the whole verdict: %q", m.Text)
	}
	if got := s.apps(dana); len(got) != 1 {
		t.Errorf("%d messages, want one:\n%s", len(got), words(got))
	}
	if got := s.apps(lee); len(got) != 0 {
		t.Errorf("others see it: %s", words(got))
	}
}

func TestWhatTheCommandTakes(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	for text, want := range map[string]string{
		"shop1.example.com":                                      "shop1.example.com",
		"why https://Shop2.Example.com/cart?x=1":                 "shop2.example.com",
		"WHY *.shop3.example.com":                                "*.shop3.example.com",
		"  why   <http://shop4.example.com|shop4.example.com>  ": "shop4.example.com",
		"why bücher.example":                                     "xn--bcher-kva.example",
		"0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21":                   "0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21",
	} {
		s.slash(dana, ops, text)
		s.until(func() bool { return s.doctor.times(want) == 1 }) // looks again when the answer is posted
	}
}

func TestCommandsThatTeach(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	for _, tc := range []struct{ text, want string }{
		{"lsit", "Did you mean"},
		{"", "/acm why shop.example.com"},
		{"help", "Name a domain."},
		{"HELP", "Name a domain."},
		{"frobnicate the thing", "I do not know the command"},
		{"why nonsense", "one word without a dot"},
		{"192.0.2.1", "IP address"},
		{"why a.example.com b.example.com", "more than one word"},
		{"a..example.com", "two dots in a row"},
		{"why <!channel>", "That"},
	} {
		before := len(s.apps(dana))
		s.slash(dana, ops, tc.text)
		s.until(func() bool { return len(s.apps(dana)) > before })
		all := s.apps(dana)
		last := all[len(all)-1]
		if !last.Ephemeral || !strings.Contains(last.Words(), tc.want) || !strings.Contains(last.Words(), "/acm why shop.example.com") {
			t.Errorf("%q is answered with\n%s\nwhich lacks %q or the example", tc.text, last.Words(), tc.want)
		}
	}
	if asked := s.doctor.questions(); len(asked) != 0 {
		t.Errorf("the doctor was asked %q", asked)
	}
	// The first had to wait until it was known who asks.
	if calls := s.CallsOf("response_url"); len(calls) != 1 {
		t.Errorf("%d posts to response URLs; the acknowledgement could have carried the answers", len(calls))
	}
}

// A word that is none is taken where it stands: the command that is meant is
// taught, and no other.
func TestCommandsThatAreNearlyRight(t *testing.T) {
	s := open(t, workspace.Options{}, withEstate(estateOf(3))).connected().remembered()
	for _, tc := range []struct{ text, want string }{
		{"digest foo", "I do not know the command /acm digest foo."},
		{"digest PREVEW", "Did you mean /acm digest preview?"},
		{"digest alerts", "takes on or off after it"},
		{"digest preview tomorrow", "/acm digest preview takes nothing after it"},
		{"owners shop.example.com", "/acm owners takes nothing after it"},
		{"watches all", "/acm watches takes nothing after it"},
		{"doctor dns", "/acm doctor takes nothing after it"},
		{"dgiest", "Did you mean /acm digest?"},
		{"hello", "Name a domain"},
		{"thanks!", "Any time."},
		{"failing", "Filter: failing"},
		{"expiring", "Filter: expiring:45d"},
		{"what expires within 30 days", "Filter: expiring:30d"},
	} {
		before := len(s.apps(dana))
		s.slash(dana, ops, tc.text)
		s.until(func() bool { return len(s.apps(dana)) > before })
		all := s.apps(dana)
		if last := all[len(all)-1]; !last.Ephemeral || !strings.Contains(strings.ReplaceAll(last.Words(), "`", ""), tc.want) {
			t.Errorf("%q is answered with\n%s\nwhich lacks %q", tc.text, last.Words(), tc.want)
		}
	}
	if asked := s.doctor.questions(); len(asked) != 0 {
		t.Errorf("the doctor was asked %q", asked)
	}
}

func TestProgressShowsWhereAnAnswerTakesTime(t *testing.T) {
	s := open(t, workspace.Options{}, func(o *Options) { o.ProgressAfter = time.Millisecond }).connected()
	release := make(chan struct{})
	s.doctor.becomes(func(_ context.Context, q diagnose.Query, progress func(diagnose.Progress)) diagnose.Answer {
		progress(diagnose.Progress{Stage: "searching 6 regions", Done: 2, Total: 6})
		<-release
		return blocked(q)
	})
	s.slash(dana, ops, "why slow.example.com")
	s.sees("Checking")
	close(release)
	s.sees("_token.slow.example.com")
	s.until(func() bool { return len(s.CallsOf("response_url")) >= 2 })
	calls := s.CallsOf("response_url")
	if len(calls) != 2 {
		t.Fatalf("%d posts to the response URL, want the progress and the answer", len(calls))
	}
	if calls[1].Args["replace_original"] != true {
		t.Errorf("the answer does not replace the progress: %v", calls[1].Args)
	}
}

func TestQuickAnswerShowsNoProgress(t *testing.T) {
	s := open(t, workspace.Options{}, func(o *Options) { o.ProgressAfter = time.Minute }).connected()
	s.slash(dana, ops, "shop.example.com")
	s.sees("_token.shop.example.com")
	s.until(func() bool { return len(s.CallsOf("response_url")) >= 1 })
	if n := len(s.CallsOf("response_url")); n != 1 {
		t.Errorf("%d posts, want one", n)
	}
}

func TestAcknowledgementComesBeforeTheWork(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	release := make(chan struct{})
	defer close(release)
	s.doctor.becomes(func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		<-release
		return blocked(q)
	})
	s.slash(dana, ops, "why slow.example.com") // returns once acknowledged
}
