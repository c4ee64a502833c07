package workspace

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// A page is one open chat page.
type page struct {
	user *User
	conn *websocket.Conn
	out  chan any
	once sync.Once
	gone chan struct{}
}

func (p *page) close() {
	p.once.Do(func() {
		close(p.gone)
		_ = p.conn.Close()
	})
}

func (p *page) put(frame any) {
	if frame == nil {
		return
	}
	select {
	case p.out <- frame:
	default:
		p.close() // it connects anew and gets the whole state
	}
}

// frames sends each page the frame made for its user, nil for none. w.mu is
// held.
func (w *Workspace) frames(f func(*User) any) {
	for p := range w.pages {
		p.put(f(p.user))
	}
}

// show tells pages of a message that is new or has changed. w.mu is held.
func (w *Workspace) show(c *channel, m *message) {
	w.frames(func(u *User) any {
		if !w.visible(c, u) || !m.seenBy(u.ID) {
			return nil
		}
		return object{"type": "message", "message": m.snapshot()}
	})
	w.change()
}

// unshow tells pages that a message is gone. w.mu is held.
func (w *Workspace) unshow(c *channel, m *message) {
	w.frames(func(u *User) any {
		if !w.visible(c, u) || !m.seenBy(u.ID) {
			return nil
		}
		return object{"type": "message_deleted", "channel": c.id, "ts": m.TS}
	})
	w.change()
}

// showModal tells a user's pages which modal is on top. w.mu is held.
func (w *Workspace) showModal(u *User) {
	w.frames(func(viewer *User) any {
		if viewer != u {
			return nil
		}
		return object{"type": "view", "view": w.pageView(w.top(u)), "stack": len(w.stacks[u.ID])}
	})
	w.change()
}

// showHome tells a user's pages of their App Home. w.mu is held.
func (w *Workspace) showHome(u *User) {
	w.frames(func(viewer *User) any {
		if viewer != u {
			return nil
		}
		return object{"type": "home", "view": w.pageView(w.homes[u.ID])}
	})
	w.change()
}

// showStatus tells pages of an assistant status. w.mu is held.
func (w *Workspace) showStatus(c *channel, thread, text string) {
	w.frames(func(u *User) any {
		if !w.visible(c, u) {
			return nil
		}
		return object{"type": "status", "channel": c.id, "thread_ts": thread, "text": text}
	})
	w.change()
}

// showNotice tells a user's pages of a line of Slack's own. w.mu is held.
func (w *Workspace) showNotice(u *User, c *channel, text string) {
	w.frames(func(viewer *User) any {
		if viewer != u {
			return nil
		}
		return object{"type": "notice", "level": "error", "channel": c.id, "text": text}
	})
}

// restructured tells pages that channels, members or users have changed. w.mu
// is held.
func (w *Workspace) restructured() {
	w.frames(func(u *User) any { return object{"type": "state", "state": w.state(u)} })
	w.change()
}

// connected tells pages that the app has connected or gone. w.mu is held.
func (w *Workspace) connected() { w.restructured() }

// actionState tells a user's pages what came of something they did. w.mu is
// held.
func (w *Workspace) actionState(u *User, id string, state EnvelopeState) {
	if id == "" {
		return
	}
	fate := "ok"
	if state != Acknowledged {
		fate = "timeout"
	}
	w.frames(func(viewer *User) any {
		if viewer != u {
			return nil
		}
		return object{"type": "action_state", "id": id, "state": fate}
	})
}

// state is all that a user can see. w.mu is held.
func (w *Workspace) state(u *User) object {
	channels, messages := []object{}, object{}
	for _, c := range w.channels {
		if !w.visible(c, u) {
			continue
		}
		o := object{
			"id": c.id, "name": c.name, "kind": c.kind, "topic": c.topic, "user": "",
			"member": c.member(u.ID), "bot_member": c.member(w.bot.ID), "archived": c.archived,
		}
		if c.kind == DirectMessage {
			o["user"], o["name"] = w.bot.ID, w.bot.Name
		}
		channels = append(channels, o)
		// Notices go to the page as frames of their own, once.
		messages[c.id] = slices.DeleteFunc(c.seen(u), func(m Message) bool { return m.Subtype == "notice" })
	}
	commands := []object{}
	for _, c := range w.manifest.Features.SlashCommands {
		commands = append(commands, object{"command": c.Command, "description": c.Description, "usage_hint": c.UsageHint})
	}
	shortcuts := []object{}
	for _, s := range w.manifest.Features.Shortcuts {
		shortcuts = append(shortcuts, object{
			"callback_id": s.CallbackID, "name": s.Name, "type": s.Type, "description": s.Description,
		})
	}
	statuses := []object{}
	for key, s := range w.statuses {
		id, thread, _ := strings.Cut(key, "/")
		if c := w.channel(id); c != nil && w.visible(c, u) {
			statuses = append(statuses, object{"channel": id, "thread_ts": thread, "text": s.text})
		}
	}
	return object{
		"team": object{"id": w.teamID, "name": "Example"}, "me": u, "users": w.users, "channels": channels,
		"commands": commands, "shortcuts": shortcuts,
		"bot": object{
			"user_id": w.bot.ID, "app_id": w.appID, "name": w.bot.Name,
			"connected": len(w.sockets) > 0, "sockets": len(w.sockets),
			"home_tab": w.manifest.Features.AppHome.HomeTabEnabled,
		},
		"messages": messages, "home": w.pageView(w.homes[u.ID]), "view": w.pageView(w.top(u)),
		"stack": len(w.stacks[u.ID]), "statuses": statuses,
		"suggestions": append([]string{}, w.opts.Suggestions...), "traffic": slices.Clone(w.traffic),
	}
}

// routePage adds the chat page and its API.
func (w *Workspace) routePage(mux *http.ServeMux) {
	mux.Handle("GET /ui/state", w.guard(w.serveState))
	mux.Handle("GET /ui/socket", w.guard(w.servePage))
	for name, act := range map[string]func(context.Context, *Workspace, *User, request) (object, error){
		"send": pageSend, "action": pageAction, "options": pageOptions, "submit": pageSubmit,
		"close": pageClose, "shortcut": pageShortcut, "home": pageHome, "join": pageJoin,
	} {
		mux.Handle("POST /ui/"+name, w.guard(func(rw http.ResponseWriter, r *http.Request) { w.serveAct(rw, r, act) }))
	}
	files := http.FileServerFS(w.opts.Page)
	mux.Handle("/", w.guard(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(rw, "there is nothing to send to here", http.StatusMethodNotAllowed)
			return
		}
		h := rw.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: http: https:; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if r.URL.Path == "/" || strings.HasSuffix(r.URL.Path, ".html") {
			h.Set("Cache-Control", "no-cache")
		}
		files.ServeHTTP(rw, r)
	}))
}

// guard lets only this machine's own pages in: a page from elsewhere could
// otherwise reach the workspace through the visitor's browser, by a name that
// it points here (DNS rebinding) or by a cross-origin request.
func (w *Workspace) guard(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !w.knownHost(r.Host) {
			http.Error(rw, "this page is served only under its own address, "+w.URL(), http.StatusMisdirectedRequest)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			u, err := url.Parse(origin)
			if err != nil || u.Host != r.Host {
				http.Error(rw, "requests from other origins are not answered", http.StatusForbidden)
				return
			}
		}
		next(rw, r)
	})
}

func (w *Workspace) knownHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" || slices.Contains(w.opts.Hosts, host) {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (w *Workspace) person(r *http.Request) *User {
	w.mu.Lock()
	defer w.mu.Unlock()
	who := r.URL.Query().Get("user")
	if who == "" {
		return w.users[0]
	}
	u := w.user(who)
	if u == nil || u.IsBot {
		return nil
	}
	return u
}

func (w *Workspace) serveState(rw http.ResponseWriter, r *http.Request) {
	u := w.person(r)
	if u == nil {
		http.Error(rw, "there is no such person in this workspace", http.StatusNotFound)
		return
	}
	w.mu.Lock()
	body, err := json.Marshal(w.state(u))
	w.mu.Unlock()
	if err != nil {
		http.Error(rw, "the state could not be encoded", http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", jsonKind)
	rw.Header().Set("Cache-Control", "no-store")
	_, _ = rw.Write(body)
}

// servePage is the connection of one chat page.
func (w *Workspace) servePage(rw http.ResponseWriter, r *http.Request) {
	u := w.person(r)
	if u == nil {
		http.Error(rw, "there is no such person in this workspace", http.StatusNotFound)
		return
	}
	upgrader := websocket.Upgrader{} // takes the page's own origin only
	conn, err := upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	p := &page{user: u, conn: conn, out: make(chan any, 512), gone: make(chan struct{})}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		_ = conn.Close()
		return
	}
	w.wg.Add(1)
	defer w.wg.Done()
	p.put(object{"type": "state", "state": w.state(u)})
	w.pages[p] = true
	w.mu.Unlock()
	w.wg.Go(func() { p.write() })
	conn.SetReadLimit(1 << 16)
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			break
		}
	}
	p.close()
	w.mu.Lock()
	delete(w.pages, p)
	w.mu.Unlock()
}

func (p *page) write() {
	defer p.close()
	ping := time.NewTicker(20 * time.Second)
	defer ping.Stop()
	for {
		select {
		case <-p.gone:
			return
		case <-ping.C:
			if p.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(10*time.Second)) != nil {
				return
			}
		case frame := <-p.out:
			body, err := json.Marshal(frame)
			if err != nil {
				return
			}
			if p.conn.SetWriteDeadline(time.Now().Add(10*time.Second)) != nil || p.conn.WriteMessage(websocket.TextMessage, body) != nil {
				return
			}
		}
	}
}

// request is the body of a page's POST.
type request struct {
	User       string                       `json:"user"`
	ID         string                       `json:"id"`
	Channel    string                       `json:"channel"`
	TS         string                       `json:"ts"`
	ThreadTS   string                       `json:"thread_ts"`
	Text       string                       `json:"text"`
	ViewID     string                       `json:"view_id"`
	Action     map[string]any               `json:"action"`
	ActionID   string                       `json:"action_id"`
	BlockID    string                       `json:"block_id"`
	Value      string                       `json:"value"`
	CallbackID string                       `json:"callback_id"`
	Who        string                       `json:"who"`
	State      struct{ Values stateValues } `json:"state"`
}

func (w *Workspace) serveAct(rw http.ResponseWriter, r *http.Request, act func(context.Context, *Workspace, *User, request) (object, error)) {
	answer := func(status int, o object) {
		rw.Header().Set("Content-Type", jsonKind)
		rw.WriteHeader(status)
		_ = json.NewEncoder(rw).Encode(o)
	}
	// A form or a plain text can be sent across origins without asking; JSON
	// cannot.
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		answer(http.StatusUnsupportedMediaType, object{"ok": false, "error": "The body must be JSON."})
		return
	}
	var q request
	decoder := json.NewDecoder(http.MaxBytesReader(rw, r.Body, bodyLimit))
	decoder.UseNumber()
	if err := decoder.Decode(&q); err != nil {
		answer(http.StatusBadRequest, object{"ok": false, "error": "The body could not be read as JSON."})
		return
	}
	w.mu.Lock()
	u := w.user(q.User)
	w.mu.Unlock()
	if u == nil || u.IsBot {
		answer(http.StatusNotFound, object{"ok": false, "error": "There is no such person in this workspace."})
		return
	}
	o, err := act(r.Context(), w, u, q)
	if err != nil {
		answer(http.StatusOK, object{"ok": false, "error": err.Error()})
		return
	}
	if o == nil {
		o = object{}
	}
	o["ok"] = true
	answer(http.StatusOK, o)
}

// pageSend takes what was typed into the composer: a message, or a command.
func pageSend(_ context.Context, w *Workspace, u *User, q request) (object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, err := w.conversation(u, q.Channel)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(q.Text)
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") {
		m, err := w.say(u, c, q.ThreadTS, q.Text)
		if err != nil {
			return nil, err
		}
		return object{"ts": m.TS}, nil
	}
	command, rest := text, ""
	if i := strings.IndexAny(text, " \n\t"); i >= 0 {
		command, rest = text[:i], text[i+1:]
	}
	if q.ThreadTS != "" {
		return nil, errorf("%s is not supported in threads. Sorry!", command)
	}
	if command == "/invite" {
		return nil, w.invite(u, c, strings.TrimSpace(rest))
	}
	_, err = w.runSlash(u, c, command, rest)
	return nil, err
}

// find finds the place that a request names. w.mu is held.
func (q request) find(w *Workspace, u *User) (place, error) {
	if q.ViewID != "" {
		return View{ID: q.ViewID}.find(w, u)
	}
	return Message{Channel: q.Channel, TS: q.TS}.find(w, u)
}

// take takes over the values of elements as the page holds them. w.mu is held.
func (p place) take(u *User, values stateValues) {
	for _, e := range p.elements() {
		value, ok := values[e.blockID][e.actionID()]
		key, _, _ := valueKey(e.kind())
		if !ok || key == "" {
			continue
		}
		p.choose(u, e.blockID, e.actionID(), object{"type": e.kind(), key: value[key]})
	}
}

func (p place) element(blockID, actionID string) (element, error) {
	for _, e := range p.elements() {
		if e.actionID() == actionID && (blockID == "" || e.blockID == blockID) {
			return e, nil
		}
	}
	return element{}, errorf("There is no such element any more.")
}

func pageAction(_ context.Context, w *Workspace, u *User, q request) (object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, err := q.find(w, u)
	if err != nil {
		return nil, err
	}
	action := args(q.Action)
	e, err := p.element(action.str("block_id"), action.str("action_id"))
	if err != nil {
		return nil, err
	}
	p.take(u, q.State.Values)
	given := object{}
	key, _, _ := valueKey(e.kind())
	if e.kind() == "overflow" {
		key = "selected_option"
	}
	if key != "" {
		given[key] = q.Action[key]
	}
	d, err := w.use(u, p, e, given, func(state EnvelopeState) { w.actionState(u, q.ID, state) })
	if err != nil {
		return nil, err
	}
	if d == nil {
		w.actionState(u, q.ID, Acknowledged)
		return nil, nil
	}
	if d.envelope.State == Sent {
		d.acked = func(json.RawMessage) { w.actionState(u, q.ID, Acknowledged) }
	}
	return nil, nil
}

func pageOptions(ctx context.Context, w *Workspace, u *User, q request) (object, error) {
	w.mu.Lock()
	p, err := q.find(w, u)
	var e element
	if err == nil {
		e, err = p.element(q.BlockID, q.ActionID)
	}
	if err != nil {
		w.mu.Unlock()
		return nil, err
	}
	if len([]rune(q.Value)) < e.leastQuery() {
		w.mu.Unlock()
		return object{"options": []option{}}, nil
	}
	o := object{}
	problem := ""
	d := w.suggestion(u, p, e, q.Value, func(options, groups []option, p string) {
		problem = p
		if groups != nil {
			o["option_groups"] = groups
		} else {
			o["options"] = append([]option{}, options...)
		}
	})
	w.mu.Unlock()
	if _, err := d.Wait(ctx); err != nil {
		return nil, err
	}
	if problem != "" {
		return nil, errorf("%s", problem)
	}
	return o, nil
}

func pageSubmit(ctx context.Context, w *Workspace, u *User, q request) (object, error) {
	w.mu.Lock()
	v := w.views[q.ViewID]
	if v == nil || v != w.top(u) {
		w.mu.Unlock()
		return nil, errorf("This window is not open any more.")
	}
	place{view: v}.take(u, q.State.Values)
	if problems := checkInputs(v); len(problems) > 0 {
		w.actionState(u, q.ID, Acknowledged)
		w.mu.Unlock()
		return object{"errors": problems}, nil
	}
	d := w.submit(u, v, func(state EnvelopeState) { w.actionState(u, q.ID, state) })
	w.mu.Unlock()
	if _, err := d.Wait(ctx); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case v.problem != "":
		return nil, errorf("%s", v.problem)
	case len(v.errors) > 0:
		return object{"errors": v.errors}, nil
	}
	return nil, nil
}

func pageClose(_ context.Context, w *Workspace, u *User, q request) (object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.views[q.ViewID]
	if v == nil || !slices.Contains(w.stacks[u.ID], v) {
		return nil, nil
	}
	w.closeView(u, v)
	return nil, nil
}

func pageShortcut(_ context.Context, w *Workspace, u *User, q request) (object, error) {
	if q.TS == "" {
		_, err := w.Shortcut(u.ID, q.CallbackID)
		return nil, err
	}
	_, err := w.MessageShortcut(u.ID, q.CallbackID, Message{Channel: q.Channel, TS: q.TS})
	return nil, err
}

func pageHome(_ context.Context, w *Workspace, u *User, _ request) (object, error) {
	return nil, w.OpenHome(u.ID)
}

func pageJoin(_ context.Context, w *Workspace, u *User, q request) (object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, err := w.conversation(u, q.Channel)
	if err != nil {
		return nil, err
	}
	// Anybody may join a public channel by themselves.
	if peer := w.user(q.Who); peer == u && c.kind == PublicChannel && !c.member(u.ID) && !c.archived {
		w.join(c, u, nil)
		return nil, nil
	}
	return nil, w.invite(u, c, q.Who)
}
