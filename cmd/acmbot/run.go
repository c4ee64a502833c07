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
	var s runSettings
	where, log, err := s.read(ctx, c.stderr)
	if err != nil {
		return &exitError{startStatus(err), err}
	}
	return s.serve(ctx, where, log)
}

// runSettings are all settings of `acmbot run`.
type runSettings struct {
	slack    slackSettings
	health   healthSettings
	rotation rotationSettings
	keep     stateSettings
	who      accessSettings
	fixing   fixSettings
	look     lookSettings
	digests  digestSettings
	alerts   alertSettings
	hear     eventSettings
	admins   adminSettings
	logging  logSettings
	traces   tracingSettings
}

// read reads the settings, and what they refer to. It returns where the bot is
// to look, and its log; its error joins all that is wrong.
func (s *runSettings) read(ctx context.Context, stderr io.Writer) (sight, *slog.Logger, error) {
	err := load(&s.slack, &s.health, &s.rotation, &s.keep, &s.who, &s.fixing, &s.look, &s.digests, &s.alerts, &s.hear, &s.admins, &s.logging, &s.traces)
	log := s.logging.logger(stderr)
	logOutdated(log)
	secretErr := readSecrets(ctx, log, &s.slack, &s.look, &s.traces)
	where, lookErr := s.look.look(ctx, log)
	return where, log, errors.Join(err, secretErr, s.who.check(), s.fixing.check(), s.hear.check(), s.traces.check(), lookErr)
}

// serve puts the bot together and runs it until ctx ends.
func (s *runSettings) serve(ctx context.Context, where sight, log *slog.Logger) error {
	measured := newMetrics()
	plain := where // for checks, whose calls may be refused without any harm
	where = measured.meter(where)
	traced, err := s.traces.start(ctx, log)
	if err != nil {
		return &exitError{exitSettings, err}
	}
	if traced != nil {
		defer traced.close()
		where = traced.tracer.watch(where)
	}
	where.shared = inventory.New(where.inventory)
	doctor, estate := where.observers()
	defer estate.Close()
	options := s.slack.bot(meteredDoctor{doctor, measured}, time.Duration(s.look.Timeout), log)
	options.Estate, options.Digest, options.Alert = meteredEstate{estate, measured}, s.digests.options(), s.alerts.options()
	queue, err := s.hear.source(where, estate, log)
	if err != nil {
		return &exitError{exitSettings, err}
	}
	if queue != nil {
		options.Events = queue
	}
	if options.Alert.On {
		measured.expectScans(options.Alert.Every)
		if queue != nil {
			measured.watchEvents(queue.Health)
		}
	} else {
		queue = nil // the bot leaves it alone, so that it is deaf there is no trouble
	}
	options.Store, err = s.keep.openStore(ctx, where.inventory.Config, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := options.Store.Close(); err != nil {
			log.Error("what is kept could not be closed", "error", err)
		}
	}()
	options.Store = measured.keep(options.Store)
	options.Access = s.who.options()
	options.Fix = s.fixing.options(where, log)
	options.Admins = texts(s.admins.Admins)
	options.Checks = checks{where: plain, estate: options.Estate, kinds: options.Fix.Kinds, host: webHost, keep: &s.keep, open: options.Store, queue: queue}.tasks
	options.Observer = measured
	if traced != nil {
		options.Tracer = traced.tracer
	}
	s.rotation.follow(&options, s.slack, where.inventory.Config, measured)
	b, err := bot.New(options)
	if err != nil {
		return &exitError{exitSettings, err}
	}
	if s.health.Listen != "" {
		measured.watch(b.Health)
		health, err := serveHealth(string(s.health.Listen), b.Health, measured.handler())
		if err != nil {
			return &exitError{startStatus(err), err}
		}
		defer health.close()
	}
	log.Info("starting", "version", describeVersion(), "regions", where.inventory.Regions, "roles", len(where.inventory.RoleARNs))
	if err := b.Run(ctx); err != nil {
		if refusal, ok := errors.AsType[*bot.Refusal](err); ok {
			return &exitError{exitSettings, refusal}
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
