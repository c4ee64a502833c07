package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// tracingSettings are OpenTelemetry's own ("Environment Variable
// Specification",
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/,
// and "OpenTelemetry Protocol Exporter",
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/). Those that are
// not here and concern the SDK, such as OTEL_BSP_SCHEDULE_DELAY, it reads all the
// same.
type tracingSettings struct {
	Endpoint    otlpEndpoint    `envconfig:"OTEL_EXPORTER_OTLP_ENDPOINT" shown:"none: no traces" desc:"The address of an OpenTelemetry collector that takes OTLP over HTTP, such as http://localhost:4318, for traces of what the bot does."`
	Traces      otlpEndpoint    `envconfig:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" shown:"OTEL_EXPORTER_OTLP_ENDPOINT and /v1/traces" desc:"The same with its whole path, for traces alone."`
	Headers     otlpHeaders     `envconfig:"OTEL_EXPORTER_OTLP_HEADERS" shown:"none" desc:"Headers for it, such as authorization=Bearer%20…, separated by commas; or a reference, as for SLACK_BOT_TOKEN."`
	Only        otlpHeaders     `envconfig:"OTEL_EXPORTER_OTLP_TRACES_HEADERS" shown:"OTEL_EXPORTER_OTLP_HEADERS" desc:"The same for traces alone."`
	Protocol    string          `envconfig:"OTEL_EXPORTER_OTLP_PROTOCOL" default:"http/protobuf" desc:"How it is spoken to: http/protobuf."`
	Compress    otlpCompression `envconfig:"OTEL_EXPORTER_OTLP_COMPRESSION" default:"none" desc:"How traces are compressed: gzip or none."`
	Timeout     milliseconds    `envconfig:"OTEL_EXPORTER_OTLP_TIMEOUT" default:"10000" desc:"How long the collector may take to answer, in milliseconds."`
	Authority   file            `envconfig:"OTEL_EXPORTER_OTLP_CERTIFICATE" shown:"the system's" desc:"A file with the certificates (PEM) of the authorities to trust for it."`
	Certificate file            `envconfig:"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE" shown:"none" desc:"A file with the certificate (PEM) to show it."`
	Key         file            `envconfig:"OTEL_EXPORTER_OTLP_CLIENT_KEY" shown:"none" desc:"A file with that certificate's key (PEM)."`
	Service     string          `envconfig:"OTEL_SERVICE_NAME" default:"acmbot" desc:"What the bot is called in traces."`
	Sampler     traceSampler    `envconfig:"OTEL_TRACES_SAMPLER" default:"parentbased_always_on" desc:"Which questions are traced: always_on, always_off, traceidratio, or one of these after parentbased_."`
	Ratio       traceRatio      `envconfig:"OTEL_TRACES_SAMPLER_ARG" default:"1.0" desc:"The share of them that traceidratio traces, from 0 to 1."`
	Exporter    traceTarget     `envconfig:"OTEL_TRACES_EXPORTER" default:"otlp" desc:"Where traces go: otlp or none."`
	Switched    otelSwitch      `envconfig:"OTEL_SDK_DISABLED" default:"false" desc:"Whether traces are switched off whatever else is set: true or false."`
	Resources   string          `envconfig:"OTEL_RESOURCE_ATTRIBUTES" shown:"none" desc:"What else traces tell of the bot, such as deployment.environment=production."`
}

// An otlpEndpoint is an HTTP address.
type otlpEndpoint string

// Decode implements envconfig.Decoder.
func (e *otlpEndpoint) Decode(text string) error {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	if err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Host == "" {
		return errors.New("is not an address such as http://localhost:4318")
	}
	if u.User != nil {
		return errors.New("holds a user name or a password, which does not belong there; OTEL_EXPORTER_OTLP_HEADERS has a place for credentials")
	}
	*e = otlpEndpoint(text)
	return nil
}

// otlpHeaders are headers, which may hold credentials.
type otlpHeaders struct{ secret }

// Decode implements envconfig.Decoder.
func (h *otlpHeaders) Decode(text string) error { return h.refer(text, h.take) }

func (h *otlpHeaders) take(text string) error {
	if _, err := parseHeaders(text); err != nil {
		return err
	}
	h.value = text
	return nil
}

var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// parseHeaders reads headers as OTLP exporters do: as W3C Baggage, with values
// that are URL-encoded ("OpenTelemetry Protocol Exporter", "Specifying headers
// via environment variables"). Its errors quote nothing: the SDK's own parser
// would log what it cannot read.
func parseHeaders(text string) (map[string]string, error) {
	headers := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || !headerName.MatchString(name) || err != nil || strings.ContainsAny(decoded, "\r\n\x00") {
			return nil, errors.New("does not have the form name=value,name=value with values in URL encoding, such as authorization=Bearer%20…")
		}
		headers[name] = decoded
	}
	return headers, nil
}

// An otlpCompression is how spans are compressed.
type otlpCompression string

// Decode implements envconfig.Decoder.
func (c *otlpCompression) Decode(text string) error {
	text = strings.ToLower(strings.TrimSpace(text))
	if text != "gzip" && text != "none" {
		return fmt.Errorf("is %q, which is neither gzip nor none", text)
	}
	*c = otlpCompression(text)
	return nil
}

// milliseconds are a length of time.
type milliseconds int

// Decode implements envconfig.Decoder.
func (m *milliseconds) Decode(text string) error {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 || n > 600_000 {
		return fmt.Errorf("is %q, which is not a number of milliseconds from 1 to 600000", text)
	}
	*m = milliseconds(n)
	return nil
}

// A traceSampler chooses what is traced.
type traceSampler string

// Decode implements envconfig.Decoder.
func (s *traceSampler) Decode(text string) error {
	name := strings.ToLower(strings.TrimSpace(text))
	if !slices.Contains([]string{"always_on", "always_off", "traceidratio"}, strings.TrimPrefix(name, "parentbased_")) {
		return fmt.Errorf("is %q, which is none of always_on, always_off and traceidratio, with or without parentbased_ before it", text)
	}
	*s = traceSampler(name)
	return nil
}

// A traceRatio is a share.
type traceRatio float64

// Decode implements envconfig.Decoder.
func (r *traceRatio) Decode(text string) error {
	share, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(share >= 0 && share <= 1) {
		return fmt.Errorf("is %q, which is not a number from 0 to 1", text)
	}
	*r = traceRatio(share)
	return nil
}

// A traceTarget is where traces go.
type traceTarget string

// Decode implements envconfig.Decoder.
func (t *traceTarget) Decode(text string) error {
	text = strings.ToLower(strings.TrimSpace(text))
	if text != "otlp" && text != "none" {
		return fmt.Errorf("is %q, which is neither otlp nor none", text)
	}
	*t = traceTarget(text)
	return nil
}

// An otelSwitch is true or false.
type otelSwitch bool

// Decode implements envconfig.Decoder.
func (s *otelSwitch) Decode(text string) error {
	text = strings.ToLower(strings.TrimSpace(text))
	if text != "true" && text != "false" {
		return fmt.Errorf("is %q, which is neither true nor false", text)
	}
	*s = text == "true"
	return nil
}

// tracing is the tracing under way.
type tracing struct {
	tracer   *tracer
	provider *sdktrace.TracerProvider
	log      *slog.Logger
	flush    time.Duration
}

// flushTimeout is how long the end waits for the last traces to be sent.
const flushTimeout = 5 * time.Second

// on reports whether there are to be traces.
func (s tracingSettings) on() bool {
	return (s.Endpoint != "" || s.Traces != "") && s.Exporter != "none" && !bool(s.Switched)
}

// check finds what keeps traces from being sent. These variables may come from
// somebody who does not have this program in mind, and count only where there are
// to be traces.
func (s tracingSettings) check() error {
	if s.on() && strings.TrimSpace(s.Protocol) != "http/protobuf" {
		return &settingError{
			"OTEL_EXPORTER_OTLP_PROTOCOL", fmt.Sprintf("is %q, and acmbot speaks http/protobuf only, which collectors take on port 4318", s.Protocol),
			"With OTEL_TRACES_EXPORTER=none there are no traces",
		}
	}
	return nil
}

// start begins tracing, where it is configured; nil where not. Nothing is sent
// before there are spans.
func (s tracingSettings) start(ctx context.Context, log *slog.Logger) (*tracing, error) {
	if !s.on() {
		return nil, nil
	}
	headers := s.Headers
	if s.Only.reveal() != "" {
		headers = s.Only
	}
	list, err := parseHeaders(headers.reveal())
	if err != nil {
		return nil, &settingError{"OTEL_EXPORTER_OTLP_HEADERS", err.Error(), ""}
	}
	secure, err := tlsConfig(s.Authority, s.Certificate, s.Key)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: secure, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}
	client := &otlpClient{
		url: string(s.Traces), headers: list, gzip: s.Compress == "gzip", timeout: time.Duration(s.Timeout) * time.Millisecond,
		http: &http.Client{Transport: transport}, stopped: make(chan struct{}), backoff: time.Second,
	}
	if s.Traces == "" {
		client.url = strings.TrimSuffix(string(s.Endpoint), "/") + "/v1/traces"
	}
	// What goes wrong is told by the exporter below, in words and not too often.
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("preparing to send traces: %w", err)
	}
	version, _ := identity()
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", s.Service), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil && about == nil {
		about = resource.Empty()
	}
	t := &tracing{log: log, flush: flushTimeout, provider: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&tellingExporter{SpanExporter: exporter, log: log, now: time.Now}), sdktrace.WithResource(about),
	)}
	t.tracer = &tracer{t.provider.Tracer("github.com/acmbot/acmbot")}
	if u, err := url.Parse(client.url); err == nil {
		log.Info("traces go to an OpenTelemetry collector", "host", u.Host)
	}
	return t, nil
}

// close sends what is left.
func (t *tracing) close() {
	ctx, cancel := context.WithTimeout(context.Background(), t.flush)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.log.Warn("the last traces may not have been sent", "problem", exportTrouble(err))
	}
}

// tellEvery is how often it is logged that traces cannot be sent.
const tellEvery = 5 * time.Minute

// A tellingExporter logs, now and then and in plain words, that traces cannot be
// sent. They are lost then.
type tellingExporter struct {
	sdktrace.SpanExporter
	log *slog.Logger
	now func() time.Time

	mu     sync.Mutex
	toldAt time.Time
	lost   int
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *tellingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lost += len(spans)
	if now := e.now(); e.toldAt.IsZero() || now.Sub(e.toldAt) >= tellEvery {
		e.log.Warn("traces cannot be sent and are lost; all else goes on", "problem", exportTrouble(err), "spans", e.lost)
		e.toldAt, e.lost = now, 0
	}
	return err
}

// exportTrouble is what is wrong with sending traces, in words.
func exportTrouble(err error) string {
	if failed, ok := errors.AsType[*exportError](err); ok {
		return failed.problem
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "the collector does not answer in time"
	}
	return "the collector does not take them"
}
