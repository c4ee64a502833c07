package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/access"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/fix"
)

// constants are the string constants of package view whose names begin with a
// prefix.
func constants(t *testing.T, prefix string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range parse(t, "view") {
		for _, d := range file.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != gotoken.CONST {
				continue
			}
			for _, s := range decl.Specs {
				spec, ok := s.(*ast.ValueSpec)
				if !ok {
					continue
				}
				for i, name := range spec.Names {
					if !strings.HasPrefix(name.Name, prefix) || i >= len(spec.Values) {
						continue
					}
					if lit, ok := spec.Values[i].(*ast.BasicLit); ok && lit.Kind == gotoken.STRING {
						value, err := strconv.Unquote(lit.Value)
						if err != nil {
							t.Fatal(err)
						}
						found[name.Name] = value
					}
				}
			}
		}
	}
	return found
}

func parse(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir:
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, 0)
		files[path] = file
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// selected are the selectors, such as "client.PostMessageContext", by the file
// that uses them.
func selected(file *ast.File) []string {
	var list []string
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			name := s.Sel.Name
			switch x := s.X.(type) {
			case *ast.SelectorExpr:
				name = x.Sel.Name + "." + name
			case *ast.Ident:
				name = x.Name + "." + name
			}
			list = append(list, name)
		}
		return true
	})
	return list
}

// Whatever is worked on goes through admit, and whatever is said through
// prepare: the code has no other way.
func TestThereIsOneWayInAndOneWayOut(t *testing.T) {
	says := []string{
		"PostMessageContext", "PostEphemeralContext", "UpdateMessageContext", "OpenViewContext", "PushViewContext", "UpdateViewContext",
		"PublishViewContext", "UnfurlMessageContext", "UnfurlMessageByIDContext", "ScheduleMessageContext", "PostMessage", "UpdateMessage",
		"OpenView", "PushView", "UpdateView", "PublishView", "UploadFileContext", "PostWebhookContext", "PostWebhookCustomHTTPContext",
	}
	for path, file := range parse(t, ".") {
		for _, name := range selected(file) {
			of, what, _ := strings.Cut(name, ".")
			switch {
			case what == "run" && of != "s" && !slices.Contains([]string{"receive.go", "entry.go"}, path) && runCalled(file):
				t.Errorf("%s calls a request's work", path)
			case (of == "client" || of == "once") && slices.Contains(says, what) && !slices.Contains([]string{"api.go", "audience.go", "once.go", "digest.go"}, path):
				t.Errorf("%s says something past prepare: %s", path, name)
			}
		}
	}
}

// runCalled reports whether a file calls a request's run, rather than setting it.
func runCalled(file *ast.File) bool {
	called := false
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if s, ok := call.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "run" {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "req" {
					called = true
				}
			}
		}
		return true
	})
	return called
}

// A knock is an envelope that wants something.
type knock struct{ name, kind, payload string }

// quoted is a value as JSON.
func quoted(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// knocks are envelopes of every kind that the bot handles, from one user in one
// channel. What it handles is read from its code and its manifest, so that what
// is added is among them.
func knocks(t *testing.T, user, channel, hook string) []knock {
	t.Helper()
	state := view.State{
		Query: "secret.example.com", ARN: "arn:aws:acm:eu-west-1:111122223333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21",
		Certificate: "5a1f0c7e9b21", Verdict: diagnose.VerdictBlocked, Fix: string(fix.AddCNAME), At: time.Now(),
	}
	values := map[string]string{
		"ActionList":       view.ListState{Filter: "failing", Page: 1}.Encode(),
		"ActionDigestList": view.DigestState{Channel: channel, Date: "2026-11-25"}.Encode(),
	}
	values["ActionDigestPage"], values["ActionDigestSetting"] = values["ActionDigestList"], values["ActionDigestList"]
	var list []knock
	add := func(name, kind string, payload map[string]any) {
		list = append(list, knock{name, kind, quoted(payload)})
	}
	interactive := func(name string, payload map[string]any) {
		payload["user"] = map[string]any{"id": user, "team_id": "T1"}
		payload["trigger_id"] = "1.2." + name
		add(name, "interactive", payload)
	}
	actions := constants(t, "Action")
	if len(actions) < 20 {
		t.Fatalf("there are only the actions %v", actions)
	}
	for name, id := range actions {
		value := values[name]
		if value == "" {
			value = state.Encode()
		}
		action := []any{map[string]any{"type": "button", "action_id": id, "block_id": "b", "value": value}}
		for where, container := range map[string]map[string]any{
			"ephemeral": {"container": map[string]any{"type": "message", "channel_id": channel, "message_ts": "1.1", "is_ephemeral": true}, "channel": map[string]any{"id": channel}, "response_url": hook},
			"message":   {"container": map[string]any{"type": "message", "channel_id": channel, "message_ts": "1.1", "is_ephemeral": false}, "channel": map[string]any{"id": channel}, "response_url": hook},
			"modal":     {"container": map[string]any{"type": "view", "view_id": "V1"}, "view": map[string]any{"id": "V1", "type": "modal", "hash": "1.1", "private_metadata": state.Encode()}},
			"home":      {"container": map[string]any{"type": "view", "view_id": "V2"}, "view": map[string]any{"id": "V2", "type": "home"}},
		} {
			container["type"], container["actions"] = "block_actions", action
			interactive(name+" in "+where, container)
		}
		interactive(name+" typed", map[string]any{
			"type": "block_suggestion", "action_id": id, "block_id": "b", "value": "secret", "container": map[string]any{"type": "view", "view_id": "V1"},
			"view": map[string]any{"id": "V1", "type": "modal"},
		})
	}
	callbacks := constants(t, "Callback")
	if len(callbacks) < 4 {
		t.Fatalf("there are only the callbacks %v", callbacks)
	}
	metadata := map[string]string{
		"CallbackFix":    quoted(map[string]any{"v": 1, "q": "secret.example.com", "k": "add-cname", "a": "5a1f0c7e9b21", "h": "hash"}),
		"CallbackDigest": view.DigestState{Channel: channel}.Encode(),
	}
	for name, id := range callbacks {
		interactive(name+" submitted", map[string]any{
			"type": "view_submission", "view": map[string]any{
				"id": "V1", "type": "modal", "callback_id": id, "private_metadata": metadata[name],
				"state": map[string]any{"values": map[string]any{
					view.BlockTyped: map[string]any{view.ActionTyped: map[string]any{"type": "plain_text_input", "value": "secret.example.com"}},
					view.DigestTime: map[string]any{view.DigestTime: map[string]any{"type": "timepicker", "selected_time": "09:00"}},
					view.DigestZone: map[string]any{view.DigestZone: map[string]any{"type": "plain_text_input", "value": "UTC"}},
				}},
			},
		})
		interactive(name+" on a message", map[string]any{
			"type": "message_action", "callback_id": id, "channel": map[string]any{"id": channel}, "response_url": hook,
			"message": map[string]any{"type": "message", "ts": "1.1", "text": "see <https://secret.example.com>"},
		})
		interactive(name+" as a shortcut", map[string]any{"type": "shortcut", "callback_id": id})
		interactive(name+" closed", map[string]any{"type": "view_closed", "view": map[string]any{"id": "V1", "type": "modal", "callback_id": id}})
	}
	for _, text := range []string{
		"", "help", "why", "why secret.example.com", "secret.example.com", "list", "list failing", "list nonsense:", "watches", "snoozes", "digest",
		"digest settings", "digest subscribe", "digest unsubscribe", "digest when", "digest preview", "digest nonsense", "owners", "doctor", "nonsense",
	} {
		add("command "+text, "slash_commands", map[string]any{
			"command": "/acm", "text": text, "user_id": user, "channel_id": channel, "team_id": "T1", "response_url": hook, "trigger_id": "1.2.c" + text,
		})
	}
	event := func(name string, inner map[string]any) {
		inner["type"] = strings.Fields(name)[0]
		if i := strings.Index(name, "."); i > 0 {
			inner["type"] = name[:i]
		}
		add("event "+name, "events_api", map[string]any{"type": "event_callback", "event_id": "Ev" + name, "team_id": "T1", "event": inner})
	}
	known := map[string]map[string]any{
		"app_home_opened":          {"user": user, "channel": "D1", "tab": "home"},
		"app_mention":              {"user": user, "channel": channel, "ts": "1.1", "text": "<@UBOT> secret.example.com and other.example.com"},
		"assistant_thread_started": {"assistant_thread": map[string]any{"user_id": user, "channel_id": "D1", "thread_ts": "1.1"}},
		"channel_shared":           {"channel": channel, "connected_team_id": "T9"},
		"channel_unshared":         {"channel": channel, "previously_connected_team_id": "T9"},
		"link_shared": {"user": user, "channel": channel, "message_ts": "1.1", "links": []any{map[string]any{
			"domain": "console.aws.amazon.com", "url": "https://eu-west-1.console.aws.amazon.com/acm/home?region=eu-west-1#/certificates/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21",
		}}},
		"message.im": {"user": user, "channel": "D1", "channel_type": "im", "ts": "1.1", "text": "secret.example.com"},
	}
	for _, name := range Events {
		if known[name] == nil {
			t.Errorf("there is an event %q of which no example is known here", name)
			continue
		}
		event(name, known[name])
	}
	event("app_mention of the list", map[string]any{"user": user, "channel": channel, "ts": "1.2", "text": "<@UBOT> which are failing?"})
	event("user_change", map[string]any{"user": map[string]any{"id": user}})
	return list
}

// A countedEstate is an Estate that counts how often it is asked.
type countedEstate struct{ asked *atomic.Int32 }

func (e countedEstate) List(context.Context) diagnose.Listing {
	e.asked.Add(1)
	return diagnose.Listing{}
}

// Nobody who may not ask gets anything out of any entry point, nor makes the bot
// look at anything.
func TestNoEntryPointServesThoseWhoMayNotAsk(t *testing.T) {
	people := map[string]string{
		"UGUEST":    `{"id":"UGUEST","team_id":"T1","is_restricted":true}`,
		"USINGLE":   `{"id":"USINGLE","team_id":"T1","is_restricted":true,"is_ultra_restricted":true}`,
		"UPARTNER":  `{"id":"UPARTNER","team_id":"T9"}`,
		"USTRANGER": `{"id":"USTRANGER","team_id":"T1","is_stranger":true}`,
		"UROBOT":    `{"id":"UROBOT","team_id":"T1","is_bot":true}`,
		"UGONE":     `{"id":"UGONE","team_id":"T1","deleted":true}`,
	}
	for user := range people {
		for _, remembered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, remembered %v", user, remembered), func(t *testing.T) {
				t.Parallel()
				lists := countedEstate{new(atomic.Int32)}
				d := &doctor{}
				store := memory.New(time.Now)
				d.becomes(func(_ context.Context, q diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
					t.Errorf("the doctor is asked %q", q.Domain)
					return blocked(q)
				})
				s := openBare(t, d, 1, func(o *Options) {
					o.Store, o.Estate = store, lists
					o.Fix = FixOptions{Fixer: &mechanic{}, Kinds: fix.Kinds(), Users: []string{user}}
				})
				s.note(func() { s.people = people })
				list := knocks(t, user, "C1", s.server.URL+"/hook")
				quiet := user == "UROBOT" || user == "UGONE"
				switch {
				case remembered && quiet:
					s.send(0, fmt.Sprintf(`{"envelope_id":"known","type":"slash_commands","payload":{"command":"/acm","text":"help","user_id":%q,"channel_id":"C1","response_url":"http://192.0.2.1/"}}`, user))
					s.log.has(t, "msg=\"not allowed\"", 1)
				case remembered:
					s.known(user)
				}
				for i, k := range list {
					id := fmt.Sprintf("k%d", i)
					s.send(0, fmt.Sprintf(`{"envelope_id":%q,"type":%q,"accepts_response_payload":true,"payload":%s}`, id, k.kind, k.payload))
					ack := s.acked(id, 1)
					if strings.Contains(ack, "example.com") || strings.Contains(ack, "111122223333") {
						t.Errorf("%s is acknowledged with %s", k.name, ack)
					}
					if strings.HasSuffix(k.name, " typed") && !strings.Contains(ack, `"options":[]`) {
						t.Errorf("%s offers %s", k.name, ack)
					}
				}
				s.log.has(t, "msg=\"not allowed\"", 40)
				if n := lists.asked.Load(); n > 1 { // the first is for nobody, at the start
					t.Errorf("the list is read %d times", n)
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				for i, call := range s.calls {
					body, err := url.QueryUnescape(s.bodies[i])
					if err != nil {
						t.Fatal(err)
					}
					switch call {
					case "auth.test", "apps.connections.open", "users.info", "conversations.info", "conversations.open":
						continue
					case "hook", "known", "chat.postEphemeral", "chat.postMessage", "views.publish", "views.update":
					default:
						t.Errorf("%s is called", call)
					}
					if strings.Contains(body, "example.com") || strings.Contains(body, "111122223333") || strings.Contains(body, "in_channel") {
						t.Errorf("%s says %s", call, body)
					}
					if call == "chat.postMessage" && strings.Contains(body, "channel=C1") {
						t.Errorf("said in the channel: %s", body)
					}
					if quiet || !strings.Contains(body, "🔒") && !strings.Contains(body, `\ud83d\udd12`) {
						t.Errorf("%s says %s", call, body)
					}
				}
				if n := len(kinds(t, store)); n > 0 {
					t.Errorf("the store has %v", kinds(t, store))
				}
			})
		}
	}
}

// kinds are what a store has, but for requests and replicas.
func kinds(t *testing.T, store *memory.Store) []string {
	t.Helper()
	var list []string
	for _, kind := range []string{"watch", "snooze", fixKind, "digest", "digest-subscription", "digest-post"} {
		for item, err := range store.List(context.Background(), kind, "") {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, item.Key.Kind+" "+item.Key.ID)
		}
	}
	return list
}

// refused waits for the refusal of somebody and returns it.
func (s *stage) refused(user, text string) workspace.Message {
	s.t.Helper()
	m, err := s.WaitMessage(s.ctx(), func(m workspace.Message) bool {
		return m.App && strings.Contains(m.Words(), text) && (m.Viewer == user || !m.Ephemeral)
	})
	if err != nil {
		s.t.Fatalf("%s is not told %q: %v", user, text, err)
	}
	return m
}

const kitID, leeID = "U0AKIT0001", "U0ALEE0001"

func TestGuestIsRefusedAloneAndKindly(t *testing.T) {
	s := open(t, workspace.Options{}, func(o *Options) { o.Access.Operator = danaID }).connected()
	if _, err := s.Say("kit", ops, "", "@acmbot why shop.example.com?"); err != nil {
		t.Fatal(err)
	}
	m := s.refused(kitID, "Guests of this workspace cannot ask me")
	if !m.Ephemeral || m.Viewer != kitID {
		t.Errorf("all see %+v", m)
	}
	if !strings.Contains(string(m.Blocks), danaID) {
		t.Error("does not say who can change that")
	}
	if _, err := s.Say("kit", "@acmbot", "", "shop.example.com"); err != nil {
		t.Fatal(err)
	}
	s.until(func() bool {
		return slices.ContainsFunc(s.Messages("@acmbot", "kit"), func(m workspace.Message) bool {
			return m.App && strings.Contains(m.Words(), "Guests of this workspace")
		})
	})
	if err := s.OpenHome("kit"); err != nil {
		t.Fatal(err)
	}
	s.until(func() bool {
		v, ok := s.Home("kit")
		return ok && strings.Contains(v.Words(), "Guests of this workspace") && !strings.Contains(v.Words(), "Status")
	})
	if asked := s.doctor.questions(); len(asked) > 0 {
		t.Errorf("the doctor was asked %q", asked)
	}
	if got := s.apps(dana); len(got) > 0 {
		t.Errorf("dana sees\n%s", words(got))
	}
}

func TestGuestsMayWhereTheSettingSaysSo(t *testing.T) {
	s := open(t, workspace.Options{}, func(o *Options) { o.Access.Policy.Users = []string{access.Members, access.Guests} }).connected()
	s.slash("kit", ops, "shop.example.com")
	m := s.sees("_token.shop.example.com")
	if strings.Contains(m.Words(), "111122223333") || !strings.Contains(m.Words(), "…3333") {
		t.Errorf("a guest sees\n%s", m.Words())
	}
	s.slash(dana, ops, "shop.example.com")
	s.until(func() bool { return strings.Contains(words(s.apps(dana)), "111122223333") })
}

// A member who becomes a guest is one at once, where the app hears of it.
func TestWhoBecomesAGuestIsOne(t *testing.T) {
	manifest := readManifest(t)
	manifest.Settings.EventSubscriptions.BotEvents = append(manifest.Settings.EventSubscriptions.BotEvents, "user_change")
	s := open(t, workspace.Options{Manifest: manifest}).connected()
	s.slash(lee, ops, "help")
	s.sees("Name a domain")
	if err := s.ChangeUser(lee, func(u *workspace.User) { u.IsGuest = true }); err != nil {
		t.Fatal(err)
	}
	s.until(func() bool {
		s.bot.api.gate.mu.Lock()
		defer s.bot.api.gate.mu.Unlock()
		_, known := s.bot.api.gate.people[leeID]
		return !known
	})
	s.slash(lee, ops, "shop.example.com")
	s.refused(leeID, "Guests of this workspace")
}

// partner adds somebody of another organisation to a channel that is shared with
// it.
func (s *stage) partner(channel string, more ...string) (id string) {
	s.t.Helper()
	u, err := s.AddUser(workspace.User{Name: "robin", RealName: "Robin Vale", Team: "T0APARTNER"})
	if err != nil {
		s.t.Fatal(err)
	}
	id, err = s.AddChannel(channel, workspace.PublicChannel, append([]string{dana, "robin", "acmbot"}, more...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.Share(channel, u.Team, false); err != nil {
		s.t.Fatal(err)
	}
	return id
}

func TestSharedChannelGetsNothing(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	s.partner("launch")
	for who, text := range map[string]string{"robin": "Only people of the workspace", dana: "Another organisation is in this channel"} {
		if _, err := s.Say(who, "#launch", "", "@acmbot why shop.example.com?"); err != nil {
			t.Fatal(err)
		}
		m, err := s.WaitMessage(s.ctx(), func(m workspace.Message) bool { return m.App && strings.Contains(m.Words(), text) })
		if err != nil {
			t.Fatalf("%s is not told %q", who, text)
		}
		if !m.Ephemeral {
			t.Errorf("all are told %q", text)
		}
	}
	s.slash(dana, "#launch", "shop.example.com")
	s.until(func() bool {
		n := 0
		for _, m := range s.Messages("#launch", dana) {
			if m.Ephemeral && strings.Contains(m.Words(), "Another organisation") {
				n++
			}
		}
		return n == 2
	})
	if asked := s.doctor.questions(); len(asked) > 0 {
		t.Errorf("the doctor was asked %q", asked)
	}
}

func TestSharedChannelsWhereTheSettingSaysSo(t *testing.T) {
	for name, allow := range map[string]func(*Options){
		"all of them": func(o *Options) { o.Access.Policy.Channels = []string{access.Internal, access.Shared} },
		"and its people": func(o *Options) {
			o.Access.Policy.Channels, o.Access.Policy.Teams = []string{access.Internal, access.Shared}, []string{"T0APARTNER"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, workspace.Options{}, allow).connected()
			s.partner("launch")
			if _, err := s.Say(dana, "#launch", "", "@acmbot why shop.example.com?"); err != nil {
				t.Fatal(err)
			}
			m := s.sees("_token.shop.example.com")
			if strings.Contains(m.Words()+string(m.Blocks), "111122223333") || !strings.Contains(m.Words(), "…3333") {
				t.Errorf("a shared channel shows\n%s", m.Words())
			}
			if _, err := s.Say("robin", "#launch", "", "@acmbot why api.example.com?"); err != nil {
				t.Fatal(err)
			}
			if name == "all of them" {
				s.sees("Only people of the workspace")
				return
			}
			s.sees("_token.api.example.com")
		})
	}
}

// A button in a masked message does what it does in any other: its value comes
// back.
func TestMaskedButtonsWork(t *testing.T) {
	arn := "arn:aws:acm:eu-west-1:111122223333:certificate/0f6ad6ee-1c3a-4f6e-8d5f-5a1f0c7e9b21"
	s := open(t, workspace.Options{}, func(o *Options) {
		o.Store = memory.New(time.Now)
		o.Access.Policy.Accounts = []string{access.None}
	}).connected()
	s.doctor.becomes(func(_ context.Context, _ diagnose.Query, _ func(diagnose.Progress)) diagnose.Answer {
		a := blocked(diagnose.Query{Domain: "shop.example.com"})
		a.Query = diagnose.Query{Text: arn, ARN: arn}
		return a
	})
	if _, err := s.Say(dana, ops, "", "@acmbot "+arn); err != nil {
		t.Fatal(err)
	}
	m := s.sees("_token.shop.example.com")
	if strings.Contains(string(m.Blocks)+m.Text, "111122223333") {
		t.Errorf("the message has the account in it:\n%s", m.Blocks)
	}
	s.click(dana, m, view.ActionRecheck)
	s.until(func() bool { return s.doctor.times(arn) == 2 })
	s.click(dana, m, view.ActionWatch)
	s.until(func() bool {
		for item, err := range s.bot.opts.Store.List(context.Background(), "watch", "") {
			return err == nil && strings.Contains(string(item.Value), arn)
		}
		return false
	})
	s.click(dana, m, view.ActionEvidence)
	s.until(func() bool {
		v, ok := s.View(dana)
		return ok && strings.Contains(string(v.Blocks), "…3333")
	})
	for _, c := range s.Calls() {
		if raw := quoted(c.Args); strings.Contains(raw, "111122223333") {
			t.Errorf("%s says %s", c.Method, raw)
		}
	}
}

// heard waits until the bot, which knew of a channel, has heard whether it is
// shared.
func (s *stage) heard(channel string, shared bool) {
	s.t.Helper()
	s.until(func() bool {
		s.bot.api.gate.mu.Lock()
		defer s.bot.api.gate.mu.Unlock()
		place, known := s.bot.api.gate.places[channel]
		return !known || place.value.External == shared
	})
}

// A channel that is shared with another organisation gets nothing from then on.
func TestChannelThatBecomesSharedGetsNothingMore(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	if _, err := s.Say(dana, ops, "", "@acmbot why shop.example.com?"); err != nil {
		t.Fatal(err)
	}
	m := s.sees("_token.shop.example.com")
	if err := s.Share(ops, "T0APARTNER", false); err != nil {
		t.Fatal(err)
	}
	s.heard(opsID, true)
	s.click(dana, m, view.ActionRecheck)
	s.refused(danaID, "Another organisation is in this channel")
	if err := s.Unshare(ops, "T0APARTNER"); err != nil {
		t.Fatal(err)
	}
	s.heard(opsID, false)
	s.slash(dana, ops, "api.example.com")
	s.sees("_token.api.example.com")
}

// A digest is for the people of the house: its channel gets none once others are
// in it, which /acm owners and the log say.
func TestDigestIsWithheldFromASharedChannel(t *testing.T) {
	d := openDesk(t)
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)))
	if err := d.Share(ops, "T0APARTNER", false); err != nil {
		t.Fatal(err)
	}
	at(d.clock, nine)
	n, err := d.digester.Tick(t.Context())
	if n != 0 || err == nil || !strings.Contains(err.Error(), "shared with another organisation, and ACMBOT_ALLOW_CHANNELS does not name it") {
		t.Errorf("Tick = %d, %v", n, err)
	}
	if _, _, err := d.digester.PostNow(t.Context(), digest.Subscription{Channel: opsID, Zone: "UTC"}); PostTrouble(err) != err.Error() {
		t.Errorf("PostNow: %v, in words %q", err, PostTrouble(err))
	}
	if d.doctor.asked > 0 || len(d.digests(ops)) > 0 {
		t.Errorf("%d certificates were looked at, %d digests posted", d.doctor.asked, len(d.digests(ops)))
	}
	if err := d.Unshare(ops, "T0APARTNER"); err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(10 * time.Minute) // what is known of a channel lasts
	d.tick(1)
}

func TestDigestOfASharedChannelShowsNoAccounts(t *testing.T) {
	d := openDesk(t, func(o *Options) { o.Access.Policy.Channels = []string{opsID} })
	d.estate.set(pending(1, "shop.example.com", nine.AddDate(0, 0, 12)))
	if err := d.Share(ops, "T0APARTNER", false); err != nil {
		t.Fatal(err)
	}
	at(d.clock, nine)
	d.tick(1)
	got := d.digests(ops)[0]
	if raw := string(got.Blocks) + got.Text; strings.Contains(raw, "111122223333") || !strings.Contains(raw, "…3333") {
		t.Errorf("it shows\n%s", raw)
	}
}

// Alerts hold to the same, also in what Slack shows to apps alone.
func TestAlertsOfASharedChannel(t *testing.T) {
	for name, channels := range map[string][]string{"not allowed": nil, "allowed": {opsID}} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t, func(o *Options) { o.Access.Policy.Channels = channels })
			if err := d.Share(ops, "T0APARTNER", false); err != nil {
				t.Fatal(err)
			}
			payload := map[string]any{"arn": "arn:aws:acm:eu-west-1:111122223333:certificate/x", "id": "C1/1#1", "certificates": 1}
			_, err := d.digester.send(t.Context(), opsID, "", view.Notice("in account 111122223333"), alertEvent, payload)
			if withheld := errors.As(err, new(*withheldError)); withheld != (channels == nil) {
				t.Fatalf("send: %v", err)
			}
			if channels == nil {
				return
			}
			sent := quoted(d.CallsOf("chat.postMessage")[0].Args)
			if strings.Contains(sent, "111122223333") || !strings.Contains(sent, "C1/1#1") {
				t.Errorf("sent is %s", sent)
			}
		})
	}
}

func TestOwnersSayWhatIsWithheld(t *testing.T) {
	s := digestStage(t)
	s.sees("30 certificates need somebody") // today's digest, before the channel is shared
	if err := s.Share(ops, "T0APARTNER", false); err != nil {
		t.Fatal(err)
	}
	s.heard(opsID, true)
	s.slash(dana, "#platform", "owners")
	if m := s.sees("nothing is posted there"); !strings.Contains(m.Words(), "Another organisation is in the channel") {
		t.Errorf("says\n%s", m.Words())
	}
	id, err := s.AddChannel("house", workspace.PrivateChannel, dana)
	if err != nil {
		t.Fatal(err)
	}
	s.slash(dana, id, "digest subscribe")
	s.sees("I cannot see who is in it, so I post nothing in it until I am invited.")
}

// What a watch has to tell goes to the one who watches, once others are in the
// channel; and to nobody who may not ask any more.
func TestWatchTellsNothingWhereItMayNot(t *testing.T) {
	s, clock, w, store := watching(t)
	s.say(dana, "@acmbot shop.example.com")
	s.click(dana, s.sees("_token.shop.example.com"), view.ActionWatch)
	s.sees("Watching `shop.example.com` for <@")
	s.looksTwice(clock, store)
	if err := s.Share(ops, "T0APARTNER", false); err != nil {
		t.Fatal(err)
	}
	s.heard(opsID, true)
	w.renew()
	clock.Advance(2 * time.Hour)
	direct, err := s.ChannelID(dana, "@acmbot")
	if err != nil {
		t.Fatal(err)
	}
	if news := s.sees("has renewed. It is valid until"); news.Channel != direct {
		t.Errorf("told in %s", news.Channel)
	}
	s.ends(store)
}

func TestPendingShareCountsAsOne(t *testing.T) {
	s := open(t, workspace.Options{}).connected()
	if err := s.Share(ops, "T0APARTNER", true); err != nil {
		t.Fatal(err)
	}
	s.slash(dana, ops, "shop.example.com")
	s.refused(danaID, "Another organisation is in this channel, or invited to it")
}

func TestUserGroupsMayAsk(t *testing.T) {
	manifest := readManifest(t)
	manifest.OAuthConfig.Scopes.Bot = append(manifest.OAuthConfig.Scopes.Bot, ScopeUserGroups)
	s := open(t, workspace.Options{Manifest: manifest}, func(o *Options) { o.Access.Policy.Users = []string{onCall} }).connected()
	s.slash(lee, ops, "shop.example.com")
	s.refused(leeID, "You are not among those who can ask me")
	s.slash(dana, ops, "shop.example.com")
	s.sees("_token.shop.example.com")
}

// Without the scope nobody can be told from a guest, so nobody is answered; the
// operator hears why.
func TestWithoutItsScopeNobodyIsAnswered(t *testing.T) {
	manifest := readManifest(t)
	manifest.OAuthConfig.Scopes.Bot = slices.DeleteFunc(manifest.OAuthConfig.Scopes.Bot, func(s string) bool { return s == "users:read" })
	s := open(t, workspace.Options{Manifest: manifest}, func(o *Options) { o.Access.Policy.Users = []string{access.Members, leeID} }).connected()
	s.slash(dana, ops, "shop.example.com")
	s.refused(danaID, "lacks the scope users:read")
	s.log.has(t, "who may ask cannot be checked", 1)
	s.slash(lee, ops, "shop.example.com") // by name
	s.sees("_token.shop.example.com")
}

// Without these scopes it is not known who is in a channel: what only one person
// sees is told, what all would see is not.
func TestWithoutTheChannelsScopeOnlyPrivateAnswers(t *testing.T) {
	manifest := readManifest(t)
	manifest.Settings.EventSubscriptions.BotEvents = slices.DeleteFunc(manifest.Settings.EventSubscriptions.BotEvents, func(s string) bool { return strings.HasPrefix(s, "channel_") })
	manifest.OAuthConfig.Scopes.Bot = slices.DeleteFunc(manifest.OAuthConfig.Scopes.Bot, func(s string) bool { return s == "channels:read" || s == "groups:read" })
	s := open(t, workspace.Options{Manifest: manifest}).connected()
	s.slash(dana, ops, "shop.example.com")
	s.sees("_token.shop.example.com")
	if _, err := s.Say(dana, ops, "", "@acmbot why shop.example.com?"); err != nil {
		t.Fatal(err)
	}
	if m := s.refused(danaID, "lacks the scope channels:read"); !m.Ephemeral {
		t.Error("all are told")
	}
}

// Where Slack does not answer, what was known goes on for an hour.
func TestWhatWasKnownCountsWhereSlackDoesNotAnswer(t *testing.T) {
	clock := newClock()
	s := open(t, workspace.Options{}, func(o *Options) { o.Now = clock.Now }).connected()
	s.slash(dana, ops, "shop.example.com")
	s.sees("_token.shop.example.com")
	s.Fail("users.info", workspace.Fault{Error: "fatal_error"})
	clock.Advance(30 * time.Minute)
	s.slash(dana, ops, "api.example.com")
	s.sees("_token.api.example.com")
	clock.Advance(40 * time.Minute)
	s.slash(dana, ops, "www.example.com")
	s.refused(danaID, "Slack does not tell me who you are")
	s.slash(lee, ops, "www.example.com")
	s.refused(leeID, "Slack does not tell me who you are")
}

func TestQuestionsAreCounted(t *testing.T) {
	clock := newClock()
	s := open(t, workspace.Options{}, func(o *Options) {
		o.Now, o.Access.Rate = clock.Now, access.Rate{Questions: 3, Per: 3 * time.Minute}
	}).connected()
	s.slash(dana, ops, "a.example.com")
	m := s.sees("_token.a.example.com")
	s.click(dana, m, view.ActionEvidence)
	s.until(func() bool { _, ok := s.View(dana); return ok })
	for range 5 {
		s.slash(dana, ops, "help")
	}
	if _, err := s.Say(dana, ops, "", "@acmbot b.example.com"); err != nil {
		t.Fatal(err)
	}
	s.sees("_token.b.example.com")
	if _, err := s.Say(dana, ops, "", "@acmbot c.example.com"); err != nil {
		t.Fatal(err)
	}
	told := s.refused(danaID, "You have asked 3 questions within 3 minutes, the most that one person can.")
	if !told.Ephemeral || !strings.Contains(told.Words(), "Ask again in 60 seconds.") {
		t.Errorf("told is %+v", told)
	}
	s.slash(lee, ops, "c.example.com") // somebody else's are counted apart
	s.sees("_token.c.example.com")
	clock.Advance(time.Minute)
	s.slash(dana, ops, "d.example.com")
	s.sees("_token.d.example.com")
}

// Who may not ask is told so, but does not make the bot talk without end: each
// refusal is a call of Slack's, which has its limits for the whole workspace.
func TestRefusalsAreCounted(t *testing.T) {
	clock := newClock()
	s := open(t, workspace.Options{}, func(o *Options) {
		o.Now, o.Access.Rate = clock.Now, access.Rate{Questions: 3, Per: 3 * time.Minute}
	}).connected()
	refusals := func() (n int) {
		for _, m := range s.Messages(ops, "kit") {
			if m.App && m.Viewer == kitID {
				n++
			}
		}
		return n
	}
	for range 3 {
		if _, err := s.Say("kit", ops, "", "@acmbot shop.example.com"); err != nil {
			t.Fatal(err)
		}
	}
	s.until(func() bool { return refusals() == 3 })
	for range 10 {
		if _, err := s.Say("kit", ops, "", "@acmbot shop.example.com"); err != nil {
			t.Fatal(err)
		}
	}
	s.slash(lee, ops, "shop.example.com") // others are answered all the same
	s.sees("_token.shop.example.com")
	s.log.has(t, "msg=answered", 14)
	if n := refusals(); n != 3 {
		t.Errorf("a guest is refused %d times within three minutes", n)
	}
	clock.Advance(time.Minute)
	if _, err := s.Say("kit", ops, "", "@acmbot shop.example.com"); err != nil {
		t.Fatal(err)
	}
	s.until(func() bool { return refusals() == 4 })
}

func TestAccessOptionsAreChecked(t *testing.T) {
	for _, o := range []AccessOptions{{Operator: "dana"}, {Policy: access.Policy{Users: []string{"everybody"}}}} {
		_, err := New(Options{BotToken: "xoxb-1", AppToken: "xapp-1", Diagnostician: &doctor{}, Access: o})
		if err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	var missing []string
	o := Options{Access: AccessOptions{Policy: access.Policy{Users: []string{"S012"}}}}
	if missing = o.scopes(); !slices.Contains(missing, ScopeUserGroups) {
		t.Errorf("a user group takes %v", missing)
	}
}

// Those who may not see account ids cannot find them out either: a filter or the
// typeahead would tell them digit by digit.
func TestAccountsAreNotFoundOutDigitByDigit(t *testing.T) {
	estate := &listOf{now: time.Now}
	estate.set(pending(1, "shop.example.com", time.Now().AddDate(0, 0, 12)))
	for accounts, want := range map[string]bool{access.Members: true, access.None: false} {
		s := open(t, workspace.Options{}, func(o *Options) {
			o.Estate, o.Access.Policy.Accounts = estate, []string{accounts}
		}).connected()
		s.slash(dana, ops, "list account:11112")
		m, err := s.WaitMessage(s.ctx(), func(m workspace.Message) bool { return m.App && strings.Contains(m.Words(), "account:11112") })
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(m.Words(), "shop.example.com"); got != want {
			t.Errorf("with accounts shown to %s, the list is\n%s", accounts, m.Words())
		}
		s.slash(dana, ops, "why")
		v, err := s.WaitView(s.ctx(), dana, func(v workspace.View) bool { return strings.Contains(string(v.Blocks), view.ActionChoose) })
		if err != nil {
			t.Fatal(err)
		}
		for typed, found := range map[string]bool{"11112": want, "111122223333": want, "shop": true} {
			got, err := s.Suggest(s.ctx(), dana, v, view.ActionChoose, typed)
			if err != nil {
				t.Fatal(err)
			}
			offered := quoted(got)
			if strings.Contains(offered, "shop.example.com") != found || strings.Contains(offered, "111122223333") && !want {
				t.Errorf("with accounts shown to %s, %q offers %s", accounts, typed, offered)
			}
		}
	}
}

// What a menu offers does not wait for what is not known yet, nor does anything
// else for it.
func TestTypeaheadOfSomebodyWhoIsNotKnown(t *testing.T) {
	estate := &listOf{now: time.Now}
	estate.set(pending(1, "shop.example.com", time.Now().AddDate(0, 0, 12)))
	s := open(t, workspace.Options{}, func(o *Options) { o.Estate = estate }).connected()
	s.slash(dana, ops, "why")
	v, err := s.WaitView(s.ctx(), dana, func(v workspace.View) bool { return strings.Contains(string(v.Blocks), view.ActionChoose) })
	if err != nil {
		t.Fatal(err)
	}
	forget := func() { s.bot.api.gate.changed(danaID) }
	forget()
	got, err := s.Suggest(s.ctx(), dana, v, view.ActionChoose, "shop")
	if err != nil || !strings.Contains(quoted(got), "shop.example.com") {
		t.Errorf("offers %v (%v)", got, err)
	}
	forget()
	s.Fail("users.info", workspace.Fault{Error: "fatal_error"})
	if got, err := s.Suggest(s.ctx(), dana, v, view.ActionChoose, "shop"); err != nil || strings.Contains(quoted(got), "shop.example.com") {
		t.Errorf("where Slack does not tell who types, it offers %v (%v)", got, err)
	}
}

// What the workspace of the other tests is not: one in an organisation of several
// (Enterprise Grid).
func TestOrganisationOfSeveralWorkspaces(t *testing.T) {
	people := map[string]string{
		"UHERE":      `{"id":"UHERE","team_id":"E01","enterprise_user":{"id":"UHERE","enterprise_id":"E01","teams":["T02","T1"]}}`,
		"UELSEWHERE": `{"id":"UELSEWHERE","team_id":"T02","enterprise_user":{"id":"UELSEWHERE","enterprise_id":"E01","teams":["T02"]}}`,
	}
	places := map[string]string{
		"CORG":     `{"id":"CORG","is_shared":true,"is_org_shared":true,"is_ext_shared":false,"is_pending_ext_shared":false}`,
		"CBOTH":    `{"id":"CBOTH","is_shared":true,"is_org_shared":true,"is_ext_shared":true}`,
		"CPENDING": `{"id":"CPENDING","is_shared":false,"is_pending_ext_shared":true,"pending_shared":["T9"]}`,
	}
	for _, tc := range []struct {
		user, channel string
		teams         []string
		refused       string // in words; not where empty
	}{
		{"UHERE", "CORG", nil, ""},
		{"UELSEWHERE", "CORG", nil, "Only people of the workspace"},
		{"UELSEWHERE", "CORG", []string{"E01"}, ""},
		{"UELSEWHERE", "CORG", []string{"T02"}, ""},
		{"UHERE", "CBOTH", nil, "Another organisation"},
		{"UHERE", "CPENDING", nil, "Another organisation"},
	} {
		t.Run(fmt.Sprint(tc.user, tc.channel, tc.teams), func(t *testing.T) {
			d := &doctor{}
			s := openBare(t, d, 1, func(o *Options) { o.Access.Policy.Teams = tc.teams })
			s.note(func() { s.people, s.places = people, places })
			s.send(0, fmt.Sprintf(`{"envelope_id":"m","type":"events_api","payload":{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention","user":%q,"channel":%q,"ts":"1.1","text":"<@UBOT> shop.example.com"}}}`, tc.user, tc.channel))
			want := "chat.postMessage"
			if tc.refused != "" {
				want = "chat.postEphemeral"
			}
			s.until(func() bool { return slices.Contains(s.calls, want) })
			if asked := len(d.questions()); (asked == 0) != (tc.refused != "") {
				t.Errorf("the doctor is asked %d times", asked)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if body, err := url.QueryUnescape(s.bodies[slices.Index(s.calls, want)]); err != nil || !strings.Contains(body, tc.refused) {
				t.Errorf("says %s (%v)", body, err)
			}
		})
	}
}
