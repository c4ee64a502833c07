package workspace

import "encoding/json"

// PostAs makes another app than the one under test, which is there from its
// first message on, post with whatever metadata it likes, in a thread if thread
// is not empty. Who posted a message Slack says itself, and leaves no say in it
// to the app: its bot_id, app_id and user are that app's ("Message event",
// https://docs.slack.dev/reference/events/message).
func (w *Workspace) PostAs(app, where, thread, text string, metadata json.RawMessage) (Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channel(where)
	if c == nil || c.archived {
		return Message{}, errorf("there is no channel %q to post in", where)
	}
	u := w.user(app)
	if u == nil {
		u = &User{
			ID: w.newID("U"), Name: app, RealName: app, Color: "#718096", IsBot: true, TZ: "Etc/UTC", Initials: initials(app),
			appID: w.newID("A"), botID: w.newID("B"), appName: app,
		}
		w.users = append(w.users, u)
		w.restructured()
	}
	if u.botID == "" || u == w.bot {
		return Message{}, errorf("%q is no other app", app)
	}
	m := &message{Message: Message{User: u.ID, Text: text, ThreadTS: thread}, metadata: metadata}
	w.post(c, m)
	return m.snapshot(), nil
}
