package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/world"
)

// A syncBuffer is a buffer that one may write to while another reads it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// startSlack starts a workspace, and points the settings at it.
func startSlack(t *testing.T) *workspace.Workspace {
	t.Helper()
	slack, err := workspace.Start(workspace.Options{Manifest: manifest()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slack.Close() })
	t.Setenv("SLACK_BOT_TOKEN", slack.BotToken())
	t.Setenv("SLACK_APP_TOKEN", slack.AppToken())
	t.Setenv("SLACK_API_URL", slack.APIURL())
	t.Setenv("ACMBOT_STATE", filepath.Join(t.TempDir(), "state.db"))
	return slack
}

// startLiteralWorld runs the demo's world on the ports that AWS, DNS and web
// servers have, and points the settings at it.
func startLiteralWorld(t *testing.T) { literalWorld(t) }

func literalWorld(t *testing.T) *world.Running {
	t.Helper()
	scene, err := world.Demo().Start(t.Context(), world.Options{Literal: true})
	switch {
	case errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EADDRNOTAVAIL):
		t.Skipf("the ports 53, 80 and 443 of 127.0.0.0/8 cannot be had; root can have them on Linux: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(scene.Close)
	for name, value := range scene.AWSEnv() {
		t.Setenv(name, value)
	}
	hints := filepath.Join(t.TempDir(), "named.root")
	if err := os.WriteFile(hints, []byte(scene.RootHints()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ACMBOT_DNS_ROOT_HINTS", hints)
	t.Setenv("ACMBOT_DNS_RESOLVERS", strings.Join(scene.DNSOptions().Resolvers, ","))
	t.Setenv("ACMBOT_REGIONS", strings.Join(scene.Regions(), ","))
	t.Setenv("ACMBOT_ROLE_ARNS", strings.Join(scene.RoleARNs(), ","))
	t.Setenv("ACMBOT_PROBE_ALLOW", "127.0.0.0/8")
	if anchors := scene.DNSOptions().TrustAnchors; len(anchors) > 0 {
		anchor := filepath.Join(t.TempDir(), "root.key")
		if err := os.WriteFile(anchor, []byte(strings.Join(anchors, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("ACMBOT_DNS_TRUST_ANCHOR", anchor)
	}
	return scene
}

// The bot that people run, set up by the environment alone, answers.
func TestRun(t *testing.T) {
	unsetSettings(t)
	startLiteralWorld(t)
	slack := startSlack(t)
	t.Setenv("ACMBOT_LOG_FORMAT", "json")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	var stdout, stderr syncBuffer
	status := make(chan int, 1)
	go func() { status <- Main(ctx, []string{"run"}, strings.NewReader(""), &stdout, &stderr) }()
	t.Cleanup(stop)

	if err := slack.Wait(ctx, func() bool { return slack.Sockets() > 0 }); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if _, err := slack.Slash("dana", "ops-certificates", "/acm", "why shop.example.com"); err != nil {
		t.Fatal(err)
	}
	answer, err := slack.WaitMessage(ctx, func(m workspace.Message) bool {
		return strings.Contains(m.Text, "shop.example.com") && strings.Contains(m.Text, "12 days")
	})
	if err != nil {
		t.Fatalf("no answer: %v\n%s", err, stderr.String())
	}
	if !answer.Ephemeral {
		t.Error("everybody in the channel sees the answer")
	}
	stop()
	if got := <-status; got != exitOK {
		t.Errorf("it ended with status %d, want 0", got)
	}
	if stdout.String() != "" {
		t.Errorf("standard output has %q", stdout.String())
	}
	for line := range strings.Lines(stderr.String()) {
		var entry struct{ Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Msg == "" {
			t.Errorf("not a line of the log: %q", line)
		}
	}
	for _, token := range []string{slack.BotToken(), slack.AppToken()} {
		if strings.Contains(stderr.String(), token) {
			t.Error("the log has a token in it")
		}
	}
}

// Where Slack refuses the app for good, the start ends with the reason.
func TestRunRefused(t *testing.T) {
	unsetSettings(t)
	slack := startSlack(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("ACMBOT_LOG_LEVEL", "error")
	slack.Fail("apps.connections.open", workspace.Fault{Error: "invalid_auth"})
	var stdout, stderr syncBuffer
	status := Main(t.Context(), []string{"run"}, strings.NewReader(""), &stdout, &stderr)
	if want := "acmbot: Slack does not know the app-level token."; status != exitSettings || !strings.Contains(stderr.String(), want) {
		t.Errorf("got status %d and %q, want %d and %q", status, stderr.String(), exitSettings, want)
	}
}

func TestHealth(t *testing.T) {
	for _, alive := range []bool{true, false} {
		s, err := serveHealth("127.0.0.1:0", func() bot.Health { return bot.Health{Alive: alive, Sockets: 1, Wanted: 2} }, http.NotFoundHandler())
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.Get("http://" + s.listener.Addr().String() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Alive           bool
			Sockets, Wanted int
		}
		err = json.NewDecoder(response.Body).Decode(&got)
		_ = response.Body.Close()
		s.close()
		if err != nil || got.Alive != alive || got.Sockets != 1 || got.Wanted != 2 || (response.StatusCode == http.StatusOK) != alive {
			t.Errorf("alive %v: got %s with %+v, %v", alive, response.Status, got, err)
		}
		if _, err := serveHealth("127.0.0.1:99999", nil, nil); err == nil || !strings.HasPrefix(err.Error(), "ACMBOT_HEALTH_LISTEN ") {
			t.Errorf("a port that cannot be: %v", err)
		}
	}
}
