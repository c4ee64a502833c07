package bolt_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/bolt"
)

// On a disk that is full, which here is a file system of 512 KB in a mount
// namespace of the test's own, changes are refused, nothing is lost, and all
// goes on once there is room.
func TestFullDisk(t *testing.T) {
	if os.Getenv("BOLT_TEST_FULL_DISK") == "" {
		self := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.count=1", "-test.v")
		self.Env = append(os.Environ(), "BOLT_TEST_FULL_DISK="+t.TempDir())
		self.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		out, err := self.CombinedOutput()
		if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
			t.Skipf("this system does not let a test mount a file system: %v", err)
		}
		if err != nil || !strings.Contains(string(out), "--- PASS: TestFullDisk") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}

	disk := os.Getenv("BOLT_TEST_FULL_DISK")
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=512k"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(disk, "state.db")
	s, err := bolt.Open(t.Context(), bolt.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 200<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := map[string]state.Item{}
	value := []byte(`"` + strings.Repeat("x", 10<<10) + `"`)
	refused := 0
	fill := func(from int) {
		for i := range 50 {
			key := state.Key{Kind: "a", ID: fmt.Sprint(from + i)}
			item, err := s.Put(t.Context(), state.Item{Key: key, Value: value})
			if err == nil {
				kept[key.ID] = item
				continue
			}
			refused++
			wantFault(t, err, `^The disk that holds the state file .* is full; the change was not kept, and nothing kept before is lost\. Make room on it\.$`)
		}
	}
	check := func() {
		t.Helper()
		n := 0
		for item, err := range s.List(t.Context(), "a", "") {
			if err != nil {
				t.Fatal(err)
			}
			if kept[item.Key.ID].Version != item.Version {
				t.Errorf("%s is there at version %d, though %d was acknowledged", item.Key, item.Version, kept[item.Key.ID].Version)
			}
			n++
		}
		if n != len(kept) {
			t.Errorf("%d items are there of %d that were acknowledged", n, len(kept))
		}
	}
	fill(0)
	if refused == 0 || len(kept) == 0 {
		t.Fatalf("%d refused, %d kept: the disk is not what it should be", refused, len(kept))
	}
	check()
	before := len(kept)

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	fill(100)
	if len(kept) <= before {
		t.Error("nothing is kept though there is room again")
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// And so it is at the next start, on the full disk.
	s, err = bolt.Open(t.Context(), bolt.Options{Path: path, LockWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if s.Damaged() != "" {
		t.Error("the full disk has damaged the file")
	}
	check()
	_ = s.Close()

	// No room for a new file at all.
	if err := os.WriteFile(ballast, make([]byte, 512<<10), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_, err = bolt.Open(t.Context(), bolt.Options{Path: filepath.Join(disk, "new.db")})
	wantFault(t, err, `^The disk that holds the state file .*new\.db is full`)
}
