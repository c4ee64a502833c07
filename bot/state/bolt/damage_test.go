package bolt_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/bolt"
	"github.com/acmbot/acmbot/bot/state/statetest"
)

// filled makes a file with items in it, some of them of several pages, and
// returns its bytes.
func filled(t *testing.T, path string) []byte {
	t.Helper()
	s, err := bolt.Open(t.Context(), bolt.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 120 {
		key := state.Key{Kind: fmt.Sprintf("kind%d", i%3), ID: fmt.Sprint(i)}
		value := fmt.Sprintf("%d %s", i, strings.Repeat("x", i*i))
		if _, err := state.Create(t.Context(), s, key, value, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// changed makes changes to the file of filled and returns its bytes.
func changed(t *testing.T, path string) []byte {
	t.Helper()
	s, err := bolt.Open(t.Context(), bolt.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 120 {
		key := state.Key{Kind: fmt.Sprintf("kind%d", i%3), ID: fmt.Sprint(i)}
		if err := state.Update(t.Context(), s, key, func(v *string) error { *v += "x"; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// intact counts the items of filled, and fails for one with another value.
func intact(t *testing.T, s state.Store) int {
	t.Helper()
	n := 0
	for i := range 3 {
		for r, err := range state.All[string](t.Context(), s, fmt.Sprintf("kind%d", i), "") {
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(r.Value, r.Key.ID+" x") && r.Key.ID != "0" {
				t.Errorf("%s has the value %.20q…", r.Key, r.Value)
			}
			n++
		}
	}
	return n
}

// A damaged file is kept as it is, and a new one works; the log tells.
func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	content := filled(t, path)
	page := os.Getpagesize()
	for _, test := range []struct {
		name   string
		damage func([]byte) []byte
	}{
		{"text", func([]byte) []byte { return []byte("not a database\n") }},
		{"zeros", func(b []byte) []byte { return make([]byte, len(b)) }},
		{"noise", func(b []byte) []byte {
			noise := rand.NewChaCha8([32]byte{})
			_, _ = noise.Read(b)
			return b
		}},
		{"cut off in the first page", func(b []byte) []byte { return b[:100] }},
		{"cut off in the second page", func(b []byte) []byte { return b[:page+100] }},
		{"cut off in the middle", func(b []byte) []byte { return b[:len(b)/2] }},
		{"both first pages gone", func(b []byte) []byte { return append(make([]byte, 2*page), b[2*page:]...) }},
		{"one bit of a value", func(b []byte) []byte {
			// Pages that are not in use any more have it as well.
			value := []byte(`"119 ` + strings.Repeat("x", 1000))
			for from := bytes.Index(b, value); from >= 0; from = bytes.Index(b, value) {
				b[from+len(value)-1] ^= 1
			}
			return b
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			bad := test.damage(bytes.Clone(content))
			for round := range 2 { // the second in the same second
				if err := os.WriteFile(path, bad, 0o600); err != nil {
					t.Fatal(err)
				}
				var log bytes.Buffer
				s := open(t, bolt.Options{
					Path: path, Now: func() time.Time { return time.Date(2026, 11, 24, 3, 4, 5, 0, time.UTC) },
					Logger: slog.New(slog.NewTextHandler(&log, nil)),
				})
				if want := path + ".corrupt-20261124T030405Z" + []string{"", "-2"}[round]; s.Damaged() != want {
					t.Fatalf("it is kept as %q, want %q", s.Damaged(), want)
				}
				if kept, err := os.ReadFile(s.Damaged()); err != nil || !bytes.Equal(kept, bad) {
					t.Errorf("the file that is kept was changed (%v)", err)
				}
				if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), s.Damaged()) {
					t.Errorf("the log has %q", log.String())
				}
				if n := intact(t, s); n != 0 {
					t.Errorf("the new file has %d items", n)
				}
				if err := statetest.Health(t.Context(), s); err != nil {
					t.Error(err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				again := open(t, bolt.Options{Path: path})
				if again.Damaged() != "" {
					t.Errorf("the new file is damaged, too")
				}
				_ = again.Close()
			}
		})
	}
}

// Whatever is damaged: the bot starts, and nothing wrong is read. All is there
// where it goes unnoticed, since then it was not in use.
func TestDamagedAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	content := filled(t, path)
	// The same file later: what a write that was torn leaves is a mixture.
	later := changed(t, path)
	rounds := 140
	switch {
	case testing.Short():
		rounds = 28
	case os.Getenv("ACMBOT_TEST_LONG") != "":
		rounds = 7000
	}
	random := rand.New(rand.NewPCG(20261124, 1))
	noticed := 0
	kinds := []string{"a bit", "a sector of noise", "an end", "a sector of zeros", "a page of zeros", "a sector of another place", "sectors of a later state"}
	byKind := map[string]int{}
	for round := range rounds {
		bad := bytes.Clone(content)
		sector := func() []byte { return bad[random.IntN(len(bad)/512)*512:][:512] }
		switch kinds[round%len(kinds)] {
		case "a bit":
			bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
		case "a sector of noise":
			_, _ = rand.NewChaCha8([32]byte{byte(round)}).Read(sector())
		case "an end":
			bad = bad[:random.IntN(len(bad))+1]
		case "a sector of zeros":
			clear(sector())
		case "a page of zeros":
			clear(bad[random.IntN(len(bad)/os.Getpagesize())*os.Getpagesize():][:os.Getpagesize()])
		case "a sector of another place":
			copy(sector(), sector())
		case "sectors of a later state":
			for range 1 + random.IntN(4) {
				at := random.IntN(min(len(bad), len(later))/512) * 512
				copy(bad[at:at+512], later[at:])
			}
		}
		path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.db", round))
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := bolt.Open(t.Context(), bolt.Options{Path: path})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		n := intact(t, s)
		switch {
		case s.Damaged() != "":
			noticed++
			byKind[kinds[round%len(kinds)]]++
			if n != 0 {
				t.Errorf("round %d: the new file has %d items", round, n)
			}
		case n < 119: // the last commit's page of metadata may be what was damaged
			t.Errorf("round %d: %d of 120 items are there, and nothing was said", round, n)
		}
		if err := statetest.Health(t.Context(), s); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
	t.Logf("%d damages: %d were noticed, the file kept aside and a new one begun %v; the others hit what was not in use", rounds, noticed, byKind)
	if noticed < rounds/4 {
		t.Errorf("only %d of %d damages were noticed: the test does not damage much", noticed, rounds)
	}
}

// Damage that comes while the file is in use is an error in plain words, and
// the next start deals with it.
func TestDamagedInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	filled(t, path)
	s := open(t, bolt.Options{Path: path})
	if err := os.Truncate(path, int64(2*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := s.Get(t.Context(), state.Key{Kind: "kind1", ID: "118"})
		if fault, ok := errors.AsType[*state.Fault](err); !ok || !strings.Contains(fault.Problem, "is damaged.") {
			t.Fatalf("reading: %v", err)
		}
		if err := statetest.Health(t.Context(), s); err == nil {
			t.Error("it is said to be in good health")
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func wantFault(t *testing.T, err error, pattern string) {
	t.Helper()
	fault, ok := errors.AsType[*state.Fault](err)
	if !ok || !regexp.MustCompile(pattern).MatchString(fault.Error()) {
		t.Errorf("got %v, want a fault like %q", err, pattern)
	}
}

func TestNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, bolt.Options{Path: path})
	err := state.Update(t.Context(), s, state.Key{Kind: "schema", ID: "version"}, func(v *struct {
		Version int `json:"version"`
	}) error {
		v.Version++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, statetest.Health(t.Context(), s), `^The state was written by a newer acmbot: its schema is 2, and this version knows only up to 1\. Run the newer`)
	_ = s.Close()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := bolt.Open(t.Context(), bolt.Options{Path: path})
		wantFault(t, err, `^The state was written by a newer acmbot`)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed (%v)", err)
	}
}

func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	first := open(t, bolt.Options{Path: path})
	_, err := bolt.Open(t.Context(), bolt.Options{Path: path, LockWait: time.Millisecond})
	wantFault(t, err, `^The state file .*state\.db is in use by another process\. Stop the other acmbot, or `)
	// One that is about to end is waited for.
	done := make(chan error, 1)
	go func() {
		s, err := bolt.Open(t.Context(), bolt.Options{Path: path, LockWait: time.Minute})
		if err == nil {
			err = s.Close()
		}
		done <- err
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestFileOfOthers(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may do anything")
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := bolt.Open(t.Context(), bolt.Options{Path: filepath.Join(folder, "state.db")})
	wantFault(t, err, `^This user may not read and write the state file `)
}

// What has expired does not fill the file for ever.
func TestSweep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	s := open(t, bolt.Options{Path: path, Now: func() time.Time { return now }})
	put := func(id string, expires time.Time) {
		t.Helper()
		if _, err := state.Create(t.Context(), s, state.Key{Kind: "a", ID: id}, 1, expires); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		put(fmt.Sprint(i), now.Add(time.Hour))
	}
	put("stays", time.Time{})
	now = now.Add(2 * time.Hour)
	put("new", now.Add(time.Hour))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	_ = db.View(func(tx *bbolt.Tx) error {
		if n := tx.Bucket([]byte("a")).Stats().KeyN; n != 2 {
			t.Errorf("the file has %d items, want 2", n)
		}
		return nil
	})
}

func TestBackup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	filled(t, path)
	s := open(t, bolt.Options{Path: path})
	for range 2 {
		if err := s.Backup(t.Context(), "schema-1"); err != nil {
			t.Fatal(err)
		}
		if _, err := state.Create(t.Context(), s, state.Key{Kind: "kind0", ID: "later"}, "later x", time.Time{}); err != nil && !errors.Is(err, state.ErrConflict) {
			t.Fatal(err)
		}
	}
	if n := intact(t, open(t, bolt.Options{Path: path + ".schema-1"})); n != 120 {
		t.Errorf("the copy has %d items", n)
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 2 {
		t.Errorf("there are %q", files)
	}
}
