package workspace

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// cutOf is what a client sees of a connection that is cut: the frames that it
// gets whole, and how it ends.
func cutOf(c *wire) (frames []frame, end error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	for {
		var f frame
		if err := c.conn.ReadJSON(&f); err != nil {
			return frames, err
		}
		frames = append(frames, f)
	}
}

func TestCut(t *testing.T) {
	closed := func(err error) bool { return websocket.IsUnexpectedCloseError(err) || errors.Is(err, net.ErrClosed) }
	proper := func(err error) bool { return websocket.IsCloseError(err, websocket.CloseNormalClosure) }
	silent := func(err error) bool {
		timeout, ok := errors.AsType[net.Error](err)
		return ok && timeout.Timeout()
	}
	reset := func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
	garbage := func(err error) bool { return err != nil && !closed(err) && !silent(err) && !reset(err) }
	for _, test := range []struct {
		at     Moment
		how    Break
		frames int
		ends   func(error) bool
	}{
		{AtOnce, ByClose, 0, closed},
		{AtOnce, ByReset, 0, reset},
		{AtOnce, BySilence, 0, silent},
		{AtOnce, ByGarbage, 0, garbage},
		{AtOnce, ByRefresh, 1, proper},
		{AtOnce, ByWarning, 1, proper},
		{InEnvelope, ByClose, 0, closed},
		{InEnvelope, BySilence, 0, silent},
		{AfterEnvelope, ByClose, 1, closed},
		{AfterEnvelope, BySilence, 1, silent},
		{AfterEnvelope, ByRefresh, 2, proper},
	} {
		t.Run(string(test.at)+", "+string(test.how), func(t *testing.T) {
			w := start(t, Options{WarningTime: time.Millisecond, AckTimeout: 50 * time.Millisecond})
			c, _ := dial(t, w)
			if !w.Cut(test.at, test.how) {
				t.Fatal("there is nothing to cut")
			}
			if test.at != AtOnce {
				d, err := w.Slash("dana", "ops-certificates", "/acm", "help")
				if err != nil {
					t.Fatal(err)
				}
				if e, err := d.Wait(limit(t)); err != nil || e.State != TimedOut {
					t.Errorf("the command is %s, %v", e.State, err)
				}
			}
			frames, end := cutOf(c)
			if len(frames) != test.frames || !test.ends(end) {
				t.Errorf("the client gets %d frames, and then %v", len(frames), end)
			}
			if n := w.Cuts()[test.at][test.how]; n != 1 {
				t.Errorf("%d cuts are counted", n)
			}
		})
	}
}

func TestCutAtAnAcknowledgement(t *testing.T) {
	for at, want := range map[Moment]EnvelopeState{BeforeAck: TimedOut, AfterAck: Acknowledged} {
		w := start(t, Options{AckTimeout: 200 * time.Millisecond})
		c, _ := dial(t, w)
		w.Cut(at, ByClose)
		d, err := w.Slash("dana", "ops-certificates", "/acm", "help")
		if err != nil {
			t.Fatal(err)
		}
		c.ack(c.read().EnvelopeID, nil)
		if e, err := d.Wait(limit(t)); err != nil || e.State != want {
			t.Errorf("cut %s, the command is %s, want %s (%v)", at, e.State, want, err)
		}
		c.ended()
	}
}

// A connection that is cut in the making is none, and the next one is.
func TestCutInTheMaking(t *testing.T) {
	for _, how := range []Break{ByClose, ByReset, BySilence} {
		w := start(t, Options{})
		w.Cut(InConnecting, how)
		dialer := websocket.Dialer{HandshakeTimeout: 300 * time.Millisecond}
		conn, resp, err := dialer.DialContext(t.Context(), address(t, w), nil)
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		if err == nil {
			_ = conn.Close()
			t.Errorf("%s: the connection is made", how)
		}
		w.Cut(BeforeHello, how)
		conn, resp, err = dialer.DialContext(t.Context(), address(t, w), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if frames, end := cutOf(&wire{t, conn}); len(frames) != 0 || end == nil {
			t.Errorf("%s: a connection without a hello has %d frames", how, len(frames))
		}
		_ = conn.Close()
		if n := w.Sockets(); n != 0 {
			t.Errorf("%s: %d connections count", how, n)
		}
		if _, first := dial(t, w); first.Type != "hello" {
			t.Errorf("%s: the next connection begins with %q", how, first.Type)
		}
	}
}
