package world

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// A Moment is a point in time, relative to the start of the world ("-355d",
// "+12d", "-90m") or absolute ("2027-09-30").
type Moment struct {
	offset time.Duration
	at     time.Time
}

// In returns the moment in a world that started at now.
func (m Moment) In(now time.Time) time.Time {
	if !m.at.IsZero() {
		return m.at
	}
	return now.Add(m.offset)
}

// UnmarshalYAML reads a moment.
func (m *Moment) UnmarshalYAML(node *yaml.Node) error {
	if at, err := time.Parse(time.DateOnly, node.Value); err == nil {
		*m = Moment{at: at}
		return nil
	}
	if at, err := time.Parse(time.RFC3339, node.Value); err == nil {
		*m = Moment{at: at}
		return nil
	}
	d, err := parseSpan(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a moment such as -3d, +12d, +36h or 2027-09-30", node.Line, node.Value)
	}
	*m = Moment{offset: d}
	return nil
}

// wholeDay is the moment in a world that started at now; one that is given in
// days falls on the time of day that is given, in UTC.
func (m Moment) wholeDay(now time.Time, timeOfDay time.Duration) time.Time {
	at := m.In(now).UTC()
	if m.offset%day == 0 && m.at.Equal(m.at.Truncate(day)) {
		at = at.Truncate(day).Add(timeOfDay)
	}
	return at
}

const day = 24 * time.Hour

// A Span is a length of time ("198d", "40m").
type Span time.Duration

// UnmarshalYAML reads a span.
func (s *Span) UnmarshalYAML(node *yaml.Node) error {
	d, err := parseSpan(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a length of time such as 198d or 40m", node.Line, node.Value)
	}
	*s = Span(d)
	return nil
}

var days = regexp.MustCompile(`^([+-]?)(\d+)d`)

// parseSpan is time.ParseDuration with days.
func parseSpan(text string) (time.Duration, error) {
	if text == "now" {
		return 0, nil
	}
	m := days.FindStringSubmatch(text)
	if m == nil {
		return time.ParseDuration(text)
	}
	n, err := strconv.Atoi(m[2])
	if err != nil {
		return 0, err
	}
	d := time.Duration(n) * day
	if rest := strings.TrimPrefix(text, m[0]); rest != "" {
		more, err := time.ParseDuration(rest)
		if err != nil {
			return 0, err
		}
		d += more
	}
	if m[1] == "-" {
		d = -d
	}
	return d, nil
}

func (s Span) duration() time.Duration { return time.Duration(s) }
