package digest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Clock is a time of day, in minutes after midnight.
type Clock int

var errClock = errors.New("a time of day is written like 09:00")

// ParseClock reads a time of day such as "09:00" or "9:30". Its error ends a
// sentence.
func ParseClock(text string) (Clock, error) {
	hours, minutes, ok := strings.Cut(strings.TrimSpace(text), ":")
	h, hErr := strconv.ParseUint(hours, 10, 8)
	m, mErr := strconv.ParseUint(minutes, 10, 8)
	if !ok || hErr != nil || mErr != nil || h > 23 || m > 59 || len(hours) > 2 || len(minutes) != 2 {
		return 0, errClock
	}
	return Clock(h*60 + m), nil
}

func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// A Date is a day in a schedule's time zone, as 2026-11-24. Dates sort as
// text.
type Date string

func dateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// A Schedule is when a channel's digest is due: at a time of day, each day or
// each weekday.
type Schedule struct {
	At Clock
	// Zone is the time zone that At is in; UTC where it is nil.
	Zone *time.Location
	// Weekdays leaves out Saturday and Sunday.
	Weekdays bool
}

// on is the moment of the schedule on a day. Where clocks are put forward over
// it, it is as much after the change as it would have been before; where they
// are put back and it comes twice, it is the first of the two.
func (s Schedule) on(year int, month time.Month, day int) time.Time {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	wall := time.Date(year, month, day, int(s.At)/60, int(s.At)%60, 0, 0, time.UTC)
	offset := func(at time.Time) time.Duration {
		_, seconds := at.In(zone).Zone()
		return time.Duration(seconds) * time.Second
	}
	// The offsets on both sides of a change that may be near.
	before, after := offset(wall.Add(-26*time.Hour)), offset(wall.Add(26*time.Hour))
	first := wall.Add(-before)
	for _, candidate := range []time.Time{first, wall.Add(-after)} {
		if offset(candidate) == wall.Sub(candidate) {
			return candidate.In(zone)
		}
	}
	return first.In(zone)
}

// Last is the schedule's last moment at or before now, and its date.
func (s Schedule) Last(now time.Time) (time.Time, Date) {
	return s.search(now, -1, func(at time.Time) bool { return !at.After(now) })
}

// Next is the schedule's first moment after now, and its date.
func (s Schedule) Next(now time.Time) (time.Time, Date) {
	return s.search(now, +1, func(at time.Time) bool { return at.After(now) })
}

func (s Schedule) search(now time.Time, step int, wanted func(time.Time) bool) (time.Time, Date) {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	year, month, day := now.In(zone).Date()
	// Two days more than the longest gap, a weekend.
	for i := -1; i < 5; i++ {
		date := time.Date(year, month, day+step*i, 0, 0, 0, 0, time.UTC)
		if s.Weekdays && (date.Weekday() == time.Saturday || date.Weekday() == time.Sunday) {
			continue
		}
		if at := s.on(date.Date()); wanted(at) {
			return at, dateOf(date)
		}
	}
	return time.Time{}, "" // cannot be: five days hold a weekday
}
