package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/fix"
)

// seenOf says, in a sentence, what a fresh answer shows of a fix, and whether
// there is nothing more to wait for.
func seenOf(f *followUp, a *diagnose.Answer) (sentence string, done bool) {
	p := &f.Report.Plan
	i := slices.IndexFunc(a.Reports, func(r diagnose.Report) bool { return r.Certificate.ARN == p.Certificate })
	if i < 0 {
		return "", false
	}
	r := &a.Reports[i]
	c := &r.Certificate
	if c.NotAfter.After(f.Before) && (c.Renewal == nil || c.Renewal.Status == diagnose.RenewalSuccess) {
		return fmt.Sprintf("ACM has renewed the certificate: it is valid until %s.", c.NotAfter.UTC().Format("2006-01-02")), true
	}
	switch p.Kind {
	case fix.SwitchToDNS, fix.PublishSwitchRecords:
		if c.ValidationMethod == diagnose.MethodDNS && c.Update != nil && c.Update.Status == diagnose.RenewalSuccess {
			return "The switch is complete: ACM validates the certificate by DNS from now on.", true
		}
		if p.Kind == fix.SwitchToDNS {
			return "The switch waits for its CNAME records in DNS.", false
		}
	case fix.ResendEmail:
		waits := slices.ContainsFunc(r.Names, func(n diagnose.NameState) bool {
			return n.ACM == diagnose.NamePending && slices.ContainsFunc(p.Mails, func(m fix.Mail) bool { return m.Name == n.Name })
		})
		if !waits {
			return "The mail was approved: ACM does not wait for it any more.", true
		}
		return "ACM waits for somebody to approve the mail.", false
	case fix.RenewPrivate:
		return "", false
	}
	var wrong []string
	for _, finding := range r.Findings {
		for _, change := range p.Changes {
			if m := &finding.Remedy; diagnose.CanonicalName(m.Name) == change.Name && m.Type == change.Type && m.Action != "" {
				wrong = append(wrong, "`"+change.Name+"`")
			}
		}
	}
	if len(wrong) > 0 {
		return "DNS does not show it everywhere yet: " + strings.Join(slices.Compact(wrong), ", ") + ".", false
	}
	switch {
	case r.State == diagnose.StateNotDue:
		return "DNS shows it everywhere. ACM looks at it when the renewal starts; nothing is left to do.", true
	case p.Kind == fix.AddCNAME && validated(r, p):
		return "DNS shows it everywhere, and ACM has validated " + names(p) + ". The renewal itself is still under way.", false
	default:
		return "DNS shows it everywhere. ACM looks again by itself, as a rule within hours.", false
	}
}

func names(p *fix.Plan) string {
	var list []string
	for _, c := range p.Changes {
		for _, n := range c.For {
			list = append(list, "`"+n+"`")
		}
	}
	if len(list) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), len(list)-3)
	}
	return strings.Join(list, ", ")
}

// validated reports whether ACM calls every name of the plan validated.
func validated(r *diagnose.Report, p *fix.Plan) bool {
	for _, c := range p.Changes {
		for _, name := range c.For {
			if !slices.ContainsFunc(r.Names, func(n diagnose.NameState) bool { return n.Name == name && n.ACM == diagnose.NameSuccess }) {
				return false
			}
		}
	}
	return true
}
