package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/probe"
	"github.com/acmbot/acmbot/diagnose/world"
)

const doctorSynopsis = `usage: acmbot doctor [flags]

Checks whether acmbot can work here, with the same settings as acmbot run:
Slack's tokens and scopes, AWS's credentials and each permission in every
account and region, DNS over UDP and TCP, HTTPS and HTTP, and the clock. It
changes nothing anywhere. The exit status is 0 if nothing fails, 1 if something
does, and 2 for usage that is wrong.

`

// A checkState is how a check ended.
type checkState string

const (
	checkOK   checkState = "ok"
	checkWarn checkState = "warn" // acmbot works, and sees less
	checkFail checkState = "fail"
	checkSkip checkState = "skip" // not tried, or nothing was learnt
)

// A check is one line of what acmbot doctor finds.
type check struct {
	Area    string     `json:"area"` // such as "Slack"
	Account string     `json:"account,omitempty"`
	Region  string     `json:"region,omitempty"`
	What    string     `json:"check"`
	State   checkState `json:"state"`
	Detail  string     `json:"detail,omitempty"`
	Fix     string     `json:"fix,omitempty"`
}

// A checkup is everything that acmbot doctor finds.
type checkup struct {
	Schema  int        `json:"schema"`
	Version string     `json:"version"`
	At      time.Time  `json:"at"`
	State   checkState `json:"state"`
	Checks  []check    `json:"checks"`
}

// The areas, in the order in which they are shown.
const (
	areaSettings = "Settings"
	areaSlack    = "Slack"
	areaAWS      = "AWS"
	areaDNS      = "DNS"
	areaWeb      = "HTTPS and HTTP"
	areaClock    = "Clock"
)

func runDoctor(ctx context.Context, c *console, args []string) error {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print the result as one JSON document")
	strict := flags.Bool("strict", false, "fail for what acmbot works without, too")
	noSlack := flags.Bool("no-slack", false, "leave Slack out, where only acmbot why is used")
	host := flags.String("host", "aws.amazon.com", "the `name` of a web server to try HTTPS and HTTP with")
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
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()

	var found []check
	var where *sight
	var slack *slackSettings
	if *scenario != "" {
		scene, err := startWorld(ctx, *scenario, world.Options{})
		if err != nil {
			return err
		}
		defer scene.Close()
		at := sightOf(scene)
		where = &at
	} else {
		var settings []check
		where, slack, settings = doctorSettings(ctx, !*noSlack)
		found = append(found, settings...)
	}
	found = append(found, examine(ctx, where, slack, query.Domain)...)
	if *noSlack || *scenario != "" {
		found = append(found, check{Area: areaSlack, What: "tokens", State: checkSkip, Detail: "left out"})
	}
	return c.tell(found, *asJSON, *strict)
}

// doctorSettings reads the settings. What is wrong with some of them does not
// keep what the others lead to from being checked.
func doctorSettings(ctx context.Context, wantSlack bool) (*sight, *slackSettings, []check) {
	var found []check
	wrong := func(err error) bool {
		if err == nil {
			return false
		}
		for _, line := range lines(err) {
			c := check{Area: areaSettings, What: firstWord(line), State: checkFail, Detail: line, Fix: "Set it right; acmbot help run lists the settings."}
			if !slices.Contains(found, c) {
				found = append(found, c)
			}
		}
		return true
	}
	var slack *slackSettings
	if wantSlack {
		slack = new(slackSettings)
		if wrong(errors.Join(load(slack), readSecrets(ctx, slog.New(slog.DiscardHandler), slack))) {
			slack = nil
		}
	}
	var where *sight
	var look lookSettings
	if !wrong(errors.Join(load(&look), readSecrets(ctx, slog.New(slog.DiscardHandler), &look))) {
		at, err := look.look(ctx, slog.New(slog.DiscardHandler))
		if !wrong(err) {
			where = &at
		}
	}
	var fixing fixSettings
	if !wrong(load(&fixing)) {
		wrong(fixing.check())
	}
	var who accessSettings
	if !wrong(load(&who)) {
		wrong(who.check())
	}
	wrong(load(new(logSettings)))
	if found == nil {
		found = []check{{Area: areaSettings, What: "all", State: checkOK, Detail: "complete and well formed"}}
	}
	return where, slack, found
}

func firstWord(line string) string {
	word, _, _ := strings.Cut(line, " ")
	return word
}

// examine tries out what the settings lead to, all at once.
func examine(ctx context.Context, where *sight, slack *slackSettings, host string) []check {
	var parts [4][]check
	var wg sync.WaitGroup
	var slackSkew time.Duration
	meter := new(skewMeter)
	if slack != nil {
		wg.Go(func() { parts[0], slackSkew = checkSlack(ctx, *slack) })
	}
	if where != nil {
		meter.attach(&where.inventory.Config)
		wg.Go(func() { parts[1] = checkAWS(ctx, *where) })
		wg.Go(func() { parts[2] = checkDNS(dnstrace.New(where.dns).Reach(ctx)) })
		wg.Go(func() { parts[3] = checkWeb(ctx, *where, host) })
	}
	wg.Wait()
	found := slices.Concat(parts[:]...)
	skew, known := meter.read()
	if !known && slack != nil {
		skew, known = slackSkew, slackSkew != 0
	}
	return append(found, checkClock(skew, known))
}

func checkSlack(ctx context.Context, s slackSettings) ([]check, time.Duration) {
	options := s.bot(nil, 0, nil)
	var who accessSettings
	_ = load(&who) // what is wrong with it was told already
	options.Access = who.options()
	tried, skew := bot.CheckSlack(ctx, options)
	var found []check
	for _, t := range tried {
		c := check{Area: areaSlack, What: t.What, State: checkOK, Detail: t.Detail, Fix: t.Fix}
		if !t.OK {
			c.State = checkFail
		}
		found = append(found, c)
	}
	return found, skew
}

// vital are the permissions without which there is no diagnosis. One of the
// two ways to find certificates is enough.
var vital = map[string]bool{"acm:DescribeCertificate": true, "acm:ListCertificates": true, "acm:SearchCertificates": true}

func checkAWS(ctx context.Context, where sight) []check {
	options := where.inventory
	options.PlaceTimeout = 30 * time.Second
	trials, unseen := inventory.New(options).Check(ctx)
	var found []check
	for _, u := range unseen {
		found = append(found, check{
			Area: areaAWS, Account: u.Account, What: "credentials", State: checkFail, Detail: u.Detail,
			Fix: "Put right what it says, then ask again; deploy/README.md says how roles and their trust are set up.",
		})
	}
	if len(trials) > 0 {
		found = append(found, check{Area: areaAWS, What: "credentials", State: checkOK, Detail: "AWS takes them"})
	}
	// finds tells the places where there is a way to find certificates.
	finds := map[diagnose.Place]bool{}
	for _, t := range trials {
		if t.Unseen == nil && t.Action != "acm:DescribeCertificate" && vital[t.Action] {
			finds[diagnose.Place{Account: t.Account, Region: t.Region}] = true
		}
	}
	for _, t := range trials {
		c := check{Area: areaAWS, Account: t.Account, Region: t.Region, What: t.Action, State: checkOK}
		if t.Unseen != nil {
			c.Detail, c.Fix = t.Unseen.Detail, awsFix(t)
			finding := t.Action != "acm:DescribeCertificate" && finds[diagnose.Place{Account: t.Account, Region: t.Region}]
			switch {
			case t.Untold:
				c.State, c.Fix = checkSkip, ""
			case vital[t.Action] && !finding:
				c.State = checkFail
			default:
				c.State = checkWarn
			}
		}
		found = append(found, c)
	}
	return found
}

func awsFix(t inventory.Trial) string {
	policy := "deploy/iam/read-extra.json"
	if strings.HasPrefix(t.Action, "acm:") {
		policy = "deploy/iam/read.json"
	}
	switch t.Unseen.Why {
	case diagnose.AccessDenied:
		if t.Unseen.Permission == "" {
			return "Give acmbot credentials that AWS knows; `aws sts get-caller-identity` shows whether they are."
		}
		return "Allow it; it is in " + policy + ". It is for " + t.Why + "."
	case diagnose.Throttled:
		return "Something uses up the account's request quota of this action; see Service Quotas in the AWS console, and ask for more, or look for who calls so often."
	case diagnose.Unreachable, diagnose.TimedOut:
		return "Let this machine connect to AWS's APIs on port 443 (or through a VPC endpoint), and check the region's name and whether it is enabled for the account."
	case diagnose.NotConfigured:
		return "Set the clock by NTP, and check the credentials."
	default:
		return "Try again in a minute; if it stays, the endpoint does not offer this action, and acmbot does without."
	}
}

// checkDNS tells from what the servers answered whether DNS can be looked at
// from here. Of the root servers a few may be out of reach at any time.
func checkDNS(reached []dnstrace.Reach) []check {
	type kind struct {
		transport string
		recursive bool
	}
	type tally struct {
		good, all, intercepted int
		bad                    string
	}
	tallies := map[kind]*tally{}
	v6 := tally{}
	for _, r := range reached {
		t := tallies[kind{r.Transport, r.Recursive}]
		if host, err := netip.ParseAddrPort(r.Address); err == nil && host.Addr().Is6() && !r.Recursive {
			t = &v6
		} else if t == nil {
			t = &tally{}
			tallies[kind{r.Transport, r.Recursive}] = t
		}
		t.all++
		if r.Outcome == diagnose.OutcomeAnswer {
			t.good++
			continue
		}
		if r.Intercepted {
			t.intercepted++
		}
		t.bad = r.Detail
		if r.Recursive {
			t.bad = r.Server + ": " + r.Detail
		}
	}
	var found []check
	for _, transport := range []string{"udp", "tcp"} {
		name := strings.ToUpper(transport)
		if t := tallies[kind{transport, false}]; t != nil {
			c := check{Area: areaDNS, What: "root servers over " + name, State: checkOK, Detail: fmt.Sprintf("%d of %d answer", t.good, t.all)}
			switch {
			case t.intercepted > 0:
				c.State, c.Detail = checkFail, "answers do not come from the root servers: something on the way answers in their place"
				c.Fix = "Let this machine's DNS queries out as they are; a firewall, a VPN or a provider redirects port 53 to a resolver of its own."
			case t.good == 0:
				c.State, c.Detail = checkFail, cmp.Or(t.bad, "none answers")
				c.Fix = "Allow outgoing " + name + " to port 53 of any address: acmbot asks the name servers of domains itself. Until then it cannot tell whether a record is there."
			case t.good*2 < t.all:
				c.State, c.Fix = checkWarn, "Many do not answer ("+t.bad+"); look for packet loss, or a firewall that allows some."
			}
			found = append(found, c)
		}
		if t := tallies[kind{transport, true}]; t != nil {
			c := check{Area: areaDNS, What: "resolvers over " + name, State: checkOK, Detail: fmt.Sprintf("%d of %d answer", t.good, t.all)}
			if t.good < t.all {
				c.State, c.Detail = checkWarn, c.Detail+"; "+t.bad
				c.Fix = "Allow outgoing " + name + " to port 53 of the resolvers in ACMBOT_DNS_RESOLVERS, or set others there."
			}
			found = append(found, c)
		}
	}
	if v6.all > 0 {
		c := check{Area: areaDNS, What: "root servers over IPv6", State: checkOK, Detail: fmt.Sprintf("%d of %d answer", v6.good, v6.all)}
		if v6.good == 0 {
			c.State, c.Detail = checkSkip, "there is no IPv6 here; servers that have IPv4 addresses are asked there"
		}
		found = append(found, c)
	}
	return found
}

// checkWeb tries HTTPS and HTTP with one server, found in the way that
// diagnoses find theirs.
func checkWeb(ctx context.Context, where sight, host string) []check {
	session := dnstrace.New(where.dns).Session()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	addrs, _, outcome := session.Addresses(ctx, host)
	if len(addrs) == 0 {
		return []check{{
			Area: areaWeb, What: host, State: checkSkip, Detail: "no address was found for it (" + string(outcome) + ")",
			Fix: "See what is said of DNS; --host takes the name of another web server.",
		}}
	}
	prober := probe.New(where.probe)
	https := check{Area: areaWeb, What: "port 443", State: checkFail, Fix: "Allow outgoing TCP to port 443 of any address: acmbot looks at the certificates that are served. Proxies are not used for that."}
	for _, served := range prober.TLS(ctx, host, addrs) {
		if served.Obstacle == "" {
			https.State, https.Detail, https.Fix = checkOK, host+" shows a certificate of "+cmp.Or(served.IssuerOrg, served.Issuer), ""
			break
		}
		https.Detail = host + ": " + served.Detail
	}
	plain := check{Area: areaWeb, What: "port 80", State: checkOK, Detail: host + " answers"}
	reply := prober.HTTP(ctx, "http://"+host+"/", func(context.Context, string) ([]netip.Addr, error) { return addrs, nil })
	if reply.Obstacle != "" {
		plain.State, plain.Detail = checkWarn, host+": "+reply.Detail
		plain.Fix = "Allow outgoing TCP to port 80 of any address: HTTP validation is looked at there. Other diagnoses work without."
	}
	return []check{https, plain}
}

// checkClock judges a clock that is ahead by so much. AWS refuses requests that
// are five minutes off ("Troubleshooting Signature Version 4 requests",
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html);
// the SDK then corrects itself, but DNSSEC signatures and days left are judged
// by the clock as it is.
func checkClock(skew time.Duration, known bool) check {
	c := check{Area: areaClock, What: "skew", State: checkOK, Detail: "within a few seconds of AWS's"}
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	switch {
	case !known:
		c.State, c.Detail = checkSkip, "nobody told the time"
	case skew.Abs() >= 5*time.Minute:
		c.State, c.Detail = checkFail, fmt.Sprintf("%s %s AWS's", skew.Abs(), direction)
	case skew.Abs() >= 30*time.Second:
		c.State, c.Detail = checkWarn, fmt.Sprintf("%s %s AWS's", skew.Abs(), direction)
	}
	if c.State == checkFail || c.State == checkWarn {
		c.Fix = "Let this machine set its clock by NTP; on EC2, Amazon Time Sync is at 169.254.169.123."
	}
	return c
}

// tell prints what was found, and is the exit status.
func (c *console) tell(found []check, asJSON, strict bool) error {
	order := []string{areaSettings, areaSlack, areaAWS, areaDNS, areaWeb, areaClock}
	slices.SortStableFunc(found, func(a, b check) int {
		return cmp.Compare(slices.Index(order, a.Area), slices.Index(order, b.Area))
	})
	result := checkup{Schema: 1, Version: describeVersion(), At: time.Now().UTC().Truncate(time.Second), State: checkOK, Checks: found}
	for _, f := range found {
		switch {
		case f.State == checkFail:
			result.State = checkFail
		case f.State == checkWarn && result.State == checkOK:
			result.State = checkWarn
		}
	}
	var err error
	if asJSON {
		encoder := json.NewEncoder(c.stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(result)
	} else {
		_, err = io.WriteString(c.stdout, table(result, columns(c.stdout)))
	}
	if err != nil {
		return errors.New("the result could not be written")
	}
	if result.State == checkFail || strict && result.State == checkWarn {
		return &exitError{status: exitFailure}
	}
	return nil
}

// table lays the checks out: one line for each, the permissions of one place
// that all work in one line together.
func table(result checkup, width int) string {
	var b strings.Builder
	area, place := "", ""
	counts := map[checkState]int{}
	for n, f := range result.Checks {
		counts[f.State]++
		if f.Area != area {
			if area != "" {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "%s\n", f.Area)
			area, place = f.Area, ""
		}
		if here := placeOf(f); here != place {
			fmt.Fprintf(&b, "  %s\n", here)
			place = here
		}
		if f.State != checkOK || !strings.Contains(f.What, ":") { // permissions that work are told together
			row(&b, f, width)
		}
		if n+1 == len(result.Checks) || placeOf(result.Checks[n+1]) != place || result.Checks[n+1].Area != area {
			if works, all := permissions(result.Checks, f); all > 0 {
				row(&b, check{State: checkOK, What: "permissions", Detail: fmt.Sprintf("%d of %d work", works, all)}, width)
			}
		}
	}
	fmt.Fprintf(&b, "\n%d ok, %d to improve, %d failing, %d not checked\n", counts[checkOK], counts[checkWarn], counts[checkFail], counts[checkSkip])
	return b.String()
}

// permissions counts the permissions of the place that a check is about.
func permissions(all []check, like check) (works, total int) {
	for _, f := range all {
		if f.Area == like.Area && f.Account == like.Account && f.Region == like.Region && strings.Contains(f.What, ":") {
			total++
			if f.State == checkOK {
				works++
			}
		}
	}
	return works, total
}

func placeOf(f check) string {
	switch {
	case f.Account == "" && f.Region == "":
		return ""
	case f.Region == "":
		return "account " + f.Account
	default:
		return "account " + cmp.Or(f.Account, "of the credentials") + " in " + f.Region
	}
}

// whatWidth is how wide the column of the checks' names is.
const whatWidth = 26

func row(b *strings.Builder, f check, width int) {
	state := map[checkState]string{checkOK: "ok", checkWarn: "WARN", checkFail: "FAIL", checkSkip: "-"}[f.State]
	if f.Fix == "" || f.State == checkOK {
		indent := strings.Repeat(" ", 2+4+2+whatWidth+2)
		b.WriteString(wrapped(fmt.Sprintf("  %-4s  %-*s  ", state, whatWidth, visible(f.What)), indent, visible(f.Detail), width))
		return
	}
	const indent = "        "
	fmt.Fprintf(b, "  %-4s  %s\n", state, visible(f.What))
	b.WriteString(wrapped(indent, indent, visible(f.Detail), width))
	b.WriteString(wrapped(indent+"→ ", indent+"  ", visible(f.Fix), width))
}

// wrapped breaks text between words so that lines stay within the width, where
// there is room for any.
func wrapped(lead, indent, text string, width int) string {
	var b strings.Builder
	line := lead
	empty := true
	for word := range strings.FieldsSeq(text) {
		if !empty && len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}

// visible takes out what a terminal would obey: names and the like come from
// others.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)
}
