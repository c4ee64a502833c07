package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot"
)

// askHealth runs acmbot health, and gives its status and all that it says.
func askHealth(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var stdout, stderr syncBuffer
	status := Main(t.Context(), append([]string{"health"}, args...), strings.NewReader(""), &stdout, &stderr)
	if (status == exitOK) != (stderr.String() == "") {
		t.Errorf("status %d, with %q on standard error", status, stderr.String())
	}
	return status, strings.TrimSpace(stdout.String() + stderr.String())
}

// It asks at the address that acmbot run listens on, however that is written.
func TestHealthIsAsked(t *testing.T) {
	unsetSettings(t)
	for _, alive := range []bool{true, false} {
		s, err := serveHealth("127.0.0.1:0", func() bot.Health { return bot.Health{Alive: alive} }, http.NotFoundHandler())
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(s.listener.Addr().String())
		for _, host := range []string{"127.0.0.1", "", "0.0.0.0", "[::]", "localhost"} {
			t.Setenv("ACMBOT_HEALTH_LISTEN", host+":"+port)
			// An outage of Slack is none of the program.
			if status, said := askHealth(t); status != exitOK || said != "acmbot runs." {
				t.Errorf("%s: status %d, %q", host, status, said)
			}
			wantStatus, want := exitOK, "acmbot is connected to Slack."
			if !alive {
				wantStatus, want = exitFailure, "acmbot: acmbot runs, and is not connected to Slack; it tries again by itself"
			}
			if status, said := askHealth(t, "--ready"); status != wantStatus || said != want {
				t.Errorf("%s: status %d, %q, want %d, %q", host, status, said, wantStatus, want)
			}
		}
		s.close()
		if status, said := askHealth(t); status != exitFailure || !strings.Contains(said, "nobody answers at localhost:"+port) {
			t.Errorf("of nobody: status %d, %q", status, said)
		}
	}
}

func TestHealthOfAnotherProgram(t *testing.T) {
	unsetSettings(t)
	other := httptest.NewServer(http.RedirectHandler("https://example.com/", http.StatusFound))
	defer other.Close()
	t.Setenv("ACMBOT_HEALTH_LISTEN", other.Listener.Addr().String())
	if status, said := askHealth(t); status != exitFailure || !strings.HasSuffix(said, "is not acmbot: it has the status 302 for /livez") {
		t.Errorf("status %d, %q", status, said)
	}
}

func TestHealthOfAStuckProgram(t *testing.T) {
	// The system takes the connection, and nobody the request.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was written to it
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if said, err := (healthSettings{Listen: listenAddress(l.Addr().String())}).ask(ctx, false); err == nil || !strings.Contains(err.Error(), "does not answer at "+l.Addr().String()) {
		t.Errorf("%q, %v", said, err)
	}
}

// Docker has a meaning of its own for status 2, so that settings, which a health
// check may well have wrong, end with 1.
func TestHealthThatCannotBeAsked(t *testing.T) {
	for _, test := range []struct {
		address string
		args    []string
		status  int
		want    string
	}{
		{"", nil, exitFailure, "acmbot: ACMBOT_HEALTH_LISTEN is not set, so acmbot listens nowhere to be asked. Set it to an address such as 127.0.0.1:8081, for acmbot run and for this."},
		{" ", nil, exitFailure, "acmbot: ACMBOT_HEALTH_LISTEN is not set"},
		{":0", nil, exitFailure, `acmbot: ACMBOT_HEALTH_LISTEN is ":0", which is another port each time.`},
		{"8081", nil, exitFailure, `acmbot: ACMBOT_HEALTH_LISTEN is "8081", which is not an address to listen on such as :8081.`},
		{":8081", []string{"now"}, exitUsage, "acmbot: health takes no arguments besides flags"},
		{":8081", []string{"--live"}, exitUsage, "acmbot: flag provided but not defined: -live"},
	} {
		unsetSettings(t)
		t.Setenv("ACMBOT_HEALTH_LISTEN", test.address)
		if status, said := askHealth(t, test.args...); status != test.status || !strings.HasPrefix(said, test.want) {
			t.Errorf("%q %q: status %d, %q, want %d, %q", test.address, test.args, status, said, test.status, test.want)
		}
	}
}
