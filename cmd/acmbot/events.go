package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/events"
	"github.com/acmbot/acmbot/diagnose/world"
)

// eventSettings are where `acmbot run` hears of ACM's events.
type eventSettings struct {
	Queue   queueAddress `envconfig:"ACMBOT_EVENTS_QUEUE_URL" shown:"none: alerts come from looking at all certificates" desc:"The URL of the SQS queue that EventBridge sends ACM's events to, for alerts at once. Its region is the one in the URL."`
	RoleARN roleARN      `envconfig:"ACMBOT_EVENTS_ROLE_ARN" shown:"none" desc:"A role to assume for that queue, where it is in another account; with ACMBOT_EXTERNAL_ID, if that is set."`
}

// A queueAddress is an SQS queue's URL.
type queueAddress events.Address

// Decode implements envconfig.Decoder.
func (q *queueAddress) Decode(text string) error {
	address, err := events.ParseAddress(text)
	*q = queueAddress(address)
	return err
}

// check finds what does not go together.
func (s eventSettings) check() error {
	if s.RoleARN != "" && s.Queue.URL == "" {
		return &settingError{"ACMBOT_EVENTS_QUEUE_URL", "is not set, so nothing would use the role in ACMBOT_EVENTS_ROLE_ARN", ""}
	}
	return nil
}

// source is where events come from; nil where none is set.
func (s eventSettings) source(where sight, estate diagnose.Estate, log *slog.Logger) (*events.Queue, error) {
	if s.Queue.URL == "" {
		return nil, nil
	}
	q, err := events.New(events.Options{
		Address: events.Address(s.Queue), Config: where.inventory.Config,
		RoleARN: string(s.RoleARN), ExternalID: where.inventory.ExternalID,
		Find: findIn(estate), Logger: log,
	})
	if errors.Is(err, events.ErrNoRegion) {
		return nil, &settingError{"AWS_REGION", "is not set, and the URL in ACMBOT_EVENTS_QUEUE_URL tells no region either", ""}
	}
	return q, err
}

// findIn finds the certificates of a domain name among all that are listed.
func findIn(estate diagnose.Estate) func(context.Context, string) ([]string, error) {
	if estate == nil {
		return nil
	}
	return func(ctx context.Context, domain string) ([]string, error) {
		listing := estate.List(ctx)
		var arns []string
		for _, c := range listing.Certificates {
			if strings.EqualFold(c.DomainName, domain) {
				arns = append(arns, c.ARN)
			}
		}
		if len(listing.Certificates) == 0 && len(listing.Scope.Unreadable) > 0 {
			return nil, errors.New("no certificates could be read")
		}
		return arns, nil
	}
}

// demoEvents are the events of a world.
func demoEvents(scene *world.Running, where sight, estate diagnose.Estate, log *slog.Logger) (*events.Queue, error) {
	address, err := events.ParseAddress(scene.EventsQueueURL())
	if err != nil {
		return nil, fmt.Errorf("reading the address of the demo's queue: %w", err)
	}
	return eventSettings{Queue: queueAddress(address)}.source(where, estate, log)
}
