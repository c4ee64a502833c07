package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
)

var errKilled = errors.New("killed")

// A fuse kills a bot at a chosen step: from then on nothing that it does reaches
// the store or Slack, as if its process were gone. Every change of the store
// and every call of Slack's that changes something is two steps: one in which
// the process dies before it, and one in which it dies when it is done and
// before it hears of it.
type fuse struct {
	mu     sync.Mutex
	at     int // the step that kills; 0 for none
	n      int
	dead   bool
	blown  chan struct{}
	passed []string
	cut    func() // breaks the connections
}

func newFuse(at int, cut func()) *fuse { return &fuse{at: at, blown: make(chan struct{}), cut: cut} }

// burn takes a step; false where the bot is dead.
func (f *fuse) burn(what string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return false
	}
	f.n++
	f.passed = append(f.passed, what)
	if f.n == f.at {
		f.dead = true
		f.cut() // not even an acknowledgement gets out
		close(f.blown)
	}
	return !f.dead
}

func (f *fuse) alive() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.dead
}

func (f *fuse) steps() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.passed)
}

// A mortalStore is a store as a process with a fuse uses it.
type mortalStore struct {
	state.Store
	fuse *fuse
}

func (s mortalStore) counts(k state.Key) bool { return k.Kind != replicaKind }

func (s mortalStore) Put(ctx context.Context, item state.Item) (state.Item, error) {
	if s.counts(item.Key) && !s.fuse.burn("before writing "+item.Key.Kind) || !s.fuse.alive() {
		return state.Item{}, errKilled
	}
	got, err := s.Store.Put(ctx, item)
	if s.counts(item.Key) && !s.fuse.burn("after writing "+item.Key.Kind) {
		return state.Item{}, errKilled
	}
	return got, err
}

func (s mortalStore) Delete(ctx context.Context, key state.Key, version int64) error {
	if s.counts(key) && !s.fuse.burn("before deleting "+key.Kind) || !s.fuse.alive() {
		return errKilled
	}
	err := s.Store.Delete(ctx, key, version)
	if s.counts(key) && !s.fuse.burn("after deleting "+key.Kind) {
		return errKilled
	}
	return err
}

func (s mortalStore) Get(ctx context.Context, key state.Key) (state.Item, error) {
	if !s.fuse.alive() {
		return state.Item{}, errKilled
	}
	return s.Store.Get(ctx, key)
}

func (s mortalStore) List(ctx context.Context, kind, prefix string) iter.Seq2[state.Item, error] {
	if !s.fuse.alive() {
		return func(yield func(state.Item, error) bool) { yield(state.Item{}, errKilled) }
	}
	return s.Store.List(ctx, kind, prefix)
}

// A mortalWire is the way to Slack of a process with a fuse.
type mortalWire struct {
	next http.RoundTripper
	fuse *fuse
}

func (w mortalWire) RoundTrip(r *http.Request) (*http.Response, error) {
	method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	changes := !slices.Contains([]string{"apps.connections.open", "auth.test", "conversations.replies", "conversations.history", "conversations.open", "conversations.info", "users.info"}, method)
	if changes && !w.fuse.burn("before "+method) || !w.fuse.alive() {
		return nil, errKilled
	}
	resp, err := w.next.RoundTrip(r)
	if err == nil && changes {
		body, readErr := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !w.fuse.burn("after " + method) {
			return nil, errKilled
		}
		if readErr != nil {
			return nil, readErr
		}
		resp.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	return resp, err
}

// A tale is a workspace with a bot in it that dies and is started again.
type tale struct {
	*stage
	clock *workspace.ManualClock
	ward  *ward
	store state.Store
	fuse  *fuse
	end   func()
	lives int
	// change is what is peculiar to this tale's bots.
	change []func(*Options, *fuse)
}

// newTale starts a tale whose first bot dies at a step.
func newTale(t *testing.T, at int, change ...func(*Options, *fuse)) *tale {
	t.Helper()
	w, err := workspace.Start(workspace.Options{Manifest: readManifest(t), AckTimeout: time.Second, Retries: []time.Duration{0, time.Second, 3 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	clock := newClock()
	tl := &tale{stage: &stage{Workspace: w, t: t, log: newLogBook()}, clock: clock, ward: newWard(), store: memory.New(clock.Now), change: change}
	t.Cleanup(func() {
		tl.end()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	tl.start(at)
	return tl
}

func (tl *tale) start(at int) {
	tl.t.Helper()
	tl.lives++
	tl.fuse = newFuse(at, tl.DropSockets)
	transport := newTransport()
	opts := Options{
		BotToken: tl.BotToken(), AppToken: tl.AppToken(), APIURL: tl.APIURL(), Diagnostician: tl.ward, Sockets: 1, Stagger: time.Millisecond,
		Grace: 20 * time.Millisecond, HTTPClient: &http.Client{Transport: mortalWire{transport, tl.fuse}},
		Logger: slog.New(slog.NewTextHandler(tl.log, nil)),
		Store:  mortalStore{tl.store, tl.fuse}, Now: tl.clock.Now, FollowEvery: time.Millisecond,
	}
	for _, c := range tl.change {
		c(&opts, tl.fuse)
	}
	b, err := New(opts)
	if err != nil {
		tl.t.Fatal(err)
	}
	tl.bot = b
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	tl.end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			tl.t.Error(err)
		}
		transport.CloseIdleConnections()
	})
	tl.until(func() bool { return tl.Sockets() >= 1 || !tl.fuse.alive() })
}

// reaches lets the tale go on until something holds, with another bot on the
// same store where this one died.
func (tl *tale) reaches(what string, holds func() bool) {
	tl.t.Helper()
	// Not faster, or a busy machine lets an hour go by, after which requests are
	// forgotten, before a bot has begun.
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for late := time.Now().Add(patience); !holds(); <-pace.C {
		select {
		case <-tl.fuse.blown:
			tl.end()
			tl.clock.Advance(5 * time.Minute) // it counts as dead, and its leases end
			tl.start(0)
		default:
		}
		if tl.lives > 1 {
			tl.clock.Advance(time.Second) // heartbeats and second attempts
		}
		if time.Now().After(late) {
			tl.t.Fatalf("never comes to: %s\n%s\n%s", what, words(tl.apps(dana)), tl.log)
		}
	}
}

func (tl *tale) posted(text string) int {
	n := 0
	for _, m := range tl.Messages(ops, dana) {
		if m.App && strings.Contains(m.Words(), text) {
			n++
		}
	}
	return n
}

func (tl *tale) message(text string) workspace.Message {
	for _, m := range tl.Messages(ops, dana) {
		if m.App && strings.Contains(m.Words(), text) {
			return m
		}
	}
	tl.t.Fatalf("there is no message with %q", text)
	return workspace.Message{}
}

// story is the story of a night on call, as far as Slack shows it.
func (tl *tale) story() {
	tl.t.Helper()
	if _, err := tl.Say(dana, ops, "", "@acmbot the site is down: https://shop.example.com/"); err != nil {
		tl.t.Fatal(err)
	}
	tl.reaches("the cause", func() bool { return tl.posted("_token.shop.example.com") > 0 && tl.open() == 0 })
	tl.press(view.ActionWatch)
	tl.reaches("the card", func() bool { return tl.posted("Watching `shop.example.com`") > 0 && tl.open() == 0 })
	tl.ward.renew()
	tl.clock.Advance(15 * time.Minute)
	tl.reaches("the renewal", func() bool { return tl.posted("has renewed. It is valid") > 0 })
	tl.reaches("the end", func() bool { return tl.kept(tl.store) == 0 && tl.open() == 0 })
}

// press presses a button, and, as a person does, again where Slack says that it
// failed.
func (tl *tale) press(action string) { tl.pressOn("_token.shop.example.com", action) }

func (tl *tale) pressOn(text, action string) {
	tl.t.Helper()
	for range 5 {
		tl.reaches("a connection", func() bool { return tl.Sockets() > 0 && tl.fuse.alive() })
		d, err := tl.Click(dana, tl.message(text), action)
		if err != nil {
			tl.t.Fatal(err)
		}
		if e := tl.outcome(d); e == workspace.Acknowledged {
			return
		}
	}
	tl.t.Fatal("the button never works")
}

func (tl *tale) outcome(d *workspace.Delivery) workspace.EnvelopeState {
	got := make(chan workspace.Envelope, 1)
	ctx, cancel := context.WithCancel(tl.ctx())
	defer cancel()
	go func() {
		if e, err := d.Wait(ctx); err == nil {
			got <- e
		}
	}()
	select {
	case e := <-got:
		return e.State
	case <-tl.fuse.blown:
		tl.end() // the socket breaks, and Slack hears of it
		select {
		case e := <-got:
			return e.State
		case <-time.After(patience):
			return workspace.TimedOut
		}
	}
}

// open counts the requests that are not done.
func (tl *tale) open() int {
	n := 0
	for r, err := range state.All[note](context.Background(), tl.store, requestKind, "") {
		if err != nil {
			tl.t.Fatal(err)
		}
		if !r.Value.Done {
			n++
		}
	}
	return n
}

// ending is what is left at the end: what Slack shows, without times, and what
// is kept.
func (tl *tale) ending() string {
	var b strings.Builder
	for _, m := range tl.Messages(ops, dana) {
		if m.App && !m.Ephemeral { // what is told beside, such as that a window could not be opened, is no part of it
			line, _, _ := strings.Cut(m.Words(), "\n")
			line, _, _ = strings.Cut(line, "until") // dates
			fmt.Fprintf(&b, "%s %v\n", line, m.Reactions)
		}
	}
	fmt.Fprintf(&b, "kept: %d, open: %d", tl.kept(tl.store), tl.open())
	return b.String()
}

// Whenever the bot dies, the next one ends the story in the same way, and
// nothing is posted twice.
func TestStoryEndsTheSameWhereverTheBotIsKilled(t *testing.T) {
	first := newTale(t, 0)
	first.story()
	want, steps := first.ending(), first.fuse.steps()
	if strings.Count(want, "has renewed") != 2 || !strings.Contains(want, "white_check_mark") {
		t.Fatalf("the story ends with:\n%s", want)
	}
	t.Logf("%d steps, ending with\n%s", len(steps), want)
	for at := 1; at <= len(steps); at++ {
		t.Run(fmt.Sprintf("%02d %s", at, steps[at-1]), func(t *testing.T) {
			t.Parallel()
			tl := newTale(t, at)
			tl.story()
			if tl.lives == 1 {
				t.Log("this time it had fewer steps")
			}
			if got := tl.ending(); got != want {
				t.Errorf("ends with\n%s\nwant\n%s\n%s", got, want, tl.log)
			}
		})
	}
}
