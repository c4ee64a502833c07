package bot

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

// A scribe is a Tracer that writes down paths of steps.
type scribe struct {
	mu    sync.Mutex
	open  int
	paths []string      // "command > post", with "!" after it where it failed
	more  chan struct{} // closed, and replaced, at every end
}

type pathKey struct{}

func (s *scribe) start(ctx context.Context, path string) (context.Context, func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	var once sync.Once
	return context.WithValue(ctx, pathKey{}, path), func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		once.Do(func() { s.open-- })
		if err != nil {
			path += "!"
		}
		s.paths = append(s.paths, path)
		close(s.more)
		s.more = make(chan struct{})
	}
}

func (s *scribe) Begin(ctx context.Context, name string, attributes ...slog.Attr) (context.Context, func(error)) {
	for _, a := range attributes {
		if a.Key == "request_kind" {
			name = a.Value.String()
		}
	}
	return s.start(ctx, name)
}

func (s *scribe) Step(ctx context.Context, name string, _ ...slog.Attr) (context.Context, func(error)) {
	above, ok := ctx.Value(pathKey{}).(string)
	if !ok {
		return ctx, noEnd
	}
	return s.start(ctx, above+" > "+name)
}

// writes waits until all of the paths have ended.
func (s *scribe) writes(t *testing.T, paths ...string) {
	t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		more := s.more
		missing := slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return slices.Contains(s.paths, path) })
		written := slices.Clone(s.paths)
		s.mu.Unlock()
		if len(missing) == 0 {
			return
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("%q were not followed to their end, but %q", missing, written)
		}
	}
}

// Each request is followed to its end, whatever that is; and a diagnosis is
// followed for the first of those who ask.
func TestRequestsAreFollowed(t *testing.T) {
	s := &scribe{more: make(chan struct{})}
	stage := open(t, workspace.Options{}, func(o *Options) { o.Tracer = s }).connected()
	var seen string
	release := make(chan struct{})
	stage.doctor.becomes(func(ctx context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		seen, _ = ctx.Value(pathKey{}).(string)
		<-release
		return blocked(q)
	})
	stage.slash(dana, ops, "why shop.example.com")
	stage.until(func() bool { return len(stage.doctor.questions()) == 1 })
	stage.slash(lee, ops, "why shop.example.com") // joins
	stage.slash(dana, ops, "help")
	close(release)
	s.writes(t, "command > acknowledge", "command > diagnosis", "command > diagnosis > wait for a worker", "command > render", "command > post > slack response URL", "command > post", "command")
	if seen != "command > diagnosis" {
		t.Errorf("the diagnosis belongs to %q", seen)
	}

	// Where it fails, that is told.
	stage.doctor.becomes(func(context.Context, diagnose.Query, func(diagnose.Progress)) diagnose.Answer { panic("on purpose") })
	stage.slash(dana, ops, "why other.example.com")
	s.writes(t, "command!", "command > diagnosis!")
	stage.Fail("chat.postMessage", workspace.Fault{Error: "not_in_channel", Times: 1})
	stage.doctor.becomes(nil)
	if _, err := stage.Say(dana, ops, "", "<@"+stage.BotUserID()+"> shop.example.com"); err != nil {
		t.Fatal(err)
	}
	s.writes(t, "mention > post > slack chat.postMessage!", "mention!")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != 0 {
		t.Errorf("%d steps have no end", s.open)
	}
	for _, path := range s.paths {
		if strings.Contains(path, "example.com") {
			t.Errorf("a step is called %q", path)
		}
	}
}

// Work lent to somebody lives by its own context, and belongs to theirs.
func TestLentContext(t *testing.T) {
	type key string
	asker, leave := context.WithCancel(context.WithValue(t.Context(), key("whose"), "theirs"))
	work, end := context.WithCancel(context.WithValue(context.Background(), key("own"), "own"))
	lent, cancel := context.WithTimeout(lentContext{work, asker}, time.Hour)
	defer cancel()
	leave()
	if lent.Err() != nil || lent.Value(key("whose")) != "theirs" || lent.Value(key("own")) != "own" {
		t.Errorf("it has ended with the asker (%v), or does not know whose it is", lent.Err())
	}
	end()
	<-lent.Done()
	if !errors.Is(lent.Err(), context.Canceled) {
		t.Errorf("it ends with %v", lent.Err())
	}
}

// Where nobody follows, it costs nothing.
func TestUntraced(t *testing.T) {
	var tracer Tracer = untraced{}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		_, end := tracer.Step(ctx, "post")
		end(nil)
	}); n != 0 {
		t.Errorf("a step that nobody follows allocates %v times", n)
	}
}
