package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/dynamo"
	"github.com/acmbot/acmbot/bot/state/dynamo/dynamotest"
	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/awswire"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/terminal"
	"github.com/acmbot/acmbot/diagnose/world"
)

// rawWords are what no person may get to see: words of Go, of the SDK, or of
// whoever answered in AWS's place, in small letters.
var rawWords = []string{
	"operation error", "api error", "statuscode", "requestid", "http response error", "https response error", "deserialization", "smithy",
	"context deadline", "context canceled", "dial tcp", "invalid character", "end of json", "x509: ", "connection refused", "connection reset",
	"reset by peer", "net/http", "goroutine", "runtime error", "<nil>", "%!", "exceeded maximum number", "retry quota", "unknownerror", "<html",
	"<!doctype", "guest network", "127.0.0.1:", "hunter2",
}

// rawIn is the first of the rawWords that a text has, and where; the word is
// empty where it has none. It is no regular expression, which would take most of
// these tests' time.
func rawIn(text string) (word string, at int) {
	small := strings.ToLower(text)
	for _, word := range rawWords {
		if at := strings.Index(small, word); at >= 0 {
			return word, at
		}
	}
	if at := strings.Index(text, "tls: "); at >= 0 {
		return "tls: ", at
	}
	for _, word := range []string{"eof", "nil"} {
		if !strings.Contains(small, word) {
			continue
		}
		if at := regexp.MustCompile(`\b` + word + `\b`).FindStringIndex(small); at != nil {
			return word, at[0]
		}
	}
	return "", 0
}

func TestRawWordsAreFound(t *testing.T) {
	for _, text := range []string{"an API error", "an EOF.", "it is <nil>", "(nil)", "tls: handshake", "dial TCP", "!Context Deadline exceeded"} {
		if word, at := rawIn("x " + text); word == "" || at < 2 {
			t.Errorf("in %q there is %q, at %d", text, word, at)
		}
	}
	for _, text := range []string{"", "vanilla", "TLS: it is encrypted", "a proof"} {
		if word, _ := rawIn(text); word != "" {
			t.Errorf("in %q there is %q", text, word)
		}
	}
}

// A wreck is a way in which an endpoint goes wrong.
type wreck struct {
	name string
	// tells says that the answer cannot be as if nothing was wrong.
	tells bool
	// hangs says that only a deadline ends it, on a slow machine at least.
	hangs bool
	serve func(w http.ResponseWriter, r *http.Request, intact http.Handler)
	// conn, where set, has the connection instead.
	conn func(net.Conn)
	// address, where set, is where to connect instead.
	address func(*testing.T) string
}

// page answers with something that no service of AWS's says.
func page(status int, contentType, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// altered answers with what the service says, changed.
func altered(change func(http.ResponseWriter, *httptest.ResponseRecorder)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, intact http.Handler) {
		said := httptest.NewRecorder()
		intact.ServeHTTP(said, r)
		for name, values := range said.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		change(w, said)
	}
}

const guestNetwork = "<!DOCTYPE html><html><head><title>hunter2</title></head><body>Welcome to the guest network. Please log in.</body></html>"

// wrecks are the ways. The answers are JSON or XML, by the service.
func wrecks() []wreck {
	hang := func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }
	return []wreck{
		{name: "silent", tells: true, hangs: true, serve: hang},
		{name: "slow, in time", serve: func(w http.ResponseWriter, r *http.Request, intact http.Handler) {
			select {
			case <-time.After(30 * time.Millisecond):
			case <-r.Context().Done():
			}
			intact.ServeHTTP(w, r)
		}},
		{name: "a byte at a time", tells: true, hangs: true, serve: altered(func(w http.ResponseWriter, said *httptest.ResponseRecorder) {
			for _, b := range said.Body.Bytes() {
				if _, err := w.Write([]byte{b}); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				time.Sleep(100 * time.Millisecond) // it is what is tested
			}
		})},
		{name: "body that never ends", tells: true, hangs: true, serve: func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			_, _ = io.WriteString(w, `{"a":"`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}},
		{name: "throttling", tells: true, serve: func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			refuse(w, r, 400, "ThrottlingException", "Rate exceeded hunter2")
		}},
		{name: "HTTP 429", tells: true, serve: page(429, "text/plain", "hunter2")},
		{name: "internal failure", tells: true, serve: func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			refuse(w, r, 500, "InternalFailure", "hunter2")
		}},
		{name: "HTTP 500, empty", tells: true, serve: page(500, "application/json", "")},
		{name: "HTTP 502 page", tells: true, serve: page(502, "text/html", "<html>hunter2 Bad Gateway</html>")},
		{name: "HTTP 503 page", tells: true, serve: page(503, "text/html", guestNetwork)},
		{name: "HTTP 504 page", tells: true, serve: page(504, "text/html", guestNetwork)},
		{name: "unknown error", tells: true, serve: func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			refuse(w, r, 400, "hunter2!<html>", "hunter2 %!s(MISSING)")
		}},
		{name: "proxy's HTTP 403 page", tells: true, serve: page(403, "text/html", guestNetwork)},
		{name: "proxy's HTTP 407 page", tells: true, serve: page(407, "text/html", guestNetwork)},
		{name: "HTTP 404 page", tells: true, serve: page(404, "text/html", guestNetwork)},
		{name: "captive portal", tells: true, serve: page(200, "text/html", guestNetwork)},
		{name: "redirect to a portal", tells: true, serve: func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			if r.URL.Path == "/portal" {
				page(200, "text/html", guestNetwork)(w, r, nil)
				return
			}
			http.Redirect(w, r, "/portal", http.StatusTemporaryRedirect)
		}},
		{name: "empty", tells: true, serve: page(200, "application/x-amz-json-1.1", "")},
		{name: "JSON without anything", tells: true, serve: page(200, "application/x-amz-json-1.1", "{}")},
		{name: "XML without anything", tells: true, serve: page(200, "text/xml", "<Response></Response>")},
		{name: "null", tells: true, serve: page(200, "application/x-amz-json-1.1", "null")},
		{name: "JSON array", tells: true, serve: page(200, "application/x-amz-json-1.1", `["hunter2"]`)},
		{name: "wrong types", tells: true, serve: page(200, "application/x-amz-json-1.1",
			`{"Results":"hunter2","CertificateSummaryList":{"a":1},"Certificate":[1],"NextToken":5}`)},
		{name: "half a body", tells: true, serve: altered(func(w http.ResponseWriter, said *httptest.ResponseRecorder) {
			w.WriteHeader(said.Code)
			_, _ = w.Write(said.Body.Bytes()[:said.Body.Len()/2])
		})},
		{name: "cut in the body", tells: true, serve: altered(func(w http.ResponseWriter, said *httptest.ResponseRecorder) {
			w.Header().Set("Content-Length", fmt.Sprint(said.Body.Len()))
			_, _ = w.Write(said.Body.Bytes()[:said.Body.Len()/2])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})},
		{name: "wrong content type", serve: altered(func(w http.ResponseWriter, said *httptest.ResponseRecorder) {
			w.Header().Set("Content-Type", "image/png")
			w.WriteHeader(said.Code)
			_, _ = w.Write(said.Body.Bytes())
		})},
		{name: "UTF-16", tells: true, serve: altered(func(w http.ResponseWriter, said *httptest.ResponseRecorder) {
			w.WriteHeader(said.Code)
			wide := []byte{0xff, 0xfe}
			for _, b := range said.Body.Bytes() {
				wide = append(wide, b, 0)
			}
			_, _ = w.Write(wide)
		})},
		{name: "not the compression it says", tells: true, serve: altered(func(w http.ResponseWriter, said *httptest.ResponseRecorder) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(said.Code)
			_, _ = w.Write(said.Body.Bytes())
		})},
		{name: "huge", tells: true, hangs: true, serve: func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			_, _ = io.WriteString(w, `{"a":"`)
			for block := bytes.Repeat([]byte("x"), 1<<20); ; {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}},
		{name: "nested", tells: true, serve: page(200, "application/x-amz-json-1.1", strings.Repeat(`{"a":[`, 100_000))},
		{name: "not HTTP", tells: true, conn: func(c net.Conn) { _, _ = io.WriteString(c, "220 hunter2 ESMTP\r\n") }},
		{name: "closed at once", tells: true, conn: func(net.Conn) {}},
		{name: "reset", tells: true, conn: func(c net.Conn) {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
		}},
		{name: "reset after the request", tells: true, conn: func(c net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
				return
			}
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
		}},
		{name: "unreachable", tells: true, address: func(*testing.T) string { return "http://" + nowhere }},
		{name: "certificate not trusted", tells: true, address: func(t *testing.T) string {
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.Config.ErrorLog = quietLog
			server.StartTLS()
			t.Cleanup(server.Close)
			return server.URL
		}},
		{name: "TLS of another age", tells: true, address: func(t *testing.T) string {
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.Config.ErrorLog = quietLog
			server.TLS = &tls.Config{MaxVersion: tls.VersionTLS10, MinVersion: tls.VersionTLS10}
			server.StartTLS()
			t.Cleanup(server.Close)
			return server.URL
		}},
		{name: "no TLS where it should be", tells: true, address: func(t *testing.T) string {
			server := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(server.Close)
			return strings.Replace(server.URL, "http:", "https:", 1)
		}},
	}
}

// refuse answers with an error as the service's protocol has it.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	switch service(r) {
	case "sts", "route53":
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		var escaped, words bytes.Buffer
		xmlEscape(&escaped, code)
		xmlEscape(&words, message)
		_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>`, &escaped, &words)
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
	}
}

// service is the service that a request is signed for.
func service(r *http.Request) string {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	if parts := strings.Split(credential, "/"); len(parts) == 5 {
		return parts[3]
	}
	return ""
}

// start starts the endpoint, before which the intact one is.
func (k wreck) start(t *testing.T, intact string) *url.URL {
	t.Helper()
	address := ""
	switch {
	case k.address != nil:
		address = k.address(t)
	case k.conn != nil:
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var serving sync.WaitGroup
		serving.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				k.conn(c)
				_ = c.Close()
			}
		})
		t.Cleanup(func() {
			_ = l.Close()
			serving.Wait()
		})
		address = "http://" + l.Addr().String()
	default:
		target, err := url.Parse(intact)
		if err != nil {
			t.Fatal(err)
		}
		forward := &httputil.ReverseProxy{
			Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
			ErrorLog: quietLog,
		}
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // or else the server does not see the client go
			r.Body = io.NopCloser(bytes.NewReader(body))
			k.serve(w, r, forward)
		}))
		server.Config.ErrorLog = quietLog
		server.Start()
		t.Cleanup(func() {
			server.CloseClientConnections()
			server.Close()
		})
		address = server.URL
	}
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// A detour leads one service's requests to another endpoint.
type detour struct {
	aws.HTTPClient
	service string
	to      *url.URL
	taken   *atomic.Int64
}

func (d detour) Do(r *http.Request) (*http.Response, error) {
	name, action, one := strings.Cut(d.service, ":")
	if service(r) == name && (!one || strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+action)) {
		d.taken.Add(1)
		r = r.Clone(r.Context())
		r.Host = r.URL.Host // which is signed
		r.URL.Scheme, r.URL.Host = d.to.Scheme, d.to.Host
	}
	return d.HTTPClient.Do(r)
}

// faultyWorld is a world in which every service is needed: a role, hosted
// zones, a certificate of a private authority.
const faultyWorld = `Two accounts, a certificate that is blocked and one of a private authority.
-- certificates.yaml --
- name: shop.example.com
  expires: +12d
  renewal: PENDING_VALIDATION
- name: pay.example.com
  account: "222233334444"
  expires: +12d
  renewal: PENDING_VALIDATION
-- zone example.com in 111122223333 --
shop  A  198.51.100.10
pay  A  198.51.100.10
-- expect.yaml --
- {ask: shop.example.com, causes: [cname-missing], verdict: blocked}
- {ask: pay.example.com, causes: [cname-missing], verdict: blocked}
`

// tally counts what a fault led to.
type tally struct {
	answers, same, reported, words int
}

// Whatever an AWS endpoint does, there is an answer in time, in plain words,
// which claims nothing that was not seen and says what was not.
func TestEveryAWSFaultIsSurvived(t *testing.T) {
	w, err := world.Parse("faulty", []byte(faultyWorld))
	if err != nil {
		t.Fatal(err)
	}
	scene, err := w.Start(t.Context(), world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(scene.Close)
	questions := []string{"shop.example.com", "pay.example.com", "nothing.example.com"}
	baseline := map[string]map[diagnose.CauseID]bool{}
	for _, q := range questions {
		a := ask(t, sightOf(scene), q)
		baseline[q] = causesOf(a)
		if n := len(baseline[q]); n != 1 {
			t.Fatalf("%s has the causes %v without any fault", q, baseline[q])
		}
		if raw, _ := rawIn(shown(t, a)); raw != "" {
			t.Fatalf("without any fault the answer has %q in it", raw)
		}
	}

	var mu sync.Mutex
	total := map[string]*tally{}
	var group errgroup.Group
	group.SetLimit(32)
	faults := wrecks()
	services := []string{"acm", "acm:DescribeCertificate", "acm:SearchCertificates", "route53", "sts"}
	if testing.Short() {
		services = []string{"acm", "route53", "sts"}
	}
	for _, k := range faults {
		for _, service := range services {
			group.Go(func() error {
				var sum tally
				met := false
				// How much is done before a deadline is a matter of the machine:
				// on a slow one the fault may be met with more time only.
				for wait := time.Second; !met && wait < time.Minute; wait *= 2 {
					sum, met = meetFault(t, scene, k, service, wait, questions, baseline)
					if !k.hangs {
						break
					}
				}
				if !met {
					t.Errorf("%s, %s: the fault was met by nobody", k.name, service)
				}
				mu.Lock()
				defer mu.Unlock()
				if total[service] == nil {
					total[service] = &tally{}
				}
				total[service].answers += sum.answers
				total[service].same += sum.same
				total[service].reported += sum.reported
				total[service].words += sum.words
				return nil
			})
		}
	}
	_ = group.Wait()
	for _, service := range services {
		n := total[service]
		t.Logf("%-23s %d faults, %d answers in time: %d as without a fault, %d that say what was not seen; %d sentences without a raw word",
			service, len(faults), n.answers, n.same, n.reported, n.words)
	}
}

// meetFault asks the questions, and lists all certificates, while an endpoint
// goes wrong, and tells whether that was noticed. Of an endpoint that hangs the
// answer is waited for as long as is told, in each place.
func meetFault(t *testing.T, scene *world.Running, k wreck, service string, wait time.Duration, questions []string, baseline map[string]map[diagnose.CauseID]bool) (sum tally, met bool) {
	t.Helper()
	taken := new(atomic.Int64)
	client := awshttp.NewBuildableClient()
	defer client.GetTransport().CloseIdleConnections()
	where := sightOf(scene)
	where.inventory.Config.HTTPClient = detour{client, service, k.start(t, aws.ToString(where.inventory.Config.BaseEndpoint)), taken}
	where.inventory.PlaceTimeout, where.timeout = time.Minute, time.Minute
	if k.hangs {
		where.inventory.PlaceTimeout, where.timeout = wait, 4*wait
	}
	where.inventory.Attempts = 2
	// The world's name servers all answer, but for want of a processor not always
	// in the time that is for others.
	where.dns.Timeout = 10 * time.Second
	where.shared = inventory.New(where.inventory)
	for _, q := range questions {
		if q == "nothing.example.com" && service != "acm" && service != "acm:SearchCertificates" {
			continue
		}
		at := fmt.Sprintf("%s, %s, %s", k.name, service, q)
		checkAnswer(t, at, k, service, q, ask(t, where, q), baseline[q], &sum)
	}
	_, estate := where.observers()
	defer estate.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	checkListing(t, k, service, estate.List(ctx))
	return sum, taken.Load() > 0
}

// ask asks a question as acmbot why does, and fails the test where no answer
// comes.
func ask(t *testing.T, where sight, question string) diagnose.Answer {
	t.Helper()
	q, err := diagnose.ParseQuery(question)
	if err != nil {
		t.Fatal(err)
	}
	doctor, estate := where.observers()
	defer estate.Close()
	answered := make(chan diagnose.Answer, 1)
	// The deadline is where's own: this context has none.
	go func() { answered <- doctor.Answer(context.WithoutCancel(t.Context()), q, nil) }()
	select {
	case a := <-answered:
		return a
	case <-time.After(time.Minute):
		t.Errorf("%s is not answered", question)
		return diagnose.Answer{}
	}
}

func causesOf(a diagnose.Answer) map[diagnose.CauseID]bool {
	set := map[diagnose.CauseID]bool{}
	for _, r := range a.Reports {
		for _, f := range r.Findings {
			set[f.Cause] = true
		}
	}
	if f := a.NoCertificate(); f != nil {
		set[f.Cause] = true
	}
	return set
}

// shown is all that a person sees of an answer, in the terminal and in Slack.
func shown(t *testing.T, a diagnose.Answer) string {
	t.Helper()
	m := view.Answer(a, view.Options{})
	blocks, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return terminal.Render(a, terminal.Options{Evidence: true, Width: 1000}) + m.Text + string(blocks) + string(document)
}

func unseenOf(a diagnose.Answer) []diagnose.Unseen {
	list := slices.Clone(a.Scope.Unreadable)
	for _, r := range a.Reports {
		list = append(list, r.Unseen...)
	}
	return list
}

func checkAnswer(t *testing.T, at string, k wreck, service, question string, a diagnose.Answer, want map[diagnose.CauseID]bool, sum *tally) {
	t.Helper()
	sum.answers++
	text := shown(t, a)
	if raw, i := rawIn(text); raw != "" {
		t.Errorf("%s: the answer has %q in it: …%s…", at, raw, text[max(0, i-150):min(len(text), i+150)])
	}
	unseen := unseenOf(a)
	got := causesOf(a)
	for cause := range got {
		if !want[cause] && (cause != "wrong-scope" || len(unseen) == 0) {
			t.Errorf("%s: the cause %s is made up (%+v)", at, cause, unseen)
		}
	}
	if service == "acm:SearchCertificates" && k.tells && len(unseen) == 0 && len(got) == 0 {
		t.Errorf("%s: nothing is said at all", at)
	}
	// That there is no certificate may be said of what was read only.
	if f := a.NoCertificate(); f != nil && !want[f.Cause] && len(a.Scope.Places) > 0 && service == "acm" {
		t.Errorf("%s: there is said to be no certificate: %s", at, f.Text)
	}
	for _, r := range a.Reports {
		if r.Verdict == diagnose.VerdictHealthy {
			t.Errorf("%s: it is said to be healthy", at)
		}
	}
	for _, u := range unseen {
		sum.words++
		if u.What == "" || !strings.HasSuffix(u.Detail, ".") || u.Why == "" {
			t.Errorf("%s: what was not seen is told as %+v", at, u)
		}
		if u.Permission != "" || u.Why == diagnose.AccessDenied {
			t.Errorf("%s: a permission is said to be missing: %+v", at, u)
		}
	}
	switch {
	case len(unseen) > 0:
		sum.reported++
	default:
		sum.same++
		if len(got) != len(want) {
			t.Errorf("%s: the causes are %v, %v without the fault, and nothing is said to be unseen", at, got, want)
		}
	}
	if k.tells && strings.HasPrefix(service, "acm") && len(unseen) == 0 && (service == "acm" || service == "acm:DescribeCertificate" && question != "nothing.example.com") {
		t.Errorf("%s: nothing is said to be unseen", at)
	}
}

func checkListing(t *testing.T, k wreck, service string, l diagnose.Listing) {
	t.Helper()
	for _, u := range l.Scope.Unreadable {
		if raw, _ := rawIn(u.What + u.Detail); raw != "" {
			t.Errorf("%s, %s: the listing has %q in it: %+v", k.name, service, raw, u)
		}
	}
	switch {
	case !k.tells:
		if len(l.Certificates) != 2 || len(l.Scope.Unreadable) > 0 {
			t.Errorf("%s, %s: the listing has %d certificates, unreadable: %+v", k.name, service, len(l.Certificates), l.Scope.Unreadable)
		}
	case service == "acm":
		if len(l.Certificates) > 0 || len(l.Scope.Places) > 0 || len(l.Scope.Unreadable) < 2 {
			t.Errorf("%s: the listing has %d certificates of %v, unreadable: %+v", k.name, len(l.Certificates), l.Scope.Places, l.Scope.Unreadable)
		}
	case service == "sts": // the base credentials need none
		if len(l.Certificates) > 1 || !slices.ContainsFunc(l.Scope.Unreadable, func(u diagnose.Unseen) bool { return u.Account == "222233334444" }) {
			t.Errorf("%s: the listing has %d certificates, unreadable: %+v", k.name, len(l.Certificates), l.Scope.Unreadable)
		}
	}
}

var quietLog = log.New(io.Discard, "", 0)

func xmlEscape(b *bytes.Buffer, s string) { _ = xml.EscapeText(b, []byte(s)) }

// Whatever DynamoDB does, a store answers in time and in plain words, and goes
// on when DynamoDB does.
func TestEveryDynamoDBFaultIsSurvived(t *testing.T) {
	endpoint := dynamotest.Start(t)
	table := dynamotest.CreateTable(t, endpoint)
	var mu sync.Mutex
	calls, failed, sentences := 0, 0, 0
	var group errgroup.Group
	group.SetLimit(20)
	faults := wrecks()
	for n, k := range faults {
		group.Go(func() error {
			d := &detour{awshttp.NewBuildableClient(), "", k.start(t, endpoint), new(atomic.Int64)}
			cfg := awswire.Mend(dynamotest.Config(endpoint))
			cfg.HTTPClient = switched{d, &mu}
			cfg.RetryMaxAttempts = 2
			store, err := dynamo.Open(t.Context(), dynamo.Options{Table: table, Config: cfg})
			if err != nil {
				t.Error(err)
				return nil
			}
			defer func() { _ = store.Close() }()
			key := state.Key{Kind: fmt.Sprintf("wreck%d", n), ID: "a"}
			before, err := store.Put(t.Context(), state.Item{Key: key, Value: []byte(`"kept"`)})
			if err != nil {
				t.Error(err)
				return nil
			}
			broken := func(on bool) {
				mu.Lock()
				defer mu.Unlock()
				if d.service = ""; on {
					d.service = "dynamodb"
				}
			}
			broken(true)
			for action, call := range map[string]func(context.Context) error{
				"get": func(ctx context.Context) error { _, err := store.Get(ctx, key); return err },
				"put": func(ctx context.Context) error {
					_, err := store.Put(ctx, state.Item{Key: state.Key{Kind: key.Kind, ID: "b"}, Value: []byte(`1`)})
					return err
				},
				"list": func(ctx context.Context) error {
					for _, err := range store.List(ctx, key.Kind, "") {
						if err != nil {
							return err
						}
					}
					return nil
				},
				"delete": func(ctx context.Context) error { return store.Delete(ctx, state.Key{Kind: key.Kind, ID: "c"}, 1) },
			} {
				wait := time.Second
				if !k.tells {
					wait = time.Minute
				}
				ctx, cancel := context.WithTimeout(t.Context(), wait)
				err := call(ctx)
				cancel()
				mu.Lock()
				calls++
				if err != nil {
					failed++
				}
				mu.Unlock()
				fault, said := errors.AsType[*state.Fault](err)
				switch {
				case said:
					mu.Lock()
					sentences++
					mu.Unlock()
					if raw, _ := rawIn(fault.Problem + fault.Remedy); raw != "" {
						t.Errorf("%s, %s: %q has %q in it", k.name, action, fault, raw)
					}
				case err == nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, state.ErrNotFound) && (action == "delete" || action == "get"):
				default:
					t.Errorf("%s, %s: the error is %v", k.name, action, err)
				}
				// An object without anything is what DynamoDB says where a change
				// worked or an item is not there, and it does not compress.
				ambiguous := action != "list" && slices.Contains([]string{"empty", "JSON without anything", "wrong types", "a byte at a time"}, k.name) ||
					k.name == "not the compression it says"
				if k.tells && !ambiguous && err == nil {
					t.Errorf("%s, %s: it is said to have worked", k.name, action)
				}
			}
			broken(false)
			after, err := store.Get(t.Context(), key)
			if err != nil || after.Version != before.Version || string(after.Value) != `"kept"` {
				t.Errorf("%s: afterwards there is %+v, %v", k.name, after, err)
			}
			return nil
		})
	}
	_ = group.Wait()
	t.Logf("dynamodb %d faults, %d calls in time: %d failed, %d of them with a sentence and the others by their deadline", len(faults), calls, failed, sentences)
}

// switched looks at a detour under a lock.
type switched struct {
	*detour
	mu *sync.Mutex
}

func (s switched) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	now := *s.detour
	s.mu.Unlock()
	return now.Do(r)
}
