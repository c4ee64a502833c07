package view

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
)

func TestStateReadsBack(t *testing.T) {
	want := State{
		Query: "*.shop.example.com", At: time.Date(2026, 11, 24, 3, 12, 0, 0, time.UTC), Certificate: "5a1f0c7e9b21", Verdict: diagnose.VerdictBlocked,
		Causes: map[diagnose.CauseID]int{"cname-missing": 40}, Troubled: 40, Page: 3, SharedBy: "U0ADA",
	}
	got, err := ParseState(want.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStateFitsAButton(t *testing.T) {
	s := State{Query: strings.Repeat("a.", 120) + "example.com", At: time.Unix(1, 0), Verdict: diagnose.VerdictBlocked, Causes: map[diagnose.CauseID]int{}}
	for i := range 200 {
		s.Causes[diagnose.CauseID(fmt.Sprintf("some-long-cause-id-%03d", i))] = i
	}
	value := s.Encode()
	if len(value) > mostValue {
		t.Errorf("the value has %d characters", len(value))
	}
	got, err := ParseState(value)
	if err != nil || got.Query != s.Query {
		t.Errorf("ParseState = %+v, %v", got, err)
	}
	if changeSince(&got, s) != "" {
		t.Error("a state without its causes is compared all the same")
	}
}

func TestStaleStates(t *testing.T) {
	for _, value := range []string{"", "shop.example.com", "{}", `{"v":2,"q":"shop.example.com"}`, `{"v":1}`, `{"v":1,"q":" "}`, `{"v":"1","q":"x"}`, "[]", "null"} {
		if s, err := ParseState(value); !errors.Is(err, ErrStale) {
			t.Errorf("ParseState(%q) = %+v, %v; want ErrStale", value, s, err)
		}
	}
}

func TestChangeSince(t *testing.T) {
	old := State{At: sampleTime, Verdict: diagnose.VerdictBlocked, Certificate: "x", Causes: map[diagnose.CauseID]int{"cname-missing": 3, "caa-forbids-amazon": 1}, Troubled: 4}
	for _, tc := range []struct {
		name string
		now  State
		want []string
	}{
		{"nothing", old, []string{"Nothing has changed"}},
		{"fixed", State{Verdict: diagnose.VerdictWaiting, Certificate: "x", Causes: map[diagnose.CauseID]int{"cname-missing": 1, "lame-delegation": 1}, Troubled: 1},
			[]string{"the verdict was “renewal blocked”", "no longer so: ", "CNAME missing from DNS: 1, was 3", "new: ", "names in trouble: 1, was 4"}},
		{"another certificate", State{Verdict: diagnose.VerdictHealthy, Certificate: "y"}, []string{"Another certificate"}},
	} {
		got := changeSince(&old, tc.now)
		for _, want := range tc.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q lacks %q", tc.name, got, want)
			}
		}
	}
	if got := changeSince(nil, old); got != "" {
		t.Errorf("without an earlier check: %q", got)
	}
}
