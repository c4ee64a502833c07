package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/alert"
	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/bot/state/memory"
	"github.com/acmbot/acmbot/bot/workspace"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// From ACM's event in the queue to the message in Slack, all over the real
// protocols: a renewal that needs somebody is alerted, and one that has
// succeeded ends the alert. All certificates are looked through but once, so
// nothing else than the events can tell.
func TestEventBecomesAnAlert(t *testing.T) {
	scene := runWorld(t)
	slack, err := workspace.Start(workspace.Options{Manifest: manifest()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slack.Close() })
	log := slog.New(slog.DiscardHandler)
	where := sightOf(scene)
	where.shared = inventory.New(where.inventory)
	doctor, estate := where.observers()
	defer estate.Close()
	queue, err := demoEvents(scene, where, estate, log)
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New(time.Now)
	if err := demoSubscription(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	const rarely = 24 * time.Hour
	b, err := bot.New(bot.Options{
		BotToken: slack.BotToken(), AppToken: slack.AppToken(), APIURL: slack.APIURL(),
		Diagnostician: doctor, Estate: estate, Logger: log, Store: store,
		Events: queue, Alert: bot.AlertOptions{On: true, Every: rarely, Collect: 50 * time.Millisecond},
		FollowEvery: 100 * time.Millisecond, Stagger: 100 * time.Millisecond, Grace: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- b.Run(running) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the bot ended with %v", err)
		}
	}()

	// The look at all certificates is over: it was begun, and nobody holds it.
	eventually(ctx, t, "the look is over", func() bool {
		due, err := alert.Due(ctx, store, rarely, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if due {
			return false
		}
		lease, err := state.Claim(ctx, store, alert.Lease, "the test", time.Now(), time.Minute)
		if err != nil {
			return false
		}
		_ = state.Release(ctx, store, lease)
		return true
	}, func() string { return "" })
	if err := tidyAway(ctx, scene); err != nil {
		t.Fatal(err)
	}
	cert := scene.World().Certificate(demoTrouble)
	scene.AWS().Update(func(s *awsapi.State) { // ACM tells 30 days before
		c := s.Certificate(cert.ARN())
		c.NotAfter = time.Now().UTC().Truncate(time.Second).Add(20 * 24 * time.Hour)
	})
	if n := scene.Announce(); n != 2 { // that the end draws near, and that somebody is needed
		t.Errorf("%d events were sent", n)
	}
	begun, err := slack.WaitMessage(ctx, func(m workspace.Message) bool {
		return m.Channel == demoChannel && strings.Contains(m.Text, demoTrouble)
	})
	if err != nil {
		t.Fatalf("no alert: %v", err)
	}

	record := world.Record(cert.Account, demoTrouble)
	dns := route53.NewFromConfig(scene.AWSConfig())
	_, parent, _ := strings.Cut(demoTrouble, ".")
	zones, err := dns.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String(parent), MaxItems: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dns.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: zones.HostedZones[0].Id,
		ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeActionUpsert, ResourceRecordSet: &types.ResourceRecordSet{
			Name: aws.String(record.Name), Type: types.RRTypeCname, TTL: aws.Int64(300), ResourceRecords: []types.ResourceRecord{{Value: aws.String(record.Value)}},
		}}}},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := scene.Renew(ctx); err != nil {
		t.Fatal(err)
	}
	if n := scene.Announce(); n < 1 {
		t.Errorf("%d events were sent of the renewal", n)
	}
	if _, err := slack.WaitMessage(ctx, func(m workspace.Message) bool {
		return m.Channel == demoChannel && m.ThreadTS == begun.TS && strings.Contains(strings.ToLower(m.Text), "renewed")
	}); err != nil {
		t.Fatalf("the alert does not end: %v", err)
	}
	eventually(ctx, t, "all events are taken from the queue", func() bool { return len(scene.AWS().Messages(worldsQueue)) == 0 },
		func() string { return fmt.Sprint(scene.AWS().Messages(worldsQueue)) })
}
