package world_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/world"
)

func TestMendedRecordRenews(t *testing.T) {
	renewals := make(chan struct{}, 8)
	logger := slog.New(&heard{message: "renewed", channel: renewals})
	r := start(t, parse(t, minimal), world.Options{RetryAfter: time.Millisecond, Logger: logger})
	before := describe(t, r, "shop.example.com").Certificate
	record := world.Record(account, "shop.example.com")

	client := route53.NewFromConfig(r.AWSConfig())
	zones, err := client.ListHostedZonesByName(t.Context(), &route53.ListHostedZonesByNameInput{DNSName: aws.String("example.com")})
	if err != nil || len(zones.HostedZones) != 1 {
		t.Fatalf("hosted zones: %+v, %v", zones, err)
	}
	change := func(action types.ChangeAction) {
		t.Helper()
		_, err := client.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: zones.HostedZones[0].Id,
			ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
				Action: action,
				ResourceRecordSet: &types.ResourceRecordSet{
					Name: aws.String(record.Name), Type: types.RRTypeCname, TTL: aws.Int64(300),
					ResourceRecords: []types.ResourceRecord{{Value: aws.String(record.Value)}},
				},
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(types.ChangeActionUpsert)
	if diff := cmp.Diff([]string{record.Value}, cname(t, r, record.Name)); diff != "" {
		t.Errorf("record after writing (-want +got):\n%s", diff)
	}
	select {
	case <-renewals:
	case <-time.After(20 * time.Second):
		t.Fatal("ACM did not renew")
	}
	after := describe(t, r, "shop.example.com").Certificate
	if after.RenewalSummary.RenewalStatus != "SUCCESS" || *after.Serial == *before.Serial || !after.NotAfter.After(*before.NotAfter) {
		t.Errorf("after the renewal: %s, serial number %s (before %s), until %s", after.RenewalSummary.RenewalStatus, *after.Serial, *before.Serial, after.NotAfter)
	}
	served := serve(t, r, "shop.example.com", "198.51.100.10")
	if want := strings.TrimLeft(strings.ReplaceAll(*after.Serial, ":", ""), "0"); served.Serial != want {
		t.Errorf("serves %s, want the new certificate %s", served.Serial, want)
	}

	change(types.ChangeActionDelete)
	if diff := cmp.Diff([]string{"nxdomain"}, cname(t, r, record.Name)); diff != "" {
		t.Errorf("record after deleting (-want +got):\n%s", diff)
	}
}

type heard struct {
	slog.Handler
	message string
	channel chan struct{}
}

func (h *heard) Enabled(context.Context, slog.Level) bool { return true }
func (h *heard) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		h.channel <- struct{}{}
	}
	return nil
}
func (h *heard) WithAttrs([]slog.Attr) slog.Handler { return h }

func TestRenewLeavesTheBlockedAlone(t *testing.T) {
	r := start(t, world.Demo(), world.Options{})
	renewed, err := r.Renew(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range []string{"api.example.com", "cdn.example.com"} {
		want = append(want, r.World().Certificate(name).ARN())
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, renewed); diff != "" {
		t.Errorf("renewed (-want +got):\n%s", diff)
	}
	status := map[string]string{}
	for _, v := range describe(t, r, "shop.example.com").Certificate.RenewalSummary.DomainValidationOptions {
		status[*v.DomainName] = string(v.ValidationStatus)
	}
	if diff := cmp.Diff(map[string]string{"shop.example.com": "PENDING_VALIDATION", "checkout.example.com": "SUCCESS"}, status); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
