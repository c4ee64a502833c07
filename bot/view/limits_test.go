package view

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
)

func lint(t *testing.T, name string, m Message) {
	t.Helper()
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range workspace.Lint(raw) {
		t.Errorf("%s: %v", name, p)
	}
	if n := size(m.Blocks...); n > mostMessage {
		t.Errorf("%s: %d characters of text in the blocks, at most %d are sent", name, n, mostMessage)
	}
	if n := utf8.RuneCountInString(m.Text); n == 0 || n > 4000 {
		t.Errorf("%s: the text has %d characters", name, n)
	}
}

func lintView(t *testing.T, name string, v any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range workspace.LintView(raw) {
		t.Errorf("%s: %v", name, p)
	}
}

// rowsOf notes the certificates that the rows of a list's modal ask about.
func rowsOf(v slack.ModalViewRequest, seen map[string]bool) {
	for _, b := range v.Blocks.BlockSet {
		if s, ok := b.(*slack.SectionBlock); ok {
			seen[s.Accessory.ButtonElement.Value] = true
		}
	}
}

func TestEveryMessageKeepsTheLimits(t *testing.T) {
	for name, sample := range samples {
		a := sample()
		state := stateOf(a, Options{})
		lint(t, name, Answer(a, Options{}))
		lint(t, name+" shared", Answer(a, Options{Public: true, SharedBy: "U0ADA", Since: &state}))
	}
	long := strings.Repeat("x", 60) + "." + strings.Repeat("y", 60) + ".example.com"
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("n%d.example.com", i), fmt.Sprintf("%d.%s", i, long))
	}
	for name, m := range map[string]Message{
		"help": Help("/acm"), "usage": Usage("/acm", strings.Repeat("long ", 2000)), "unknown": UnknownCommand("/acm", strings.Repeat("x", 9000)),
		"no domain": NoDomain("/acm"), "picker": Picker(names), "long picker": Picker([]string{long}),
		"fault":    FaultMessage(Fault{What: strings.Repeat("what ", 2000), RequestID: "r", Retry: long}),
		"progress": Progress(strings.Repeat("x", 9000), diagnose.Progress{Stage: strings.Repeat("stage ", 2000), Done: 1, Total: 2}),
	} {
		lint(t, name, m)
	}
}

func TestEveryViewKeepsTheLimits(t *testing.T) {
	for name, sample := range samples {
		a := sample()
		state := stateOf(a, Options{})
		lintView(t, name+" loading", EvidenceLoading(state))
		pages := len(paginate(evidenceBlocks(a)))
		for page := -1; page <= pages; page++ {
			state.Page = page
			lintView(t, fmt.Sprintf("%s page %d of %d", name, page, pages), Evidence(a, state))
		}
	}
	lintView(t, "home", Home(Status{Command: "/acm"}, overviewSample()))
}

func TestNothingIsLostFromTheEvidence(t *testing.T) {
	a := missingMany()
	state := stateOf(a, Options{})
	var all strings.Builder
	for page := range paginate(evidenceBlocks(a)) {
		state.Page = page
		raw, err := json.Marshal(Evidence(a, state))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	for _, f := range a.Reports[0].Findings {
		for _, want := range []string{f.Remedy.Name, f.Remedy.Value} {
			if !strings.Contains(all.String(), want) {
				t.Errorf("no page of the evidence has %q", want)
			}
		}
	}
	for _, n := range a.Reports[0].Names {
		if !strings.Contains(all.String(), n.Name) {
			t.Errorf("no page of the evidence has the name %q", n.Name)
		}
	}
}

// copied are the texts of a message's preformatted elements: what a person
// copies.
func copied(m Message) []string {
	var list []string
	for _, b := range m.Blocks {
		rich, ok := b.(*slack.RichTextBlock)
		if !ok {
			continue
		}
		for _, e := range rich.Elements {
			if pre, ok := e.(*slack.RichTextPreformatted); ok {
				var s strings.Builder
				for _, part := range pre.Elements {
					if text, ok := part.(*slack.RichTextSectionTextElement); ok {
						s.WriteString(text.Text)
					}
				}
				list = append(list, s.String())
			}
		}
	}
	return list
}

func TestRecordIsCopiedExactly(t *testing.T) {
	a := missingOne()
	m := a.Reports[0].Findings[0].Remedy
	got := copied(Answer(a, Options{}))
	want := []string{m.EnterName, m.Name, m.Value}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("copied %q, want %q", got, want)
	}
}

func TestCopiedValuesAreNeverChanged(t *testing.T) {
	allowed := map[string]bool{}
	for _, sample := range []func() diagnose.Answer{hostile, missingMany, lame, expired} {
		a := sample()
		for _, f := range a.Reports[0].Findings {
			m := f.Remedy
			for _, s := range append([]string{m.Name, m.EnterName, m.Value, m.EnterValue}, m.Commands...) {
				allowed[s] = true
			}
		}
		got := copied(Answer(a, Options{}))
		if len(got) == 0 {
			t.Error("nothing to copy")
		}
		for _, s := range got {
			if !allowed[s] {
				t.Errorf("%q is not what the remedy says", s)
			}
		}
	}
}

func TestFoldedMessageSaysSo(t *testing.T) {
	m := Answer(missingMany(), Options{})
	if got := len(copied(m)); got != 3*shownRecords {
		t.Errorf("%d blocks to copy, want 3 for each of %d records", got, shownRecords)
	}
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"and 37 more records", "60 others are validated", "40 of 100 names"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("the message does not say %q", want)
		}
	}
	if !strings.Contains(m.Text, "and 37 more records") {
		t.Errorf("the text does not count the other records: %s", m.Text)
	}
	last := m.Blocks[len(m.Blocks)-1]
	if last.BlockType() != slack.MBTAction {
		t.Errorf("the last block is %s, want the buttons", last.BlockType())
	}
}
