package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/bot/state"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// demoChannel is the channel of the demo's workspace that gets a digest and
// alerts.
const demoChannel = "C0AOPSCERT"

// demoTrouble is the certificate of the demo's world that gets into trouble
// while one looks on.
const demoTrouble = "api.example.com"

// demoAlerts are alerts within seconds, as all in the demo is.
var demoAlerts = bot.AlertOptions{On: true, Every: 4 * time.Second, Collect: time.Second}

// demoSubscription gives the demo's channel a digest from tomorrow on, and
// alerts at once.
func demoSubscription(ctx context.Context, store state.Store) error {
	return digest.Subscribe(ctx, store, digest.Subscription{
		Channel: demoChannel, At: 9 * 60, Zone: "UTC", Quiet: digest.QuietLine, Changed: time.Now().UTC(),
	})
}

// tellStory has somebody tidy away a validation record after a while, just as
// ACM needs it for a renewal.
func tellStory(ctx context.Context, scene *world.Running, after time.Duration, log *slog.Logger) {
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	if err := tidyAway(ctx, scene); err != nil && ctx.Err() == nil {
		log.WarnContext(ctx, "the demo's story cannot be told", "error", err)
	}
}

func tidyAway(ctx context.Context, scene *world.Running) error {
	var account, record string
	scene.AWS().Update(func(s *awsapi.State) {
		for id, a := range s.Accounts {
			for _, region := range a.Regions {
				for _, c := range region.Certificates {
					if c.DomainName != demoTrouble || c.Renewal == nil || c.Renewal.RenewalStatus != diagnose.RenewalPendingAuto {
						continue
					}
					account = id
					c.Renewal.RenewalStatus, c.Renewal.UpdatedAt = diagnose.RenewalPendingValidation, time.Now().UTC()
					for i := range c.Renewal.DomainValidationOptions {
						v := &c.Renewal.DomainValidationOptions[i]
						v.ValidationStatus = diagnose.NamePending
						record = strings.TrimSuffix(v.RecordName, ".")
					}
				}
			}
		}
	})
	if account == "" || record == "" {
		return fmt.Errorf("%s waits for nothing", demoTrouble)
	}
	dns := route53.NewFromConfig(scene.AWSConfig())
	_, parent, _ := strings.Cut(demoTrouble, ".")
	zones, err := dns.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String(parent), MaxItems: aws.Int32(1)})
	if err != nil {
		return fmt.Errorf("finding the zone %s: %w", parent, err)
	}
	if len(zones.HostedZones) == 0 {
		return fmt.Errorf("there is no zone %s", parent)
	}
	sets, err := dns.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{
		HostedZoneId: zones.HostedZones[0].Id, StartRecordName: aws.String(record), StartRecordType: types.RRTypeCname, MaxItems: aws.Int32(1),
	})
	if err != nil {
		return fmt.Errorf("finding the record: %w", err)
	}
	if len(sets.ResourceRecordSets) == 0 || aws.ToString(sets.ResourceRecordSets[0].Name) != record+"." {
		return fmt.Errorf("there is no record %s", record)
	}
	_, err = dns.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: zones.HostedZones[0].Id,
		ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
			Action: types.ChangeActionDelete, ResourceRecordSet: &sets.ResourceRecordSets[0],
		}}},
	})
	if err != nil {
		return fmt.Errorf("deleting the record: %w", err)
	}
	return nil
}
