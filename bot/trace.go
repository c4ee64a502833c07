package bot

import (
	"context"
	"log/slog"

	"github.com/acmbot/acmbot/diagnose/requestid"
)

// A Tracer follows what the bot does, step by step, for distributed tracing. Its
// methods are called from any goroutine and must not wait. They get no message,
// no name and nothing else that somebody wrote.
type Tracer interface {
	// Begin begins to follow something that stands for itself, such as a
	// request. The context goes to all that is done for it; the function that is
	// returned ends it, with why it failed, or nil.
	Begin(ctx context.Context, name string, attributes ...slog.Attr) (context.Context, func(error))
	// Step begins a step of what the context belongs to, if it belongs to
	// anything that is followed.
	Step(ctx context.Context, name string, attributes ...slog.Attr) (context.Context, func(error))
}

// untraced is the tracer where none is set.
type untraced struct{}

func noEnd(error) {}

func (untraced) Begin(ctx context.Context, _ string, _ ...slog.Attr) (context.Context, func(error)) {
	return ctx, noEnd
}

func (untraced) Step(ctx context.Context, _ string, _ ...slog.Attr) (context.Context, func(error)) {
	return ctx, noEnd
}

// A lentContext lives as long as its Context, and belongs to what another
// context belongs to: work that several wait for outlives the first of them.
type lentContext struct {
	context.Context
	from context.Context
}

// Value implements context.Context.
func (c lentContext) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.from.Value(key)
}

// begin begins to follow a request.
func (b *Bot) begin(req *request) {
	if req.end == nil {
		req.traced, req.end = b.opts.Tracer.Begin(requestid.With(b.hard, req.id), "request",
			slog.String("request_id", req.id), slog.String("request_kind", req.kind), slog.Bool("request_resumed", req.resumed))
	}
}

// SlackCode is Slack's error code in an error, such as "channel_not_found", ""
// where there is none.
func SlackCode(err error) string { return slackCode(err) }
