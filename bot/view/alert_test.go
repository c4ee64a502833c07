package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/alert"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose"
)

// An alertSample plays what a channel is told of an estate.
type alertSample struct {
	*estateSample
	board *alert.Board
	at    time.Time
	n     int64
}

func newAlerts() *alertSample {
	s := &alertSample{estateSample: newEstate("111122223333"), board: alert.NewBoard("C0AOPSCERT"), at: digestDay.Add(-time.Hour)}
	s.look(0)
	return s
}

// look is a look at the estate after a while, and returns the latest notice.
func (s *alertSample) look(later time.Duration) *alert.Notice {
	s.at = s.at.Add(later)
	s.n++
	look := alert.Look{N: s.n, At: s.at, Read: s.listing.Scope.Places}
	for _, o := range (digest.Routing{}).ForChannel("C0AOPSCERT", digest.Selector{}, s.listing.Certificates) {
		o.Group = s.group
		r := s.reports[o.ARN]
		if r != nil {
			r.At, r.DaysLeft, r.State, r.Certificate = s.at, o.DaysLeft(s.at), o.State(s.at), o.Certificate()
		}
		look.Sights = append(look.Sights, alert.See(o, r, s.at, []int{14, 7, 3, 1}))
	}
	s.board.Take(look)
	for id, t := range s.board.Threads {
		if t.TS == "" {
			t.TS = id
		}
	}
	if len(s.board.Outbox) == 0 {
		return nil
	}
	n := s.board.Outbox[len(s.board.Outbox)-1]
	s.board.Outbox = nil
	return &n
}

// twice are two looks, ten minutes apart.
func (s *alertSample) twice(later time.Duration) *alert.Notice {
	s.look(later)
	return s.look(10 * time.Minute)
}

// renew renews the certificates from the n-th to before the m-th.
func (s *alertSample) renew(n, m int) {
	for i := range s.listing.Certificates[n:m] {
		c := &s.listing.Certificates[n+i]
		c.NotBefore, c.NotAfter, c.RenewalStatus = s.at, s.at.AddDate(0, 0, 198), diagnose.RenewalSuccess
		s.reports[c.ARN].Verdict, s.reports[c.ARN].Findings = diagnose.VerdictHealthy, nil
	}
}

func (s *alertSample) card(n *alert.Notice) alert.Card {
	c, _ := s.board.Card(n.Thread)
	return c
}

var alertPlace = AlertOptions{Channel: "C0AOPSCERT", Thread: "19ab0c-1"}

func alertMessages() map[string]Message {
	list := map[string]Message{}
	first := func(name string, c alert.Card, n *alert.Notice) { list[name] = Alert(c, n, alertPlace) }
	reply := func(name string, n *alert.Notice) { list[name] = AlertNews(*n, alertPlace) }

	s := newAlerts()
	s.group = "S0AONCALL1"
	c := s.trouble("shop.example.com", 16, diagnose.VerdictBlocked, "cname-missing", "example.com")
	n := s.twice(10 * time.Minute)
	first("open", s.card(n), n)
	c.RenewalStatus = diagnose.RenewalFailed
	n = s.twice(10 * time.Minute)
	reply("failed", n)
	first("updated", s.card(n), nil)
	n = s.look(48 * time.Hour)
	reply("threshold", n)
	f := &s.reports[c.ARN].Findings[0]
	f.Cause, f.Title, f.Remedy.Summary = "caa-forbids-amazon", diagnose.CauseOf("caa-forbids-amazon").Title, "add `0 issue \"amazon.com\"` to the CAA records of `example.com`"
	n = s.twice(10 * time.Minute)
	reply("cause", n)
	s.renew(0, 1)
	n = s.twice(10 * time.Minute)
	n.Users = []string{"U0ADANA001"}
	reply("closed", n)
	first("closed-first", s.card(n), nil)

	s = newAlerts()
	s.group = "S0AONCALL1"
	s.trouble("<!channel>.example.net", 3, diagnose.VerdictBlocked, "cname-missing", "example.net")
	n = s.twice(10 * time.Minute)
	first("open-urgent", s.card(n), n)
	s.listing.Certificates[0].Status = diagnose.StatusExpired
	s.reports[s.listing.Certificates[0].ARN].Verdict = diagnose.VerdictDown
	reply("expired", s.twice(4*24*time.Hour))
	s.listing.Certificates = nil
	n = &alert.Notice{News: []alert.News{alert.NewsOver}, Card: alert.Card{Status: alert.Gone, Item: n.Card.Item, Since: s.at, Over: s.at.Add(time.Hour)}}
	reply("gone", n)

	s = newAlerts()
	s.trouble("flap.example.com", 30, diagnose.VerdictBlocked, "cname-missing", "example.com")
	report := s.reports[s.listing.Certificates[0].ARN]
	n = s.twice(10 * time.Minute)
	for range 2 {
		report.Verdict = diagnose.VerdictHealthy
		closed := s.twice(2 * time.Hour)
		reply("well", closed)
		report.Verdict = diagnose.VerdictBlocked
		n = s.twice(3 * time.Hour)
	}
	reply("flapping", n)
	first("flapping-first", s.card(n), nil)

	s = newAlerts()
	s.group = "S0AONCALL1"
	for i := range 300 {
		s.trouble(fmt.Sprintf("host-%03d.example.com", i), 16+i%30, diagnose.VerdictBlocked, "delegation-moved", "example.com")
	}
	n = s.twice(10 * time.Minute)
	first("wave", s.card(n), n)
	s.renew(40, 252)
	n = s.twice(2 * time.Hour)
	reply("wave-progress", n)
	first("wave-updated", s.card(n), nil)
	reply("wave-threshold", s.look(48*time.Hour))
	for i := range s.listing.Certificates[:7] {
		s.listing.Certificates[i].RenewalStatus = diagnose.RenewalFailed
	}
	for i := range 5 {
		s.trouble(fmt.Sprintf("late-%d.example.com", i), 40, diagnose.VerdictBlocked, "delegation-moved", "example.com")
	}
	reply("wave-worse", s.twice(10*time.Minute))
	s.renew(0, 305)
	n = s.twice(10 * time.Minute)
	reply("wave-closed", n)
	first("wave-closed-first", s.card(n), nil)

	s = newAlerts()
	for i := range 20 {
		c := s.trouble(fmt.Sprintf("host-%02d.example%d.com", i, i), 40, diagnose.VerdictBlocked, "cname-missing", fmt.Sprintf("example%d.com", i))
		s.reports[c.ARN].Findings[0].Remedy.Summary = "add the CNAME record of `" + c.DomainName + "`"
	}
	n = s.twice(10 * time.Minute)
	first("wave-zones", s.card(n), n)
	return list
}

// marked is all text of blocks that can format and ping.
func marked(t *testing.T, raw []byte) string {
	t.Helper()
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if text, ok := v["text"].(string); ok && v["type"] == "mrkdwn" {
				b.WriteString(text + "\n")
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(tree)
	return b.String()
}

func TestAlertGolden(t *testing.T) {
	for name, m := range alertMessages() {
		t.Run(name, func(t *testing.T) {
			lint(t, name, m)
			raw, err := json.Marshal(m.Blocks)
			if err != nil {
				t.Fatal(err)
			}
			if all := marked(t, raw) + m.Text; strings.Contains(all, "<!channel>") {
				t.Error("text from outside pings")
			}
			if pings := strings.Contains(string(raw), "S0AONCALL1"); pings != slices.Contains([]string{"open-urgent", "expired", "threshold", "wave-threshold"}, name) {
				t.Errorf("the user group is mentioned: %v", pings)
			}
			golden(t, "alert-"+name, goldenOf(m))
		})
	}
}

func TestAlertListGolden(t *testing.T) {
	s := newAlerts()
	for i := range 50 {
		s.trouble(fmt.Sprintf("host-%02d.example.com", i), 16+i, diagnose.VerdictBlocked, "delegation-moved", "example.com")
	}
	n := s.twice(10 * time.Minute)
	s.renew(15, 50)
	s.twice(2 * time.Hour)
	seen := map[string]bool{}
	for page := range 4 {
		v := AlertList(s.board.List(n.Thread), AlertState{Channel: "C0AOPSCERT", Thread: n.Thread, Page: page})
		lintView(t, fmt.Sprintf("page %d", page), v)
		rowsOf(v, seen)
		if page == 0 {
			golden(t, "alert-list", v)
		}
	}
	if len(seen) != 50 {
		t.Errorf("the pages show %d of 50 certificates", len(seen))
	}
	lintView(t, "an empty list", AlertList(nil, AlertState{Channel: "C0AOPSCERT", Thread: "x"}))
}

func TestAlertState(t *testing.T) {
	s := AlertState{Channel: "C0AOPSCERT", Thread: "19ab0c-1", Page: 2}
	if got, err := ParseAlertState(s.Encode()); err != nil || got != s {
		t.Errorf("%+v reads back as %+v, %v", s, got, err)
	}
	for _, value := range []string{"", "{}", `{"c":"C0A"}`, `{"c":"C0A","t":"x","p":-1}`, `{"v":1,"q":"example.com"}`} {
		if got, err := ParseAlertState(value); !errors.Is(err, ErrStale) {
			t.Errorf("ParseAlertState(%q) = %+v, %v", value, got, err)
		}
	}
}

func TestHostileAlert(t *testing.T) {
	long := strings.Repeat("a very long cause with `code in it` and <!here> ", 100)
	i := digest.Item{ARN: strings.Repeat("arn:", 60), Domain: strings.Repeat("long-label.", 22) + "example.com", Title: long, Fix: long, Account: "*<@U1>*", Region: "`<!here>`"}
	n := alert.Notice{
		News: []alert.News{alert.NewsAgain, alert.NewsWorse, alert.NewsCause, alert.NewsThreshold}, Was: long, Groups: []string{"<!here>", "S0AONCALL1"}, Users: []string{"<!here>", "U0ADANA001"},
		Card: alert.Card{Status: alert.Failed, Item: i, Alerts: 1000000},
	}
	w := n
	w.Card = alert.Card{Wave: &alert.Wave{Title: long, Fix: long, Zone: i.Domain}, Counts: alert.Counts{All: 99999, Open: 99999, Failed: 3, Down: 4}, Top: []digest.Item{i, i, i}}
	for name, m := range map[string]Message{
		"first": Alert(n.Card, &n, alertPlace), "reply": AlertNews(n, alertPlace), "wave": Alert(w.Card, &w, alertPlace), "wave reply": AlertNews(w, alertPlace),
	} {
		lint(t, name, m)
		raw, err := json.Marshal(m.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		if all := marked(t, raw) + m.Text; strings.Contains(all, "<!here>") {
			t.Errorf("%s: text from outside pings", name)
		}
	}
}

// Whatever has changed in a wave, its reply says something, and nothing that
// cannot be.
func TestWaveRepliesSaySomething(t *testing.T) {
	days := func(n int) *int { return &n }
	var all []alert.Counts
	for _, open := range []int{1, 4, 6} {
		for _, failed := range []int{0, 1, 3} {
			for _, down := range []int{0, 1, 2} {
				if failed+down <= open {
					all = append(all, alert.Counts{All: 6, Open: open, Failed: failed, Down: down, Renewed: 6 - open})
					if open < 6 {
						all = append(all, alert.Counts{All: 6, Open: open, Failed: failed, Down: down, Well: 6 - open})
					}
				}
			}
		}
	}
	for _, was := range all {
		for _, now := range all {
			if was == now {
				continue
			}
			for _, news := range []alert.News{alert.NewsProgress, alert.NewsThreshold} {
				for _, left := range []*int{nil, days(-2), days(0), days(3)} {
					top := []digest.Item{{Domain: "a.example.com", DaysLeft: left}}
					n := alert.Notice{News: []alert.News{news}, Counts: was, Gap: time.Hour, Card: alert.Card{Wave: &alert.Wave{Zone: "example.com", Title: "the record is missing"}, Counts: now, Top: top}}
					m := AlertNews(n, alertPlace)
					name := fmt.Sprintf("%s from %+v to %+v", news, was, now)
					lint(t, name, m)
					if strings.TrimSpace(m.Text) == "" || strings.Contains(m.Text, "ago") || strings.Contains(m.Text, "has **") {
						t.Fatalf("%s: %q", name, m.Text)
					}
				}
			}
		}
	}
}
