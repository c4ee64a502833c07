package inventory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acmpca"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/acmbot/acmbot/diagnose"
)

// A Trial is a permission that was tried out in one place.
type Trial struct {
	Permission
	Account string // 12 digits; empty where it is not known
	Region  string // empty where the action has none
	// Resource is the ARN that it was tried on; empty where the action has none.
	Resource string
	// Unseen says what stands in the way; nil where the call is allowed.
	Unseen *diagnose.Unseen
	// Untold is set where the call neither worked nor was refused, in a way
	// that says nothing about the permission.
	Untold bool
	// ByPolicy is set where a policy of the AWS organization denies it.
	ByPolicy bool
}

// nowhere is the identifier of something that does not exist. IAM decides
// before a service looks for the resource ("Policy evaluation logic", IAM User
// Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html):
// "not found" means that the call is allowed.
const (
	nowhere     = "00000000-0000-0000-0000-000000000000"
	nowhereZone = "Z00000000000000000000"
)

// Check tries every permission out, in every place where it is needed, with
// calls that change nothing. Accounts whose credentials cannot be had are in
// the second result.
func (i *Inventory) Check(ctx context.Context) ([]Trial, []diagnose.Unseen) {
	accounts, unseen := i.reachable(ctx)
	places := i.places(accounts)
	tried := make([][]Trial, len(places)+len(accounts))
	var wg sync.WaitGroup
	for n, p := range places {
		wg.Go(func() {
			ctx, cancel := i.bounded(ctx)
			defer cancel()
			tried[n] = i.checkPlace(ctx, p)
		})
	}
	for n, a := range accounts {
		wg.Go(func() {
			ctx, cancel := i.bounded(ctx)
			defer cancel()
			tried[len(places)+n] = i.checkZones(ctx, place{account: a, id: a.known()})
		})
	}
	wg.Wait()
	all := slices.Concat(tried...)
	slices.SortStableFunc(all, func(a, b Trial) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region))
	})
	return all, unseen
}

// trial tells what the error of a call on a resource says about the permission
// for it.
func (i *Inventory) trial(ctx context.Context, p place, action, resource string, err error) Trial {
	t := Trial{Account: p.id, Region: p.region, Resource: resource}
	for _, known := range Permissions() {
		if known.Action == action {
			t.Permission = known
		}
	}
	if err == nil {
		return t
	}
	f := classify(ctx, err)
	if f == faultNotFound {
		return t
	}
	u := i.unseen(ctx, err, action, p)
	u.What = "the permission " + action
	t.Unseen, t.Untold, t.ByPolicy = &u, f == faultInvalid, f == faultDeniedByPolicy
	return t
}

func (i *Inventory) checkPlace(ctx context.Context, p place) []Trial {
	client := i.client(p.account, p.region)
	var trials []Trial
	try := func(action, resource string, err error) {
		trials = append(trials, i.trial(ctx, p, action, resource, err))
	}

	listed, err := client.acm.ListCertificates(ctx, &acm.ListCertificatesInput{MaxItems: aws.Int32(1)})
	try("acm:ListCertificates", "", err)
	found, err := client.acm.SearchCertificates(ctx, &acm.SearchCertificatesInput{MaxResults: aws.Int32(1)})
	try("acm:SearchCertificates", "", err)

	// A certificate that exists serves best: a policy may be about some only.
	arn := p.arn("acm", "certificate/"+nowhere)
	exists := ""
	if listed != nil && len(listed.CertificateSummaryList) > 0 {
		exists = aws.ToString(listed.CertificateSummaryList[0].CertificateArn)
	} else if found != nil && len(found.Results) > 0 {
		exists = aws.ToString(found.Results[0].CertificateArn)
	}
	if arn = cmp.Or(exists, arn); arn != "" {
		_, err = client.acm.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: aws.String(arn)})
		try("acm:DescribeCertificate", arn, err)
		_, err = client.acm.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: aws.String(arn)})
		try("acm:ListTagsForCertificate", arn, err)
		_, err = client.acm.ListCertificateDomainValidations(ctx, &acm.ListCertificateDomainValidationsInput{CertificateArn: aws.String(arn)})
		try("acm:ListCertificateDomainValidations", arn, err)
	}
	if arn := p.arn("acm-pca", "certificate-authority/"+nowhere); arn != "" {
		_, err = client.pca.DescribeCertificateAuthority(ctx, &acmpca.DescribeCertificateAuthorityInput{CertificateAuthorityArn: aws.String(arn)})
		try("acm-pca:DescribeCertificateAuthority", arn, err)
		_, err = client.pca.ListPermissions(ctx, &acmpca.ListPermissionsInput{CertificateAuthorityArn: aws.String(arn)})
		try("acm-pca:ListPermissions", arn, err)
		_, err = client.pca.GetPolicy(ctx, &acmpca.GetPolicyInput{ResourceArn: aws.String(arn)})
		try("acm-pca:GetPolicy", arn, err)
	}
	return trials
}

func (i *Inventory) checkZones(ctx context.Context, p place) []Trial {
	client := i.client(p.account, i.options.Config.Region).route53
	var trials []Trial
	try := func(action, zone string, err error) {
		if zone != "" {
			zone = "arn:" + p.account.partitionOr(i.options.Config.Region) + ":route53:::hostedzone/" + zone
		}
		trials = append(trials, i.trial(ctx, p, action, zone, err))
	}

	listed, err := client.ListHostedZones(ctx, &route53.ListHostedZonesInput{MaxItems: aws.Int32(1)})
	try("route53:ListHostedZones", "", err)
	zone := nowhereZone
	if listed != nil && len(listed.HostedZones) > 0 {
		zone = strings.TrimPrefix(aws.ToString(listed.HostedZones[0].Id), "/hostedzone/")
	}
	_, err = client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String(zone)})
	try("route53:GetHostedZone", zone, err)
	_, err = client.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String(zone), MaxItems: aws.Int32(1)})
	try("route53:ListResourceRecordSets", zone, err)
	if listed != nil && len(listed.HostedZones) > 0 && listed.HostedZones[0].Config != nil && listed.HostedZones[0].Config.PrivateZone {
		zone = nowhereZone // private zones cannot be signed, and are refused
	}
	_, err = client.GetDNSSEC(ctx, &route53.GetDNSSECInput{HostedZoneId: aws.String(zone)})
	try("route53:GetDNSSEC", zone, err)
	return trials
}
