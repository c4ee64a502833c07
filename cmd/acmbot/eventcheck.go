package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/acmbot/acmbot/diagnose/events"
)

// areaEvents is the doctor's on the queue.
const areaEvents = "ACM's events"

// checkEvents tries the queue of ACM's events, where there is one, without
// taking anything out of it.
func checkEvents(ctx context.Context, where *sight) []check {
	var s eventSettings
	if where == nil || load(&s) != nil || s.Queue.URL == "" {
		return nil // what is wrong with the settings is told elsewhere
	}
	queue, err := s.source(*where, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return []check{{Area: areaEvents, What: "queue", State: checkFail, Detail: err.Error(), Fix: "Set it right; acmbot help run lists the settings."}}
	}
	c := check{Area: areaEvents, Account: queue.Address().Account, Region: queue.Region(), What: "queue", State: checkOK}
	depth, err := queue.Depth(ctx)
	if trouble, ok := errors.AsType[*events.Trouble](err); ok {
		c.State, c.Detail, c.Fix = checkFail, trouble.What, trouble.Fix
		return []check{c}
	}
	c.Detail = fmt.Sprintf("%s is there; %d waiting, %d being handled; receiving was not tried, so as to take nothing away", queue.Address().Name, depth.Waiting, depth.Flying)
	dead := c
	dead.What, dead.Detail = "dead letters", "kept in "+depth.DeadLetter[strings.LastIndex(depth.DeadLetter, ":")+1:]
	switch {
	case depth.DeadLetter == "":
		dead.State, dead.Detail = checkWarn, "not kept: what acmbot cannot read or handle ten times is deleted"
		dead.Fix = "Give the queue a redrive policy with a maxReceiveCount of 5 or more, to look later at what it was."
	case depth.MaxReceives < 3:
		dead.State, dead.Detail = checkWarn, fmt.Sprintf("%s, after %d receives already: a short outage of Slack or AWS is enough", dead.Detail, depth.MaxReceives)
		dead.Fix = "Raise maxReceiveCount in the queue's redrive policy to 5 or more."
	}
	return []check{c, dead}
}
