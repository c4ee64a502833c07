package workspace

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"slices"
)

// A Moment is when a connection is cut.
type Moment string

// The moments. All but AtOnce wait for what they name, on whichever connection
// that comes to pass.
const (
	AtOnce        Moment = "at once"                // with nothing on its way
	InConnecting  Moment = "in connecting"          // before the WebSocket handshake is answered
	BeforeHello   Moment = "before the hello"       // the connection is up and says nothing
	InEnvelope    Moment = "in an envelope"         // half of its frame is out
	AfterEnvelope Moment = "after an envelope"      // the app has it and cannot acknowledge it
	BeforeAck     Moment = "before the ack arrives" // the app has acknowledged, and Slack does not hear of it
	AfterAck      Moment = "after the ack"          // Slack has heard of it
)

// A Break is how a connection is cut.
type Break string

// The breaks. The two disconnects are what Slack announces ("Using Socket
// Mode", https://docs.slack.dev/apis/events-api/using-socket-mode), the others
// what networks do.
const (
	ByClose   Break = "closed without a word"     // a FIN, and no close frame
	ByReset   Break = "reset"                     // an RST
	BySilence Break = "half-open"                 // up, but nothing gets through any more
	ByRefresh Break = "refresh_requested"         // a disconnect frame, and the end
	ByWarning Break = "warning before the end"    // a disconnect frame, and the end after the warning time
	ByGarbage Break = "garbage, then the network" // bytes that are no WebSocket frame, and a FIN
)

// A cut waits for its moment.
type cut struct {
	moment Moment
	how    Break
}

// Cut cuts one connection, the one that is next in turn, at a moment and in a
// way. It reports whether there is one to cut; for a moment that is yet to come
// it always does. Cuts that wait for the same moment come about in the order in
// which they were asked for.
//
// In no case is a command or an interaction sent again: one that is not
// acknowledged in time fails in front of the user
// (https://github.com/slackapi/bolt-python/issues/1071). An event that is not
// acknowledged is ("Events API", error handling,
// https://docs.slack.dev/apis/events-api/#errors).
func (w *Workspace) Cut(at Moment, how Break) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at != AtOnce {
		w.cutting = append(w.cutting, cut{at, how})
		return true
	}
	if len(w.sockets) == 0 {
		return false
	}
	w.sever(w.sockets[(w.turn+1)%len(w.sockets)], how)
	return true
}

// Cuts returns how often connections were cut, by moment and way.
func (w *Workspace) Cuts() map[Moment]map[Break]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	done := map[Moment]map[Break]int{}
	for c, n := range w.cuts {
		if done[c.moment] == nil {
			done[c.moment] = map[Break]int{}
		}
		done[c.moment][c.how] += n
	}
	return done
}

// due takes the cut that waits for a moment, if there is one. w.mu is held.
func (w *Workspace) due(at Moment) (how Break, is bool) {
	i := slices.IndexFunc(w.cutting, func(c cut) bool { return c.moment == at })
	if i < 0 {
		return "", false
	}
	how = w.cutting[i].how
	w.cutting = slices.Delete(w.cutting, i, i+1)
	w.cuts[cut{at, how}]++
	return how, true
}

// sever cuts a connection with nothing on its way. w.mu is held.
func (w *Workspace) sever(s *socket, how Break) {
	w.cuts[cut{AtOnce, how}]++
	w.part(s, how)
}

// part takes a connection out of use in a way. w.mu is held.
func (w *Workspace) part(s *socket, how Break) {
	w.record("out", "socket", "cut: "+string(how), 0, nil, nil)
	switch how {
	case BySilence:
		s.frozen = true
		w.change()
	case ByRefresh:
		w.disconnect(s, RefreshRequested)
	case ByWarning:
		w.disconnect(s, Warning)
	case ByGarbage:
		_, _ = s.conn.NetConn().Write([]byte{0xff, 0xff, 0xff, 0xff}) // reserved bits and opcode 15
		w.leave(s)
		s.kill()
	case ByReset:
		w.leave(s)
		resets(s.conn.NetConn())
		s.kill()
	default:
		w.leave(s)
		s.kill()
	}
}

// resets makes the close of a connection a reset.
func resets(c net.Conn) {
	if tap, ok := c.(*tapConn); ok {
		c = tap.Conn
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// cutDelivery deals with a cut that waits for an envelope, which goes out in
// part or in whole on a connection that then ends. It reports whether there was
// one. w.mu is held.
func (w *Workspace) cutDelivery(s *socket, frame []byte) bool {
	if s.frozen {
		return false
	}
	if how, is := w.due(InEnvelope); is {
		raw := textFrame(frame)
		_, _ = s.conn.NetConn().Write(raw[:len(raw)/2])
		w.part(s, how)
		return true
	}
	if how, is := w.due(AfterEnvelope); is {
		_, _ = s.conn.NetConn().Write(textFrame(frame))
		w.part(s, how)
		return true
	}
	return false
}

// textFrame is a message as a server sends it, in one frame (RFC 6455, section
// 5.2, https://www.rfc-editor.org/rfc/rfc6455).
func textFrame(text []byte) []byte {
	raw := []byte{0x81}
	switch n := len(text); {
	case n < 126:
		raw = append(raw, byte(n))
	case n < 1<<16:
		raw = binary.BigEndian.AppendUint16(append(raw, 126), uint16(n))
	default:
		raw = binary.BigEndian.AppendUint64(append(raw, 127), uint64(n))
	}
	return append(raw, text...)
}

// takeAck takes an acknowledgement, unless the connection is cut before or
// after it. w.mu is held.
func (w *Workspace) takeAck(s *socket, frame []byte) {
	if how, is := w.due(BeforeAck); is {
		w.part(s, how)
		return
	}
	w.acknowledge(frame)
	if how, is := w.due(AfterAck); is {
		w.part(s, how)
	}
}

// cutHandshake ends a connection that is not a WebSocket one yet.
func (w *Workspace) cutHandshake(rw http.ResponseWriter, r *http.Request, how Break) {
	if how == BySilence {
		select {
		case <-r.Context().Done(): // the app has given up
		case <-w.ctx.Done():
		}
		return
	}
	hijacker, ok := rw.(http.Hijacker)
	if !ok {
		return
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	if how == ByReset {
		resets(conn)
	}
	_ = conn.Close()
}

// cutSpeechless ends a connection that has not said hello.
func (w *Workspace) cutSpeechless(s *socket, how Break) {
	if how != BySilence {
		s.end() // in good order, where it is not gone
		s.write(w)
	}
	stop := context.AfterFunc(w.ctx, s.kill)
	defer stop()
	s.read(w)
	s.kill()
}
