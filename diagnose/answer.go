package diagnose

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// SchemaVersion is the version of the JSON document that an Answer becomes. It
// grows when a field changes its meaning or goes; new fields do not change it.
const SchemaVersion = 1

// An Other is a further certificate for the name, in short.
type Other struct {
	CertificateRef
	Verdict  Verdict   `json:"verdict"`
	State    State     `json:"state"`
	Headline string    `json:"headline"`
	Causes   []CauseID `json:"causes"`
}

// Others are the reports but the first, in short.
func (a *Answer) Others() []Other {
	list := []Other{}
	for i := range a.Reports {
		if i == 0 {
			continue
		}
		r := &a.Reports[i]
		o := Other{CertificateRef: r.Certificate.Ref(), Verdict: r.Verdict, State: r.State, Headline: r.Headline, Causes: []CauseID{}}
		for _, f := range r.Findings {
			if !slices.Contains(o.Causes, f.Cause) {
				o.Causes = append(o.Causes, f.Cause)
			}
		}
		list = append(list, o)
	}
	return list
}

// NoCertificate is the finding that no certificate covers the name; nil where
// one does.
func (a *Answer) NoCertificate() *Finding {
	if len(a.Reports) > 0 {
		return nil
	}
	f := CauseOf("wrong-scope").find(Args{At: a.At, Where: a.Query.Subject(), Detail: a.Scope.Words()}, Certain)
	f.Evidence = []Evidence{{Source: "ACM", Text: "looked in " + a.Scope.Words()}}
	if a.Query.Domain == "" {
		f.Text = fmt.Sprintf("There is no certificate %s in %s.", code(a.Query.Subject()), a.Scope.Words())
		f.Remedy = Remedy{
			Summary: "Ask for the domain instead",
			Steps: []string{
				"It was deleted, or its account and region are not among those that were read: what served with it may have another certificate by now.",
				"Ask for the domain instead: that finds every certificate that covers it.",
			},
		}
	}
	if len(a.Scope.Places) == 0 {
		f.Confidence = Possible
		f.Text = "No account and region could be read, so nothing can be said about certificates for " + code(a.Query.Subject()) + "."
	}
	return &f
}

// Words says where was looked, such as "2 accounts and 3 regions".
func (s *Scope) Words() string {
	accounts, regions := map[string]bool{}, map[string]bool{}
	for _, p := range s.Places {
		accounts[p.Account] = true
		regions[p.Region] = true
	}
	switch {
	case len(s.Places) == 0:
		return "no account that could be read"
	case len(accounts) == 1:
		account := s.Places[0].Account
		if account == "" {
			return some(sortedKeys(regions))
		}
		return "account " + code(account) + " in " + some(sortedKeys(regions))
	default:
		return fmt.Sprintf("%s and %s", Plural(len(accounts), "account"), Plural(len(regions), "region"))
	}
}

// MarshalJSON writes the document that the README describes: the certificate
// that matters most in full, the others in short.
func (a Answer) MarshalJSON() ([]byte, error) {
	type plain Answer // without this method
	document := struct {
		Schema int `json:"schema"`
		plain
		Report        *Report          `json:"report"`
		Others        []Other          `json:"others"`
		More          []CertificateRef `json:"more,omitempty"`
		NoCertificate *Finding         `json:"no_certificate,omitempty"`
	}{Schema: SchemaVersion, plain: plain(a), Others: a.Others(), More: a.More, NoCertificate: a.NoCertificate()}
	if len(a.Reports) > 0 {
		document.Report = &a.Reports[0]
	}
	return json.Marshal(document)
}

// Conclude judges the facts of every certificate that covers the name, and puts
// the one that matters most first: the one that the name was seen to serve,
// then those in use, then those valid the longest.
func (a *Answer) Conclude(facts []Facts) {
	type judged struct {
		facts  Facts
		report Report
	}
	list := make([]judged, 0, len(facts))
	for i := range facts {
		f := facts[i]
		for j := range facts {
			if j != i {
				f.Siblings = append(f.Siblings, facts[j].Certificate.Ref())
			}
		}
		list = append(list, judged{f, Judge(&f)})
	}
	slices.SortStableFunc(list, func(x, y judged) int {
		return cmp.Or(
			-cmp.Compare(weight(&x.facts), weight(&y.facts)),
			-x.facts.Certificate.NotAfter.Compare(y.facts.Certificate.NotAfter),
			cmp.Compare(x.facts.Certificate.ARN, y.facts.Certificate.ARN),
		)
	})
	a.Facts, a.Reports = nil, nil
	for _, j := range list {
		a.Facts = append(a.Facts, j.facts)
		a.Reports = append(a.Reports, j.report)
	}
}

// weight ranks a certificate among those for one name.
func weight(f *Facts) int {
	w := 0
	if c := &f.Certificate; c.Serial != "" {
		for _, s := range f.Endpoints[f.Query.Domain].Served {
			if s.Serial == c.Serial {
				w = 4
			}
		}
	}
	if f.Certificate.InUse() {
		w += 2
	}
	if f.Certificate.Exported != nil && *f.Certificate.Exported {
		w++
	}
	return w
}
