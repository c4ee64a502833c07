package bot

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/alert"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/watch"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

// eventsOf delivers what a test gives it, and gives back what became of it.
type eventsOf struct {
	in  chan diagnose.Event
	out chan error
}

func newEvents() eventsOf { return eventsOf{make(chan diagnose.Event), make(chan error)} }

func (e eventsOf) Run(ctx context.Context, handle func(context.Context, diagnose.Event) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-e.in:
			select {
			case <-ctx.Done():
				return
			case e.out <- handle(ctx, event):
			}
		}
	}
}

// send delivers an event and returns what handling it has come to.
func (e eventsOf) send(t *testing.T, event diagnose.Event) error {
	t.Helper()
	select {
	case e.in <- event:
	case <-t.Context().Done():
		t.Fatal("nobody takes events")
	}
	return <-e.out
}

func TestEventsAreTaken(t *testing.T) {
	clock := workspace.NewManualClock(nine)
	events, store := newEvents(), memory.New(clock.Now)
	estate := &listOf{now: clock.Now}
	open(t, workspace.Options{}, func(o *Options) {
		o.Estate, o.Store, o.Now, o.Events, o.Alert.On = estate, store, clock.Now, events, true
	}).connected()
	cert := pending(1, "shop.example.com", nine.AddDate(0, 0, 12))
	if err := events.send(t, diagnose.Event{ID: "1", Kind: diagnose.EventActionRequired, ARN: cert.ARN, Account: cert.Account, Region: cert.Region}); err != nil {
		t.Error(err)
	}
	if err := events.send(t, diagnose.Event{ID: "2", Kind: diagnose.EventExpired}); err != nil {
		t.Errorf("what names no certificate comes again and again: %v", err)
	}
	hints, err := alert.Hints(t.Context(), store)
	if err != nil || len(hints) != 1 || hints[0].ARN != cert.ARN {
		t.Errorf("%+v, %v", hints, err)
	}
}

// Who may write to the queue may make up certificates and kinds of events. What
// is noted of them is bounded, and real ones are found by the scans.
func TestMadeUpEventsAreBounded(t *testing.T) {
	d := openAlertDesk(t, func(o *Options) { o.Alert.MostLooks = 10 })
	d.scan(0)
	take := func(e diagnose.Event) {
		t.Helper()
		if err := d.alerter.takeEvent(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	shop := pending(1, "shop.example.com", d.clock.Now().AddDate(0, 0, 12))
	for n := range 300 {
		take(diagnose.Event{ID: fmt.Sprint(n), Kind: diagnose.EventKind(fmt.Sprint("ACM Certificate Rumour ", n)), ARN: shop.ARN})
	}
	hints, err := alert.Hints(t.Context(), d.store)
	if err != nil || len(hints) != 1 || len(hints[0].Kinds) > len(diagnose.EventKinds()) {
		t.Errorf("%d notes (%v), the first with %d kinds", len(hints), err, len(hints[0].Kinds))
	}
	for n := range mostHints + 500 {
		take(diagnose.Event{Kind: diagnose.EventExpired, ARN: fmt.Sprintf("arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-4000-8000-%012d", n)})
	}
	if hints, err = alert.Hints(t.Context(), d.store); err != nil || len(hints) > mostHints {
		t.Errorf("%d certificates are noted (%v), more than %d", len(hints), err, mostHints)
	}
	d.estate.set(shop)
	d.scan(0)
	d.scan(1)
}

// An alertDesk is an alerter in a workspace.
type alertDesk struct {
	*desk
	alerter *Alerter
}

func openAlertDesk(t testing.TB, change ...func(*Options)) *alertDesk {
	t.Helper()
	d := openDesk(t, append([]func(*Options){func(o *Options) { o.Alert.On = true }}, change...)...)
	return &alertDesk{d, NewAlerter(d.options)}
}

// scan is a look ten minutes later, with so many messages posted.
func (d *alertDesk) scan(want int) {
	d.t.Helper()
	d.clock.Advance(10 * time.Minute)
	d.look(want)
}

func (d *alertDesk) look(want int) {
	d.t.Helper()
	n, err := d.alerter.Tick(d.t.Context())
	if err != nil || n != want {
		d.t.Fatalf("%s: Tick posts %d (%v), want %d", d.clock.Now(), n, err, want)
	}
}

// thread are the messages of a thread, its first one in front.
func (d *alertDesk) thread(channel string, first workspace.Message) []workspace.Message {
	var list []workspace.Message
	for _, m := range d.Messages(channel, dana) {
		if m.TS == first.TS || m.ThreadTS == first.TS {
			list = append(list, m)
		}
	}
	return list
}

// tops are the bot's messages outside threads.
func (d *alertDesk) tops(channel string) []workspace.Message {
	var list []workspace.Message
	for _, m := range d.digests(channel) {
		if m.ThreadTS == "" || m.ThreadTS == m.TS {
			list = append(list, m)
		}
	}
	return list
}

// says checks that messages have these words, in this order, and are valid.
func says(t testing.TB, list []workspace.Message, want ...string) {
	t.Helper()
	if len(list) != len(want) {
		t.Fatalf("there are %d messages, want %d:\n%s", len(list), len(want), words(list))
	}
	for i, m := range list {
		if !strings.Contains(m.Words(), want[i]) {
			t.Errorf("message %d lacks %q:\n%s", i+1, want[i], m.Words())
		}
		if problems := workspace.Lint(m.Blocks); len(problems) > 0 {
			t.Errorf("message %d: %v", i+1, problems)
		}
	}
}

func TestAlertFromItsBeginningToItsEnd(t *testing.T) {
	d := openAlertDesk(t, func(o *Options) {
		o.Digest.Routing.Routes = []digest.Route{{Selector: digest.Selector{Domain: "shop.example.com"}, Channel: opsID, Group: "S0AONCALL1"}}
	})
	well := afterRenewal(pending(1, "shop.example.com", nine), nine.AddDate(0, 0, -150))
	shop := pending(1, "shop.example.com", nine.AddDate(0, 0, 15))
	old := pending(2, "old.example.com", nine.AddDate(0, 0, 20))
	d.estate.set(well, old)
	d.scan(0) // what is wrong already is in the digest
	d.scan(0)
	d.estate.set(shop, old)
	d.scan(0) // once is no time
	d.scan(1)
	d.scan(0)
	tops := d.tops(ops)
	says(t, tops, "The renewal of `shop.example.com` waits for somebody")
	first := tops[0]
	if all := string(first.Blocks) + first.Text; strings.Contains(all, "subteam") || !strings.Contains(all, "Add the record.") || !strings.Contains(all, "15 days left") {
		t.Errorf("it says:\n%s", first.Words())
	}
	d.clock.Advance(24 * time.Hour)
	d.scan(1)
	failed := shop
	failed.RenewalStatus = diagnose.RenewalFailed
	d.estate.set(failed, old)
	d.scan(0)
	d.scan(1)
	renewed := afterRenewal(shop, d.clock.Now())
	d.estate.set(renewed, old)
	d.scan(0)
	d.scan(1)
	d.scan(0)
	says(t, d.thread(ops, first), "*`shop.example.com` has renewed*: valid until", "<!subteam^S0AONCALL1> ⏰ *14 days left*", "The renewal of `shop.example.com` has failed", "*`shop.example.com` has renewed*")
	// Another copy of the bot has nothing to add.
	other := NewAlerter(d.options)
	d.clock.Advance(10 * time.Minute)
	if n, err := other.Tick(t.Context()); n != 0 || err != nil {
		t.Errorf("another copy posts %d, %v", n, err)
	}
}

func TestAlertAfterACrash(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault workspace.Fault
	}{
		{"the answer got lost", workspace.Fault{Status: 500, Applied: true, Times: 1}},
		{"nothing was posted", workspace.Fault{Status: 503, Times: 1}},
		{"Slack failed within", workspace.Fault{Error: "internal_error", Applied: true, Times: 1}},
	} {
		for _, reply := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, reply %v", tc.name, reply), func(t *testing.T) {
				d := openAlertDesk(t)
				d.scan(0)
				shop := pending(1, "shop.example.com", nine.AddDate(0, 0, 20))
				d.estate.set(shop)
				d.scan(0)
				if reply {
					d.scan(1)
					d.estate.set(afterRenewal(shop, nine))
					d.scan(0)
				}
				d.Fail("chat.postMessage", tc.fault)
				d.clock.Advance(10 * time.Minute)
				if n, err := d.alerter.Tick(t.Context()); n != 0 || err == nil {
					t.Fatalf("Tick posts %d, %v; want an error", n, err)
				}
				for range 3 {
					d.clock.Advance(20 * time.Minute)
					if _, err := NewAlerter(d.options).Tick(t.Context()); err != nil {
						t.Error(err)
					}
				}
				want := 1
				if reply {
					want = 2
				}
				if n := len(d.digests(ops)); n != want {
					t.Errorf("there are %d messages, want %d:\n%s", n, want, words(d.digests(ops)))
				}
			})
		}
	}
}

// Slack posts a reply to a message that somebody has deleted outside any thread:
// where the first message is gone, what comes next is a first message again.
func TestAlertWhoseFirstMessageIsDeleted(t *testing.T) {
	for _, replies := range []bool{false, true} {
		t.Run(fmt.Sprintf("with replies %v", replies), func(t *testing.T) {
			d := openAlertDesk(t)
			d.scan(0)
			shop := pending(1, "shop.example.com", nine.AddDate(0, 0, 20))
			d.estate.set(shop)
			d.scan(0)
			d.scan(1)
			first := d.tops(ops)[0]
			if replies {
				if _, err := d.Say(dana, ops, first.TS, "who is at it?"); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := slack.New(d.BotToken(), slack.OptionAPIURL(d.APIURL())).DeleteMessage(opsID, first.TS); err != nil {
				t.Fatal(err)
			}
			shop.RenewalStatus = diagnose.RenewalFailed
			d.estate.set(shop)
			d.scan(0)
			d.scan(1)
			d.estate.set(afterRenewal(shop, d.clock.Now()))
			d.scan(0)
			d.scan(1)
			tops := d.tops(ops)
			says(t, tops, "has renewed")
			says(t, d.thread(ops, tops[0]), "has renewed", "has renewed")
			if !strings.Contains(string(tops[0].Blocks), view.ActionAsk) {
				t.Errorf("the new first message has no buttons:\n%s", tops[0].Blocks)
			}
		})
	}
}

// What Slack does not take for days is told once it does, as long as it is so:
// no more than once, and as it is by then.
func TestAlertAfterDaysWithoutSlack(t *testing.T) {
	d := openAlertDesk(t)
	d.scan(0)
	shop, early, known := pending(1, "shop.example.com", nine.AddDate(0, 0, 16)), pending(2, "early.example.net", nine.AddDate(0, 0, 40)), pending(3, "known.example.org", nine.AddDate(0, 0, 16))
	d.estate.set(known)
	d.scan(0)
	d.scan(1)
	d.estate.set(known, shop, early)
	d.Fail("chat.postMessage", workspace.Fault{Error: "token_revoked"})
	scan := func() {
		t.Helper()
		d.clock.Advance(time.Hour)
		if n, _ := d.alerter.Tick(t.Context()); n != 0 {
			t.Fatalf("%d messages were posted", n)
		}
	}
	for range 24 {
		scan()
	}
	d.estate.set(known, shop, afterRenewal(early, d.clock.Now()))
	for range 4 * 24 {
		scan()
	}
	d.ClearFaults()
	d.scan(2) // 11 days are left; that early.example.net was in trouble is nobody's news any more
	d.scan(0)
	tops := d.tops(ops)
	says(t, tops, "known.example.org", "shop.example.com")
	says(t, d.thread(ops, tops[0]), "*11 days left*", "⏰ *11 days left*")
	says(t, d.thread(ops, tops[1]), "*11 days left*")
}

// A clock that was put back, as one is that ran ahead at the start, puts off no
// look at the certificates.
func TestAlertAfterTheClockWasPutBack(t *testing.T) {
	d := openAlertDesk(t)
	d.clock.Advance(5 * time.Hour)
	d.scan(0)
	d.scan(0)
	d.clock.Advance(-5 * time.Hour)
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 20)))
	d.scan(0)
	d.scan(1)
}

// A bot that is not in a private channel yet, or was removed from it for a while,
// tells what it has to when it is.
func TestAlertWaitsForAnInvitation(t *testing.T) {
	d := openAlertDesk(t)
	secret, err := d.AddChannel("secret", workspace.PrivateChannel, dana)
	if err != nil {
		t.Fatal(err)
	}
	if err := digest.Subscribe(t.Context(), d.store, digest.Subscription{Channel: secret, At: 9 * 60, Zone: "UTC"}); err != nil {
		t.Fatal(err)
	}
	d.scan(0)
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 20)))
	d.scan(0)
	d.clock.Advance(10 * time.Minute)
	if n, err := d.alerter.Tick(t.Context()); n != 1 || err == nil { // the other channel's
		t.Fatalf("Tick posts %d, %v", n, err)
	}
	if err := d.Invite(dana, "#secret", "acmbot"); err != nil {
		t.Fatal(err)
	}
	d.scan(1)
	says(t, d.tops("#secret"), "The renewal of `shop.example.com` waits for somebody")
}

func TestAlertOnWhatCannotBeRead(t *testing.T) {
	d := openAlertDesk(t)
	d.scan(0)
	shop := pending(1, "shop.example.com", nine.AddDate(0, 0, 20))
	d.estate.set(shop)
	d.scan(0)
	d.scan(1)
	d.estate.blind = true
	d.scan(0)
	d.scan(0)
	d.scan(0)
	d.estate.blind = false
	d.scan(0)
	d.estate.set()
	d.scan(0)
	d.scan(1)
	says(t, d.thread(ops, d.tops(ops)[0]), "is gone", "is gone")
}

func TestAlertLooksAtFew(t *testing.T) {
	d := openAlertDesk(t)
	var list []diagnose.Listed
	for i := range 500 {
		list = append(list, afterRenewal(pending(i, fmt.Sprintf("s%d.example.com", i), nine), nine.AddDate(0, 0, -100)))
	}
	d.estate.set(list...)
	d.scan(0)
	list[7] = pending(7, "s7.example.com", nine.AddDate(0, 0, 20))
	d.estate.set(list...)
	d.scan(0)
	d.scan(1)
	asked := d.doctor.asked
	if asked != 2 {
		t.Errorf("%d certificates were diagnosed, want the one, twice", asked)
	}
	for range 5 {
		d.scan(0)
	}
	if more := d.doctor.asked - asked; more != 0 {
		t.Errorf("without anything new it was diagnosed %d times in 50 minutes", more)
	}
	for range 6 {
		d.scan(0)
	}
	if more := d.doctor.asked - asked; more != 1 {
		t.Errorf("it was diagnosed %d times in two hours, want once", more)
	}
}

func TestAlertsGoToTheirOwners(t *testing.T) {
	d := openAlertDesk(t, func(o *Options) {
		o.Digest.Routing.Routes = []digest.Route{{Selector: digest.Selector{Domain: "example.net"}, Channel: platformID}}
	})
	if err := d.Invite(dana, "#platform", "acmbot"); err != nil {
		t.Fatal(err)
	}
	d.scan(0)
	shop, app := pending(1, "shop.example.com", nine.AddDate(0, 0, 20)), pending(2, "app.example.net", nine.AddDate(0, 0, 20))
	d.estate.set(shop, app)
	d.scan(0)
	d.scan(2)
	says(t, d.tops(ops), "shop.example.com")
	says(t, d.tops("#platform"), "app.example.net")
	// Switched off, and on again: it begins anew.
	sub := digest.Subscription{Channel: platformID, At: 9 * 60, Zone: "UTC", NoAlerts: true}
	if err := digest.Subscribe(t.Context(), d.store, sub); err != nil {
		t.Fatal(err)
	}
	other := pending(3, "other.example.net", nine.AddDate(0, 0, 20))
	d.estate.set(shop, app, other)
	d.scan(0)
	d.scan(0)
	sub.NoAlerts = false
	if err := digest.Subscribe(t.Context(), d.store, sub); err != nil {
		t.Fatal(err)
	}
	d.scan(0)
	d.scan(0)
	d.estate.set(shop, app, afterRenewal(other, d.clock.Now()))
	d.scan(0)
	d.scan(1)
	says(t, d.tops("#platform"), "app.example.net", "`other.example.net` has renewed")
}

// taggedList is an estate whose tags may be kept from the bot, or be too many to
// read.
type taggedList struct {
	*listOf
	unseen []diagnose.Unseen
}

func (l *taggedList) Tagged(_ context.Context, list []diagnose.Listed) ([]diagnose.Listed, []diagnose.Unseen) {
	for i := range list {
		if list[i].Tags = map[string]string{"team": "shop"}; len(l.unseen) > 0 {
			list[i].Tags = nil
		}
	}
	return list, l.unseen
}

// Where nobody has allowed to read tags, the default channel is alerted, rather
// than nobody; where they could not be read this time, the next look tells whose
// the certificates are.
func TestAlertWithoutTags(t *testing.T) {
	denied := diagnose.Unseen{What: "the tags of the certificates of account 111122223333 in eu-west-1", Why: diagnose.AccessDenied, Permission: "acm:ListTagsForCertificate", Account: "111122223333", Region: "eu-west-1"}
	var estate *taggedList
	d := openAlertDesk(t, func(o *Options) {
		list, _ := o.Estate.(*listOf)
		estate = &taggedList{listOf: list}
		o.Estate = estate
		o.Digest.Routing.Routes = []digest.Route{{Selector: digest.Selector{Tag: "team"}, Channel: platformID}}
	})
	if err := d.Invite(dana, "#platform", "acmbot"); err != nil {
		t.Fatal(err)
	}
	d.scan(0)
	shop := pending(1, "shop.example.com", nine.AddDate(0, 0, 20))
	d.estate.set(shop)
	estate.unseen = []diagnose.Unseen{{What: "the tags of one certificate", Why: diagnose.OverBudget}}
	for range 3 {
		d.scan(0)
	}
	estate.unseen = nil
	d.scan(0)
	d.scan(1)
	says(t, d.tops("#platform"), "shop.example.com")
	app := pending(2, "app.example.com", nine.AddDate(0, 0, 20))
	d.estate.set(shop, app)
	estate.unseen = []diagnose.Unseen{denied}
	d.scan(0)
	d.scan(2) // shop.example.com was told already, but not here
	says(t, d.thread("#platform", d.tops("#platform")[0]), "waits for somebody")
	tops := d.tops(ops)
	if len(tops) != 2 {
		t.Fatalf("the default channel has %d alerts:\n%s", len(tops), words(tops))
	}
}

func TestAlertIsSnoozed(t *testing.T) {
	d := openAlertDesk(t)
	d.scan(0)
	shop := pending(1, "shop.example.com", nine.AddDate(0, 0, 20))
	d.estate.set(shop)
	_, err := watch.Put(t.Context(), d.store, watch.Request{
		ARN: shop.ARN, Query: shop.ARN, Place: watch.Place{User: "U0ADANA001"},
		Seen: watch.Seen{Verdict: diagnose.VerdictBlocked, NotAfter: shop.NotAfter, Causes: []diagnose.CauseID{"cname-missing"}},
	}, watch.Nap{By: "U0ADANA001", Reason: "next week"}, nine.AddDate(0, 0, 7), d.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	d.scan(0)
	d.scan(0)
	at(d.clock, nine.AddDate(0, 0, 6).Add(time.Hour)) // 13 days left: the snooze holds no more
	d.scan(0)
	d.scan(1)
	says(t, d.tops(ops), "shop.example.com")
}

func (d *alertDesk) event(kind diagnose.EventKind, c diagnose.Listed) {
	d.t.Helper()
	if err := alert.Note(d.t.Context(), d.store, diagnose.Event{ID: c.ARN, Kind: kind, ARN: c.ARN, Account: c.Account, Region: c.Region}, d.clock.Now()); err != nil {
		d.t.Fatal(err)
	}
}

func TestEventAlertsAtOnce(t *testing.T) {
	d := openAlertDesk(t)
	d.scan(0)
	shop, elsewhere := pending(1, "shop.example.com", nine.AddDate(0, 0, 20)), pending(2, "far.example.com", nine.AddDate(0, 0, 20))
	elsewhere.Region = "ap-southeast-2"
	d.estate.set(shop)
	d.clock.Advance(time.Minute)
	d.event(diagnose.EventActionRequired, shop)
	d.event(diagnose.EventActionRequired, elsewhere)
	d.look(0) // others may come
	d.clock.Advance(20 * time.Second)
	d.look(1)
	says(t, d.tops(ops), "The renewal of `shop.example.com` waits for somebody")
	if hints, err := alert.Hints(t.Context(), d.store); err != nil || len(hints) != 0 {
		t.Errorf("what was looked at is noted still: %+v, %v", hints, err)
	}
	// The same again is no news, and what is renewed is told at once.
	d.event(diagnose.EventActionRequired, shop)
	d.clock.Advance(20 * time.Second)
	d.look(0)
	d.estate.set(afterRenewal(shop, d.clock.Now()))
	d.event(diagnose.EventAvailable, shop)
	d.clock.Advance(20 * time.Second)
	d.look(1)
	says(t, d.thread(ops, d.tops(ops)[0]), "has renewed", "has renewed")
	if d.doctor.asked != 3 {
		t.Errorf("%d diagnoses were made, want 3", d.doctor.asked)
	}
}

// What ACM tells as the bot, or a channel's alerts, begin is alerted; what was
// wrong already is not.
func TestEventAsItBegins(t *testing.T) {
	shop, old := pending(1, "shop.example.com", nine.AddDate(0, 0, 20)), pending(2, "old.example.com", nine.AddDate(0, 0, 20))
	for _, scanned := range []bool{false, true} {
		t.Run(fmt.Sprintf("scanned before %v", scanned), func(t *testing.T) {
			d := openAlertDesk(t)
			d.estate.set(shop, old)
			if scanned {
				d.look(0)
			}
			d.event(diagnose.EventActionRequired, shop)
			d.clock.Advance(20 * time.Second)
			d.look(1)
			d.scan(0)
			d.scan(0)
			says(t, d.tops(ops), "The renewal of `shop.example.com` waits for somebody")
		})
	}
	// A channel that comes later, before it is looked through for it.
	d := openAlertDesk(t)
	if err := d.Invite(dana, "#platform", "acmbot"); err != nil {
		t.Fatal(err)
	}
	d.estate.set(shop, old)
	d.scan(0)
	if err := digest.Subscribe(t.Context(), d.store, digest.Subscription{Channel: platformID, At: 9 * 60, Zone: "UTC", Filter: "domain:shop.example.com"}); err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(2 * time.Minute)
	d.event(diagnose.EventActionRequired, shop)
	d.clock.Advance(20 * time.Second)
	d.look(2)
	d.scan(0)
	says(t, d.tops("#platform"), "shop.example.com")
	// What came when nobody was there waits in the queue, and is old by then.
	d = openAlertDesk(t)
	d.estate.set(shop)
	late := diagnose.Event{ID: "1", Kind: diagnose.EventActionRequired, ARN: shop.ARN, Account: shop.Account, Region: shop.Region, At: d.clock.Now().Add(-5 * time.Hour)}
	if err := alert.Note(t.Context(), d.store, late, d.clock.Now()); err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(20 * time.Second)
	d.look(0)
	d.scan(0)
}

func TestEventsThatCannotBeFollowed(t *testing.T) {
	d := openAlertDesk(t)
	d.scan(0)
	shop := pending(1, "shop.example.com", nine.AddDate(0, 0, 20))
	d.event(diagnose.EventActionRequired, shop) // ACM does not show it yet
	d.clock.Advance(20 * time.Second)
	d.look(0)
	d.look(0)
	d.estate.set(shop)
	d.clock.Advance(time.Minute)
	d.look(1)
	// One that never shows is forgotten in the end.
	d.event(diagnose.EventExpired, pending(3, "never.example.com", nine))
	for range 8 {
		d.clock.Advance(time.Hour)
		d.look(0)
	}
	if hints, err := alert.Hints(t.Context(), d.store); err != nil || len(hints) != 0 {
		t.Errorf("%+v, %v", hints, err)
	}
}

func TestEventStormIsOneWave(t *testing.T) {
	d := openAlertDesk(t)
	d.scan(0)
	var list []diagnose.Listed
	for i := range 300 {
		list = append(list, pending(i, fmt.Sprintf("host-%03d.example.com", i), nine.AddDate(0, 0, 20+i%30)))
	}
	d.estate.set(list...)
	d.clock.Advance(time.Minute)
	for _, c := range list {
		d.event(diagnose.EventActionRequired, c)
	}
	d.clock.Advance(20 * time.Second)
	d.look(1)
	d.scan(0)
	says(t, d.tops(ops), "300 certificates")
}

// alertStage is a running bot with alerts and a clock that the test turns.
func alertStage(t *testing.T) (*stage, *workspace.ManualClock, *listOf, *memory.Store) {
	clock := newClock()
	estate := &listOf{now: clock.Now}
	store := memory.New(clock.Now)
	s := open(t, workspace.Options{}, keeping(clock, store), func(o *Options) {
		o.Estate, o.Diagnostician, o.Alert.On = estate, &doctorOf{listOf: estate}, true
		o.Digest = DigestOptions{Routing: digest.Routing{Default: opsID}, Window: 1} // no digest is due
	}).connected()
	s.scanned(store, 1)
	return s, clock, estate, store
}

// scanned waits until so many looks were taken.
func (s *stage) scanned(store *memory.Store, n int64) {
	s.t.Helper()
	for {
		r, err := state.Load[alert.Scan](s.ctx(), store, state.Key{Kind: "alert-scan", ID: "latest"})
		if err == nil && r.Value.N >= n {
			// The look is over when its lease is free: one that is far longer than
			// the one that is asked for would pass for a clock's that was put back.
			lease, err := state.Claim(s.ctx(), store, alert.Lease, "test", r.Value.At.Add(time.Second), 10*time.Minute)
			if err == nil {
				if err := state.Release(s.ctx(), store, lease); err != nil {
					s.t.Fatal(err)
				}
				return
			}
		}
		if pause(s.ctx(), time.Millisecond) != nil {
			s.t.Fatalf("look no. %d was not taken: %v", n, err)
		}
	}
}

func TestAlertButtons(t *testing.T) {
	s, clock, estate, store := alertStage(t)
	var list []diagnose.Listed
	for i := range 30 {
		list = append(list, pending(i, fmt.Sprintf("app%02d.example.com", i), clock.Now().AddDate(0, 0, 20+i)))
	}
	estate.set(list...)
	clock.Advance(10 * time.Minute)
	s.scanned(store, 2)
	clock.Advance(10 * time.Minute)
	m := s.sees("30 certificates")
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
}

func TestWatchInAnAlertsThread(t *testing.T) {
	s, clock, estate, store := alertStage(t)
	shop := pending(1, "shop.example.com", clock.Now().AddDate(0, 0, 20))
	estate.set(shop)
	clock.Advance(10 * time.Minute)
	s.scanned(store, 2)
	clock.Advance(10 * time.Minute)
	m := s.sees("The renewal of `shop.example.com` waits for somebody")
	for { // it is noted before the clock is turned on
		b, err := alert.Load(s.ctx(), store, opsID)
		if err == nil && b.ThreadAt(m.TS) != nil {
			break
		}
		if pause(s.ctx(), time.Millisecond) != nil {
			t.Fatalf("it is not noted that it is posted: %v", err)
		}
	}
	s.click(dana, m, "Watch")
	card := s.sees("Watching `shop.example.com`")
	if card.ThreadTS != m.TS {
		t.Errorf("the watch is in %q, not in the alert's thread", card.ThreadTS)
	}
	// The watch sees it first, and leaves it to the alert to tell it.
	estate.set(afterRenewal(shop, clock.Now()))
	for n := int64(4); n < 8; n++ {
		clock.Advance(10*time.Minute + 30*time.Second)
		s.scanned(store, n)
	}
	told := s.sees("> ✅ *`shop.example.com` has renewed*")
	if told.ThreadTS != m.TS || !strings.Contains(told.Text, "<@U0ADANA") {
		t.Errorf("it is told in %q:\n%s", told.ThreadTS, told.Text)
	}
	s.sees("I watch it no longer")
	if n := s.count("that was "); n != 0 {
		t.Errorf("the watch tells it as well, %d times", n)
	}
	if n := s.count("instead of"); n != 2 {
		t.Errorf("there are %d messages that it has renewed, want the first one and the reply", n)
	}
}

func TestAlertCommand(t *testing.T) {
	s, _, _, store := alertStage(t)
	s.slash(dana, ops, "digest when")
	s.sees("Between its digests it is alerted to what happens to its certificates.")
	s.slash(dana, ops, "digest alerts off")
	s.sees("Between its digests it is told nothing.")
	kept, err := digest.Subscriptions(t.Context(), store, nil)
	if err != nil || len(kept) != 1 || !kept[0].NoAlerts {
		t.Errorf("%+v, %v", kept, err)
	}
	s.slash(dana, "#platform", "digest alerts on")
	s.sees("digest subscribe")
	s.slash(dana, ops, "digest")
	if _, err := s.WaitView(s.ctx(), dana, func(v workspace.View) bool { return strings.Contains(v.Words(), "Between the digests, post") }); err != nil {
		t.Fatal(err)
	}
	delivery, err := s.SubmitView(dana, map[string][]string{
		view.DigestTime: {"07:30"}, view.DigestZone: {"UTC"}, view.DigestDays: {"Every day"}, view.DigestQuiet: {"Nothing"}, view.DigestFilter: {""},
		view.DigestAlerts: {"Alerts, as things happen"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.acked(delivery)
	s.sees("gets its digest at 07:30 (UTC), every day, and nothing when all is quiet")
	kept, err = digest.Subscriptions(t.Context(), store, nil)
	if err != nil || len(kept) != 1 || kept[0].NoAlerts {
		t.Errorf("%+v, %v", kept, err)
	}
}
