package workspace

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of a response URL ("Handling user interaction in your Slack apps",
// https://docs.slack.dev/interactivity/handling-user-interaction).
const (
	hookUses = 5
	hookLife = 30 * time.Minute
)

// hookMethod is the name under which posts to response URLs are logged.
const hookMethod = "response_url"

// A hook is a response URL.
type hook struct {
	channel *channel
	user    *User
	// source is the message that was interacted with. A slash command has
	// none, so there is nothing for replace_original to replace: the answer is
	// posted as a new message
	// (https://github.com/slackapi/bolt-python/issues/1268).
	source  *message
	uses    int
	expires time.Time
}

// newHook makes a response URL; kind is "commands", "actions" or "app".
// w.mu is held.
func (w *Workspace) newHook(kind string, c *channel, u *User, source *message) string {
	address := "/" + kind + "/" + w.teamID + "/" + w.newID("") + "/" + secret(12)
	w.hooks[address] = &hook{channel: c, user: u, source: source, expires: w.clock.Now().Add(hookLife)}
	return w.base + address
}

func (w *Workspace) serveHook(rw http.ResponseWriter, r *http.Request) {
	began := w.clock.Now()
	a, err := readHook(http.MaxBytesReader(rw, r.Body, bodyLimit), r.Header.Get("Content-Type"))
	reply := plain(http.StatusBadRequest, "invalid_payload")
	if err == nil {
		reply = w.respondTo(r.URL.Path, a)
	}
	w.finish(r.Context(), rw, Call{Method: hookMethod, URL: w.base + r.URL.Path, Args: a, At: began}, reply)
}

func readHook(body io.Reader, contentType string) (args, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	if kind, _, _ := mime.ParseMediaType(contentType); kind == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			return nil, err
		}
		raw = []byte(form.Get("payload"))
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	a := args{}
	if err := decoder.Decode(&a); err != nil {
		return nil, err
	}
	return a, nil
}

func plain(status int, body string) answer {
	return answer{status: status, kind: "text/html", body: []byte(body)}
}

func refused(code string) answer {
	a := failure(fail(code))
	a.status = http.StatusNotFound
	return a
}

// respondTo takes a post to a response URL.
func (w *Workspace) respondTo(address string, a args) answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.hooks[address]
	switch {
	case h == nil || w.closed:
		return plain(http.StatusNotFound, "no_service")
	case w.clock.Now().After(h.expires):
		return refused("expired_url")
	case h.uses >= hookUses:
		return refused("used_url")
	}
	if limit, ok := w.opts.RateLimits[hookMethod]; ok {
		if wait := w.limited(hookMethod, limit); wait > 0 {
			return tooMany(wait)
		}
	}
	f := w.fault(hookMethod)
	if f != nil && !f.Applied {
		return f.answer()
	}
	reply := w.useHook(h, a)
	if f != nil {
		return f.answer()
	}
	return reply
}

func (w *Workspace) useHook(h *hook, a args) answer {
	if err := w.respond(h, a); err != nil {
		code := "invalid_payload"
		if e, ok := errors.AsType[*apiError](err); ok {
			code = e.code
		}
		return plain(http.StatusBadRequest, code)
	}
	h.uses++
	return plain(http.StatusOK, "ok")
}

// respond shows an answer to a command or an interaction. w.mu is held.
func (w *Workspace) respond(h *hook, a args) error {
	original := h.source
	if original != nil && h.channel.message(original.TS) != original {
		original = nil
	}
	if a.boolean("delete_original") {
		if original != nil {
			w.remove(h.channel, original)
		}
		return nil
	}
	said, err := w.readContent(a, 0, false)
	if err != nil {
		return err
	}
	if said.empty() {
		return fail("no_text")
	}
	if a.boolean("replace_original") && h.source != nil {
		if original == nil {
			return fail("message_not_found")
		}
		before := w.messageObject(original)
		original.Text, original.Blocks, original.Attachments = said.text, said.blocks, said.attachments
		w.edited(h.channel, original, false, before)
		return nil
	}
	m := &message{Message: Message{
		User: w.bot.ID, App: true, Text: said.text, Blocks: said.blocks, Attachments: said.attachments,
		ThreadTS: a.str("thread_ts"),
	}, hooked: true}
	if a.str("response_type") != "in_channel" {
		m.Ephemeral, m.Viewer = true, h.user.ID
	}
	w.post(h.channel, m)
	return nil
}
