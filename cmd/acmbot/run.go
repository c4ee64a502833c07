package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"time"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/requestid"
)

const runSynopsis = `usage: acmbot run

Answers in Slack until it is told to stop (SIGINT or SIGTERM). It is set up by
environment variables:

`

func runRun(ctx context.Context, c *console, args []string) error {
	outliveReaders()
	heedMemoryLimit()
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	others, err := c.parseFlags(flags, args, runSynopsis)
	if errors.Is(err, flag.ErrHelp) {
		printSettings(c.stdout, allSettings())
	}
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return usageErrorf("run takes no arguments; its settings are environment variables, and acmbot help run lists them")
	}
	var slack slackSettings
	var keep stateSettings
	var who accessSettings
	var fixing fixSettings
	var look lookSettings
	var digests digestSettings
	var alerts alertSettings
	var hear eventSettings
	var admins adminSettings
	var logging logSettings
	var rotation rotationSettings
	var traces tracingSettings
	err = load(&rotation, &traces, &slack, &keep, &who, &fixing, &look, &digests, &alerts, &hear, &admins, &logging)
	log := logging.logger(c.stderr)
	logOutdated(log)
	secretErr := readSecrets(ctx, log, &slack, &look, &traces)
	where, lookErr := look.look(ctx, log)
	if err := errors.Join(err, secretErr, who.check(), fixing.check(), hear.check(), traces.check(), lookErr); err != nil {
		return &exitError{exitUsage, err}
	}

	measured := newMetrics()
	plain := where // for checks, whose calls may be refused without any harm
	where = measured.meter(where)
	traced, err := traces.start(ctx, log)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if traced != nil {
		defer traced.close()
		where = traced.tracer.watch(where)
	}
	where.shared = inventory.New(where.inventory)
	doctor, estate := where.observers()
	defer estate.Close()
	options := slack.bot(meteredDoctor{doctor, measured}, time.Duration(look.Timeout), log)
	options.Estate, options.Digest, options.Alert = meteredEstate{estate, measured}, digests.options(), alerts.options()
	queue, err := hear.source(where, estate, log)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if queue != nil {
		options.Events = queue
		measured.watchEvents(queue.Health)
	}
	options.Store, err = keep.openStore(ctx, where.inventory.Config, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := options.Store.Close(); err != nil {
			log.Error("what is kept could not be closed", "error", err)
		}
	}()
	options.Store = measured.keep(options.Store)
	options.Access = who.options()
	options.Fix = fixing.options(where, log)
	options.Admins = admins.ids()
	options.Checks = checks{where: plain, estate: options.Estate, kinds: options.Fix.Kinds, host: webHost, keep: &keep, open: options.Store, queue: queue}.tasks
	options.Observer = measured
	if traced != nil {
		options.Tracer = traced.tracer
	}
	rotation.follow(&options, slack, where.inventory.Config, measured)
	b, err := bot.New(options)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if slack.Health != "" {
		measured.watch(b.Health)
		health, err := serveHealth(string(slack.Health), b.Health, measured.handler())
		if err != nil {
			return &exitError{exitUsage, err}
		}
		defer health.close()
	}
	log.Info("starting", "version", describeVersion(), "regions", where.inventory.Regions, "roles", len(where.inventory.RoleARNs))
	if err := b.Run(ctx); err != nil {
		if refusal, ok := errors.AsType[*bot.Refusal](err); ok {
			return &exitError{exitUsage, refusal}
		}
		return err
	}
	log.Info("stopped")
	return nil
}

// bot are the options of a bot with these settings.
func (s slackSettings) bot(doctor diagnose.Diagnostician, timeout time.Duration, log *slog.Logger) bot.Options {
	return bot.Options{
		BotToken:      s.BotToken.reveal(),
		AppToken:      s.AppToken.reveal(),
		APIURL:        string(s.APIURL),
		Diagnostician: doctor,
		Command:       string(s.Command),
		Version:       describeVersion(),
		Logger:        log,
		Workers:       int(s.Workers),
		QueueLen:      int(s.Queue),
		PerUser:       int(s.PerUser),
		// The doctor ends by itself, with what it has; this is for one that
		// does not.
		AnswerTimeout: timeout + 10*time.Second,
	}
}

// logger writes log lines as the settings say.
func (s logSettings) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.Level(s.Level)}
	var handler slog.Handler = slog.NewTextHandler(w, options)
	if s.Format == "json" {
		handler = slog.NewJSONHandler(w, options)
	}
	return requestid.Logger(slog.New(handler))
}
