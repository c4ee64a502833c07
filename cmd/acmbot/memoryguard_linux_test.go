package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A program that is not dumpable cannot be attached to, nor its memory or its
// environment be read, by other programs of its user. That the program guards
// itself so before it reads any secret is in TestNoSecretLeaksOut.
func TestGuardMemory(t *testing.T) {
	if os.Getenv("ACMBOT_TEST_GUARDED") != "" { // as a program of its own, since there is no way back
		guardMemory()
		dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		var core unix.Rlimit
		if limitErr := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil || limitErr != nil || dumpable != 0 || core.Cur != 0 || core.Max != 0 {
			t.Errorf("dumpable is %d (%v), the limit of cores %+v (%v)", dumpable, err, core, limitErr)
		}
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGuardMemory$", "-test.v")
	child.Env = append(os.Environ(), "ACMBOT_TEST_GUARDED=1")
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestGuardMemory") {
		t.Errorf("%v\n%s", err, out)
	}
}
