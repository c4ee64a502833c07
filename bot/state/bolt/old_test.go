package bolt_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/bolt"
	"github.com/acmbot/acmbot/bot/state/statetest"
)

var update = flag.Bool("update", false, "write a file of this version's schema, where there is none")

// A kept item is one that an old file holds.
type kept struct {
	Kind, ID string
	Version  int64
	Expires  time.Time
	Value    json.RawMessage
}

// Files that older versions have written are opened, and nothing of them is
// lost. There is one for each schema, which is never written again: where it
// cannot be opened any more, people's state cannot either.
func TestOldFiles(t *testing.T) {
	written := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { return written.Add(time.Hour) }
	for schema := 1; schema <= state.Schema; schema++ {
		name := filepath.Join("testdata", fmt.Sprintf("schema-%d", schema))
		if _, err := os.Stat(name + ".db"); err != nil && *update && schema == state.Schema {
			write(t, name, written)
		}
		file, err := os.ReadFile(name + ".db")
		if err != nil {
			t.Errorf("there is no file of schema %d (go test -update writes one): %v", schema, err)
			continue
		}
		text, err := os.ReadFile(name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want []kept
		if err := json.Unmarshal(text, &want); err != nil || len(want) < 5 {
			t.Fatalf("%d items, %v", len(want), err)
		}
		path := filepath.Join(t.TempDir(), "state.db")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, bolt.Options{Path: path, Now: now})
		if s.Damaged() != "" {
			t.Errorf("schema %d: it is taken for damaged", schema)
		}
		if err := statetest.Health(t.Context(), s); err != nil {
			t.Error(err)
		}
		if schema < state.Schema {
			continue // what became of the items is the migration's test
		}
		for _, w := range want {
			item, err := s.Get(t.Context(), state.Key{Kind: w.Kind, ID: w.ID})
			if err != nil {
				t.Errorf("schema %d: %v", schema, err)
				continue
			}
			got := kept{item.Key.Kind, item.Key.ID, item.Version, item.Expires, item.Value}
			if diff := cmp.Diff(w, got, cmp.Comparer(sameJSON)); diff != "" {
				t.Errorf("schema %d mismatch (-want, +got):\n%s", schema, diff)
			}
		}
	}
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && cmp.Equal(x, y)
}

// write writes a file of this version's schema, and what is in it.
func write(t *testing.T, name string, at time.Time) {
	t.Helper()
	clock := func() time.Time { return at }
	s, err := bolt.Open(t.Context(), bolt.Options{Path: name + ".db", Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	items := []kept{
		{Kind: "watch", ID: "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012", Value: json.RawMessage(`{"users":["U0123ABCD"],"since":"2026-11-25T09:00:00Z"}`)},
		{Kind: "watch", ID: "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012", Expires: at.AddDate(100, 0, 0), Value: json.RawMessage(`{"users":[]}`)},
		{Kind: "subscription", ID: "T024BE7LD/C0123456789", Value: json.RawMessage(`"ünïcödé"`)},
		{Kind: "empty", ID: "a", Value: json.RawMessage(`null`)},
		{Kind: "number", ID: "b/c d", Value: json.RawMessage(`9007199254740993`)},
	}
	for i, k := range items {
		item, err := s.Put(t.Context(), state.Item{Key: state.Key{Kind: k.Kind, ID: k.ID}, Value: k.Value, Expires: k.Expires})
		if err != nil {
			t.Fatal(err)
		}
		items[i].Version, items[i].Expires = item.Version, item.Expires
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(items, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+".json", append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}
