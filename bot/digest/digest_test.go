package digest

import (
	"testing"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

// Of an expired certificate the digest tells why it was not renewed, and what
// helps now: what would have helped before helps it no more.
func TestItemOfAnExpiredCertificate(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	left := -2
	r := &diagnose.Report{
		At: at, State: diagnose.StateExpired, Verdict: diagnose.VerdictDown, DaysLeft: &left,
		Findings: []diagnose.Finding{
			{Cause: "expired", Title: "expired", Owner: diagnose.OwnerAWSAccount, Remedy: diagnose.Remedy{Summary: "request a new certificate"}},
			{Cause: "caa-forbids-amazon", Title: "a CAA record forbids Amazon", Owner: diagnose.OwnerZone, Remedy: diagnose.Remedy{Summary: "add a CAA record", Zone: "example.com"}},
		},
	}
	c := &diagnose.Listed{CertificateRef: diagnose.CertificateRef{ARN: "arn", DomainName: "shop.example.com", NotAfter: at.AddDate(0, 0, -2), InUse: true}}
	i := ItemOf(Owned{Listed: c}, r, at)
	if i.Cause != "caa-forbids-amazon" || i.Title != "a CAA record forbids Amazon" || i.Zone != "example.com" {
		t.Errorf("the cause is %s (%q) in %q", i.Cause, i.Title, i.Zone)
	}
	if i.Fix != "request a new certificate" || i.Owner != diagnose.OwnerAWSAccount {
		t.Errorf("the fix is %q, by %s", i.Fix, i.Owner)
	}
	// What is imported can be imported anew.
	r.Findings[1] = diagnose.Finding{Cause: "imported", Title: "imported", Remedy: diagnose.Remedy{Summary: "import a new one over it"}}
	if i := ItemOf(Owned{Listed: c}, r, at); i.Fix != "import a new one over it" {
		t.Errorf("the fix is %q", i.Fix)
	}
}
