package inventory_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// An answer that does not end is not read to its end.
func TestAnswersAreLimited(t *testing.T) {
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for block := []byte(`{"a":"` + strings.Repeat("x", 1<<20)); sent.Load() < 1<<30; {
			n, err := w.Write(block)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	defer server.Close()
	_, options := start(t, dublin)
	options.Config.BaseEndpoint = aws.String(server.URL)
	options.Attempts = 1
	found := find(t, options, domain("example.com"))
	if len(found.Scope.Unreadable) != 1 || !strings.Contains(found.Scope.Unreadable[0].Detail, "could not be read") {
		t.Errorf("it is told as %+v", found.Scope.Unreadable)
	}
	// A few answers: who the credentials are, a search, a list.
	if n := sent.Load(); n > 200<<20 {
		t.Errorf("%d MiB were read", n>>20)
	}
}
