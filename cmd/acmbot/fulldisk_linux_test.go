package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/bolt"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/world"
)

// A bot whose disk is full answers, says what it cannot keep, and keeps it once
// there is room again. The disk is a file system of 256 KB in a mount namespace
// of the test's own.
func TestBotOnAFullDisk(t *testing.T) {
	const inside = "ACMBOT_TEST_FULL_DISK"
	disk := os.Getenv(inside)
	if disk == "" {
		self := exec.Command(os.Args[0], "-test.run=^TestBotOnAFullDisk$", "-test.count=1", "-test.v")
		self.Env = append(os.Environ(), inside+"="+t.TempDir())
		self.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		out, err := self.CombinedOutput()
		if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
			t.Skipf("this system does not let a test mount a file system: %v", err)
		}
		if err != nil || !strings.Contains(string(out), "--- PASS: TestBotOnAFullDisk") {
			t.Fatalf("%v\n%s", err, out)
		}
		for line := range strings.Lines(string(out)) {
			if _, counts, ok := strings.Cut(line, "counts: "); ok {
				t.Log(strings.TrimSpace(counts))
			}
		}
		return
	}
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatal(err)
	}
	w, err := world.Parse("dark", []byte(darkWorld))
	if err != nil {
		t.Fatal(err)
	}
	scene, err := w.Start(t.Context(), world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(scene.Close)
	slack := startSlack(t)
	path := filepath.Join(disk, "state.db")
	store, err := bolt.Open(t.Context(), bolt.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	doctor, estate := sightOf(scene).observers()
	defer estate.Close()
	var log syncBuffer
	b, err := bot.New(bot.Options{
		BotToken: slack.BotToken(), AppToken: slack.AppToken(), APIURL: slack.APIURL(), Diagnostician: doctor, Estate: estate,
		Store: store, Logger: slog.New(slog.NewTextHandler(&log, nil)), Sockets: 1, FollowEvery: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	if err := slack.Wait(ctx, func() bool { return slack.Sockets() == 1 }); err != nil {
		t.Fatal(err)
	}

	sees := func(what string) workspace.Message {
		t.Helper()
		m, err := slack.WaitMessage(ctx, func(m workspace.Message) bool { return m.App && strings.Contains(m.Words(), what) })
		if err != nil {
			t.Fatalf("nobody sees %q: %v\n%s", what, err, log.String())
		}
		return m
	}
	// In a thread of its own each, where answers stand for all to see.
	ask := func(question string) workspace.Message {
		t.Helper()
		said, err := slack.Say("dana", "ops-certificates", "", "@acmbot "+question)
		if err != nil {
			t.Fatal(err)
		}
		m, err := slack.WaitMessage(ctx, func(m workspace.Message) bool {
			return m.App && m.ThreadTS == said.TS && strings.Contains(m.Words(), question)
		})
		if err != nil {
			t.Fatalf("%s is not answered: %v\n%s", question, err, log.String())
		}
		return m
	}
	pressed, told := 0, 0
	press := func(m workspace.Message) {
		t.Helper()
		pressed++
		d, err := slack.Click("dana", m, view.ActionWatch)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := d.Wait(ctx); err != nil || e.State != workspace.Acknowledged {
			t.Fatalf("the button is %s, %v", e.State, err)
		}
	}

	// refusals are how many were told that what they pressed was not kept.
	refusals := func() int {
		n := 0
		for _, m := range slack.Messages("ops-certificates", "dana") {
			if m.App && strings.Contains(m.Words(), "I could not keep that") {
				n++
				if raw, _ := rawIn(m.Words()); raw != "" || strings.Contains(m.Words(), disk) {
					t.Errorf("they are told: %s", m.Words())
				}
			}
		}
		return n
	}

	first := ask("shop.example.com")
	press(first)
	sees("Watching `shop.example.com`")

	// Fill the disk, and what is free within the file.
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 256<<10), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	// A change rewrites the pages of its own kind: one with small items finds
	// room where one with large items does not.
	filled := 0
	for _, kind := range []struct {
		name string
		size int
	}{{"large", 8 << 10}, {"small", 64}} {
		for size := kind.size; size > 0; {
			key := state.Key{Kind: kind.name, ID: fmt.Sprint(filled)}
			if _, err := store.Put(ctx, state.Item{Key: key, Value: []byte(`"` + strings.Repeat("x", size) + `"`)}); err != nil {
				size /= 2
				continue
			}
			filled++
		}
	}

	const questions = 12
	for n := range questions {
		ask([]string{"shop.example.com", "fine.example.com"}[n%2])
	}
	// What the bot struck off meanwhile may have left room for a watch or two.
	for told == 0 && pressed < 12 {
		press(ask("fine.example.com"))
		tick := time.NewTicker(10 * time.Millisecond)
		for strings.Count(log.String(), "kind=acm_watch") < 2*pressed { // received, and answered
			select {
			case <-tick.C:
			case <-ctx.Done():
				t.Fatalf("the button is not answered:\n%s", log.String())
			}
		}
		tick.Stop()
		told = refusals()
	}
	if told == 0 {
		t.Fatalf("%d pressed, and none is told that it was not kept:\n%s", pressed, log.String())
	}
	unkept := strings.Count(log.String(), "is full; the change was not kept")
	if unkept == 0 {
		t.Errorf("the log says nothing of the full disk:\n%s", log.String())
	}
	if strings.Contains(log.String(), "panic") {
		t.Errorf("there was a panic:\n%s", log.String())
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	last := ask("fine.example.com")
	press(last)
	if _, err := slack.WaitMessage(ctx, func(m workspace.Message) bool {
		return m.App && m.ThreadTS == last.ThreadTS && strings.Contains(m.Words(), "Watching `fine.example.com`")
	}); err != nil {
		t.Fatalf("it is not kept once there is room: %v\n%s", err, log.String())
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	store, err = bolt.Open(t.Context(), bolt.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if store.Damaged() != "" {
		t.Error("the full disk has damaged the file")
	}
	watches := 0
	for _, err := range store.List(t.Context(), "watch", "") {
		if err != nil {
			t.Fatal(err)
		}
		watches++
	}
	if told = refusals(); watches != pressed-told {
		t.Errorf("%d watches are kept, want %d", watches, pressed-told)
	}
	t.Logf("counts: %d questions answered on a full disk, %d lines of the log say so, %d of %d watches kept and %d told that it was not, the file is whole", questions+pressed-1, unkept, watches, pressed, told)
}
