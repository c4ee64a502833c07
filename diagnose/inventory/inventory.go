// Package inventory finds certificates, and what else AWS knows about them,
// over accounts and regions.
//
// A place is one region of one account. Places are asked concurrently, each
// under its own deadline and within ACM's quotas; one that fails is reported
// beside the results and never hides them.
package inventory

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acmpca"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/awswire"
)

// Options say where to look, and how hard.
type Options struct {
	// Config holds the base credentials, the home region and, for servers
	// other than AWS's own, the endpoint.
	Config aws.Config
	// Regions are looked through in every account; the home region alone,
	// us-east-1 without one, where empty.
	Regions []string
	// RoleARNs are assumed with the base credentials, one for each further
	// account. The base credentials' own account is looked through as well.
	RoleARNs []string
	// ExternalID goes with every role that is assumed, where not empty.
	ExternalID string

	// PlaceTimeout bounds what one question may take in one place; 10 s where
	// zero.
	PlaceTimeout time.Duration
	// MaxCertificates is how many certificates Find describes; 20 where zero.
	MaxCertificates int
	// Attempts is how often a call is tried in all; 4 where zero.
	Attempts int
	// Quotas override the requests a second, by IAM action, that one account
	// and region allow; see DefaultQuotas.
	Quotas map[string]float64
	// ZoneTTL is how long an account's list of hosted zones is kept; 30 s
	// where zero.
	ZoneTTL time.Duration

	// Visiting is called before certificates are looked for in a place, and
	// what it returns once that is done; the calls are made with its context.
	// Nobody is told where nil.
	Visiting func(ctx context.Context, place diagnose.Place) (context.Context, func())

	// Logger gets the SDK's own errors, at level debug; they never reach a
	// result.
	Logger *slog.Logger
	// Now is the clock; time.Now where nil.
	Now func() time.Time
}

// An Inventory reads certificates, hosted zones and private certificate
// authorities. It may be used concurrently.
type Inventory struct {
	options  Options
	accounts []*account // the base credentials' first
	limits   *limits
}

// The values that Options fall back to.
const (
	defaultPlaceTimeout    = 10 * time.Second
	defaultMaxCertificates = 20
	defaultAttempts        = 4
	defaultZoneTTL         = 30 * time.Second
	fallbackRegion         = "us-east-1"
)

// New returns an inventory. It makes no call.
func New(o Options) *Inventory {
	o.PlaceTimeout = cmp.Or(o.PlaceTimeout, defaultPlaceTimeout)
	o.MaxCertificates = cmp.Or(o.MaxCertificates, defaultMaxCertificates)
	o.Attempts = cmp.Or(o.Attempts, defaultAttempts)
	o.ZoneTTL = cmp.Or(o.ZoneTTL, defaultZoneTTL)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Regions = unique(o.Regions)
	if o.Config.Region == "" {
		o.Config.Region = fallbackRegion
		if len(o.Regions) > 0 {
			o.Config.Region = o.Regions[0]
		}
	}
	if len(o.Regions) == 0 {
		o.Regions = []string{o.Config.Region}
	}
	o.Config = awswire.Mend(o.Config)
	i := &Inventory{options: o, limits: newLimits(o.Quotas)}
	i.accounts = append(i.accounts, i.baseAccount())
	for _, arn := range unique(o.RoleARNs) {
		i.accounts = append(i.accounts, i.roleAccount(arn))
	}
	return i
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// An account is one set of credentials, and the clients that use it.
type account struct {
	role   string // the ARN of the role; empty for the base credentials
	config aws.Config

	mu         sync.Mutex
	id         string // 12 digits; empty while it is not known
	partition  string
	holder     string    // the ARN of the role or user that they are of; empty where that is not known
	identityAt time.Time // when the identity was last asked for in vain
	clients    map[string]clients
	searchless map[string]time.Time // by region: since when SearchCertificates is not tried
	zones      []diagnose.HostedZone
	zonesAt    time.Time
	zonesMu    sync.Mutex // held while the list is fetched, so that it is fetched once
}

type clients struct {
	acm     *acm.Client
	pca     *acmpca.Client
	route53 *route53.Client
}

// client returns the clients for a region, which it makes once.
func (i *Inventory) client(a *account, region string) clients {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.clients[region]; ok {
		return c
	}
	config := a.config.Copy()
	config.Region = region
	config.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = i.options.Attempts
			o.MaxBackoff = maxBackoff
		})
	}
	config.APIOptions = append(slices.Clone(config.APIOptions), i.limits.attach(cmp.Or(a.id, a.role, "base"), region))
	c := clients{acm: acm.NewFromConfig(config), pca: acmpca.NewFromConfig(config), route53: route53.NewFromConfig(config)}
	if a.clients == nil {
		a.clients = map[string]clients{}
	}
	a.clients[region] = c
	return c
}

// maxBackoff keeps a retry within a person's patience.
const maxBackoff = 2 * time.Second

// A place is one region of one account.
type place struct {
	account *account
	region  string
	// id is the account's id, empty while it is not known.
	id string
}

func (p place) public() diagnose.Place { return diagnose.Place{Account: p.id, Region: p.region} }

// where names the place in a sentence.
func (p place) where() string {
	return accountName(p.id) + " in " + p.region
}

// arn is the ARN of a resource in the place; empty where the place's account is
// not known.
func (p place) arn(service, resource string) string {
	if p.id == "" {
		return ""
	}
	return strings.Join([]string{"arn", p.account.partitionOr(p.region), service, p.region, p.id, resource}, ":")
}

// accountName names an account in a sentence.
func accountName(id string) string {
	if id == "" {
		return "the AWS credentials' own account"
	}
	return "account " + id
}

// within reports whether something happened at most so long ago. What is of the
// future, since the clock was put back, did not.
func (i *Inventory) within(at time.Time, age time.Duration) bool {
	since := i.options.Now().Sub(at)
	return !at.IsZero() && since >= 0 && since < age
}

// bounded gives a place its share of the time.
func (i *Inventory) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, i.options.PlaceTimeout)
}
