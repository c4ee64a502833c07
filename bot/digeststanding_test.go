package bot

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/workspace"
)

// A chronicle keeps what an Observer is told of.
type chronicle struct {
	nobody
	mu       sync.Mutex
	at       time.Time
	channels map[string]DigestStanding
	results  []DigestResult
	watches  int
	snoozes  int
	counted  int
}

func (c *chronicle) DigestsChecked(at time.Time, channels []DigestStanding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.channels = at, map[string]DigestStanding{}
	for _, s := range channels {
		c.channels[s.Channel] = s
	}
}

func (c *chronicle) DigestTried(_ string, result DigestResult) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results = append(c.results, result)
}

func (c *chronicle) Kept(watches, snoozes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watches, c.snoozes = watches, snoozes
	c.counted++
}

// A digest that does not come shows, in every copy, and one that nobody waits
// for does not.
func TestDigestStandings(t *testing.T) {
	told := &chronicle{}
	d := openDesk(t, func(o *Options) { o.Observer = told })
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)))
	stands := func(what string, due, done time.Time, missed bool) {
		t.Helper()
		want := DigestStanding{Channel: opsID, Due: due, Done: done, Missed: missed}
		if diff := cmp.Diff(want, told.channels[opsID]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
		if !told.at.Equal(d.clock.Now()) {
			t.Errorf("%s: as of %v", what, told.at)
		}
	}
	never := time.Time{}
	d.tick(0)
	stands("before the first", never, never, false)
	at(d.clock, nine)
	d.tick(1)
	d.tick(0)
	stands("after the first", nine, nine, false)

	second := nine.AddDate(0, 0, 1)
	at(d.clock, second.Add(time.Minute))
	d.Fail("chat.postMessage", workspace.Fault{Error: "channel_not_found"})
	if _, err := d.digester.Tick(t.Context()); err == nil {
		t.Fatal("a channel that is gone is no error")
	}
	stands("when it fails", second, nine, false)
	at(d.clock, second.Add(7*time.Hour))
	d.tick(0)
	stands("when it is too late", second, nine, true)

	// Another copy, which was not there when it was due.
	d.digester = NewDigester(d.options)
	d.tick(0)
	stands("for a copy that started after it", second, never, true)
	// One that starts with nothing has missed nothing.
	d.options.Store = memory.New(d.clock.Now)
	d.digester = NewDigester(d.options)
	d.tick(0)
	stands("for a bot that is new", never, never, false)

	if diff := cmp.Diff([]DigestResult{DigestPosted, DigestFailed}, told.results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestDigestResults(t *testing.T) {
	told := &chronicle{}
	d := openDesk(t, func(o *Options) {
		o.Observer = told
		o.Digest.Standard.Quiet = digest.QuietNothing
	})
	d.tick(0)
	at(d.clock, nine)
	d.tick(0) // nothing to say
	d.tick(0)
	if got := told.channels[opsID]; !got.Due.Equal(nine) || !got.Done.Equal(nine) || got.Missed {
		t.Errorf("a quiet day: %+v", got)
	}
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)))
	at(d.clock, nine.AddDate(0, 0, 1).Add(2*time.Hour))
	d.tick(1)
	if diff := cmp.Diff([]DigestResult{DigestQuiet, DigestLate}, told.results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if err := digest.Subscribe(t.Context(), d.store, digest.Subscription{Channel: opsID, Zone: "UTC", Off: true}); err != nil {
		t.Fatal(err)
	}
	d.tick(0)
	if len(told.channels) != 0 {
		t.Errorf("a channel that gets none is told of: %+v", told.channels)
	}
}

// The watches and snoozes that there are are counted.
func TestKeptIsCounted(t *testing.T) {
	told := &chronicle{}
	clock := newClock()
	s := open(t, workspace.Options{}, keeping(clock, memory.New(clock.Now)), func(o *Options) { o.Diagnostician, o.Observer = newWard(), told }).connected()
	s.say(dana, "@acmbot shop.example.com")
	s.click(dana, s.sees("_token.shop.example.com"), "Watch")
	s.sees("Watching")
	late := time.Now().Add(patience)
	for {
		told.mu.Lock()
		watches, snoozes, counted := told.watches, told.snoozes, told.counted
		told.mu.Unlock()
		if watches == 1 && snoozes == 0 && counted > 0 {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("counted %d watches and %d snoozes", watches, snoozes)
		}
		s.bot.tendSoon()
	}
}
