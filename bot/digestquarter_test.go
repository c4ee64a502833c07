package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/diagnose"
)

// A tally counts what went on in the quarter.
type tally struct {
	mu     sync.Mutex
	posted map[string]int // by the id in the metadata, what Slack really took
	about  []map[string]any
	counts map[string]int
}

func (c *tally) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
}

// upTo counts, as long as it was not counted most times.
func (c *tally) upTo(what string, most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts[what] == most {
		return false
	}
	c.counts[what]++
	return true
}

// A replica is one copy of the bot that dies and comes back.
type replica struct {
	*desk
	tally *tally

	mu    sync.Mutex
	dice  *rand.Rand
	kill  context.CancelFunc
	dead  bool
	skew  atomic.Int64 // a time.Duration; what a dead process has begun may still read it
	until int          // the step at which it comes back
	start func(Options) process
	runs  process // nil while it is down
}

// A process is what of the bot looks for what is due, and does it.
type process interface {
	Tick(context.Context) (int, error)
}

var errDead = errors.New("the process is dead")

// happens throws the dice.
func (r *replica) happens(chance float64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dice.Float64() < chance
}

// dies kills it, perhaps; from then on nothing of it reaches anybody.
func (r *replica) dies(chance float64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.dead && r.dice.Float64() < chance {
		r.dead = true
		r.kill()
		r.tally.add("replicas killed")
	}
	return r.dead
}

func (r *replica) now() time.Time { return r.clock.Now().Add(time.Duration(r.skew.Load())) }

// A brittleStore is the shared store as a replica sees it.
type brittleStore struct {
	state.Store
	r *replica
}

func (s brittleStore) fails(what string) error {
	if s.r.dies(0.01) {
		return errDead
	}
	if s.r.happens(0.03) {
		s.r.tally.add("store failures, " + what)
		return &state.Fault{Problem: "The store is out of order."}
	}
	return nil
}

func (s brittleStore) Get(ctx context.Context, key state.Key) (state.Item, error) {
	if err := s.fails("reading"); err != nil {
		return state.Item{}, err
	}
	return s.Store.Get(ctx, key)
}

func (s brittleStore) List(ctx context.Context, kind, prefix string) iter.Seq2[state.Item, error] {
	if err := s.fails("listing"); err != nil {
		return func(yield func(state.Item, error) bool) { yield(state.Item{}, err) }
	}
	return s.Store.List(ctx, kind, prefix)
}

func (s brittleStore) Put(ctx context.Context, item state.Item) (state.Item, error) {
	if err := s.fails("writing"); err != nil {
		return item, err
	}
	put, err := s.Store.Put(ctx, item)
	if failed := s.fails("after it has written"); failed != nil {
		return item, failed
	}
	return put, err
}

// RoundTrip implements http.RoundTripper: the way to Slack and back, on which
// things go wrong.
func (r *replica) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	answer := func(status int) *http.Response {
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{"Retry-After": {"1"}}, Body: io.NopCloser(strings.NewReader("busy")), Request: req}
	}
	switch {
	case strings.HasSuffix(req.URL.Path, "conversations.info"):
		// Calls that only read are made again by the client, by the real clock.
		return r.options.HTTPClient.Transport.RoundTrip(req)
	case r.dies(0.03):
		return nil, errDead
	case r.happens(0.08):
		r.tally.add("Slack 503, nothing done")
		return answer(http.StatusServiceUnavailable), nil
	case r.happens(0.08):
		r.tally.add("Slack not reached")
		return nil, errors.New("connection reset")
	case r.happens(0.2) && r.tally.upTo("Slack 429", 3): // each is waited for, by the real clock
		return answer(http.StatusTooManyRequests), nil
	}
	resp, err := r.options.HTTPClient.Transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	reply, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(reply))
	if strings.HasSuffix(req.URL.Path, "chat.postMessage") && bytes.Contains(reply, []byte(`"ok":true`)) {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		var metadata struct {
			Payload map[string]any `json:"event_payload"`
		}
		if err := json.Unmarshal([]byte(form.Get("metadata")), &metadata); err != nil {
			return nil, err
		}
		r.tally.mu.Lock()
		id, _ := metadata.Payload["id"].(string)
		r.tally.posted[id]++
		r.tally.about = append(r.tally.about, metadata.Payload)
		r.tally.mu.Unlock()
	}
	switch {
	case r.dies(0.05):
		return nil, errDead
	case r.happens(0.08):
		r.tally.add("Slack 500 after it had done it")
		return answer(http.StatusInternalServerError), nil
	case r.happens(0.08):
		r.tally.add("Slack's answer lost")
		return nil, errors.New("connection reset")
	}
	return resp, nil
}

// up starts the process where it is down and its time has come; it reports
// whether it runs.
func (r *replica) up(n int) bool {
	if n < r.until {
		return false
	}
	if r.runs == nil {
		r.mu.Lock() // what the process before has begun may still end
		skew := time.Duration(r.dice.IntN(120)-60) * time.Second
		r.mu.Unlock()
		if r.happens(0.1) {
			skew += 2 * time.Hour
			r.tally.add("clocks far ahead")
		} else if r.happens(0.1) {
			skew -= 2 * time.Hour
			r.tally.add("clocks far behind")
		}
		r.skew.Store(int64(skew))
		opts := r.options
		opts.Now, opts.Store, opts.HTTPClient = r.now, brittleStore{r.store, r}, &http.Client{Transport: r}
		runs := r.start(opts)
		r.mu.Lock()
		r.runs, r.dead = runs, false
		r.mu.Unlock()
	}
	return true
}

// step is one look at what is due, by a process that may die of it.
func (r *replica) step(t *testing.T, n int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.mu.Lock()
	r.kill = cancel
	r.mu.Unlock()
	if _, err := r.runs.Tick(ctx); err != nil {
		r.tally.add("ticks that failed")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead {
		r.runs, r.until = nil, n+1+r.dice.IntN(4)
	} else if r.dice.Float64() < 0.002 {
		r.runs = nil // restarted in order
		r.tally.add("restarts")
	}
}

// round has all replicas look once.
func round(t *testing.T, copies []*replica, n int) {
	var all sync.WaitGroup
	for _, r := range copies {
		if r.up(n) {
			all.Go(func() { r.step(t, n) })
		}
	}
	all.Wait()
}

// faults are those without which a quarter shows nothing about them.
func (c *tally) faults(t *testing.T) []string {
	t.Helper()
	for _, sure := range []string{"replicas killed", "Slack 500 after it had done it", "Slack's answer lost", "Slack 503, nothing done", "Slack 429", "store failures, after it has written", "clocks far ahead", "clocks far behind"} {
		if c.counts[sure] == 0 {
			t.Errorf("the quarter had no %s, so it shows nothing about them", sure)
		}
	}
	var lines []string
	for what, n := range c.counts {
		lines = append(lines, fmt.Sprintf("  %s: %d", what, n))
	}
	slices.Sort(lines)
	return lines
}

// TestQuarter plays ninety days with five replicas and everything that goes
// wrong: each channel has each digest once in the end, and none is missing.
func TestQuarter(t *testing.T) {
	const days, replicas, step = 90, 5, 15 * time.Minute
	seed := uint64(20261124)
	start := time.Date(2026, 9, 30, 23, 0, 0, 0, time.UTC)
	d := openDesk(t, func(o *Options) {
		o.Digest.Routing.Routes = []digest.Route{
			{Selector: digest.Selector{Domain: "example.net"}, Channel: platformID},
			{Selector: digest.Selector{Domain: "example.org"}, Channel: "C0ARANDOM1"},
		}
		o.Digest.Looks = 2
	})
	at(d.clock, start)
	for _, channel := range []string{"#platform", "#random"} {
		if err := d.Invite(dana, channel, "acmbot"); err != nil {
			t.Fatal(err)
		}
	}
	subscriptions := []digest.Subscription{
		{Channel: opsID, At: 9 * 60, Zone: "UTC", Quiet: digest.QuietLine},
		{Channel: platformID, At: 2*60 + 30, Zone: "Europe/Berlin", Quiet: digest.QuietLine}, // clocks change at 02:30
		{Channel: "C0ARANDOM1", At: 17 * 60, Zone: "America/New_York", Weekdays: true, Quiet: digest.QuietLine},
	}
	end := start.Add(days * 24 * time.Hour)
	want := map[string]bool{}
	for _, s := range subscriptions {
		if err := digest.Subscribe(t.Context(), d.store, s); err != nil {
			t.Fatal(err)
		}
		// The last day's may be under way still.
		for next, date := s.Schedule().Next(start); next.Before(end.Add(-6 * time.Hour)); next, date = s.Schedule().Next(next) {
			want[digest.PostID(s.Channel, date)] = true
		}
	}

	count := &tally{posted: map[string]int{}, counts: map[string]int{}}
	var copies []*replica
	for i := range replicas {
		copies = append(copies, &replica{desk: d, tally: count, dice: rand.New(rand.NewPCG(seed, uint64(i))), start: func(o Options) process { return NewDigester(o) }})
	}
	began := time.Now()
	for n := range int(end.Sub(start) / step) {
		d.clock.Advance(step)
		if n%96 == 0 {
			var list []diagnose.Listed
			for i, name := range []string{"a.example.com", "b.example.net", "c.example.org"} {
				list = append(list, pending(i, name, d.clock.Now().AddDate(0, 0, 30-n/96%31)))
			}
			d.estate.set(list...)
		}
		round(t, copies, n)
	}

	once, twice, missing := 0, 0, 0
	for id := range want {
		switch n := count.posted[id]; n {
		case 1:
			once++
		case 0:
			missing++
			t.Errorf("%s is missing", id)
		default:
			twice++
			t.Errorf("%s was posted %d times", id, n)
		}
	}
	for id, n := range count.posted {
		if n != 1 {
			t.Errorf("%s was posted %d times", id, n)
		}
	}
	lines := []string{fmt.Sprintf("%d days with %d replicas in %v (seed %d): %d digests due, %d posted once, %d missing, %d more than once",
		days, replicas, time.Since(began).Round(time.Millisecond), seed, len(want), once, missing, twice)}
	t.Log(strings.Join(append(lines, count.faults(t)...), "\n"))
}
