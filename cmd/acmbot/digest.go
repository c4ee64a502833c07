package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/diagnose/world"
)

const digestSynopsis = `usage: acmbot digest [flags]

Prints today's digest: which certificates need somebody, why, and what fixes
it; and which will fail when their renewal starts. With --post it is posted in
Slack, in each channel that the ACMBOT_DIGEST_… settings name, once a day
however often it is called: for a daily job without a running bot. The exit
status is 0 once there is a digest, whatever it says, and 1 if no certificates
could be read at all or a post failed.

Try: acmbot digest --world demo

`

// digestSettings are what the daily digests are like.
type digestSettings struct {
	Channel  channelID     `envconfig:"ACMBOT_DIGEST_CHANNEL" shown:"none" desc:"The id of the channel that gets the daily digest of all certificates that no route sends elsewhere." where:"It is at the bottom of the channel's About in Slack (C0123456789); invite the bot to the channel"`
	Time     timeOfDay     `envconfig:"ACMBOT_DIGEST_TIME" default:"09:00" desc:"The time of day of the digests. A channel's own settings (/acm digest) come first."`
	Zone     timeZone      `envconfig:"ACMBOT_DIGEST_TIME_ZONE" default:"UTC" desc:"The time zone of that time, such as Europe/Berlin."`
	Weekdays bool          `envconfig:"ACMBOT_DIGEST_WEEKDAYS" default:"false" desc:"Whether to leave out Saturday and Sunday: true or false."`
	Quiet    quietDay      `envconfig:"ACMBOT_DIGEST_QUIET" default:"line" desc:"What to post on a day without trouble: line or nothing."`
	Routes   []digestRoute `envconfig:"ACMBOT_DIGEST_ROUTES" shown:"none" desc:"Which certificates belong to which other channel, separated by commas, the first that fits: tag:team=shop => C0123456789 @S0123456789, account:111122223333 => …, domain:example.com => …; the user group after the @ is mentioned when time runs out."`
	Mention  []count       `envconfig:"ACMBOT_DIGEST_MENTION_DAYS" default:"14,7,3,1" desc:"The days left at which a route's user group is mentioned, separated by commas."`
}

func (s digestSettings) options() bot.DigestOptions {
	o := bot.DigestOptions{
		Routing:  digest.Routing{Default: string(s.Channel)},
		Standard: digest.Subscription{At: digest.Clock(s.Time), Zone: string(s.Zone), Weekdays: s.Weekdays, Quiet: digest.Quiet(s.Quiet)},
	}
	for _, r := range s.Routes {
		o.Routing.Routes = append(o.Routing.Routes, digest.Route(r))
	}
	for _, days := range s.Mention {
		o.Thresholds = append(o.Thresholds, int(days))
	}
	return o
}

// postSettings are what `acmbot digest --post` needs to talk to Slack.
type postSettings struct {
	BotToken botToken `envconfig:"SLACK_BOT_TOKEN" required:"true" desc:"The app's bot token, or a reference to it." where:"Slack gives it at https://api.slack.com/apps under your app's OAuth & Permissions, as Bot User OAuth Token (xoxb-…)"`
	APIURL   baseURL  `envconfig:"SLACK_API_URL" default:"https://slack.com/api/" desc:"The address of Slack's Web API; only for a proxy or a test server."`
}

// digestFlags are the flags of `acmbot digest`.
type digestFlags struct {
	json, post      bool
	world, selector string
}

func runDigest(ctx context.Context, c *console, args []string) error {
	var f digestFlags
	flags := flag.NewFlagSet("digest", flag.ContinueOnError)
	flags.BoolVar(&f.json, "json", false, "print the digest as one JSON document")
	flags.BoolVar(&f.post, "post", false, "post it in Slack, unless it was posted today")
	flags.StringVar(&f.selector, "filter", "", "print only of some `certificates`: example.com, account:111122223333 or tag:team=shop")
	flags.StringVar(&f.world, "world", "", "ask an embedded world instead of AWS and the Internet: a scenario `file`, or \"demo\"")
	others, err := c.parseFlags(flags, args, digestSynopsis)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(c.stdout, "\nSettings of --post, besides those of acmbot run:")
		printSettings(c.stdout, slices.Concat(describe(postSettings{}), describe(accessSettings{}), describe(digestSettings{})))
	}
	switch {
	case err != nil:
		return err
	case len(others) > 0:
		return usageErrorf("digest takes no arguments besides flags; acmbot why tells of one domain")
	case f.post && f.selector != "":
		return usageErrorf("--filter goes without --post: what a channel gets is in the settings")
	case f.post && f.json:
		return usageErrorf("--json goes without --post")
	}
	if _, err := digest.ParseSelector(f.selector); err != nil {
		return usageErrorf("--filter: %w", err)
	}

	var settings digestSettings
	var look lookSettings
	var post postSettings
	var who accessSettings
	specs := []any{&settings}
	if f.world == "" {
		specs = append(specs, &look)
	}
	if f.post {
		specs = append(specs, &post, &who)
	}
	if err := errors.Join(load(specs...), readSecrets(ctx, slog.New(slog.DiscardHandler), specs...), who.check()); err != nil {
		return &exitError{exitUsage, err}
	}
	var where sight
	if f.world != "" {
		scene, err := startWorld(ctx, f.world, world.Options{})
		if err != nil {
			return err
		}
		defer scene.Close()
		where = sightOf(scene)
	} else if where, err = look.look(ctx, slog.New(slog.DiscardHandler)); err != nil {
		return &exitError{exitUsage, err}
	}
	doctor, estate := where.observers()
	defer estate.Close()
	digester := bot.NewDigester(bot.Options{
		BotToken: post.BotToken.reveal(), APIURL: string(post.APIURL), Diagnostician: doctor, Estate: estate,
		Store: memory.New(time.Now), Digest: settings.options(), Access: who.options(),
	})
	if f.post {
		return c.postDigests(ctx, digester, settings)
	}
	wanted := settings.options().Standard
	wanted.Filter = f.selector
	d, err := digester.Preview(ctx, wanted)
	if err != nil {
		return err
	}
	if f.json {
		err = c.printJSON(d)
	} else {
		_, err = io.WriteString(c.stdout, digest.Text(d))
	}
	if err != nil {
		return fmt.Errorf("writing the digest: %w", err)
	}
	if d.Places == 0 {
		return &exitError{status: exitFailure}
	}
	return nil
}

// postDigests posts what each channel gets. One that fails keeps no other from
// its own.
func (c *console) postDigests(ctx context.Context, digester *bot.Digester, settings digestSettings) error {
	o := settings.options()
	list := o.Routing.Defaults(o.Standard)
	if len(list) == 0 {
		return &exitError{exitUsage, &settingError{"ACMBOT_DIGEST_CHANNEL", "is not set, and no route either: there is no channel to post in", ""}}
	}
	var errs []error
	for _, s := range list {
		d, posted, err := digester.PostNow(ctx, s)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("the digest for %s was not posted: %s", s.Channel, bot.PostTrouble(err)))
		case posted:
			fmt.Fprintf(c.stdout, "posted in %s: %d in trouble, %d ahead\n", s.Channel, digest.Count(d.Entries), digest.Count(d.Ahead))
		case d.Quiet():
			fmt.Fprintf(c.stdout, "nothing to post in %s, or posted today already\n", s.Channel)
		default:
			fmt.Fprintf(c.stdout, "posted in %s today already\n", s.Channel)
		}
	}
	return errors.Join(errs...)
}
