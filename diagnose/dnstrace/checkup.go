package dnstrace

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/checkup"
)

// Task checks whether the root servers and the resolvers can be reached over
// UDP and over TCP, and whether something on the way answers in their place.
func Task(o Options) checkup.Task {
	return checkup.Task{
		Area: checkup.AreaDNS, What: "root servers and resolvers",
		Run: func(ctx context.Context) []checkup.Check { return judgeReach(New(o).Reach(ctx)) },
	}
}

// judgeReach tells from what the servers answered whether DNS can be looked at
// from here. Of the root servers a few may be out of reach at any time.
func judgeReach(reached []Reach) []checkup.Check {
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
	var found []checkup.Check
	for _, transport := range []string{"udp", "tcp"} {
		name := strings.ToUpper(transport)
		if t := tallies[kind{transport, false}]; t != nil {
			c := checkup.Check{
				Area: checkup.AreaDNS, What: "root servers over " + name, Purpose: "asking the name servers of domains themselves",
				State: checkup.OK, Detail: fmt.Sprintf("%d of %d answer", t.good, t.all),
			}
			switch {
			case t.intercepted > 0:
				c.State, c.Detail = checkup.Failed, "answers do not come from the root servers: something on the way answers in their place"
				c.Fix = "Let this machine's DNS queries out as they are; a firewall, a VPN or a provider redirects port 53 to a resolver of its own."
			case t.good == 0:
				c.State, c.Detail = checkup.Failed, cmp.Or(t.bad, "none answers")
				c.Fix = "Allow outgoing " + name + " to port 53 of any address: acmbot asks the name servers of domains itself. Until then it cannot tell whether a record is there."
			case t.good*2 < t.all:
				c.State, c.Fix = checkup.Warning, "Many do not answer ("+t.bad+"); look for packet loss, or a firewall that allows some."
			}
			found = append(found, c)
		}
		if t := tallies[kind{transport, true}]; t != nil {
			c := checkup.Check{
				Area: checkup.AreaDNS, What: "resolvers over " + name, Purpose: "comparing with what others see",
				State: checkup.OK, Detail: fmt.Sprintf("%d of %d answer", t.good, t.all),
			}
			if t.good < t.all {
				c.State, c.Detail = checkup.Warning, c.Detail+"; "+t.bad
				c.Fix = "Allow outgoing " + name + " to port 53 of the resolvers in `ACMBOT_DNS_RESOLVERS`, or set others there."
			}
			found = append(found, c)
		}
	}
	if v6.all > 0 {
		c := checkup.Check{
			Area: checkup.AreaDNS, What: "root servers over IPv6", Purpose: "name servers that have IPv6 addresses only",
			State: checkup.OK, Detail: fmt.Sprintf("%d of %d answer", v6.good, v6.all),
		}
		if v6.good == 0 {
			c.State, c.Detail = checkup.Skipped, "there is no IPv6 here; servers that have IPv4 addresses are asked there"
		}
		found = append(found, c)
	}
	return found
}
