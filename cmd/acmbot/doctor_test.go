package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
)

// doctor runs acmbot doctor --json.
func doctor(t *testing.T, args ...string) (checkup, int) {
	t.Helper()
	var stdout, stderr syncBuffer
	status := Main(t.Context(), append([]string{"doctor", "--json"}, args...), strings.NewReader(""), &stdout, &stderr)
	var got checkup
	if err := json.Unmarshal([]byte(stdout.String()), &got); err != nil {
		t.Fatalf("status %d: %v\n%s%s", status, err, stdout.String(), stderr.String())
	}
	return got, status
}

// of returns the check of a name, in the area.
func (c checkup) of(area, what string) check {
	for _, f := range c.Checks {
		if f.Area == area && f.What == what {
			return f
		}
	}
	return check{}
}

func TestDoctor(t *testing.T) {
	unsetSettings(t)
	startLiteralWorld(t)
	slack := startSlack(t)
	got, status := doctor(t, "--host", "shop.example.com")
	// One of the demo's accounts may not be read in one of its regions.
	if status != exitFailure || got.State != checkFail {
		t.Errorf("status %d, state %s", status, got.State)
	}
	for _, f := range got.Checks {
		mayFail := f.Area == areaAWS && f.Account == "222233334444" && f.Region == "us-east-1"
		if (f.State == checkFail || f.State == checkWarn) && (!mayFail || f.Fix == "" || f.Detail == "") {
			t.Errorf("%+v", f)
		}
		for _, secret := range []string{slack.BotToken(), slack.AppToken(), "ticket"} {
			if strings.Contains(fmt.Sprint(f), secret) {
				t.Errorf("a secret is in %+v", f)
			}
		}
	}
	for _, want := range []check{
		{Area: areaSettings, What: "all"}, {Area: areaSlack, What: "bot token"}, {Area: areaSlack, What: "scopes"},
		{Area: areaSlack, What: "app-level token"}, {Area: areaSlack, What: "Socket Mode host"}, {Area: areaAWS, What: "credentials"},
		{Area: areaAWS, What: "route53:GetDNSSEC"}, {Area: areaDNS, What: "root servers over UDP"}, {Area: areaDNS, What: "root servers over TCP"},
		{Area: areaDNS, What: "resolvers over UDP"}, {Area: areaDNS, What: "resolvers over TCP"}, {Area: areaWeb, What: "port 443"},
		{Area: areaWeb, What: "port 80"}, {Area: areaClock, What: "skew"},
	} {
		if f := got.of(want.Area, want.What); f.State != checkOK {
			t.Errorf("%s, %s: %+v", want.Area, want.What, f)
		}
	}

	slack.Fail("auth.test", workspace.Fault{Error: "token_revoked", Times: 1})
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	t.Setenv("ACMBOT_ROLE_ARNS", "")
	got, status = doctor(t, "--host", "shop.example.com")
	if f := got.of(areaSlack, "bot token"); status != exitFailure || f.State != checkFail || f.Fix == "" {
		t.Errorf("a revoked token: status %d, %+v", status, f)
	}
	if f := got.of(areaAWS, "route53:ListHostedZones"); f.State == checkOK || f.Fix == "" {
		t.Errorf("credentials that AWS does not know: %+v", f)
	}
}

// Settings that are wrong do not keep the others from being checked.
func TestDoctorSettings(t *testing.T) {
	unsetSettings(t)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	slack := startSlack(t)
	t.Setenv("ACMBOT_TIMEOUT", "soon")
	got, status := doctor(t)
	if f := got.of(areaSettings, "ACMBOT_TIMEOUT"); status != exitFailure || f.State != checkFail || !strings.Contains(f.Detail, `"soon"`) {
		t.Errorf("status %d, %+v", status, got.Checks)
	}
	if f := got.of(areaSlack, "bot token"); f.State != checkOK {
		t.Errorf("%+v", f)
	}
	if f := got.of(areaClock, "skew"); f.What == "" {
		t.Error("nothing is said of the clock")
	}
	for _, f := range got.Checks {
		if strings.Contains(f.Detail, slack.BotToken()) {
			t.Errorf("a secret is in %+v", f)
		}
	}
}

func TestCheckDNS(t *testing.T) {
	reach := func(transport string, outcomes ...diagnose.Outcome) (list []dnstrace.Reach) {
		for n, o := range outcomes {
			list = append(list, dnstrace.Reach{
				Server: "a", Address: fmt.Sprintf("192.0.2.%d:53", n+1), Transport: transport, Outcome: o,
				Intercepted: o == diagnose.OutcomeLame, Detail: "no answer in time",
			})
		}
		return list
	}
	const yes, no = diagnose.OutcomeAnswer, diagnose.OutcomeTimeout
	for _, tc := range []struct {
		reached []dnstrace.Reach
		want    checkState
	}{
		{reach("udp", yes, yes, yes), checkOK},
		{reach("udp", yes, yes, no), checkOK},
		{reach("udp", yes, no, no), checkWarn},
		{reach("udp", no, no, no), checkFail},
		{reach("tcp", no), checkFail},
		{reach("udp", yes, diagnose.OutcomeLame), checkFail},
		{[]dnstrace.Reach{{Server: "r", Address: "192.0.2.9:53", Transport: "udp", Recursive: true, Outcome: no}}, checkWarn},
		{[]dnstrace.Reach{{Server: "a", Address: "[2001:db8::1]:53", Transport: "udp", Outcome: diagnose.OutcomeUnreachable}}, checkSkip},
	} {
		found := checkDNS(tc.reached)
		if len(found) != 1 || found[0].State != tc.want || (tc.want == checkFail || tc.want == checkWarn) != (found[0].Fix != "") {
			t.Errorf("%+v: got %+v, want %s", tc.reached, found, tc.want)
		}
	}
}

func TestCheckClock(t *testing.T) {
	for _, tc := range []struct {
		skew  time.Duration
		known bool
		want  checkState
	}{
		{0, false, checkSkip},
		{2 * time.Second, true, checkOK},
		{-40 * time.Second, true, checkWarn},
		{time.Hour, true, checkFail},
		{-6 * time.Minute, true, checkFail},
	} {
		if got := checkClock(tc.skew, tc.known); got.State != tc.want || (got.Fix != "") != (tc.want == checkWarn || tc.want == checkFail) {
			t.Errorf("%v: %+v, want %s", tc.skew, got, tc.want)
		}
	}
}

func TestDoctorTable(t *testing.T) {
	got := table(checkup{Checks: []check{
		{Area: areaAWS, What: "credentials", State: checkOK, Detail: "AWS takes them"},
		{Area: areaAWS, Account: "111122223333", Region: "eu-west-1", What: "acm:ListCertificates", State: checkOK},
		{Area: areaAWS, Account: "111122223333", Region: "eu-west-1", What: "acm:ListTagsForCertificate", State: checkWarn, Detail: "It is missing.\x1b[2J", Fix: "Allow it."},
		{Area: areaClock, What: "skew", State: checkSkip, Detail: "nobody told the time"},
	}}, 80)
	want := `AWS
  ok    credentials                 AWS takes them
  account 111122223333 in eu-west-1
  WARN  acm:ListTagsForCertificate
        It is missing. [2J
        → Allow it.
  ok    permissions                 1 of 2 work

Clock
  -     skew                        nobody told the time

2 ok, 1 to improve, 0 failing, 1 not checked
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
