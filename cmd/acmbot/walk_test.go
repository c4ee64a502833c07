package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/state/dynamo/dynamotest"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/world"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// walkSection is the section of README.md that TestWalk walks.
const walkSection = "In your Slack"

// TestWalk goes the way to production as somebody does who reads README.md: it
// runs the commands of the section "In your Slack", and of the sections of
// deploy/README.md to which it links, where it links to them, in one shell. What
// they start are processes of their own, against the embedded AWS, DNS, web
// servers and Slack. The AWS is one in which acmbot's roles are not there
// before, and may do only what the commands allow, as IAM would evaluate it.
//
// A network namespace keeps the ports 53, 80 and 443 free, and everything on
// this machine.
func TestWalk(t *testing.T) {
	if os.Getenv("ACMBOT_WALK_INSIDE") != "" {
		walkInside(t)
		return
	}
	without := func(what string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s, which CI has to have", what)
		}
		t.Skipf("%s; it takes Linux, root, and the Debian packages awscli, curl, iproute2 and util-linux", what)
	}
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		without("this is not root on Linux")
	}
	for _, program := range []string{"aws", "bash", "curl", "ip", "tar", "unshare"} {
		if _, err := exec.LookPath(program); err != nil {
			without("there is no " + program)
		}
	}
	if testing.Short() {
		t.Skip("it builds the program, and takes half a minute")
	}
	// The pages are read here, too, so that Go does not take an old result for
	// theirs.
	policies, err := filepath.Glob("../../deploy/iam/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(policies, "../../README.md", "../../deploy/README.md") {
		if _, err := os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "unshare", "--net", "ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		without(fmt.Sprintf("no network namespace can be made (%v: %s)", err, out))
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	inside := exec.CommandContext(t.Context(), "unshare", "--net", "sh", "-c",
		`ip link set lo up && exec "$0" -test.run '^TestWalk$' -test.v -test.timeout 8m`, program)
	inside.Env = append(os.Environ(), "ACMBOT_WALK_INSIDE=1")
	out, err := inside.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestWalk")) && !bytes.Contains(out, []byte("--- SKIP: TestWalk")) {
		t.Fatalf("%v\n%s", err, out)
	}
	if bytes.Contains(out, []byte("--- SKIP: TestWalk")) {
		t.Skipf("%s", out)
	}
	t.Logf("%s", out)
}

// walkWorld is the demo's, with the web server that the doctor tries.
func walkWorld(t *testing.T) *world.World {
	t.Helper()
	text, err := os.ReadFile("../../diagnose/world/demo.txtar")
	if err != nil {
		t.Fatal(err)
	}
	const endpoints = "-- endpoints.yaml --\n"
	if !bytes.Contains(text, []byte(endpoints)) {
		t.Fatal("the demo's world has no endpoints")
	}
	text = bytes.Replace(text, []byte(endpoints), []byte(endpoints+"- {address: 203.0.113.99, names: aws.amazon.com}\n"), 1)
	w, err := world.Parse("walk", append(text, "\n-- zone amazon.com --\naws  A  203.0.113.99\n"...))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func walkInside(t *testing.T) {
	scene, err := walkWorld(t).Start(t.Context(), world.Options{Literal: true, DynamoDB: dynamotest.Start(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(scene.Close)
	slack, err := workspace.Start(workspace.Options{Manifest: manifest()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slack.Close() })
	const own, further = "111122223333", "222233334444"
	scene.AWS().Update(func(s *awsapi.State) {
		for _, id := range []string{own, further} {
			a := s.Account(id)
			a.Roles, a.PoliciesCount = nil, true
			a.Deny = nil
			for _, r := range a.Regions {
				r.Deny = nil
			}
			a.Keys = append(a.Keys, awsapi.AccessKey{ID: "AKIA" + id, Secret: "of-" + id, Principal: "arn:aws:iam::" + id + ":user/admin"})
		}
	})

	// What AWS and Slack issue: nothing else of the commands is replaced.
	channel, err := slack.ChannelID("dana", "ops-certificates")
	if err != nil {
		t.Fatal(err)
	}
	issued := strings.NewReplacer(
		"xoxb-…", slack.BotToken(),
		"xapp-…", slack.AppToken(),
		"C0123456789", channel,
		"arn:aws:iam::444455556666:role/acmbot-read,arn:aws:iam::777788889999:role/acmbot-read", "arn:aws:iam::"+further+":role/acmbot-read",
	)

	home := t.TempDir()
	checkout := filepath.Join(home, "acmbot")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	copied := exec.CommandContext(t.Context(), "sh", "-c", `mkdir "$1" && tar -C "$0" --exclude=node_modules --exclude=.git -cf - . | tar -C "$1" -xf -`, root, checkout)
	if out, err := copied.CombinedOutput(); err != nil {
		t.Fatalf("copying the repository: %v\n%s", err, out)
	}
	// The files with tokens, which the page has people write.
	for name, text := range map[string]string{"slack.json": `{"bot":"xoxb-…","app":"xapp-…"}`, "bot-token": "xoxb-…"} {
		if err := os.WriteFile(filepath.Join(checkout, name), []byte(issued.Replace(text)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := walkEnv(t, home, scene, slack)
	sh := startShell(t, checkout, env)

	w := &walk{sh: sh, issued: issued, accounts: map[bool]string{false: own, true: further}, followed: map[string]bool{}}
	w.background = func() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := slack.Wait(ctx, func() bool { return slack.Sockets() > 0 }); err != nil {
			t.Fatalf("the bot did not connect: %v\n%s", err, sh.background(t))
		}
	}
	w.section(t, checkout, "README.md", walkSection)
	for _, anchor := range []string{"one-account", "several-accounts", "fixes", "secrets", "state-in-dynamodb"} {
		if !w.followed[anchor] {
			t.Errorf("the section does not lead to deploy/README.md#%s", anchor)
		}
	}
	if !w.ran["acmbot run"] || !w.ran["acmbot doctor"] || !w.ran["go install ./cmd/acmbot"] {
		t.Fatalf("the section has lost commands: %v", slices.Sorted(maps.Keys(w.ran)))
	}

	// The bot that runs, with what all was set up first, and once more with
	// what was set up after that.
	w.ask(t, slack)
	sh.run(t, "kill -TERM $!; wait $!")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := slack.Wait(ctx, func() bool { return slack.Sockets() == 0 }); err != nil {
		t.Fatal(err)
	}
	w.command(t, "acmbot run")
	w.ask(t, slack)
	sh.run(t, "kill -TERM $!; wait $!")

	var denied []string
	for _, c := range scene.AWS().Calls() {
		if c.Code == "AccessDenied" || c.Code == "AccessDeniedException" {
			denied = append(denied, c.IAM()+" in "+c.Account)
		}
	}
	if len(denied) > 0 {
		t.Errorf("the printed commands do not allow what acmbot calls: %v", denied)
	}
}

// walkEnv is what the machine gives: where AWS, Slack and DNS are, the
// role's credentials, and the AWS CLI with an administrator's.
func walkEnv(t *testing.T, home string, scene *world.Running, slack *workspace.Workspace) []string {
	t.Helper()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	real, err := exec.LookPath("aws")
	if err != nil {
		t.Fatal(err)
	}
	// Old versions of the AWS CLI do not know AWS_ENDPOINT_URL.
	write("bin/aws", `#!/bin/sh
export AWS_ACCESS_KEY_ID="AKIA$WALK_ACCOUNT" AWS_SECRET_ACCESS_KEY="of-$WALK_ACCOUNT" AWS_DEFAULT_REGION="$AWS_REGION" AWS_PAGER=
exec `+real+` "$@" --endpoint-url "$AWS_ENDPOINT_URL"
`, 0o755)
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{
		"PATH":                    filepath.Join(home, "bin") + ":" + os.Getenv("PATH"),
		"HOME":                    home,
		"GOPATH":                  filepath.Join(home, "go"),
		"GOMODCACHE":              strings.TrimSpace(string(cache)),
		"GOFLAGS":                 "-mod=mod",
		"GOPROXY":                 "off",
		"GOBIN":                   "",
		"SLACK_API_URL":           slack.APIURL(),
		"ACMBOT_DNS_ROOT_HINTS":   write("named.root", scene.RootHints(), 0o600),
		"ACMBOT_DNS_RESOLVERS":    strings.Join(scene.DNSOptions().Resolvers, ","),
		"ACMBOT_DNS_TRUST_ANCHOR": write("root.key", strings.Join(scene.DNSOptions().TrustAnchors, "\n")+"\n", 0o600),
		"ACMBOT_PROBE_ALLOW":      "127.0.0.0/8",
		"ACMBOT_STATE":            filepath.Join(home, "state.db"),
	}
	maps.Copy(settings, scene.AWSEnv())
	delete(settings, "AWS_REGION") // is printed
	delete(settings, "AWS_PROFILE")
	delete(settings, "AWS_SESSION_TOKEN")
	cacheDir, err := os.UserCacheDir()
	if err == nil {
		settings["GOCACHE"] = filepath.Join(cacheDir, "go-build")
	}
	if given := os.Getenv("GOCACHE"); given != "" {
		settings["GOCACHE"] = given
	}
	var env []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if _, ours := settings[name]; !ours && !regexp.MustCompile(`^(ACMBOT_|SLACK_|AWS_|CI$)`).MatchString(name) {
			env = append(env, pair)
		}
	}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	return env
}

// A walk is under way.
type walk struct {
	sh         *shell
	issued     *strings.Replacer
	accounts   map[bool]string // the further one's for true
	followed   map[string]bool
	ran        map[string]bool
	background func()
}

var (
	fence       = regexp.MustCompile("(?ms)^[ ]*```sh\n(.*?)^[ ]*```$")
	step        = regexp.MustCompile("(?ms)^[ ]*```sh\n.*?^[ ]*```$|\\]\\(deploy/README\\.md#([a-z-]+)\\)")
	placeholder = regexp.MustCompile(`…|<[^<>]*>|\b[A-Z]+_HERE\b|\.\.\.`)
)

// section walks a section: its commands, and the sections of deploy/README.md
// that it links to, in the order of the page.
func (w *walk) section(t *testing.T, dir, file, heading string) {
	t.Helper()
	for _, found := range step.FindAllStringSubmatch(sectionOf(t, filepath.Join(dir, file), heading), -1) {
		if anchor := found[1]; anchor != "" {
			if !w.followed[anchor] {
				w.followed[anchor] = true
				w.section(t, dir, "deploy/README.md", anchor)
			}
			continue
		}
		for _, command := range commandsOf(found[0]) {
			w.command(t, command)
		}
	}
}

// sectionOf is the text under a heading, which may be given as its anchor, up
// to the next of its level or above.
func sectionOf(t *testing.T, path, heading string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var section strings.Builder
	level, fenced := 0, false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		marks, title, is := strings.Cut(strings.TrimSpace(line), " ")
		if is && !fenced && strings.Trim(marks, "#") == "" && marks != "" {
			switch {
			case level == 0 && (title == heading || strings.ReplaceAll(strings.ToLower(title), " ", "-") == heading):
				level = len(marks)
				continue
			case level > 0 && len(marks) <= level:
				return section.String()
			}
		}
		if level > 0 {
			section.WriteString(line)
		}
	}
	if level == 0 {
		t.Fatalf("%s has no section %q", path, heading)
	}
	return section.String()
}

// commandsOf are the commands of a fenced block, each with its continuation
// lines.
func commandsOf(block string) []string {
	var commands []string
	command := ""
	for line := range strings.Lines(fence.FindStringSubmatch(block)[1]) {
		command += strings.TrimSpace(line) + "\n"
		if !strings.HasSuffix(strings.TrimSpace(line), "\\") {
			commands = append(commands, strings.TrimSpace(command))
			command = ""
		}
	}
	return slices.DeleteFunc(commands, func(c string) bool { return c == "" })
}

// unknownToDynalite are the commands that the stand-in for DynamoDB refuses,
// since it does not know what they are about.
var unknownToDynalite = regexp.MustCompile(`^aws dynamodb update-(time-to-live|continuous-backups) `)

// command runs one command, and fails the test if it fails.
func (w *walk) command(t *testing.T, printed string) {
	t.Helper()
	command := w.issued.Replace(printed)
	if left := placeholder.FindString(command); left != "" {
		t.Fatalf("in %q, nobody can know what to put for %q", printed, left)
	}
	if w.ran == nil {
		w.ran = map[string]bool{}
	}
	w.ran[printed] = true
	t.Logf("$ %s", printed)
	w.sh.run(t, "export WALK_ACCOUNT="+w.accounts[strings.Contains(command, "--role-name acmbot-read ")])
	if command == "acmbot run" {
		w.sh.run(t, command+` >>"$HOME/bot.log" 2>&1 &`)
		w.background()
		return
	}
	status, output := w.sh.try(t, command)
	switch {
	case unknownToDynalite.MatchString(command):
		if status == 0 || !strings.Contains(output, "UnknownOperationException") {
			t.Errorf("%s: status %d, and not that it is not known: %s", printed, status, output)
		}
	case status != 0:
		t.Fatalf("%s: status %d\n%s\nthe bot:\n%s", printed, status, output, w.sh.background(t))
	}
	if want := walkSays[printed]; !strings.Contains(output, want) {
		t.Errorf("%s does not say %q:\n%s", printed, want, output)
	}
}

// walkSays is what commands have to say beside their status.
var walkSays = map[string]string{
	"acmbot why shop.example.com":                               "12 days",
	"acmbot digest":                                             "shop.example.com",
	"curl -fsS http://127.0.0.1:8081/metrics":                   "acmbot_",
	"ACMBOT_HEALTH_LISTEN=127.0.0.1:8081 acmbot health --ready": "acmbot is connected to Slack.",
}

// ask asks the bot, and wants the true cause, and a look at the digest.
func (w *walk) ask(t *testing.T, slack *workspace.Workspace) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for question, wants := range map[string][]string{
		"why shop.example.com": {"shop.example.com", "12 days", "CNAME"},
		"digest preview":       {"shop.example.com", "garden.example"},
	} {
		seen := map[string]bool{}
		for _, m := range slack.Messages("ops-certificates", "dana") {
			seen[m.TS] = true
		}
		if _, err := slack.Slash("dana", "ops-certificates", "/acm", question); err != nil {
			t.Fatal(err)
		}
		if _, err := slack.WaitMessage(ctx, func(m workspace.Message) bool {
			all := m.Text + string(m.Blocks)
			return !seen[m.TS] && m.Ephemeral && !slices.ContainsFunc(wants, func(want string) bool { return !strings.Contains(all, want) })
		}); err != nil {
			for _, m := range slack.Messages("ops-certificates", "dana") {
				t.Logf("%s", m.Text)
			}
			t.Fatalf("no answer to %q that has %q: %v\n%s", question, wants, err, w.sh.background(t))
		}
	}
}

// A shell is a bash that runs.
type shell struct {
	stdin  io.Writer
	stdout *bufio.Reader
	home   string
}

// shellMark ends the output of a command; the status follows.
const shellMark = "\x1e"

func startShell(t *testing.T, dir string, env []string) *shell {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc")
	command.Dir, command.Env = dir, env
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = io.WriteString(stdin, "kill -KILL $(jobs -p) 2>/dev/null; exit\n")
		_ = stdin.Close()
		_ = command.Wait()
	})
	return &shell{stdin: stdin, stdout: bufio.NewReader(stdout), home: filepath.Dir(dir)}
}

// try runs a command in the shell, and returns its status and its output.
func (s *shell) try(t *testing.T, command string) (int, string) {
	t.Helper()
	if _, err := io.WriteString(s.stdin, command+"\nprintf '"+shellMark+"%s\\n' $?\n"); err != nil {
		t.Fatal(err)
	}
	output, err := s.stdout.ReadString(shellMark[0])
	if err != nil {
		t.Fatalf("%s ended the shell: %v\n%s", command, err, output)
	}
	var status int
	if _, err := fmt.Fscanf(s.stdout, "%d\n", &status); err != nil {
		t.Fatal(err)
	}
	return status, strings.TrimSuffix(output, shellMark)
}

func (s *shell) run(t *testing.T, command string) {
	t.Helper()
	if status, output := s.try(t, command); status != 0 {
		t.Fatalf("%s: status %d\n%s", command, status, output)
	}
}

// background is what the bot has logged.
func (s *shell) background(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.home, "bot.log"))
	if err != nil {
		t.Log(err)
	}
	return string(text)
}

// Commands that need the real thing are at least ones that a shell can read.
func TestCommandsParse(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	pages, err := filepath.Glob("../../deploy/*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, page := range append(pages, "../../README.md", "../../deploy/README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
			blocks++
			check := exec.CommandContext(t.Context(), bash, "-n")
			check.Stdin = strings.NewReader(block[1])
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", page, err, out, block[1])
			}
		}
	}
	if blocks < 20 {
		t.Errorf("%d blocks of commands found; the search is at fault", blocks)
	}
}
