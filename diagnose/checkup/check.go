package checkup

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A State is how a check ended.
type State string

// The states, from the one that needs somebody most.
const (
	Failed  State = "fail"
	Warning State = "warn" // acmbot works, and sees or does less
	Skipped State = "skip" // not tried, or nothing was learnt; Detail says why
	OK      State = "ok"
)

// The areas, in the order in which they are shown.
const (
	AreaSettings = "Settings"
	AreaSlack    = "Slack"
	AreaAWS      = "AWS"
	AreaFixes    = "Fixes"
	AreaStore    = "Store"
	AreaEvents   = "Events"
	AreaDNS      = "DNS"
	AreaWeb      = "HTTPS and HTTP"
	AreaClock    = "Clock"
)

var areas = []string{AreaSettings, AreaSlack, AreaAWS, AreaFixes, AreaStore, AreaEvents, AreaDNS, AreaWeb, AreaClock}

// A Check is one thing that was tried out, and how it is.
type Check struct {
	Area string `json:"area"` // such as AreaSlack
	// Account and Region are where it was tried, empty where that says nothing.
	Account string `json:"account,omitempty"` // 12 digits
	Region  string `json:"region,omitempty"`
	// What is the check's name within its area, such as "bot token", or an IAM
	// action.
	What string `json:"check"`
	// Purpose is what it is needed for, in a few words that follow "for".
	Purpose string `json:"purpose,omitempty"`
	State   State  `json:"state"`
	// Detail is how it is, Fix what to do where it is not OK: sentences, in
	// which commands and names stand in backquotes.
	Detail string `json:"detail,omitempty"`
	Fix    string `json:"fix,omitempty"`
}

// Permission reports whether the check is one of an IAM action that is needed
// in many places. Those that work are told together.
func (c *Check) Permission() bool {
	return (c.Area == AreaAWS || c.Area == AreaFixes) && strings.Contains(c.What, ":")
}

// Schema is the version of the JSON document that a Report is. A change that a
// reader would misread makes a new one; a new field, area or check does not.
const Schema = 1

// A Report is all that was found.
type Report struct {
	Schema  int       `json:"schema"`
	Version string    `json:"version"` // the program's
	At      time.Time `json:"at"`
	// State is the gravest of all, leaving those aside that were skipped.
	State  State   `json:"state"`
	Checks []Check `json:"checks"` // in order of their areas and places
}

// NewReport returns the report of what was found, with what looks like a secret
// taken out.
func NewReport(version string, at time.Time, found []Check) Report {
	r := Report{Schema: Schema, Version: version, At: at.UTC().Truncate(time.Second), State: OK, Checks: slices.Clone(found)}
	for i := range r.Checks {
		c := &r.Checks[i]
		for _, text := range []*string{&c.What, &c.Purpose, &c.Detail, &c.Fix} {
			*text = scrub(*text)
		}
		switch {
		case c.State == Failed:
			r.State = Failed
		case c.State == Warning && r.State == OK:
			r.State = Warning
		}
	}
	slices.SortStableFunc(r.Checks, func(a, b Check) int {
		return cmp.Or(cmp.Compare(rank(a.Area), rank(b.Area)), cmp.Compare(a.Area, b.Area), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region))
	})
	return r
}

// rank is the place of an area; one that is not known comes last.
func rank(area string) int {
	if i := slices.Index(areas, area); i >= 0 {
		return i
	}
	return len(areas)
}

// Count is how many of the checks ended so.
func (r *Report) Count(s State) int {
	n := 0
	for i := range r.Checks {
		if r.Checks[i].State == s {
			n++
		}
	}
	return n
}

// Works counts the permissions of the place and area that a check is about, and
// those of them that work.
func (r *Report) Works(like *Check) (works, all int) {
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Permission() && c.Area == like.Area && c.Account == like.Account && c.Region == like.Region {
			all++
			if c.State == OK {
				works++
			}
		}
	}
	return works, all
}

// Place is where the check was tried, in words; empty where that says nothing.
func (c *Check) Place() string {
	switch {
	case c.Account == "" && c.Region == "":
		return ""
	case c.Region == "":
		return "account " + c.Account
	default:
		return "account " + cmp.Or(c.Account, "of the credentials") + " in " + c.Region
	}
}
