package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// setByChart are the settings for which the Helm chart has values of its own.
var setByChart = []string{"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "ACMBOT_HEALTH_LISTEN", "ACMBOT_STATE"}

// The schema of the Helm chart's values has the program's settings, so that
// Helm refuses names that are none; go test -update rewrites them.
func TestChartSettings(t *testing.T) {
	type property struct {
		Description string            `json:"description"`
		Type        []string          `json:"type"`
		Items       map[string]string `json:"items,omitempty"`
	}
	var text strings.Builder
	text.WriteString("{")
	separator := "\n"
	for _, s := range allSettings() {
		if strings.HasPrefix(s.Name, "AWS_") || slices.Contains(setByChart, s.Name) {
			continue
		}
		names := []string{s.Name}
		if s.Formerly != "" {
			names = append(names, s.Formerly)
		}
		p := property{Description: s.Desc + " Default: " + s.shownDefault() + ".", Type: []string{"string", "integer", "boolean", "null"}}
		if strings.Contains(s.Desc, "separated by commas") {
			p.Type, p.Items = []string{"string", "array", "null"}, map[string]string{"type": "string"}
		}
		var one strings.Builder
		encoder := json.NewEncoder(&one)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(p); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text.WriteString(separator + `        "` + name + `": ` + strings.TrimSpace(one.String()))
			separator = ",\n"
		}
	}
	text.WriteString("\n      }")

	const path = "../../deploy/helm/acmbot/values.schema.json"
	schema, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(schema), "-run Settings -update writes them.\",\n")
	properties, _, foundToo := strings.Cut(rest, ",\n      \"additionalProperties\": false")
	if !found || !foundToo {
		t.Fatalf("%s has no place for the settings", path)
	}
	want := `      "properties": ` + text.String()
	if *update {
		changed := strings.TrimSuffix(string(schema), rest) + want + strings.TrimPrefix(rest, properties)
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, properties); diff != "" {
		t.Errorf("mismatch (-settings, +%s):\n%s", path, diff)
	}
}
