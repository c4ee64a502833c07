package digest

import (
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestParseClock(t *testing.T) {
	for text, want := range map[string]Clock{"09:00": 540, "9:05": 545, " 23:59 ": 1439, "00:00": 0} {
		if got, err := ParseClock(text); err != nil || got != want {
			t.Errorf("ParseClock(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "9", "24:00", "09:60", "9:5", "-1:00", "09:00:00", "nine", "+9:00", "009:00"} {
		if got, err := ParseClock(text); err == nil {
			t.Errorf("ParseClock(%q) = %v, want an error", text, got)
		}
	}
	if got := Clock(545).String(); got != "09:05" {
		t.Errorf("String() = %q", got)
	}
}

func TestSchedule(t *testing.T) {
	for _, tc := range []struct {
		name, zone, at string
		weekdays       bool
		now            string
		last, next     string // UTC
		date           Date   // of last
	}{
		{"winter", "Europe/Berlin", "09:00", false, "2026-11-24T12:00:00Z", "2026-11-24T08:00:00Z", "2026-11-25T08:00:00Z", "2026-11-24"},
		{"exactly then", "UTC", "09:00", false, "2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z", "2026-11-25T09:00:00Z", "2026-11-24"},
		{"summer", "Europe/Berlin", "09:00", false, "2026-07-24T06:59:00Z", "2026-07-23T07:00:00Z", "2026-07-24T07:00:00Z", "2026-07-23"},
		// Clocks go forward at 02:00 on 29 March 2026: there is no 02:30.
		{"over the gap", "Europe/Berlin", "02:30", false, "2026-03-29T00:00:00Z", "2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-28"},
		{"after the gap", "Europe/Berlin", "02:30", false, "2026-03-29T02:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-29"},
		{"on the day of the gap", "Europe/Berlin", "09:00", false, "2026-03-29T00:00:00Z", "2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z", "2026-03-28"},
		// Clocks go back at 03:00 on 25 October 2026: there are two 02:30.
		{"before the overlap", "Europe/Berlin", "02:30", false, "2026-10-25T00:00:00Z", "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-24"},
		{"between the two", "Europe/Berlin", "02:30", false, "2026-10-25T01:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-25"},
		{"after the overlap", "Europe/Berlin", "02:30", false, "2026-10-25T02:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-25"},
		// Half an hour's change, on the other half of the world.
		{"Lord Howe, gap", "Australia/Lord_Howe", "02:15", false, "2026-10-03T12:00:00Z", "2026-10-02T15:45:00Z", "2026-10-03T15:45:00Z", "2026-10-03"},
		{"New York, gap", "America/New_York", "02:30", false, "2026-03-08T12:00:00Z", "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z", "2026-03-08"},
		{"on the date line", "Pacific/Kiritimati", "09:00", false, "2026-11-24T18:30:00Z", "2026-11-23T19:00:00Z", "2026-11-24T19:00:00Z", "2026-11-24"},
		{"weekend", "UTC", "09:00", true, "2026-11-28T12:00:00Z", "2026-11-27T09:00:00Z", "2026-11-30T09:00:00Z", "2026-11-27"},
		{"before Monday's", "UTC", "09:00", true, "2026-11-30T08:00:00Z", "2026-11-27T09:00:00Z", "2026-11-30T09:00:00Z", "2026-11-27"},
		// Saturday in UTC is Friday in Honolulu still.
		{"weekday there", "Pacific/Honolulu", "18:00", true, "2026-11-28T05:00:00Z", "2026-11-28T04:00:00Z", "2026-12-01T04:00:00Z", "2026-11-27"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at, err := ParseClock(tc.at)
			if err != nil {
				t.Fatal(err)
			}
			now, err := time.Parse(time.RFC3339, tc.now)
			if err != nil {
				t.Fatal(err)
			}
			s := Schedule{At: at, Zone: zone(t, tc.zone), Weekdays: tc.weekdays}
			last, date := s.Last(now)
			next, _ := s.Next(now)
			if got := last.UTC().Format(time.RFC3339); got != tc.last || date != tc.date {
				t.Errorf("Last = %s of %s, want %s of %s", got, date, tc.last, tc.date)
			}
			if got := next.UTC().Format(time.RFC3339); got != tc.next {
				t.Errorf("Next = %s, want %s", got, tc.next)
			}
		})
	}
}

func TestScheduleComesOnceADay(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "UTC"} {
		for _, at := range []Clock{0, 30, 90, 120, 150, 180, 720, 1439} {
			s := Schedule{At: at, Zone: zone(t, name)}
			seen := map[Date]bool{}
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			for range 366 {
				next, date := s.Next(now)
				if !next.After(now) || seen[date] {
					t.Fatalf("%s %s: after %v comes %v, of %s again", name, at, now, next, date)
				}
				if last, on := s.Last(next); !last.Equal(next) || on != date {
					t.Fatalf("%s %s: Last(%v) = %v, %s", name, at, next, last, on)
				}
				seen[date], now = true, next
			}
			if len(seen) != 366 {
				t.Errorf("%s %s: %d days", name, at, len(seen))
			}
		}
	}
}
