package view

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestSpans(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []span
	}{
		{"", nil},
		{"plain", []span{{text: "plain"}}},
		{"a `b` c", []span{{text: "a "}, {text: "b", code: true}, {text: " c"}}},
		{"`b`", []span{{text: "b", code: true}}},
		{"`a``b`", []span{{text: "a", code: true}, {text: "b", code: true}}},
		{"a ` b", []span{{text: "a ` b"}}},
		{"`a` ` b", []span{{text: "a", code: true}, {text: " ` b"}}},
	} {
		if diff := cmp.Diff(tc.want, spans(tc.in), cmp.AllowUnexported(span{})); diff != "" {
			t.Errorf("spans(%q) (-want +got):\n%s", tc.in, diff)
		}
	}
}

func TestClip(t *testing.T) {
	for _, tc := range []struct {
		in   string
		n    int
		want string
	}{
		{"short", 10, "short"},
		{"some words here", 12, "some words …"},
		{"see `a long code span` now", 14, "see …"},
		{"see `a long code span` now", 25, "see `a long code span` …"},
		{"x&amp;y z", 8, " …"},
	} {
		got := clip(tc.in, tc.n)
		if got != tc.want && strings.TrimSpace(got) != strings.TrimSpace(tc.want) {
			t.Errorf("clip(%q, %d) = %q, want %q", tc.in, tc.n, got, tc.want)
		}
		if utf8.RuneCountInString(got) > tc.n {
			t.Errorf("clip(%q, %d) = %q is too long", tc.in, tc.n, got)
		}
	}
}

// What Slack would parse in mrkdwn: mentions and links in angle brackets.
func TestNothingFromOutsideIsMarkup(t *testing.T) {
	a := hostile()
	state := stateOf(a, Options{})
	m := Answer(a, Options{SharedBy: "<!channel>", Since: &state})
	checkMrkdwn(t, "text", m.Text)
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	walkMrkdwn(t, tree)
	for page := range paginate(evidenceBlocks(a)) {
		state.Page = page
		raw, err := json.Marshal(Evidence(a, state))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &tree); err != nil {
			t.Fatal(err)
		}
		walkMrkdwn(t, tree)
	}
}

func walkMrkdwn(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walkMrkdwn(t, e)
		}
	case map[string]any:
		if v["type"] == "mrkdwn" {
			s, ok := v["text"].(string)
			if !ok {
				t.Fatalf("mrkdwn without text: %v", v)
			}
			checkMrkdwn(t, "block", s)
		}
		for _, typ := range []string{"broadcast", "user", "emoji", "usergroup", "channel"} {
			if v["type"] == typ {
				t.Errorf("an element of type %s came from outside", typ)
			}
		}
		for _, e := range v {
			walkMrkdwn(t, e)
		}
	}
}

func checkMrkdwn(t *testing.T, where, s string) {
	t.Helper()
	for rest := s; ; {
		_, after, ok := strings.Cut(rest, "<")
		if !ok {
			break
		}
		if !strings.HasPrefix(after, "!date^") {
			t.Errorf("%s: an unescaped < in %q", where, s)
		}
		rest = after
	}
	if strings.Count(s, "`")%2 != 0 {
		t.Errorf("%s: an odd number of backquotes in %q", where, s)
	}
	for i, part := range strings.Split(s, "`") {
		if i%2 == 0 && (strings.Contains(part, "*bold*") || strings.Contains(part, "_it_") || strings.Contains(part, ":100:") || strings.Contains(part, "~no~")) {
			t.Errorf("%s: markup is alive in %q", where, part)
		}
	}
}
