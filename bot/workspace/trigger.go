package workspace

import (
	"strconv"
	"time"
)

// A trigger is what lets the app open a modal in answer to what a user did.
type trigger struct {
	user    *User
	view    *view // the modal in which it happened, if it was in one
	expires time.Time
	used    bool
}

// newTrigger makes a trigger id. w.mu is held.
func (w *Workspace) newTrigger(u *User, v *view) string {
	w.lastID++
	id := strconv.FormatInt(w.clock.Now().UnixMilli(), 10) + "." + strconv.Itoa(w.lastID) + "." + secret(16)
	w.triggers[id] = &trigger{user: u, view: v, expires: w.clock.Now().Add(w.opts.TriggerLife)}
	return id
}

// pull uses a trigger id up.
func (w *Workspace) pull(id string) (*trigger, error) {
	t := w.triggers[id]
	switch {
	case t == nil:
		return nil, fail("invalid_trigger_id")
	case t.used:
		return nil, fail("exchanged_trigger_id")
	case w.clock.Now().After(t.expires):
		return nil, fail("expired_trigger_id")
	}
	t.used = true
	return t, nil
}
