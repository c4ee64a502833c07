package bot

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/workspace"
)

// While the clock that three replicas go by leaps forwards and backwards, by
// minutes to days, each digest that falls due by it is posted, and none twice.
func TestDigestsOutliveLeapsOfTheClock(t *testing.T) {
	w, err := workspace.Start(workspace.Options{Manifest: readManifest(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	clock := workspace.NewManualClock(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))
	store := memory.New(clock.Now)
	estate := &listOf{now: clock.Now}
	estate.set(pending(1, "shop.example.com", clock.Now().AddDate(1, 0, 0)))
	opts := Options{
		BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.APIURL(), Store: store, Estate: estate,
		Diagnostician: &doctorOf{listOf: estate}, Now: clock.Now,
		Digest: DigestOptions{
			Routing:  digest.Routing{Default: opsID},
			Standard: digest.Subscription{At: 9 * 60, Zone: "UTC", Quiet: digest.QuietLine},
		},
	}
	var replicas []*Digester
	for range 3 {
		one := opts
		if one.HTTPClient == nil {
			b, err := New(one)
			if err != nil {
				t.Fatal(err)
			}
			one.HTTPClient = b.opts.HTTPClient
			defer one.HTTPClient.CloseIdleConnections()
			replicas = append(replicas, b.digests)
		}
	}

	random := rand.New(rand.NewPCG(3, 4))
	schedule := digest.Schedule{At: 9 * 60}
	expected := map[digest.Date]bool{}
	leaps, ticks, failed := 0, 0, false
	for range 24 * 60 { // two months, by the hour
		clock.Advance(time.Hour)
		if failed && random.IntN(2) == 0 { // what was put off is put off no longer than it was to be
			leaps++
			clock.Advance(-time.Hour - time.Duration(random.Int64N(int64(3*time.Hour))))
		} else if random.IntN(20) == 0 {
			leaps++
			leap := time.Duration(random.Int64N(int64(72 * time.Hour)))
			switch random.IntN(4) {
			case 0:
				leap = time.Duration(random.Int64N(int64(10 * time.Minute)))
			case 1:
				leap = time.Duration(random.Int64N(int64(8 * time.Hour)))
			}
			if random.IntN(2) == 0 {
				leap = -leap
			}
			clock.Advance(leap)
		}
		failed = random.IntN(5) == 0
		if failed { // it is put off, and tried again
			w.Fail("chat.postMessage", workspace.Fault{Error: "restricted_action"})
		}
		for _, r := range replicas {
			_, _ = r.Tick(t.Context()) // what fails is tried again
			clock.Advance(time.Second)
			ticks++
		}
		if failed {
			w.ClearFaults()
			continue
		}
		// And in the next minutes, so that what was put off is tried again
		// within the hour. A date counts as due if it was for all of that.
		for range 3 {
			clock.Advance(11 * time.Minute)
			for _, r := range replicas {
				_, _ = r.Tick(t.Context())
				ticks++
			}
		}
		if due, date := schedule.Last(clock.Now()); clock.Now().Sub(due) <= 6*time.Hour {
			expected[date] = true
		}
		clock.Advance(-33 * time.Minute)
	}
	posted := map[digest.Date]int{}
	for _, call := range w.CallsOf("chat.postMessage") {
		if _, after, is := strings.Cut(call.Arg("metadata"), opsID); is && call.OK() {
			for date := range expected {
				if strings.Contains(after, string(date)) {
					posted[date]++
				}
			}
		}
	}
	twice, missed := 0, 0
	for date := range expected {
		switch posted[date] {
		case 0:
			missed++
			t.Errorf("the digest of %s was not posted", date)
		case 1:
		default:
			twice++
			t.Errorf("the digest of %s was posted %d times", date, posted[date])
		}
	}
	t.Logf("%d leaps of the clock, %d looks of 3 replicas, %d digests due: %d missed, %d posted twice", leaps, ticks, len(expected), missed, twice)
	if leaps < 50 || len(expected) < 30 {
		t.Errorf("%d leaps and %d digests: the test tries too little", leaps, len(expected))
	}
}

// A digest that could not be posted is not put off for longer because the clock
// was put back.
func TestPutOffOutlivesALeapOfTheClock(t *testing.T) {
	clock := newClock()
	d := NewDigester(Options{Now: clock.Now, Store: memory.New(clock.Now), Estate: &listOf{now: clock.Now}})
	d.remember("a", errKilled)
	if !d.putOff("a", clock.Now()) {
		t.Error("it is not put off")
	}
	for _, back := range []time.Duration{time.Hour, 24 * time.Hour, 10_000 * time.Hour} {
		if d.putOff("a", clock.Now().Add(-back)) {
			t.Errorf("it is put off, %v before it failed", back)
		}
	}
}
