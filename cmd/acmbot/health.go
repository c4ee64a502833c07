package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/acmbot/acmbot/bot"
)

// A healthServer tells an orchestrator how the bot is, and Prometheus what it
// does.
type healthServer struct {
	listener net.Listener
	server   *http.Server
	done     chan struct{}
}

// healthPatience is how long a client may take over its request; over the answer
// it may take six times as long, and idle between two requests thirty times:
// Prometheus asks every minute or more often.
const healthPatience = 5 * time.Second

// newHealthServer returns a server that no client can hold on to, since anybody
// may connect who reaches the port, and each connection is a file of this
// process.
func newHealthServer(h http.Handler, patience time.Duration) *http.Server {
	return &http.Server{
		Handler: h, ReadTimeout: patience, WriteTimeout: 6 * patience, IdleTimeout: 30 * patience, MaxHeaderBytes: 16 << 10,
	}
}

// serveHealth listens on an address. It answers GET /healthz and /readyz with
// the bot's health as JSON: with status 200 where a connection to Slack is
// alive, with 503 otherwise. /livez has 200 as long as the program runs: to
// start it anew does not help where Slack is down. /metrics is for Prometheus.
func serveHealth(address string, health func() bot.Health, metrics http.Handler) (*healthServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		wrong := &settingError{"ACMBOT_HEALTH_LISTEN", fmt.Sprintf("is %q, where acmbot cannot listen: %s", address, listenTrouble(err)), ""}
		if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EADDRNOTAVAIL) {
			return nil, passingError{wrong} // once another has ended, or the machine has its addresses
		}
		return nil, wrong
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	connected := func(w http.ResponseWriter, _ *http.Request) {
		h := health()
		w.Header().Set("Content-Type", "application/json")
		if !h.Alive {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		// What fails here is the connection, and the client knows.
		_ = json.NewEncoder(w).Encode(map[string]any{
			"alive": h.Alive, "sockets": h.Sockets, "wanted": h.Wanted,
			"running": h.Running, "waiting": h.Waiting, "missing_scopes": h.MissingScopes,
		})
	}
	mux.HandleFunc("GET /healthz", connected)
	mux.HandleFunc("GET /readyz", connected)
	s := &healthServer{
		listener: listener,
		server:   newHealthServer(mux, healthPatience),
		done:     make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(listener) // ends by close
	}()
	return s, nil
}

func (s *healthServer) close() {
	_ = s.server.Close()
	<-s.done
}
