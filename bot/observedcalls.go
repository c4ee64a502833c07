package bot

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// An observedTransport tells an observer of the calls that go through it.
type observedTransport struct {
	next     http.RoundTripper
	api      *url.URL
	observer CallObserver
}

var methodName = regexp.MustCompile(`^[a-z]{2,20}(\.[A-Za-z]{2,30}){1,3}$`)

// observed is a client like the options' that tells their observer of its
// calls, where that wants to know.
func observed(opts Options) *http.Client {
	observer, ok := opts.Observer.(CallObserver)
	api, err := url.Parse(opts.APIURL)
	if _, is := opts.HTTPClient.Transport.(*observedTransport); !ok || is || err != nil {
		return opts.HTTPClient
	}
	client := *opts.HTTPClient
	next := client.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	client.Transport = &observedTransport{next, api, observer}
	return &client
}

// RoundTrip implements http.RoundTripper.
func (t *observedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	response, err := t.next.RoundTrip(r)
	if err != nil && errors.Is(r.Context().Err(), context.Canceled) {
		return response, err // by who called
	}
	status := 0
	if err == nil {
		status = response.StatusCode
	}
	t.observer.SlackCalled(t.method(r.URL), time.Since(start), status)
	return response, err
}

// method is the name that a call is told by: nothing of an address that is a
// secret is in it.
func (t *observedTransport) method(u *url.URL) string {
	name, inAPI := strings.CutPrefix(u.Path, t.api.Path)
	switch {
	case u.Host != t.api.Host || !inAPI:
		return MethodHook
	case methodName.MatchString(name):
		return name
	default:
		return "other"
	}
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t *observedTransport) CloseIdleConnections() {
	if next, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}
