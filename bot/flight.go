package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

var (
	errSlow     = errors.New("the diagnosis took too long")
	errPanicked = errors.New("the diagnosis panicked")
)

// lateBy is how long after its deadline a diagnosis may still come back with
// what it has.
const lateBy = 5 * time.Second

// A flight is one diagnosis under way. Those who ask the same at the same time
// share it.
type flight struct {
	done    chan struct{}
	entered chan struct{} // closed when it has a slot
	answer  diagnose.Answer
	err     error

	mu       sync.Mutex
	progress diagnose.Progress
}

func (f *flight) note(p diagnose.Progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.progress = p
}

// stage is how far it has come.
func (f *flight) stage() diagnose.Progress {
	select {
	case <-f.entered:
	default:
		return diagnose.Progress{Stage: "waiting for other checks to finish"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.progress
}

const (
	keptFor  = 5 * time.Minute
	keptMost = 32
)

// flights are the diagnoses under way and the latest answers. The answers only
// save work: Show evidence and Share use the very answer that the button stands
// under, where this replica still has it.
type flights struct {
	now func() time.Time

	mu    sync.Mutex
	under map[string]*flight
	kept  map[string]diagnose.Answer
	order []string
}

func newFlights(now func() time.Time) *flights {
	return &flights{now: now, under: map[string]*flight{}, kept: map[string]diagnose.Answer{}}
}

// recall returns the answer of a given moment, where it is still there.
func (fs *flights) recall(key string, at time.Time) (diagnose.Answer, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	a, ok := fs.kept[key]
	if !ok || a.At.Unix() != at.Unix() || fs.now().Sub(a.At) > keptFor {
		return diagnose.Answer{}, false
	}
	return a, true
}

func (fs *flights) keep(key string, a diagnose.Answer) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if _, ok := fs.kept[key]; !ok {
		fs.order = append(fs.order, key)
	}
	fs.kept[key] = a
	for len(fs.order) > keptMost {
		delete(fs.kept, fs.order[0])
		fs.order = fs.order[1:]
	}
}

// join returns the flight for a key, and whether it is a new one that the
// caller must start.
func (fs *flights) join(key string) (f *flight, isNew bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f, ok := fs.under[key]; ok {
		return f, false
	}
	f = &flight{done: make(chan struct{}), entered: make(chan struct{})}
	fs.under[key] = f
	return f, true
}

func (fs *flights) land(key string, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.under, key)
	close(f.done)
}

// ask diagnoses, or joins a diagnosis of the same that is under way. It is
// followed as a step of what the first who asks is about.
func (b *Bot) ask(asker context.Context, q diagnose.Query) *flight {
	key := view.QueryText(q)
	f, isNew := b.flights.join(key)
	if isNew {
		go b.fly(lentContext{b.work, asker}, key, f, q)
	}
	return f
}

// fly runs one diagnosis. Where the diagnostician does not come back in time
// the flight ends without it; its slot stays taken until it does.
func (b *Bot) fly(ctx context.Context, key string, f *flight, q diagnose.Query) {
	defer b.flights.land(key, f)
	_, entered := b.opts.Tracer.Step(ctx, "wait for a worker")
	exit, err := b.pool.enter(b.work)
	entered(err)
	if err != nil {
		f.err = err
		return
	}
	close(f.entered)
	ctx, cancel := context.WithTimeout(ctx, b.opts.AnswerTimeout)
	defer cancel()
	type result struct {
		answer diagnose.Answer
		err    error
	}
	back := make(chan result, 1)
	go func() {
		defer exit()
		var r result
		r.err = guard(func() error {
			r.answer = b.opts.Diagnostician.Answer(ctx, q, f.note)
			return nil
		})
		if p, ok := errors.AsType[*panicError](r.err); ok {
			b.log.ErrorContext(ctx, "the diagnosis panicked", "panic", p.value, "stack", p.stack)
			r.err = errPanicked
		}
		back <- r
	}()
	late := time.NewTimer(b.opts.AnswerTimeout + b.late)
	defer late.Stop()
	select {
	case r := <-back:
		f.answer, f.err = r.answer, r.err
		if f.err == nil {
			if f.answer.At.IsZero() {
				f.answer.At = b.now()
			}
			b.flights.keep(key, f.answer)
			b.estate.noteCauses(f.answer)
		}
	case <-late.C:
		b.log.ErrorContext(ctx, "the diagnosis did not come back in time", "timeout", b.opts.AnswerTimeout)
		f.err = errSlow
	case <-b.hard.Done():
		f.err = b.hard.Err()
	}
}
