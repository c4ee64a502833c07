package checkup

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Limit is how long a task may take that does not say otherwise.
const Limit = 20 * time.Second

// mostGrace is how long a task that is at its deadline may take to say so.
const mostGrace = 2 * time.Second

// A Task makes some checks that belong together.
type Task struct {
	// Area and What are told where it does not come to an end.
	Area, What string
	// Limit is how long it may take; the constant where zero.
	Limit time.Duration
	// Run makes the checks. It changes nothing that anybody would notice.
	Run func(context.Context) []Check
}

// A Progress is how far a checkup has come: Done of Total tasks. Waiting names
// those under way.
type Progress struct {
	Done, Total int
	Waiting     []string
}

// Run runs all tasks at once and returns what they found, in their order. One
// that takes too long, or panics, does not keep the others: that it was not
// checked is said in its place. Tell, where set, is called as tasks end, never
// twice at once.
func Run(ctx context.Context, tasks []Task, tell func(Progress)) []Check {
	found := make([][]Check, len(tasks))
	var mu sync.Mutex
	ended := make([]bool, len(tasks))
	note := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		ended[n] = true
		if tell == nil {
			return
		}
		p := Progress{Total: len(tasks)}
		for i, t := range tasks {
			if ended[i] {
				p.Done++
			} else {
				p.Waiting = append(p.Waiting, t.Area+": "+t.What)
			}
		}
		tell(p)
	}
	var wg sync.WaitGroup
	for n, t := range tasks {
		wg.Go(func() {
			found[n] = t.bounded(ctx)
			note(n)
		})
	}
	wg.Wait()
	var all []Check
	for _, checks := range found {
		all = append(all, checks...)
	}
	return all
}

// bounded runs the task and does not wait for one that ignores its deadline.
func (t Task) bounded(ctx context.Context) []Check {
	limit := t.Limit
	if limit <= 0 {
		limit = Limit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	result := make(chan []Check, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				result <- []Check{{
					Area: t.Area, What: t.What, State: Skipped, Detail: "not checked: the check itself has a fault",
					Fix: "Report it, please, with `acmbot version`; this says nothing about what was to be checked.",
				}}
			}
		}()
		result <- t.Run(ctx)
	}()
	select {
	case checks := <-result:
		return checks
	case <-ctx.Done():
	}
	// A task that keeps to its deadline has something to tell right after it.
	grace := min(mostGrace, limit/4)
	if errors.Is(context.Cause(ctx), context.Canceled) {
		grace = 0
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case checks := <-result:
		return checks
	case <-timer.C:
		return []Check{t.late(ctx, limit)}
	}
}

func (t Task) late(ctx context.Context, limit time.Duration) Check {
	c := Check{Area: t.Area, What: t.What, State: Skipped, Detail: fmt.Sprintf("not checked: there was no end to it within %s", limit)}
	if errors.Is(context.Cause(ctx), context.Canceled) {
		c.Detail = "not checked: it was stopped before that"
		return c
	}
	c.Fix = "Try again; if it stays, something on the way swallows what is sent."
	return c
}
