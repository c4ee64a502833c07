package secrets

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

// start serves AWS, with one account.
func start(t *testing.T) (*awsapi.Server, aws.Config) {
	t.Helper()
	api := awsapi.New(awsapi.Options{})
	api.Update(func(s *awsapi.State) {
		s.Account(account).Keys = []awsapi.AccessKey{{ID: "AKIAEXAMPLE", Secret: "secret"}}
	})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return api, aws.Config{
		Region: region, BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:  &http.Client{Transport: transport},
	}
}

func parse(t *testing.T, text string) Reference {
	t.Helper()
	r, ok, err := Parse(text)
	if err != nil || !ok {
		t.Fatalf("%s: %v, %v", text, ok, err)
	}
	return r
}

func TestParse(t *testing.T) {
	const secret, parameter = "arn:aws:secretsmanager:us-east-1:111122223333:secret:acmbot/slack-AbCdEf", "arn:aws-cn:ssm:cn-north-1:111122223333:parameter/acmbot/bot"
	for _, test := range []struct {
		text string
		want Reference
		err  string // what it starts with
	}{
		{text: "file:/run/secrets/bot", want: Reference{Kind: File, Place: "/run/secrets/bot"}},
		{text: " file:///run/secrets/bot\n", want: Reference{Kind: File, Place: "/run/secrets/bot"}},
		{text: "secretsmanager:acmbot/slack", want: Reference{Kind: SecretsManager, Place: "acmbot/slack"}},
		{text: "secretsmanager:acmbot/slack#bot token", want: Reference{Kind: SecretsManager, Place: "acmbot/slack", Key: "bot token"}},
		{text: "secretsmanager:" + secret + "#bot", want: Reference{Kind: SecretsManager, Place: secret, Key: "bot", Region: "us-east-1"}},
		{text: secret, want: Reference{Kind: SecretsManager, Place: secret, Region: "us-east-1"}},
		{text: "ssm:/acmbot/bot", want: Reference{Kind: ParameterStore, Place: "/acmbot/bot"}},
		{text: "ssm:bot:3", want: Reference{Kind: ParameterStore, Place: "bot:3"}},
		{text: "ssm:" + parameter, want: Reference{Kind: ParameterStore, Place: parameter, Region: "cn-north-1"}},
		{text: parameter, want: Reference{Kind: ParameterStore, Place: parameter, Region: "cn-north-1"}},
		{text: "file:", err: "says file: and names none"},
		{text: "file:bot-token", err: `names the file "bot-token", which is not an absolute path`},
		{text: "secretsmanager:", err: "says secretsmanager: and names no secret"},
		{text: "secretsmanager:#bot", err: "says secretsmanager: and names no secret"},
		{text: "secretsmanager:bot#", err: "names no JSON key"},
		{text: "secretsmanager:bot token", err: `has "bot token", which is neither a secret's name nor its ARN`},
		{text: "secretsmanager:" + parameter, err: `has "arn:aws-cn:ssm`},
		{text: "ssm:", err: "says ssm: and names no parameter"},
		{text: "ssm:bot#key", err: "has a # after a parameter's name"},
		{text: "ssm:" + secret, err: `has "arn:aws:secretsmanager`},
		{text: "ssm:a b", err: `has "a b", which is neither a parameter's name nor its ARN`},
	} {
		got, ok, err := Parse(test.text)
		switch {
		case !ok:
			t.Errorf("%q is taken for a secret itself", test.text)
		case test.err != "":
			if err == nil || !strings.HasPrefix(err.Error(), test.err) {
				t.Errorf("%q: got the error %v, want %q", test.text, err, test.err)
			}
		case err != nil || got != test.want:
			t.Errorf("%q: got %+v, %v, want %+v", test.text, got, err, test.want)
		default:
			if again, _, err := Parse(got.String()); err != nil || again != got {
				t.Errorf("%q is written %q, which is %+v, %v", test.text, got.String(), again, err)
			}
		}
	}
	for _, text := range []string{"", "xoxb-1", "xapp-1-A:b", "https://example.com/", "FILE", "x,y:z", "arn:aws:iam::111122223333:role/a"} {
		if _, ok, err := Parse(text); ok || err != nil {
			t.Errorf("%q is taken for a reference (%v)", text, err)
		}
	}
}

func TestRead(t *testing.T) {
	api, config := start(t)
	var arn, parameter string
	api.Update(func(s *awsapi.State) {
		a := s.Account(account)
		a.SetSecret(region, "plain", "PLAIN-VALUE\n")
		a.SetSecret(region, "json", `{"bot":"JSON-VALUE","port":8080,"none":null,"empty":""}`)
		a.SetSecret(region, "binary", "")
		a.Region(region).Secrets[2].Binary = []byte("BINARY-VALUE")
		a.SetSecret(region, "garbage", "")
		a.Region(region).Secrets[3].Binary = []byte{'S', 'E', 'C', 0xff}
		a.SetSecret(region, "deleted", "SECRET")
		a.Region(region).Secrets[4].DeletedAt = time.Now()
		a.SetSecret(region, "locked", "SECRET")
		a.Region(region).Secrets[5].Locked = true
		a.SetSecret(region, "blank", " \n")
		arn = a.SetSecret("us-east-1", "far", "FAR-VALUE")
		a.SetParameter(region, "/acmbot/bot", "PARAMETER-VALUE")
		a.SetParameter(region, "locked", "SECRET")
		a.Region(region).Parameters[1].Locked = true
		parameter = a.SetParameter("us-east-1", "/far", "FAR-PARAMETER")
	})
	for text, want := range map[string]string{
		"secretsmanager:plain":    "PLAIN-VALUE",
		"secretsmanager:json#bot": "JSON-VALUE",
		"secretsmanager:binary":   "BINARY-VALUE",
		"secretsmanager:" + arn:   "FAR-VALUE",
		arn[:len(arn)-7]:          "FAR-VALUE", // as "complete ARN without the suffix"
		"ssm:/acmbot/bot":         "PARAMETER-VALUE",
		"ssm:" + parameter:        "FAR-PARAMETER",
	} {
		got, err := Reader{Config: config}.Read(t.Context(), parse(t, text))
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}

	const in = " in eu-west-1"
	for text, want := range map[string]string{
		"secretsmanager:none":       "refers to the secret none" + in + ", which does not exist",
		"secretsmanager:far":        "refers to the secret far" + in + ", which does not exist",
		"secretsmanager:json":       "refers to the secret json" + in + ", which is JSON with several values",
		"secretsmanager:json#app":   `refers to the JSON key "app" of the secret json` + in + ", which has no such key",
		"secretsmanager:json#port":  `refers to the JSON key "port" of the secret json` + in + ", whose value is not a text",
		"secretsmanager:json#none":  `refers to the JSON key "none" of the secret json` + in + ", which is empty",
		"secretsmanager:json#empty": `refers to the JSON key "empty" of the secret json` + in + ", which is empty",
		"secretsmanager:plain#bot":  `refers to the JSON key "bot" of the secret plain` + in + ", which is not a JSON object",
		"secretsmanager:garbage":    "refers to the secret garbage" + in + ", which is not text",
		"secretsmanager:blank":      "refers to the secret blank" + in + ", which is empty",
		"secretsmanager:deleted":    "refers to the secret deleted" + in + ", which is marked for deletion or has no value",
		"secretsmanager:locked":     "refers to the secret locked" + in + ", whose KMS key acmbot cannot decrypt with",
		"ssm:none":                  "refers to the parameter none" + in + ", which does not exist",
		"ssm:locked":                "refers to the parameter locked" + in + ", whose KMS key acmbot cannot decrypt with",
	} {
		refuses(t, Reader{Config: config}, text, want)
	}

	none := config.Copy()
	none.Region = ""
	refuses(t, Reader{Config: none}, "ssm:bot", "refers to the parameter bot, and nothing says in which region that is")
	none = config.Copy()
	none.Credentials = nil
	refuses(t, Reader{Config: none}, "ssm:bot", "refers to the parameter bot in eu-west-1, and there are no AWS credentials to read it with")
	none.Credentials = credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "wrong", "")
	refuses(t, Reader{Config: none}, "ssm:bot", "refers to the parameter bot in eu-west-1, and AWS does not take the credentials to read it with")
	none = config.Copy()
	none.BaseEndpoint = aws.String(closed(t))
	refuses(t, Reader{Config: none}, "secretsmanager:bot", "refers to the secret bot in eu-west-1, and AWS Secrets Manager cannot be reached")

	for _, test := range []struct {
		fault *awsapi.Fault
		want  string
	}{
		{&awsapi.Fault{Error: awsapi.Throttle()}, "and AWS Systems Manager gets too many calls"},
		{&awsapi.Fault{Error: awsapi.Unavailable()}, "and AWS Systems Manager answers with the error ServiceUnavailable"},
		{&awsapi.Fault{Status: 500, Body: "<html>SECRET"}, "and AWS Systems Manager "},
		{&awsapi.Fault{Hang: true}, "and AWS Systems Manager does not answer"},
	} {
		remove := api.Inject(test.fault)
		refuses(t, Reader{Config: config, Timeout: 300 * time.Millisecond}, "ssm:/acmbot/bot", "refers to the parameter /acmbot/bot in eu-west-1, "+test.want)
		remove()
	}
	api.Update(func(s *awsapi.State) { s.Account(account).Deny = []string{"secretsmanager:*", "ssm:*"} })
	refuses(t, Reader{Config: config}, "secretsmanager:plain", "refers to the secret plain in eu-west-1, which acmbot may not read")
	refuses(t, Reader{Config: config}, "ssm:/acmbot/bot", "refers to the parameter /acmbot/bot in eu-west-1, which acmbot may not read")

	// What is called is what is said to be called.
	called := map[string]bool{"kms:Decrypt": true} // by the services
	for _, c := range api.Calls() {
		called[c.IAM()] = true
	}
	for _, action := range Actions() {
		if !called[action] {
			t.Errorf("%s is never called", action)
		}
		delete(called, action)
	}
	if len(called) > 0 {
		t.Errorf("%v are called and not named", called)
	}
	if !slices.IsSorted(Actions()) {
		t.Error("the actions are in no order")
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Reader{Config: config}).Read(ended, parse(t, "ssm:bot")); !errors.Is(err, context.Canceled) {
		t.Errorf("told to stop, it says %v", err)
	}
}

// refuses reads in vain. None of what was read may be in the error.
func refuses(t *testing.T, r Reader, text, want string) {
	t.Helper()
	value, err := r.Read(t.Context(), parse(t, text))
	fault, ok := errors.AsType[*Fault](err)
	if !ok || !strings.HasPrefix(fault.Problem, want) || value != "" {
		t.Errorf("%s: got %q, %v, want %q", text, value, err, want)
		return
	}
	if all := fault.Problem + fault.Fix; strings.Contains(all, "SECRET") || strings.Contains(all, "VALUE") {
		t.Errorf("%s: the fault holds the secret: %s", text, all)
	}
}

// closed is the address of a server that is gone.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func TestReadFile(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// As Kubernetes mounts a secret: by way of a link that is replaced.
	write("first", "FIRST\n", 0o600)
	write("second", "SECOND\r\n\r\n", 0o644)
	link := filepath.Join(folder, "link")
	for name, want := range map[string]string{"first": "FIRST", "second": "SECOND"} {
		_ = os.Remove(link)
		if err := os.Symlink(name, link); err != nil {
			t.Fatal(err)
		}
		ref := parse(t, "file:"+link)
		got, err := Reader{}.Read(t.Context(), ref)
		if err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		if ref.Exposed() != (name == "second") {
			t.Errorf("%s: exposed: %v", name, ref.Exposed())
		}
	}
	refuses(t, Reader{}, "file:"+folder, "refers to the file \""+folder+"\", which is not a regular file")
	refuses(t, Reader{}, "file:"+filepath.Join(folder, "none"), "refers to the file ")
	refuses(t, Reader{}, "file:"+write("empty", "\n", 0o600), "refers to the file ")
	refuses(t, Reader{}, "file:"+write("long", strings.Repeat("SECRET", 20000), 0o600), "refers to the file ")
	refuses(t, Reader{}, "file:"+write("zero", "SECRET\x00", 0o600), "refers to the file ")
	if os.Geteuid() != 0 {
		refuses(t, Reader{}, "file:"+write("closed", "SECRET", 0), "refers to the file ")
	}
}
