package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/acmbot/acmbot/bot/state"
)

const releaseNotes = "../../deploy/RELEASES.md"

// A release is an entry of the release notes.
type release struct {
	version string
	// settings are the settings that its table lists, each with what is said
	// behind it.
	settings map[string]string
}

var (
	versionHeading = regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+)$`)
	settingsRow    = regexp.MustCompile(`(?m)^\| Settings \| (.*) \|$`)
	settingEntry   = regexp.MustCompile("^`([A-Z][A-Z0-9_]*)`(?: \\((.+)\\))?$")
)

// releases reads the release notes, the newest first.
func releases(t *testing.T, text string) []release {
	t.Helper()
	var list []release
	at := versionHeading.FindAllStringSubmatchIndex(text, -1)
	for i, match := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		r := release{version: text[match[2]:match[3]], settings: map[string]string{}}
		row := settingsRow.FindStringSubmatch(text[match[1]:end])
		if row == nil {
			t.Fatalf("the entry of %s has no table of what it needs", r.version)
		}
		for entry := range strings.SplitSeq(row[1], ", ") {
			parts := settingEntry.FindStringSubmatch(entry)
			if parts == nil {
				t.Fatalf("the entry of %s lists the setting %q", r.version, entry)
			}
			r.settings[parts[1]] = parts[2]
		}
		list = append(list, r)
	}
	return list
}

// removed are the settings that a release has taken away, where the one before
// it did not call them deprecated.
func removed(list []release) []string {
	var wrong []string
	for i := 0; i+1 < len(list); i++ {
		now, before := list[i], list[i+1]
		for name, remark := range before.settings {
			stays := false
			for other, otherRemark := range now.settings {
				stays = stays || other == name || otherRemark == "formerly `"+name+"`"
			}
			if !stays && remark != "deprecated" {
				wrong = append(wrong, fmt.Sprintf("%s knows %s no more, of which %s gave no warning", now.version, name, before.version))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// needs are what this version needs, as a table.
func needs(t *testing.T) string {
	t.Helper()
	code := func(list []string) string { return "`" + strings.Join(list, "`, `") + "`" }
	var b strings.Builder
	row := func(what, value string) { fmt.Fprintf(&b, "| %s | %s |\n", what, value) }
	b.WriteString("| Needs | |\n|---|---|\n")
	row("State", fmt.Sprintf("schema %d", state.Schema))

	var manifest struct {
		OAuth struct {
			Scopes struct {
				Bot []string `yaml:"bot"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
		Settings struct {
			Events struct {
				Bot []string `yaml:"bot_events"`
			} `yaml:"event_subscriptions"`
		} `yaml:"settings"`
	}
	text, err := os.ReadFile("../../manifest.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	row("Slack scopes", code(manifest.OAuth.Scopes.Bot))
	row("Slack events", code(manifest.Settings.Events.Bot))

	policies, err := filepath.Glob("../../deploy/iam/*.json")
	if err != nil || len(policies) == 0 {
		t.Fatalf("no policies: %v", err)
	}
	for _, path := range policies {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var policy struct {
			Statement []struct{ Action any }
		}
		if err := json.Unmarshal(text, &policy); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var actions []string
		for _, s := range policy.Statement {
			switch action := s.Action.(type) {
			case string:
				actions = append(actions, action)
			case []any:
				for _, a := range action {
					actions = append(actions, fmt.Sprint(a))
				}
			}
		}
		slices.Sort(actions)
		row("`"+filepath.Base(path)+"`", code(slices.Compact(actions)))
	}

	var settings []string
	for _, s := range allSettings() {
		if strings.HasPrefix(s.Name, "AWS_") {
			continue // which are the SDK's
		}
		entry := "`" + s.Name + "`"
		switch {
		case s.Deprecated != "":
			entry += " (deprecated)"
		case s.Formerly != "":
			entry += " (formerly `" + s.Formerly + "`)"
		}
		settings = append(settings, entry)
	}
	row("Settings", strings.Join(settings, ", "))
	return b.String()
}

// The newest entry of the release notes says what this version needs, so that
// the difference to the one before is what whoever upgrades has to do; go test
// -update rewrites it.
func TestReleaseNotesHaveScopesActionsAndSettings(t *testing.T) {
	before := between(t, releaseNotes, "needs", needs(t))
	if len(versionHeading.FindAllString(before, -1)) != 1 {
		t.Fatalf("it is not in the newest entry of %s that there is what this version needs", releaseNotes)
	}
	text, err := os.ReadFile(releaseNotes)
	if err != nil {
		t.Fatal(err)
	}
	list := releases(t, string(text))
	for _, line := range removed(list) {
		t.Error(line)
	}

	// The version that is built, as far as there is one, is the newest entry.
	chart, err := os.ReadFile("../../deploy/helm/acmbot/Chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var is struct {
		AppVersion string `yaml:"appVersion"`
	}
	if err := yaml.Unmarshal(chart, &is); err != nil || is.AppVersion != list[0].version {
		t.Errorf("the chart is of %q, and the newest entry of %s (%v)", is.AppVersion, list[0].version, err)
	}
	if tag, err := exec.Command("git", "describe", "--tags", "--exact-match", "--match", "v*").Output(); err == nil {
		if tagged := strings.TrimPrefix(strings.TrimSpace(string(tag)), "v"); tagged != list[0].version {
			t.Errorf("this is tagged %s, and the newest entry is of %s", tagged, list[0].version)
		}
	}
	for _, s := range allSettings() {
		if s.Formerly != "" && !strings.Contains(string(text), s.Formerly) {
			t.Errorf("%s is now %s, which %s does not say", s.Formerly, s.Name, releaseNotes)
		}
	}
}

func TestRemovedSettings(t *testing.T) {
	notes := func(rows ...string) string {
		var b strings.Builder
		for i, row := range rows {
			fmt.Fprintf(&b, "## %d.0.0\n\nNews.\n\n| Settings | %s |\n\n", len(rows)-i, row)
		}
		return b.String()
	}
	for _, test := range []struct {
		name string
		rows []string // the newest first
		want []string
	}{
		{"the first", []string{"`A`, `B`"}, nil},
		{"one more", []string{"`A`, `B`, `C`", "`A`, `B`"}, nil},
		{"one less", []string{"`A`", "`A`, `B`"}, []string{"2.0.0 knows B no more, of which 1.0.0 gave no warning"}},
		{"one less, with a warning", []string{"`A`", "`A`, `B` (deprecated)", "`A`, `B`"}, nil},
		{"another name", []string{"`A`, `C` (formerly `B`)", "`A`, `B`"}, nil},
		{"the former name gone", []string{"`A`, `C`", "`A`, `C` (formerly `B`)", "`A`, `B`"}, nil},
		{"another name at once", []string{"`A`, `C`", "`A`, `B`"}, []string{"2.0.0 knows B no more, of which 1.0.0 gave no warning"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, removed(releases(t, notes(test.rows...)))); diff != "" {
				t.Errorf("mismatch (-want, +got):\n%s", diff)
			}
		})
	}
}
