package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/acmbot/acmbot/bot"
)

// alertSettings are how channels are told between their digests. Who is told of
// what, and the thresholds of days, are in the digests' settings.
type alertSettings struct {
	Alerts onOff    `envconfig:"ACMBOT_ALERTS" default:"on" desc:"Whether channels that get a digest are alerted in between: on or off. A channel can switch its own off (/acm digest)."`
	Every  interval `envconfig:"ACMBOT_ALERT_EVERY" default:"10m" desc:"How often all certificates are looked through for alerts, from 1m to 24h. What is seen twice is told."`
}

func (s alertSettings) options() bot.AlertOptions {
	return bot.AlertOptions{On: bool(s.Alerts), Every: time.Duration(s.Every)}
}

// An onOff is on or off.
type onOff bool

// Decode implements envconfig.Decoder.
func (o *onOff) Decode(text string) error {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "on", "true":
		*o = true
	case "off", "false":
		*o = false
	default:
		return fmt.Errorf("is %q, which is neither on nor off", text)
	}
	return nil
}

// An interval is a length of time between a minute and a day.
type interval time.Duration

// Decode implements envconfig.Decoder.
func (i *interval) Decode(text string) error {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d < time.Minute || d > 24*time.Hour {
		return fmt.Errorf("is %q, which is not a length of time from 1m to 24h", text)
	}
	*i = interval(d)
	return nil
}
