package diagnose

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// FuzzJudge judges facts as a file may hold them, mutated: whatever decodes is
// judged without a panic, and alike each time.
func FuzzJudge(f *testing.F) {
	seed := func(facts *Facts) {
		text, err := json.Marshal(facts)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	seed(pending())
	drawn := rapid.Custom(drawFacts)
	for i := range 40 {
		seed(drawn.Example(i))
	}
	f.Add([]byte(`{"dns":{"lookups":{"a/CNAME":null},"zones":{"a":null}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var facts Facts
		if json.Unmarshal(text, &facts) != nil {
			return
		}
		first, again := Judge(&facts), Judge(&facts)
		if first.Headline == "" || first.Verdict == "" || first.State == "" {
			t.Fatalf("the report lacks headline, verdict or state: %+v", first)
		}
		if first.Headline != again.Headline || len(first.Findings) != len(again.Findings) {
			t.Fatalf("the same facts give %q and %q", first.Headline, again.Headline)
		}
		for _, found := range first.Findings {
			if len(found.Evidence) == 0 {
				t.Fatalf("%s is named without evidence", found.Cause)
			}
		}
	})
}
