package workspace

import (
	"encoding/json"
	"slices"
	"strings"
)

// A Prompt is a question that the app suggests in a thread with its assistant.
type Prompt struct {
	Title   string `json:"title"`
	Message string `json:"message"`
}

// mostPrompts is how many prompts a thread takes
// ("assistant.threads.setSuggestedPrompts",
// https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts).
const mostPrompts = 4

// OpenAssistant makes a user open a new thread with the app's assistant: the
// app gets assistant_thread_started, and what the user says in the thread is a
// direct message ("assistant_thread_started event",
// https://docs.slack.dev/reference/events/assistant_thread_started). It returns
// the thread's first message.
func (w *Workspace) OpenAssistant(user string) (Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(user)
	if u == nil || u.IsBot {
		return Message{}, errorf("there is no person %q in this workspace", user)
	}
	if w.manifest.Features.AssistantView == nil {
		return Message{}, errorf("the app has no assistant")
	}
	c := w.direct(u.ID)
	m := &message{Message: Message{User: w.bot.ID, App: true, Text: "New Assistant Thread", Subtype: "assistant_app_thread"}}
	w.post(c, m)
	w.event("assistant_thread_started", "assistant:write", object{
		"type": "assistant_thread_started",
		"assistant_thread": object{
			"user_id": u.ID, "channel_id": c.id, "thread_ts": m.TS,
			"context": object{"channel_id": "", "team_id": w.teamID, "enterprise_id": nil},
		},
	})
	return m.snapshot(), nil
}

// Prompts returns what the app suggests in a thread, none where it has not.
func (w *Workspace) Prompts(channel, thread string) []Prompt {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channel(channel)
	if c == nil {
		return nil
	}
	return slices.Clone(w.prompts[c.id+"/"+thread])
}

// assistantThread finds the thread that a call is about; only direct messages
// have them.
func (w *Workspace) assistantThread(a args) (*channel, string, error) {
	c, err := w.reachable(a.str("channel_id"))
	if err != nil {
		return nil, "", err
	}
	thread := a.str("thread_ts")
	switch {
	case c.kind != DirectMessage:
		return nil, "", fail("invalid_arguments")
	case thread != "" && c.message(thread) == nil:
		return nil, "", fail("invalid_thread_ts")
	}
	return c, thread, nil
}

func assistantSetSuggestedPrompts(w *Workspace, a args) (object, error) {
	c, thread, err := w.assistantThread(a)
	if err != nil {
		return nil, err
	}
	var prompts []Prompt
	if json.Unmarshal(a.raw("prompts"), &prompts) != nil || len(prompts) == 0 || len(prompts) > mostPrompts {
		return nil, fail("invalid_arguments")
	}
	for _, p := range prompts {
		if strings.TrimSpace(p.Title) == "" || strings.TrimSpace(p.Message) == "" {
			return nil, fail("invalid_arguments")
		}
	}
	if w.prompts == nil {
		w.prompts = map[string][]Prompt{}
	}
	w.prompts[c.id+"/"+thread] = prompts
	w.change()
	return object{}, nil
}

func assistantSetTitle(w *Workspace, a args) (object, error) {
	if _, _, err := w.assistantThread(a); err != nil {
		return nil, err
	}
	if strings.TrimSpace(a.str("title")) == "" {
		return nil, fail("invalid_arguments")
	}
	return object{}, nil
}
