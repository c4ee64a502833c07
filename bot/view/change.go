package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
)

// changeSince says in mrkdwn what a re-check changed, "" where there was no
// earlier check.
func changeSince(old *State, now State) string {
	if old == nil || old.At.IsZero() || old.Verdict == "" {
		return ""
	}
	since := "since the check of " + moment(old.At)
	if old.Certificate != now.Certificate {
		return "🔁 Another certificate matters most now than at the check of " + moment(old.At) + "."
	}
	var changes []string
	if old.Verdict != now.Verdict {
		changes = append(changes, "the verdict was “"+strings.ToLower(verdictWords(old.Verdict, ""))+"”")
	}
	for _, id := range sortedCauses(old.Causes, now.Causes) {
		before, after := old.Causes[id], now.Causes[id]
		switch {
		case after == 0:
			changes = append(changes, "no longer so: "+mrkdwn(causeTitle(id)))
		case before == 0:
			changes = append(changes, "new: "+mrkdwn(causeTitle(id)))
		case before != after:
			changes = append(changes, fmt.Sprintf("%s: %d, was %d", mrkdwn(causeTitle(id)), after, before))
		}
	}
	if old.Troubled != now.Troubled {
		changes = append(changes, fmt.Sprintf("names in trouble: %d, was %d", now.Troubled, old.Troubled))
	}
	if len(changes) == 0 {
		return "🔁 Nothing has changed " + since + "."
	}
	return "🔁 Changed " + since + ": " + strings.Join(changes, "; ") + "."
}

func sortedCauses(old, now map[diagnose.CauseID]int) []diagnose.CauseID {
	all := map[diagnose.CauseID]bool{}
	for id := range old {
		all[id] = true
	}
	for id := range now {
		all[id] = true
	}
	return slices.Sorted(maps.Keys(all))
}
