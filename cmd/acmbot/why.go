package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/terminal"
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
them; acmbot run --help lists the settings. The exit status is 0 once there is
an answer, whatever it is, 1 if no certificates could be read at all, and 2 for
usage or settings that are wrong.

Try: acmbot why --world demo shop.example.com

`

func runWhy(ctx context.Context, c *console, args []string) error {
	flags := flag.NewFlagSet("why", flag.ContinueOnError)
	var evidence bool
	asJSON := flags.Bool("json", false, "print the answer as one JSON document")
	flags.BoolVar(&evidence, "evidence", false, "show all evidence, all names with their records, and sources")
	flags.BoolVar(&evidence, "verbose", false, "the same as --evidence")
	noColor := flags.Bool("no-color", false, "print without colours, as NO_COLOR does and a pipe")
	exitCode := flags.Bool("exit-code", false, "exit with 10 if the certificate is down, blocked or will fail to renew, and with 11 if that cannot be told")
	worldFile := flags.String("world", "", "ask an embedded world instead of AWS and the Internet: a scenario `file`, or \"demo\"")
	others, err := c.parseFlags(flags, args, whySynopsis)
	switch {
	case err != nil:
		return err
	case len(others) == 0:
		return usageErrorf("why needs a domain, such as: acmbot why shop.example.com")
	case len(others) > 1:
		return usageErrorf("why takes one domain at a time, not %d", len(others))
	}
	query, err := diagnose.ParseQuery(others[0])
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("cannot look up %q: %w", others[0], err)}
	}
	doctor, timeout, closeWorld, err := doctorFor(ctx, *worldFile)
	if err != nil {
		return err
	}
	defer closeWorld()

	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	progress := newProgressLine(c.stderr)
	answer := doctor.Answer(ctx, query, progress.show)
	progress.clear()

	if *asJSON {
		encoder := json.NewEncoder(c.stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(answer)
	} else {
		_, err = io.WriteString(c.stdout, terminal.Render(answer, terminal.Options{
			Color:    !*noColor && colored(c.stdout),
			Evidence: evidence,
			Width:    columns(c.stdout),
		}))
	}
	if err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return exitOf(answer, *exitCode)
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

// doctorFor returns who answers questions, from an embedded world where one is
// given, and how long an answer may take. The function it returns frees what
// it holds.
func doctorFor(ctx context.Context, worldFile string) (diagnose.Diagnostician, time.Duration, func(), error) {
	if worldFile != "" {
		return worldDoctor(ctx, worldFile)
	}
	var look lookSettings
	if err := load(&look); err != nil {
		return nil, 0, nil, &exitError{exitUsage, err}
	}
	doctor, err := newDoctor(ctx, look)
	return doctor, time.Duration(look.Timeout), func() {}, err
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
