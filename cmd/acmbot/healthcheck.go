package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"time"
)

const healthSynopsis = `usage: acmbot health [flags]

Asks the acmbot run of this machine or container, at the address in
ACMBOT_HEALTH_LISTEN, whether it runs: for the health checks of containers,
which have no shell. Whether Slack can be reached is another question (--ready),
since to start acmbot anew does not mend an outage of Slack. The exit status is
0 for yes, 1 for no and where it cannot be asked, and 2 for usage that is wrong.

`

// healthTime is how long the answer may take. It is less than the orchestrators'
// own limits, so that what is wrong is told.
const healthTime = 5 * time.Second

func runHealth(ctx context.Context, c *console, args []string) error {
	flags := flag.NewFlagSet("health", flag.ContinueOnError)
	ready := flags.Bool("ready", false, "ask whether it is connected to Slack")
	others, err := c.parseFlags(flags, args, healthSynopsis)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return usageErrorf("health takes no arguments besides flags")
	}
	// Wrong settings are no status of their own here: Docker keeps 2 to itself
	// ("HEALTHCHECK", Dockerfile reference,
	// https://docs.docker.com/reference/dockerfile/#healthcheck).
	var s healthSettings
	if err := load(&s); err != nil {
		return &exitError{exitFailure, err}
	}
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	said, err := s.ask(ctx, *ready)
	if err != nil {
		return &exitError{exitFailure, err}
	}
	fmt.Fprintln(c.stdout, said)
	return nil
}

// ask says in a sentence that acmbot is well. Its error is one that says what
// is not.
func (s healthSettings) ask(ctx context.Context, ready bool) (string, error) {
	if s.Listen == "" {
		return "", &settingError{"ACMBOT_HEALTH_LISTEN", "is not set, so acmbot listens nowhere to be asked", "Set it to an address such as 127.0.0.1:8081, for acmbot run and for this"}
	}
	if _, port, _ := net.SplitHostPort(string(s.Listen)); port == "0" {
		return "", &settingError{"ACMBOT_HEALTH_LISTEN", fmt.Sprintf("is %q, which is another port each time", s.Listen), "Set it to an address such as 127.0.0.1:8081, for acmbot run and for this"}
	}
	path := "/livez"
	if ready {
		path = "/readyz"
	}
	// No proxy is asked, and an address without a host is this machine's to dial
	// as well as to listen on.
	client := &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, string(s.Listen))
			},
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return "", fmt.Errorf("making a request: %w", err)
	}
	response, err := client.Do(request)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "", fmt.Errorf("acmbot does not answer at %s within %v: it is stuck, or has too little CPU or memory", s.Listen, healthTime)
	case err != nil:
		return "", fmt.Errorf("nobody answers at %s: acmbot run is not running here, or is still opening its state", s.Listen)
	}
	_ = response.Body.Close()
	switch {
	case response.StatusCode == http.StatusOK && ready:
		return "acmbot is connected to Slack.", nil
	case response.StatusCode == http.StatusOK:
		return "acmbot runs.", nil
	case response.StatusCode == http.StatusServiceUnavailable && ready:
		return "", errors.New("acmbot runs, and is not connected to Slack; it tries again by itself")
	default:
		return "", fmt.Errorf("what answers at %s is not acmbot: it has the status %d for %s", s.Listen, response.StatusCode, path)
	}
}
