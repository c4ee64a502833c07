package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "rewrite what the tests compare with")

// unsetSettings makes a test independent of the environment it is run in.
func unsetSettings(t *testing.T) {
	t.Helper()
	for _, s := range allSettings() {
		for _, name := range append(strings.Split(s.Name, ", "), s.Formerly) {
			if name == "" {
				continue
			}
			t.Setenv(name, "") // so that it is put back afterwards
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestLoad(t *testing.T) {
	hints := filepath.Join(t.TempDir(), "named.root")
	if err := os.WriteFile(hints, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	defaults := lookSettings{Resolvers: []hostPort{"1.1.1.1:53", "8.8.8.8:53"}, Timeout: span(20 * time.Second)}
	for _, test := range []struct {
		name string
		env  map[string]string
		want lookSettings
	}{
		{"nothing set", nil, defaults},
		{"set to nothing", map[string]string{"ACMBOT_TIMEOUT": "", "ACMBOT_DNS_RESOLVERS": " "}, defaults},
		{
			"all set",
			map[string]string{
				"ACMBOT_REGIONS":        "eu-west-1, us-gov-west-1",
				"ACMBOT_ROLE_ARNS":      "arn:aws:iam::111122223333:role/a,arn:aws-cn:iam::111122223333:role/path/b",
				"ACMBOT_EXTERNAL_ID":    "x,y",
				"ACMBOT_DNS_RESOLVERS":  "192.0.2.1, 192.0.2.1:5353,[2001:db8::1]:5353,2001:db8::1,[2001:db8::1],dns.example:53,dns.example",
				"ACMBOT_DNS_ROOT_HINTS": hints,
				"ACMBOT_PROBE_ALLOW":    "10.1.2.3/8,192.0.2.7,fd00::/8",
				"ACMBOT_TIMEOUT":        "1m30s",
			},
			lookSettings{
				Regions:    []region{"eu-west-1", "us-gov-west-1"},
				RoleARNs:   []roleARN{"arn:aws:iam::111122223333:role/a", "arn:aws-cn:iam::111122223333:role/path/b"},
				ExternalID: externalID{secret{value: "x,y"}},
				Resolvers: []hostPort{
					"192.0.2.1:53", "192.0.2.1:5353", "[2001:db8::1]:5353", "[2001:db8::1]:53", "[2001:db8::1]:53", "dns.example:53", "dns.example:53",
				},
				RootHints: file(hints),
				ProbeAllow: []cidr{
					{netip.MustParsePrefix("10.0.0.0/8")}, {netip.MustParsePrefix("192.0.2.7/32")}, {netip.MustParsePrefix("fd00::/8")},
				},
				Timeout: span(90 * time.Second),
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			unsetSettings(t)
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			var got lookSettings
			if err := load(&got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.EquateComparable(netip.Prefix{}, externalID{})); diff != "" {
				t.Errorf("mismatch (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestLoadSays(t *testing.T) {
	const where = " Slack gives it at "
	good := map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
	for _, test := range []struct {
		name, value string
		want        string // how the line starts
	}{
		{"SLACK_BOT_TOKEN", "", "SLACK_BOT_TOKEN is not set." + where},
		{"SLACK_BOT_TOKEN", "xapp-SECRET", "SLACK_BOT_TOKEN holds an app-level token (xapp-…) where one that starts with xoxb- belongs." + where},
		{"SLACK_BOT_TOKEN", "xoxp-SECRET", "SLACK_BOT_TOKEN holds a user token (xoxp-…) where one that starts with xoxb- belongs." + where},
		{"SLACK_BOT_TOKEN", "xoxe.xoxb-SECRET", "SLACK_BOT_TOKEN holds a bot token under token rotation"},
		{"SLACK_BOT_TOKEN", `"xoxb-SECRET"`, "SLACK_BOT_TOKEN is wrapped in quotation marks"},
		{"SLACK_BOT_TOKEN", "xoxb-", "SLACK_BOT_TOKEN does not look like such a token, which starts with xoxb-." + where},
		{"SLACK_BOT_TOKEN", "SECRET", "SLACK_BOT_TOKEN does not look like such a token, which starts with xoxb-." + where},
		{"SLACK_APP_TOKEN", "xoxb-SECRET", "SLACK_APP_TOKEN holds a bot token (xoxb-…) where one that starts with xapp- belongs." + where},
		{"SLACK_APP_TOKEN", "https://hooks.slack.com/services/SECRET", "SLACK_APP_TOKEN holds an incoming webhook's address"},
		{"SLACK_API_URL", "slack.com", "SLACK_API_URL is not an address such as https://slack.com/api/."},
		{"SLACK_API_URL", "https://user:SECRET@slack.com/", "SLACK_API_URL holds a user name or a password"},
		{"ACMBOT_WORKERS", "0", `ACMBOT_WORKERS is "0", which is not a whole number from 1 to 1000.`},
		{"ACMBOT_COMMAND", "acm", `ACMBOT_COMMAND is "acm", which is not a slash command such as /acm.`},
		{"ACMBOT_HEALTH_LISTEN", "8081", `ACMBOT_HEALTH_LISTEN is "8081", which is not an address to listen on such as :8081.`},
		{"ACMBOT_REGIONS", "eu-west-1,Ireland", `ACMBOT_REGIONS has "Ireland", which is not an AWS region's code such as eu-central-1.`},
		{"ACMBOT_ROLE_ARNS", "acmbot", `ACMBOT_ROLE_ARNS has "acmbot", which is not a role's ARN such as arn:aws:iam::111122223333:role/acmbot-read.`},
		{"ACMBOT_DNS_RESOLVERS", "1.1.1.1:dns", `ACMBOT_DNS_RESOLVERS has "1.1.1.1:dns", which is not a resolver such as 1.1.1.1:53.`},
		{"ACMBOT_DNS_RESOLVERS", "https://dns.example/", `ACMBOT_DNS_RESOLVERS has "https://dns.example/", which is not a resolver such as 1.1.1.1:53.`},
		{"ACMBOT_DNS_ROOT_HINTS", "/no/such/file", `ACMBOT_DNS_ROOT_HINTS names the file "/no/such/file", which does not exist.`},
		{"ACMBOT_DNS_TRUST_ANCHOR", "/", `ACMBOT_DNS_TRUST_ANCHOR names "/", which is not a regular file.`},
		{"ACMBOT_PROBE_ALLOW", "10/8", `ACMBOT_PROBE_ALLOW has "10/8", which is not a range of addresses such as 10.0.0.0/8.`},
		{"ACMBOT_TIMEOUT", "20", `ACMBOT_TIMEOUT is "20", which is not a length of time such as 20s or 1m30s.`},
		{"ACMBOT_TIMEOUT", "1h", `ACMBOT_TIMEOUT is "1h", which is not between 1s and 10m.`},
		{"ACMBOT_LOG_LEVEL", "loud", `ACMBOT_LOG_LEVEL is "loud", which is none of debug, info, warn and error.`},
		{"ACMBOT_LOG_FORMAT", "xml", `ACMBOT_LOG_FORMAT is "xml", which is neither text nor json.`},
		{"ACMBOT_REGION", "eu-west-1", "ACMBOT_REGION is not a setting; did you mean ACMBOT_REGIONS?"},
		{"SLACK_BOT_TOKENS", "xoxb-SECRET", "SLACK_BOT_TOKENS is not a setting; did you mean SLACK_BOT_TOKEN?"},
	} {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			unsetSettings(t)
			for name, value := range good {
				t.Setenv(name, value)
			}
			t.Setenv(test.name, test.value)
			err := load(&slackSettings{}, &healthSettings{}, &lookSettings{}, &logSettings{})
			if err == nil {
				t.Fatal("no error")
			}
			got := lines(err)
			if len(got) != 1 || !strings.HasPrefix(got[0], test.want) {
				t.Errorf("got %q, want one line that starts with %q", got, test.want)
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestLoadSaysAllAtOnce(t *testing.T) {
	unsetSettings(t)
	t.Setenv("ACMBOT_TIMEOUT", "soon")
	t.Setenv("ACMBOT_LOG_FORMAT", "xml")
	err := load(&slackSettings{}, &healthSettings{}, &lookSettings{}, &logSettings{})
	var names []string
	for _, line := range lines(err) {
		name, _, _ := strings.Cut(line, " ")
		names = append(names, name)
	}
	want := []string{"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "ACMBOT_TIMEOUT", "ACMBOT_LOG_FORMAT"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("mismatch (-want, +got):\n%s", diff)
	}
}

// Kubernetes sets such variables beside a service called acmbot.
func TestLoadLetsOthersBe(t *testing.T) {
	unsetSettings(t)
	t.Setenv("ACMBOT_SERVICE_HOST", "10.0.0.1")
	t.Setenv("ACMBOT_PORT", "tcp://10.0.0.1:80")
	if err := load(&lookSettings{}); err != nil {
		t.Error(err)
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	const hidden = "xoxb-hidden"
	var s struct{ Token botToken }
	if err := s.Token.Decode(hidden); err != nil {
		t.Fatal(err)
	}
	if s.Token.reveal() != hidden {
		t.Fatalf("reveal gives %q", s.Token.reveal())
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("start", "token", s.Token, "settings", s)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("start", "token", s.Token, "settings", s)
	marshalled, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %q %x %d %s", s, s, s, s.Token, s.Token, s.Token, &s.Token),
		logged.String(), string(marshalled),
	} {
		if strings.Contains(shown, "hidden") || strings.Contains(shown, fmt.Sprintf("%x", "hidden")) {
			t.Errorf("shown: %s", shown)
		}
		if !strings.Contains(shown, redacted) {
			t.Errorf("not even a placeholder in %s", shown)
		}
	}
}

// shownDefault is what stands in a table in the place of a setting's default.
func (s setting) shownDefault() string {
	if s.Required {
		return "required"
	}
	return s.Default
}

func TestEverySettingIsDescribed(t *testing.T) {
	for _, s := range allSettings() {
		if s.Name == "" || !strings.HasSuffix(s.Desc, ".") || s.shownDefault() == "" {
			t.Errorf("incomplete: %+v", s)
		}
		if s.Required && s.Where == "" {
			t.Errorf("%s is required, and nothing says where to get it", s.Name)
		}
	}
}

// README's table of settings is made from the settings; go test -update
// rewrites it.
func TestReadmeSettings(t *testing.T) {
	var table strings.Builder
	table.WriteString("| Variable | Default | Meaning |\n|---|---|---|\n")
	for _, s := range allSettings() {
		names := "`" + strings.ReplaceAll(s.Name, ", ", "`, `") + "`"
		names = strings.ReplaceAll(names, "`…`", "…")
		fmt.Fprintf(&table, "| %s | %s | %s |\n", names, s.shownDefault(), s.Desc)
	}
	between(t, "../../README.md", "settings", table.String())
}

func TestRegionsOf(t *testing.T) {
	for _, test := range []struct {
		name string
		set  []region
		own  string
		want []string
	}{
		{"none", nil, "", []string{"us-east-1"}},
		{"own", nil, "eu-west-1", []string{"eu-west-1", "us-east-1"}},
		{"own is us-east-1", nil, "us-east-1", []string{"us-east-1"}},
		{"own is in China", nil, "cn-north-1", []string{"cn-north-1"}},
		{"own is in GovCloud", nil, "us-gov-west-1", []string{"us-gov-west-1"}},
		{"set", []region{"eu-west-1", "ap-south-1", "eu-west-1"}, "us-west-2", []string{"ap-south-1", "eu-west-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, regionsOf(test.set, aws.Config{Region: test.own})); diff != "" {
				t.Errorf("mismatch (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestLoadAWS(t *testing.T) {
	for _, test := range []struct {
		name   string
		env    map[string]string
		config string
		want   string
	}{
		{"keys", map[string]string{"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "SECRET"}, "", ""},
		{"nothing", nil, "", "AWS credentials were not found."},
		{"half a key", map[string]string{"AWS_ACCESS_KEY_ID": "AKIA1"}, "", "AWS credentials were not found."},
		{"profile missing", map[string]string{"AWS_PROFILE": "prod"}, "[default]\n", `AWS_PROFILE names the profile "prod", which is not in AWS's configuration and credentials files.`},
		{"bad region", map[string]string{"AWS_REGION": "Ireland"}, "", `AWS_REGION is "Ireland", which is not an AWS region's code such as eu-central-1.`},
	} {
		t.Run(test.name, func(t *testing.T) {
			unsetSettings(t)
			home := t.TempDir()
			config := filepath.Join(home, "config")
			if err := os.WriteFile(config, []byte(test.config), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("HOME", home)
			t.Setenv("AWS_CONFIG_FILE", config)
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, "none"))
			t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			t.Setenv("AWS_DEFAULT_REGION", "")
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			_, err := loadAWS(t.Context())
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if _, ok := errors.AsType[*settingError](err); !ok || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want a settingError that starts with %q", err, test.want)
			}
		})
	}
}
