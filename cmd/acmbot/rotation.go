package main

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/cmd/acmbot/secrets"
)

// rotationSettings are how `acmbot run` follows secrets that are replaced where
// they are kept.
type rotationSettings struct {
	Every span `envconfig:"ACMBOT_SECRETS_EVERY" default:"5m" desc:"How often tokens that settings refer to are read again, give or take a tenth; files every half a minute, at least. A token that Slack refuses is read again at once."`
}

// fileEvery is how often a file is read, which costs nothing.
const fileEvery = 30 * time.Second

// follow makes a bot follow the tokens that settings refer to.
func (s rotationSettings) follow(o *bot.Options, slack slackSettings, cfg aws.Config, m *metrics) {
	reader := secrets.Reader{Config: cfg}
	source := func(ref secrets.Reference) bot.TokenSource {
		if ref == (secrets.Reference{}) {
			return bot.TokenSource{}
		}
		every := time.Duration(s.Every)
		if ref.Kind == secrets.File {
			every = min(every, fileEvery)
		}
		return bot.TokenSource{Every: every, Read: func(ctx context.Context) (string, error) {
			value, err := reader.Read(ctx, ref)
			if fault, ok := errors.AsType[*secrets.Fault](err); ok {
				return "", errors.New((&settingError{"the setting", fault.Problem, fault.Fix}).Error())
			}
			return value, err
		}}
	}
	o.BotTokenSource, o.AppTokenSource = source(slack.BotToken.reference()), source(slack.AppToken.reference())
	o.Rotated = m.followTokens(o.BotTokenSource.Read != nil, o.AppTokenSource.Read != nil)
}

// followTokens counts what becomes of the tokens that are found where they are
// kept, from nought on, so that the first that is not taken is seen to increase
// it.
func (m *metrics) followTokens(botToken, appToken bool) func(token, result string) {
	found := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "acmbot_token_rotations_total",
		Help: "New tokens found where the settings say that they are kept, by what became of them: taken, malformed, refused, untried (Slack could not be asked), unreadable (nothing was found).",
	}, []string{"token", "result"})
	m.registry.MustRegister(found)
	names := map[string]string{"bot token": "bot", "app-level token": "app"}
	for name, followed := range map[string]bool{"bot": botToken, "app": appToken} {
		if !followed {
			continue
		}
		for _, result := range []string{bot.TokenTaken, bot.TokenMalformed, bot.TokenRefused, bot.TokenUntried, bot.TokenUnreadable} {
			found.WithLabelValues(name, result)
		}
	}
	return func(token, result string) { found.WithLabelValues(names[token], result).Inc() }
}
