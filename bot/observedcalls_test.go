package bot

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/workspace"
)

// A callBook notes the calls to Slack.
type callBook struct {
	nobody
	mu    sync.Mutex
	calls map[string]int // by the method and the status
	more  chan struct{}  // told of each, where it is not nil
}

func (c *callBook) SlackCalled(method string, took time.Duration, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil {
		c.calls = map[string]int{}
	}
	c.calls[method+" "+http.StatusText(status)]++
	select {
	case c.more <- struct{}{}:
	default:
	}
}

func TestSlackCallsAreObserved(t *testing.T) {
	book := &callBook{more: make(chan struct{}, 1)}
	s := open(t, workspace.Options{}, func(o *Options) { o.Observer = book }).connected()
	s.Fail("chat.postMessage", workspace.Fault{RetryAfter: time.Second, Times: 1})
	if _, err := s.Say(dana, ops, "", "@acmbot shop.example.com"); err != nil {
		t.Fatal(err)
	}
	s.sees("_token.shop.example.com")
	s.slash(dana, ops, "why other.example.com")
	s.sees("_token.other.example.com")
	seen := func() bool {
		book.mu.Lock()
		defer book.mu.Unlock()
		return book.calls["auth.test OK"] > 0 && book.calls["chat.postMessage Too Many Requests"] == 1 && book.calls["chat.postMessage OK"] > 0 && book.calls["response_url OK"] > 0
	}
	for late := time.After(patience); !seen(); {
		select {
		case <-book.more:
		case <-late:
			t.Fatalf("%v", book.calls)
		}
	}
}

func TestObservedTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) }))
	defer server.Close()
	book := &callBook{}
	o := Options{APIURL: server.URL + "/api/", Observer: book, HTTPClient: &http.Client{Transport: newTransport()}}
	o.HTTPClient = observed(o)
	if again := observed(o); again != o.HTTPClient {
		t.Error("it is observed twice")
	}
	for _, path := range []string{"/api/chat.update", "/api/../secret", "/hook/T1/secret", "/api/Evil%20name", "/api/chat.update.x.y.z"} {
		response, err := o.HTTPClient.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	server.Close()
	if response, err := o.HTTPClient.Get(server.URL + "/api/chat.update"); err == nil {
		_ = response.Body.Close()
		t.Error("nobody answers, and nothing is wrong")
	}
	o.HTTPClient.CloseIdleConnections()
	want := map[string]int{"chat.update I'm a teapot": 1, "response_url I'm a teapot": 1, "other I'm a teapot": 3, "chat.update ": 1}
	if diff := cmp.Diff(want, book.calls); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// The WebSocket has the proxy of the transport below.
	proxy, err := url.Parse("http://proxy.example:3128")
	if err != nil {
		t.Fatal(err)
	}
	o.HTTPClient = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	find, _ := wiring(observed(o))
	if got, err := find(&http.Request{URL: proxy}); err != nil || got == nil || got.Host != proxy.Host {
		t.Errorf("the proxy is %v, %v", got, err)
	}
}
