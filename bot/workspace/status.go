package workspace

import (
	"time"
)

// statusLife is how long a status shows without being renewed
// ("assistant.threads.setStatus",
// https://docs.slack.dev/reference/methods/assistant.threads.setStatus).
const statusLife = 2 * time.Minute

// A status is the "is thinking…" line under a thread.
type status struct {
	text  string
	timer Timer
}

func assistantSetStatus(w *Workspace, a args) (object, error) {
	c, err := w.reachable(a.str("channel_id"))
	if err != nil {
		return nil, err
	}
	thread := a.str("thread_ts")
	if c.message(thread) == nil {
		return nil, fail("invalid_thread_ts")
	}
	w.clearStatus(c, thread)
	if text := a.str("status"); text != "" {
		key := c.id + "/" + thread
		s := &status{text: text}
		w.statuses[key] = s
		s.timer = w.clock.AfterFunc(statusLife, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.statuses[key] == s {
				w.clearStatus(c, thread)
			}
		})
		w.showStatus(c, thread, text)
	}
	return object{}, nil
}

// clearStatus ends a thread's status, as a reply of the app's does. w.mu is
// held.
func (w *Workspace) clearStatus(c *channel, thread string) {
	key := c.id + "/" + thread
	if s := w.statuses[key]; s != nil {
		s.timer.Stop()
		delete(w.statuses, key)
		w.showStatus(c, thread, "")
	}
}

// Status returns the assistant status that shows under a thread, "" for none.
func (w *Workspace) Status(channel, thread string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channel(channel)
	if c == nil {
		return ""
	}
	if s := w.statuses[c.id+"/"+thread]; s != nil {
		return s.text
	}
	return ""
}
