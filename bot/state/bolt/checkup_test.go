package bolt_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/bolt"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

// examined are the checks of a file, by name.
func examined(t *testing.T, path string) map[string]checkup.Check {
	t.Helper()
	got := map[string]checkup.Check{}
	for _, c := range bolt.Check(t.Context(), path) {
		if c.Detail == "" || c.State == checkup.Failed && c.Fix == "" {
			t.Errorf("incomplete: %+v", c)
		}
		got[c.What] = c
	}
	return got
}

const works = "write, read, list, delete"

func TestCheckOfAFileThatIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "later", "state.db")
	got := examined(t, path)
	if got["file"].State != checkup.OK || got["free disk space"].State == checkup.Failed || len(got) != 2 {
		t.Errorf("%+v", got)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(path))), "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("it left %q, %v", left, err)
	}
}

func TestCheckOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := bolt.Open(t.Context(), bolt.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := state.Create(t.Context(), s, state.Key{Kind: "watch", ID: "one"}, "mine", time.Time{}); err != nil {
		t.Fatal(err)
	}
	// While it is open, another process may not have it.
	if got := examined(t, path); got[works].State != checkup.Skipped || !strings.Contains(got[works].Fix, "/acm doctor") || got["file"].State != checkup.OK {
		t.Errorf("open elsewhere: %+v", got)
	}
	// From within it is tried.
	for _, c := range state.Check(t.Context(), s, "the file", time.Now) {
		if c.State != checkup.OK {
			t.Errorf("from within: %+v", c)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := examined(t, path); got[works].State != checkup.OK || got["schema"].State != checkup.OK {
		t.Errorf("%+v", got)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := examined(t, path); got["file"].State != checkup.Warning || !strings.Contains(got["file"].Fix, "chmod 600 "+path) {
		t.Errorf("for all to read: %+v", got)
	}

	// Nothing is left of the checks, and what was there still is.
	s = open(t, bolt.Options{Path: path})
	for item, err := range s.List(t.Context(), "health", "checkup/") {
		t.Errorf("left over: %+v, %v", item, err)
	}
	if r, err := state.Load[string](t.Context(), s, state.Key{Kind: "watch", ID: "one"}); err != nil || r.Value != "mine" {
		t.Errorf("%+v, %v", r, err)
	}
}

// A file that is damaged, or of a newer version, is left exactly as it is.
func TestCheckLeavesAFileAlone(t *testing.T) {
	damaged := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(damaged, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(t.TempDir(), "state.db")
	s, err := bolt.Open(t.Context(), bolt.Options{Path: newer})
	if err != nil {
		t.Fatal(err)
	}
	err = state.Update(t.Context(), s, state.Key{Kind: "schema", ID: "version"}, func(v *map[string]int) error {
		*v = map[string]int{"version": 99}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct{ what, says string }{damaged: {"file", "damaged"}, newer: {"schema", "newer acmbot"}} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := examined(t, path)[want.what]; got.State != checkup.Failed || !strings.Contains(got.Detail, want.says) {
			t.Errorf("%+v", got)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("%s was changed, %v", want.says, err)
		}
		if list, _ := filepath.Glob(path + "*"); len(list) != 1 {
			t.Errorf("there are %q", list)
		}
	}
}

func TestCheckOfNoPlaceForAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(file, "state.db"), filepath.Join(file, "deep", "state.db")} {
		if got := examined(t, path); got["file"].State != checkup.Failed {
			t.Errorf("%s: %+v", path, got)
		}
	}
	folder := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		t.Log("root may write anywhere; a folder that is closed to this user is not tried")
		return
	}
	if got := examined(t, filepath.Join(folder, "state.db")); got["file"].State != checkup.Failed || !strings.Contains(got["file"].Detail, "may not") {
		t.Errorf("%+v", got)
	}
}
