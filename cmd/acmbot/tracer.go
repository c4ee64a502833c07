package main

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/acmbot/acmbot/bot"
	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/gather"
	"github.com/acmbot/acmbot/diagnose/inventory"
)

// A tracer makes OpenTelemetry spans of what the program does. They tell
// accounts, regions and what AWS's and Slack's methods are called; no domain, no
// ARN, no address, no person, no text, and of errors no more than their kind.
type tracer struct{ otel trace.Tracer }

var _ bot.Tracer = (*tracer)(nil)

// Begin implements bot.Tracer.
func (t *tracer) Begin(ctx context.Context, name string, attributes ...slog.Attr) (context.Context, func(error)) {
	ctx, span := t.otel.Start(ctx, name, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(otelAttributes(attributes)...))
	return ctx, ending(span)
}

// Step implements bot.Tracer. Slack's methods are calls of another service.
func (t *tracer) Step(ctx context.Context, name string, attributes ...slog.Attr) (context.Context, func(error)) {
	kind := trace.SpanKindInternal
	if strings.HasPrefix(name, "slack ") {
		kind = trace.SpanKindClient
	}
	return t.step(ctx, name, kind, otelAttributes(attributes)...)
}

// step begins a span where there is one that it belongs to.
func (t *tracer) step(ctx context.Context, name string, kind trace.SpanKind, attributes ...attribute.KeyValue) (context.Context, func(error)) {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, func(error) {}
	}
	ctx, span := t.otel.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	return ctx, ending(span)
}

func otelAttributes(list []slog.Attr) []attribute.KeyValue {
	var out []attribute.KeyValue
	for _, a := range list {
		switch a.Value.Kind() {
		case slog.KindBool:
			out = append(out, attribute.Bool("acmbot."+a.Key, a.Value.Bool()))
		case slog.KindInt64:
			out = append(out, attribute.Int64("acmbot."+a.Key, a.Value.Int64()))
		default:
			out = append(out, attribute.String("acmbot."+a.Key, a.Value.String()))
		}
	}
	return out
}

// ending is how a span ends. An error's kind is told as the semantic conventions
// have it ("Recording errors",
// https://opentelemetry.io/docs/specs/semconv/general/recording-errors/), its
// text is not.
func ending(span trace.Span) func(error) {
	return func(err error) {
		if err != nil {
			span.SetAttributes(attribute.String("error.type", errorType(err)))
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

func errorType(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	if code := bot.SlackCode(err); code != "" {
		return code
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return "_OTHER"
}

// attach makes a span of each call to AWS, its tries included. Nothing is put
// into the requests.
func (t *tracer) attach(cfg *aws.Config) {
	follow := middleware.InitializeMiddlewareFunc("CallTracer", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
		ctx, end := t.step(ctx, service+" "+operation, trace.SpanKindClient,
			attribute.String("rpc.system", "aws-api"), attribute.String("rpc.service", service), attribute.String("rpc.method", operation),
			attribute.String("cloud.region", awsmiddleware.GetRegion(ctx)))
		out, metadata, err := next.HandleInitialize(ctx, in)
		span := trace.SpanFromContext(ctx)
		if tries, ok := retry.GetAttemptResults(metadata); ok && span.IsRecording() {
			span.SetAttributes(attribute.Int("acmbot.tries", len(tries.Results)))
		}
		end(err)
		return out, metadata, err
	})
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(follow, middleware.After)
	})
}

// watch returns a sight like s that is followed.
func (t *tracer) watch(s sight) sight {
	t.attach(&s.inventory.Config)
	s.inventory.Visiting = t.visiting
	s.tracer = t
	return s
}

// visiting is for inventory.Options: a span for each place.
func (t *tracer) visiting(ctx context.Context, place diagnose.Place) (context.Context, func()) {
	ctx, end := t.step(ctx, "inventory place", trace.SpanKindInternal,
		attribute.String("cloud.account.id", place.Account), attribute.String("cloud.region", place.Region))
	return ctx, func() { end(nil) }
}

// follow puts spans around what a gatherer's observers do.
func (t *tracer) follow(o *gather.Options) {
	o.Inventory = tracedInventory{o.Inventory, t}
	o.Prober = tracedProber{o.Prober, t}
	session := o.Session
	o.Session = func() gather.Resolver {
		return &tracedResolver{Resolver: session(), tracer: t, seen: map[[2]string]bool{}}
	}
}

type tracedInventory struct {
	gather.Inventory
	tracer *tracer
}

func (i tracedInventory) Find(ctx context.Context, q diagnose.Query, progress func(diagnose.Progress)) inventory.Found {
	ctx, end := i.tracer.step(ctx, "inventory", trace.SpanKindInternal)
	found := i.Inventory.Find(ctx, q, progress)
	note(ctx, "acmbot.certificates", len(found.Certificates)+len(found.More))
	note(ctx, "acmbot.places", len(found.Scope.Places))
	note(ctx, "acmbot.unreadable", len(found.Scope.Unreadable))
	end(nil)
	return found
}

func (i tracedInventory) HostedZones(ctx context.Context, account string, names []string) ([]diagnose.HostedZone, []diagnose.Unseen) {
	ctx, end := i.tracer.step(ctx, "hosted zones", trace.SpanKindInternal)
	zones, unseen := i.Inventory.HostedZones(ctx, account, names)
	note(ctx, "acmbot.zones", len(zones))
	end(nil)
	return zones, unseen
}

func (i tracedInventory) Authority(ctx context.Context, arn string) *diagnose.Authority {
	ctx, end := i.tracer.step(ctx, "private authority", trace.SpanKindInternal)
	defer end(nil)
	return i.Inventory.Authority(ctx, arn)
}

// note notes a number with the span of a context.
func note(ctx context.Context, key string, n int) {
	trace.SpanFromContext(ctx).SetAttributes(attribute.Int(key, n))
}

type tracedResolver struct {
	gather.Resolver
	tracer *tracer

	mu   sync.Mutex
	seen map[[2]string]bool
}

// first reports whether something has not been asked before: the session answers
// the second time from memory.
func (r *tracedResolver) first(name, what string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.seen[[2]string{name, what}]
	r.seen[[2]string{name, what}] = true
	return !asked
}

func (r *tracedResolver) Lookup(ctx context.Context, name, rrtype string) *diagnose.Lookup {
	if !r.first(name, rrtype) {
		return r.Resolver.Lookup(ctx, name, rrtype)
	}
	ctx, end := r.tracer.step(ctx, "dns walk", trace.SpanKindClient, attribute.String("dns.type", rrtype))
	answer := r.Resolver.Lookup(ctx, name, rrtype)
	note(ctx, "dns.servers", len(answer.Replies))
	note(ctx, "dns.resolvers", len(answer.Public))
	end(nil)
	return answer
}

func (r *tracedResolver) Addresses(ctx context.Context, name string) ([]netip.Addr, string, diagnose.Outcome) {
	if !r.first(name, "addresses") {
		return r.Resolver.Addresses(ctx, name)
	}
	ctx, end := r.tracer.step(ctx, "dns addresses", trace.SpanKindClient)
	addrs, canonical, outcome := r.Resolver.Addresses(ctx, name)
	note(ctx, "dns.addresses", len(addrs))
	trace.SpanFromContext(ctx).SetAttributes(attribute.String("dns.outcome", string(outcome)))
	end(nil)
	return addrs, canonical, outcome
}

type tracedProber struct {
	gather.Prober
	tracer *tracer
}

func (p tracedProber) TLS(ctx context.Context, name string, addrs []netip.Addr) []diagnose.TLSServed {
	ctx, end := p.tracer.step(ctx, "probe https", trace.SpanKindClient, attribute.Int("acmbot.addresses", len(addrs)))
	served := p.Prober.TLS(ctx, name, addrs)
	failed := 0
	for _, s := range served {
		if s.Obstacle != "" {
			failed++
		}
	}
	note(ctx, "acmbot.failed", failed)
	end(nil)
	return served
}

func (p tracedProber) HTTP(ctx context.Context, url string, resolve func(context.Context, string) ([]netip.Addr, error)) diagnose.HTTPReply {
	ctx, end := p.tracer.step(ctx, "probe http", trace.SpanKindClient)
	reply := p.Prober.HTTP(ctx, url, resolve)
	if reply.Obstacle != "" {
		trace.SpanFromContext(ctx).SetAttributes(attribute.String("acmbot.obstacle", string(reply.Obstacle)))
	}
	end(nil)
	return reply
}

// doctor makes a span of each diagnosis, and one of its judging.
func (t *tracer) doctor(d diagnose.Diagnostician) diagnose.Diagnostician { return tracedDoctor{d, t} }

type tracedDoctor struct {
	diagnose.Diagnostician
	tracer *tracer
}

func (d tracedDoctor) Answer(ctx context.Context, q diagnose.Query, progress func(diagnose.Progress)) diagnose.Answer {
	ctx, end := d.tracer.step(ctx, "diagnose", trace.SpanKindInternal)
	judged := func(error) {}
	var once sync.Once
	answer := d.Diagnostician.Answer(ctx, q, func(p diagnose.Progress) {
		if p.Stage == gather.StageJudge {
			once.Do(func() { _, judged = d.tracer.step(ctx, "judge", trace.SpanKindInternal) })
		}
		if progress != nil {
			progress(p)
		}
	})
	judged(nil)
	note(ctx, "acmbot.reports", len(answer.Reports))
	if len(answer.Reports) > 0 {
		span := trace.SpanFromContext(ctx)
		span.SetAttributes(attribute.String("acmbot.verdict", string(answer.Reports[0].Verdict)))
		var causes []string
		for _, f := range answer.Reports[0].Findings {
			causes = append(causes, string(f.Cause))
		}
		span.SetAttributes(attribute.StringSlice("acmbot.causes", causes))
	}
	end(nil)
	return answer
}

// lister follows the listing of all certificates, which is done for nobody in
// particular.
func (t *tracer) lister(l gather.Lister) gather.Lister { return tracedLister{l, t} }

type tracedLister struct {
	gather.Lister
	tracer *tracer
}

func (l tracedLister) List(ctx context.Context) ([]diagnose.Listed, diagnose.Scope) {
	ctx, end := l.tracer.Begin(ctx, "list certificates")
	list, scope := l.Lister.List(ctx)
	note(ctx, "acmbot.certificates", scope.Certificates)
	note(ctx, "acmbot.places", len(scope.Places))
	note(ctx, "acmbot.unreadable", len(scope.Unreadable))
	end(nil)
	return list, scope
}

func (l tracedLister) Tags(ctx context.Context, certificates []diagnose.CertificateRef) (map[string]map[string]string, []diagnose.Unseen) {
	ctx, end := l.tracer.step(ctx, "read tags", trace.SpanKindInternal)
	defer end(nil)
	return l.Lister.Tags(ctx, certificates)
}
