// Command acmbot tells why an AWS Certificate Manager certificate does not
// renew, and what to do about it: as a Slack bot, or at the command line.
//
// Its exit status is 0 for success, 1 for a failure at run time, and 2 for
// usage or settings that are wrong; of acmbot run, 78 for settings or tokens
// that are.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	_ "time/tzdata" // digests come by time zones, also where the machine has none
)

const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	// exitSettings is how `acmbot run` ends where somebody has to mend its
	// settings or tokens, so that to start it again does not help: EX_CONFIG of
	// sysexits.h. Two would be what Go ends with after a panic.
	exitSettings = 78
)

const usage = `acmbot tells why an AWS Certificate Manager certificate does not renew.

  acmbot why <domain>   say it here, with the fix
  acmbot digest         say which certificates need somebody today
  acmbot run            answer in Slack
  acmbot doctor         check whether it can work here
  acmbot health         ask the bot that runs here how it is
  acmbot demo           try the bot in the browser, without AWS and without Slack
  acmbot version        print the version
  acmbot licences       print what is in the program, and the licences of it
  acmbot help [command] explain a command

Try: acmbot demo
`

// A command is one of acmbot's subcommands.
type command func(ctx context.Context, c *console, args []string) error

func commands() map[string]command {
	return map[string]command{"why": runWhy, "run": runRun, "digest": runDigest, "doctor": runDoctor, "health": runHealth, "demo": runDemo, "version": runVersion, "licences": runLicences}
}

// A console is what a command reads and writes.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// printJSON prints one JSON document.
func (c *console) printJSON(v any) error {
	encoder := json.NewEncoder(c.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// An exitError ends the program with a status. Where err is nil, all has been
// said.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageErrorf is an error in how acmbot was called.
func usageErrorf(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func main() {
	guardMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Once told to stop, a second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Main runs acmbot and returns its exit status. It stops when ctx ends.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &console{stdin: stdin, stdout: stdout, stderr: stderr}
	err := c.dispatch(ctx, args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	for _, line := range lines(err) {
		fmt.Fprintf(stderr, "acmbot: %s\n", line)
	}
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.status
	}
	return exitFailure
}

func (c *console) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(c.stderr, usage)
		return &exitError{status: exitUsage}
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(rest) == 0 {
			fmt.Fprint(c.stdout, usage)
			return nil
		}
		name, rest = rest[0], []string{"--help"}
	case "-version", "--version", "-v":
		name, rest = "version", nil
	}
	if run, ok := commands()[name]; ok {
		return run(ctx, c, rest)
	}
	return usageErrorf("there is no command %q; acmbot help lists them", name)
}

// A passingError is one that may go by itself, as an outage does.
type passingError struct{ error }

func (e passingError) Unwrap() error { return e.error }

// startStatus is the status to end with where what is joined in an error keeps
// the program from starting: exitSettings, by which systemd knows that to try again
// does not help, unless all of it may pass.
func startStatus(err error) int {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if _, passing := errors.AsType[passingError](err); passing {
			return exitFailure
		}
		return exitSettings
	}
	status := exitFailure
	for _, e := range joined.Unwrap() {
		status = max(status, startStatus(e))
	}
	return status
}

// lines gives the sentences to print for an error: one for each error joined
// in it, none where all has been said.
func lines(err error) []string {
	if exit, ok := errors.AsType[*exitError](err); ok {
		if exit.err == nil {
			return nil
		}
		err = exit.err
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var list []string
		for _, e := range joined.Unwrap() {
			for _, line := range lines(e) {
				if !slices.Contains(list, line) {
					list = append(list, line)
				}
			}
		}
		return list
	}
	return []string{err.Error()}
}

// parseFlags parses flags before, between and after the other arguments, which
// it returns. Asked for help, it prints the synopsis and returns flag.ErrHelp.
func (c *console) parseFlags(flags *flag.FlagSet, args []string, synopsis string) ([]string, error) {
	flags.SetOutput(io.Discard)
	var others []string
	for {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(c.stdout, synopsis)
			flags.SetOutput(c.stdout)
			flags.PrintDefaults()
			return nil, err
		}
		if err != nil {
			return nil, usageErrorf("%w; acmbot help %s lists the flags", err, flags.Name())
		}
		if flags.NArg() == 0 {
			return others, nil
		}
		if terminated := len(args) > flags.NArg() && args[len(args)-flags.NArg()-1] == "--"; terminated {
			return append(others, flags.Args()...), nil
		}
		others = append(others, flags.Arg(0))
		args = flags.Args()[1:]
	}
}
