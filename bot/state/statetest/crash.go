package statetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
)

// crashing tells the process that Crash starts where its Store is.
const crashing = "STATETEST_CRASH_AT"

// Crash tests that what was acknowledged is there after a crash: it starts this
// test in processes of their own, which write as fast as they can, and kills
// them with SIGKILL in the middle of that, several times on the same Store.
//
// A test must do nothing before it calls this. open opens the Store at a
// place, which start makes and names (a path, an address).
func Crash(t *testing.T, start func(*testing.T) (where string), open func(where string) (state.Store, error)) {
	if where := os.Getenv(crashing); where != "" {
		s, err := open(where)
		if err != nil {
			t.Fatal(err)
		}
		for {
			for i := range 7 {
				if err := state.Update(t.Context(), s, key(fmt.Sprint(i)), func(n *int) error { *n++; return nil }); err != nil {
					t.Fatal(err)
				}
				_, _ = fmt.Println("acknowledged", i)
			}
		}
	}

	where := start(t)
	acknowledged := map[string]int{}
	for round := range 8 {
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
		child.Env = append(os.Environ(), crashing+"="+where)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		// A different number each time, so that the kill comes at another
		// moment of a write.
		left := 20 + 13*round
		var said strings.Builder
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			id, ok := strings.CutPrefix(lines.Text(), "acknowledged ")
			if !ok {
				fmt.Fprintln(&said, lines.Text())
				continue
			}
			acknowledged[id]++
			if left--; left == 0 {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_, _ = io.Copy(io.Discard, out)
		_ = child.Wait()
		if left > 0 {
			t.Fatalf("the process ended by itself, and said:\n%s", said.String())
		}

		s, err := open(where)
		if err != nil {
			t.Fatalf("opening after crash %d: %v", round+1, err)
		}
		total, want := 0, 0
		for id, n := range acknowledged {
			r, err := state.Load[int](t.Context(), s, key(id))
			if err != nil && !errors.Is(err, state.ErrNotFound) {
				t.Fatal(err)
			}
			if r.Value < n {
				t.Errorf("after crash %d, %s is at %d, though %d were acknowledged", round+1, id, r.Value, n)
			}
			total, want = total+r.Value, want+n
			acknowledged[id] = r.Value
		}
		// One write may have been made and not yet acknowledged.
		if total > want+1 {
			t.Errorf("after crash %d, %d writes are there, though %d were acknowledged", round+1, total, want)
		}
		if err := Health(t.Context(), s); err != nil {
			t.Errorf("after crash %d: %v", round+1, err)
		}
		if _, err := state.Claim(t.Context(), s, key("lease"), fmt.Sprint(round), time.Unix(0, 0).Add(time.Duration(round)*time.Hour), time.Minute); err != nil {
			t.Errorf("after crash %d: %v", round+1, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
