package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// startAWS serves an account without certificates, and points the AWS SDK at it.
func startAWS(t *testing.T) *awsapi.Server {
	t.Helper()
	api := awsapi.New(awsapi.Options{})
	api.Update(func(s *awsapi.State) {
		s.Account("111122223333").Keys = []awsapi.AccessKey{{ID: "AKIAEXAMPLE", Secret: "key"}}
	})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "key", "AWS_REGION": "eu-west-1",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "none"),
	} {
		t.Setenv(name, value)
	}
	return api
}

// Secrets are read from where settings say that they are kept.
func TestReadSecrets(t *testing.T) {
	unsetSettings(t)
	api := startAWS(t)
	api.Update(func(s *awsapi.State) {
		s.Account("111122223333").SetSecret("eu-west-1", "acmbot/slack", `{"app":"xapp-1-A"}`)
		s.Account("111122223333").SetParameter("eu-west-1", "/acmbot/external-id", "a-long-random-word")
	})
	file := filepath.Join(t.TempDir(), "bot")
	if err := os.WriteFile(file, []byte("xoxb-1-B\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLACK_BOT_TOKEN", "file:"+file)
	t.Setenv("SLACK_APP_TOKEN", "secretsmanager:acmbot/slack#app")
	t.Setenv("ACMBOT_EXTERNAL_ID", "ssm:/acmbot/external-id")
	var slack slackSettings
	var look lookSettings
	if err := load(&slack, &look); err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	if err := readSecrets(t.Context(), slog.New(slog.NewTextHandler(&logged, nil)), &slack, &look); err != nil {
		t.Fatal(err)
	}
	got := []string{slack.BotToken.reveal(), slack.AppToken.reveal(), look.ExternalID.reveal()}
	if diff := cmp.Diff([]string{"xoxb-1-B", "xapp-1-A", "a-long-random-word"}, got); diff != "" {
		t.Errorf("mismatch (-want, +got):\n%s", diff)
	}
	// What anybody can read is told of, without what is in it.
	if log := logged.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, file) || strings.Contains(log, "xoxb-1-B") {
		t.Errorf("the log has %q", log)
	}
}

// Whoever sets the bot up hears of all that is wrong at once, and sees none of
// it.
func TestReadSecretsSaysAllAtOnce(t *testing.T) {
	unsetSettings(t)
	api := startAWS(t)
	api.Update(func(s *awsapi.State) {
		s.Account("111122223333").SetSecret("eu-west-1", "acmbot/slack", `{"bot":"xapp-SECRET"}`)
		s.Account("111122223333").SetParameter("eu-west-1", "/acmbot/external-id", "not SECRET one")
	})
	t.Setenv("SLACK_BOT_TOKEN", "secretsmanager:acmbot/slack#bot")
	t.Setenv("SLACK_APP_TOKEN", "file:/no/such/file")
	t.Setenv("ACMBOT_EXTERNAL_ID", "ssm:/acmbot/external-id")
	t.Setenv("ACMBOT_WORKERS", "none")
	var slack slackSettings
	var look lookSettings
	err := errors.Join(load(&slack, &look), readSecrets(t.Context(), slog.New(slog.DiscardHandler), &slack, &look))
	want := []string{
		`ACMBOT_WORKERS is "none", which is not a whole number from 1 to 1000.`,
		"SLACK_BOT_TOKEN refers to secretsmanager:acmbot/slack#bot, which holds an app-level token (xapp-…) where one that starts with xoxb- belongs. Slack gives it at",
		`SLACK_APP_TOKEN refers to the file "/no/such/file", which does not exist.`,
		"ACMBOT_EXTERNAL_ID refers to ssm:/acmbot/external-id, which is not an external id, which has from 2 to 1224 letters",
	}
	got := lines(err)
	if len(got) != len(want) {
		t.Fatalf("got %q, want %d lines", got, len(want))
	}
	for i, line := range got {
		if !strings.HasPrefix(line, want[i]) || strings.Contains(line, "SECRET") {
			t.Errorf("got %q, want %q", line, want[i])
		}
	}

	// The program says the same, each once, also where AWS gives nothing.
	t.Setenv("AWS_PROFILE", "none")
	var stdout, stderr bytes.Buffer
	status := Main(context.Background(), []string{"run"}, strings.NewReader(""), &stdout, &stderr)
	if n := strings.Count(stderr.String(), "AWS_PROFILE names the profile"); status != exitSettings || n != 1 {
		t.Errorf("status %d, and the profile is told of %d times:\n%s", status, n, stderr.String())
	}
}

func TestMalformedReferences(t *testing.T) {
	unsetSettings(t)
	t.Setenv("SLACK_BOT_TOKEN", "file:")
	t.Setenv("SLACK_APP_TOKEN", "secretsmanager:a b")
	t.Setenv("ACMBOT_EXTERNAL_ID", "ssm:")
	want := []string{
		"SLACK_BOT_TOKEN says file: and names none. Slack gives it",
		`SLACK_APP_TOKEN has "a b", which is neither a secret's name nor its ARN. Slack gives it`,
		"ACMBOT_EXTERNAL_ID says ssm: and names no parameter.",
	}
	for i, line := range lines(load(&slackSettings{}, &lookSettings{})) {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("got %q, want %q", line, want[i])
		}
	}
}

// What may pass by itself ends the start with a status by which systemd tries
// again; what somebody has to mend does not.
func TestOutagesAreNoWrongSettings(t *testing.T) {
	unsetSettings(t)
	api := startAWS(t)
	api.Update(func(s *awsapi.State) {
		s.Account("111122223333").SetSecret("eu-west-1", "acmbot/slack", `{"bot":"xoxb-1-B","app":"xapp-1-A"}`)
	})
	t.Setenv("SLACK_BOT_TOKEN", "secretsmanager:acmbot/slack#bot")
	t.Setenv("SLACK_APP_TOKEN", "secretsmanager:acmbot/slack#app")
	t.Setenv("ACMBOT_STATE", "memory")
	endpoint, unreachable := os.Getenv("AWS_ENDPOINT_URL"), "http://"+freeAddress(t)
	for _, test := range []struct {
		endpoint, app, workers string
		status                 int
		want                   string
	}{
		{unreachable, "secretsmanager:acmbot/slack#app", "8", exitFailure, "AWS Secrets Manager cannot be reached"},
		{unreachable, "secretsmanager:acmbot/slack#app", "none", exitSettings, "ACMBOT_WORKERS is"},
		{endpoint, "secretsmanager:acmbot/none#app", "8", exitSettings, "does not exist"},
	} {
		t.Setenv("AWS_ENDPOINT_URL", test.endpoint)
		t.Setenv("SLACK_APP_TOKEN", test.app)
		t.Setenv("ACMBOT_WORKERS", test.workers)
		var stdout, stderr bytes.Buffer
		status := Main(t.Context(), []string{"run"}, strings.NewReader(""), &stdout, &stderr)
		if status != test.status || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("%+v: status %d:\n%s", test, status, stderr.String())
		}
	}
}
