package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// systemd starts the bot again after a crash, and leaves it where somebody has
// to mend its settings: so the two must not end with the same status.
func TestUnitTellsCrashesFromWrongSettings(t *testing.T) {
	if os.Getenv("ACMBOT_TEST_CRASH") != "" { // as a program of its own, which Go ends
		go func() { panic("a defect") }()
		<-context.Background().Done()
	}
	unit, err := os.ReadFile("../../deploy/systemd/acmbot.service")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^RestartPreventExitStatus=(.*)$`).FindSubmatch(unit)
	if line == nil || !regexp.MustCompile(`(?m)^Restart=on-failure$`).Match(unit) {
		t.Fatal("the unit does not say when it is started again")
	}
	left := strings.Fields(string(line[1]))

	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUnitTellsCrashesFromWrongSettings$")
	child.Env = append(os.Environ(), "ACMBOT_TEST_CRASH=1")
	out, err := child.CombinedOutput()
	crash, ok := errors.AsType[*exec.ExitError](err)
	if !ok || !strings.Contains(string(out), "panic: a defect") {
		t.Fatalf("%v\n%s", err, out)
	}
	if status := strconv.Itoa(crash.ExitCode()); slices.Contains(left, status) {
		t.Errorf("a crash ends with the status %s, after which systemd leaves the bot dead", status)
	}

	unsetSettings(t)
	status, _, stderr := execute(t, "run")
	if !slices.Contains(left, strconv.Itoa(status)) {
		t.Errorf("without tokens it ends with the status %d, after which systemd starts it for ever:\n%s", status, stderr)
	}
}
