package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/gather"
)

// metrics are what the bot tells Prometheus of itself. No label holds a
// domain, an account or a person: their number is bounded, and nothing in them
// is private.
type metrics struct {
	registry *prometheus.Registry

	acks      *prometheus.HistogramVec
	requests  *prometheus.HistogramVec
	stages    *prometheus.HistogramVec
	answers   *prometheus.CounterVec
	causes    *prometheus.CounterVec
	awsCalls  *prometheus.HistogramVec
	throttles *prometheus.CounterVec
	dns       *prometheus.CounterVec
	slack     *prometheus.HistogramVec
	kept      keptMetrics
	alerted   alertMetrics
	estate    *estateMetrics
}

var (
	_ bot.Observer     = (*metrics)(nil)
	_ bot.CallObserver = (*metrics)(nil)
)

func newMetrics() *metrics {
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	seconds := []float64{.1, .25, .5, 1, 2, 4, 8, 15, 20, 30, 60}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		acks: histogram("acmbot_ack_duration_seconds", "Time from an envelope's arrival to its acknowledgement; Slack waits for 3 s.",
			[]float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3}, "result"),
		requests:  histogram("acmbot_request_duration_seconds", "Time from the acknowledgement of a request to its last answer.", seconds, "kind", "result"),
		stages:    histogram("acmbot_diagnosis_stage_duration_seconds", "Time of a diagnosis by stage: find, look and judge.", seconds, "stage"),
		answers:   counter("acmbot_answers_total", "Answers, by the verdict on the certificate that matters most; none where no certificate covers the name.", "verdict"),
		causes:    counter("acmbot_causes_total", "Root causes found.", "cause"),
		awsCalls:  histogram("acmbot_aws_call_duration_seconds", "Time of a try at a call to AWS, by what came of it: ok, throttled, denied, refused, failed.", seconds, "service", "operation", "result"),
		throttles: counter("acmbot_aws_throttles_total", "Tries at calls to AWS that were refused for being too many.", "service", "operation"),
		dns:       counter("acmbot_dns_queries_total", "DNS queries sent.", "transport", "result"),
	}
	version, commit := identity()
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "acmbot_build_info", Help: "1, with the version and the commit as labels."}, []string{"version", "commit"})
	build.WithLabelValues(version, commit).Set(1)
	m.registry.MustRegister(m.acks, m.requests, m.stages, m.answers, m.causes, m.awsCalls, m.throttles, m.dns, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.slack = histogram("acmbot_slack_call_duration_seconds", "Time of a call to Slack until its answer begins, by what came of it: answered (Slack tells most of its errors in answers), throttled, failed.",
		[]float64{.05, .1, .25, .5, 1, 2.5, 5, 10}, "method", "result")
	m.registry.MustRegister(m.slack)
	for _, result := range []string{"ok", "failed"} { // the first is seen by rate(), too
		m.acks.WithLabelValues(result)
	}
	m.kept, m.estate = newKeptMetrics(m.registry), newEstateMetrics(m.registry)
	m.alerted = newAlertMetrics(m.registry)
	return m
}

// identity is the version and the commit that the program was built from.
func identity() (version, commit string) {
	commit = revision
	if info, _ := debug.ReadBuildInfo(); info != nil {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	return describeVersion(), commit
}

// watch adds what a bot's health tells, as it is when it is asked for.
func (m *metrics) watch(health func() bot.Health) {
	gauge := func(name, help string, value func(bot.Health) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(health()) }))
	}
	gauge("acmbot_slack_connected", "1 where a connection to Slack is open and was heard of lately.", func(h bot.Health) float64 {
		if h.Alive {
			return 1
		}
		return 0
	})
	gauge("acmbot_slack_sockets_open", "Open Socket Mode connections.", func(h bot.Health) float64 { return float64(h.Sockets) })
	gauge("acmbot_slack_sockets_wanted", "Socket Mode connections that are to be open.", func(h bot.Health) float64 { return float64(h.Wanted) })
	gauge("acmbot_slack_last_heard_timestamp_seconds", "When anything, be it a ping, last came from Slack; 0 for never.", func(h bot.Health) float64 { return unixSeconds(h.LastHeard) })
	gauge("acmbot_slack_last_event_timestamp_seconds", "When an envelope last came from Slack; 0 for never.", func(h bot.Health) float64 { return unixSeconds(h.LastEvent) })
	gauge("acmbot_slack_missing_scopes", "OAuth scopes that the bot token lacks.", func(h bot.Health) float64 { return float64(len(h.MissingScopes)) })
	gauge("acmbot_diagnoses_running", "Diagnoses under way.", func(h bot.Health) float64 { return float64(h.Running) })
	gauge("acmbot_requests_waiting", "Requests in the queue.", func(h bot.Health) float64 { return float64(h.Waiting) })
}

// handler answers Prometheus.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Acknowledged implements bot.Observer.
func (m *metrics) Acknowledged(took time.Duration, ok bool) {
	result := "ok"
	if !ok {
		result = "failed"
	}
	m.acks.WithLabelValues(result).Observe(took.Seconds())
}

// Performed implements bot.Observer.
func (m *metrics) Performed(kind string, took time.Duration, err error) {
	result := "answered"
	if err != nil {
		result = "failed"
	}
	m.requests.WithLabelValues(kind, result).Observe(took.Seconds())
}

// Declined implements bot.Observer.
func (m *metrics) Declined(kind string) {
	m.requests.WithLabelValues(kind, "declined").Observe(0)
}

// SlackCalled implements bot.CallObserver.
func (m *metrics) SlackCalled(method string, took time.Duration, status int) {
	result := "answered"
	switch {
	case status == http.StatusTooManyRequests:
		result = "throttled"
	case status == 0 || status >= 500:
		result = "failed"
	}
	m.slack.WithLabelValues(method, result).Observe(took.Seconds())
}

// meter returns a sight like s whose calls and queries are counted.
func (m *metrics) meter(s sight) sight {
	m.attach(&s.inventory.Config)
	dial := s.dns.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	// Each query is sent over a connection of its own.
	s.dns.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		result := "sent"
		if err != nil {
			result = "no connection"
		}
		m.dns.WithLabelValues(network, result).Inc()
		return conn, err
	}
	return s
}

// attach counts the calls that are made with the configuration, each try by
// itself.
func (m *metrics) attach(cfg *aws.Config) {
	count := middleware.DeserializeMiddlewareFunc("CallMeter", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		start := time.Now()
		out, metadata, err := next.HandleDeserialize(ctx, in)
		service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
		result := callResult(err)
		m.awsCalls.WithLabelValues(service, operation, result).Observe(time.Since(start).Seconds())
		if result == "throttled" {
			m.throttles.WithLabelValues(service, operation).Inc()
		}
		return out, metadata, err
	})
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(count, middleware.Before)
	})
}

// callResult is what came of a try at a call.
func callResult(err error) string {
	if err == nil {
		return "ok"
	}
	status := 0
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = response.HTTPStatusCode()
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if _, throttled := retry.DefaultThrottleErrorCodes[api.ErrorCode()]; throttled {
			return "throttled"
		}
		switch api.ErrorCode() {
		case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
			return "denied"
		}
	}
	switch {
	case status == http.StatusTooManyRequests:
		return "throttled"
	case status >= 400 && status < 500:
		return "refused"
	default:
		return "failed"
	}
}

// A meteredDoctor tells metrics what a doctor does.
type meteredDoctor struct {
	diagnose.Diagnostician
	metrics *metrics
}

// Answer implements diagnose.Diagnostician.
func (d meteredDoctor) Answer(ctx context.Context, q diagnose.Query, progress func(diagnose.Progress)) diagnose.Answer {
	stages := newStageClock()
	answer := d.Diagnostician.Answer(ctx, q, func(p diagnose.Progress) {
		stages.note(p.Stage)
		if progress != nil {
			progress(p)
		}
	})
	for stage, took := range stages.end() {
		d.metrics.stages.WithLabelValues(stage).Observe(took.Seconds())
	}
	if len(answer.Reports) == 0 {
		d.metrics.answers.WithLabelValues("none").Inc()
		return answer
	}
	d.metrics.answers.WithLabelValues(string(answer.Reports[0].Verdict)).Inc()
	for _, report := range answer.Reports {
		for _, finding := range report.Findings {
			d.metrics.causes.WithLabelValues(string(finding.Cause)).Inc()
		}
	}
	return answer
}

// stageNames are the labels of a diagnosis' stages, by the phrases that begin
// them. Other phrases belong to the stage that is under way.
var stageNames = map[string]string{gather.StageFind: "find", gather.StageLook: "look", gather.StageJudge: "judge"}
