package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/terminal"
	"github.com/acmbot/acmbot/diagnose/world"
)

// The exit statuses of `acmbot why --exit-code`.
const (
	exitActionNeeded = 10
	exitNotTold      = 11
)

const whySynopsis = `usage: acmbot why [flags] <domain>

Says why the ACM certificate for a domain does not renew, and what to do about
it. <domain> may also be a URL, a wildcard such as '*.example.com', a
certificate's ARN or its id. AWS credentials are found as the AWS CLI finds
them; acmbot help run lists the settings. The exit status is 0 once there is an
answer, whatever it is, 1 if no certificates could be read at all, and 2 for
usage or settings that are wrong.

Try: acmbot why --world demo shop.example.com

`

// whyFlags are the flags of `acmbot why`.
type whyFlags struct {
	json, evidence, trace, noColor, exitCode, redact bool
	world, facts, factsOut                           string
}

func runWhy(ctx context.Context, c *console, args []string) error {
	var f whyFlags
	flags := flag.NewFlagSet("why", flag.ContinueOnError)
	flags.BoolVar(&f.json, "json", false, "print the answer as one JSON document")
	flags.BoolVar(&f.evidence, "evidence", false, "show all evidence, all names with their records, and sources")
	flags.BoolVar(&f.evidence, "verbose", false, "the same as --evidence")
	flags.BoolVar(&f.noColor, "no-color", false, "print without colours, as into a pipe or where NO_COLOR is set")
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit with 10 if the certificate is down, blocked or will fail to renew, and with 11 if that cannot be told")
	flags.StringVar(&f.world, "world", "", "ask an embedded world instead of AWS and the Internet: a scenario `file`, or \"demo\"")
	flags.BoolVar(&f.trace, "trace", false, "also print the walk through DNS: zone by zone from the root, which server was asked what and what it said")
	flags.StringVar(&f.factsOut, "facts-out", "", "also write the facts, all that was observed, to a `file`, for --facts")
	flags.BoolVar(&f.redact, "redact", false, "replace account ids, and leave out tags, in what --facts-out writes")
	flags.StringVar(&f.facts, "facts", "", "judge the facts that --facts-out wrote to a `file` again, and look at nothing else; takes no domain")
	others, err := c.parseFlags(flags, args, whySynopsis)
	if err != nil {
		return err
	}
	answer, err := c.answer(ctx, f, others)
	if err != nil {
		return err
	}
	if f.factsOut != "" {
		if err := keep(answer, f.factsOut, f.redact); err != nil {
			return err
		}
	}
	if err := c.print(answer, f); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return exitOf(answer, f.exitCode)
}

// answer finds the answer, by looking or in a file.
func (c *console) answer(ctx context.Context, f whyFlags, args []string) (diagnose.Answer, error) {
	var none diagnose.Answer
	switch {
	case f.redact && f.factsOut == "":
		return none, usageErrorf("--redact goes with --facts-out")
	case f.trace && f.json:
		return none, usageErrorf("--trace is for reading and does not go with --json: the file of --facts-out has the same as JSON")
	case f.facts != "" && (f.world != "" || len(args) > 0):
		return none, usageErrorf("--facts takes neither a domain nor --world: what was asked is in the file")
	case f.facts != "":
		return judgeAgain(f.facts)
	case len(args) == 0:
		return none, usageErrorf("why needs a domain, such as: acmbot why shop.example.com")
	case len(args) > 1:
		return none, usageErrorf("why takes one domain at a time, not %d", len(args))
	}
	query, err := diagnose.ParseQuery(args[0])
	if err != nil {
		return none, &exitError{exitUsage, fmt.Errorf("cannot look up %q: %w", args[0], err)}
	}
	var where sight
	if f.world != "" {
		scene, err := startWorld(ctx, f.world, world.Options{})
		if err != nil {
			return none, err
		}
		defer scene.Close()
		where = sightOf(scene)
	} else {
		var look lookSettings
		err := errors.Join(load(&look), readSecrets(ctx, slog.New(slog.DiscardHandler), &look))
		if err == nil {
			where, err = look.look(ctx, slog.New(slog.DiscardHandler))
		}
		if err != nil {
			return none, &exitError{exitUsage, err}
		}
	}
	progress := newProgressLine(c.stderr)
	defer progress.clear()
	return where.doctor().Answer(ctx, query, progress.show), nil
}

// judgeAgain answers from a file of facts.
func judgeAgain(path string) (diagnose.Answer, error) {
	f, err := os.Open(path)
	if err != nil {
		return diagnose.Answer{}, usageErrorf("there is no file %q that can be read; --facts takes a file that --facts-out wrote", path)
	}
	defer f.Close()
	recording, err := diagnose.ReadRecording(f)
	if err != nil {
		return diagnose.Answer{}, usageErrorf("%s: %w", path, err)
	}
	return recording.Answer(), nil
}

// keep writes what an answer rests on to a file. It may tell of what is nobody
// else's business: only its owner can read it.
func keep(a diagnose.Answer, path string, redact bool) error {
	recording := a.Recording()
	if redact {
		var err error
		if recording, err = recording.Redacted(); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("--facts-out cannot write to %q", path)
	}
	return errors.Join(recording.Write(f), f.Close())
}

func (c *console) print(a diagnose.Answer, f whyFlags) error {
	if f.json {
		return c.printJSON(a)
	}
	o := terminal.Options{
		Color:    !f.noColor && colored(c.stdout),
		Evidence: f.evidence,
		Width:    columns(c.stdout),
	}
	text := terminal.Render(a, o)
	if f.trace {
		text += terminal.RenderTrace(a, o)
	}
	_, err := io.WriteString(c.stdout, text)
	return err
}

// exitOf is how `acmbot why` ends after an answer.
func exitOf(a diagnose.Answer, byVerdict bool) error {
	if len(a.Reports) == 0 && len(a.Scope.Places) == 0 {
		return &exitError{status: exitFailure}
	}
	if !byVerdict {
		return nil
	}
	verdict := diagnose.VerdictUnknown
	if len(a.Reports) > 0 {
		verdict = a.Reports[0].Verdict
	}
	switch verdict {
	case diagnose.VerdictDown, diagnose.VerdictBlocked, diagnose.VerdictWillFail:
		return &exitError{status: exitActionNeeded}
	case diagnose.VerdictUnknown:
		return &exitError{status: exitNotTold}
	default:
		return nil
	}
}

// colored reports whether colours are wanted on an output: on a terminal, and
// unless NO_COLOR says otherwise (https://no-color.org).
func colored(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(w)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columns is the width to wrap sentences at: the terminal's, but no wider than
// is easy to read.
func columns(w io.Writer) int {
	const readable = 100
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
			return min(width, readable)
		}
	}
	return 80
}
