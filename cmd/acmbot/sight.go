package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/dnstrace"
	"github.com/acmbot/acmbot/diagnose/gather"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/probe"
)

// A sight is where a doctor looks: the options of the observers.
type sight struct {
	inventory inventory.Options
	dns       dnstrace.Options
	probe     probe.Options
	timeout   time.Duration
	now       func() time.Time
	// shared is the inventory that all use, one for each where nil.
	shared *inventory.Inventory
	// tracer follows what the observers do; nobody does where nil.
	tracer *tracer
}

// look reads what the settings lead to: AWS's own configuration, and files.
// Its error joins a *settingError for each thing that is wrong.
func (s lookSettings) look(ctx context.Context, log *slog.Logger) (sight, error) {
	var errs []error
	cfg, err := loadAWS(ctx)
	errs = append(errs, err)
	logCalls(&cfg, log)

	dns := dnstrace.Options{Resolvers: texts(s.Resolvers)}
	dns.Roots, err = parseFile(s.RootHints, dnstrace.ParseRootHints, &settingError{
		"ACMBOT_DNS_ROOT_HINTS", fmt.Sprintf("names %q, in which no root server is found; it needs NS records of the root, with A or AAAA records for the servers", s.RootHints), "",
	})
	errs = append(errs, err)
	dns.TrustAnchors, err = parseFile(s.TrustAnchor, dnstrace.ParseTrustAnchors, &settingError{
		"ACMBOT_DNS_TRUST_ANCHOR", fmt.Sprintf("names %q, in which no DS or DNSKEY record is found; it may hold nothing else", s.TrustAnchor), "",
	})
	errs = append(errs, err)

	var allow []netip.Prefix
	for _, c := range s.ProbeAllow {
		allow = append(allow, c.Prefix)
	}
	return sight{
		inventory: inventory.Options{
			Config: cfg, Regions: regionsOf(s.Regions, cfg), RoleARNs: texts(s.RoleARNs), ExternalID: s.ExternalID.reveal(), Logger: log,
		},
		dns:     dns,
		probe:   probe.Options{Allow: allow},
		timeout: time.Duration(s.Timeout),
	}, errors.Join(errs...)
}

// parseFile parses a file that a setting names, if it names one.
func parseFile[T any](path file, parse func(io.Reader) ([]T, error), wrong error) ([]T, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(string(path))
	if err != nil {
		return nil, wrong
	}
	defer f.Close()
	list, err := parse(f)
	if err != nil {
		return nil, wrong
	}
	return list, nil
}

// doctor returns who answers questions by looking there.
func (s sight) doctor() diagnose.Diagnostician {
	doctor, _ := s.observers()
	return doctor
}

// observers returns who answers questions and who lists all certificates. They
// share one inventory, so that they keep AWS's quotas together.
func (s sight) observers() (diagnose.Diagnostician, *gather.Estate) {
	tracer := dnstrace.New(s.dns)
	all := s.shared
	if all == nil {
		all = inventory.New(s.inventory)
	}
	options := gather.Options{
		Inventory: all,
		Session:   func() gather.Resolver { return tracer.Session() },
		Prober:    probe.New(s.probe),
		Timeout:   s.timeout,
		Now:       s.now,
	}
	if s.tracer != nil {
		s.tracer.follow(&options)
		return s.tracer.doctor(gather.New(options)), gather.NewEstate(gather.EstateOptions{Lister: s.tracer.lister(all), Now: s.now})
	}
	return gather.New(options), gather.NewEstate(gather.EstateOptions{Lister: all, Now: s.now})
}
