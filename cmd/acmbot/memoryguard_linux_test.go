package main

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// It is done in a process of its own, which it cannot be undone in.
func TestGuardMemory(t *testing.T) {
	if os.Getenv("ACMBOT_TEST_GUARD") == "" {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGuardMemory$", "-test.v")
		command.Env = append(os.Environ(), "ACMBOT_TEST_GUARD=1")
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if n, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || n != 1 {
		t.Fatalf("dumpable is %d before (%v), so there is nothing to show", n, err)
	}
	guardMemory()
	if n, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || n != 0 {
		t.Errorf("dumpable is %d, %v", n, err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("the limit of cores is %+v, %v", limit, err)
	}
	// What the process tells of itself in its metrics it can still read.
	if _, err := os.ReadDir("/proc/self/fd"); err != nil {
		t.Error(err)
	}
}
