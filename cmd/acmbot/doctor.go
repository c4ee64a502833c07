package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/state/dynamo"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/checkup"
	"github.com/acmbot/acmbot/diagnose/fix"
	"github.com/acmbot/acmbot/diagnose/world"
)

const doctorSynopsis = `usage: acmbot doctor [flags]

Checks whether acmbot can work here, with the same settings as acmbot run:
Slack's tokens, scopes, channels and user groups; AWS's credentials and roles,
each permission in every account and region, and what each fix takes; what the
state is kept in; DNS over UDP and TCP, HTTPS and HTTP, and the clock. It
changes nothing anywhere: in the state it writes an item of its own, and removes
it. The exit status is 0 if nothing fails, 1 if something does, and 2 for usage
that is wrong.

`

// doctorTime is how long all checks together may take.
const doctorTime = time.Minute

// webHost is the web server that is tried by default.
const webHost = "aws.amazon.com"

func runDoctor(ctx context.Context, c *console, args []string) error {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print the result as one JSON document")
	strict := flags.Bool("strict", false, "fail for what acmbot works without, too")
	noSlack := flags.Bool("no-slack", false, "leave Slack out, where only acmbot why is used")
	host := flags.String("host", webHost, "the `name` of a web server to try HTTPS and HTTP with")
	scenario := flags.String("world", "", "check an embedded world instead of AWS and the Internet: a scenario `file`, or \"demo\"")
	others, err := c.parseFlags(flags, args, doctorSynopsis)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return usageErrorf("doctor takes no arguments besides flags")
	}
	query, err := diagnose.ParseQuery(*host)
	if err != nil || query.Domain == "" {
		return usageErrorf("--host takes the name of a web server, such as aws.amazon.com")
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()

	var found []checkup.Check
	var tasks []checkup.Task
	if *scenario != "" {
		scene, err := startWorld(ctx, *scenario, world.Options{})
		if err != nil {
			return err
		}
		defer scene.Close()
		if *host == webHost {
			query.Domain = webHostOf(scene.World())
		}
		where := sightOf(scene)
		_, estate := where.observers()
		defer estate.Close()
		tasks = checks{where: where, estate: estate, host: query.Domain, kinds: fix.Kinds()}.tasks()
	} else {
		s := doctorSettings(ctx, !*noSlack)
		found = s.found
		if s.slack != nil {
			tasks = bot.SlackTasks(*s.slack)
			if s.slack.Store == nil {
				tasks = append(tasks, notSubscribed(s.slack.Command))
			}
		}
		if s.checks != nil {
			s.checks.host = query.Domain
			_, estate := s.checks.where.observers()
			defer estate.Close()
			s.checks.estate = estate
			tasks = append(tasks, s.checks.tasks()...)
		}
	}
	line := newProgressLine(c.stderr)
	found = append(found, checkup.Run(ctx, tasks, func(p checkup.Progress) {
		if len(p.Waiting) > 0 {
			line.show(diagnose.Progress{Stage: "waiting for " + p.Waiting[0], Done: p.Done, Total: p.Total})
		}
	})...)
	line.clear()
	if *noSlack || *scenario != "" {
		found = append(found, checkup.Check{Area: checkup.AreaSlack, What: "tokens", State: checkup.Skipped, Detail: "left out"})
	}
	return c.tell(checkup.NewReport(describeVersion(), time.Now(), found), *asJSON, *strict)
}

// webHostOf is a name in a world that a web server answers for.
func webHostOf(w *world.World) string {
	for _, e := range w.Endpoints {
		if e.Closed || e.Silent || e.HTTPClosed || e.HTTPSilent {
			continue
		}
		for _, name := range e.Serves {
			if cert := w.Certificate(name); cert != nil && !strings.HasPrefix(cert.Name, "*.") {
				return cert.Name
			}
		}
	}
	return webHost
}

// doctored is what the settings lead to.
type doctored struct {
	slack  *bot.Options // nil where it is left out or its settings are wrong
	checks *checks      // nil where its settings are wrong
	found  []checkup.Check
}

// doctorSettings reads the settings. What is wrong with some of them does not
// keep what the others lead to from being checked.
func doctorSettings(ctx context.Context, wantSlack bool) doctored {
	var d doctored
	wrong := func(err error) bool {
		if err == nil {
			return false
		}
		for _, line := range lines(err) {
			c := checkup.Check{Area: checkup.AreaSettings, What: firstWord(line), State: checkup.Failed, Detail: line, Fix: "Set it right; `acmbot help run` lists the settings."}
			if !slices.Contains(d.found, c) {
				d.found = append(d.found, c)
			}
		}
		return true
	}
	var fixing fixSettings
	if !wrong(load(&fixing)) {
		wrong(fixing.check())
	}
	var keep stateSettings
	keeps := !wrong(load(&keep))
	var look lookSettings
	if !wrong(errors.Join(load(&look), readSecrets(ctx, slog.New(slog.DiscardHandler), &look))) {
		at, err := look.look(ctx, slog.New(slog.DiscardHandler))
		if !wrong(err) {
			d.checks = &checks{where: at, host: webHost}
			d.checks.kinds = fixing.kinds()
			if keeps && wantSlack { // what is kept is the bot's
				d.checks.keep = &keep
			}
		}
	}
	var hear eventSettings
	if !wrong(load(&hear)) && !wrong(hear.check()) && d.checks != nil && wantSlack { // alerts are the bot's
		queue, err := hear.source(d.checks.where, nil, slog.New(slog.DiscardHandler))
		if !wrong(err) {
			d.checks.queue = queue
		}
	}
	var digests digestSettings
	var admins adminSettings
	var who accessSettings
	if !wrong(load(&who)) {
		wrong(who.check())
	}
	wrong(load(&digests))
	wrong(load(&admins))
	wrong(load(new(logSettings)))
	if wantSlack { // these are the bot's
		var traces tracingSettings
		wrong(load(new(rotationSettings), new(healthSettings), new(alertSettings)))
		wrong(errors.Join(load(&traces), readSecrets(ctx, slog.New(slog.DiscardHandler), &traces), traces.check()))
		var slack slackSettings
		if !wrong(errors.Join(load(&slack), readSecrets(ctx, slog.New(slog.DiscardHandler), &slack))) {
			o := slack.bot(nil, 0, nil)
			o.Digest, o.Admins, o.Access = digests.options(), texts(admins.Admins), who.options()
			o.Fix = bot.FixOptions{AuditChannel: string(fixing.Channel), Users: texts(fixing.Users)}
			d.slack = &o
		}
	}
	if d.found == nil {
		d.found = []checkup.Check{{Area: checkup.AreaSettings, What: "all", State: checkup.OK, Detail: "complete and well formed"}}
	}
	d.found = append(d.found, checkOutdated()...)
	if d.slack != nil {
		d.subscriptions(d.slack, keep)
	}
	return d
}

// subscriptions lets the check of Slack read which channels have subscribed by
// themselves, where that can be read beside a bot that runs: a file is open in
// one process at a time.
func (d *doctored) subscriptions(o *bot.Options, keep stateSettings) {
	if d.checks == nil {
		return
	}
	if table, shared := keep.table(d.checks.where.inventory.Config); shared {
		o.Store = dynamo.New(table)
	}
}

// notSubscribed says that channels which have subscribed by themselves are not
// known here.
func notSubscribed(command string) checkup.Task {
	return checkup.Task{Area: checkup.AreaSlack, What: "channels that subscribed", Run: func(context.Context) []checkup.Check {
		return []checkup.Check{{
			Area: checkup.AreaSlack, What: "channels that subscribed", Purpose: "the daily digest", State: checkup.Skipped,
			Detail: "not checked: a file is read by one process at a time; `" + command + " doctor` in Slack checks them",
		}}
	}}
}

func firstWord(line string) string {
	word, _, _ := strings.Cut(line, " ")
	return word
}

// tell prints what was found, and is the exit status.
func (c *console) tell(r checkup.Report, asJSON, strict bool) error {
	var err error
	if asJSON {
		err = c.printJSON(r)
	} else {
		_, err = io.WriteString(c.stdout, r.Table(columns(c.stdout)))
	}
	if err != nil {
		return errors.New("the result could not be written")
	}
	if r.State == checkup.Failed || strict && r.State == checkup.Warning {
		return &exitError{status: exitFailure}
	}
	return nil
}
