package inventory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/acmbot/acmbot/diagnose"
)

const (
	sessionName = "acmbot"
	// identityTimeout and identityPause keep an unreachable STS from slowing
	// every question: who the base credentials are is nice to know, not
	// needed.
	identityTimeout = 3 * time.Second
	identityPause   = time.Minute
	// assumeTimeout bounds the wait for a role's credentials.
	assumeTimeout = 5 * time.Second
	// refreshAhead is how long before their end credentials are renewed, so
	// that they do not run out during a diagnosis.
	refreshAhead = 2 * time.Minute
)

func (i *Inventory) baseAccount() *account {
	return &account{config: i.options.Config.Copy()}
}

// roleAccount is the account of a role. A role's ARN tells its account: no
// call is needed for that.
func (i *Inventory) roleAccount(arn string) *account {
	base := i.options.Config.Copy()
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), arn, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if i.options.ExternalID != "" {
			o.ExternalID = aws.String(i.options.ExternalID)
		}
	})
	// The cache hides its callers' deadlines from the provider: without one of
	// its own, a call that hangs would block the account for ever.
	timely := aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		ctx, cancel := context.WithTimeout(ctx, assumeTimeout)
		defer cancel()
		return provider.Retrieve(ctx)
	})
	a := &account{role: arn, config: base}
	a.config.Credentials = aws.NewCredentialsCache(timely, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = refreshAhead
	})
	a.holder = arn
	if parsed, ok := parseARN(arn); ok {
		a.id, a.partition = parsed.account, parsed.partition
	}
	return a
}

// A parsedARN is an ARN's parts.
type parsedARN struct {
	partition, service, region, account, resource string
}

func parseARN(arn string) (parsedARN, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return parsedARN{}, false
	}
	return parsedARN{partition: parts[1], service: parts[2], region: parts[3], account: parts[4], resource: parts[5]}, true
}

// partition returns the partition that a region is in, by the form of its
// name ("Partitions", AWS Fault Isolation Boundaries,
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html).
func partition(region string) string {
	for _, p := range []struct{ prefix, name string }{
		{"cn-", "aws-cn"},
		{"us-gov-", "aws-us-gov"},
		{"us-iso-", "aws-iso"},
		{"us-isob-", "aws-iso-b"},
		{"eu-isoe-", "aws-iso-e"},
		{"us-isof-", "aws-iso-f"},
		{"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p.prefix) {
			return p.name
		}
	}
	return "aws"
}

// reachable returns the accounts whose credentials could be had, with what
// stood in the way of the others. An account that both the base credentials
// and a role lead to is read through the role.
func (i *Inventory) reachable(ctx context.Context) ([]*account, []diagnose.Unseen) {
	failed := make([]*diagnose.Unseen, len(i.accounts))
	var wg sync.WaitGroup
	for n, a := range i.accounts {
		wg.Go(func() { failed[n] = i.credentials(ctx, a) })
	}
	wg.Wait()

	var accounts []*account
	var unseen []diagnose.Unseen
	for n, a := range i.accounts {
		switch {
		case failed[n] != nil:
			unseen = append(unseen, *failed[n])
		case a.role == "" && slices.ContainsFunc(i.accounts[1:], func(b *account) bool { return b.id == a.known() && b.id != "" }):
		default:
			accounts = append(accounts, a)
		}
	}
	return accounts, unseen
}

func (a *account) known() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.id
}

// partitionOr is an account's partition, that of a region where it is not known.
func (a *account) partitionOr(region string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return cmp.Or(a.partition, partition(region))
}

// whose is the ARN of the role or user that an account's credentials are of;
// empty where that is not known.
func (a *account) whose() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.holder
}

// name names whom an account's credentials are of.
func (a *account) name() string {
	switch holder := a.whose(); {
	case holder == "":
		return "the AWS credentials"
	case strings.Contains(holder, ":user/"):
		return "the user " + holder
	default:
		return "the role " + holder
	}
}

// credentials gets an account's credentials and, for the base, whose they are.
func (i *Inventory) credentials(ctx context.Context, a *account) *diagnose.Unseen {
	what := "everything that the AWS credentials lead to"
	if a.role != "" {
		what = "account " + cmp.Or(a.id, a.role)
	}
	if a.config.Credentials == nil {
		return &diagnose.Unseen{What: what, Why: diagnose.NotConfigured, Detail: noCredentials, Account: a.id}
	}
	assume, cancel := context.WithTimeout(ctx, assumeTimeout)
	defer cancel()
	if _, err := a.config.Credentials.Retrieve(assume); err != nil {
		i.options.Logger.DebugContext(ctx, "getting AWS credentials", "role", a.role, "error", err)
		u := i.credentialsUnseen(assume, err, a)
		u.What = what
		return &u
	}
	if a.role == "" && a.known() == "" {
		i.identify(ctx, a)
	}
	return nil
}

// identify asks STS whose the credentials are.
func (i *Inventory) identify(ctx context.Context, a *account) {
	a.mu.Lock()
	recent := i.within(a.identityAt, identityPause)
	a.mu.Unlock()
	if recent {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	who, err := sts.NewFromConfig(a.config).GetCallerIdentity(ctx, nil)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		i.options.Logger.DebugContext(ctx, "asking STS for the account", "error", err)
		a.identityAt = i.options.Now()
		return
	}
	a.id = aws.ToString(who.Account)
	if arn, ok := parseARN(aws.ToString(who.Arn)); ok {
		a.partition, a.holder = arn.partition, arn.holder()
	}
	// Clients made before now are limited under another key.
	a.clients = nil
}

// places are the regions of the accounts.
func (i *Inventory) places(accounts []*account) []place {
	var list []place
	for _, a := range accounts {
		for _, r := range i.options.Regions {
			list = append(list, place{account: a, region: r, id: a.known()})
		}
	}
	return list
}

// holders are the accounts that can speak for an account id: those known to
// be it, else those of which it is not known who they are.
func holders(accounts []*account, id string) []*account {
	var exact, unknown []*account
	for _, a := range accounts {
		switch a.known() {
		case id:
			exact = append(exact, a)
		case "":
			unknown = append(unknown, a)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return unknown
}
