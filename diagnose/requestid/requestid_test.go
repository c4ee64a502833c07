package requestid_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/acmbot/acmbot/diagnose/requestid"
)

func TestLogger(t *testing.T) {
	ctx := requestid.With(t.Context(), "abc")
	if requestid.Of(ctx) != "abc" || requestid.Of(t.Context()) != "" || requestid.Of(requestid.With(ctx, "")) != "abc" {
		t.Error("the id does not come back")
	}
	for _, tc := range []struct {
		name string
		log  func(*slog.Logger)
		want int // how often the id is there
	}{
		{"with its context", func(l *slog.Logger) { l.InfoContext(ctx, "x") }, 1},
		{"without", func(l *slog.Logger) { l.Info("x") }, 0},
		{"of another context", func(l *slog.Logger) { l.InfoContext(context.Background(), "x") }, 0},
		{"in the line already", func(l *slog.Logger) { l.InfoContext(ctx, "x", "request", "abc") }, 1},
		{"in the logger already", func(l *slog.Logger) { l.With("request", "abc").InfoContext(ctx, "x") }, 1},
		{"beside others", func(l *slog.Logger) { l.With("kind", "y").InfoContext(ctx, "x", "z", 1) }, 1},
		{"wrapped twice", func(l *slog.Logger) { requestid.Logger(l).InfoContext(ctx, "x") }, 1},
		{"below the level", func(l *slog.Logger) { l.DebugContext(ctx, "x") }, 0},
	} {
		var b strings.Builder
		tc.log(requestid.Logger(slog.New(slog.NewTextHandler(&b, nil))))
		if got := strings.Count(b.String(), "request=abc"); got != tc.want {
			t.Errorf("%s: %d times, want %d: %s", tc.name, got, tc.want, b.String())
		}
	}
}
