package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world"
)

// A demo is `acmbot demo` under way.
type demo struct {
	url  string
	text string // all that it said up to the end of its greeting
	// stop tells it to stop, and returns its exit status and what it said
	// after the greeting.
	stop func() (status int, said string)
}

var pageAddress = regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)

// startDemo runs the demo on a free port, without anything that happens by
// itself unless asked for, and waits until it says where.
func startDemo(t *testing.T, args ...string) *demo {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var stderr bytes.Buffer
	status := make(chan int, 1)
	go func() {
		status <- Main(ctx, append([]string{"demo", "--listen", "127.0.0.1:0", "--trouble-after", "0"}, args...), strings.NewReader(""), in, &stderr)
		_ = in.Close()
	}()
	var text strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Ctrl-C") {
			break
		}
	}
	rest := make(chan string, 1)
	go func() {
		var b strings.Builder
		for lines.Scan() {
			b.WriteString(lines.Text() + "\n")
		}
		rest <- b.String()
	}()
	d := &demo{text: text.String(), url: pageAddress.FindString(text.String())}
	stopped, code, said := false, 0, ""
	d.stop = func() (int, string) {
		if !stopped {
			stopped = true
			cancel()
			code, said = <-status, <-rest
		}
		return code, said
	}
	t.Cleanup(func() { d.stop() })
	if d.url == "" {
		cancel()
		t.Fatalf("the demo does not say where it is:\n%s%s", d.text, stderr.String())
	}
	return d
}

func TestDemoStartsAndStops(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	d := startDemo(t)
	if n := strings.Count(d.text, "\n  /acm why "); n != 3 {
		t.Errorf("the demo offers %d questions, want 3:\n%s", n, d.text)
	}
	response, err := client.Get(d.url)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the page answers %s", response.Status)
	}
	if status, said := d.stop(); status != exitOK || said != "stopped\n" {
		t.Errorf("the demo ended with status %d and %q, want 0 and %q", status, said, "stopped\n")
	}
	if response, err := client.Get(d.url); err == nil {
		_ = response.Body.Close()
		t.Error("the page is still there after the end")
	}
}

// The commands that the bot gives repair the demo's world, as it says.
func TestDemoCanBeRepaired(t *testing.T) {
	const name = "shop.example.com"
	d := startDemo(t)
	env := map[string]string{}
	for _, m := range regexp.MustCompile(`export (\w+)=(.+)`).FindAllStringSubmatch(d.text, -1) {
		env[m[1]] = m[2]
	}
	config := aws.Config{
		Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	pending := pendingRecord(ctx, t, acm.NewFromConfig(config), name)
	if pending == nil {
		t.Fatalf("%s is not pending", name)
	}
	names := route53.NewFromConfig(config)
	zones, err := names.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String("example.com")})
	if err != nil || len(zones.HostedZones) == 0 {
		t.Fatalf("no hosted zones: %v", err)
	}
	if _, err := names.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: zones.HostedZones[0].Id,
		ChangeBatch: &route53types.ChangeBatch{Changes: []route53types.Change{{
			Action: route53types.ChangeActionUpsert,
			ResourceRecordSet: &route53types.ResourceRecordSet{
				Name: pending.Name, Type: route53types.RRTypeCname, TTL: aws.Int64(300),
				ResourceRecords: []route53types.ResourceRecord{{Value: pending.Value}},
			},
		}}},
	}); err != nil {
		t.Fatal(err)
	}
	for pendingRecord(ctx, t, acm.NewFromConfig(config), name) != nil {
		select {
		case <-ctx.Done():
			t.Fatal("the certificate is still pending")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// pendingRecord is the record that a certificate's renewal waits for, nil where
// it waits for none.
func pendingRecord(ctx context.Context, t *testing.T, client *acm.Client, name string) *acmtypes.ResourceRecord {
	t.Helper()
	list, err := client.ListCertificates(ctx, &acm.ListCertificatesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list.CertificateSummaryList {
		if aws.ToString(c.DomainName) != name {
			continue
		}
		detail, err := client.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: c.CertificateArn})
		if err != nil {
			t.Fatal(err)
		}
		renewal := detail.Certificate.RenewalSummary
		if renewal == nil {
			return nil
		}
		for _, v := range renewal.DomainValidationOptions {
			if v.ValidationStatus == acmtypes.DomainStatusPendingValidation {
				return v.ResourceRecord
			}
		}
	}
	return nil
}

// What the demo suggests must be worth asking.
func TestQuestions(t *testing.T) {
	demo := world.Demo()
	for _, name := range demoQuestions {
		if !slices.ContainsFunc(demo.Expectations(), func(e world.Expectation) bool {
			return e.Ask == name && e.Verdict == diagnose.VerdictBlocked
		}) {
			t.Errorf("the demo's world does not expect trouble with %s", name)
		}
	}
	small, err := world.Parse("small.txtar", []byte("-- certificates.yaml --\n- name: a.example\n- names: [b.example, c.example]\n-- expect.yaml --\n- ask: c.example\n- ask: a.example\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/acm why c.example", "/acm why a.example", "/acm why b.example"}
	if diff := cmp.Diff(want, questions("small.txtar", small)); diff != "" {
		t.Errorf("mismatch (-want, +got):\n%s", diff)
	}
}

func TestDemoRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name       string
		args       []string
		wantStatus int
		want       string
	}{
		{"all addresses", []string{"--listen", ":8080"}, exitUsage, "for this machine only"},
		{"all addresses, spelt out", []string{"--listen", "0.0.0.0:8080"}, exitUsage, "for this machine only"},
		{"all addresses, IPv6", []string{"--listen", "[::]:8080"}, exitUsage, "for this machine only"},
		{"another machine's name", []string{"--listen", "demo.example:8080"}, exitUsage, "for this machine only"},
		{"no port", []string{"--listen", "127.0.0.1"}, exitUsage, "for this machine only"},
		{"port taken", []string{"--listen", "127.0.0.1:" + port}, exitFailure, "another program has port " + port + "; try: acmbot demo --listen 127.0.0.1:"},
		{"no such port", []string{"--listen", "127.0.0.1:99999"}, exitFailure, "cannot listen on 127.0.0.1:99999"},
		{"argument", []string{"now"}, exitUsage, "demo takes no arguments besides flags"},
		{"no such world", []string{"--world", "nowhere.txtar"}, exitUsage, `there is no file "nowhere.txtar"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := Main(t.Context(), append([]string{"demo"}, test.args...), strings.NewReader(""), &stdout, &stderr)
			if status != test.wantStatus || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("got status %d and %q, want %d and %q", status, stderr.String(), test.wantStatus, test.want)
			}
			if n := strings.Count(stderr.String(), "\n"); n != 1 {
				t.Errorf("%d lines, want one: %q", n, stderr.String())
			}
			if stdout.Len() > 0 {
				t.Errorf("standard output has %q", stdout.String())
			}
		})
	}
}
