package diagnose

import (
	"slices"
	"time"
)

// A CauseID is the stable, kebab-case name of a cause. Ids are an API: they
// appear in JSON, metrics and tests, and never change.
type CauseID string

// A Cause is an entry of the catalogue: a value, not logic. Its prose lives
// here and nowhere else.
type Cause struct {
	ID    CauseID
	Title string // one line, fit to stand after a colon
	// Meaning is what it means in general, for the table of causes.
	Meaning  string
	Severity Severity
	Owner    Owner
	// Explains are causes that are consequences of this one where both are found
	// for the same names; Implies are those that are so even where they are not
	// found.
	Explains, Implies []CauseID
	// WholeZone says that it breaks all there is in a zone, so that it is named
	// before what breaks one record of it.
	WholeZone bool
	Text      func(a Args) string
	Fix       func(a Args) Remedy // nil where nothing is to be done
	Sources   []Source
}

// Args are what a cause's text and remedy are made from. Each cause uses those
// it needs.
type Args struct {
	Cert   *Certificate
	At     time.Time
	State  State
	Names  []string // of the certificate
	Record Record   // that ACM asks for
	Zone   string
	Host   Host
	// Present are the records that stand where they should not, or are wrong.
	Present []RR
	// Where is another name: the doubled one, the ancestor that has the CAA
	// record, the broken link of a chain.
	Where string
	// Servers are the servers at fault, in words; Good and Total count
	// servers.
	Servers     []string
	Good, Total int
	Detail      string
	Reason      string // ACM's FailureReason or RenewalStatusReason
	Emails      []string
	Since       time.Time
	Wait        time.Duration
	Zones       []HostedZone
	Authority   *Authority
	NameServers []string
	Tag         string // of the CAA property that decides
	NoAddress   bool   // the name has no address to fetch anything from
}

// find makes a finding of the cause. Names are those of args.
func (c *Cause) find(args Args, confidence Confidence, evidence ...Evidence) Finding {
	f := Finding{
		Cause: c.ID, Title: c.Title, Severity: c.Severity, Confidence: confidence, Owner: c.Owner,
		Names: args.Names, Text: c.Text(args), Evidence: evidence, Sources: c.Sources,
	}
	if c.Fix != nil {
		f.Remedy = c.Fix(args)
	}
	return f
}

// explains reports whether the other cause is a consequence of this one where
// both are found.
func (c *Cause) explains(other CauseID) bool {
	return slices.Contains(c.Explains, other) || slices.Contains(c.Implies, other) ||
		other == "failed" && slices.Contains(obstacles, c)
}

// obstacles are what can keep ACM from validating the names or from issuing:
// each explains that it gave up.
var obstacles = slices.Concat(recordCauses, zoneCauses, dnssecCauses, caaCauses, emailCauses, httpCauses, authorityCauses, refusalCauses)

// catalogue is every cause there is. A new one is an entry in the list of its
// family; a case in the check of its family, or a check of its own, in checks;
// and a world in testdata/worlds, which is named for it and shows it.
var catalogue = slices.Concat(lifeCauses, designCauses, obstacles, servedCauses, scopeCauses)

var byID = func() map[CauseID]*Cause {
	m := map[CauseID]*Cause{}
	for _, c := range catalogue {
		if m[c.ID] != nil {
			panic("diagnose: cause " + string(c.ID) + " stands in the catalogue twice")
		}
		m[c.ID] = c
	}
	return m
}()

// CauseOf returns the catalogue's entry of an id, nil where there is none.
func CauseOf(id CauseID) *Cause {
	return byID[id]
}

// Catalogue lists every cause, in the order of the table in the README.
func Catalogue() []*Cause { return catalogue }
