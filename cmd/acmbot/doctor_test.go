package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

// doctor runs acmbot doctor --json.
func doctor(t *testing.T, args ...string) (checkup.Report, int) {
	t.Helper()
	var stdout, stderr syncBuffer
	status := Main(t.Context(), append([]string{"doctor", "--json"}, args...), strings.NewReader(""), &stdout, &stderr)
	var got checkup.Report
	if err := json.Unmarshal([]byte(stdout.String()), &got); err != nil {
		t.Fatalf("status %d: %v\n%s%s", status, err, stdout.String(), stderr.String())
	}
	return got, status
}

// of returns the check of a name, in the area.
func of(r checkup.Report, area, what string) checkup.Check {
	for _, f := range r.Checks {
		if f.Area == area && f.What == what {
			return f
		}
	}
	return checkup.Check{}
}

func TestDoctor(t *testing.T) {
	unsetSettings(t)
	startLiteralWorld(t)
	slack := startSlack(t)
	t.Setenv("ACMBOT_STATE", filepath.Join(t.TempDir(), "state.db"))
	got, status := doctor(t, "--host", "shop.example.com")
	// One of the demo's accounts may not be read in one of its regions.
	if status != exitFailure || got.State != checkup.Failed {
		t.Errorf("status %d, state %s", status, got.State)
	}
	for _, f := range got.Checks {
		mayFail := f.Area == checkup.AreaAWS && f.Account == "222233334444" && f.Region == "us-east-1"
		if (f.State == checkup.Failed || f.State == checkup.Warning) && (!mayFail || f.Fix == "" || f.Detail == "") {
			t.Errorf("%+v", f)
		}
		for _, secret := range []string{slack.BotToken(), slack.AppToken(), "ticket"} {
			if strings.Contains(fmt.Sprint(f), secret) {
				t.Errorf("a secret is in %+v", f)
			}
		}
	}
	for _, want := range []checkup.Check{
		{Area: checkup.AreaSettings, What: "all"}, {Area: checkup.AreaSlack, What: "bot token"}, {Area: checkup.AreaSlack, What: "scopes"},
		{Area: checkup.AreaSlack, What: "app-level token"}, {Area: checkup.AreaSlack, What: "Socket Mode host"}, {Area: checkup.AreaAWS, What: "credentials"},
		{Area: checkup.AreaAWS, What: "route53:GetDNSSEC"}, {Area: checkup.AreaDNS, What: "root servers over UDP"}, {Area: checkup.AreaDNS, What: "root servers over TCP"},
		{Area: checkup.AreaDNS, What: "resolvers over UDP"}, {Area: checkup.AreaDNS, What: "resolvers over TCP"}, {Area: checkup.AreaWeb, What: "port 443"},
		{Area: checkup.AreaWeb, What: "port 80"}, {Area: checkup.AreaClock, What: "skew against AWS"}, {Area: checkup.AreaClock, What: "skew against Slack"},
		{Area: checkup.AreaStore, What: "file"},
	} {
		if f := of(got, want.Area, want.What); f.State != checkup.OK {
			t.Errorf("%s, %s: %+v", want.Area, want.What, f)
		}
	}

	slack.Fail("auth.test", workspace.Fault{Error: "token_revoked", Times: 1})
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	t.Setenv("ACMBOT_ROLE_ARNS", "")
	got, status = doctor(t, "--host", "shop.example.com")
	if f := of(got, checkup.AreaSlack, "bot token"); status != exitFailure || f.State != checkup.Failed || f.Fix == "" {
		t.Errorf("a revoked token: status %d, %+v", status, f)
	}
	if f := of(got, checkup.AreaAWS, "route53:ListHostedZones"); f.State == checkup.OK || f.Fix == "" {
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
	if f := of(got, checkup.AreaSettings, "ACMBOT_TIMEOUT"); status != exitFailure || f.State != checkup.Failed || !strings.Contains(f.Detail, `"soon"`) {
		t.Errorf("status %d, %+v", status, got.Checks)
	}
	if f := of(got, checkup.AreaSlack, "bot token"); f.State != checkup.OK {
		t.Errorf("%+v", f)
	}
	if f := of(got, checkup.AreaClock, "skew against Slack"); f.What == "" {
		t.Error("nothing is said of the clock")
	}
	for _, f := range got.Checks {
		if strings.Contains(f.Detail, slack.BotToken()) {
			t.Errorf("a secret is in %+v", f)
		}
	}
}

// Whatever acmbot run refuses of the settings, the doctor calls wrong.
func TestDoctorReadsEverySettingOfRun(t *testing.T) {
	refused := 0
	for _, setting := range allSettings() {
		for name := range strings.SplitSeq(setting.Name, ", ") {
			unsetSettings(t)
			t.Setenv("AWS_REGION", "eu-west-1")
			t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "none")
			t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			t.Setenv("SLACK_BOT_TOKEN", "xoxb-1-B")
			t.Setenv("SLACK_APP_TOKEN", "xapp-1-A")
			t.Setenv(name, "?!")
			var s runSettings
			_, _, err := s.read(t.Context(), io.Discard)
			if err == nil {
				continue
			}
			refused++
			found := doctorSettings(t.Context(), true).found
			for _, line := range lines(err) {
				if !slices.ContainsFunc(found, func(c checkup.Check) bool { return c.Detail == line && c.State == checkup.Failed && c.Fix != "" }) {
					t.Errorf("run says %q, and the doctor %+v", line, found)
				}
			}
			t.Setenv(name, "") // as not set, for the next
		}
	}
	if refused < 30 {
		t.Errorf("only %d settings are refused", refused)
	}
}
