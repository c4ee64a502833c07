package events

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/acmbot/acmbot/diagnose/checkup"
)

// purpose is what the queue is for.
const purpose = "alerts at once"

// Task checks the queue without taking anything out of it.
func (q *Queue) Task() checkup.Task {
	return checkup.Task{Area: checkup.AreaEvents, What: "queue", Run: q.check}
}

func (q *Queue) check(ctx context.Context) []checkup.Check {
	c := checkup.Check{
		Area: checkup.AreaEvents, Account: q.address.Account, Region: q.region, What: "queue", Purpose: purpose, State: checkup.OK,
	}
	depth, err := q.Depth(ctx)
	if t, ok := errors.AsType[*Trouble](err); ok {
		c.State, c.Detail, c.Fix = checkup.Failed, t.What, t.Fix
		return []checkup.Check{c, q.receiving(c)}
	}
	c.Detail = fmt.Sprintf("`%s` is there; %d waiting, %d being handled", q.address.Name, depth.Waiting, depth.Flying)
	dead := c
	dead.What, dead.Detail = "dead letters", "they are kept in `"+depth.DeadLetter[strings.LastIndex(depth.DeadLetter, ":")+1:]+"`"
	switch {
	case depth.DeadLetter == "":
		dead.State, dead.Detail = checkup.Warning, fmt.Sprintf("what acmbot cannot read or handle %d times is deleted: the queue has no redrive policy", q.options.MaxReceives)
		dead.Fix = "Give the queue a redrive policy with a `maxReceiveCount` of 5 or more, to see later what it was."
	case depth.MaxReceives < 3:
		dead.State, dead.Detail = checkup.Warning, fmt.Sprintf("%s after %d receives: a short outage is enough", dead.Detail, depth.MaxReceives)
		dead.Fix = "Raise `maxReceiveCount` in the queue's redrive policy to 5 or more."
	}
	return []checkup.Check{c, dead, q.receiving(c)}
}

// receiving is how the queue fares where it is being received from. It is not
// tried out: that would take messages.
func (q *Queue) receiving(c checkup.Check) checkup.Check {
	c.What, c.State, c.Fix = "receiving", checkup.OK, ""
	h := q.Health()
	switch {
	case h.Trouble != nil:
		c.State, c.Detail, c.Fix = checkup.Failed, h.Trouble.What, h.Trouble.Fix
	case h.LastReceive.IsZero():
		c.State, c.Detail = checkup.Skipped, "not tried, since it would take messages away; the bot that runs logs when it cannot"
	default:
		c.Detail = fmt.Sprintf("SQS answered %s ago", q.options.Now().Sub(h.LastReceive).Round(1e9))
	}
	return c
}
