package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/requestid"
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
	trouble := flags.Duration("trouble-after", 20*time.Second, "after how `long` a certificate of the demo's world gets into trouble, for an alert; 0 for never")
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
		log = requestid.Logger(slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}

	scene, err := startWorld(ctx, *scenario, world.Options{RetryAfter: 5 * time.Second, Logger: log})
	if err != nil {
		return err
	}
	defer scene.Close()
	suggested := questions(*scenario, scene.World())
	slack, err := workspace.Start(workspace.Options{
		Addr: *listen, Manifest: manifest(), Suggestions: suggested, Log: log,
	})
	if err != nil {
		return listenError(*listen, err)
	}
	defer func() { _ = slack.Close() }()
	where := sightOf(scene)
	where.inventory.Logger = log
	logCalls(&where.inventory.Config, log)
	where.shared = inventory.New(where.inventory)
	fixing, err := demoFixes(slack, where, log)
	if err != nil {
		return err
	}
	doctor, estate := where.observers()
	defer estate.Close()
	hear, err := demoEvents(scene, where, estate, log)
	if err != nil {
		return err
	}
	store := memory.New(time.Now)
	if err := demoSubscription(ctx, store); err != nil {
		return err
	}
	b, err := bot.New(bot.Options{
		BotToken: slack.BotToken(), AppToken: slack.AppToken(), APIURL: slack.APIURL(),
		Diagnostician: doctor, Estate: estate, Access: demoAccess(slack), Fix: fixing, Version: describeVersion(), Logger: log,
		Checks: checks{where: where, estate: estate, kinds: fixing.Kinds, host: webHostOf(scene.World()), queue: hear}.tasks,
		Store:  store, Events: hear, Alert: demoAlerts, FollowEvery: time.Second,
		Stagger: 100 * time.Millisecond, Grace: 2 * time.Second,
	})
	if err != nil {
		return err
	}

	story := ""
	if *scenario == demoWorld && *trouble > 0 {
		story = fmt.Sprintf("In %s somebody tidies away a record of %s, and #ops-certificates is\nalerted. Fix it from there, and see how the alert ends.\n\n", trouble, demoTrouble)
		telling, stop := context.WithCancel(ctx)
		told := make(chan struct{})
		go func() {
			defer close(told)
			tellStory(telling, scene, *trouble, log)
		}()
		defer func() { stop(); <-told }()
	}
	greet(c.stdout, slack.URL(), suggested, scene.AWSEnv(), story)
	if err := b.Run(ctx); err != nil {
		return err
	}
	fmt.Fprintln(c.stdout, "stopped")
	return nil
}

// greet says where the demo is, what it is, what to try, and what is about to
// happen.
func greet(w io.Writer, url string, suggested []string, env map[string]string, story string) {
	fmt.Fprintf(w, `acmbot's demo is at %s

It is a Slack workspace with acmbot in it, and a world whose certificates have
trouble. Everything runs on this machine; nothing is sent anywhere.

Ask in any channel, for example:

`, url)
	for _, q := range suggested {
		fmt.Fprintf(w, "  %s\n", q)
	}
	fmt.Fprint(w, `
The commands in its answers work, too, once the AWS CLI is pointed at this
world; a renewal follows its repair within seconds:

`)
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"} {
		fmt.Fprintf(w, "  export %s=%s\n", name, env[name])
	}
	fmt.Fprint(w, "\n"+story+"Stop it with Ctrl-C.\n")
}

// demoQuestions have answers of three kinds: a record that is gone, one that a
// proxy hides, and a zone that has moved away from under its records.
var demoQuestions = []string{"shop.example.com", "assets.example.net", "garden.example"}

// questions are up to three names that a world has something to say about.
func questions(scenario string, w *world.World) []string {
	names := demoQuestions
	if scenario != demoWorld {
		names = nil
		for _, e := range w.Expectations() {
			names = append(names, e.Ask)
		}
		for _, cert := range w.Certificates {
			names = append(names, cert.Name)
		}
	}
	var list []string
	for _, name := range names {
		question := bot.Command + " why " + name
		if len(list) < len(demoQuestions) && name != "" && !slices.Contains(list, question) {
			list = append(list, question)
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
