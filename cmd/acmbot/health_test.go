package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// Whoever reaches the port of the health checks cannot keep its connections open
// by doing nothing.
func TestHealthLetsGoOfSlowClients(t *testing.T) {
	wrote := make(chan error, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/livez", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.Copy(w, io.LimitReader(zeroes{}, 64<<20))
		wrote <- err
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newHealthServer(mux, 50*time.Millisecond)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	for name, sent := range map[string]string{
		"says nothing":                 "",
		"does not end its header":      "GET /livez HTTP/1.1\r\nHost: x\r\n",
		"does not send its body":       "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
		"asks for nothing more":        "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
		"has a header without end":     "GET /livez HTTP/1.1\r\nX: " + strings.Repeat("x", 64<<10),
		"does not read what it is for": "",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if name == "does not read what it is for" {
				if _, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				if err := <-wrote; err == nil {
					t.Error("all of the answer was taken")
				}
				return
			}
			_, _ = io.WriteString(conn, sent) // it may be closed before all is sent
			if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection stays open")
			}
		})
	}
}

// zeroes are without end.
type zeroes struct{}

func (zeroes) Read(b []byte) (int, error) { return len(b), nil }

// An address that another has for now, or that the machine has not got yet, is
// no setting that somebody has to mend: systemd tries again.
func TestHealthAddressMayComeFree(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for address, want := range map[string]int{other.Addr().String(): exitFailure, "192.0.2.1:8081": exitFailure, "127.0.0.1:99999": exitSettings} {
		if _, err := serveHealth(address, nil, http.NotFoundHandler()); err == nil || startStatus(err) != want || !strings.HasPrefix(err.Error(), "ACMBOT_HEALTH_LISTEN is ") {
			t.Errorf("%s: %v ends the start with another status than %d", address, err, want)
		}
	}
}
