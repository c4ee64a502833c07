package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

const opsID, platformID = "C0AOPSCERT", "C0APLATFRM"

// A listOf is an estate under a test's control.
type listOf struct {
	mu    sync.Mutex
	now   func() time.Time
	list  []diagnose.Listed
	reads int
	blind bool // no account can be read
}

func (l *listOf) List(context.Context) diagnose.Listing {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	if l.blind {
		return diagnose.Listing{At: l.now(), Scope: diagnose.Scope{Unreadable: []diagnose.Unseen{{What: "the certificates of account 111122223333 in eu-west-1", Why: diagnose.AccessDenied, Account: "111122223333", Region: "eu-west-1"}}}}
	}
	return diagnose.Listing{
		At: l.now(), Certificates: slices.Clone(l.list),
		Scope: diagnose.Scope{Places: []diagnose.Place{{Account: "111122223333", Region: "eu-west-1"}}},
	}
}

func (l *listOf) set(list ...diagnose.Listed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = list
}

// pending is a certificate in use whose renewal waits for somebody.
func pending(n int, name string, end time.Time) diagnose.Listed {
	return diagnose.Listed{
		CertificateRef: diagnose.CertificateRef{
			ARN:     fmt.Sprintf("arn:aws:acm:eu-west-1:111122223333:certificate/%08d-1c3a-4f6e-8d5f-5a1f0c7e9b21", n),
			Account: "111122223333", Region: "eu-west-1", DomainName: name, Status: diagnose.StatusIssued, Type: diagnose.TypeAmazonIssued, InUse: true, NotAfter: end,
		},
		Names: []string{name}, Eligibility: diagnose.EligibleYes, RenewalStatus: diagnose.RenewalPendingValidation, ValidationMethod: diagnose.MethodDNS,
		Detailed: true, NotBefore: end.AddDate(0, 0, -198),
	}
}

// afterRenewal is the certificate after its renewal.
func afterRenewal(c diagnose.Listed, at time.Time) diagnose.Listed {
	c.NotBefore, c.NotAfter, c.RenewalStatus = at, at.AddDate(0, 0, 198), diagnose.RenewalSuccess
	return c
}

// doctorOf answers about an estate's certificates: what waits is blocked.
type doctorOf struct {
	*listOf
	mu    sync.Mutex
	asked int
}

func (d *doctorOf) Answer(ctx context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
	d.mu.Lock()
	d.asked++
	d.mu.Unlock()
	l := d.List(ctx)
	for _, c := range l.Certificates {
		if c.ARN != q.ARN {
			continue
		}
		a := report(q, diagnose.VerdictHealthy)
		if c.RenewalStatus == diagnose.RenewalPendingValidation || c.RenewalStatus == diagnose.RenewalFailed {
			a = blocked(q)
		}
		left := int(c.NotAfter.Sub(l.At) / (24 * time.Hour))
		r := &a.Reports[0]
		r.Certificate, r.DaysLeft, r.State, r.At = c.Certificate(), &left, c.State(l.At), l.At
		for i := range r.Findings {
			r.Findings[i].Remedy.Summary = "add the record"
			_, r.Findings[i].Remedy.Zone, _ = strings.Cut(c.DomainName, ".")
		}
		return a
	}
	return diagnose.Answer{At: l.At, Query: q}
}

// nine is a Tuesday, and digests are due at nine.
var nine = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func at(clock *workspace.ManualClock, t time.Time) { clock.Advance(t.Sub(clock.Now())) }

// A desk is a digester in a workspace.
type desk struct {
	*workspace.Workspace
	t        testing.TB
	clock    *workspace.ManualClock
	estate   *listOf
	doctor   *doctorOf
	store    *memory.Store
	digester *Digester
	options  Options
}

func openDesk(t testing.TB, change ...func(*Options)) *desk {
	t.Helper()
	clock := workspace.NewManualClock(nine.Add(-time.Hour))
	w, err := workspace.Start(workspace.Options{Manifest: readManifest(t), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	client := &http.Client{Transport: newTransport()}
	t.Cleanup(client.CloseIdleConnections)
	estate := &listOf{now: clock.Now}
	d := &desk{Workspace: w, t: t, clock: clock, estate: estate, doctor: &doctorOf{listOf: estate}, store: memory.New(clock.Now)}
	d.options = Options{
		BotToken: w.BotToken(), APIURL: w.APIURL(), Diagnostician: d.doctor, Estate: estate, Store: d.store, Now: clock.Now, HTTPClient: client,
		Digest: DigestOptions{Routing: digest.Routing{Default: opsID}, Standard: digest.Subscription{At: 9 * 60, Zone: "UTC"}},
	}
	for _, c := range change {
		c(&d.options)
	}
	d.digester = NewDigester(d.options)
	return d
}

func (d *desk) tick(want int) {
	d.t.Helper()
	n, err := d.digester.Tick(d.t.Context())
	if err != nil || n != want {
		d.t.Fatalf("%s: Tick posts %d (%v), want %d", d.clock.Now(), n, err, want)
	}
}

// digests are the bot's messages in a channel.
func (d *desk) digests(channel string) []workspace.Message {
	var list []workspace.Message
	for _, m := range d.Messages(channel, dana) {
		if m.App && m.Subtype == "" {
			list = append(list, m)
		}
	}
	return list
}

// An API URL may come without its last slash, as New takes it.
func TestDigesterTakesAnAPIURLWithoutItsSlash(t *testing.T) {
	d := openDesk(t, func(o *Options) { o.APIURL = strings.TrimSuffix(o.APIURL, "/") })
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)))
	at(d.clock, nine)
	d.tick(1)
}

func TestDigestComesOnceADay(t *testing.T) {
	d := openDesk(t)
	shop := pending(1, "shop.example.com", nine.AddDate(0, 0, 12))
	d.estate.set(shop)
	d.tick(0) // eight o'clock
	at(d.clock, nine)
	d.tick(1)
	d.tick(0)
	at(d.clock, nine.Add(5*time.Hour))
	d.tick(0)
	other := NewDigester(d.options) // after a restart
	if n, err := other.Tick(t.Context()); n != 0 || err != nil {
		t.Errorf("another replica posts %d, %v", n, err)
	}
	at(d.clock, nine.AddDate(0, 0, 1))
	d.estate.set(afterRenewal(shop, nine.Add(time.Hour)))
	d.tick(1)
	at(d.clock, nine.AddDate(0, 0, 2))
	d.tick(1)
	list := d.digests(ops)
	if len(list) != 3 {
		t.Fatalf("there are %d digests, want 3", len(list))
	}
	for i, want := range []string{"shop.example.com", "renewed: `shop.example.com` (valid until 2027-06-10)", "All quiet"} {
		if !strings.Contains(list[i].Words(), want) {
			t.Errorf("digest %d lacks %q:\n%s", i, want, list[i].Words())
		}
	}
}

// What could not be seen one day, or was snoozed, is not new the day after, and
// what became of it meanwhile is told.
func TestDigestAfterADayWithoutSight(t *testing.T) {
	d := openDesk(t, func(o *Options) {
		o.Digest.Routing.Routes = []digest.Route{{Selector: digest.Selector{Domain: "example.com"}, Channel: opsID, Group: "S0AONCALL1"}}
	})
	shop, app, old := pending(1, "shop.example.com", nine.AddDate(0, 0, 12)), pending(2, "app.example.com", nine.AddDate(0, 0, 13)), pending(3, "old.example.com", nine.AddDate(0, 0, 30))
	d.estate.set(shop, app, old)
	if _, err := watch.Put(t.Context(), d.store, watch.Request{
		ARN: old.ARN, Query: old.ARN, Place: watch.Place{User: "U0ADANA001"},
		Seen: watch.Seen{Verdict: diagnose.VerdictBlocked, NotAfter: old.NotAfter, Causes: []diagnose.CauseID{"cname-missing"}},
	}, watch.Nap{By: "U0ADANA001", Reason: "later"}, nine.AddDate(0, 0, 3).Add(-time.Hour), d.clock.Now()); err != nil {
		t.Fatal(err)
	}
	at(d.clock, nine)
	d.tick(1)
	d.estate.blind = true
	at(d.clock, nine.AddDate(0, 0, 1))
	d.tick(1)
	// The day after, the account can be read, but too little time is left to
	// look at all.
	d.estate.blind = false
	d.digester.o.MostLooks = 1
	at(d.clock, nine.AddDate(0, 0, 2))
	d.tick(1)
	d.digester.o.MostLooks = 10
	d.estate.set(shop, afterRenewal(app, nine), old)
	at(d.clock, nine.AddDate(0, 0, 3))
	d.tick(1)
	list := d.digests(ops)
	for i, want := range []string{"2 certificates need somebody", "not all could be read", "1 certificate needs somebody", "2 certificates need somebody"} {
		if w := list[i].Words(); !strings.Contains(w, want) || strings.Contains(w, "new since the last digest") || strings.Contains(w, "(new)") {
			t.Errorf("digest %d lacks %q, or calls something new:\n%s", i+1, want, w)
		}
		if pings := strings.Contains(string(list[i].Blocks), "subteam"); pings != (i == 0) {
			t.Errorf("digest %d mentions the group: %v", i+1, pings)
		}
	}
	if w := list[3].Words(); !strings.Contains(w, "renewed: `app.example.com`") {
		t.Errorf("what was renewed meanwhile is not told:\n%s", w)
	}
}

// A job without a store mentions a group at thresholds only, as the bot does.
func TestPostNowMentionsAtThresholds(t *testing.T) {
	for _, tc := range []struct {
		left     int
		weekdays bool
		day      int // after Tuesday
		want     bool
	}{
		{15, false, 0, false}, {14, false, 0, true}, {13, false, 0, false}, {12, true, 0, false}, {7, false, 0, true}, {0, false, 0, false},
		// On Monday Saturday's and Sunday's count, where there were no digests.
		{14, true, 6, true}, {12, true, 6, true}, {11, true, 6, false}, {12, false, 6, false},
	} {
		d := openDesk(t, func(o *Options) {
			o.Digest.Routing.Routes = []digest.Route{{Selector: digest.Selector{Domain: "example.com"}, Channel: opsID, Group: "S0AONCALL1"}}
		})
		at(d.clock, nine.AddDate(0, 0, tc.day))
		d.estate.set(pending(1, "shop.example.com", d.clock.Now().AddDate(0, 0, tc.left).Add(time.Hour)))
		_, posted, err := d.digester.PostNow(t.Context(), digest.Subscription{Channel: opsID, Zone: "UTC", Weekdays: tc.weekdays})
		if !posted || err != nil {
			t.Fatalf("posted %v, %v", posted, err)
		}
		if pings := strings.Contains(string(d.digests(ops)[0].Blocks), "subteam^S0AONCALL1"); pings != tc.want {
			t.Errorf("%+v: it mentions the group: %v", tc, pings)
		}
	}
}

func TestDigestWhereSlackTakesNoCharts(t *testing.T) {
	d := openDesk(t)
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)))
	at(d.clock, nine)
	d.Fail("chat.postMessage", workspace.Fault{Error: "invalid_blocks", Times: 1})
	d.tick(1)
	list := d.digests(ops)
	if len(list) != 1 {
		t.Fatalf("there are %d digests, want 1", len(list))
	}
	blocks := string(list[0].Blocks)
	if strings.Contains(blocks, "data_visualization") || !strings.Contains(blocks, "30 Nov–6 Dec  ████") || !strings.Contains(blocks, "Why?") {
		t.Errorf("the chart was not drawn in text, with the rest as it was:\n%s", blocks)
	}
}

func TestDigestAfterACrash(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault workspace.Fault
	}{
		{"the answer got lost", workspace.Fault{Status: 500, Applied: true, Times: 1}},
		{"nothing was posted", workspace.Fault{Status: 503, Times: 1}},
		{"Slack failed within", workspace.Fault{Error: "internal_error", Applied: true, Times: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := openDesk(t)
			d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)))
			at(d.clock, nine)
			d.Fail("chat.postMessage", tc.fault)
			if n, err := d.digester.Tick(t.Context()); n != 0 || err == nil {
				t.Fatalf("Tick posts %d, %v; want an error", n, err)
			}
			at(d.clock, nine.Add(20*time.Minute))
			for range 3 {
				if _, err := NewDigester(d.options).Tick(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if n := len(d.digests(ops)); n != 1 {
				t.Errorf("there are %d digests, want 1", n)
			}
		})
	}
}

func TestDigestLateAndMissed(t *testing.T) {
	d := openDesk(t)
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)))
	at(d.clock, nine.Add(3*time.Hour))
	d.tick(1)
	if list := d.digests(ops); !strings.Contains(list[0].Words(), "Late by 3 hours") {
		t.Errorf("it is not marked late:\n%s", list[0].Words())
	}
	at(d.clock, nine.AddDate(0, 0, 1).Add(7*time.Hour))
	d.tick(0) // outside the window
}

func TestDigestGoesToItsOwners(t *testing.T) {
	d := openDesk(t, func(o *Options) {
		o.Digest.Routing.Routes = []digest.Route{{Selector: digest.Selector{Domain: "example.net"}, Channel: platformID, Group: "S0AONCALL1"}}
	})
	if err := d.Invite(dana, "#platform", "acmbot"); err != nil {
		t.Fatal(err)
	}
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)), pending(2, "app.example.net", nine.AddDate(0, 0, 3)))
	at(d.clock, nine)
	d.tick(2)
	mine, theirs := d.digests(ops), d.digests("#platform")
	if len(mine) != 1 || len(theirs) != 1 {
		t.Fatalf("%d and %d digests", len(mine), len(theirs))
	}
	if w := mine[0].Words(); !strings.Contains(w, "shop.example.com") || strings.Contains(w, "app.example.net") || strings.Contains(w, "subteam") {
		t.Errorf("the default channel gets:\n%s", w)
	}
	if w := theirs[0].Words(); !strings.Contains(w, "app.example.net") || strings.Contains(w, "shop.example.com") || !strings.Contains(string(theirs[0].Blocks), "subteam^S0AONCALL1") {
		t.Errorf("the team gets:\n%s", w)
	}
	// The next day nothing has crossed a threshold.
	at(d.clock, nine.AddDate(0, 0, 1))
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)), pending(2, "app.example.net", nine.AddDate(0, 0, 3)))
	d.tick(2)
	if theirs = d.digests("#platform"); strings.Contains(string(theirs[1].Blocks), "subteam") {
		t.Error("the group is mentioned again at the same threshold")
	}
}

func TestQuietChannelGetsNothing(t *testing.T) {
	d := openDesk(t, func(o *Options) { o.Digest.Standard.Quiet = digest.QuietNothing })
	at(d.clock, nine)
	d.tick(0)
	d.tick(0)
	if list := d.digests(ops); len(list) != 0 {
		t.Errorf("it gets:\n%s", words(list))
	}
}

// digestStage is a running bot with digests, whose own clock stands still.
func digestStage(t *testing.T) *stage {
	clock := workspace.NewManualClock(nine)
	estate := &listOf{now: clock.Now}
	var list []diagnose.Listed
	for i := range 30 {
		list = append(list, pending(i, fmt.Sprintf("app%02d.example.com", i), nine.AddDate(0, 0, 3+i)))
	}
	estate.set(list...)
	return open(t, workspace.Options{}, func(o *Options) {
		o.Estate, o.Store, o.Diagnostician = estate, memory.New(clock.Now), &doctorOf{listOf: estate}
		o.Now = clock.Now
		o.Digest = DigestOptions{Routing: digest.Routing{Default: opsID}, Standard: digest.Subscription{At: 9 * 60, Zone: "UTC"}}
	}).connected()
}

func TestDigestButtons(t *testing.T) {
	s := digestStage(t)
	m := s.sees("30 certificates need somebody")
	if problems := workspace.Lint(m.Blocks); len(problems) > 0 {
		t.Error(problems)
	}
	s.click(dana, m, "Show all 30")
	v, err := s.WaitView(s.ctx(), dana, func(v workspace.View) bool { return strings.Contains(v.Words(), "app00.example.com") })
	if err != nil {
		t.Fatal(err)
	}
	s.click(dana, v, "Next page")
	if _, err := s.WaitView(s.ctx(), dana, func(v workspace.View) bool {
		return strings.Contains(v.Words(), "app29.example.com") && strings.Contains(v.Words(), "Page 2 of 2")
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.CloseView(dana); err != nil {
		t.Fatal(err)
	}
	s.click(dana, m, "Change this digest")
	if _, err := s.WaitView(s.ctx(), dana, func(v workspace.View) bool { return strings.Contains(v.Words(), "Time zone") }); err != nil {
		t.Fatal(err)
	}
}

// A firstLook waits until it was looked once which digests are due.
type firstLook struct {
	nobody
	once sync.Once
	done chan struct{}
}

func (l *firstLook) DigestsChecked(time.Time, []DigestStanding) { l.once.Do(func() { close(l.done) }) }
func (l *firstLook) DigestTried(string, DigestResult)           {}

// Another time counts from the next day on that has no digest yet; and what is in
// a digest can be changed when it is just due.
func TestDigestIsChanged(t *testing.T) {
	clock := newClock()
	at := func(when time.Time) { clock.Advance(when.Sub(clock.Now())) }
	at(nine.Add(-time.Hour))
	estate := &listOf{now: clock.Now}
	estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)), pending(2, "app.example.net", nine.AddDate(0, 0, 13)))
	store := memory.New(clock.Now)
	looking := &firstLook{done: make(chan struct{})}
	s := open(t, workspace.Options{}, keeping(clock, store), func(o *Options) {
		o.Estate, o.Diagnostician = estate, &doctorOf{listOf: estate}
		o.Observer = looking
		o.Digest = DigestOptions{Routing: digest.Routing{Default: opsID}, Standard: digest.Subscription{At: 9 * 60, Zone: "UTC"}}
	}).connected()
	// The bot looks for itself when it begins, and half a minute later: were it
	// not over, it could be posted before it is changed.
	<-looking.done
	submit := func(when, filter string) {
		t.Helper()
		s.slash(dana, ops, "digest")
		if _, err := s.WaitView(s.ctx(), dana, func(v workspace.View) bool { return strings.Contains(v.Words(), "Time zone") }); err != nil {
			t.Fatal(err)
		}
		delivery, err := s.SubmitView(dana, map[string][]string{
			view.DigestTime: {when}, view.DigestZone: {"UTC"}, view.DigestDays: {"Every day"}, view.DigestQuiet: {"Nothing"}, view.DigestFilter: {filter},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.acked(delivery)
	}
	at(nine.Add(10 * time.Second))
	submit("09:00", "domain:example.com")
	s.sees("of domain:example.com")
	tick := func(want int) {
		t.Helper()
		if _, err := s.bot.digests.Tick(s.ctx()); err != nil {
			t.Fatal(err)
		}
		if err := s.Wait(s.ctx(), func() bool { return s.count("certificate needs somebody") >= want }); err != nil {
			t.Fatalf("%s: %d digests, want %d", clock.Now(), s.count("certificate needs somebody"), want)
		}
		if n := s.count("certificate needs somebody"); n != want {
			t.Fatalf("%s: %d digests, want %d", clock.Now(), n, want)
		}
	}
	tick(1)
	at(nine.Add(time.Hour))
	submit("17:00", "domain:example.com")
	s.sees("gets its digest at 17:00 (UTC), every day, of domain:example.com, and nothing when all is quiet. The next one is due on Wednesday, 25 November 2026 at 17:00 UTC")
	at(nine.Add(8 * time.Hour))
	tick(1)
	at(nine.AddDate(0, 0, 1).Add(8 * time.Hour))
	tick(2)
}

func TestDigestCommand(t *testing.T) {
	s := digestStage(t)
	s.slash(dana, ops, "digest when")
	s.sees("gets its digest at 09:00 (UTC), every day. The next one is due on Wednesday, 25 November 2026 at 09:00 UTC")
	s.slash(dana, ops, "digest preview")
	s.sees("only you see this, and nothing is kept of it")
	s.slash(dana, ops, "owners")
	s.sees("Every certificate is somebody's")
	s.slash(dana, ops, "digest unsubscribe")
	s.sees("This channel gets no digest")
	s.slash(lee, ops, "owners")
	s.sees("Nobody is told of 30 certificates")
	s.slash(dana, ops, "digest frobnicate")
	s.sees("Of a digest I know:")

	s.slash(dana, ops, "digest")
	if _, err := s.WaitView(s.ctx(), dana, func(v workspace.View) bool { return strings.Contains(v.Words(), "Time zone") }); err != nil {
		t.Fatal(err)
	}
	submit := func(zone, filter string) {
		t.Helper()
		delivery, err := s.SubmitView(dana, map[string][]string{
			view.DigestTime: {"07:30"}, view.DigestZone: {zone}, view.DigestDays: {"Monday to Friday"}, view.DigestQuiet: {"Nothing"}, view.DigestFilter: {filter},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.acked(delivery)
	}
	submit("Middle/Earth", "tag:=")
	if v, open := s.View(dana); !open {
		t.Error("the modal is closed, though it is not in order")
	} else if raw, err := json.Marshal(v); err != nil || !strings.Contains(string(raw), "I do not know that time zone") {
		t.Errorf("nobody is told what is wrong: %s, %v", raw, err)
	}
	submit("Europe/Berlin", "domain:app03.example.com")
	s.sees("gets its digest at 07:30 (Europe/Berlin), Monday to Friday, of domain:app03.example.com, and nothing when all is quiet")
	s.slash(lee, ops, "owners")
	s.sees("Nobody is told of 29 certificates")
	for _, m := range s.Messages(ops, dana) {
		if problems := workspace.Lint(m.Blocks); len(problems) > 0 {
			t.Errorf("%s: %v", m.Words(), problems)
		}
	}
}
