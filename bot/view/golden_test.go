package view

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/diagnose"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a value, as indented JSON, with its golden file.
func golden(t *testing.T, name string, v any) {
	t.Helper()
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update to write it)", err)
	}
	if diff := cmp.Diff(string(want), buf.String()); diff != "" {
		t.Errorf("%s (-golden +got):\n%s", path, diff)
	}
}

type goldenMessage struct {
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks"`
}

func goldenOf(m Message) goldenMessage { return goldenMessage(m) }

func TestAnswerGolden(t *testing.T) {
	for name, sample := range samples {
		if name == "monster" {
			continue // its point is the limits
		}
		t.Run(name, func(t *testing.T) { golden(t, name, goldenOf(Answer(sample(), Options{}))) })
	}
}

func TestOtherMessagesGolden(t *testing.T) {
	state := stateOf(missingOne(), Options{})
	state.Troubled, state.Causes = 3, map[diagnose.CauseID]int{"cname-missing": 1, "caa-forbids-amazon": 2}
	state.At = sampleTime.Add(-10 * 60e9)
	for name, m := range map[string]Message{
		"rechecked":                Answer(missingOne(), Options{Since: &state}),
		"shared":                   Answer(missingOne(), Options{Public: true, SharedBy: "U0ADA"}),
		"help":                     Help("/acm"),
		"usage":                    Usage("/acm", "That is an IP address; ACM's certificates are for domain names."),
		"unknown-command":          UnknownCommand("/acm", "frobnicate"),
		"mistyped-command":         UnknownCommand("/acm", "lsit"),
		"mistyped-digest-command":  UnknownDigestCommand("/acm", "prevew"),
		"digest-command-with-more": UnknownDigestCommand("/acm", "preview tomorrow"),
		"digest-alerts-how":        UnknownDigestCommand("/acm", "alerts"),
		"nothing-after":            NothingAfter("/acm", "owners"),
		"greeting":                 Greeting(),
		"welcome":                  Welcome(),
		"no-domain":                NoDomain("/acm"),
		"picker":                   Picker([]string{"a.example.com", "*.b.example.com"}),
		"fault":                    FaultMessage(Fault{What: "This took too long, and I gave up", Meaning: "AWS answered too slowly", Next: "Try again", RequestID: "abc123", Retry: "shop.example.com"}),
		"progress":                 Progress("shop.example.com", diagnose.Progress{Stage: "searching 6 regions", Done: 2, Total: 6}),
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, goldenOf(m)) })
	}
}

func TestViewsGolden(t *testing.T) {
	state := stateOf(missingOne(), Options{})
	for name, v := range map[string]any{
		"evidence":         Evidence(missingOne(), state),
		"evidence-loading": EvidenceLoading(state),
		"evidence-fault":   EvidenceFault(state, Fault{What: "This took too long", RequestID: "abc123"}),
		"home": Home(Status{Command: "/acm", Version: "1.2.3", Sockets: 1, Wanted: 2, Started: sampleTime.AddDate(0, 0, -2),
			MissingScopes: []string{"im:history"}, Running: 2, Waiting: 1, Workers: 8, PerUser: 4, At: sampleTime}, overviewSample()),
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, v) })
	}
}
