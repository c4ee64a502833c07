package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/acmbot/acmbot/cmd/acmbot/secrets"
)

const redacted = "[redacted]"

// A secret is a setting that must not be seen. Every way of printing it, fmt,
// slog and encoding/json alike, prints a placeholder; only reveal gives the
// value.
type secret struct {
	value string
	// kept is where it is kept, where the setting only refers to it.
	kept secrets.Reference
}

func (s secret) reveal() string               { return s.value }
func (s secret) String() string               { return redacted }
func (s secret) GoString() string             { return redacted }
func (s secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// Format keeps verbs such as %x and %d from reaching the value.
func (s secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// The kinds of Slack token by prefix ("Tokens", Slack developer docs,
// https://docs.slack.dev/authentication/tokens). Longer prefixes come first.
var tokenKinds = []struct{ prefix, kind string }{
	{"xoxe.xoxb-", "a bot token under token rotation, which expires within hours; switch rotation off for this app"},
	{"xoxe.xoxp-", "a user token under token rotation"},
	{"xoxe-", "a refresh token"},
	{"xoxb-", "a bot token"},
	{"xoxp-", "a user token"},
	{"xoxa-", "a legacy workspace token"},
	{"xapp-", "an app-level token"},
	{"https://hooks.slack.com/", "an incoming webhook's address"},
}

// parseToken accepts a token that starts with the prefix. Its errors say what
// was pasted instead, as far as the prefix tells, and never quote it.
func parseToken(text, prefix string) (secret, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, prefix) && len(text) > len(prefix) && !strings.ContainsAny(text, " \t\r\n\"'") {
		return secret{value: text}, nil
	}
	if unquoted := strings.Trim(text, `"'`); unquoted != text {
		return secret{}, errors.New("is wrapped in quotation marks, which are no part of it; remove them")
	}
	for _, k := range tokenKinds {
		if strings.HasPrefix(text, k.prefix) && k.prefix != prefix {
			return secret{}, fmt.Errorf("holds %s (%s…) where one that starts with %s belongs", k.kind, k.prefix, prefix)
		}
	}
	return secret{}, fmt.Errorf("does not look like such a token, which starts with %s", prefix)
}

// refer takes a setting's text for a reference, unless it is the secret itself,
// which take takes.
func (s *secret) refer(text string, take func(string) error) error {
	ref, ok, err := secrets.Parse(text)
	if !ok {
		return take(text)
	}
	if holdsToken(text) {
		return errors.New("refers to what looks like a token itself; set the token alone, or the place where it is kept")
	}
	s.kept = ref
	return err
}

// holdsToken reports whether a text has something like a Slack token in it.
func holdsToken(text string) bool {
	return slices.ContainsFunc(tokenKinds, func(k struct{ prefix, kind string }) bool { return strings.Contains(text, k.prefix) })
}

// reference is where the secret is kept; zero where the setting is the secret.
func (s *secret) reference() secrets.Reference { return s.kept }

// A botToken is a Slack bot user OAuth token.
type botToken struct{ secret }

// Decode implements envconfig.Decoder.
func (t *botToken) Decode(text string) error { return t.refer(text, t.take) }

func (t *botToken) take(text string) error {
	got, err := parseToken(text, "xoxb-")
	t.value = got.value
	return err
}

// An appToken is a Slack app-level token.
type appToken struct{ secret }

// Decode implements envconfig.Decoder.
func (t *appToken) Decode(text string) error { return t.refer(text, t.take) }

func (t *appToken) take(text string) error {
	got, err := parseToken(text, "xapp-")
	t.value = got.value
	return err
}

// An externalID goes with the roles that are assumed. AWS does not call it a
// secret, and whoever knows it is a step nearer to what it guards ("The confused
// deputy problem", IAM User Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
type externalID struct{ secret }

// The form that STS asks of it ("AssumeRole", AWS Security Token Service API
// Reference, https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
var externalIDForm = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)

// Decode implements envconfig.Decoder.
func (e *externalID) Decode(text string) error { return e.refer(text, e.take) }

func (e *externalID) take(text string) error {
	text = strings.TrimSpace(text)
	if !externalIDForm.MatchString(text) || len(text) > 1224 {
		return errors.New("is not an external id, which has from 2 to 1224 letters, digits and the signs _+=,.@:/-")
	}
	e.value = text
	return nil
}

// A keptSecret is a setting that may refer to a secret.
type keptSecret interface {
	reference() secrets.Reference
	take(text string) error
}

// readSecrets reads what settings refer to. Its error joins a *settingError for
// each that cannot be had or is malformed.
func readSecrets(ctx context.Context, log *slog.Logger, specs ...any) error {
	type found struct {
		setting
		secret keptSecret
	}
	var list []found
	onAWS := false
	for _, spec := range specs {
		s := reflect.ValueOf(spec).Elem()
		for i, described := range describe(s.Interface()) {
			kept, ok := reflect.TypeAssert[keptSecret](s.Field(i).Addr())
			if !ok || kept.reference() == (secrets.Reference{}) {
				continue
			}
			list = append(list, found{described, kept})
			onAWS = onAWS || kept.reference().OnAWS()
		}
	}
	var reader secrets.Reader
	if onAWS {
		cfg, err := readAWSConfig(ctx)
		if err != nil {
			return awsSettingError(err)
		}
		reader.Config = cfg
	}
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, f := range list {
		wg.Go(func() {
			text, err := reader.Read(ctx, f.secret.reference())
			if fault, ok := errors.AsType[*secrets.Fault](err); ok {
				errs[i] = &settingError{f.Name, fault.Problem, fault.Fix}
				if fault.Passing {
					errs[i] = passingError{errs[i]}
				}
				return
			}
			if err != nil {
				errs[i] = err
				return
			}
			if f.secret.reference().Exposed() {
				log.Warn("everybody on this machine can read a secret's file; take the right from them with chmod o-r, or by the volume's defaultMode", "setting", f.Name, "file", f.secret.reference().Place)
			}
			if err := f.secret.take(text); err != nil {
				errs[i] = &settingError{f.Name, "refers to " + f.secret.reference().String() + ", which " + err.Error(), f.Where}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
