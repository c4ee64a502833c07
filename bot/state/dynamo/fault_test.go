package dynamo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/dynamo"
	"github.com/acmbot/acmbot/bot/state/dynamo/dynamotest"
)

// config reaches a server without waiting between attempts.
func config(endpoint string) aws.Config {
	c := dynamotest.Config(endpoint)
	c.Retryer = func() aws.Retryer { return eager{aws.NopRetryer{}} }
	return c
}

// eager tries everything three times.
type eager struct{ aws.NopRetryer }

func (eager) IsErrorRetryable(error) bool                  { return true }
func (eager) MaxAttempts() int                             { return 3 }
func (eager) RetryDelay(int, error) (time.Duration, error) { return 0, nil }
func (eager) GetAttemptToken(context.Context) (func(error) error, error) {
	return func(error) error { return nil }, nil
}

func wantFault(t *testing.T, err error, pattern string) {
	t.Helper()
	fault, ok := errors.AsType[*state.Fault](err)
	if !ok || !regexp.MustCompile(pattern).MatchString(fault.Error()) {
		t.Errorf("got %v, want a fault like %q", err, pattern)
	}
}

// What AWS refuses is said in plain words.
func TestFaults(t *testing.T) {
	const table = `the DynamoDB table acmbot in eu-central-1`
	for _, test := range []struct {
		code, message string
		want          string
	}{
		{"AccessDeniedException", "User: arn:aws:iam::111122223333:user/a is not authorized to perform: dynamodb:GetItem on resource: x because no identity-based policy allows the dynamodb:GetItem action",
			`^acmbot's role has no permission for dynamodb:GetItem on ` + table + `\. Attach deploy/iam/dynamodb\.json`},
		{"AccessDeniedException", "KMS key access denied error: User is not authorized to perform: kms:Decrypt",
			`^acmbot's role may not use the key that ` + table + ` is encrypted with\. Allow it kms:Decrypt`},
		{"ResourceNotFoundException", "Requested resource not found", `^There is no DynamoDB table acmbot in eu-central-1 `},
		{"ValidationException", "The provided key element does not match the schema", `^The DynamoDB table acmbot in eu-central-1 is laid out otherwise than acmbot's\. Its partition key has to be pk `},
		{"ExpiredTokenException", "The security token included in the request is expired", `^The AWS credentials that are used for ` + table + ` have expired\.`},
		{"UnrecognizedClientException", "The security token included in the request is invalid.", `^AWS does not accept the credentials that are used for ` + table},
		{"ProvisionedThroughputExceededException", "x", `^DynamoDB limits the requests to ` + table},
		{"InternalServerError", "x", `^DynamoDB reports trouble with ` + table + ` \(InternalServerError\)`},
	} {
		t.Run(test.code, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q}`, test.code, test.message)
			}))
			defer server.Close()
			_, err := dynamo.Open(t.Context(), dynamo.Options{Table: "acmbot", Config: config(server.URL)})
			wantFault(t, err, test.want)
			if strings.Contains(err.Error(), "StatusCode") || strings.Contains(err.Error(), "api error") {
				t.Errorf("the SDK's text shows: %v", err)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		server := httptest.NewServer(nil)
		server.Close()
		_, err := dynamo.Open(t.Context(), dynamo.Options{Table: "acmbot", Config: config(server.URL)})
		wantFault(t, err, `^DynamoDB could not be reached for `+table)
	})
	t.Run("not DynamoDB", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<html>Welcome to the guest network</html>")
		}))
		defer server.Close()
		_, err := dynamo.Open(t.Context(), dynamo.Options{Table: "acmbot", Config: config(server.URL)})
		wantFault(t, err, table)
	})
	t.Run("no credentials", func(t *testing.T) {
		c := config("http://127.0.0.1:1")
		c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("none")
		})
		_, err := dynamo.Open(t.Context(), dynamo.Options{Table: "acmbot", Config: c})
		wantFault(t, err, `^DynamoDB could not be asked for `+table+`\. Check AWS's credentials`)
	})
	t.Run("another table's layout", func(t *testing.T) {
		endpoint := dynamotest.Start(t)
		_, err := dynamo.Open(t.Context(), dynamo.Options{Table: "nowhere", Config: config(endpoint)})
		wantFault(t, err, `^There is no DynamoDB table nowhere in eu-central-1 `)
	})
}

// A proxy before a DynamoDB notes what is called, and may lose answers.
type proxy struct {
	mu    sync.Mutex
	calls map[string]int
	lose  map[string]int // the answers to lose, by action
}

func (p *proxy) start(t *testing.T, endpoint string) string {
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		action = "dynamodb:" + action
		p.mu.Lock()
		p.calls[action]++
		lost := p.lose[action] > 0
		if lost {
			p.lose[action]--
		}
		p.mu.Unlock()
		if !lost {
			forward.ServeHTTP(w, r)
			return
		}
		forward.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// What the network loses the answer to was made all the same, and is neither
// made twice nor taken for somebody else's.
func TestLostAnswers(t *testing.T) {
	endpoint := dynamotest.Start(t)
	p := &proxy{calls: map[string]int{}, lose: map[string]int{}}
	table := dynamotest.CreateTable(t, endpoint)
	s := open(t, dynamo.Options{Table: table, Config: config(p.start(t, endpoint))})
	lose := func(action string, n int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.lose[action] = n
	}
	ctx := t.Context()
	key := state.Key{Kind: "a", ID: "b"}
	lose("dynamodb:PutItem", 2)
	item, err := s.Put(ctx, state.Item{Key: key, Value: []byte(`1`), Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatalf("making: %v", err)
	}
	if got, err := s.Get(ctx, key); err != nil || cmp.Diff(item, got) != "" {
		t.Errorf("it is %+v, %v, though %+v was acknowledged", got, err, item)
	}
	for n := range 5 {
		lose("dynamodb:PutItem", 1)
		if err := state.Update(ctx, s, key, func(v *int) error { *v++; return nil }); err != nil {
			t.Fatal(err)
		}
		if r, err := state.Load[int](ctx, s, key); err != nil || r.Value != n+2 {
			t.Errorf("it is %d, %v, after %d increments of 1", r.Value, err, n+1)
		}
	}
	lose("dynamodb:DeleteItem", 1)
	if err := state.Remove(ctx, s, key); err != nil {
		t.Errorf("removing: %v", err)
	}
	// Nothing that works: neither made nor refused, but unknown.
	lose("dynamodb:PutItem", 3)
	_, err = s.Put(ctx, state.Item{Key: key, Value: []byte(`1`)})
	wantFault(t, err, `^DynamoDB could not be reached`)

	for _, err := range s.List(ctx, "a", "") {
		if err != nil {
			t.Error(err)
		}
	}
	called := slices.Sorted(maps.Keys(p.calls))
	if diff := cmp.Diff(dynamo.Actions(), called); diff != "" {
		t.Errorf("actions mismatch (-told, +called):\n%s", diff)
	}
}

// An item that somebody else put there is no reason to fall.
func TestStrangeItem(t *testing.T) {
	endpoint := dynamotest.Start(t)
	s := open(t, dynamo.Options{Table: dynamotest.CreateTable(t, endpoint), Config: config(endpoint)})
	body := fmt.Sprintf(`{"TableName":%q,"Item":{"pk":{"S":"a"},"sk":{"S":"b"},"version":{"S":"x"}}}`, s.Table())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.PutItem")
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Date", "20261124T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20261124/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("putting it: %s %s", response.Status, text)
	}
	_, err = s.Get(t.Context(), state.Key{Kind: "a", ID: "b"})
	wantFault(t, err, `holds an item that is not acmbot's\. Give acmbot a table of its own\.$`)
	for _, err := range s.List(t.Context(), "a", "") {
		wantFault(t, err, `holds an item that is not acmbot's`)
	}
}
