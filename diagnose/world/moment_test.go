package world

import (
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

func TestMoment(t *testing.T) {
	now := time.Date(2026, 5, 20, 15, 4, 5, 0, time.UTC)
	tests := []struct {
		text          string
		want, endOfIt time.Time
	}{
		{"now", now, time.Date(2026, 5, 20, 23, 59, 59, 0, time.UTC)},
		{"+12d", now.AddDate(0, 0, 12), time.Date(2026, 6, 1, 23, 59, 59, 0, time.UTC)},
		{"12d", now.AddDate(0, 0, 12), time.Date(2026, 6, 1, 23, 59, 59, 0, time.UTC)},
		{"-355d", now.AddDate(0, 0, -355), time.Date(2025, 5, 30, 23, 59, 59, 0, time.UTC)},
		{"-1d12h", now.Add(-36 * time.Hour), now.Add(-36 * time.Hour)},
		{"+36h", now.Add(36 * time.Hour), now.Add(36 * time.Hour)},
		{"2027-09-30", time.Date(2027, 9, 30, 0, 0, 0, 0, time.UTC), time.Date(2027, 9, 30, 23, 59, 59, 0, time.UTC)},
		{"2027-09-30T08:00:00Z", time.Date(2027, 9, 30, 8, 0, 0, 0, time.UTC), time.Date(2027, 9, 30, 8, 0, 0, 0, time.UTC)},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			var m Moment
			if err := yaml.Unmarshal([]byte(test.text), &m); err != nil {
				t.Fatal(err)
			}
			if got := m.In(now); !got.Equal(test.want) {
				t.Errorf("is %s, want %s", got, test.want)
			}
			if got := m.wholeDay(now, day-time.Second); !got.Equal(test.endOfIt) {
				t.Errorf("ends at %s, want %s", got, test.endOfIt)
			}
		})
	}
	for _, text := range []string{"soon", "d", "12", "2027-13-01", "+3w"} {
		t.Run(text, func(t *testing.T) {
			var m Moment
			if err := yaml.Unmarshal([]byte(text), &m); err == nil {
				t.Errorf("is %s, want an error", m.In(now))
			}
		})
	}
}
