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
	h := &hand{now: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}
	store := memory.New(h.Now)
	estate := &listOf{now: h.Now}
	estate.set(pending(1, "shop.example.com", h.Now().AddDate(1, 0, 0)))
	opts := Options{
		BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.APIURL(), Store: store, Estate: estate,
		Diagnostician: &doctorOf{listOf: estate}, Now: h.Now,
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
	leaps, ticks := 0, 0
	for range 24 * 60 { // two months, by the hour
		h.turn(time.Hour)
		if random.IntN(20) == 0 {
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
			h.turn(leap)
		}
		due, date := schedule.Last(h.Now())
		if h.Now().Sub(due) <= 6*time.Hour {
			expected[date] = true
		}
		if random.IntN(10) == 0 { // Slack is out of order: it is put off, and tried again
			w.Fail("chat.postMessage", workspace.Fault{Error: "fatal_error", Times: 1})
		}
		for _, r := range replicas {
			_, _ = r.Tick(t.Context()) // what fails is tried again
			h.turn(time.Second)
			ticks++
		}
		w.ClearFaults()
		for range 3 { // those of the next minutes
			h.turn(11 * time.Minute)
			_, _ = replicas[random.IntN(len(replicas))].Tick(t.Context())
			ticks++
		}
		h.turn(-33 * time.Minute)
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
	if leaps < 50 || len(expected) < 40 {
		t.Errorf("%d leaps and %d digests: the test tries too little", leaps, len(expected))
	}
}
