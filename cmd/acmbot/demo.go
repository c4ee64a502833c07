package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/world"
)

const demoSynopsis = `usage: acmbot demo [flags]

Runs the bot against an embedded world (AWS, DNS, web servers) and an embedded
Slack workspace, which is a page in the browser. Everything stays on this
machine and is forgotten at the end.

`

func runDemo(ctx context.Context, c *console, args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8080", "the `address` of the page; it must be one of this machine's own")
	scenario := flags.String("world", demoWorld, "the world: a scenario `file`, or \"demo\"")
	verbose := flags.Bool("verbose", false, "log what the bot and the workspace do, to standard error")
	others, err := c.parseFlags(flags, args, demoSynopsis)
	switch {
	case err != nil:
		return err
	case len(others) > 0:
		return usageErrorf("demo takes no arguments besides flags; open the page to ask")
	case !loopbackOnly(*listen):
		return usageErrorf("--listen %s is refused: the page has no passwords, so the demo is for this machine only; use 127.0.0.1 and a port, such as 127.0.0.1:8080", *listen)
	}
	log := slog.New(slog.DiscardHandler)
	if *verbose {
		log = slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}

	scene, err := startWorld(ctx, *scenario, world.Options{RetryAfter: 5 * time.Second, Logger: log})
	if err != nil {
		return err
	}
	defer scene.Close()
	questions := suggestions(scene.World())
	slack, err := workspace.Start(workspace.Options{
		Addr: *listen, Manifest: bot.Manifest(), Suggestions: questions, Log: log,
	})
	if err != nil {
		return listenError(*listen, err)
	}
	defer slack.Close()
	b, err := bot.New(bot.Options{
		BotToken: slack.BotToken(), AppToken: slack.AppToken(), APIURL: slack.APIURL(),
		Diagnostician: sightOf(scene).doctor(), Version: describeVersion(), Logger: log,
		Stagger: 100 * time.Millisecond, Grace: 2 * time.Second,
	})
	if err != nil {
		return err
	}

	fmt.Fprintf(c.stdout, "acmbot's demo is at %s\n\n", slack.URL())
	fmt.Fprintf(c.stdout, "It is a Slack workspace with acmbot in it, and a world whose certificates have\ntrouble. Everything runs on this machine; nothing is sent anywhere.\n\nType in any channel, for example:\n\n")
	for _, q := range questions {
		fmt.Fprintf(c.stdout, "  %s\n", q)
	}
	fmt.Fprintf(c.stdout, "\nStop it with Ctrl-C.\n")
	if err := b.Run(ctx); err != nil {
		return err
	}
	fmt.Fprintln(c.stdout, "stopped")
	return nil
}

// suggestions are three questions that the world has an answer to.
func suggestions(w *world.World) []string {
	const three = 3
	var list []string
	for _, e := range w.Expectations() {
		if len(list) < three {
			list = append(list, bot.Command+" why "+e.Ask)
		}
	}
	for _, cert := range w.Certificates {
		if len(list) < three && len(w.Expectations()) == 0 {
			list = append(list, bot.Command+" why "+cert.Name)
		}
	}
	return list
}

// listenError says why the page's address cannot be used, with the way out.
func listenError(address string, err error) error {
	host, port, splitErr := net.SplitHostPort(address)
	n, numberErr := strconv.Atoi(port)
	if errors.Is(err, syscall.EADDRINUSE) && splitErr == nil && numberErr == nil {
		return fmt.Errorf("another program has port %s; try: acmbot demo --listen %s", port, net.JoinHostPort(host, strconv.Itoa(n+1)))
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("cannot listen on %s: %s", address, listenTrouble(err))
	}
	return err
}
