package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/acmbot/acmbot/bot/view"
)

// api is what the bot calls at Slack.
type api struct {
	client *slack.Client
	gate   *gate
	once   *slack.Client // see newOnceClient
	http   *http.Client  // for response URLs
	url    string        // where the Web API is
	tracer Tracer
	log    *slog.Logger
}

const mostRetries = 3

func newAPI(opts Options) api {
	retry := slack.DefaultRetryConfig()
	retry.MaxRetries = mostRetries
	retry.RetryAfterDuration = 5 * time.Second // where a 429 does not say how long
	retry.Handlers = append(slack.AllBuiltinRetryHandlers(retry), slack.NewServerErrorRetryHandler(retry))
	a := api{
		client: slack.New(tokenInUse,
			slack.OptionAPIURL(opts.APIURL),
			slack.OptionHTTPClient(withTokens(opts.HTTPClient, opts.APIURL, opts.tokens.bot)),
			slack.OptionRetryConfig(retry),
			slack.OptionLog(quiet{}),
			slack.OptionOnWarning(func(path string, _ any, w *slack.Warning) {
				opts.Logger.Warn("Slack warns", "method", path, "warnings", strings.Join(append(w.Codes, w.Warnings...), "; "))
			})),
		once:   newOnceClient(opts),
		http:   hookClient(opts.HTTPClient),
		url:    opts.APIURL,
		tracer: opts.Tracer,
		log:    opts.Logger,
	}
	a.gate = newGate(opts, a.client)
	return a
}

func messageOptions(m view.Message, thread string) []slack.MsgOption {
	opts := []slack.MsgOption{
		slack.MsgOptionText(m.Text, false),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
	if len(m.Blocks) > 0 {
		opts = append(opts, slack.MsgOptionBlocks(m.Blocks...))
	}
	if thread != "" {
		opts = append(opts, slack.MsgOptionTS(thread))
	}
	return opts
}

// refusesBlocks reports whether Slack took offence at the blocks, so that the
// text alone may still get through.
func refusesBlocks(err error) bool {
	switch slackCode(err) {
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "block_mismatch", "invalid_attachments":
		return true
	}
	return false
}

// plainly does with a message what try does, and again without its charts, and
// then with its text alone, where Slack refuses the blocks.
func (a api) plainly(m view.Message, try func(view.Message) error) error {
	err := try(m)
	if err == nil || !refusesBlocks(err) || len(m.Blocks) == 0 {
		return err
	}
	if plainer, charts := m.WithoutCharts(); charts {
		a.log.Warn("Slack refuses the blocks; drawing the charts in text", "error", slackCode(err), "details", strings.Join(slackDetails(err), "; "))
		if err = try(plainer); err == nil || !refusesBlocks(err) {
			return err
		}
	}
	a.log.Error("Slack refuses the blocks; sending the text alone", "error", slackCode(err), "details", strings.Join(slackDetails(err), "; "))
	return try(m.TextOnly())
}

// post posts a message and returns its channel and timestamp. Channel may be a
// user's id, for a direct message.
func (a api) post(ctx context.Context, channel, thread string, m view.Message) (postedIn, ts string, err error) {
	if m, err = a.prepare(ctx, audience{channel: channel, all: true}, m); err != nil {
		return "", "", err
	}
	return a.postPrepared(ctx, channel, thread, m)
}

func (a api) postPrepared(ctx context.Context, channel, thread string, m view.Message) (postedIn, ts string, err error) {
	err = a.plainly(m, func(m view.Message) error {
		var err error
		postedIn, ts, err = a.client.PostMessageContext(ctx, channel, messageOptions(m, thread)...)
		return err
	})
	return postedIn, ts, err
}

func (a api) update(ctx context.Context, channel, ts string, m view.Message) error {
	return a.updateBy(ctx, a.client, channel, ts, m)
}

// updateBy is update with a client that calls again as it does.
func (a api) updateBy(ctx context.Context, client *slack.Client, channel, ts string, m view.Message) error {
	m, err := a.prepare(ctx, audience{channel: channel, all: true}, m)
	if err != nil {
		return err
	}
	return a.plainly(m, func(m view.Message) error {
		opts := messageOptions(m, "")
		if len(m.Blocks) == 0 {
			opts = append(opts, slack.MsgOptionBlocks([]slack.Block{}...)) // else the old blocks would stay
		}
		_, _, _, err := client.UpdateMessageContext(ctx, channel, ts, opts...)
		return err
	})
}

func (a api) ephemeral(ctx context.Context, channel, user, thread string, m view.Message) error {
	m, err := a.prepare(ctx, audience{channel: channel, user: user}, m)
	if err != nil {
		return err
	}
	return a.whisper(ctx, channel, user, thread, m)
}

// whisper is ephemeral for what says nothing of any certificate.
func (a api) whisper(ctx context.Context, channel, user, thread string, m view.Message) error {
	return a.plainly(m, func(m view.Message) error {
		_, err := a.client.PostEphemeralContext(ctx, channel, user, messageOptions(m, thread)...)
		return err
	})
}

// whisperDirect posts a direct message that says nothing of any certificate.
func (a api) whisperDirect(ctx context.Context, user, thread string, m view.Message) error {
	_, _, err := a.postPrepared(ctx, user, thread, m)
	return err
}

// A hookMessage is what a response URL takes ("Handling user interaction",
// https://docs.slack.dev/interactivity/handling-user-interaction).
type hookMessage struct {
	ResponseType    string        `json:"response_type,omitempty"`
	ReplaceOriginal bool          `json:"replace_original"`
	ThreadTS        string        `json:"thread_ts,omitempty"`
	Text            string        `json:"text"`
	Blocks          []slack.Block `json:"blocks,omitempty"`
	UnfurlLinks     bool          `json:"unfurl_links"`
	UnfurlMedia     bool          `json:"unfurl_media"`
	// where the response URL leads.
	user, channel string
}

// A hookError is a response URL's refusal, such as after its 30 minutes or its
// five messages.
type hookError struct {
	Status int
	Code   string // such as expired_url or used_url; empty where it does not say
}

func (e *hookError) Error() string {
	return fmt.Sprintf("the response URL answers with the HTTP status %d and %q", e.Status, e.Code)
}

// respond posts to a response URL.
func (a api) respond(ctx context.Context, url string, h hookMessage) error {
	to := audience{channel: h.channel, user: h.user, all: h.ResponseType == slack.ResponseTypeInChannel}
	m, err := a.prepare(ctx, to, view.Message{Text: h.Text, Blocks: h.Blocks})
	if err != nil {
		return err
	}
	h.Text, h.Blocks = m.Text, m.Blocks
	return a.whisperHook(ctx, url, h)
}

// whisperHook is respond for what says nothing of any certificate.
func (a api) whisperHook(ctx context.Context, url string, h hookMessage) error {
	return a.plainly(view.Message{Text: h.Text, Blocks: h.Blocks}, func(m view.Message) error {
		h.Text, h.Blocks = m.Text, m.Blocks
		body, err := json.Marshal(h)
		if err != nil {
			return fmt.Errorf("encoding a message: %w", err)
		}
		return a.send(ctx, url, body)
	})
}

// send posts a body to a response URL, again where Slack is busy or the network
// fails. Any success counts, whatever its body is, unless the body is JSON that
// says otherwise.
func (a api) send(ctx context.Context, url string, body []byte) error {
	wait := 200 * time.Millisecond
	for attempt := 0; ; attempt++ {
		retryAfter, err := a.sendOnce(ctx, url, body)
		if err == nil || attempt == mostRetries || !transient(err) {
			return err
		}
		if retryAfter == 0 {
			retryAfter, wait = wait, 4*wait
		}
		if err := pause(ctx, retryAfter); err != nil {
			return err
		}
	}
}

func (a api) sendOnce(ctx context.Context, url string, body []byte) (retryAfter time.Duration, err error) {
	if !ownHook(url, a.url) {
		return 0, errForeignHook
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("making a request to the response URL: it is not a URL")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	_, end := a.tracer.Step(ctx, "slack response URL")
	resp, err := a.http.Do(req)
	end(err)
	if err != nil {
		return 0, fmt.Errorf("posting to the response URL: %w", withoutURL(err))
	}
	defer func() { _ = resp.Body.Close() }()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return 0, fmt.Errorf("reading the response URL's answer: %w", err)
	}
	var says struct {
		OK       *bool    `json:"ok"`
		Error    string   `json:"error"`
		Metadata metadata `json:"response_metadata"`
	}
	isJSON := json.Unmarshal(reply, &says) == nil
	if resp.StatusCode < 300 && (!isJSON || says.OK == nil || *says.OK) {
		return 0, nil
	}
	code := says.Error
	if !isJSON {
		code = firstWord(string(reply))
	}
	if refusesBlocks(slack.SlackErrorResponse{Err: code}) {
		return 0, slack.SlackErrorResponse{Err: code, ResponseMetadata: slack.ResponseMetadata{Messages: says.Metadata.Messages}}
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		seconds, err := strconv.Atoi(strings.TrimSpace(resp.Header.Get("Retry-After")))
		if err != nil || seconds < 1 {
			seconds = 1
		}
		retryAfter = time.Duration(seconds) * time.Second
	}
	return retryAfter, &hookError{Status: resp.StatusCode, Code: code}
}

type metadata struct {
	Messages []string `json:"messages"`
}

// firstWord is an error code in plain text, "" where it does not look like one.
func firstWord(s string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if len(word) > 60 || strings.ContainsAny(word, " <>{}") {
		return ""
	}
	return word
}

// transient reports whether trying again may help.
func transient(err error) bool {
	if hook, ok := errors.AsType[*hookError](err); ok {
		return hook.Status == http.StatusTooManyRequests || hook.Status >= 500
	}
	var slackErr slack.SlackErrorResponse
	return !errors.As(err, &slackErr) && !errors.Is(err, errForeignHook) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// withoutURL takes the URL out of an HTTP client's error: a response URL is a
// secret.
func withoutURL(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// slackCode is Slack's error code in an error, "" where there is none.
func slackCode(err error) string {
	if slackErr, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return slackErr.Err
	}
	if hook, ok := errors.AsType[*hookError](err); ok {
		return hook.Code
	}
	return ""
}

func slackDetails(err error) []string {
	if slackErr, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return slackErr.ResponseMetadata.Messages
	}
	return nil
}
