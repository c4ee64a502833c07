package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/checkup"
)

// fakeSettings are settings of which some change.
type fakeSettings struct {
	Depth   count     `envconfig:"ACMBOT_FAKE_DEPTH" formerly:"ACMBOT_FAKE_LEVELS" default:"3" desc:"How deep."`
	Token   botToken  `envconfig:"ACMBOT_FAKE_TOKEN" formerly:"ACMBOT_FAKE_KEY" required:"true" desc:"What opens it." where:"It lies under the mat"`
	Regions []region  `envconfig:"ACMBOT_FAKE_REGIONS" shown:"none" deprecated:"set ACMBOT_REGIONS" desc:"Where."`
	Format  logFormat `envconfig:"ACMBOT_FAKE_FORMAT" default:"text" desc:"How."`
}

func fake(t *testing.T, env map[string]string) {
	t.Helper()
	unsetSettings(t)
	before := outdatable
	outdatable = func() []setting { return append(allSettings(), describe(fakeSettings{})...) }
	t.Cleanup(func() { outdatable = before })
	for name, value := range env {
		t.Setenv(name, value)
	}
}

func TestOutdatedSettings(t *testing.T) {
	for _, test := range []struct {
		name     string
		env      map[string]string
		depth    count
		regions  string
		errs     []string
		warnings []string
	}{
		{"new names", map[string]string{"ACMBOT_FAKE_DEPTH": "5", "ACMBOT_FAKE_TOKEN": "xoxb-1"}, 5, "[]", nil, nil},
		{"neither", map[string]string{"ACMBOT_FAKE_TOKEN": "xoxb-1"}, 3, "[]", nil, nil},
		{
			"old names", map[string]string{"ACMBOT_FAKE_LEVELS": "5", "ACMBOT_FAKE_KEY": "xoxb-1"}, 5, "[]", nil,
			[]string{
				"ACMBOT_FAKE_LEVELS is now called ACMBOT_FAKE_DEPTH: rename it, since a later version will not know the old name",
				"ACMBOT_FAKE_KEY is now called ACMBOT_FAKE_TOKEN: rename it, since a later version will not know the old name",
			},
		},
		{
			"both", map[string]string{"ACMBOT_FAKE_LEVELS": "5", "ACMBOT_FAKE_DEPTH": "5", "ACMBOT_FAKE_TOKEN": "xoxb-1"}, 0, "[]",
			[]string{"ACMBOT_FAKE_LEVELS is the former name of ACMBOT_FAKE_DEPTH, and both are set; remove ACMBOT_FAKE_LEVELS."},
			[]string{"ACMBOT_FAKE_LEVELS is now called ACMBOT_FAKE_DEPTH: rename it, since a later version will not know the old name"},
		},
		{"the old one empty", map[string]string{"ACMBOT_FAKE_LEVELS": " ", "ACMBOT_FAKE_DEPTH": "5", "ACMBOT_FAKE_TOKEN": "xoxb-1"}, 5, "[]", nil, nil},
		{
			"the new one empty", map[string]string{"ACMBOT_FAKE_LEVELS": "5", "ACMBOT_FAKE_DEPTH": "", "ACMBOT_FAKE_TOKEN": "xoxb-1"}, 5, "[]", nil,
			[]string{"ACMBOT_FAKE_LEVELS is now called ACMBOT_FAKE_DEPTH: rename it, since a later version will not know the old name"},
		},
		{
			"malformed by its old name", map[string]string{"ACMBOT_FAKE_LEVELS": "deep", "ACMBOT_FAKE_KEY": "xapp-SECRET"}, 0, "[]",
			[]string{
				`ACMBOT_FAKE_LEVELS is "deep", which is not a whole number from 1 to 1000.`,
				"ACMBOT_FAKE_KEY holds an app-level token (xapp-…) where one that starts with xoxb- belongs. It lies under the mat.",
			},
			[]string{
				"ACMBOT_FAKE_LEVELS is now called ACMBOT_FAKE_DEPTH: rename it, since a later version will not know the old name",
				"ACMBOT_FAKE_KEY is now called ACMBOT_FAKE_TOKEN: rename it, since a later version will not know the old name",
			},
		},
		{"required, and set by no name", nil, 3, "[]", []string{"ACMBOT_FAKE_TOKEN is not set. It lies under the mat."}, nil},
		{
			"deprecated", map[string]string{"ACMBOT_FAKE_TOKEN": "xoxb-1", "ACMBOT_FAKE_REGIONS": "eu-west-1"}, 3, "[eu-west-1]", nil,
			[]string{"ACMBOT_FAKE_REGIONS is deprecated: set ACMBOT_REGIONS, since a later version will not know it"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake(t, test.env)
			for range 2 { // as acmbot doctor does
				var got fakeSettings
				err := load(&got)
				var errs []string
				if err != nil {
					errs = lines(err)
				}
				if diff := cmp.Diff(test.errs, errs); diff != "" {
					t.Errorf("errors mismatch (-want, +got):\n%s", diff)
				}
				if test.depth != got.Depth || test.regions != fmt.Sprint(got.Regions) {
					t.Errorf("got %+v", got)
				}
				if err == nil && got.Token.reveal() != "xoxb-1" {
					t.Error("the token was not read")
				}
			}
			var warnings []string
			for _, o := range outdatedSettings() {
				warnings = append(warnings, o.name+" "+o.advice)
			}
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Errorf("warnings mismatch (-want, +got):\n%s", diff)
			}
		})
	}
}

// What is on its way out is in the help and in README as such.
func TestOutdatedSettingsAreDescribed(t *testing.T) {
	var help bytes.Buffer
	printSettings(&help, describe(fakeSettings{}))
	for _, want := range []string{
		"ACMBOT_FAKE_DEPTH\n        How deep. Formerly ACMBOT_FAKE_LEVELS, which still works. Default: 3.",
		"ACMBOT_FAKE_REGIONS\n        Where. Deprecated: set ACMBOT_REGIONS. Default: none.",
	} {
		if !strings.Contains(help.String(), want) {
			t.Errorf("there is no %q in\n%s", want, help.String())
		}
	}
	names := map[string]bool{}
	for _, s := range allSettings() {
		for _, name := range []string{s.Name, s.Formerly} {
			if name != "" && names[name] {
				t.Errorf("%s is two settings", name)
			}
			names[name] = true
		}
	}
}

// acmbot run logs it once, and acmbot doctor warns.
func TestOutdatedSettingsAreTold(t *testing.T) {
	fake(t, map[string]string{"ACMBOT_FAKE_LEVELS": "5", "ACMBOT_FAKE_REGIONS": "eu-west-1", "ACMBOT_LOG_FORMAT": "json"})
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	var stdout, stderr bytes.Buffer
	// There are no tokens, so it does not start.
	if status := Main(t.Context(), []string{"run"}, strings.NewReader(""), &stdout, &stderr); status != exitSettings {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	var told []string
	for line := range strings.SplitSeq(stderr.String(), "\n") {
		var entry struct{ Level, Msg, Setting, Advice string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "a setting is outdated" {
			told = append(told, entry.Level+" "+entry.Advice)
		}
	}
	want := []string{
		"WARN ACMBOT_FAKE_LEVELS is now called ACMBOT_FAKE_DEPTH: rename it, since a later version will not know the old name",
		"WARN ACMBOT_FAKE_REGIONS is deprecated: set ACMBOT_REGIONS, since a later version will not know it",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("acmbot run mismatch (-want, +got):\n%s\n%s", diff, stderr.String())
	}

	checks := doctorSettings(t.Context(), false).found
	checks = slices.DeleteFunc(checks, func(c checkup.Check) bool { return c.State != checkup.Warning })
	if len(checks) != 2 || checks[0].Area != checkup.AreaSettings || checks[0].What != "ACMBOT_FAKE_LEVELS" || checks[0].Fix == "" ||
		checks[1].Detail != "ACMBOT_FAKE_REGIONS is deprecated: set ACMBOT_REGIONS, since a later version will not know it." {
		t.Errorf("acmbot doctor: %+v", checks)
	}
}
