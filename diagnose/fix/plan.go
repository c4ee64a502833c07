package fix

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
)

// A Plan is what a fix would change, exactly: what a person is shown before
// they agree. It holds no time, so the same state gives the same plan.
type Plan struct {
	Kind Kind `json:"kind"`
	// Certificate is its ARN, Account and Region are where it is, DomainName
	// is its first name.
	Certificate string `json:"certificate"`
	Account     string `json:"account"`
	Region      string `json:"region"`
	DomainName  string `json:"domain_name"`
	// Changes are the records to write, for the kinds that write records.
	Changes []Change `json:"changes,omitempty"`
	// Mails are those to send again, for ResendEmail.
	Mails []Mail `json:"mails,omitempty"`
	// Names are the certificate's names, for SwitchToDNS and RenewPrivate.
	Names []string `json:"names,omitempty"`
	// Exported says that the certificate was exported, for RenewPrivate.
	Exported bool `json:"exported,omitempty"`
	// More is how many further records or mails wait for another plan.
	More int `json:"more,omitempty"`
	// Elsewhere are records that are needed as well and that acmbot cannot
	// write, in a few words each; code spans are in backquotes.
	Elsewhere []string `json:"elsewhere,omitempty"`
}

// A Change is one record set to write.
type Change struct {
	// ZoneAccount, ZoneID and ZoneName are the Route 53 hosted zone.
	ZoneAccount string `json:"zone_account"`
	ZoneID      string `json:"zone_id"`
	ZoneName    string `json:"zone_name"`
	// NameServers are those that the zone is delegated to, as DNS shows.
	NameServers []string `json:"name_servers"`
	// Name and Type are the record's; Name is absolute, without a trailing
	// dot.
	Name string `json:"name"`
	Type string `json:"type"`
	// Before are the values that are there now, none where there is no such
	// record set; After are those that will be. Both are sorted.
	Before []string `json:"before,omitempty"`
	After  []string `json:"after"`
	TTL    int64    `json:"ttl"` // seconds
	// For are the certificate's names that need it.
	For []string `json:"for,omitempty"`
}

// Replaces reports whether a value that is there now will not be there any
// more.
func (c *Change) Replaces() bool {
	return slices.ContainsFunc(c.Before, func(v string) bool { return !slices.Contains(c.After, v) })
}

// A Mail is a validation mail to send again.
type Mail struct {
	Name             string   `json:"name"`
	ValidationDomain string   `json:"validation_domain"`
	To               []string `json:"to,omitempty"` // as far as ACM tells
}

// Replaces reports whether the plan takes the place of values that are there.
func (p *Plan) Replaces() bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Replaces() })
}

// Hash tells a plan from any other.
func (p *Plan) Hash() string {
	text, err := json.Marshal(p)
	if err != nil {
		return "" // cannot be: the struct holds strings and numbers only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// mostAtOnce is how many records or mails one plan has at most: so many can be
// read before they are agreed to.
const mostAtOnce = 10

const recordTTL = 300 // seconds; short, so that a correction shows soon

// Offers are the kinds that are worth offering, by the facts and the report.
// [For] may still find that one of them is not possible here.
func Offers(f *diagnose.Facts, r *diagnose.Report) []Kind {
	if f == nil || r == nil {
		return nil
	}
	var list []Kind
	for _, k := range kinds {
		switch k {
		case AddCAA:
			if slices.ContainsFunc(r.Findings, wantsCAA) {
				list = append(list, k)
			}
		default:
			if _, err := For(f, r, k); err == nil {
				list = append(list, k)
			}
		}
	}
	return list
}

// For makes the plan of one kind. It is pure. Its error is a *Refusal.
func For(f *diagnose.Facts, r *diagnose.Report, k Kind) (Plan, error) {
	c := &f.Certificate
	p := Plan{Kind: k, Certificate: c.ARN, Account: c.Account, Region: c.Region, DomainName: c.DomainName}
	switch k {
	case AddCNAME, PublishSwitchRecords:
		return planRecords(f, r, p)
	case AddCAA:
		return planCAA(f, r, p)
	case ResendEmail:
		return planMails(c, r, p)
	case SwitchToDNS:
		return planSwitch(c, p)
	case RenewPrivate:
		return planRenewal(c, r, p)
	default:
		return Plan{}, refuse(NotEnabled, "There is no fix of that kind.")
	}
}

// wantedRecords are the CNAMEs that ACM asks for, with the names each is for: those of
// the renewal or issuance, or those of the switch to DNS validation.
func wantedRecords(c *diagnose.Certificate, k Kind) (records []diagnose.Record, names map[diagnose.Record][]string) {
	names = map[diagnose.Record][]string{}
	put := func(name string, rec *diagnose.Record) {
		if rec == nil || rec.Type != "CNAME" {
			return
		}
		if _, ok := names[*rec]; !ok {
			records = append(records, *rec)
		}
		names[*rec] = append(names[*rec], name)
	}
	if k == PublishSwitchRecords {
		if c.Update != nil && c.Update.To == diagnose.MethodDNS && c.Update.Status == updatePending {
			for _, v := range c.Update.Names {
				put(v.Name, v.Record)
			}
		}
		return records, names
	}
	for _, n := range c.Names {
		if v, ok := c.Expected(n); ok && v.Method == diagnose.MethodDNS {
			put(n, v.Record)
		}
	}
	return records, names
}

// updatePending is the status of a switch that waits for its records
// ("Migrate from email to DNS validation", AWS Certificate Manager User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/email-to-dns-migrate.html).
const updatePending = "PENDING_DOMAIN_VALIDATION"

// beyondRecords are causes that a record in the zone does not mend.
var beyondRecords = []diagnose.CauseID{"multiple-cnames", "propagation-split", "other-type-at-name", "cname-wrong-type", "negative-cache", "proxied-or-flattened"}

func planRecords(f *diagnose.Facts, r *diagnose.Report, p Plan) (Plan, error) {
	records, names := wantedRecords(&f.Certificate, p.Kind)
	var problem *Refusal
	for _, rec := range records {
		i := slices.IndexFunc(r.Findings, func(d diagnose.Finding) bool {
			m := &d.Remedy
			return m.Type == "CNAME" && m.Action != "" && m.Action != diagnose.RemoveRecord &&
				diagnose.CanonicalName(m.Name) == rec.Name && diagnose.CanonicalName(m.Value) == rec.Value
		})
		if i < 0 {
			continue
		}
		if slices.Contains(beyondRecords, r.Findings[i].Cause) {
			problem = refuse(NotPossible, "The record `%s` takes a person's judgement: records of other kinds or several ones stand in its place. Correct it in the zone as the answer says.", rec.Name)
			p.Elsewhere = append(p.Elsewhere, fmt.Sprintf("`%s` (other records stand in its place)", rec.Name))
			continue
		}
		zone, servers, refusal := delegatedZone(f, rec.Name, "CNAME")
		if refusal != nil {
			problem = refusal
			p.Elsewhere = append(p.Elsewhere, fmt.Sprintf("`%s`", rec.Name))
			continue
		}
		change := Change{
			ZoneAccount: zone.Account, ZoneID: zone.ID, ZoneName: zone.Name, NameServers: servers,
			Name: rec.Name, Type: "CNAME", After: []string{rec.Value}, TTL: recordTTL, For: names[rec],
			Before: valuesAt(zone, rec.Name, "CNAME"),
		}
		switch {
		case slices.Equal(change.Before, change.After):
			problem = refuse(NotNeeded, "The record `%s` is in the zone already; what is left is for DNS to show it.", rec.Name)
			continue
		case slices.ContainsFunc(zone.Records, func(rr diagnose.RR) bool { return rr.Name == rec.Name && rr.Type != "CNAME" }),
			len(change.Before) > 1,
			slices.ContainsFunc(change.Before, func(v string) bool { return strings.HasPrefix(v, "ALIAS ") }):
			problem = refuse(NotPossible, "In the zone `%s` other records stand at `%s`, beside which there can be no CNAME. Somebody has to decide what becomes of them.", zone.Name, rec.Name)
			p.Elsewhere = append(p.Elsewhere, fmt.Sprintf("`%s` (other records stand in its place)", rec.Name))
			continue
		}
		if len(p.Changes) == mostAtOnce {
			p.More++
			continue
		}
		p.Changes = append(p.Changes, change)
	}
	if len(p.Changes) == 0 {
		if problem != nil {
			return Plan{}, problem
		}
		return Plan{}, refuse(NotNeeded, "No validation record is missing or wrong now.")
	}
	return p, nil
}

// delegatedZone finds the hosted zone that DNS really leads to for a name.
func delegatedZone(f *diagnose.Facts, name, rrtype string) (*diagnose.HostedZone, []string, *Refusal) {
	apex := f.DNS.Lookup(name, rrtype).Zone()
	zone := f.DNS.Zones[apex]
	if apex == "" || apex == "." || zone == nil || len(zone.Delegated) == 0 {
		return nil, nil, refuse(NotPossible, "Which zone `%s` is in could not be found out, so I write nothing.", name)
	}
	servers := canonicalNames(zone.Delegated)
	named := false
	for i := range f.HostedZones {
		z := &f.HostedZones[i]
		if z.Name != apex || z.Private {
			continue
		}
		named = true
		if slices.Equal(canonicalNames(z.NameServers), servers) {
			if slices.ContainsFunc(z.Unseen, func(u diagnose.Unseen) bool { return u.Permission == "route53:ListResourceRecordSets" }) {
				return nil, nil, refuse(NotPossible, "What is in the zone `%s` could not be read (it takes the permission route53:ListResourceRecordSets), so I write nothing.", apex)
			}
			return z, servers, nil
		}
	}
	if named {
		return nil, nil, refuse(NotPossible, "The Route 53 zone `%s` in the accounts that I read is not the one that the domain is delegated to (%s), so I write nothing there.", apex, strings.Join(codes(zone.Delegated), ", "))
	}
	return nil, nil, refuse(NotPossible, "The zone `%s` is not in a Route 53 account that I read; its name servers are %s.", apex, strings.Join(codes(zone.Delegated), ", "))
}

func codes(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = "`" + s + "`"
	}
	return out
}

func canonicalNames(list []string) []string {
	var out []string
	for _, n := range list {
		out = append(out, diagnose.CanonicalName(n))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func valuesAt(z *diagnose.HostedZone, name, rrtype string) []string {
	var list []string
	for _, rr := range z.Records {
		if rr.Name == name && rr.Type == rrtype {
			list = append(list, rr.Value)
		}
	}
	slices.Sort(list)
	return list
}

// caaCauses are those that a CAA value mends. Where an alias leads to another
// host's records, or where the CAA set is broken, it does not.
var caaCauses = []diagnose.CauseID{"caa-forbids-amazon", "caa-inherited", "caa-issuewild", "caa-malformed"}

// caaValues are all values that are ever added.
var caaValues = []string{`0 issue "amazon.com"`, `0 issuewild "amazon.com"`}

func wantsCAA(d diagnose.Finding) bool {
	return slices.Contains(caaCauses, d.Cause) && d.Remedy.Type == "CAA" && d.Remedy.Action == diagnose.AddRecord &&
		slices.Contains(caaValues, d.Remedy.Value) && d.Remedy.Host == route53Name
}

// route53Name is how a remedy calls zones at Route 53.
var route53Name = diagnose.HostOf([]string{"ns-1.awsdns-01.com"}).Name

// caaNames are the names of the CAA sets that are to be changed.
func caaNames(r *diagnose.Report) []string {
	var list []string
	for _, d := range r.Findings {
		if wantsCAA(d) && !slices.Contains(list, d.Remedy.Name) {
			list = append(list, d.Remedy.Name)
		}
	}
	return list
}

func planCAA(f *diagnose.Facts, r *diagnose.Report, p Plan) (Plan, error) {
	var problem *Refusal
	for _, d := range r.Findings {
		if !wantsCAA(d) {
			continue
		}
		name := d.Remedy.Name
		zone, servers, refusal := delegatedZone(f, name, "CAA")
		if refusal != nil {
			problem = refusal
			continue
		}
		before := valuesAt(zone, name, "CAA")
		if len(before) == 0 {
			problem = refuse(NotPossible, "The Route 53 zone `%s` has no CAA records at `%s`, though DNS shows some. A first CAA record would shut every other issuer out, so I write none.", zone.Name, name)
			continue
		}
		i := slices.IndexFunc(p.Changes, func(c Change) bool { return c.Name == name && c.ZoneID == zone.ID })
		if i < 0 {
			if len(p.Changes) == mostAtOnce {
				p.More++
				continue
			}
			p.Changes = append(p.Changes, Change{
				ZoneAccount: zone.Account, ZoneID: zone.ID, ZoneName: zone.Name, NameServers: servers,
				Name: name, Type: "CAA", Before: before, After: slices.Clone(before), TTL: ttlAt(zone, name, "CAA"),
			})
			i = len(p.Changes) - 1
		}
		c := &p.Changes[i]
		if !slices.Contains(c.After, d.Remedy.Value) {
			c.After = append(c.After, d.Remedy.Value)
			slices.Sort(c.After)
		}
		c.For = append(c.For, d.Names...)
	}
	p.Changes = slices.DeleteFunc(p.Changes, func(c Change) bool {
		if slices.Equal(c.Before, c.After) {
			problem = refuse(NotNeeded, "The CAA records at `%s` allow Amazon already; what is left is for DNS to show it.", c.Name)
			return true
		}
		return false
	})
	if len(p.Changes) == 0 {
		if problem != nil {
			return Plan{}, problem
		}
		return Plan{}, refuse(NotNeeded, "No CAA record in Route 53 keeps Amazon from issuing now.")
	}
	return p, nil
}

func ttlAt(z *diagnose.HostedZone, name, rrtype string) int64 {
	for _, rr := range z.Records {
		if rr.Name == name && rr.Type == rrtype && rr.TTL > 0 {
			return int64(rr.TTL)
		}
	}
	return recordTTL
}

// mailsDue are the mails that ACM waits for an answer to.
func mailsDue(c *diagnose.Certificate) []Mail {
	var list []Mail
	for _, n := range c.Names {
		v, ok := c.Expected(n)
		if !ok || v.Method != diagnose.MethodEmail {
			continue
		}
		status := ""
		switch {
		case c.Status == diagnose.StatusIssued && c.Renewal != nil && c.Renewal.Status == diagnose.RenewalPendingValidation:
			status = nameStatus(c.Renewal.Names, n)
		case c.Status == diagnose.StatusPendingValidation:
			status = nameStatus(c.Issuance, n)
		}
		if status != diagnose.NamePending {
			continue
		}
		list = append(list, Mail{Name: n, ValidationDomain: cmp.Or(v.ValidationDomain, strings.TrimPrefix(n, "*.")), To: v.Emails})
	}
	return list
}

func nameStatus(list []diagnose.NameValidation, name string) string {
	for _, v := range list {
		if v.Name == name {
			return v.Status
		}
	}
	return ""
}

func planMails(c *diagnose.Certificate, r *diagnose.Report, p Plan) (Plan, error) {
	if !slices.ContainsFunc(r.Findings, func(d diagnose.Finding) bool { return d.Cause == "email-unapproved" }) {
		return Plan{}, refuse(NotNeeded, "No validation mail waits for an answer now.")
	}
	p.Mails = mailsDue(c)
	if len(p.Mails) == 0 {
		return Plan{}, refuse(NotNeeded, "No validation mail waits for an answer now.")
	}
	if len(p.Mails) > mostAtOnce {
		p.More = len(p.Mails) - mostAtOnce
		p.Mails = p.Mails[:mostAtOnce]
	}
	return p, nil
}

// canSwitch says why a certificate cannot be switched to DNS validation, nil
// where it can ("Migrate from email to DNS validation", AWS Certificate Manager
// User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/email-to-dns-migrate.html).
func canSwitch(c *diagnose.Certificate) *Refusal {
	switch {
	case c.Type != diagnose.TypeAmazonIssued || c.ValidationMethod != diagnose.MethodEmail:
		return refuse(NotNeeded, "The certificate is not validated by e-mail.")
	case c.Status != diagnose.StatusIssued:
		return refuse(NotPossible, "Only a certificate that is issued can be switched to DNS validation, and this one has the status `%s`.", c.Status)
	}
	return nil
}

func planSwitch(c *diagnose.Certificate, p Plan) (Plan, error) {
	if refusal := canSwitch(c); refusal != nil {
		return Plan{}, refusal
	}
	if c.Update != nil && c.Update.Status == updatePending {
		return Plan{}, refuse(NotNeeded, "The switch to DNS validation is under way already.")
	}
	p.Names = c.Names
	return p, nil
}

// canRenew says why a certificate cannot be renewed by request, nil where it
// can ("Force certificate renewal", AWS Certificate Manager User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/force-certificate-renewal.html).
func canRenew(c *diagnose.Certificate) *Refusal {
	switch {
	case c.Type != diagnose.TypePrivate || c.AuthorityARN == "":
		return refuse(NotPossible, "Only a private certificate that ACM manages can be renewed by request; ACM renews a public one by itself.")
	case c.Status != diagnose.StatusIssued:
		return refuse(NotPossible, "A certificate with the status `%s` cannot be renewed; request a new one.", c.Status)
	case c.Eligibility != diagnose.EligibleYes:
		return refuse(NotPossible, "ACM calls the certificate not eligible for renewal.")
	}
	return nil
}

// renewing reports whether ACM is at a renewal that nothing holds up.
func renewing(c *diagnose.Certificate) bool {
	return c.Renewal != nil && c.Renewal.Status == diagnose.RenewalPendingAuto && c.Renewal.Reason == ""
}

func planRenewal(c *diagnose.Certificate, r *diagnose.Report, p Plan) (Plan, error) {
	if refusal := canRenew(c); refusal != nil {
		return Plan{}, refusal
	}
	switch {
	case c.Exported == nil || !*c.Exported:
		return Plan{}, refuse(NotPossible, "ACM renews by request only what was exported, and this certificate was not, as far as ACM tells.")
	case renewing(c):
		return Plan{}, refuse(NotNeeded, "ACM is renewing it already.")
	case r.State == diagnose.StateNotDue && r.Verdict == diagnose.VerdictHealthy, r.State == diagnose.StateRenewed:
		return Plan{}, refuse(NotNeeded, "The certificate is not due for renewal.")
	}
	p.Names, p.Exported = c.Names, true
	return p, nil
}
