package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/acmbot/acmbot/diagnose/checkup"
)

// A setting is never taken away without a warning first. Where one gets another
// name, its field has the old one in the tag `formerly`: the old name goes on
// working. Where one is to go, its field has in the tag `deprecated` what to do
// instead, such as "set ACMBOT_X". For at least one release acmbot run then
// logs, and acmbot doctor says, that an old name or such a setting is set.

// outdate marks a setting with what these tags say.
func (s *setting) outdate(formerly, deprecated string) {
	s.Formerly, s.Deprecated = formerly, deprecated
	if formerly != "" {
		s.Desc += " Formerly " + formerly + ", which still works."
	}
	if deprecated != "" {
		s.Desc += " Deprecated: " + deprecated + "."
	}
}

// setAs is the name by which a setting is set: its own, the former one, or none
// where it is not. Both is an error, since nobody could tell which holds.
func (s setting) setAs() (string, error) {
	set := ""
	for _, name := range []string{s.Name, s.Formerly} {
		switch {
		case name == "" || !isSet(name):
		case set != "":
			return "", &settingError{name, "is the former name of " + set + ", and both are set; remove " + name, ""}
		default:
			set = name
		}
	}
	return set, nil
}

// isSet tells whether a variable is set. An empty one, as Compose files and CI
// systems leave behind, counts as not set; envconfig would parse it.
func isSet(name string) bool {
	text, ok := os.LookupEnv(name)
	if ok && strings.TrimSpace(text) == "" {
		_ = os.Unsetenv(name)
		ok = false
	}
	return ok
}

// An outdated setting is one that is set, and that a later version will not
// know.
type outdated struct{ name, advice string }

// outdatable are the settings that may be; tests add to them.
var outdatable = allSettings

// outdatedSettings are those that are set here.
func outdatedSettings() []outdated {
	var found []outdated
	for _, s := range outdatable() {
		if s.Formerly != "" && isSet(s.Formerly) {
			found = append(found, outdated{s.Formerly, fmt.Sprintf("is now called %s: rename it, since a later version will not know the old name", s.Name)})
		}
		if s.Deprecated != "" && isSet(s.Name) {
			found = append(found, outdated{s.Name, fmt.Sprintf("is deprecated: %s, since a later version will not know it", s.Deprecated)})
		}
	}
	return found
}

func logOutdated(log *slog.Logger) {
	for _, o := range outdatedSettings() {
		log.Warn("a setting is outdated", "setting", o.name, "advice", o.name+" "+o.advice)
	}
}

// checkOutdated is what acmbot doctor says of them.
func checkOutdated() []checkup.Check {
	var found []checkup.Check
	for _, o := range outdatedSettings() {
		found = append(found, checkup.Check{
			Area: checkup.AreaSettings, What: o.name, State: checkup.Warning, Detail: o.name + " " + o.advice + ".",
			Fix: "Change it where acmbot's environment is set, before the next upgrade.",
		})
	}
	return found
}
