package workspace

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a workspace that ends with the test.
func start(t *testing.T, opts Options) *Workspace {
	t.Helper()
	w, err := Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// limit is a context that ends well before the test's own deadline.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// An app is a bot on slack-go's own clients.
type app struct {
	*slack.Client
	socket *socketmode.Client
}

// client returns a Web API client with the bot's and the app's tokens.
func client(t *testing.T, w *Workspace, options ...slack.Option) *slack.Client {
	t.Helper()
	return slack.New(w.BotToken(), append([]slack.Option{
		slack.OptionAppLevelToken(w.AppToken()), slack.OptionAPIURL(w.APIURL()),
	}, options...)...)
}

// run connects a bot and has every envelope handled by handle, until the test
// ends.
func run(t *testing.T, w *Workspace, handle func(a *app, e socketmode.Event), options ...socketmode.Option) *app {
	t.Helper()
	a := &app{Client: client(t, w)}
	a.socket = socketmode.New(a.Client, options...)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.socket.RunContext(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("the socket client stopped: %v", err)
		}
	})
	wg.Go(func() {
		for {
			select {
			case e := <-a.socket.Events:
				switch e.Type {
				case socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI:
					handle(a, e)
				case socketmode.EventTypeErrorBadMessage:
					t.Errorf("slack-go could not read a message: %v", e.Data)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	if err := w.Wait(limit(t), func() bool { return w.Sockets() > 0 }); err != nil {
		t.Fatal(err)
	}
	return a
}

// ack acknowledges everything and does nothing else.
func ack(a *app, e socketmode.Event) { _ = a.socket.Ack(*e.Request) }
