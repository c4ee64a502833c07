package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/kelseyhightower/envconfig"

	"github.com/acmbot/acmbot/diagnose"
)

// The settings are environment variables. The struct tags are all there is to
// know about them: `envconfig` the name, `default` the default, `required`
// whether the start stops without it, `desc` the meaning, `where` the place to
// get the value, and `shown` what to print as the default where that is not a
// constant. Help, README and the errors are made from them. `formerly` and
// `deprecated` are for those that change: see deprecated.go.

// slackSettings are what `acmbot run` needs to talk to Slack.
type slackSettings struct {
	BotToken botToken     `envconfig:"SLACK_BOT_TOKEN" required:"true" desc:"The app's bot token; or a reference to where it is kept: file:/path, secretsmanager:NAME (or its ARN, #KEY for a value in JSON) or ssm:PARAMETER." where:"Slack gives it at https://api.slack.com/apps under your app's OAuth & Permissions, as Bot User OAuth Token (xoxb-…)"`
	AppToken appToken     `envconfig:"SLACK_APP_TOKEN" required:"true" desc:"The app-level token for Socket Mode, with the scope connections:write; or a reference as above." where:"Slack gives it at https://api.slack.com/apps under your app's Basic Information, App-Level Tokens (xapp-…)"`
	APIURL   baseURL      `envconfig:"SLACK_API_URL" default:"https://slack.com/api/" desc:"The address of Slack's Web API; only for a proxy or a test server."`
	Command  slashCommand `envconfig:"ACMBOT_COMMAND" default:"/acm" desc:"The slash command, as it is in the app's manifest."`
	Workers  count        `envconfig:"ACMBOT_WORKERS" default:"8" desc:"How many questions are worked on at a time."`
	Queue    count        `envconfig:"ACMBOT_QUEUE" default:"64" desc:"How many questions may wait beside those; more are declined."`
	PerUser  count        `envconfig:"ACMBOT_PER_USER" default:"4" desc:"How many questions one person may have in work at a time."`
}

// healthSettings are where `acmbot run` tells how it is, and `acmbot health`
// asks it.
type healthSettings struct {
	Listen listenAddress `envconfig:"ACMBOT_HEALTH_LISTEN" shown:"none" desc:"An address, such as :8081, on which GET /readyz (and /healthz) tells whether the bot is connected to Slack, /livez whether it runs, and /metrics what it does, for Prometheus."`
}

// lookSettings are where and how certificates, DNS and endpoints are looked
// at.
type lookSettings struct {
	Regions     []region   `envconfig:"ACMBOT_REGIONS" shown:"AWS_REGION (or the profile's region) and us-east-1" desc:"The AWS regions to look for certificates in, separated by commas."`
	RoleARNs    []roleARN  `envconfig:"ACMBOT_ROLE_ARNS" shown:"none" desc:"Roles to assume, one for each further account to look in, separated by commas."`
	ExternalID  externalID `envconfig:"ACMBOT_EXTERNAL_ID" shown:"none" desc:"The external id to assume those roles with; it, too, can be a reference."`
	Resolvers   []hostPort `envconfig:"ACMBOT_DNS_RESOLVERS" default:"1.1.1.1:53,8.8.8.8:53" desc:"The recursive resolvers to compare with, as host:port, separated by commas."`
	RootHints   file       `envconfig:"ACMBOT_DNS_ROOT_HINTS" shown:"the Internet's root servers" desc:"A file with the root servers' names and addresses, in the format of IANA's named.root."`
	TrustAnchor file       `envconfig:"ACMBOT_DNS_TRUST_ANCHOR" shown:"the Internet's root keys" desc:"A file with the root zone's DS or DNSKEY records, the trust anchor for DNSSEC."`
	ProbeAllow  []cidr     `envconfig:"ACMBOT_PROBE_ALLOW" shown:"public addresses only" desc:"Private address ranges that HTTPS and HTTP probes may connect to as well, separated by commas."`
	Timeout     span       `envconfig:"ACMBOT_TIMEOUT" default:"20s" desc:"The time limit of one diagnosis."`
}

// logSettings are how `acmbot run` logs, to standard error.
type logSettings struct {
	Level  logLevel  `envconfig:"ACMBOT_LOG_LEVEL" default:"info" desc:"The least severity that is logged: debug, info, warn or error. The audit of fixes and the posting of digests always are."`
	Format logFormat `envconfig:"ACMBOT_LOG_FORMAT" default:"text" desc:"How log lines are written: text or json."`
}

// sdkSettings are those that the AWS SDK reads itself.
var sdkSettings = []setting{
	{Name: "AWS_REGION", Default: "the profile's region", Desc: "The AWS region to start from."},
	{Name: "AWS_PROFILE", Default: "default", Desc: "The profile in AWS's shared configuration and credentials files."},
	{Name: "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN", Default: "none", Desc: "Credentials. Roles of ECS, EKS, EC2 and Lambda, IAM Identity Center and web identities work too, as the AWS SDK finds them."},
	{Name: "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_ACM, …", Default: "AWS's own", Desc: "Another address for AWS's APIs, or for one of them; for a VPC endpoint or a test server."},
}

// A setting describes one environment variable.
type setting struct {
	Name, Default, Desc, Where string
	Required                   bool
	// Formerly is the name that it had before, and Deprecated what to do
	// instead of setting it.
	Formerly, Deprecated string
}

// describe lists the settings of a settings struct.
func describe(spec any) []setting {
	t := reflect.TypeOf(spec)
	list := make([]setting, t.NumField())
	for i := range list {
		tag := t.Field(i).Tag
		list[i] = setting{
			Name:     tag.Get("envconfig"),
			Default:  cmp.Or(tag.Get("shown"), tag.Get("default")),
			Desc:     tag.Get("desc"),
			Where:    tag.Get("where"),
			Required: tag.Get("required") == "true",
		}
		list[i].outdate(tag.Get("formerly"), tag.Get("deprecated"))
	}
	return list
}

// allSettings lists every setting of `acmbot run`, in the order of the help.
func allSettings() []setting {
	return slices.Concat(describe(slackSettings{}), describe(healthSettings{}), describe(rotationSettings{}), describe(stateSettings{}), describe(accessSettings{}), describe(fixSettings{}), sdkSettings, describe(lookSettings{}), describe(digestSettings{}), describe(alertSettings{}), describe(eventSettings{}), describe(adminSettings{}), describe(logSettings{}), describe(tracingSettings{}))
}

// A settingError is one setting that is missing or malformed.
type settingError struct {
	name string
	// what ends the sentence that the name begins.
	what  string
	where string
}

func (e *settingError) Error() string {
	line := strings.TrimSuffix(e.name+" "+e.what, ".")
	if !strings.HasSuffix(line, "?") {
		line += "."
	}
	if e.where != "" {
		line += " " + e.where + "."
	}
	return line
}

// load fills settings structs from the environment. Its error joins a
// *settingError for each setting that is missing or malformed: whoever sets
// the bot up hears of all of them at once. envconfig itself stops at the
// first, hence the walk over the fields.
func load(specs ...any) error {
	var errs []error
	for _, spec := range specs {
		s := reflect.ValueOf(spec).Elem()
		for i, described := range describe(s.Interface()) {
			name, err := described.setAs()
			if err == nil && name == "" && described.Required {
				err = &settingError{described.Name, "is not set", described.Where}
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if _, secret := reflect.TypeAssert[keptSecret](s.Field(i).Addr()); !secret && holdsToken(os.Getenv(name)) {
				// Its own error might quote it, and a log line, too.
				errs = append(errs, &settingError{name, "holds what looks like a Slack token, which does not belong there", ""})
				continue
			}
			field := s.Type().Field(i)
			if name != "" && name != described.Name {
				field.Tag, described.Name = reflect.StructTag(fmt.Sprintf("envconfig:%q", name)), name
			}
			one := reflect.New(reflect.StructOf([]reflect.StructField{field}))
			if err := envconfig.Process("", one.Interface()); err != nil {
				errs = append(errs, settingErrorOf(described, err))
				continue
			}
			s.Field(i).Set(one.Elem().Field(0))
		}
	}
	return errors.Join(append(errs, misspelt(os.Environ())...)...)
}

func settingErrorOf(s setting, err error) error {
	// envconfig's own text quotes the value, which may be a secret; the
	// decoders' text does not where it is one.
	if parse, ok := errors.AsType[*envconfig.ParseError](err); ok && parse.Err != nil {
		return &settingError{s.Name, parse.Err.Error(), s.Where}
	}
	return &settingError{s.Name, "cannot be read", s.Where}
}

// misspelt finds variables that are all but one of ours. Others that start
// with ACMBOT_ are let be: Kubernetes sets ACMBOT_PORT and the like by itself
// beside a service of the bot's name.
func misspelt(environ []string) []error {
	var errs []error
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		ours := strings.HasPrefix(name, "ACMBOT_") || strings.HasPrefix(name, "SLACK_")
		if !ours || strings.TrimSpace(value) == "" {
			continue
		}
		var near string
		known := false
		for _, s := range allSettings() {
			known = known || s.Name == name || s.Formerly == name
			if diagnose.EditDistance(s.Name, name) <= 2 {
				near = s.Name
			}
		}
		if !known && near != "" {
			errs = append(errs, &settingError{name, "is not a setting; did you mean " + near + "?", ""})
		}
	}
	return errs
}

// printSettings writes the settings for `acmbot run --help`.
func printSettings(w io.Writer, list []setting) {
	for _, s := range list {
		initial := "Default: " + s.Default + "."
		if s.Required {
			initial = "Required."
		}
		fmt.Fprintf(w, "  %s\n        %s %s\n", s.Name, s.Desc, initial)
		if s.Where != "" {
			fmt.Fprintf(w, "        %s.\n", s.Where)
		}
	}
}
