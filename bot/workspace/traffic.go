package workspace

import (
	"encoding/json"
	"slices"
	"time"
)

// Traffic is one entry of the inspector: something that went between the
// workspace and the app.
type Traffic struct {
	N     int             `json:"n"`
	At    time.Time       `json:"at"`
	Dir   string          `json:"dir"`  // "in" to the workspace, "out" to the app
	Kind  string          `json:"kind"` // envelope, ack, api, response_url or socket
	Title string          `json:"title"`
	MS    int64           `json:"ms"` // how long the answer took
	Body  json.RawMessage `json:"body"`
	Reply json.RawMessage `json:"reply"`
}

// trafficMost is how many entries are kept.
const trafficMost = 200

// record adds an entry. w.mu is held.
func (w *Workspace) record(dir, kind, title string, took time.Duration, body, reply any) {
	w.lastN++
	t := Traffic{
		N: w.lastN, At: w.clock.Now().UTC(), Dir: dir, Kind: kind, Title: title, MS: took.Milliseconds(),
		Body: encode(body), Reply: encode(reply),
	}
	w.traffic = append(w.traffic, t)
	if len(w.traffic) > trafficMost {
		w.traffic = slices.Clone(w.traffic[len(w.traffic)-trafficMost:])
	}
	w.frames(func(*User) any { return object{"type": "traffic", "entry": t} })
}

func encode(v any) json.RawMessage {
	if raw, ok := v.(json.RawMessage); ok {
		if len(raw) == 0 {
			return json.RawMessage("null")
		}
		return raw
	}
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}
