package alert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose"
)

var (
	nine       = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	here       = diagnose.Place{Account: "111122223333", Region: "eu-west-1"}
	thresholds = []int{14, 7, 3, 1}
)

// sight is what a look shows of the n-th certificate.
func sight(n int, status Status, days int, at time.Time) Sight {
	left := days
	s := Sight{
		Item: digest.Item{
			ARN: fmt.Sprintf("arn:%03d", n), Domain: fmt.Sprintf("s%03d.example.com", n), Account: here.Account, Region: here.Region,
			NotAfter: at.AddDate(0, 0, days).Add(time.Hour), DaysLeft: &left, InUse: true,
		},
		Status: status, Presumed: status, mark: mark(&left, thresholds),
	}
	if status.Trouble() {
		s.Cause, s.Title, s.Fix, s.Zone = "cname-missing", "the record is missing", "add it", "example.com"
	}
	return s
}

// A play takes looks in, one every ten minutes.
type play struct {
	t     testing.TB
	board *Board
	n     int64
	at    time.Time
}

func newPlay(t testing.TB) *play {
	p := &play{t: t, board: NewBoard("C0A"), at: nine}
	p.look() // there is nothing wrong at first
	return p
}

func (p *play) look(sights ...Sight) []Notice { return p.lookAt([]diagnose.Place{here}, sights...) }

// lookAt is a look, and returns what there is to tell then, which is posted.
func (p *play) lookAt(read []diagnose.Place, sights ...Sight) []Notice {
	p.at = p.at.Add(10 * time.Minute)
	p.n++
	p.board = reload(p.t, p.board)
	p.board.Take(Look{N: p.n, At: p.at, Apart: 5 * time.Minute, Read: read, Sights: sights})
	for id, t := range p.board.Threads {
		if t.TS == "" {
			t.TS = "ts-" + id
		}
	}
	told := p.board.Outbox
	p.board.Outbox = nil
	return told
}

// reload is a board as the store gives it back.
func reload(t testing.TB, b *Board) *Board {
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	again := NewBoard(b.Channel)
	if err := json.Unmarshal(raw, again); err != nil {
		t.Fatal(err)
	}
	return again
}

// words are what notices tell, such as "opened", "threshold @S0AONCALL1".
func words(told []Notice) []string {
	list := []string{}
	for _, n := range told {
		var parts []string
		for _, what := range n.News {
			parts = append(parts, string(what))
		}
		if c := n.Card; c.Wave != nil {
			parts = append(parts, fmt.Sprintf("%d/%d", c.Counts.Open, c.Counts.All))
		} else {
			parts = append(parts, string(c.Status))
		}
		for _, g := range n.Groups {
			parts = append(parts, "@"+g)
		}
		list = append(list, strings.Join(parts, " "))
	}
	return list
}

func (p *play) want(told []Notice, want ...string) {
	p.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, words(told)); diff != "" {
		p.t.Fatalf("at %s (-want +got):\n%s", p.at.Format(time.DateTime), diff)
	}
}

func TestIncident(t *testing.T) {
	const away = Status("away") // not among what is seen
	type step struct {
		sight Status
		days  int
		want  string // what is told, "" for nothing
	}
	for _, tc := range []struct {
		name  string
		steps []step
	}{
		{"pending, then renewed", []step{{Pending, 30, ""}, {Pending, 30, "opened pending"}, {Pending, 30, ""}, {Well, 198, ""}, {Well, 198, "over renewed"}, {Well, 198, ""}}},
		{"a slip of one look", []step{{Pending, 30, ""}, {Well, 30, ""}, {Pending, 30, ""}, {Well, 30, ""}}},
		{"well again for one look", []step{{Pending, 30, ""}, {Pending, 30, "opened pending"}, {Well, 30, ""}, {Pending, 30, ""}, {Well, 30, ""}, {Well, 30, "over well"}}},
		{"nothing seen in between", []step{{Pending, 30, ""}, {Unknown, 30, ""}, {Pending, 30, "opened pending"}, {Unknown, 30, ""}, {Well, 30, ""}, {Unknown, 30, ""}, {Well, 30, "over well"}}},
		{"not seen is not gone", []step{{Pending, 30, ""}, {Pending, 30, "opened pending"}, {away, 0, ""}, {away, 0, ""}, {away, 0, ""}}},
		{"gone", []step{{Pending, 30, ""}, {Pending, 30, "opened pending"}, {Gone, 30, ""}, {Gone, 30, "over gone"}}},
		{"gone and back", []step{{Pending, 30, ""}, {Pending, 30, "opened pending"}, {Gone, 30, ""}, {Pending, 30, ""}, {Gone, 30, ""}, {Gone, 30, "over gone"}}},
		{"another channel's", []step{{Pending, 30, ""}, {Pending, 30, "opened pending"}, {Elsewhere, 30, ""}, {Elsewhere, 30, "over elsewhere"}}},
		{"it fails and expires", []step{
			{Pending, 8, ""}, {Pending, 8, "opened pending @S0A"}, {Failed, 8, ""}, {Failed, 8, "worse failed"}, {Pending, 8, ""},
			{Failed, 7, "threshold failed @S0A"}, {Failed, 3, "threshold failed @S0A"}, {Failed, 2, ""}, {Failed, 0, "threshold failed @S0A"}, {Expired, -1, ""}, {Expired, -1, "worse expired"}, {Expired, -1, ""},
		}},
		{"thresholds", []step{{Pending, 15, ""}, {Pending, 15, "opened pending"}, {Pending, 14, "threshold pending @S0A"}, {Pending, 14, ""}, {Pending, 15, ""}, {Pending, 14, ""}, {Pending, 2, "threshold pending @S0A"}}},
		{"nobody renews it", []step{{Well, 15, ""}, {Ending, 14, ""}, {Ending, 14, "opened ending @S0A"}, {Ending, 7, "threshold ending @S0A"}}},
		{"two kinds of trouble, each seen once", []step{{Pending, 30, ""}, {Failed, 30, ""}, {Failed, 30, "opened failed"}}},
		{"renewed while it counted as well", []step{{Well, 30, ""}, {Well, 198, ""}}},
		{"revoked", []step{{Revoked, 30, ""}, {Revoked, 30, "opened revoked"}, {Well, 30, ""}, {Well, 30, "over well"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPlay(t)
			end := nine
			for n, s := range tc.steps {
				var told []Notice
				if s.sight == away {
					told = p.look()
				} else {
					x := sight(1, s.sight, s.days, p.at)
					if s.days < 100 {
						x.NotAfter = end.AddDate(0, 0, 30) // the same certificate all along
					}
					x.Group = "S0A"
					told = p.look(x)
				}
				var want []string
				if s.want != "" {
					want = []string{s.want}
				}
				if diff := cmp.Diff(want, words(told), cmp.Transformer("nil", func(l []string) []string { return append([]string{}, l...) })); diff != "" {
					t.Fatalf("step %d, %+v (-want +got):\n%s", n+1, s, diff)
				}
			}
			open := 0
			for _, i := range p.board.Incidents {
				if i.Open() {
					open++
				}
			}
			if last := tc.steps[len(tc.steps)-1].sight; open == 1 != (last.Trouble() || last == away) {
				t.Errorf("%d incidents are open at the end", open)
			}
		})
	}
}

func TestCauseChanges(t *testing.T) {
	p := newPlay(t)
	with := func(cause diagnose.CauseID) Sight {
		s := sight(1, Pending, 30, nine)
		s.Cause, s.Title = cause, string(cause)
		return s
	}
	p.look(with("cname-missing"))
	p.want(p.look(with("cname-missing")), "opened pending")
	p.want(p.look(with("caa-forbids-amazon")))
	p.want(p.look(with("cname-missing")))
	p.want(p.look(with("caa-forbids-amazon")))
	p.want(p.look(with("")))
	told := p.look(with("caa-forbids-amazon"))
	p.want(told)
	told = p.look(with("caa-forbids-amazon"))
	p.want(told, "cause pending")
	if told[0].Was != "cname-missing" || told[0].Card.Item.Cause != "caa-forbids-amazon" {
		t.Errorf("it was %q and is %q", told[0].Was, told[0].Card.Item.Cause)
	}
	// What was told once is not told again; the first message shows it.
	p.look(with("cname-missing"))
	p.want(p.look(with("cname-missing")))
	if c, _ := p.board.Card(told[0].Thread); c.Item.Cause != "cname-missing" {
		t.Errorf("the first message shows %q", c.Item.Cause)
	}
}

func TestEventConfirms(t *testing.T) {
	for _, tc := range []struct {
		event  diagnose.EventKind
		status Status
		told   bool
	}{
		{diagnose.EventActionRequired, Pending, true},
		{diagnose.EventActionRequired, Failed, true},
		{diagnose.EventExpired, Expired, true},
		{diagnose.EventExpired, Pending, false},
		{diagnose.EventRevoked, Revoked, true},
		{diagnose.EventApproachingExpiration, Pending, false},
		{diagnose.EventApproachingExpiration, Ending, true},
		{diagnose.EventAvailable, Pending, false},
	} {
		p := newPlay(t)
		s := sight(1, tc.status, 12, p.at)
		s.Events = []diagnose.EventKind{tc.event}
		if told := p.lookAt(nil, s); len(told) == 1 != tc.told {
			t.Errorf("%s and %s: told %v", tc.event, tc.status, words(told))
		}
	}
	p := newPlay(t)
	p.look(sight(1, Pending, 12, nine))
	p.look(sight(1, Pending, 12, nine))
	s := sight(1, Well, 198, nine)
	s.Events = []diagnose.EventKind{diagnose.EventAvailable}
	p.want(p.lookAt(nil, s), "over renewed")
}

// What ACM tells of when a channel's certificates are first read is news, also
// where they were not read yet. What it told long before, or tells each day, is
// not.
func TestEventAroundTheFirstScan(t *testing.T) {
	for _, tc := range []struct {
		name   string
		event  diagnose.EventKind
		status Status
		before time.Duration // when the event was sent, before the look that it leads to
		told   bool
	}{
		{"just now", diagnose.EventActionRequired, Pending, time.Minute, true},
		{"while the bot was down", diagnose.EventActionRequired, Pending, 3 * time.Hour, false},
		{"of something else", diagnose.EventActionRequired, Expired, time.Minute, false},
		{"as it does each day", diagnose.EventApproachingExpiration, Ending, time.Minute, false},
		{"expired", diagnose.EventExpired, Expired, time.Minute, true},
		{"revoked", diagnose.EventRevoked, Revoked, time.Minute, true},
	} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after the scan %v", tc.name, after), func(t *testing.T) {
				p := &play{t: t, board: NewBoard("C0A"), at: nine}
				p.board.Scope = "another one" // the look's is another, as a new channel's is
				plain, other := sight(1, tc.status, 12, nine), sight(2, tc.status, 12, nine)
				event := plain
				scan := func() { p.want(p.look(plain, other)) }
				if after {
					scan()
				}
				event.Events, event.Sent = []diagnose.EventKind{tc.event}, p.at.Add(10*time.Minute-tc.before)
				told := p.lookAt(nil, event)
				if len(told) == 1 != tc.told || tc.told && told[0].News[0] != NewsOpened {
					t.Errorf("told %v", words(told))
				}
				if !after {
					scan()
				}
				scan()
				p.want(p.lookAt(nil, event))
				if i := p.board.Incidents[event.ARN]; i == nil || i.Silent == tc.told {
					t.Errorf("%+v", i)
				}
				well := []Sight{sight(1, Well, 300, nine), sight(2, Well, 300, nine)}
				p.want(p.look(well...))
				p.want(p.look(well...), "over renewed", "over renewed")
			})
		}
	}
	// Much later it is one of those that were wrong before.
	p := &play{t: t, board: NewBoard("C0A"), at: nine}
	s := sight(1, Pending, 20, nine)
	p.want(p.look(s))
	p.at = p.at.Add(5 * day)
	s.Events, s.Sent = []diagnose.EventKind{diagnose.EventActionRequired}, p.at
	p.want(p.lookAt(nil, s))
	// A snooze holds.
	p = &play{t: t, board: NewBoard("C0A"), at: nine}
	s = sight(1, Pending, 20, nine)
	s.Snoozed, s.Events, s.Sent = true, []diagnose.EventKind{diagnose.EventActionRequired}, p.at
	p.want(p.lookAt(nil, s))
	p.want(p.look(s))
	p.want(p.lookAt(nil, s))
}

func TestLooksTooCloseCountAsOne(t *testing.T) {
	p := newPlay(t)
	p.look(sight(1, Pending, 30, nine))
	p.at = p.at.Add(-9 * time.Minute)
	p.want(p.look(sight(1, Pending, 30, nine)))
	p.want(p.look(sight(1, Pending, 30, nine)), "opened pending")
}

func TestFirstScanAdopts(t *testing.T) {
	p := &play{t: t, board: NewBoard("C0A"), at: nine}
	there := diagnose.Place{Account: "444455556666", Region: "eu-west-1"}
	far := func(status Status, days int) Sight {
		s := sight(9, status, days, nine)
		s.Account = there.Account
		return s
	}
	a, b, c, d := sight(1, Pending, 10, nine), sight(2, Pending, 20, nine), sight(3, Pending, 20, nine), sight(4, Pending, 20, nine)
	unlooked := sight(5, Unknown, 20, nine)
	unlooked.Presumed = Pending
	p.want(p.look(a, b, c, d, unlooked))
	p.want(p.look(a, b, c, d, sight(5, Pending, 20, nine)))
	p.want(p.lookAt([]diagnose.Place{here, there}, far(Pending, 20))) // an account that can be read at last
	p.want(p.lookAt([]diagnose.Place{here, there}, far(Pending, 20)))
	// It tells what gets worse, comes under a threshold, or is renewed.
	worse, near, renewed := sight(1, Failed, 10, nine), sight(2, Pending, 14, nine), sight(3, Well, 198, nine)
	p.want(p.look(worse, near, renewed, sight(4, Well, 20, nine)), "threshold pending")
	p.want(p.look(worse, near, renewed, sight(4, Well, 20, nine)), "worse failed", "over renewed")
	if p.board.Incidents["arn:004"] != nil {
		t.Error("what was never told and is over is kept")
	}
	// Certificates that come with another filter are no news either.
	p.board.Scope = "domain:example.net"
	p.want(p.look(sight(6, Pending, 20, nine)))
	p.want(p.look(sight(6, Pending, 20, nine)))
	p.look(sight(7, Pending, 20, nine))
	p.want(p.look(sight(7, Pending, 20, nine)), "opened pending")
}

// A certificate that another one took the place of, which ends soon as well, as an
// import can be, has its thresholds before it.
func TestReplacedByOneThatEndsSoon(t *testing.T) {
	p := newPlay(t)
	days := func(n int) Sight {
		s := sight(1, Ending, n, p.at)
		s.Group = "S0A"
		return s
	}
	p.look(days(2))
	p.want(p.look(days(2)), "opened ending @S0A")
	p.want(p.look(days(12)))
	p.want(p.look(days(12)))
	p.want(p.look(days(7)), "threshold ending @S0A")
	p.want(p.look(days(3)), "threshold ending @S0A")
}

func TestSnoozed(t *testing.T) {
	p := newPlay(t)
	s := sight(1, Pending, 20, nine)
	s.Snoozed = true
	p.look(s)
	p.want(p.look(s))
	s.Snoozed = false
	p.look(s)
	p.want(p.look(s), "opened pending")
	under := sight(1, Pending, 14, nine)
	under.NotAfter, under.Snoozed = s.NotAfter, true
	p.want(p.look(under))
	under.Snoozed = false
	p.want(p.look(under)) // nothing new since
	under = sight(1, Pending, 7, nine)
	under.NotAfter = s.NotAfter
	p.want(p.look(under), "threshold pending")
}

func TestFlapping(t *testing.T) {
	p := newPlay(t)
	var told []Notice
	times := []time.Duration{}
	for range 7 * 24 * 60 / 40 { // in trouble for twenty minutes, well for twenty
		for _, status := range []Status{Pending, Pending, Well, Well} {
			for _, n := range p.look(sight(1, status, 40, nine)) {
				if n.News[0] != NewsOver {
					times = append(times, n.At.Sub(nine))
				}
				told = append(told, n)
			}
		}
	}
	threads := map[string]bool{}
	for i, n := range told {
		threads[n.Thread] = true
		if over := n.News[0] == NewsOver; over != (i%2 == 1) {
			t.Fatalf("notice %d is %v", i+1, n.News)
		}
	}
	if len(threads) != 1 {
		t.Errorf("there are %d threads", len(threads))
	}
	for i := 1; i < len(times); i++ {
		want := min(firstGap<<(i-1), mostGap)
		if gap := times[i] - times[i-1]; gap < want || gap > want+time.Hour {
			t.Errorf("alert %d comes %v after the one before, want about %v", i+1, gap, want)
		}
	}
	if len(times) < 8 || len(times) > 12 {
		t.Errorf("there are %d alerts in a week", len(times))
	}
	// After a while of rest it is another incident.
	p.at = p.at.Add(flapWindow)
	p.look()
	p.look(sight(1, Pending, 40, nine))
	again := p.look(sight(1, Pending, 40, nine))
	p.want(again, "opened pending")
	if threads[again[0].Thread] {
		t.Error("it goes on in the old thread")
	}
}

// What was told at the time of a clock that ran far ahead does not keep quiet for
// as long.
func TestFlappingAfterTheClockWasPutBack(t *testing.T) {
	for name, sights := range map[string]func(Status) []Sight{
		"single": func(s Status) []Sight { return many(1, 1, s, 40) },
		"wave":   func(s Status) []Sight { return many(1, 9, s, 40) },
	} {
		p := newPlay(t)
		p.at = p.at.AddDate(1, 0, 0)
		p.look(sights(Pending)...)
		if told := p.look(sights(Pending)...); len(told) != 1 {
			t.Fatalf("%s: told %v", name, words(told))
		}
		p.look(sights(Well)...)
		p.look(sights(Well)...)
		p.at = p.at.AddDate(-1, 0, 0)
		p.look(sights(Pending)...)
		if told := p.look(sights(Pending)...); len(told) != 1 || told[0].News[0] != NewsAgain {
			t.Errorf("%s: told %v", name, words(told))
		}
	}
}

func many(from, to int, status Status, days int) []Sight {
	var list []Sight
	for n := from; n <= to; n++ {
		list = append(list, sight(n, status, days, nine))
	}
	return list
}

func TestWave(t *testing.T) {
	p := newPlay(t)
	p.look(many(1, 300, Pending, 20)...)
	told := p.look(many(1, 300, Pending, 20)...)
	p.want(told, "opened 300/300")
	if w := told[0].Card.Wave; w.Zone != "example.com" || w.Cause != "cname-missing" || w.Fix != "add it" || len(told[0].Card.Top) != 3 {
		t.Errorf("%+v", told[0].Card)
	}
	thread := told[0].Thread
	// Some more come, and some are renewed: told, but not each time.
	p.look(many(1, 305, Pending, 20)...)
	p.want(p.look(many(1, 305, Pending, 20)...))
	mix := func(renewed int, days int) []Sight {
		return append(many(1, renewed, Well, 198), many(renewed+1, 305, Pending, days)...)
	}
	p.look(mix(100, 20)...)
	p.look(mix(100, 20)...)
	var progress []Notice
	for n := range 48 {
		progress = append(progress, p.look(mix(100+4*n, 20)...)...)
	}
	if len(progress) < 2 || len(progress) > 4 {
		t.Errorf("in eight hours there are %d notices: %v", len(progress), words(progress))
	}
	for _, n := range progress {
		if n.Thread != thread || n.News[0] != NewsProgress {
			t.Errorf("%v in %s", n.News, n.Thread)
		}
	}
	x := mix(288, 14)
	for i := range x {
		if x[i].Status.Trouble() {
			x[i].Group, x[i].NotAfter = "S0A", nine.AddDate(0, 0, 20).Add(time.Hour)
		}
	}
	p.want(p.look(x...), "threshold 17/305 @S0A")
	if n := len(p.board.List(thread)); n != 305 {
		t.Errorf("the list has %d certificates", n)
	}
	p.look(many(1, 305, Well, 198)...)
	p.want(p.look(many(1, 305, Well, 198)...), "over 0/305")
	p.want(p.look(many(1, 305, Well, 198)...))
	p.at = p.at.Add(flapWindow)
	p.look()
	if len(p.board.Incidents)+len(p.board.Threads) != 0 {
		t.Errorf("%d incidents and %d threads are kept", len(p.board.Incidents), len(p.board.Threads))
	}
}

func TestWaveOfAnotherCause(t *testing.T) {
	p := newPlay(t)
	p.look(many(1, 10, Pending, 20)...)
	p.look(many(1, 10, Pending, 20)...)
	p.at = p.at.Add(2 * time.Hour)
	other := func() []Sight {
		list := many(1, 10, Pending, 20)
		for i := range list[2:] {
			list[i+2].Cause, list[i+2].Title, list[i+2].Fix = "caa-forbids-amazon", "CAA forbids it", "allow it"
		}
		return list
	}
	p.want(p.look(other()...))
	told := p.look(other()...)
	p.want(told, "cause 10/10")
	if n := told[0]; n.Was != "the record is missing" || n.Card.Wave.Title != "CAA forbids it" {
		t.Errorf("%+v", n)
	}
	p.want(p.look(other()...))
}

func TestManyOfOneCauseInManyZones(t *testing.T) {
	p := newPlay(t)
	list := many(1, 40, Pending, 20)
	for i := range list {
		list[i].Zone = fmt.Sprintf("z%d.example", i)
	}
	list[39].Cause = "caa-forbids-amazon"
	p.look(list...)
	p.want(p.look(list...), "opened pending", "opened 39/39")
}

func TestManyAreRenewedUnnoticed(t *testing.T) {
	p := &play{t: t, board: NewBoard("C0A"), at: nine}
	p.look(many(1, 30, Pending, 20)...)
	p.look(many(1, 30, Well, 198)...)
	p.want(p.look(many(1, 30, Well, 198)...), "over 0/30")
}

// Whatever is seen in whatever order: nothing is told on one look alone, an
// incident begins before it ends, each news is told once, and what could not be
// read tells nothing.
func TestBoardProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &play{t: t, board: NewBoard("C0A"), at: nine}
		p.look()
		const certificates = 8
		days, ends := 40, nine.AddDate(0, 0, 40)
		statuses := []Status{Unknown, Ending, Pending, Pending, Pending, Failed, Expired, Revoked, Well, Well, Well, Gone, Elsewhere}
		type seen struct{ last, before Status }
		history := map[string]seen{}
		renewed := map[string]bool{}
		over := map[string]bool{} // by thread
		marks := map[string]int{}
		n := map[string]int{}
		for range rapid.IntRange(1, 60).Draw(rt, "looks") {
			if rapid.IntRange(0, 5).Draw(rt, "a day goes by") == 0 {
				days--
				p.at = p.at.Add(day)
			}
			readable := rapid.IntRange(0, 3).Draw(rt, "readable") > 0
			var sights []Sight
			if readable {
				for i := range certificates {
					status := rapid.SampledFrom(statuses).Draw(rt, "status")
					s := sight(i, status, days, p.at)
					s.NotAfter = ends
					if renewed[s.ARN] || status == Well && rapid.Bool().Draw(rt, "renewed") {
						renewed[s.ARN] = true
						s.NotAfter = ends.AddDate(0, 6, 0)
					}
					if status == Unknown {
						s.NotAfter = time.Time{} // a later end would tell that it is renewed
					}
					sights = append(sights, s)
					if h := history[s.ARN]; status != Unknown {
						history[s.ARN] = seen{status, h.last}
					}
				}
			}
			read := []diagnose.Place{}
			if readable {
				read = append(read, here)
			}
			told := p.lookAt(read, sights...)
			if !readable && len(told) > 0 {
				rt.Fatalf("what could not be read tells %v", words(told))
			}
			for _, notice := range told {
				n[notice.Thread]++
				if notice.N != n[notice.Thread] {
					rt.Fatalf("notice %d of %s is the %d.", notice.N, notice.Thread, n[notice.Thread])
				}
				ends := notice.News[0] == NewsOver
				switch {
				case notice.N == 1 && ends:
					rt.Fatal("an incident ends before it begins")
				case ends && over[notice.Thread]:
					rt.Fatal("an incident ends twice")
				case !ends && over[notice.Thread] && notice.News[0] != NewsAgain:
					rt.Fatalf("an incident that is over has %v", notice.News)
				case notice.News[0] == NewsAgain && !over[notice.Thread]:
					rt.Fatal("it begins again without having ended")
				}
				over[notice.Thread] = ends
				if notice.Card.Wave != nil {
					continue
				}
				h := history[notice.Card.Item.ARN]
				if slices.Contains(notice.News, NewsOpened) && (h.last != notice.Card.Status || h.before != notice.Card.Status) {
					rt.Fatalf("%s begins after %q and %q", notice.Card.Status, h.before, h.last)
				}
				if ends && (h.last.Trouble() || h.before.Trouble()) {
					rt.Fatalf("it ends after %q and %q", h.before, h.last)
				}
				if slices.Contains(notice.News, NewsThreshold) && !renewed[notice.Card.Item.ARN] {
					m := mark(notice.Card.Item.DaysLeft, thresholds)
					if old, ok := marks[notice.Thread]; ok && m >= old {
						rt.Fatalf("the threshold %d is told after %d", m, old)
					}
					marks[notice.Thread] = m
				}
			}
			// Taken in again, a look changes nothing.
			if p.board.Take(Look{N: p.n, At: p.at, Read: read, Sights: sights}) || len(p.board.Outbox) > 0 {
				rt.Fatal("a look is taken in twice")
			}
		}
	})
}

// What could not be posted for long is told as long as nothing later tells it, and
// is about what is so still.
func TestStaleNotices(t *testing.T) {
	left := 9
	now := Card{Status: Pending, Item: digest.Item{DaysLeft: &left}}
	for _, tc := range []struct {
		name        string
		news        News
		waits       time.Duration
		later       bool
		stale, late bool
	}{
		{"for hours", NewsOpened, 23 * time.Hour, false, false, false},
		{"for hours, and more came", NewsOpened, 23 * time.Hour, true, false, false},
		{"for days", NewsThreshold, 40 * day, false, false, true},
		{"for days, and more came", NewsThreshold, 25 * time.Hour, true, true, true},
		{"over", NewsOver, 71 * time.Hour, false, false, false},
		{"over for long", NewsOver, 73 * time.Hour, false, true, false},
	} {
		n := Notice{Thread: "a", N: 2, At: nine, News: []News{tc.news}}
		b := NewBoard("C0A")
		b.Outbox = []Notice{n, {Thread: "b", N: 3}, {Thread: "a", N: 1}}
		if tc.later {
			b.Outbox = append(b.Outbox, Notice{Thread: "a", N: 3})
		}
		if got := b.Stale(&n, nine.Add(tc.waits)); got != tc.stale {
			t.Errorf("%s: stale %v", tc.name, got)
		}
		n.Late(now, nine.Add(tc.waits))
		if got := n.Card.Item.DaysLeft != nil; got != tc.late {
			t.Errorf("%s: brought up to date %v", tc.name, got)
		}
	}
}
