package workspace

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestManualClock(t *testing.T) {
	start := time.Unix(1_764_000_000, 0)
	c := NewManualClock(start)
	var calls []string
	call := func(name string) func() {
		return func() { calls = append(calls, name+" "+c.Now().Sub(start).String()) }
	}
	c.AfterFunc(2*time.Second, call("b"))
	c.AfterFunc(time.Second, func() {
		call("a")()
		c.AfterFunc(500*time.Millisecond, call("nested"))
	})
	stopped := c.AfterFunc(time.Second, call("stopped"))
	if !stopped.Stop() || stopped.Stop() {
		t.Error("a timer can be stopped once")
	}
	c.AfterFunc(time.Hour, call("later"))
	c.Advance(3 * time.Second)
	if diff := cmp.Diff([]string{"a 1s", "nested 1.5s", "b 2s"}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if got := c.Now().Sub(start); got != 3*time.Second {
		t.Errorf("the clock stands at %s", got)
	}
}
