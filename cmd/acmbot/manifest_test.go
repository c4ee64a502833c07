package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/workspace"
)

// The demo's app must be the one that people install.
func TestManifestIsTheFile(t *testing.T) {
	text, err := os.ReadFile("../../manifest.yml")
	if err != nil {
		t.Fatal(err)
	}
	want, err := workspace.ParseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	// Only the app's page in a real workspace shows it.
	long := cmpopts.IgnoreFields(slack.Display{}, "LongDescription")
	if diff := cmp.Diff(want, manifest(), long); diff != "" {
		t.Errorf("mismatch (-manifest.yml, +the demo's):\n%s", diff)
	}
}
