package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// The bot that people run goes on while its tokens are replaced, one in a file
// and one in Secrets Manager, and the old ones are revoked.
func TestRunFollowsItsTokens(t *testing.T) {
	unsetSettings(t)
	scene := literalWorld(t)
	slack := startSlack(t)
	file := filepath.Join(t.TempDir(), "bot")
	put := func(token string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store := func(token string) {
		scene.AWS().Update(func(s *awsapi.State) {
			s.Account("111122223333").SetSecret("eu-west-1", "acmbot/slack", fmt.Sprintf(`{"app":%q}`, token))
		})
	}
	put(slack.BotToken())
	store(slack.AppToken())
	t.Setenv("SLACK_BOT_TOKEN", "file:"+file)
	t.Setenv("SLACK_APP_TOKEN", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acmbot/slack-AbCdEf#app")
	t.Setenv("ACMBOT_SECRETS_EVERY", "1s")
	address := freeAddress(t)
	t.Setenv("ACMBOT_HEALTH_LISTEN", address)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var stdout, stderr syncBuffer
	status := make(chan int, 1)
	go func() { status <- Main(ctx, []string{"run"}, strings.NewReader(""), &stdout, &stderr) }()
	wait := func(what string, holds func() bool) {
		t.Helper()
		if err := slack.Wait(ctx, holds); err != nil {
			t.Fatalf("%s: %v\n%s", what, err, stderr.String())
		}
	}
	wait("two connections", func() bool { return slack.Sockets() == 2 })
	counted := func(token, result string) int {
		_, body := get(t, "http://"+address+"/metrics")
		_, rest, found := strings.Cut(body, fmt.Sprintf("\nacmbot_token_rotations_total{result=%q,token=%q} ", result, token))
		line, _, _ := strings.Cut(rest, "\n")
		n, err := strconv.Atoi(line)
		if !found || err != nil {
			t.Fatalf("it is not counted how often a token was %s:\n%s", result, body)
		}
		return n
	}
	// What is not taken counts at each reading.
	waitCounted := func(what, token, result string) {
		t.Helper()
		eventually(ctx, t, what, func() bool { return counted(token, result) > 0 }, stderr.String)
	}
	if counted("bot", "refused") != 0 {
		t.Error("the metrics do not begin at nought")
	}

	oldBot, oldApp := slack.BotToken(), slack.AppToken()
	put("xoxb-of-nobody")
	waitCounted("a token that Slack refuses", "bot", "refused")
	store("xoxb-misplaced")
	waitCounted("a malformed token", "app", "malformed")
	if !strings.Contains(stderr.String(), "it is not a token that starts with xapp-") {
		t.Errorf("the log does not say what is wrong:\n%s", stderr.String())
	}
	put(slack.IssueBotToken())
	store(slack.IssueAppToken())
	waitCounted("a new bot token", "bot", "taken")
	waitCounted("a new app-level token", "app", "taken")
	slack.Revoke(oldBot)
	slack.Revoke(oldApp)
	slack.DropSockets()
	wait("new connections", func() bool { return slack.Sockets() == 2 })
	if _, err := slack.Slash("dana", "ops-certificates", "/acm", "why shop.example.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := slack.WaitMessage(ctx, func(m workspace.Message) bool { return strings.Contains(m.Text, "12 days") }); err != nil {
		t.Fatalf("no answer: %v\n%s", err, stderr.String())
	}
	stop()
	if got := <-status; got != exitOK {
		t.Errorf("it ended with status %d\n%s", got, stderr.String())
	}
	for _, token := range []string{oldBot, oldApp, slack.BotToken(), slack.AppToken(), "of-nobody", "misplaced"} {
		if strings.Contains(stderr.String(), token) {
			t.Errorf("the log has a token in it")
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
