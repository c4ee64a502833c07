package awswire_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose/awswire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An early is a client whose connection is done with sending a request's body
// only when the answer is being read.
type early struct {
	transport *http.Transport
	reading   chan struct{} // closed when the answer is being read
}

func newEarly(t *testing.T) *early {
	e := &early{reading: make(chan struct{})}
	e.transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return &slowConn{Conn: conn, until: e.reading}, err
	}}
	t.Cleanup(e.transport.CloseIdleConnections)
	return e
}

func (e *early) Do(r *http.Request) (*http.Response, error) {
	response, err := e.transport.RoundTrip(r)
	if err == nil {
		response.Body = &told{ReadCloser: response.Body, tell: sync.OnceFunc(func() { close(e.reading) })}
	}
	return response, err
}

// A slowConn writes at once, but is not done with what is after the headers
// until then.
type slowConn struct {
	net.Conn
	until  <-chan struct{}
	writes int
}

func (c *slowConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if c.writes++; c.writes > 1 {
		<-c.until
	}
	return n, err
}

type told struct {
	io.ReadCloser
	tell func()
}

func (b *told) Read(p []byte) (int, error) {
	b.tell()
	return b.ReadCloser.Read(p)
}

// AWS may answer before the client knows that it has sent all of a request.
func TestAnswerThatComesEarly(t *testing.T) {
	for name, test := range map[string]struct {
		mend func(aws.Config) aws.Config
		ok   bool
	}{
		"mended":      {awswire.Mend, true},
		"twice":       {func(c aws.Config) aws.Config { return awswire.Mend(awswire.Mend(c)) }, true},
		"as it comes": {func(c aws.Config) aws.Config { return c }, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil || r.ContentLength != int64(len(body)) || !strings.Contains(string(body), "acmbot-events") {
					t.Errorf("the request is %q of %d bytes, %v", body, r.ContentLength, err)
				}
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				_, _ = io.WriteString(w, "{}")
			}))
			defer server.Close()
			e := newEarly(t)
			client := sqs.NewFromConfig(test.mend(aws.Config{
				Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: e,
				Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
				Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
			}))
			sent := make(chan error, 1)
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				WroteRequest: func(info httptrace.WroteRequestInfo) { sent <- info.Err },
			})
			_, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String("https://sqs.eu-west-1.amazonaws.com/111122223333/acmbot-events")})
			switch broken := <-sent; {
			case test.ok && (err != nil || broken != nil):
				t.Errorf("the connection ends the request with %v, and the call with %v", broken, err)
			case !test.ok && broken == nil:
				t.Error("the SDK needs no mending any more")
			}
		})
	}
}
