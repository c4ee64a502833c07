package dnstrace_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
)

// listenBoth finds a port that is free over UDP and over TCP.
func listenBoth(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		streams, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, streams
		}
		_ = packets.Close()
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Fatal(err)
		}
	}
}

// serveRoot answers every query on one port, over the transports that it is
// given a handler for.
func serveRoot(t *testing.T, udp, tcp dns.HandlerFunc) string {
	t.Helper()
	packets, streams := listenBoth(t)
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: udp}, {Listener: streams, Handler: tcp}} {
		ready := make(chan struct{})
		server.NotifyStartedFunc = func() { close(ready) }
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = server.ActivateAndServe()
		}()
		<-ready
		t.Cleanup(func() {
			_ = server.Shutdown()
			<-ended
		})
	}
	return packets.LocalAddr().String()
}

func rootAnswer(authoritative bool, rcode int) dns.HandlerFunc {
	return func(w dns.ResponseWriter, query *dns.Msg) {
		m := new(dns.Msg)
		m.SetRcode(query, rcode)
		m.Authoritative = authoritative
		_ = w.WriteMsg(m)
	}
}

func silence(dns.ResponseWriter, *dns.Msg) {}

func TestReach(t *testing.T) {
	good, intercepted := rootAnswer(true, dns.RcodeSuccess), rootAnswer(false, dns.RcodeSuccess)
	for _, tc := range []struct {
		name     string
		udp, tcp dns.HandlerFunc
		want     map[string]diagnose.Outcome // by transport
	}{
		{"open", good, good, map[string]diagnose.Outcome{"udp": diagnose.OutcomeAnswer, "tcp": diagnose.OutcomeAnswer}},
		{"UDP is swallowed", silence, good, map[string]diagnose.Outcome{"udp": diagnose.OutcomeTimeout, "tcp": diagnose.OutcomeAnswer}},
		{"TCP is swallowed", good, silence, map[string]diagnose.Outcome{"udp": diagnose.OutcomeAnswer, "tcp": diagnose.OutcomeTimeout}},
		{"UDP is redirected", intercepted, good, map[string]diagnose.Outcome{"udp": diagnose.OutcomeLame, "tcp": diagnose.OutcomeAnswer}},
		{"refused", rootAnswer(false, dns.RcodeRefused), rootAnswer(false, dns.RcodeServerFailure), map[string]diagnose.Outcome{"udp": diagnose.OutcomeRefused, "tcp": diagnose.OutcomeServFail}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			address := serveRoot(t, tc.udp, tc.tcp)
			tracer := dnstrace.New(dnstrace.Options{
				Roots: []dnstrace.Root{{Name: "a.root.test", Addresses: []string{address}}}, Timeout: 200 * time.Millisecond,
			})
			got := map[string]diagnose.Outcome{}
			for _, r := range tracer.Reach(t.Context()) {
				got[r.Transport] = r.Outcome
				if r.Intercepted != (r.Outcome == diagnose.OutcomeLame) || r.Detail == "" != (r.Outcome == diagnose.OutcomeAnswer) || r.Server != "a.root.test" {
					t.Errorf("%+v", r)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A resolver is asked as one, and its answers need no authority.
func TestReachResolver(t *testing.T) {
	address := serveRoot(t, rootAnswer(false, dns.RcodeSuccess), rootAnswer(false, dns.RcodeSuccess))
	tracer := dnstrace.New(dnstrace.Options{
		Roots: []dnstrace.Root{{Name: "a.root.test", Addresses: []string{address}}}, Resolvers: []string{address},
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n := 0
	for _, r := range tracer.Reach(ctx) {
		if r.Recursive {
			n++
			if r.Outcome != diagnose.OutcomeAnswer {
				t.Errorf("%+v", r)
			}
		}
	}
	if n != 2 {
		t.Errorf("%d resolver checks, want one for each transport", n)
	}
}
