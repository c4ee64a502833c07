package bot

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/workspace"
)

var (
	digits      = regexp.MustCompile(`(^|[^0-9A-Za-z])\d{12}([^0-9A-Za-z]|$)`) // else it is part of a hash
	certificate = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
)

// Every message and every view that there is a sample of can be shown without
// account ids, and is still one that Slack takes.
func TestEverySampleCanBeMasked(t *testing.T) {
	files, err := filepath.Glob("view/testdata/*.golden.json")
	if err != nil || len(files) < 50 {
		t.Fatalf("there are only %d samples (%v)", len(files), err)
	}
	m := access.NewMask("xoxb-1")
	changed := 0
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var sample any
		if err := json.Unmarshal(raw, &sample); err != nil {
			t.Fatal(err)
		}
		before := quoted(sample)
		v, err := m.Value(sample)
		if err != nil {
			t.Fatal(err)
		}
		after := quoted(v)
		if left := digits.FindString(certificate.ReplaceAllString(after, "")); left != "" {
			t.Errorf("%s has %s in it", path, left)
		}
		if after != before {
			changed++
		}
		if strings.Contains(m.Open(after), "~") && !strings.Contains(before, "~") {
			t.Errorf("%s: what was sealed does not come back", path)
		}
		tree, ok := v.(map[string]any)
		if !ok {
			continue
		}
		var problems []workspace.Problem
		switch tree["type"] {
		case "modal", "home":
			problems = workspace.LintView(json.RawMessage(after))
		default:
			problems = workspace.Lint(json.RawMessage(quoted(tree["blocks"])))
		}
		if tree["blocks"] != nil && len(problems) > 0 {
			t.Errorf("%s is refused: %v", path, problems)
		}
	}
	if changed < 20 {
		t.Errorf("only %d samples have an account id in them", changed)
	}
}
