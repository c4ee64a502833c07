package main

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// With fewer lines logged, who changed what is logged still, and what the alarm
// on a missed digest counts, which would ring for ever without.
func TestQuietLogHasWhatIsNeeded(t *testing.T) {
	for level, want := range map[slog.Level][]string{
		slog.LevelDebug: {"calling AWS", "connected to Slack", "audit", "posted a digest", "slow", "broken"},
		slog.LevelInfo:  {"connected to Slack", "audit", "posted a digest", "slow", "broken"},
		slog.LevelWarn:  {"audit", "posted a digest", "slow", "broken"},
		slog.LevelError: {"audit", "posted a digest", "broken"},
	} {
		var out bytes.Buffer
		log := logSettings{Level: logLevel(level), Format: "text"}.logger(&out).With("socket", 1)
		log.DebugContext(t.Context(), "calling AWS")
		log.InfoContext(t.Context(), "connected to Slack")
		log.InfoContext(t.Context(), "audit")
		log.InfoContext(t.Context(), "posted a digest")
		log.WarnContext(t.Context(), "slow")
		log.ErrorContext(t.Context(), "broken")
		var got []string
		for line := range strings.Lines(out.String()) {
			_, text, _ := strings.Cut(line, "msg=")
			message, rest, _ := strings.Cut(text, " socket=1")
			got = append(got, strings.Trim(message, `"`))
			if rest != "\n" {
				t.Errorf("%v: an attribute is lost in %q", level, line)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want, +got):\n%s", level, diff)
		}
	}
}

// They are the bot's own words.
func TestNeededLinesAreTheBots(t *testing.T) {
	for i, file := range []string{"../../bot/fix.go", "../../bot/digest.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(source, []byte(`"`+neededLines[i]+`",`)) {
			t.Errorf("%s has no line %q", file, neededLines[i])
		}
	}
}
