package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"gopkg.in/yaml.v3"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/events"
	"github.com/acmbot/acmbot/diagnose/world"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// nowhere is an address that nothing listens on, nor will: whoever gets a free
// port gets none of the first.
const nowhere = "127.0.0.1:1"

// freeAddress is an address that nothing listens on. It is not of 127.0.0.1,
// where another test could get its port before it is used.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.77.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // its address is all that is wanted
	return l.Addr().String()
}

// eventually waits for something that nothing tells of: it is looked for again
// and again. If it does not come, what is known is printed.
func eventually(ctx context.Context, t *testing.T, what string, holds func() bool, known func() string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: %v\n%s", what, ctx.Err(), known())
		}
	}
}

// What the bot does shows in its metrics, and nothing that is private.
func TestMetricsOfARun(t *testing.T) {
	unsetSettings(t)
	startLiteralWorld(t)
	slack := startSlack(t)
	address := freeAddress(t)
	t.Setenv("ACMBOT_HEALTH_LISTEN", address)
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
	if _, err := slack.WaitMessage(ctx, func(m workspace.Message) bool { return strings.Contains(m.Text, "12 days") }); err != nil {
		t.Fatalf("no answer: %v\n%s", err, stderr.String())
	}
	// A request counts once its answer has been taken, which is a moment after
	// it is seen.
	var body string
	want := []string{
		`acmbot_ack_duration_seconds_count{result="ok"} `,
		`acmbot_request_duration_seconds_count{kind="command",result="answered"} 1`,
		`acmbot_diagnosis_stage_duration_seconds_count{stage="find"} 1`,
		`acmbot_diagnosis_stage_duration_seconds_count{stage="look"} 1`,
		`acmbot_diagnosis_stage_duration_seconds_count{stage="judge"} 1`,
		`acmbot_answers_total{verdict="blocked"} 1`,
		`acmbot_causes_total{cause="cname-missing"} 1`,
		`acmbot_aws_call_duration_seconds_count{operation="SearchCertificates",result="ok",service="ACM"} `,
		`acmbot_dns_queries_total{result="sent",transport="udp"} `, `acmbot_slack_call_duration_seconds_count{method="auth.test",result="answered"} `,
		"acmbot_slack_connected 1", "acmbot_slack_sockets_wanted 2", "acmbot_diagnoses_running 0", "acmbot_requests_waiting 0",
		"acmbot_slack_missing_scopes 0", `acmbot_build_info{commit="`, "process_open_fds ", "go_goroutines ",
		`acmbot_store_operation_duration_seconds_count{operation="put",result="ok"} `, "acmbot_watches 0", "acmbot_snoozes 0",
		`acmbot_certificates{days_left="8-14",state="pending"} `, `acmbot_listing_places{result="unreadable"} 1`, "acmbot_listing_timestamp_seconds 1",
		"acmbot_digest_check_timestamp_seconds 1", `acmbot_digests_total{result="failed"} 0`,
		`acmbot_ack_duration_seconds_count{result="failed"} 0`, "acmbot_alert_scan_interval_seconds 600", "acmbot_alert_scan_timestamp_seconds 1",
	}
	missing := want
	eventually(ctx, t, "all metrics", func() bool {
		_, body = get(t, "http://"+address+"/metrics")
		missing = slices.DeleteFunc(slices.Clone(want), func(line string) bool { return strings.Contains(body, "\n"+line) })
		return len(missing) == 0
	}, func() string { return fmt.Sprintf("missing %q in\n%s", missing, body) })
	for _, private := range []string{"example.com", "111122223333", slack.BotToken(), slack.AppToken(), slack.TeamID(), "dana"} {
		if strings.Contains(body, private) {
			t.Errorf("the metrics tell %q", private)
		}
	}
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/healthz": 200, "/debug/pprof/": 404, "/": 404} {
		if got, _ := get(t, "http://"+address+path); got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
	if status, said := askHealth(t, "--ready"); status != exitOK {
		t.Errorf("acmbot health: status %d, %q", status, said)
	}
	stop()
	if got := <-status; got != exitOK {
		t.Errorf("it ended with status %d", got)
	}
	http.DefaultClient.CloseIdleConnections()
	promtool(t, body, "check", "metrics")
}

// promtool runs a check of Prometheus' own tool, where it is there; in CI it
// has to be.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("promtool is missing; Debian has it in the package prometheus")
		}
		t.Log("promtool is missing; its check is left out")
		return
	}
	command := exec.CommandContext(t.Context(), path, args...)
	command.Stdin = strings.NewReader(stdin)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// The calls to AWS are told apart by what came of them.
func TestMetricsOfAWS(t *testing.T) {
	scene, err := world.Demo().Start(t.Context(), world.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer scene.Close()
	scene.AWS().Inject(&awsapi.Fault{Service: "acm", Action: "SearchCertificates", Region: "eu-west-1", First: 1, Error: awsapi.Throttle()})
	scene.AWS().Inject(&awsapi.Fault{Service: "acm", Action: "DescribeCertificate", First: 1, Status: 500, Body: "<html>"})
	m := newMetrics()
	query, err := diagnose.ParseQuery("shop.example.com")
	if err != nil {
		t.Fatal(err)
	}
	meteredDoctor{m.meter(sightOf(scene)).doctor(), m}.Answer(t.Context(), query, nil)
	body := gathered(t, m)
	for _, want := range []string{
		`acmbot_aws_throttles_total{operation="SearchCertificates",service="ACM"} 1`,
		`acmbot_aws_call_duration_seconds_count{operation="SearchCertificates",result="throttled",service="ACM"} 1`,
		`acmbot_aws_call_duration_seconds_count{operation="SearchCertificates",result="denied",service="ACM"} `,
		`acmbot_aws_call_duration_seconds_count{operation="DescribeCertificate",result="failed",service="ACM"} 1`,
		`acmbot_aws_call_duration_seconds_count{operation="AssumeRole",result="ok",service="STS"} `,
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("missing %s", want)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}

func gathered(t *testing.T, m *metrics) string {
	t.Helper()
	s, err := serveHealth("127.0.0.1:0", func() bot.Health { return bot.Health{} }, m.handler())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	_, body := get(t, "http://"+s.listener.Addr().String()+"/metrics")
	http.DefaultClient.CloseIdleConnections()
	return body
}

// everyMetric are all metrics of acmbot's own, each with a sample.
func everyMetric(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	m := newMetrics()
	m.watch(func() bot.Health { return bot.Health{} })
	m.watchEvents(func() events.Health { return events.Health{Depth: new(events.Depth)} })
	m.followTokens(true, true)
	m.expectScans(10 * time.Minute)
	m.Acknowledged(0, true)
	m.Performed("command", 0, errors.New("failed"))
	m.stages.WithLabelValues("find").Observe(0)
	m.answers.WithLabelValues("blocked").Inc()
	m.causes.WithLabelValues("cname-missing").Inc()
	m.awsCalls.WithLabelValues("ACM", "ListCertificates", "ok").Observe(0)
	m.throttles.WithLabelValues("ACM", "ListCertificates").Inc()
	m.dns.WithLabelValues("udp", "sent").Inc()
	m.SlackCalled("chat.postMessage", 0, 200)
	m.DigestsChecked(time.Now(), []bot.DigestStanding{{Channel: "C1", Due: time.Now()}})
	m.estate.note(diagnose.Listing{At: time.Now(), Scope: diagnose.Scope{Places: []diagnose.Place{{}}}})
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(families, func(f *dto.MetricFamily) bool { return !strings.HasPrefix(f.GetName(), "acmbot_") })
}

// The page on monitoring lists the metrics that there are; go test -update
// rewrites its table.
func TestMonitoringReadme(t *testing.T) {
	var table strings.Builder
	table.WriteString("| Metric | Kind | Labels | |\n|---|---|---|---|\n")
	for _, family := range everyMetric(t) {
		var labels []string
		for _, l := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", family.GetName(), strings.ToLower(family.GetType().String()), strings.Join(labels, ", "), family.GetHelp())
	}
	between(t, monitoring("README.md"), "metrics", table.String())
}

// Names are as Prometheus has them ("Metric and label naming",
// https://prometheus.io/docs/practices/naming/), and every metric is for
// somebody: it is on the dashboard or in an alert.
func TestMetricNames(t *testing.T) {
	used := map[string]bool{}
	for _, e := range append(alertExpressions(t), dashboardExpressions(t)...) {
		for _, name := range metricName.FindAllString(e, -1) {
			used[regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")] = true
		}
	}
	for _, family := range everyMetric(t) {
		name := family.GetName()
		counts, total := family.GetType() == dto.MetricType_COUNTER, strings.HasSuffix(name, "_total")
		if counts != total || family.GetHelp() == "" || family.GetType() == dto.MetricType_HISTOGRAM && !strings.HasSuffix(name, "_seconds") {
			t.Errorf("%s is a %s: %q", name, family.GetType(), family.GetHelp())
		}
		if !used[name] {
			t.Errorf("nobody looks at %s", name)
		}
	}
}

var metricName = regexp.MustCompile(`\bacmbot_\w+`)

// The alerts and the dashboard ask for metrics that there are, with labels
// that they have.
func TestMonitoringMatchesTheMetrics(t *testing.T) {
	labels := map[string][]string{} // by metric
	for _, family := range everyMetric(t) {
		names := []string{"job", "instance"}
		for _, l := range family.GetMetric()[0].GetLabel() {
			names = append(names, l.GetName())
		}
		labels[family.GetName()] = names
		if family.GetMetric()[0].GetHistogram() != nil {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				labels[family.GetName()+suffix] = append(names, "le")
			}
		}
	}
	matcher := regexp.MustCompile(`\b(acmbot_\w+)\{([^}]*)\}`)
	for source, expressions := range map[string][]string{"alerts.yml": alertExpressions(t), "dashboard.json": dashboardExpressions(t)} {
		if len(expressions) < 10 {
			t.Errorf("%s: only %d expressions", source, len(expressions))
		}
		for _, e := range expressions {
			for _, name := range metricName.FindAllString(e, -1) {
				if labels[name] == nil {
					t.Errorf("%s asks for %s, which there is not", source, name)
				}
			}
			for _, match := range matcher.FindAllStringSubmatch(e, -1) {
				for pair := range strings.SplitSeq(match[2], ",") {
					label := strings.TrimSpace(regexp.MustCompile(`[=!~]`).Split(pair, 2)[0])
					if !slices.Contains(labels[match[1]], label) {
						t.Errorf("%s asks for the label %s of %s, which has %v", source, label, match[1], labels[match[1]])
					}
				}
			}
		}
	}
	promtool(t, "", "check", "rules", monitoring("alerts.yml"))
	promtool(t, "", "test", "rules", monitoring("alerts_test.yml"))
	promtool(t, "", "check", "rules", dashboardRules(t))
}

func monitoring(name string) string {
	return filepath.Join("..", "..", "deploy", "monitoring", name)
}

func alertExpressions(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile(monitoring("alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			list = append(list, r.Expr)
		}
	}
	return list
}

func dashboardExpressions(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile(monitoring("dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr, RefID string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("the panel %q (%d) is incomplete", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("the panels %q and %q lie over each other", other, p.Title)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, target := range p.Targets {
			list = append(list, target.Expr)
		}
	}
	return list
}

// dashboardRules writes the dashboard's expressions as rules, which promtool
// can check.
func dashboardRules(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for n, e := range dashboardExpressions(t) {
		e = strings.NewReplacer("$__rate_interval", "5m", "$__range", "6h").Replace(e)
		fmt.Fprintf(&b, "  - record: panel:%d\n    expr: %q\n", n, e)
	}
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
