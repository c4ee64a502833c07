package world

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/awswire"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/probe"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
	"github.com/acmbot/acmbot/diagnose/world/dnsd"
)

// Options are how a world is run. The zero value is ready for use.
type Options struct {
	// Now is the world's clock; time.Now where nil. Signed AWS requests and the
	// validity of X.509 certificates go by the machine's.
	Now func() time.Time
	// AWSLatency and DNSLatency are waited before each answer.
	AWSLatency time.Duration
	DNSLatency time.Duration
	// RetryAfter is how long after a change of its data ACM looks again at the
	// renewals that wait for a DNS record, as it does by itself within hours,
	// and tells of what has happened; of what only time brings it tells each
	// minute. It never does where 0; see [Running.Renew] and
	// [Running.Announce].
	RetryAfter time.Duration
	// Literal listens on the ports 53, 80 and 443 of addresses in 127.0.0.0/8,
	// to which the world's addresses are moved, so that another process can be
	// pointed at it by configuration alone. It needs Linux, and the right to
	// use those ports.
	Literal bool
	// DynamoDB is where one is that the world's accounts have; none where empty.
	DynamoDB string
	// Logger hears of what the world does; nothing is logged where nil.
	Logger *slog.Logger
}

// The access key of the first account.
const (
	accessKeyID     = "AKIAIOSFODNN7EXAMPLE"
	secretAccessKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// A Running is a world that runs. It is safe for concurrent use.
type Running struct {
	world   *World
	options Options
	started time.Time
	log     *slog.Logger

	api     *awsapi.Server
	apiURL  string
	network *dnsd.Network
	mint    *mint
	certs   *wardrobe
	sockets map[string]string // of virtual TCP addresses, as ip:port; the values are "" where nothing listens
	silent  map[string]bool
	queries atomic.Int64

	queue, queueURL string // of the events; the rule sends to it
	rule            string
	told            map[string]told // by ARN; only under the API's lock
	announced       int             // as above

	mu    sync.Mutex
	zones map[string]map[string]awsapi.RecordSet // by hosted zone id, then name and type

	ctx    context.Context
	cancel context.CancelFunc
	retry  chan struct{}
	wg     sync.WaitGroup
	once   sync.Once
	close  []func()
}

// Start brings the world up. It runs until ctx ends or Close is called.
func (w *World) Start(ctx context.Context, o Options) (_ *Running, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &Running{
		world: w, options: o, started: o.Now().UTC().Truncate(time.Second), log: log,
		sockets: map[string]string{}, silent: map[string]bool{},
		certs: &wardrobe{certs: map[string]*tls.Certificate{}}, told: map[string]told{},
		zones: map[string]map[string]awsapi.RecordSet{}, ctx: ctx, cancel: cancel, retry: make(chan struct{}, 1),
	}
	defer func() {
		if err != nil {
			r.Close()
			err = fmt.Errorf("starting the world %s: %w", w.Name, err)
		}
	}()
	if r.mint, err = newMint(r.started); err != nil {
		return nil, err
	}
	if err := r.startAWS(); err != nil {
		return nil, err
	}
	if err := r.startDNS(); err != nil {
		return nil, err
	}
	if err := r.startEndpoints(); err != nil {
		return nil, err
	}
	r.wg.Go(r.retryRenewals)
	context.AfterFunc(ctx, r.Close)
	return r, nil
}

// Close stops everything, and waits until it has stopped.
func (r *Running) Close() {
	r.once.Do(func() {
		r.cancel()
		for _, stop := range slices.Backward(r.close) {
			stop()
		}
		r.wg.Wait()
	})
}

// World is the description that runs.
func (r *Running) World() *World { return r.world }

// AWS is the AWS API, whose state can be changed while it runs, and which keeps
// the calls that it answered.
func (r *Running) AWS() *awsapi.Server { return r.api }

// DNSQueries is how many queries the name servers and resolvers have received.
func (r *Running) DNSQueries() int { return int(r.queries.Load()) }

// AWSEnv are the environment variables that point an AWS SDK or the AWS CLI at
// this world, with the keys of its first account.
func (r *Running) AWSEnv() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL":            r.apiURL,
		"AWS_ACCESS_KEY_ID":           accessKeyID,
		"AWS_SECRET_ACCESS_KEY":       secretAccessKey,
		"AWS_SESSION_TOKEN":           "",
		"AWS_REGION":                  r.world.Regions()[0],
		"AWS_PROFILE":                 "",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
	}
}

// AWSConfig is the configuration of an AWS SDK client that AWSEnv leads to.
func (r *Running) AWSConfig() aws.Config {
	return awswire.Mend(aws.Config{
		Region:       r.world.Regions()[0],
		BaseEndpoint: aws.String(r.apiURL),
		Credentials:  credentials.NewStaticCredentialsProvider(accessKeyID, secretAccessKey, ""),
	})
}

// Regions are the regions to search, sorted.
func (r *Running) Regions() []string { return r.world.Regions() }

// RoleARNs are the roles by which the other accounts are read, in the file's
// order of accounts.
func (r *Running) RoleARNs() []string {
	var arns []string
	for _, a := range r.world.Accounts[1:] {
		arns = append(arns, "arn:aws:iam::"+a.ID+":role/"+RoleName)
	}
	return arns
}

// ExternalIDs are what must be given to assume the roles that ask for it, by
// role ARN.
func (r *Running) ExternalIDs() map[string]string {
	ids := map[string]string{}
	for _, a := range r.world.Accounts[1:] {
		if a.ExternalID != "" {
			ids["arn:aws:iam::"+a.ID+":role/"+RoleName] = a.ExternalID
		}
	}
	return ids
}

// DNSOptions point a tracer at this world.
func (r *Running) DNSOptions() dnstrace.Options {
	o := dnstrace.Options{
		Roots: r.network.Roots(), TrustAnchors: r.network.TrustAnchors(), Resolvers: r.network.Resolvers(), Now: r.options.Now,
	}
	if !r.options.Literal {
		o.Dial = r.network.Dial
	}
	return o
}

// ProbeOptions point a prober at this world.
func (r *Running) ProbeOptions() probe.Options {
	if r.options.Literal {
		return probe.Options{Allow: []netip.Prefix{loopback}}
	}
	return probe.Options{Allow: virtual, Dial: r.Dial}
}

// RootHints is a root hints file (RFC 1035 master file format) for the world's
// root servers. It is of use to other processes where the world is literal.
func (r *Running) RootHints() string {
	var b strings.Builder
	for _, root := range r.network.Roots() {
		name := diagnose.CanonicalName(root.Name)
		fmt.Fprintf(&b, ".  3600000  NS  %s.\n", name)
		for _, address := range root.Addresses {
			if at, err := netip.ParseAddrPort(address); err == nil {
				address = at.Addr().String()
			}
			fmt.Fprintf(&b, "%s.  3600000  A  %s\n", name, address)
		}
	}
	return b.String()
}

// startAWS brings up the AWS API with the accounts' contents.
func (r *Running) startAWS() error {
	r.api = awsapi.New(awsapi.Options{Now: r.options.Now, OnWrite: r.wrote, DynamoDB: r.options.DynamoDB})
	var failed error
	r.api.Update(func(s *awsapi.State) { failed = r.fill(s) })
	if failed != nil {
		return failed
	}
	for _, a := range r.world.Accounts {
		faults, err := a.faults()
		if err != nil {
			return err
		}
		for _, f := range faults {
			r.api.Inject(f)
		}
	}
	if r.options.AWSLatency > 0 {
		r.api.Inject(&awsapi.Fault{Delay: r.options.AWSLatency})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for the AWS API: %w", err)
	}
	r.apiURL = "http://" + listener.Addr().String()
	r.serve(&http.Server{Handler: r.api, ReadHeaderTimeout: time.Minute}, listener)
	return nil
}

// fill puts the description into the AWS API.
func (r *Running) fill(s *awsapi.State) error {
	for i, a := range r.world.Accounts {
		account := s.Account(a.ID)
		account.Deny, account.DenyByPolicy = a.Deny, a.DenyByPolicy
		if i == 0 {
			account.Keys = []awsapi.AccessKey{{
				ID: accessKeyID, Secret: secretAccessKey, Principal: "arn:aws:iam::" + a.ID + ":role/acmbot",
			}}
		}
		account.Roles = []*awsapi.Role{{Name: RoleName, ExternalID: a.ExternalID}}
		// A denied AssumeRole is the role's own trust policy, not something
		// that the role may not do.
		if slices.Contains(a.Deny, "sts:AssumeRole") {
			account.Roles[0].Trusts = []string{"000000000000"}
		}
		for name, region := range a.Regions {
			in := account.Region(name)
			in.Deny, in.Disabled = region.Deny, region.Disabled
		}
		zones, err := r.world.hostedZones(a.ID)
		if err != nil {
			return err
		}
		account.HostedZones = zones
		for _, z := range zones {
			r.zones[z.ID] = snapshot(z)
		}
	}
	r.addQueues(s)
	for _, a := range r.world.Authorities {
		if !a.Gone {
			region := s.Account(a.Account).Region(a.Region)
			region.Authorities = append(region.Authorities, a.pca(r.started))
		}
	}
	for _, c := range r.world.Certificates {
		entry := c.acm(r.started)
		if c.everIssued() {
			served, err := r.mint.x509(c)
			if err != nil {
				return err
			}
			r.certs.put(c.ARN(), served)
			entry.Body, entry.Chain = pemOf(served.Certificate[0]), pemOf(served.Certificate[1])
		}
		region := s.Account(c.Account).Region(c.Region)
		region.Certificates = append(region.Certificates, entry)
		r.told[entry.ARN] = tell(entry, r.started)
	}
	return nil
}

// startDNS brings up the name servers.
func (r *Running) startDNS() error {
	d, err := r.world.description(r.options.Literal)
	if err != nil {
		return err
	}
	if r.options.DNSLatency > 0 {
		slow := dnsd.Behaviour{Do: dnsd.MisdeedDelay, Delay: r.options.DNSLatency}
		for i := range d.Servers {
			d.Servers[i].Behaviours = append(d.Servers[i].Behaviours, slow)
		}
		for i := range d.Resolvers {
			d.Resolvers[i].Behaviours = append(d.Resolvers[i].Behaviours, slow)
		}
	}
	network, err := dnsd.Start(d, dnsd.Options{
		Literal: r.options.Literal, Now: r.options.Now,
		OnQuery: func(dnsd.QueryEvent) { r.queries.Add(1) },
	})
	if err != nil {
		return fmt.Errorf("starting the name servers: %w", err)
	}
	r.network = network
	r.close = append(r.close, network.Close)
	return nil
}

// serve runs an HTTP server until Close.
func (r *Running) serve(server *http.Server, listener net.Listener) {
	server.ErrorLog = slog.NewLogLogger(r.log.Handler(), slog.LevelDebug)
	r.wg.Go(func() { _ = server.Serve(listener) }) // ends with Close
	r.close = append(r.close, func() { _ = server.Close() })
}
