package view

import (
	"strings"

	"github.com/acmbot/acmbot/diagnose"
)

// causeTitle is a cause's title, or its id in words where the catalogue does
// not have it: a button may remember a cause of another version.
func causeTitle(id diagnose.CauseID) string {
	if c := diagnose.CauseOf(id); c != nil {
		return c.Title
	}
	return strings.ReplaceAll(string(id), "-", " ")
}
