package main

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"github.com/acmbot/acmbot/diagnose/requestid"
)

// logger writes log lines as the settings say.
func (s logSettings) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: min(slog.Level(s.Level), slog.LevelInfo)}
	var handler slog.Handler = slog.NewTextHandler(w, options)
	if s.Format == "json" {
		handler = slog.NewJSONHandler(w, options)
	}
	return requestid.Logger(slog.New(severeHandler{handler, slog.Level(s.Level)}))
}

// neededLines are the lines that are logged whatever the least severity is: who
// changed what, which may be written nowhere else, and what the alarm on a missed
// digest counts.
var neededLines = []string{"audit", "posted a digest"}

// A severeHandler leaves out lines of less than a severity but the neededLines.
// The handler below takes those of slog.LevelInfo at least.
type severeHandler struct {
	slog.Handler
	least slog.Level
}

// Handle implements slog.Handler.
func (h severeHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < h.least && !slices.Contains(neededLines, r.Message) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h severeHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return severeHandler{h.Handler.WithAttrs(attrs), h.least}
}

// WithGroup implements slog.Handler.
func (h severeHandler) WithGroup(name string) slog.Handler {
	return severeHandler{h.Handler.WithGroup(name), h.least}
}
