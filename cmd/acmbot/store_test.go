package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/bolt"
	"github.com/acmbot/acmbot/bot/state/dynamo/dynamotest"
)

func TestStatePlace(t *testing.T) {
	for text, want := range map[string]string{
		"memory": "", "dynamodb:acmbot": "", "/var/lib/acmbot/state.db": "", " state.db ": "",
		"dynamodb:arn:aws:dynamodb:eu-west-1:111122223333:table/acmbot": "",

		"dynamodb:":            `has "", which is not a DynamoDB table's name`,
		"dynamodb:a b c":       `has "a b c", which is not a DynamoDB table's name`,
		"redis://127.0.0.1/":   "is an address",
		"/var/lib/acmbot/":     "name the file in it, such as /var/lib/acmbot/state.db",
		"dynamodb:arn:aws:s3:": "is not a DynamoDB table's name",
	} {
		var p statePlace
		err := p.Decode(text)
		switch {
		case want == "" && (err != nil || string(p) != strings.TrimSpace(text)):
			t.Errorf("%q: got %q, %v", text, p, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got error %v, want %q", text, err, want)
		}
	}
}

func TestStatePath(t *testing.T) {
	const home, xdg, systemd = "/home/acm", "/xdg", "/var/lib/acmbot"
	for _, test := range []struct {
		name                 string
		set                  statePlace
		home, xdg, directory string
		want                 string
	}{
		{"set", "x.db", home, xdg, systemd, "x.db"},
		{"systemd's", "", home, xdg, systemd + ":/other", systemd + "/state.db"},
		{"the user's state folder", "", home, xdg, "", "/xdg/acmbot/state.db"},
		{"one that is not absolute does not count", "", home, "xdg", "rel", "/home/acm/.local/state/acmbot/state.db"},
		{"at home", "", home, "", "", "/home/acm/.local/state/acmbot/state.db"},
		{"no home", "", "", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HOME", test.home)
			t.Setenv("XDG_STATE_HOME", test.xdg)
			t.Setenv("STATE_DIRECTORY", test.directory)
			got, err := stateSettings{State: test.set}.path()
			if got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
			if _, ok := errors.AsType[*settingError](err); test.want == "" && !ok {
				t.Errorf("got error %v, want a *settingError", err)
			}
		})
	}
}

// What one store of each kind keeps, the next one there has, but for memory.
func TestOpenStore(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		place := statePlace(filepath.Join(t.TempDir(), "state.db"))
		keepAndFind(t, stateSettings{place}, aws.Config{}, true)
		if info, err := os.Stat(string(place)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file is %v, %v; others may read it", info, err)
		}
	})
	t.Run("memory", func(t *testing.T) { keepAndFind(t, stateSettings{"memory"}, aws.Config{}, false) })
	t.Run("DynamoDB", func(t *testing.T) {
		endpoint := dynamotest.Start(t)
		keepAndFind(t, stateSettings{statePlace("dynamodb:" + dynamotest.CreateTable(t, endpoint))}, dynamotest.Config(endpoint), true)
	})
}

func keepAndFind(t *testing.T, s stateSettings, cfg aws.Config, kept bool) {
	t.Helper()
	key := state.Key{Kind: "watch", ID: "a"}
	for _, found := range []bool{false, kept} {
		store, err := s.openStore(t.Context(), cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.Get(t.Context(), key)
		if got := err == nil; got != found {
			t.Errorf("found %v (%v), want %v", got, err, found)
		}
		if !found {
			if _, err := state.Create(t.Context(), store, key, 1, time.Time{}); err != nil {
				t.Error(err)
			}
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenStoreRefuses(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for place, want := range map[string]string{
		folder:                          "is a folder",
		filepath.Join(file, "state.db"): "something on its path is a file",
		"dynamodb:acmbot":               "AWS_REGION is not set, and tells where the DynamoDB table acmbot is.",
	} {
		store, err := stateSettings{statePlace(place)}.openStore(t.Context(), aws.Config{}, log)
		if store != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v; want %q", place, store, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (stateSettings{statePlace(file)}).openStore(ctx, aws.Config{}, log); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

// A bot whose state another one has does not start, and a damaged file does not
// keep one from starting.
func TestRunWithState(t *testing.T) {
	unsetSettings(t)
	slack := startSlack(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	path := filepath.Join(t.TempDir(), "state.db")
	t.Setenv("ACMBOT_STATE", path)
	other, err := bolt.Open(t.Context(), bolt.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr syncBuffer
	status := Main(t.Context(), []string{"run"}, strings.NewReader(""), &stdout, &stderr)
	if want := "acmbot: The state file " + path + " is in use by another process. Stop the other acmbot, or "; status != exitFailure || !strings.Contains(stderr.String(), want) {
		t.Errorf("got status %d and %q, want %d and %q", status, stderr.String(), exitFailure, want)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ended := make(chan int, 1)
	go func() { ended <- Main(ctx, []string{"run"}, strings.NewReader(""), &stdout, &stderr) }()
	if err := slack.Wait(ctx, func() bool { return slack.Sockets() > 0 }); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	stop()
	if status := <-ended; status != exitOK {
		t.Errorf("it ended with status %d: %s", status, stderr.String())
	}
	if kept, err := filepath.Glob(path + ".corrupt-*"); err != nil || len(kept) != 1 || !strings.Contains(stderr.String(), kept[0]) {
		t.Errorf("kept as %q (%v), and the log has %q", kept, err, stderr.String())
	}
}
