package view

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
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

// What servers and people write cannot make lines of its own in an answer, nor
// turn around or hide what stands beside it.
func TestNothingFromOutsideMakesLines(t *testing.T) {
	const evil = "Evil CA.\n\n✅ Renewed, nothing to do\u2028\u2029\v\r\x1b[2J\u202egnp.exe\u2066\u200b\ufeff"
	a := noCertificate()
	a.Endpoint.Served = []diagnose.TLSServed{{
		Address: "192.0.2.1:443", Serial: evil, Subject: evil, Issuer: evil, IssuerOrg: evil, Names: []string{evil}, NotAfter: sampleTime,
	}}
	redirected := hostile()
	r := &redirected.Reports[0]
	r.Headline, r.Findings[0].Title, r.Findings[0].Text = evil, evil, evil+" `"+evil+"`"
	r.Findings[0].Evidence = []diagnose.Evidence{{Source: evil, Text: "it answers 302 to `" + evil + "`"}}
	for name, a := range map[string]diagnose.Answer{"nothing found": a, "a report": redirected} {
		state := stateOf(a, Options{})
		m := Answer(a, Options{})
		for what, v := range map[string]any{"the answer": m.Blocks, "the evidence": Evidence(a, state)} {
			raw, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			var tree any
			if err := json.Unmarshal(raw, &tree); err != nil {
				t.Fatal(err)
			}
			checkLines(t, name+": "+what, tree)
		}
		checkLine(t, name+": the text", m.Text)
	}
}

func checkLines(t *testing.T, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case string:
		checkLine(t, where, v)
	case []any:
		for _, e := range v {
			checkLines(t, where, e)
		}
	case map[string]any:
		for _, e := range v {
			checkLines(t, where, e)
		}
	}
}

func checkLine(t *testing.T, where, s string) {
	t.Helper()
	for line := range strings.SplitSeq(s, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "✅ Renewed") {
			t.Errorf("%s: a line of its own in %q", where, s)
		}
	}
	if strings.ContainsAny(s, "\u2028\u2029\v\r\x1b\u202e\u2066\u200b\ufeff") {
		t.Errorf("%s: invisible signs in %q", where, s)
	}
}
