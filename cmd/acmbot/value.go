package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/acmbot/acmbot/bot/digest"
)

// The types of settings' values. Each decodes itself for envconfig, and its
// error ends the sentence "<NAME> …".

// texts are a setting's values as plain text.
func texts[T ~string](list []T) []string {
	var texts []string
	for _, t := range list {
		texts = append(texts, string(t))
	}
	return texts
}

// A region is an AWS region's code.
type region string

var regionCode = regexp.MustCompile(`^[a-z]{2,5}(-[a-z]+)+-[0-9]+$`)

// Decode implements envconfig.Decoder.
func (r *region) Decode(text string) error {
	text = strings.TrimSpace(text)
	if !regionCode.MatchString(text) {
		return fmt.Errorf("has %q, which is not an AWS region's code such as eu-central-1", text)
	}
	*r = region(text)
	return nil
}

// A roleARN is an IAM role's ARN.
type roleARN string

var rolePattern = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$`)

// Decode implements envconfig.Decoder.
func (r *roleARN) Decode(text string) error {
	text = strings.TrimSpace(text)
	if !rolePattern.MatchString(text) {
		return fmt.Errorf("has %q, which is not a role's ARN such as arn:aws:iam::111122223333:role/acmbot-read", text)
	}
	*r = roleARN(text)
	return nil
}

// A hostPort is a host, or an IP address, with a port; 53 where none is given.
type hostPort string

// Decode implements envconfig.Decoder.
func (h *hostPort) Decode(text string) error {
	text = strings.TrimSpace(text)
	host, port := text, "53"
	if _, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		host = strings.Trim(text, "[]")
	} else if before, after, err := net.SplitHostPort(text); err == nil {
		host, port = before, after
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if host == "" || strings.ContainsAny(host, "/ ") || err != nil || n == 0 {
		return fmt.Errorf("has %q, which is not a resolver such as 1.1.1.1:53", text)
	}
	if _, err := netip.ParseAddr(host); err != nil && strings.Contains(host, ":") {
		return fmt.Errorf("has %q, which is not a resolver such as 1.1.1.1:53", text)
	}
	*h = hostPort(net.JoinHostPort(host, port))
	return nil
}

// A cidr is a range of IP addresses; a lone address is a range of one.
type cidr struct{ netip.Prefix }

// Decode implements envconfig.Decoder.
func (c *cidr) Decode(text string) error {
	text = strings.TrimSpace(text)
	if addr, err := netip.ParseAddr(text); err == nil {
		c.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		return nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return fmt.Errorf("has %q, which is not a range of addresses such as 10.0.0.0/8", text)
	}
	c.Prefix = p.Masked()
	return nil
}

// A file is the path of a file that can be read.
type file string

// Decode implements envconfig.Decoder.
func (f *file) Decode(text string) error {
	info, err := os.Stat(text)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("names the file %q, which does not exist", text)
	case err != nil:
		return fmt.Errorf("names the file %q, which cannot be read", text)
	case !info.Mode().IsRegular():
		return fmt.Errorf("names %q, which is not a regular file", text)
	}
	opened, err := os.Open(text)
	if err != nil {
		return fmt.Errorf("names the file %q, which this user may not read", text)
	}
	_ = opened.Close()
	*f = file(text)
	return nil
}

// A span is a length of time between one second and ten minutes.
type span time.Duration

// Decode implements envconfig.Decoder.
func (s *span) Decode(text string) error {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	switch {
	case err != nil:
		return fmt.Errorf("is %q, which is not a length of time such as 20s or 1m30s", text)
	case d < time.Second || d > 10*time.Minute:
		return fmt.Errorf("is %q, which is not between 1s and 10m", text)
	}
	*s = span(d)
	return nil
}

// A count is a whole number from 1 to 1000.
type count int

// Decode implements envconfig.Decoder.
func (c *count) Decode(text string) error {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 || n > 1000 {
		return fmt.Errorf("is %q, which is not a whole number from 1 to 1000", text)
	}
	*c = count(n)
	return nil
}

// A baseURL is an HTTP address that paths are appended to; it ends in a slash.
type baseURL string

// Decode implements envconfig.Decoder.
func (b *baseURL) Decode(text string) error {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	if err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("is not an address such as https://slack.com/api/")
	}
	if u.User != nil {
		return errors.New("holds a user name or a password, which does not belong there")
	}
	*b = baseURL(strings.TrimSuffix(text, "/") + "/")
	return nil
}

// A slashCommand is a slash command's name, with the slash ("Implementing slash
// commands", https://docs.slack.dev/interactivity/implementing-slash-commands).
type slashCommand string

var commandName = regexp.MustCompile(`^/[^\s/A-Z]{1,31}$`)

// Decode implements envconfig.Decoder.
func (c *slashCommand) Decode(text string) error {
	text = strings.TrimSpace(text)
	if !commandName.MatchString(text) {
		return fmt.Errorf("is %q, which is not a slash command such as /acm", text)
	}
	*c = slashCommand(text)
	return nil
}

// A listenAddress is an address to listen on, as host:port; the host may be
// left out.
type listenAddress string

// Decode implements envconfig.Decoder.
func (a *listenAddress) Decode(text string) error {
	text = strings.TrimSpace(text)
	_, port, err := net.SplitHostPort(text)
	if _, badPort := strconv.ParseUint(port, 10, 16); err != nil || badPort != nil {
		return fmt.Errorf("is %q, which is not an address to listen on such as :8081", text)
	}
	*a = listenAddress(text)
	return nil
}

// A logLevel is the least severity that is logged.
type logLevel slog.Level

// Decode implements envconfig.Decoder.
func (l *logLevel) Decode(text string) error {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	level, ok := levels[strings.ToLower(strings.TrimSpace(text))]
	if !ok {
		return fmt.Errorf("is %q, which is none of debug, info, warn and error", text)
	}
	*l = logLevel(level)
	return nil
}

// A logFormat is how log lines are written.
type logFormat string

// Decode implements envconfig.Decoder.
func (f *logFormat) Decode(text string) error {
	format := logFormat(strings.ToLower(strings.TrimSpace(text)))
	if format != "text" && format != "json" {
		return fmt.Errorf("is %q, which is neither text nor json", text)
	}
	*f = format
	return nil
}

// A channelID is a Slack channel's id.
type channelID string

// Decode implements envconfig.Decoder.
func (c *channelID) Decode(text string) error {
	text = strings.TrimSpace(text)
	if !digest.ChannelID.MatchString(text) {
		return fmt.Errorf("is %q, which is not a channel's id such as C0123456789", text)
	}
	*c = channelID(text)
	return nil
}

// A timeOfDay is a time of day, such as 09:00.
type timeOfDay digest.Clock

// Decode implements envconfig.Decoder.
func (t *timeOfDay) Decode(text string) error {
	at, err := digest.ParseClock(text)
	if err != nil {
		return fmt.Errorf("is %q, which is not a time of day such as 09:00", text)
	}
	*t = timeOfDay(at)
	return nil
}

// A timeZone is the name of a time zone in the IANA database.
type timeZone string

// Decode implements envconfig.Decoder.
func (z *timeZone) Decode(text string) error {
	text = strings.TrimSpace(text)
	if _, err := time.LoadLocation(text); err != nil || text == "" || text == "Local" {
		return fmt.Errorf("is %q, which is not a time zone such as Europe/Berlin", text)
	}
	*z = timeZone(text)
	return nil
}

// A quietDay is what is posted when there is nothing to tell.
type quietDay digest.Quiet

// Decode implements envconfig.Decoder.
func (q *quietDay) Decode(text string) error {
	quiet := digest.Quiet(strings.ToLower(strings.TrimSpace(text)))
	if quiet != digest.QuietLine && quiet != digest.QuietNothing {
		return fmt.Errorf("is %q, which is neither line nor nothing", text)
	}
	*q = quietDay(quiet)
	return nil
}

// A digestRoute sends certificates to a channel.
type digestRoute digest.Route

// Decode implements envconfig.Decoder.
func (r *digestRoute) Decode(text string) error {
	route, err := digest.ParseRoute(strings.TrimSpace(text))
	if err != nil {
		return fmt.Errorf("has a route that cannot be read: %w", err)
	}
	*r = digestRoute(route)
	return nil
}
