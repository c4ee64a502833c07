package main

import (
	"context"
	"time"

	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/bolt"
	"github.com/acmbot/acmbot/bot/state/dynamo"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/checkup"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/events"
	"github.com/acmbot/acmbot/diagnose/fix"
	"github.com/acmbot/acmbot/diagnose/gather"
	"github.com/acmbot/acmbot/diagnose/inventory"
)

// adminSettings are who may check the bot from Slack.
type adminSettings struct {
	Admins []userOrGroup `envconfig:"ACMBOT_ADMINS" shown:"the workspace's admins and owners" desc:"The ids of further Slack users (U…) and user groups (S…) who may ask the bot how it is set up, separated by commas. User groups take the scope usergroups:read."`
}

// checks are what acmbot doctor, and doctor in Slack, try out besides Slack.
type checks struct {
	where sight
	// estate lists all certificates.
	estate diagnose.Estate
	kinds  []fix.Kind
	// host is the web server to try.
	host string
	// keep is where the state is, and open is the Store where the bot has it
	// open already. Both are nil where nothing is kept.
	keep *stateSettings
	open state.Store
	// queue is where ACM's events come from, nil where there is none.
	queue *events.Queue
}

// tasks make the checks, each time afresh.
func (c checks) tasks() []checkup.Task {
	list := []checkup.Task{
		inventory.Task(c.where.inventory),
		gather.QuotaTask(c.estate),
		fix.Task(c.where.inventory, c.kinds),
		dnstrace.Task(c.where.dns),
		gather.WebTask(c.where.dns, c.where.probe, c.host),
	}
	if c.queue != nil {
		list = append(list, c.queue.Task())
	}
	if c.keep != nil {
		list = append(list, checkup.Task{Area: checkup.AreaStore, What: "state", Run: c.store})
	}
	return list
}

// store checks what is kept, through the Store that is open already where there
// is one.
func (c checks) store(ctx context.Context) []checkup.Check {
	if o, shared := c.keep.table(c.where.inventory.Config); shared {
		if o.Config.Region == "" {
			return []checkup.Check{{
				Area: checkup.AreaStore, What: "table", Purpose: state.Purpose, State: checkup.Failed,
				Detail: "AWS_REGION is not set, and tells where the DynamoDB table " + o.Table + " is", Fix: "Set AWS_REGION, or name the table by its ARN in `ACMBOT_STATE`.",
			}}
		}
		return dynamo.Check(ctx, o)
	}
	if c.keep.State == "memory" {
		return []checkup.Check{{
			Area: checkup.AreaStore, What: "state", Purpose: state.Purpose, State: checkup.Warning,
			Detail: "it is kept in memory only: a restart forgets it", Fix: "Set `ACMBOT_STATE` to a file's path, or to dynamodb:TABLE.",
		}}
	}
	path, err := c.keep.path()
	if err != nil {
		return []checkup.Check{{Area: checkup.AreaStore, What: "file", Purpose: state.Purpose, State: checkup.Failed, Detail: err.Error(), Fix: "Set `ACMBOT_STATE` to a file's path."}}
	}
	if c.open != nil {
		return append(bolt.CheckFile(path), state.Check(ctx, c.open, "the file", time.Now)...)
	}
	return bolt.Check(ctx, path)
}
