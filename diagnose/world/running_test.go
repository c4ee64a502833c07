package world_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/probe"
	"github.com/acmbot/acmbot/diagnose/world"
)

// startLiteral starts the minimal world on its literal addresses. Another
// package's tests may have a world on them, which ends.
func startLiteral(t *testing.T) *world.Running {
	t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	patience := time.After(2 * time.Minute)
	for {
		r, err := parse(t, minimal).Start(t.Context(), world.Options{Literal: true})
		if err == nil {
			t.Cleanup(r.Close)
			return r
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Fatal(err)
		}
		select {
		case <-again.C:
		case <-patience:
			t.Fatal(err)
		}
	}
}

func TestLiteral(t *testing.T) {
	listener, err := net.Listen("tcp", "127.113.0.1:443")
	if err != nil {
		t.Skipf("the port 443 of 127.113.0.1 cannot be used here: %v", err)
	}
	_ = listener.Close()
	r := startLiteral(t)
	o := r.DNSOptions()
	o.Roots, err = dnstrace.ParseRootHints(strings.NewReader(r.RootHints()))
	if err != nil {
		t.Fatal(err)
	}
	session := dnstrace.New(o).Session()
	addrs, _, outcome := session.Addresses(t.Context(), "shop.example.com")
	if len(addrs) != 1 || !addrs[0].IsLoopback() {
		t.Fatalf("addresses %v (%s), want one in 127.0.0.0/8", addrs, outcome)
	}
	served := probe.New(r.ProbeOptions()).TLS(t.Context(), "shop.example.com", addrs)[0]
	if served.Serial == "" || served.Address != addrs[0].String()+":443" {
		t.Errorf("served %+v", served)
	}
	env := r.AWSEnv()
	if !strings.HasPrefix(env["AWS_ENDPOINT_URL"], "http://127.0.0.1:") || env["AWS_SECRET_ACCESS_KEY"] == "" {
		t.Errorf("environment %v", env)
	}
}

func TestLatency(t *testing.T) {
	const wait = 30 * time.Millisecond
	r := start(t, parse(t, minimal), world.Options{AWSLatency: wait, DNSLatency: wait})
	began := time.Now()
	describe(t, r, "shop.example.com")
	if took := time.Since(began); took < wait {
		t.Errorf("the AWS API answered after %s, want %s at least", took, wait)
	}
	began = time.Now()
	cname(t, r, "shop.example.com")
	if took := time.Since(began); took < 3*wait { // root, top-level domain, zone
		t.Errorf("the name servers answered after %s, want %s at least", took, 3*wait)
	}
}

func TestStartStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, err := parse(t, minimal).Start(ctx, world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	r.Close() // waits for it
	if _, err := net.Dial("tcp", strings.TrimPrefix(r.AWSEnv()["AWS_ENDPOINT_URL"], "http://")); err == nil {
		t.Error("the AWS API still answers")
	}
}
