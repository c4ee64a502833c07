// Package requestid carries the id of what somebody asked for along with the
// context of the work on it, into every line that is logged with that context:
// from what people see in Slack to the calls to AWS.
package requestid

import (
	"context"
	"log/slog"
	"slices"
)

// Key is the attribute of log lines that holds the id.
const Key = "request"

type key struct{}

// With returns a context like ctx for the work on a request.
func With(ctx context.Context, id string) context.Context {
	if id == "" {
		return ctx
	}
	return context.WithValue(ctx, key{}, id)
}

// Of returns the id of the request that a context is of, empty where there is
// none.
func Of(ctx context.Context) string {
	id, _ := ctx.Value(key{}).(string)
	return id
}

// Logger returns a logger like l that adds the id of the request to what is
// logged with its context, unless the line has one already.
func Logger(l *slog.Logger) *slog.Logger {
	if _, is := l.Handler().(handler); is {
		return l
	}
	return slog.New(handler{Handler: l.Handler()})
}

type handler struct {
	slog.Handler
	has bool // the id is among the attributes already
}

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	id := Of(ctx)
	if id == "" || h.has {
		return h.Handler.Handle(ctx, r)
	}
	has := false
	r.Attrs(func(a slog.Attr) bool {
		has = a.Key == Key
		return !has
	})
	if !has {
		r = r.Clone()
		r.AddAttrs(slog.String(Key, id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.has || slices.ContainsFunc(attrs, func(a slog.Attr) bool { return a.Key == Key })}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.has}
}
