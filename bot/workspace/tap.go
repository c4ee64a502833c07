package workspace

import (
	"encoding/binary"
	"net"
	"sync"
)

// A tapListener wraps its connections so that WebSocket frames can be watched:
// Slack drops messages that a client sends in fragments, and the WebSocket
// library does not show how a message came.
type tapListener struct{ net.Listener }

func (l tapListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tapConn{Conn: c}, nil
}

// A tapConn reads along in the frames that arrive once it has been started
// (RFC 6455, section 5.2, https://www.rfc-editor.org/rfc/rfc6455).
type tapConn struct {
	net.Conn

	mu       sync.Mutex
	started  bool
	header   []byte // of the frame that is being read
	left     uint64 // bytes of its payload to come
	parts    bool   // the current message has been continued
	messages []bool // for each whole message: did it come in fragments
}

// start begins to watch: the next byte read is a frame's first.
func (c *tapConn) start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started = true
}

func (c *tapConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started {
		c.watch(b[:n])
	}
	return n, err
}

func (c *tapConn) watch(b []byte) {
	for len(b) > 0 {
		if c.left > 0 {
			n := min(c.left, uint64(len(b)))
			c.left -= n
			b = b[n:]
			continue
		}
		c.header = append(c.header, b[0])
		b = b[1:]
		if length, whole := frameLength(c.header); whole {
			final, opcode := c.header[0]&0x80 != 0, c.header[0]&0x0f
			c.header, c.left = c.header[:0], length
			if opcode >= 0x8 { // a control frame, which may come between fragments
				continue
			}
			if !final {
				c.parts = true
				continue
			}
			c.messages = append(c.messages, c.parts)
			c.parts = false
		}
	}
}

// frameLength returns the payload length that a frame's header gives, once the
// header is whole.
func frameLength(h []byte) (length uint64, whole bool) {
	if len(h) < 2 {
		return 0, false
	}
	size := 2
	switch short := h[1] & 0x7f; short {
	case 126:
		size += 2
	case 127:
		size += 8
	default:
		length = uint64(short)
	}
	if h[1]&0x80 != 0 {
		size += 4
	}
	if len(h) < size {
		return 0, false
	}
	switch h[1] & 0x7f {
	case 126:
		length = uint64(binary.BigEndian.Uint16(h[2:]))
	case 127:
		length = binary.BigEndian.Uint64(h[2:])
	}
	return length, true
}

// nextFragmented reports whether the next whole message came in fragments.
func (c *tapConn) nextFragmented() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.messages) == 0 {
		return false
	}
	fragmented := c.messages[0]
	c.messages = c.messages[1:]
	return fragmented
}
