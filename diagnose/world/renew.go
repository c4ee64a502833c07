package world

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// snapshot is the records of a hosted zone, by name and type.
func snapshot(z *awsapi.HostedZone) map[string]awsapi.RecordSet {
	sets := map[string]awsapi.RecordSet{}
	for _, set := range z.Records {
		set.Values = slices.Clone(set.Values)
		sets[set.Name+" "+set.Type] = set
	}
	return sets
}

// wrote follows up what a client changed: Route 53's records appear in the
// DNS, and ACM looks again after a while.
func (r *Running) wrote(call awsapi.Call) {
	r.log.Debug("the AWS API was written to", "action", call.IAM(), "resource", call.Resource)
	if call.Service == "route53" {
		r.publish()
	}
	select {
	case r.retry <- struct{}{}:
	default:
	}
}

// publish brings Route 53's zones to the name servers.
func (r *Running) publish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.api.View(func(s *awsapi.State) {
		for _, z := range r.world.zones {
			if z.account == "" || z.private {
				continue
			}
			hosted := s.Zone(z.hostedID())
			if hosted == nil {
				continue
			}
			before, now := r.zones[hosted.ID], snapshot(hosted)
			for key, set := range before {
				if _, still := now[key]; !still {
					r.warn(r.network.Delete(z.id(), set.Name, set.Type))
				}
			}
			for key, set := range now {
				if was, ok := before[key]; (!ok || !sameSet(was, set)) && len(set.Values) > 0 {
					var text strings.Builder
					for _, value := range set.Values {
						fmt.Fprintf(&text, "%s. %d %s %s\n", set.Name, set.TTL, set.Type, absolute(set.Type, value))
					}
					r.warn(r.network.Upsert(z.id(), text.String()))
				}
			}
			r.zones[hosted.ID] = now
		}
	})
	r.network.Forget()
}

// absolute adds the final dot that Route 53 does without: it takes the names in
// values for absolute ("Supported DNS record types", Amazon Route 53 Developer
// Guide,
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html).
func absolute(rrtype, value string) string {
	switch rrtype {
	case "CNAME", "NS", "PTR", "MX", "SRV":
		return dotted(value)
	}
	return value
}

func sameSet(a, b awsapi.RecordSet) bool {
	return a.TTL == b.TTL && slices.Equal(a.Values, b.Values)
}

func (r *Running) warn(err error) {
	if err != nil {
		r.log.Warn("publishing a record set failed", "error", err)
	}
}

// retryRenewals is ACM's own retry, some time after each change.
func (r *Running) retryRenewals() {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-minute.C:
			if r.options.RetryAfter > 0 {
				r.Announce()
			}
			continue
		case <-r.retry:
		}
		if r.options.RetryAfter <= 0 {
			continue
		}
		timer := time.NewTimer(r.options.RetryAfter)
		select {
		case <-r.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if renewed, err := r.Renew(r.ctx); err != nil {
			r.log.Warn("looking again at the renewals failed", "error", err)
		} else if len(renewed) > 0 {
			r.log.Info("renewed", "certificates", renewed)
		}
		r.Announce()
	}
}

// Renew makes ACM look again at the certificates whose renewal, or whose
// switch to DNS validation, waits for a DNS record. Names whose record a
// resolver finds become valid; a certificate whose names are all valid is
// renewed, with a new serial number. It returns the ARNs of those. Events of it
// are sent by [Running.Announce].
func (r *Running) Renew(ctx context.Context) ([]string, error) {
	type question struct{ name, value string }
	wanted := map[question]bool{}
	ask := func(list []awsapi.DomainValidation) {
		for _, v := range list {
			if v.ValidationMethod == diagnose.MethodDNS && v.RecordName != "" {
				wanted[question{v.RecordName, v.RecordValue}] = false
			}
		}
	}
	waiting := func(c *awsapi.Certificate) bool {
		return c.Renewal != nil && c.Status == diagnose.StatusIssued && c.Renewal.RenewalStatusReason == "" &&
			(c.Renewal.RenewalStatus == diagnose.RenewalPendingValidation || c.Renewal.RenewalStatus == diagnose.RenewalPendingAuto)
	}
	switching := func(c *awsapi.Certificate) bool {
		return c.Update != nil && c.Update.Status == "PENDING_DOMAIN_VALIDATION"
	}
	r.api.View(func(s *awsapi.State) {
		eachCertificate(s, func(c *awsapi.Certificate) {
			if waiting(c) {
				ask(c.Renewal.DomainValidationOptions)
			}
			if switching(c) {
				ask(c.Requested)
			}
		})
	})
	for q := range wanted {
		found, err := r.published(ctx, q.name, q.value)
		if err != nil {
			return nil, err
		}
		wanted[q] = found
	}
	validate := func(list []awsapi.DomainValidation) bool {
		all := true
		for i, v := range list {
			if wanted[question{v.RecordName, v.RecordValue}] {
				list[i].ValidationStatus = diagnose.NameSuccess
			}
			all = all && list[i].ValidationStatus == diagnose.NameSuccess
		}
		return all
	}
	now := r.options.Now().UTC().Truncate(time.Second)
	var renewed []string
	var failed error
	r.api.Update(func(s *awsapi.State) {
		eachCertificate(s, func(c *awsapi.Certificate) {
			if switching(c) && validate(c.Requested) {
				c.Update.Status, c.Update.UpdatedAt = "SUCCESS", now
				c.ValidationMethod, c.DomainValidationOptions = diagnose.MethodDNS, c.Requested
				if c.Renewal != nil {
					c.Renewal.DomainValidationOptions = slices.Clone(c.Requested)
				}
			}
			if !waiting(c) || !validate(c.Renewal.DomainValidationOptions) {
				return
			}
			if err := r.renew(c, now); err != nil {
				failed = err
				return
			}
			renewed = append(renewed, c.ARN)
		})
	})
	slices.Sort(renewed)
	return renewed, failed
}

// renew issues a certificate anew, as the 198 days that ACM gives ("Public
// certificate validity", AWS Certificate Manager User Guide, document history,
// https://docs.aws.amazon.com/acm/latest/userguide/dochistory.html).
func (r *Running) renew(c *awsapi.Certificate, now time.Time) error {
	described := r.world.Certificate(c.ARN)
	if described == nil {
		return nil
	}
	again := *described
	again.Serial = "0" + digest("serial", c.ARN, now.String())[:31]
	again.Issued, again.Expires = &Moment{at: now.Truncate(day)}, nil
	again.Validity = Span(198 * day)
	cert, err := r.mint.x509(&again)
	if err != nil {
		return err
	}
	r.certs.put(c.ARN, cert)
	c.NotBefore, c.NotAfter = again.validity(now)
	c.IssuedAt, c.Serial = now, colons(again.serialNumber())
	c.Body, c.Chain = pemOf(cert.Certificate[0]), pemOf(cert.Certificate[1])
	c.Renewal.RenewalStatus, c.Renewal.UpdatedAt = diagnose.RenewalSuccess, now
	return nil
}

func eachCertificate(s *awsapi.State, do func(*awsapi.Certificate)) {
	for _, id := range slices.Sorted(maps.Keys(s.Accounts)) {
		for _, region := range slices.Sorted(maps.Keys(s.Accounts[id].Regions)) {
			for _, c := range s.Accounts[id].Regions[region].Certificates {
				do(c)
			}
		}
	}
}

// published asks a resolver for a CNAME record.
func (r *Running) published(ctx context.Context, name, value string) (bool, error) {
	resolvers := r.network.Resolvers()
	if len(resolvers) == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := r.network.Dial(ctx, "tcp", resolvers[0])
	if err != nil {
		return false, fmt.Errorf("reaching the resolver: %w", err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	query := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeCNAME)
	client := dns.Client{Net: "tcp"}
	answer, _, err := client.ExchangeWithConnContext(ctx, query, &dns.Conn{Conn: conn})
	if err != nil {
		return false, fmt.Errorf("asking the resolver for %s: %w", name, err)
	}
	for _, rr := range answer.Answer {
		if cname, ok := rr.(*dns.CNAME); ok && diagnose.CanonicalName(cname.Target) == diagnose.CanonicalName(value) {
			return true, nil
		}
	}
	return false, nil
}
