package access

import (
	"fmt"
	"testing"
	"time"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]string{
		"30/10m": "30/10m0s", " 5 / 1m ": "5/1m0s", "none": "none", "NONE": "none", "10000/24h": "10000/24h0m0s",
		"": "!", "30": "!", "30/": "!", "/10m": "!", "0/10m": "!", "-1/10m": "!", "30/0s": "!", "30/10": "!", "10001/1h": "!", "1/25h": "!",
	} {
		r, err := ParseRate(text)
		got := r.String()
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("ParseRate(%q) = %s (%v), want %s", text, got, err, want)
		}
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(0, 0)
	l := NewLimiter(Rate{4, 4 * time.Minute}, func() time.Time { return now })
	take := func(who string, n int, want time.Duration) {
		t.Helper()
		if got := l.Take(who, n); got != want {
			t.Errorf("at %s %s takes %d and is told to wait %s, want %s", now.Sub(time.Unix(0, 0)), who, n, got, want)
		}
	}
	take("a", 3, 0)
	take("a", 2, time.Minute)
	take("a", 2, time.Minute) // what was refused costs nothing
	take("a", 1, 0)
	take("a", 1, time.Minute)
	take("b", 9, 0) // more than fits: all that there is
	take("b", 9, 4*time.Minute)
	take("a", 0, 0)
	now = now.Add(time.Minute)
	take("a", 1, 0)
	take("a", 1, time.Minute)
	now = now.Add(time.Hour)
	take("a", 4, 0)
	take("a", 1, time.Minute)

	unlimited := NewLimiter(Rate{}, func() time.Time { return now })
	for range 1000 {
		if unlimited.Take("a", 10) != 0 {
			t.Fatal("no limit is one")
		}
	}
}

func TestLimiterForgetsThoseWhoWait(t *testing.T) {
	now := time.Unix(0, 0)
	l := NewLimiter(Rate{2, time.Minute}, func() time.Time { return now })
	for i := range manyBuckets {
		l.Take(fmt.Sprint(i), 1)
	}
	now = now.Add(time.Hour)
	l.Take("one more", 1)
	if len(l.buckets) != 1 {
		t.Errorf("%d people are remembered, want 1", len(l.buckets))
	}
}
