package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Call is one call of the Web API, or one post to a response URL, which has
// the method "response_url".
type Call struct {
	N      int
	Method string
	// URL is the response URL, of a post to one.
	URL string
	// Args are the arguments without the token; JSON arguments are decoded.
	Args   map[string]any
	Status int // of the HTTP response; 0 if the call was left hanging
	// Reply is the JSON body of the response, or a JSON string where the body
	// was not JSON.
	Reply json.RawMessage
	At    time.Time
	Took  time.Duration
}

// Arg returns an argument as text, "" where it was not given.
func (c Call) Arg(name string) string { return args(c.Args).str(name) }

// OK reports whether the call did what it was asked to.
func (c Call) OK() bool {
	var reply struct {
		OK bool `json:"ok"`
	}
	if c.Method == hookMethod {
		return c.Status == http.StatusOK
	}
	return json.Unmarshal(c.Reply, &reply) == nil && reply.OK
}

// Err returns the error code of a call that failed, such as "not_in_channel".
func (c Call) Err() string {
	var reply struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(c.Reply, &reply)
	return reply.Error
}

// A Rate is a rate limit: so many calls in any period of that length.
type Rate struct {
	Calls int
	Per   time.Duration
}

// Tiers are Slack's own rate limits of the methods that this workspace serves
// ("Rate limits", https://docs.slack.dev/apis/web-api/rate-limits). The limits
// are published as minimums; a workspace with these is stricter than Slack at
// bursts.
var Tiers = tiers()

func tiers() map[string]Rate {
	limits := map[string]Rate{}
	for per, names := range map[int]string{
		1:  "apps.connections.open",
		20: "conversations.list users.list usergroups.list usergroups.users.list reactions.remove",
		50: "chat.update chat.delete chat.unfurl conversations.info conversations.open conversations.join " +
			"conversations.history conversations.replies conversations.leave reactions.add bots.info team.info users.conversations",
		60:  "chat.postMessage", // one a second and channel
		100: "chat.postEphemeral conversations.members users.info views.open views.push views.update views.publish assistant.threads.setStatus",
	} {
		for name := range strings.FieldsSeq(names) {
			limits[name] = Rate{Calls: per, Per: time.Minute}
		}
	}
	return limits
}

// A Fault is something that goes wrong with a call.
type Fault struct {
	// Error is an error code to answer with, such as "internal_error".
	Error string
	// Status is an HTTP status to answer with, such as 503; the body is then
	// not JSON, as with Slack.
	Status int
	// RetryAfter makes the answer a 429 that asks to wait so long.
	RetryAfter time.Duration
	// Hang leaves the call without an answer until the caller gives up.
	Hang bool
	// Applied carries the call out before its answer goes wrong: the case in
	// which repeating it repeats its effect.
	Applied bool
	// Times is how many calls go wrong; 0 means all until ClearFaults.
	Times int
}

// Fail makes calls of a method go wrong; the method "response_url" stands for
// posts to response URLs, "*" for every method. Faults of a method come about
// in the order in which they were added.
func (w *Workspace) Fail(method string, f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults[method] = append(w.faults[method], &f)
}

// ClearFaults ends all faults.
func (w *Workspace) ClearFaults() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.faults)
}

// Calls returns the calls made so far, oldest first, those without an answer
// yet left out.
func (w *Workspace) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// CallsOf returns the calls of one method made so far, oldest first.
func (w *Workspace) CallsOf(method string) []Call {
	return slices.DeleteFunc(w.Calls(), func(c Call) bool { return c.Method != method })
}

// fault takes the fault that the next call of a method meets. w.mu is held.
func (w *Workspace) fault(method string) *Fault {
	for _, key := range []string{method, "*"} {
		list := w.faults[key]
		if len(list) == 0 {
			continue
		}
		f := *list[0]
		if list[0].Times > 0 {
			if list[0].Times--; list[0].Times == 0 {
				w.faults[key] = list[1:]
			}
		}
		return &f
	}
	return nil
}

// args are a call's arguments: strings from a form, any JSON from a JSON body.
type args map[string]any

func (a args) str(name string) string {
	switch v := a[name].(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	default:
		text, _ := json.Marshal(v)
		return string(text)
	}
}

func (a args) boolean(name string) bool {
	switch a.str(name) {
	case "true", "1":
		return true
	}
	return false
}

func (a args) integer(name string, standard int) int {
	n, err := strconv.Atoi(a.str(name))
	if err != nil {
		return standard
	}
	return n
}

func (a args) list(name string) []string {
	if l, ok := a[name].([]any); ok {
		var s []string
		for _, v := range l {
			if v, ok := v.(string); ok {
				s = append(s, v)
			}
		}
		return s
	}
	return strings.FieldsFunc(a.str(name), func(r rune) bool { return r == ',' || r == ' ' })
}

// raw returns a JSON argument, which may come as JSON or as a string of it;
// nil where it was not given.
func (a args) raw(name string) json.RawMessage {
	text := a.str(name)
	if text == "" || text == "null" {
		return nil
	}
	return json.RawMessage(text)
}

// within reports whether a timestamp is in the range that oldest, latest and
// inclusive give.
func (a args) within(ts string) bool {
	oldest, latest := a.str("oldest"), a.str("latest")
	if a.boolean("inclusive") && (ts == oldest || ts == latest) {
		return true
	}
	return (oldest == "" || oldest == "0" || ts > oldest) && (latest == "" || latest == "now" || ts < latest)
}

// apiError is an answer with "ok": false.
type apiError struct {
	code string
	more object
}

func (e *apiError) Error() string { return e.code }

func fail(code string) error { return &apiError{code: code} }

func failMore(code string, more object) error { return &apiError{code, more} }

// need fails unless the bot token has one of the scopes. w.mu need not be held.
func (w *Workspace) need(scopes ...string) error {
	for _, s := range scopes {
		if w.scopes[s] {
			return nil
		}
	}
	return failMore("missing_scope", object{"needed": strings.Join(scopes, ","), "provided": w.provided()})
}

func (w *Workspace) provided() string {
	return strings.Join(slices.Sorted(maps.Keys(w.scopes)), ",")
}

type method struct {
	call   func(*Workspace, args) (object, error)
	scopes []string // one of them is needed
	app    bool     // called with the app-level token
	open   bool     // called without any token
}

// methods is the Web API ("Methods", https://docs.slack.dev/reference/methods).
var methods = map[string]method{
	"api.test":                              {call: apiTest, open: true},
	"apps.connections.open":                 {call: appsConnectionsOpen, app: true},
	"assistant.threads.setStatus":           {call: assistantSetStatus, scopes: []string{"assistant:write", "chat:write"}},
	"assistant.threads.setSuggestedPrompts": {call: assistantSetSuggestedPrompts, scopes: []string{"assistant:write"}},
	"assistant.threads.setTitle":            {call: assistantSetTitle, scopes: []string{"assistant:write"}},
	"auth.test":                             {call: authTest},
	"blocks.validate":                       {call: blocksValidate, open: true},
	"bots.info":                             {call: botsInfo, scopes: []string{"users:read"}},
	"chat.delete":                           {call: chatDelete, scopes: []string{"chat:write"}},
	"chat.getPermalink":                     {call: chatGetPermalink},
	"chat.postEphemeral":                    {call: chatPostEphemeral, scopes: []string{"chat:write"}},
	"chat.postMessage":                      {call: chatPostMessage, scopes: []string{"chat:write"}},
	"chat.unfurl":                           {call: chatUnfurl, scopes: []string{"links:write"}},
	"chat.update":                           {call: chatUpdate, scopes: []string{"chat:write"}},
	"conversations.history":                 {call: conversationsHistory},
	"conversations.info":                    {call: conversationsInfo},
	"conversations.join":                    {call: conversationsJoin, scopes: []string{"channels:join"}},
	"conversations.leave":                   {call: conversationsLeave, scopes: []string{"channels:manage", "groups:write"}},
	"conversations.list":                    {call: conversationsList},
	"conversations.members":                 {call: conversationsMembers},
	"conversations.open":                    {call: conversationsOpen, scopes: []string{"im:write", "mpim:write"}},
	"conversations.replies":                 {call: conversationsReplies},
	"reactions.add":                         {call: reactionsAdd, scopes: []string{"reactions:write"}},
	"reactions.remove":                      {call: reactionsRemove, scopes: []string{"reactions:write"}},
	"team.info":                             {call: teamInfo, scopes: []string{"team:read"}},
	"usergroups.list":                       {call: usergroupsList, scopes: []string{"usergroups:read"}},
	"usergroups.users.list":                 {call: usergroupsUsersList, scopes: []string{"usergroups:read"}},
	"users.conversations":                   {call: usersConversations},
	"users.getPresence":                     {call: usersGetPresence, scopes: []string{"users:read"}},
	"users.info":                            {call: usersInfo, scopes: []string{"users:read"}},
	"users.list":                            {call: usersList, scopes: []string{"users:read"}},
	"users.lookupByEmail":                   {call: usersLookupByEmail, scopes: []string{"users:read.email"}},
	"views.open":                            {call: viewsOpen},
	"views.publish":                         {call: viewsPublish},
	"views.push":                            {call: viewsPush},
	"views.update":                          {call: viewsUpdate},
}

// bodyLimit is how much of a request's body is read, in bytes.
const bodyLimit = 4 << 20

// answer is what a call comes to.
type answer struct {
	status     int
	body       []byte
	kind       string // content type
	retryAfter time.Duration
	hang       bool
}

func (w *Workspace) serveAPI(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	began := w.clock.Now()
	r.Body = http.MaxBytesReader(rw, r.Body, bodyLimit)
	a, token, warning, err := readCall(r)
	var reply answer
	if err != nil {
		reply = failure(err)
	} else {
		reply = w.call(name, a, token, warning)
	}
	rw.Header().Set("X-OAuth-Scopes", w.headerScopes(token))
	if m := methods[name]; len(m.scopes) > 0 {
		rw.Header().Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes, ","))
	}
	rw.Header().Set("X-Slack-Req-Id", secret(16))
	w.finish(r.Context(), rw, Call{Method: name, Args: a, At: began}, reply)
}

// finish sends an answer and logs the call.
func (w *Workspace) finish(ctx context.Context, rw http.ResponseWriter, c Call, reply answer) {
	c.Status, c.Took = reply.status, w.clock.Now().Sub(c.At)
	switch {
	case json.Valid(reply.body):
		c.Reply = reply.body
	case reply.body != nil:
		c.Reply, _ = json.Marshal(string(reply.body))
	}
	w.mu.Lock()
	c.N = len(w.calls) + 1
	if reply.hang {
		c.Status = 0
	}
	w.calls = append(w.calls, c)
	kind := "api"
	if c.Method == hookMethod {
		kind = "response_url"
	}
	w.record("in", kind, c.Method, c.Took, c.Args, c.Reply)
	w.change()
	w.mu.Unlock()
	w.log.Debug("call", "method", c.Method, "status", c.Status, "error", c.Err())
	if reply.hang {
		<-ctx.Done()
		panic(http.ErrAbortHandler)
	}
	if reply.retryAfter > 0 {
		seconds := int((reply.retryAfter + time.Second - 1) / time.Second)
		rw.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	rw.Header().Set("Content-Type", reply.kind)
	rw.WriteHeader(reply.status)
	_, _ = rw.Write(reply.body) // the caller has gone: nothing to be done
}

func (w *Workspace) headerScopes(token string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case slices.Contains(w.tokens.bot, token):
		return w.provided()
	case slices.Contains(w.tokens.app, token):
		return "connections:write"
	}
	return ""
}

const jsonKind = "application/json; charset=utf-8"

func failure(err error) answer {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		e = &apiError{code: "internal_error"}
	}
	reply := object{"ok": false, "error": e.code}
	maps.Copy(reply, e.more)
	body, _ := json.Marshal(reply)
	return answer{status: http.StatusOK, body: body, kind: jsonKind}
}

// call carries out a call: token, rate limit, faults, scopes, method.
func (w *Workspace) call(name string, a args, token, warning string) answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return answer{status: http.StatusServiceUnavailable, kind: "text/html"}
	}
	m, known := methods[name]
	if !known {
		return failure(failMore("unknown_method", object{"req_method": name}))
	}
	if limit, ok := w.opts.RateLimits[name]; ok {
		key := name
		if name == "chat.postMessage" { // limited in each channel by itself
			key += " " + a.str("channel")
		}
		if wait := w.limited(key, limit); wait > 0 {
			return tooMany(wait)
		}
	}
	f := w.fault(name)
	if f != nil && !f.Applied {
		return f.answer()
	}
	reply := w.carryOut(m, a, token, warning)
	if f != nil {
		return f.answer()
	}
	return reply
}

func (w *Workspace) carryOut(m method, a args, token, warning string) answer {
	if err := w.authorize(m, token); err != nil {
		return failure(err)
	}
	reply, err := m.call(w, a)
	if err != nil {
		return failure(err)
	}
	if reply == nil {
		reply = object{}
	}
	reply["ok"] = true
	if warning != "" && reply["warning"] == nil {
		reply["warning"] = warning
		meta, _ := reply["response_metadata"].(object)
		if meta == nil {
			meta = object{}
		}
		meta["warnings"] = []string{warning}
		reply["response_metadata"] = meta
	}
	body, err := json.Marshal(reply)
	if err != nil {
		return failure(err)
	}
	return answer{status: http.StatusOK, body: body, kind: jsonKind}
}

func (w *Workspace) authorize(m method, token string) error {
	if m.open {
		return nil
	}
	if err := w.tokens.admit(m, token); err != nil {
		return err
	}
	if len(m.scopes) > 0 {
		return w.need(m.scopes...)
	}
	return nil
}

// limited counts a call against a rate limit and returns how long to wait
// before the next, 0 if it may go ahead.
func (w *Workspace) limited(name string, limit Rate) time.Duration {
	now := w.clock.Now()
	recent := slices.DeleteFunc(w.windows[name], func(t time.Time) bool { return now.Sub(t) >= limit.Per })
	if len(recent) >= limit.Calls {
		w.windows[name] = recent
		if len(recent) == 0 {
			return limit.Per
		}
		return limit.Per - now.Sub(recent[0])
	}
	w.windows[name] = append(recent, now)
	return 0
}

func tooMany(wait time.Duration) answer {
	body, _ := json.Marshal(object{"ok": false, "error": "ratelimited"})
	return answer{status: http.StatusTooManyRequests, body: body, kind: jsonKind, retryAfter: wait}
}

func (f *Fault) answer() answer {
	switch {
	case f.Hang:
		return answer{hang: true}
	case f.RetryAfter > 0:
		return tooMany(f.RetryAfter)
	case f.Status != 0:
		return answer{status: f.Status, kind: "text/html", body: []byte("<html><body>" + http.StatusText(f.Status) + "</body></html>")}
	default:
		return failure(fail(f.Error))
	}
}

// readCall reads a call's arguments and token. The token comes in the
// Authorization header, or as an argument of a form; never in a JSON body
// ("Using the Slack Web API", https://docs.slack.dev/apis/web-api).
func readCall(r *http.Request) (a args, token, warning string, err error) {
	a = args{}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = strings.TrimSpace(bearer)
	}
	form := func(values url.Values) {
		for name := range values {
			if name == "token" {
				if token == "" {
					token = values.Get(name)
				}
				continue
			}
			a[name] = values.Get(name)
		}
	}
	form(r.URL.Query())
	switch r.Method {
	case http.MethodGet:
		return a, token, "", nil
	case http.MethodPost:
	default:
		return a, token, "", fail("invalid_request_method")
	}
	contentType := r.Header.Get("Content-Type")
	kind, params, parseErr := mime.ParseMediaType(contentType)
	if contentType != "" && parseErr != nil {
		return a, token, "", fail("invalid_post_type")
	}
	switch kind {
	case "application/json":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return a, token, "", fail("request_timeout")
		}
		if params["charset"] == "" {
			warning = "missing_charset"
		}
		if len(body) == 0 {
			return a, token, warning, nil
		}
		decoder := json.NewDecoder(strings.NewReader(string(body)))
		decoder.UseNumber()
		var given map[string]any
		if decoder.Decode(&given) != nil {
			return a, token, "", fail("invalid_json")
		}
		delete(given, "token")
		maps.Copy(a, given)
	case "application/x-www-form-urlencoded", "":
		if err := r.ParseForm(); err != nil {
			return a, token, "", fail("invalid_form_data")
		}
		form(r.PostForm)
	case "multipart/form-data":
		if err := r.ParseMultipartForm(bodyLimit); err != nil {
			return a, token, "", fail("invalid_form_data")
		}
		form(r.MultipartForm.Value)
	default:
		return a, token, "", fail("invalid_post_type")
	}
	return a, token, warning, nil
}

func apiTest(_ *Workspace, a args) (object, error) {
	if code := a.str("error"); code != "" {
		return nil, failMore(code, object{"args": a})
	}
	return object{"args": a}, nil
}

func authTest(w *Workspace, _ args) (object, error) {
	return object{
		"url": "https://" + w.domain + ".slack.com/", "team": "Example", "user": w.bot.Name,
		"team_id": w.teamID, "user_id": w.bot.ID, "bot_id": w.botID, "is_enterprise_install": false,
	}, nil
}

func botsInfo(w *Workspace, a args) (object, error) {
	if id := a.str("bot"); id != "" && id != w.botID {
		return nil, fail("bot_not_found")
	}
	return object{"bot": w.botProfile(w.bot)}, nil
}

func teamInfo(w *Workspace, _ args) (object, error) {
	return object{"team": object{
		"id": w.teamID, "name": "Example", "domain": w.domain, "url": "https://" + w.domain + ".slack.com/",
		"email_domain": "example.com", "icon": object{"image_default": true},
	}}, nil
}
