package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
)

const runSynopsis = `usage: acmbot run

Answers in Slack until it is told to stop (SIGINT or SIGTERM). It is set up by
environment variables:

`

func runRun(ctx context.Context, c *console, args []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	others, err := c.parseFlags(flags, args, runSynopsis)
	if errors.Is(err, flag.ErrHelp) {
		printSettings(c.stdout, allSettings())
	}
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return usageErrorf("run takes no arguments; its settings are environment variables, and acmbot run --help lists them")
	}
	var slack slackSettings
	var look lookSettings
	var log logSettings
	if err := load(&slack, &look, &log); err != nil {
		return &exitError{exitUsage, err}
	}
	_, err = newDoctor(ctx, look)
	return fmt.Errorf("not wired yet: %w", err)
}
