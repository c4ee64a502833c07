package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/workspace"
)

// build builds the program, without the race detector.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "acmbot")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("building acmbot: %v\n%s", err, out)
	}
	return path
}

// A watchedLog keeps a log, and lets a test wait for what it says.
type watchedLog struct {
	syncBuffer
	more chan struct{}
}

func newWatchedLog() *watchedLog { return &watchedLog{more: make(chan struct{}, 1)} }

func (l *watchedLog) Write(p []byte) (int, error) {
	n, err := l.syncBuffer.Write(p)
	select {
	case l.more <- struct{}{}:
	default:
	}
	return n, err
}

// has waits until the log has a text n times.
func (l *watchedLog) has(ctx context.Context, t *testing.T, text string, n int) {
	t.Helper()
	for strings.Count(l.String(), text) < n {
		select {
		case <-l.more:
		case <-ctx.Done():
			t.Fatalf("the log has %q %d times, want %d", text, strings.Count(l.String(), text), n)
		}
	}
}

// A process is acmbot run as people run it.
type process struct {
	*exec.Cmd
	ended chan struct{} // closed when it has
	how   error
}

// startProcess runs acmbot with the test's environment until the test ends, and
// waits until it is connected to Slack. Its standard error goes to stderr.
func startProcess(t *testing.T, path string, slack *workspace.Workspace, stderr io.Writer, env ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(path, "run"), ended: make(chan struct{})}
	p.Env = append(os.Environ(), env...)
	p.Stderr = stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.how = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.ended
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := slack.Wait(ctx, func() bool { return slack.Sockets() > 0 }); err != nil {
		t.Fatalf("it does not connect: %v", err)
	}
	return p
}

// stop ends the process as a service manager does, and returns how it ended.
func (p *process) stop(t *testing.T) error {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	<-p.ended
	return p.how
}

// asked asks and waits for the answer.
func asked(t *testing.T, slack *workspace.Workspace, question, answer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := slack.Slash("dana", "ops-certificates", "/acm", question); err != nil {
		t.Fatal(err)
	}
	if _, err := slack.WaitMessage(ctx, func(m workspace.Message) bool {
		return m.App && strings.Contains(m.Words(), answer) && !strings.Contains(m.Words(), "the answer follows")
	}); err != nil {
		var said []string
		for _, m := range slack.Messages("ops-certificates", "dana") {
			said = append(said, m.Words())
		}
		t.Fatalf("%s is not answered: %v\n%s", question, err, strings.Join(said, "\n"))
	}
}

// A log that cannot be written any more, because whoever read it is gone or the
// disk is full, keeps nobody from an answer.
func TestLogThatCannotBeWritten(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it takes /dev/full")
	}
	path := build(t)
	for _, test := range []struct {
		name string
		log  func(*testing.T) (log *os.File, goes func())
	}{
		{"the reader is gone", func(t *testing.T) (*os.File, func()) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			return w, func() { _ = r.Close() }
		}},
		{"the disk is full", func(t *testing.T) (*os.File, func()) {
			f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			return f, func() {}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			unsetSettings(t)
			startLiteralWorld(t)
			slack := startSlack(t)
			log, goes := test.log(t)
			p := startProcess(t, path, slack, log, "ACMBOT_LOG_LEVEL=debug")
			_ = log.Close() // the process has its own
			asked(t, slack, "why shop.example.com", "shop.example.com")
			goes()
			for _, name := range []string{"api.example.com", "login.example.com", "legacy.example.com"} {
				asked(t, slack, "why "+name, name)
			}
			if err := p.stop(t); err != nil {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}
