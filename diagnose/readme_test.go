package diagnose

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the README's table of causes")

// TestReadmeCauses holds the README's table of causes to the catalogue.
func TestReadmeCauses(t *testing.T) {
	const path, begin, end = "../README.md", "<!-- causes:begin -->\n", "<!-- causes:end -->"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	got, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s lacks the marks around the table of causes", path)
	}
	var want strings.Builder
	want.WriteString("\n| Cause | What it means | Who can fix it |\n|---|---|---|\n")
	for _, c := range Catalogue() {
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", c.ID, c.Meaning, c.Owner)
	}
	want.WriteString("\n")
	if got == want.String() {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the table of causes in %s is not the catalogue's; go test ./diagnose -run ReadmeCauses -update rewrites it", path)
}
