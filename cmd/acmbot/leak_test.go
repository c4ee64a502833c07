package main

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// The secrets that are planted. Each has a core that nothing else has, and signs
// that URLs and JSON escape.
var planted = map[string]string{
	"bot token":          "xoxb-1-PLANTEDBOTTOKENab12",
	"app-level token":    "xapp-1-A0-PLANTEDAPPTOKENcd34",
	"bad token":          "PLANTEDBADTOKEN?&<gh78>",
	"external id":        "PLANTEDEXTERNAL/ID+ij90=",
	"AWS secret key":     "PLANTEDAWS/SECRET+KEYkl12",
	"AWS session token":  "PLANTEDAWS/SESSION+TOKENmn34==",
	"user of an address": "PLANTEDPASSWORDop56",
	"OTLP header":        "PLANTEDOTLPHEADERqr78",
	"new bot token":      "", // which the workspace issues
}

// forms are the forms in which a secret may be hidden in a text.
func forms(secret string) []string {
	list := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))), reversed(secret)}
	escaped, _ := json.Marshal(secret)
	list = append(list, string(escaped[1:len(escaped)-1]), strings.Trim(fmt.Sprint([]byte(secret)), "[]")) //nolint:staticcheck // as it is printed
	for shift := range 3 {                                                                                 // base64 of something with the secret in it
		padded := append(bytes.Repeat([]byte{'x'}, shift), secret...)
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			whole := e.EncodeToString(padded)
			list = append(list, whole[4:len(whole)-4])
		}
	}
	list = append(list, base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(secret)))
	// Half of it is too much, too.
	if core := regexp.MustCompile(`PLANTED[A-Z]+`).FindString(secret); core != "" {
		list = append(list, core)
	}
	return list
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// leaks are the secrets that an output has in it, in any form.
func leaks(output string) (found []string) {
	for _, name := range slices.Sorted(maps.Keys(planted)) {
		if planted[name] == "" {
			continue
		}
		for _, form := range forms(planted[name]) {
			if at := strings.Index(output, form); at >= 0 {
				found = append(found, fmt.Sprintf("the %s: …%s…", name, output[max(0, at-80):min(len(output), at+len(form)+20)]))
				break
			}
		}
	}
	return found
}

// The search finds what it is to find.
func TestLeaksAreFound(t *testing.T) {
	for name, secret := range planted {
		if secret == "" {
			continue
		}
		for _, hidden := range []string{
			secret, "token=" + url.QueryEscape("a "+secret), fmt.Sprintf("%x", "ab"+secret), fmt.Sprintf("%q", secret), fmt.Sprintf("%v", []byte(secret)),
			base64.StdEncoding.EncodeToString([]byte("Basic " + secret + ":x")), base64.URLEncoding.EncodeToString([]byte("Bearer:" + secret + ":x")),
			base64.StdEncoding.EncodeToString([]byte("u:" + secret)), "cut " + secret[:len(secret)-3],
		} {
			if !slices.ContainsFunc(leaks("some "+hidden+" text"), func(l string) bool { return strings.HasPrefix(l, "the "+name) }) {
				t.Errorf("the %s is not found in %q", name, hidden)
			}
		}
	}
	if got := leaks("level=INFO msg=fine xoxb-… [redacted]"); got != nil {
		t.Errorf("found in nothing: %v", got)
	}
}

// A culprit is a program under suspicion: this one, run as people run it.
type culprit struct {
	t      *testing.T
	path   string
	env    map[string]string
	folder string
}

// suspect prepares the program with secrets in its settings.
func suspect(t *testing.T, env map[string]string) *culprit {
	t.Helper()
	folder := t.TempDir()
	// By the name, this test's own program knows what it is to be.
	path := filepath.Join(folder, "acmbot")
	if err := os.Symlink(os.Args[0], path); err != nil {
		t.Skip(err)
	}
	return &culprit{t: t, path: path, env: env, folder: folder}
}

func (c *culprit) command(env map[string]string, args ...string) *exec.Cmd {
	// Were it not for the program itself, it could leave cores.
	command := exec.CommandContext(c.t.Context(), "/bin/sh", append([]string{"-c", `ulimit -c unlimited 2>/dev/null; exec "$@"`, "sh", c.path}, args...)...)
	command.Dir = c.folder
	all := maps.Clone(c.env)
	maps.Copy(all, env)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.folder, "GOTRACEBACK=crash", "GORACE=" + os.Getenv("GORACE")}
	for name, value := range all {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// run runs a command to its end and searches what it prints.
func (c *culprit) run(env map[string]string, want string, args ...string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	command := c.command(env, args...)
	var out syncBuffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		c.t.Fatal(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Kill() })
	defer stop()
	_ = command.Wait() // with whatever status
	c.search("acmbot "+strings.Join(args, " "), out.String())
	if !strings.Contains(out.String(), want) {
		c.t.Errorf("acmbot %s does not say %q, so that it shows nothing:\n%s", strings.Join(args, " "), want, out.String())
	}
}

func (c *culprit) search(what, output string) {
	c.t.Helper()
	for _, leak := range leaks(output) {
		c.t.Errorf("%s tells %s", what, leak)
	}
}

// searchFiles searches what was written, and returns the names.
func (c *culprit) searchFiles() (names []string) {
	c.t.Helper()
	err := filepath.WalkDir(c.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || filepath.Base(path) == "kept" {
			return err
		}
		content, err := os.ReadFile(path)
		c.search(path, string(content))
		names = append(names, filepath.Base(path))
		return err
	})
	if err != nil {
		c.t.Error(err)
	}
	return names
}

// Secrets are planted wherever settings take any, and then searched for in all
// that comes out of the program: what it prints, logs and serves, what it says in
// Slack, what it leaves in files, and in what is left of it when it is killed.
func TestNoSecretLeaksOut(t *testing.T) {
	unsetSettings(t)
	scene := literalWorld(t)
	slack, err := workspace.Start(workspace.Options{Manifest: manifest(), BotToken: planted["bot token"], AppToken: planted["app-level token"]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slack.Close() })
	scene.AWS().Update(func(s *awsapi.State) {
		for _, a := range s.Accounts {
			a.Keys = nil
			for _, r := range a.Roles {
				r.ExternalID = planted["external id"]
			}
		}
		home := s.Account("111122223333")
		home.Keys = []awsapi.AccessKey{{ID: "AKIAEXAMPLE", Secret: planted["AWS secret key"], SessionToken: planted["AWS session token"]}}
		home.SetSecret("eu-west-1", "acmbot/slack", fmt.Sprintf(`{"app":%q,"bad":%q}`, planted["app-level token"], planted["bad token"]))
		home.SetSecret("eu-west-1", "acmbot/bad", planted["bad token"])
		home.SetParameter("eu-west-1", "/acmbot/external-id", planted["external id"])
		home.SetParameter("eu-west-1", "/acmbot/bad", planted["bad token"])
	})
	address := freeAddress(t)
	c := suspect(t, map[string]string{
		"AWS_ENDPOINT_URL": scene.AWSEnv()["AWS_ENDPOINT_URL"], "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": planted["AWS secret key"], "AWS_SESSION_TOKEN": planted["AWS session token"],
		"SLACK_APP_TOKEN": "secretsmanager:acmbot/slack#app", "SLACK_API_URL": slack.APIURL(), "ACMBOT_EXTERNAL_ID": "ssm:/acmbot/external-id",
		"ACMBOT_ADMINS": "U0ADANA001", "ACMBOT_LOG_LEVEL": "debug", "ACMBOT_HEALTH_LISTEN": address, "ACMBOT_SECRETS_EVERY": "1s",
		// Nobody is there.
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + nowhere, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20" + planted["OTLP header"],
	})
	for _, name := range []string{"ACMBOT_DNS_ROOT_HINTS", "ACMBOT_DNS_RESOLVERS", "ACMBOT_REGIONS", "ACMBOT_ROLE_ARNS", "ACMBOT_PROBE_ALLOW", "ACMBOT_DNS_TRUST_ANCHOR"} {
		c.env[name] = os.Getenv(name)
	}
	file := filepath.Join(c.folder, "kept")
	keep := func(token string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keep(planted["bot token"])
	c.env["SLACK_BOT_TOKEN"] = "file:" + file
	c.env["ACMBOT_STATE"] = filepath.Join(c.folder, "state.db")

	t.Run("the bot", func(t *testing.T) { c.t = t; watchTheBot(c, slack, scene.AWS(), address, keep) })
	if t.Failed() {
		return
	}
	c.t = t
	if names := c.searchFiles(); !slices.Contains(names, "state.db") {
		t.Errorf("there is no state among the files: %v", names)
	}

	t.Run("the commands", func(t *testing.T) {
		c.t = t
		literal := map[string]string{
			"SLACK_BOT_TOKEN": planted["new bot token"], "SLACK_APP_TOKEN": planted["app-level token"], "ACMBOT_EXTERNAL_ID": planted["external id"],
		}
		none := map[string]string{}
		c.run(none, "acmbot ", "version")
		c.run(none, "SLACK_BOT_TOKEN", "help", "run")
		c.run(none, "Apache", "licences")
		c.run(none, "shop.example.com", "why", "--trace", "--evidence", "--facts-out", filepath.Join(c.folder, "facts.json"), "shop.example.com")
		c.run(literal, `"verdict": "blocked"`, "why", "--json", "shop.example.com")
		c.run(literal, "shop.example.com", "digest")
		c.run(map[string]string{"ACMBOT_DIGEST_CHANNEL": "C0AOPSCERT"}, "posted in C0AOPSCERT", "digest", "--post")
		c.run(none, "app-level token", "doctor", "--host", "shop.example.com")
		c.run(literal, `"schema": 1`, "doctor", "--json", "--host", "shop.example.com")
		slack.Revoke(planted["new bot token"])
		c.run(literal, "Slack refuses it", "doctor", "--host", "shop.example.com")
		c.run(literal, "was revoked", "run")
		c.run(map[string]string{"ACMBOT_DIGEST_CHANNEL": "C0AOPSCERT", "SLACK_BOT_TOKEN": planted["new bot token"]}, "was not posted", "digest", "--post")
		c.run(map[string]string{"AWS_SECRET_ACCESS_KEY": planted["bad token"]}, "AWS does not take the credentials", "run")
		if names := c.searchFiles(); !slices.Contains(names, "facts.json") {
			t.Errorf("there are no facts among the files: %v", names)
		}
	})
	t.Run("mistakes", func(t *testing.T) {
		c.t = t
		for _, bad := range []struct{ name, value, want string }{
			{"SLACK_BOT_TOKEN", planted["app-level token"], "holds an app-level token"},
			{"SLACK_APP_TOKEN", planted["bot token"], "holds a bot token"},
			{"SLACK_BOT_TOKEN", planted["bad token"], "does not look like such a token"},
			{"SLACK_BOT_TOKEN", `"` + planted["bot token"] + `"`, "quotation marks"},
			{"SLACK_BOT_TOKEN", planted["bot token"] + " " + planted["bad token"], "does not look like such a token"},
			{"SLACK_BOT_TOKEN", "file:" + planted["bot token"], "looks like a token itself"},
			{"SLACK_BOT_TOKEN", "secretsmanager:" + planted["bot token"], "looks like a token itself"},
			{"SLACK_BOT_TOKEN", "ssm:/acmbot/bad", "does not look like such a token"},
			{"SLACK_BOT_TOKEN", "secretsmanager:acmbot/slack", "JSON with several values"},
			{"SLACK_BOT_TOKEN", "secretsmanager:acmbot/slack#bad", "does not look like such a token"},
			{"SLACK_BOT_TOKEN", "secretsmanager:acmbot/bad#key", "not a JSON object"},
			{"SLACK_BOT_TOKENS", planted["bot token"], "did you mean SLACK_BOT_TOKEN?"},
			{"SLACK_API_URL", "https://" + planted["user of an address"] + "@slack.com/api/", "does not belong there"},
			{"ACMBOT_EXTERNAL_ID", planted["bad token"], "is not an external id"},
			{"ACMBOT_EXTERNAL_ID", "ssm:/acmbot/bad", "is not an external id"},
			{"ACMBOT_WORKERS", planted["bot token"], "looks like a Slack token"},
			{"ACMBOT_COMMAND", planted["app-level token"], "looks like a Slack token"},
			{"ACMBOT_STATE", planted["bot token"], "looks like a Slack token"},
			{"ACMBOT_REGIONS", "eu-west-1," + planted["bot token"], "looks like a Slack token"},
			{"ACMBOT_DIGEST_CHANNEL", planted["bot token"], "looks like a Slack token"},
		} {
			c.run(map[string]string{bad.name: bad.value}, bad.want, "run")
		}
	})
}

// watchTheBot lets the bot meet with everything that may make it talk, and kills
// it.
func watchTheBot(c *culprit, slack *workspace.Workspace, api *awsapi.Server, address string, keep func(string)) {
	t := c.t
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := c.command(nil, "run")
	var out syncBuffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	alive := true
	defer func() {
		if alive {
			_ = command.Process.Kill()
			<-ended //nolint:errcheck // it was killed
		}
		if t.Failed() {
			t.Log(out.String())
		}
	}()
	wait := func(what string, holds func() bool) {
		t.Helper()
		for !holds() {
			select {
			case err := <-ended:
				alive = false
				t.Fatalf("%s: it ended: %v", what, err)
			case <-ctx.Done():
				t.Fatalf("%s: it does not come", what)
			case <-time.After(20 * time.Millisecond): // another process, which tells nobody
			}
		}
	}
	says := func(text string) func() bool { return func() bool { return strings.Contains(out.String(), text) } }
	wait("a connection", func() bool { return slack.Sockets() > 0 })

	ask := func(text string) {
		t.Helper()
		if _, err := slack.Slash("dana", "ops-certificates", "/acm", text); err != nil {
			t.Fatal(err)
		}
	}
	answers := func() (n int) {
		for line := range strings.Lines(out.String()) {
			if strings.Contains(line, "msg=answered") || strings.Contains(line, `msg="could not answer"`) {
				n++
			}
		}
		return n
	}
	for _, q := range []string{"why shop.example.com", "list", "help", "digest preview", "watches", "owners", "doctor", "why", "why xoxb-nonsense", "nonsense"} {
		before := answers()
		ask(q)
		wait(q, func() bool { return answers() > before || q == "help" || strings.Contains(q, "nonsense") })
	}
	if err := slack.OpenHome("dana"); err != nil {
		t.Fatal(err)
	}
	if _, err := slack.WaitHome(ctx, "dana", func(workspace.View) bool { return true }); err != nil {
		t.Fatal(err)
	}
	// AWS refuses, also the roles, and Slack, too.
	var lift []func()
	for _, f := range []*awsapi.Fault{
		{Service: "sts", Action: "AssumeRole", Error: &awsapi.Error{Code: "AccessDeniedException", Message: "not with this external id"}},
		{Service: "acm", Action: "DescribeCertificate", Status: 500, Body: "<html>"},
	} {
		lift = append(lift, api.Inject(f))
	}
	slack.Fail("chat.postMessage", workspace.Fault{Error: "internal_error", Times: 2})
	slack.Fail("response_url", workspace.Fault{Status: 500, Times: 4})
	before := answers()
	ask("why assets.example.net")
	wait("an answer in spite of all", func() bool { return answers() > before })
	for _, f := range lift {
		f()
	}
	slack.ClearFaults()

	// The token is replaced by a bad one, which Slack refuses; then by a good
	// one.
	keep("xoxb-" + planted["bad token"])
	wait("a bad token", says("the token that is kept for the bot is not taken"))
	keep(planted["bad token"])
	wait("no token", says("result=malformed"))
	planted["new bot token"] = slack.IssueBotToken()
	keep(planted["new bot token"])
	wait("a good token", says("a new token is in use from now on"))
	slack.Revoke(planted["bot token"])
	slack.SendFrame(`{"type":"garbage","token":`)
	slack.DropSockets()
	wait("connections again", func() bool { return slack.Sockets() == 2 })

	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/livez", "/debug/pprof/", "/debug/vars", "/debug", "/"} {
		response, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		c.search(path, fmt.Sprint(response.Header)+string(body))
		if strings.HasPrefix(path, "/debug") && response.StatusCode != http.StatusNotFound {
			t.Errorf("there is something at %s: %s", path, response.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()

	if limits, err := os.ReadFile("/proc/" + strconv.Itoa(command.Process.Pid) + "/limits"); err == nil {
		if !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).Match(limits) {
			t.Errorf("a core may be left:\n%s", limits)
		}
	} else if !os.IsNotExist(err) && !os.IsPermission(err) {
		t.Error(err)
	}
	if err := command.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	err := <-ended
	alive = false
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); !ok || status.CoreDump() || !status.Signaled() {
		t.Errorf("it ended with %v, which may have left a core", err)
	}
	if !strings.Contains(out.String(), "goroutine ") || !strings.Contains(out.String(), "level=DEBUG") {
		t.Error("it left no stacks, or no debug lines: there is nothing to show")
	}
	c.search("the log", out.String())
	// Whoever knows these answers in the bot's place, or hears what it hears.
	for what, part := range map[string]string{"response URL": "/" + slack.TeamID() + "/", "address of a connection": "ticket="} {
		if at := strings.Index(out.String(), part); at >= 0 {
			t.Errorf("the log tells a %s: …%s…", what, out.String()[max(0, at-200):min(len(out.String()), at+50)])
		}
	}
	for _, call := range slack.Calls() {
		args, _ := json.Marshal(call.Args)
		c.search("a call of "+call.Method, string(args))
	}
	for _, m := range slack.Messages("#ops-certificates", "dana") {
		c.search("a message", m.Text+m.Words()+string(m.Blocks))
	}
}
