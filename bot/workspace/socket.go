package workspace

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// socketsMost is how many connections an app can have open ("Using Socket
	// Mode", https://docs.slack.dev/apis/events-api/using-socket-mode).
	socketsMost = 10
	// frameMost is the size in bytes at which an app's frame is dropped
	// (https://github.com/slack-go/slack/issues/1196).
	frameMost = 20_480
	// ticketLife is how long a connection's address can be dialled.
	ticketLife = 30 * time.Second
	// debugLife is how long connections live that are opened with
	// debug_reconnects, for testing ("Using Socket Mode").
	debugLife = 360 * time.Second
)

// The reasons for a disconnect ("Using Socket Mode").
const (
	Warning           = "warning"             // the connection will be closed in some ten seconds
	RefreshRequested  = "refresh_requested"   // the connection is closed; open a new one
	LinkDisabled      = "link_disabled"       // Socket Mode was switched off
	TooManyWebsockets = "too_many_websockets" // more than ten connections
)

// A ticket is a connection's address that nobody has dialled yet.
type ticket struct {
	expires time.Time
}

// A socket is one of the app's connections.
type socket struct {
	n    int
	conn *websocket.Conn
	tap  *tapConn
	out  chan []byte // closed connections stop reading it
	gone chan struct{}
	once sync.Once

	frozen bool // neither pings nor envelopes get through; w.mu guards it
	life   Timer
}

func appsConnectionsOpen(w *Workspace, _ args) (object, error) {
	if w.disabled {
		return nil, fail("socket_mode_not_enabled")
	}
	now := w.clock.Now()
	for id, t := range w.tickets {
		if now.After(t.expires) {
			delete(w.tickets, id)
		}
	}
	id := secret(16)
	w.tickets[id] = ticket{expires: now.Add(ticketLife)}
	return object{"url": "ws" + w.base[len("http"):] + "/link?ticket=" + id + "&app_id=" + w.appID}, nil
}

// serveSocket is a Socket Mode connection, from the upgrade to its end.
func (w *Workspace) serveSocket(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	id := r.URL.Query().Get("ticket")
	t, ok := w.tickets[id]
	delete(w.tickets, id)
	ok = ok && !w.clock.Now().After(t.expires) && !w.closed
	how, cut := Break(""), false
	if ok {
		how, cut = w.due(InConnecting)
	}
	w.mu.Unlock()
	if !ok {
		http.Error(rw, "this ticket is unknown, used or expired", http.StatusForbidden)
		return
	}
	if cut {
		w.cutHandshake(rw, r, how)
		return
	}
	// The ticket is what lets a client in: it comes without cookies and from
	// anywhere.
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	s := &socket{conn: conn, out: make(chan []byte, 256), gone: make(chan struct{})}
	if tap, ok := conn.NetConn().(*tapConn); ok {
		tap.start()
		s.tap = tap
	}

	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		_ = conn.Close()
		return
	}
	w.wg.Add(1)
	defer w.wg.Done()
	w.lastConn++
	s.n = w.lastConn
	if how, cut := w.due(BeforeHello); cut {
		w.part(s, how)
		w.mu.Unlock()
		w.cutSpeechless(s, how)
		return
	}
	crowded := len(w.sockets) >= socketsMost
	life := w.opts.SocketLife
	if ok, _ := strconv.ParseBool(r.URL.Query().Get("debug_reconnects")); ok {
		life = debugLife
	}
	if crowded {
		s.put(disconnectFrame(TooManyWebsockets))
		w.record("out", "socket", "disconnect: "+TooManyWebsockets, 0, nil, nil)
	} else {
		w.sockets = append(w.sockets, s)
		w.record("out", "socket", fmt.Sprintf("hello on connection %d", s.n), 0, nil, nil)
		s.put(frameOf(object{
			"type": "hello", "num_connections": len(w.sockets),
			"debug_info": object{
				"host": "applink-" + strconv.Itoa(s.n), "build_number": 1, "approximate_connection_time": 18060,
			},
			"connection_info": object{"app_id": w.appID},
		}))
		if life > 0 {
			s.life = w.clock.AfterFunc(life, func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.disconnect(s, RefreshRequested)
			})
		}
		w.connected()
	}
	w.change()
	w.mu.Unlock()

	w.wg.Go(func() { s.write(w) })
	if crowded {
		s.end()
	}
	s.read(w)
	s.kill()

	w.mu.Lock()
	defer w.mu.Unlock()
	if s.life != nil {
		s.life.Stop()
	}
	if i := slices.Index(w.sockets, s); i >= 0 {
		w.sockets = slices.Delete(w.sockets, i, i+1)
		w.record("in", "socket", fmt.Sprintf("connection %d closed", s.n), 0, nil, nil)
		w.connected()
	}
	// Events that were under way on this connection go out again; commands and
	// interactions run into their deadline.
	for _, d := range w.envelopes {
		if d.envelope.Connection == s.n && d.envelope.State == Sent && d.envelope.Type == EventsAPI {
			w.lost(d, Undelivered)
		}
	}
	w.change()
}

func frameOf(o object) []byte {
	b, err := json.Marshal(o)
	if err != nil {
		panic("workspace: encoding a frame: " + err.Error())
	}
	return b
}

func disconnectFrame(reason string) []byte {
	return frameOf(object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "applink-1"}})
}

// put queues a frame; nil means that the connection ends after what is queued.
func (s *socket) put(frame []byte) {
	select {
	case s.out <- frame:
	default:
		s.kill() // a client that does not read
	}
}

// end closes the connection in good order, after what is queued.
func (s *socket) end() { s.put(nil) }

// kill breaks the connection.
func (s *socket) kill() {
	s.once.Do(func() {
		close(s.gone)
		_ = s.conn.Close()
	})
}

func (s *socket) write(w *Workspace) {
	ping := time.NewTicker(w.opts.PingInterval)
	defer ping.Stop()
	for {
		var err error
		deadline := time.Now().Add(10 * time.Second)
		select {
		case <-s.gone:
			return
		case <-ping.C:
			w.mu.Lock()
			frozen := s.frozen
			w.mu.Unlock()
			if !frozen {
				err = s.conn.WriteControl(websocket.PingMessage, []byte("Ping from applink-"+strconv.Itoa(s.n)), deadline)
			}
		case frame := <-s.out:
			if frame == nil {
				// The reader stays until the client has closed its side:
				// closing with something unread could take the last frames
				// back from the client.
				_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), deadline)
				_ = s.conn.SetReadDeadline(time.Now().Add(time.Second))
				return
			}
			if err = s.conn.SetWriteDeadline(deadline); err == nil {
				err = s.conn.WriteMessage(websocket.TextMessage, frame)
			}
		}
		if err != nil {
			s.kill()
			return
		}
	}
}

func (s *socket) read(w *Workspace) {
	s.conn.SetReadLimit(bodyLimit)
	for {
		kind, frame, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		fragmented := s.tap != nil && s.tap.nextFragmented()
		w.mu.Lock()
		switch {
		case s.frozen:
		case len(frame) >= frameMost:
			w.record("in", "socket", fmt.Sprintf("dropped: a frame of %d bytes, over the limit of %d", len(frame), frameMost-1), 0, nil, nil)
			w.change()
		case fragmented:
			w.record("in", "socket", fmt.Sprintf("dropped: a message of %d bytes in several frames", len(frame)), 0, nil, nil)
			w.change()
		case kind == websocket.TextMessage:
			w.takeAck(s, frame)
		}
		w.mu.Unlock()
	}
}

// deliver puts a frame on one of the connections, each in turn, and reports
// whether there was one. w.mu is held.
func (w *Workspace) deliver(d *Delivery, frame []byte) bool {
	if w.closed || len(w.sockets) == 0 {
		return false
	}
	w.turn++
	s := w.sockets[w.turn%len(w.sockets)]
	d.envelope.Connection = s.n
	if !w.cutDelivery(s, frame) && !s.frozen {
		s.put(frame)
	}
	return true
}

// disconnect asks the app to leave a connection. w.mu is held.
func (w *Workspace) disconnect(s *socket, reason string) {
	s.put(disconnectFrame(reason))
	w.record("out", "socket", fmt.Sprintf("disconnect on connection %d: %s", s.n, reason), 0, nil, nil)
	if reason == Warning {
		w.clock.AfterFunc(w.opts.WarningTime, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.leave(s)
			s.end()
		})
		return
	}
	w.leave(s)
	s.end()
}

// leave takes a connection out of use. w.mu is held.
func (w *Workspace) leave(s *socket) {
	if i := slices.Index(w.sockets, s); i >= 0 {
		w.sockets = slices.Delete(w.sockets, i, i+1)
		w.connected()
		w.change()
	}
}

// Disconnect sends all connections a disconnect frame with a reason such as
// RefreshRequested and closes them: at once, or after the warning time for
// Warning. LinkDisabled also switches Socket Mode off.
func (w *Workspace) Disconnect(reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if reason == LinkDisabled {
		w.disabled = true
	}
	for _, s := range slices.Clone(w.sockets) {
		w.disconnect(s, reason)
	}
}

// DropSockets breaks all connections without a word, as a failing network
// does.
func (w *Workspace) DropSockets() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range slices.Clone(w.sockets) {
		w.leave(s)
		s.kill()
	}
}

// FreezeSockets makes all open connections half-open: they stay up, but no
// pings, envelopes or acknowledgements get through any more.
func (w *Workspace) FreezeSockets() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sockets {
		s.frozen = true
	}
}

// SendFrame sends a text frame as it is over all connections, to see what the
// app makes of things that Slack might send.
func (w *Workspace) SendFrame(frame string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sockets {
		s.put([]byte(frame))
	}
}

// Sockets returns how many Socket Mode connections are open.
func (w *Workspace) Sockets() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sockets)
}
