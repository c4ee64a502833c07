package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/acmbot/acmbot/bot/workspace"
)

// A collector takes traces, as OpenTelemetry's does.
type collector struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	raw      bytes.Buffer
	spans    []*tracepb.Span
	resource map[string]string
	headers  []http.Header
}

func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{t: t, resource: map[string]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(c.take))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) take(w http.ResponseWriter, r *http.Request) {
	var reader io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, "not gzip", http.StatusBadRequest)
			return
		}
		reader = unzipped
	}
	body, err := io.ReadAll(reader)
	// ExportTraceServiceRequest, without gRPC's code around it.
	var data tracepb.TracesData
	if err != nil || proto.Unmarshal(body, &data) != nil || r.URL.Path != "/v1/traces" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-protobuf" {
		c.t.Errorf("no traces: %s %s %v", r.Method, r.URL, r.Header)
		http.Error(w, "no traces", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(body)
	c.headers = append(c.headers, r.Header)
	for _, resource := range data.GetResourceSpans() {
		for _, a := range resource.GetResource().GetAttributes() {
			c.resource[a.GetKey()] = text(a.GetValue())
		}
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func text(v *commonpb.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_BoolValue:
		if v.BoolValue {
			return "true"
		}
		return "false"
	default:
		return v.(interface{ String() string }).String()
	}
}

// attributes are a span's, those that are texts or truths.
func attributes(s *tracepb.Span) map[string]string {
	all := map[string]string{}
	for _, a := range s.GetAttributes() {
		switch a.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_StringValue, *commonpb.AnyValue_BoolValue:
			all[a.GetKey()] = text(a.GetValue())
		default:
			all[a.GetKey()] = "…"
		}
	}
	return all
}

// roots are the spans without a parent of a name.
func (c *collector) roots(name string) (list []*tracepb.Span) {
	for _, s := range c.spans {
		if s.GetName() == name && len(s.GetParentSpanId()) == 0 {
			list = append(list, s)
		}
	}
	return list
}

func (c *collector) children(parent *tracepb.Span) (list []*tracepb.Span) {
	for _, s := range c.spans {
		if bytes.Equal(s.GetParentSpanId(), parent.GetSpanId()) && bytes.Equal(s.GetTraceId(), parent.GetTraceId()) {
			list = append(list, s)
		}
	}
	return list
}

// tree is what is under a span, each name once: "request > diagnosis > judge".
func (c *collector) tree(s *tracepb.Span, above string) map[string]bool {
	path := above + s.GetName()
	all := map[string]bool{path: true}
	for _, child := range c.children(s) {
		if child.GetStartTimeUnixNano() < s.GetStartTimeUnixNano() || child.GetEndTimeUnixNano() < child.GetStartTimeUnixNano() {
			c.t.Errorf("%s > %s is out of time", path, child.GetName())
		}
		for p := range c.tree(child, path+" > ") {
			all[p] = true
		}
	}
	return all
}

// What the bot does for a question, and for a digest, is in a trace: from the
// envelope to the message, with nothing that somebody wrote.
func TestTracesOfARun(t *testing.T) {
	unsetSettings(t)
	literalWorld(t)
	slack := startSlack(t)
	c := startCollector(t)
	headers := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(headers, []byte("authorization=Bearer%20SECRET, x-team=certs\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL + "/", "OTEL_EXPORTER_OTLP_HEADERS": "file:" + headers, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
		"OTEL_SERVICE_NAME": "acmbot-test", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
		"ACMBOT_DIGEST_CHANNEL": "C0AOPSCERT", "ACMBOT_DIGEST_TIME": time.Now().UTC().Add(-time.Minute).Format("15:04"),
	} {
		t.Setenv(name, value)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var stdout, stderr syncBuffer
	status := make(chan int, 1)
	go func() { status <- Main(ctx, []string{"run"}, strings.NewReader(""), &stdout, &stderr) }()
	if err := slack.Wait(ctx, func() bool { return slack.Sockets() > 0 }); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if _, err := slack.Slash("dana", "ops-certificates", "/acm", "why shop.example.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := slack.Say("dana", "ops-certificates", "", "<@"+slack.BotUserID()+"> garden.example"); err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{"12 days", "garden.example", "digest"} {
		if _, err := slack.WaitMessage(ctx, func(m workspace.Message) bool {
			return m.App && strings.Contains(strings.ToLower(m.Text+m.Words()), said)
		}); err != nil {
			t.Fatalf("no %s: %v\n%s", said, err, stderr.String())
		}
	}
	stop()
	if got := <-status; got != exitOK {
		t.Errorf("it ended with status %d\n%s", got, stderr.String())
	}
	// The end has sent all that was left.
	c.mu.Lock()
	defer c.mu.Unlock()
	requests := map[string]bool{}
	var shapes []map[string]bool
	for _, r := range c.roots("request") {
		a := attributes(r)
		requests[a["acmbot.request_kind"]] = true
		shapes = append(shapes, c.tree(r, ""))
		if id := a["acmbot.request_id"]; !strings.Contains(stderr.String(), "request="+id) {
			t.Errorf("the log knows no request %q", id)
		}
	}
	if diff := cmp.Diff(map[string]bool{"command": true, "mention": true}, requests); diff != "" {
		t.Errorf("requests (-want, +got):\n%s", diff)
	}
	all := map[string]bool{}
	for _, s := range shapes {
		for path := range s {
			all[path] = true
		}
	}
	for _, d := range c.roots("digest") {
		for path := range c.tree(d, "") {
			all[path] = true
		}
	}
	for _, want := range []string{
		"request > acknowledge",
		"request > diagnosis > wait for a worker",
		"request > diagnosis > diagnose > inventory > inventory place > ACM SearchCertificates",
		"request > diagnosis > diagnose > inventory > inventory place > ACM DescribeCertificate",
		"request > diagnosis > diagnose > dns walk",
		"request > diagnosis > diagnose > probe https",
		"request > diagnosis > diagnose > hosted zones > Route 53 ListResourceRecordSets",
		"request > diagnosis > diagnose > judge",
		"request > render",
		"request > post > slack response URL",
		"request > post > slack chat.postMessage|request > post > slack chat.update", // the latter in place of progress
		"digest > gather the digest > diagnose > judge",
		"digest > render",
		"digest > post > slack chat.postMessage",
	} {
		if !slices.ContainsFunc(strings.Split(want, "|"), func(path string) bool { return all[path] }) {
			t.Errorf("there is no %q", want)
		}
	}
	if len(c.roots("list certificates")) == 0 {
		t.Error("there is no trace of the listing")
	}
	if t.Failed() {
		for path := range all {
			t.Log(path)
		}
	}
	places := map[string]bool{}
	for _, s := range c.spans {
		if a := attributes(s); s.GetName() == "inventory place" {
			places[a["cloud.account.id"]+" "+a["cloud.region"]] = true
		} else if s.GetName() == "ACM DescribeCertificate" && (a["rpc.system"] != "aws-api" || a["rpc.service"] != "ACM" || a["rpc.method"] != "DescribeCertificate" || a["cloud.region"] == "" || a["acmbot.tries"] == "") {
			t.Errorf("a call has %v", a)
		}
	}
	if !places["111122223333 eu-west-1"] || len(places) < 3 {
		t.Errorf("places: %v", places)
	}
	if c.resource["service.name"] != "acmbot-test" || c.resource["deployment.environment"] != "test" || c.resource["service.version"] == "" {
		t.Errorf("resource: %v", c.resource)
	}
	for _, h := range c.headers {
		if h.Get("Authorization") != "Bearer SECRET" || h.Get("X-Team") != "certs" {
			t.Errorf("headers: %v", h)
		}
	}
	// What somebody wrote, who asked, and what it is about stays here.
	sent := c.raw.String()
	for _, private := range []string{"example.com", "garden", "arn:aws", "acm-validations", "dana", "U0ADANA", "C0AOPSCERT", slack.TeamID(), slack.BotToken(), slack.AppToken(), "SECRET", "127.0."} {
		if strings.Contains(sent, private) {
			t.Errorf("the traces tell %q", private)
		}
	}
	if strings.Contains(stderr.String(), "SECRET") {
		t.Error("the log tells the headers")
	}
}

// Without a collector nothing is traced.
func TestTracingIsOff(t *testing.T) {
	for name, s := range map[string]tracingSettings{
		"not configured": {},
		"none":           {Endpoint: "http://127.0.0.1:1", Exporter: "none"},
		"disabled":       {Endpoint: "http://127.0.0.1:1", Switched: true},
	} {
		if got, err := s.start(t.Context(), slog.New(slog.DiscardHandler)); got != nil || err != nil {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestTracingSettings(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "is not an address such as http://localhost:4318."},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:SECRET@localhost:4318", "holds a user name or a password"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "Bearer SECRET", "does not have the form name=value,name=value"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=%SECRET", "does not have the form name=value,name=value"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "a=b%0aSECRET:c", "does not have the form name=value,name=value"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "secretsmanager:", "says secretsmanager: and names no secret"},
		{"OTEL_EXPORTER_OTLP_COMPRESSION", "zip", `is "zip", which is neither gzip nor none.`},
		{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s", `is "10s", which is not a number of milliseconds`},
		{"OTEL_TRACES_SAMPLER", "sometimes", `is "sometimes", which is none of always_on`},
		{"OTEL_TRACES_SAMPLER_ARG", "50%", `is "50%", which is not a number from 0 to 1.`},
		{"OTEL_TRACES_SAMPLER_ARG", "NaN", `is "NaN", which is not a number from 0 to 1.`},
		{"OTEL_SDK_DISABLED", "yes", `is "yes", which is neither true nor false.`},
		{"OTEL_TRACES_EXPORTER", "console", `is "console", which is neither otlp nor none.`},
	} {
		unsetSettings(t)
		t.Setenv(test.name, test.value)
		err := load(new(tracingSettings))
		if err == nil || !strings.HasPrefix(err.Error(), test.name+" "+test.want) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s=%s: got %v, want %q", test.name, test.value, err, test.want)
		}
	}
	for want, s := range map[string]tracingSettings{
		`OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", and acmbot speaks http/protobuf only`: {Endpoint: "http://127.0.0.1:4317", Protocol: "grpc"},
		"": {Endpoint: "http://127.0.0.1:4317", Protocol: "grpc", Exporter: "none"},
	} {
		if err := s.check(); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	got, err := parseHeaders("authorization=Bearer%20a%3Db%2Cc, X-Team = certs,")
	if diff := cmp.Diff(map[string]string{"authorization": "Bearer a=b,c", "X-Team": "certs"}, got); diff != "" || err != nil {
		t.Errorf("headers: %v\n%s", err, diff)
	}
}

// What keeps traces from being sent is logged in words, and only now and then.
func TestTracesThatCannotBeSent(t *testing.T) {
	answer := func(status int, body []byte, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}
	}
	partial := protowire.AppendTag(nil, 2, protowire.BytesType)
	partial = protowire.AppendString(partial, "too old: SECRET")
	partial = protowire.AppendTag(partial, 1, protowire.VarintType)
	partial = protowire.AppendVarint(partial, 7)
	rejected := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial)
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"credentials", answer(401, []byte("SECRET is no key")), "the collector refuses the credentials (HTTP status 401)"},
		{"path", answer(404, []byte("SECRET")), "the collector answers with the HTTP status 404: check the path"},
		{"overload", answer(503, nil), "the collector is overloaded or away (HTTP status 503)"},
		{"rejected", answer(200, rejected), "the collector rejects 7 of them"},
		{"silence", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else nobody sees the client go
			<-r.Context().Done()
		}, "the collector does not answer in time"},
		{"nobody", nil, "the collector cannot be reached"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := "http://" + nowhere
			if test.handler != nil {
				server := httptest.NewServer(test.handler)
				defer server.Close()
				address = server.URL
			}
			var lines []string
			// A slow machine takes longer to be told why.
			for patience := 300 * time.Millisecond; patience < time.Minute; patience *= 4 {
				if lines = sentInVain(t, address, patience); slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, test.want) }) {
					break
				}
			}
			if len(lines) != 1 || !strings.Contains(lines[0], test.want) {
				t.Errorf("got %q, want one line with %q", lines, test.want)
			}
		})
	}
}

// sentInVain sends traces for a while, and returns what the log says of it.
func sentInVain(t *testing.T, address string, patience time.Duration) []string {
	t.Helper()
	var logged syncBuffer
	s := tracingSettings{Endpoint: otlpEndpoint(address), Timeout: milliseconds(patience / time.Millisecond / 3), Headers: otlpHeaders{secret{value: "authorization=SECRET"}}}
	traced, err := s.start(t.Context(), slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range 3 {
		_, end := traced.tracer.Begin(t.Context(), "request")
		end(errors.New("SECRET"))
		_ = traced.provider.ForceFlush(ctx)
	}
	traced.flush = patience
	began := time.Now()
	traced.close()
	if took := time.Since(began); took > 10*patience {
		t.Errorf("the end takes %s", took)
	}
	if strings.Contains(logged.String(), "SECRET") {
		t.Errorf("the log tells too much:\n%s", logged.String())
	}
	return regexp.MustCompile(`(?m)^.*level=WARN msg="traces cannot be sent.*$`).FindAllString(logged.String(), -1)
}

// Where the collector asks for patience it gets it, and the traces.
func TestTracesAreSentAgain(t *testing.T) {
	c := startCollector(t)
	var tries int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		c.take(w, r)
	}))
	defer server.Close()
	transport := &http.Transport{}
	client := &otlpClient{url: server.URL + "/v1/traces", timeout: time.Minute, http: &http.Client{Transport: transport}, stopped: make(chan struct{}), backoff: time.Millisecond}
	spans := []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{Name: "request"}}}}}}
	if err := client.UploadTraces(t.Context(), spans); err != nil || tries != 3 || len(c.roots("request")) != 1 {
		t.Errorf("%v after %d tries, with %d spans", err, tries, len(c.spans))
	}
	if err := client.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// Why traces were not taken is what the collector said, not that the try after
// that was cut short by the end.
func TestTracesAreGivenUp(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	tries := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // else nobody sees the client go
		end()
		<-r.Context().Done()
	}))
	defer server.Close()
	client := &otlpClient{url: server.URL, timeout: time.Minute, http: server.Client(), stopped: make(chan struct{}), backoff: time.Millisecond}
	if err := client.UploadTraces(ctx, nil); err == nil || !strings.Contains(err.Error(), "overloaded") {
		t.Errorf("%v", err)
	}
}

// Over TLS, the collector's certificate is one that is trusted.
func TestTracesOverTLS(t *testing.T) {
	c := startCollector(t)
	server := httptest.NewTLSServer(http.HandlerFunc(c.take))
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	send := func(authority file) string {
		var logged syncBuffer
		s := tracingSettings{Endpoint: otlpEndpoint(server.URL), Timeout: 5000, Authority: authority}
		traced, err := s.start(t.Context(), slog.New(slog.NewTextHandler(&logged, nil)))
		if err != nil {
			t.Fatal(err)
		}
		_, end := traced.tracer.Begin(t.Context(), "request")
		end(nil)
		traced.close()
		return logged.String()
	}
	if log := send(""); !strings.Contains(log, "the collector's certificate is not trusted") {
		t.Errorf("the log has %q", log)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if log := send(file(path)); strings.Contains(log, "WARN") || len(c.roots("request")) != 1 {
		t.Errorf("%d spans came; the log has %q", len(c.spans), log)
	}
	for _, s := range []tracingSettings{{Authority: "/dev/null"}, {Certificate: "/dev/null", Key: "/dev/null"}} {
		s.Endpoint = otlpEndpoint(server.URL)
		if _, err := s.start(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), "OTEL_EXPORTER_OTLP_C") {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// The kinds of errors are told, their texts are not.
func TestErrorTypes(t *testing.T) {
	for want, err := range map[string]error{
		"timeout": context.DeadlineExceeded, "cancelled": context.Canceled, "_OTHER": &net.OpError{Op: "dial", Err: errors.New("SECRET")},
	} {
		if got := errorType(err); got != want {
			t.Errorf("%v is told as %q, want %q", err, got, want)
		}
	}
}
