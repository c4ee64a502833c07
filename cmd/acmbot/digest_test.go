package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/workspace"
)

// execute runs the program and returns its status and what it wrote.
func execute(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = Main(t.Context(), args, strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

func TestDigest(t *testing.T) {
	unsetSettings(t)
	status, stdout, stderr := execute(t, "digest", "--world", "demo")
	if status != exitOK || stderr != "" {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for _, want := range []string{"in trouble.", "NEEDS SOMEBODY", "shop.example.com: 12 days left", "COULD NOT BE READ"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("it does not say %q:\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "nothing to do but wait") {
		t.Error("it tells of what is nobody's business")
	}

	status, stdout, stderr = execute(t, "digest", "--world", "demo", "--json", "--filter", "shop.example.com")
	if status != exitOK {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var d digest.Digest
	if err := json.Unmarshal([]byte(stdout), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Entries) != 1 || d.Entries[0].Items[0].Domain != "shop.example.com" || d.Entries[0].Cause != "cname-missing" {
		t.Errorf("entries: %+v", d.Entries)
	}
}

func TestDigestPost(t *testing.T) {
	unsetSettings(t)
	slack, err := workspace.Start(workspace.Options{Manifest: manifest()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := slack.Close(); err != nil {
			t.Error(err)
		}
	}()
	t.Setenv("SLACK_BOT_TOKEN", slack.BotToken())
	t.Setenv("SLACK_API_URL", slack.APIURL())
	if status, _, stderr := execute(t, "digest", "--world", "demo", "--post"); status != exitUsage || !strings.Contains(stderr, "ACMBOT_DIGEST_CHANNEL is not set") {
		t.Errorf("status %d: %s", status, stderr)
	}
	t.Setenv("ACMBOT_DIGEST_CHANNEL", "C0AOPSCERT")
	t.Setenv("ACMBOT_DIGEST_ROUTES", "domain:example.net => C0APLATFRM")
	const ops = "#ops-certificates"
	for i, want := range []string{"posted in C0AOPSCERT: ", "posted in C0AOPSCERT today already"} {
		status, stdout, stderr := execute(t, "digest", "--world", "demo", "--post")
		if status != exitFailure || !strings.Contains(stderr, "the digest for C0APLATFRM was not posted: the bot is not in that channel") {
			t.Errorf("status %d: %s", status, stderr)
		}
		if !strings.Contains(stdout, want) {
			t.Errorf("call %d says:\n%s", i+1, stdout)
		}
	}
	n := 0
	for _, m := range slack.Messages(ops, "dana") {
		if m.App && m.Subtype == "" {
			n++
			if strings.Contains(string(m.Blocks), `"button"`) {
				t.Error("there are buttons that nobody answers")
			}
			if words := m.Words(); !strings.Contains(words, "shop.example.com") || strings.Contains(words, "assets.example.net") {
				t.Errorf("it says:\n%s", words)
			}
		}
	}
	if n != 1 {
		t.Errorf("there are %d digests, want 1", n)
	}
}

func TestDigestUsage(t *testing.T) {
	unsetSettings(t)
	for _, tc := range []struct {
		env  map[string]string
		args []string
		want string
	}{
		{nil, []string{"shop.example.com"}, "digest takes no arguments"},
		{nil, []string{"--filter", "tag:"}, "--filter: there is nothing after"},
		{nil, []string{"--post", "--json"}, "--json goes without --post"},
		{nil, []string{"--world", "demo", "--post"}, "SLACK_BOT_TOKEN is not set"},
		{map[string]string{"ACMBOT_DIGEST_TIME": "25:00"}, nil, `ACMBOT_DIGEST_TIME is "25:00", which is not a time of day such as 09:00.`},
		{map[string]string{"ACMBOT_DIGEST_TIME_ZONE": "Mars"}, nil, "ACMBOT_DIGEST_TIME_ZONE is \"Mars\", which is not a time zone"},
		{map[string]string{"ACMBOT_DIGEST_CHANNEL": "#general"}, nil, "ACMBOT_DIGEST_CHANNEL is \"#general\", which is not a channel's id"},
		{map[string]string{"ACMBOT_DIGEST_ROUTES": "team=shop"}, nil, "ACMBOT_DIGEST_ROUTES has a route that cannot be read"},
		{map[string]string{"ACMBOT_DIGEST_QUIET": "loud"}, nil, "which is neither line nor nothing"},
	} {
		t.Run(tc.want, func(t *testing.T) {
			for name, value := range tc.env {
				t.Setenv(name, value)
			}
			if status, _, stderr := execute(t, append([]string{"digest"}, tc.args...)...); status != exitUsage || !strings.Contains(stderr, tc.want) {
				t.Errorf("status %d: %s", status, stderr)
			}
		})
	}
}
