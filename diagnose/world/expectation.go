package world

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/acmbot/acmbot/diagnose"
)

// An Expectation is what the diagnosis of one certificate must find: exactly
// these causes, and no others.
type Expectation struct {
	// Ask is what is typed; the ARN of Of where the file has none.
	Ask string `yaml:"ask"`
	// Of is the certificate whose report is meant, as the certificates section
	// calls it; the answer's first where empty. ARN is that certificate's.
	Of  string `yaml:"of"`
	ARN string `yaml:"-"`
	// None expects that no certificate covers what was asked.
	None bool `yaml:"no certificate"`

	Causes  []diagnose.CauseID `yaml:"causes"`
	Verdict diagnose.Verdict   `yaml:"verdict"` // not looked at where empty
	// Records are the records that the remedies must name, none forgotten. In
	// a file, a name stands for the record that ACM asks for, for that name.
	Records []ExpectedRecord `yaml:"records"`
	// Unreadable are the places or things that the answer must say it could
	// not see, each as a part of the text.
	Unreadable List `yaml:"unreadable"`
	// Note is for the reader.
	Note string `yaml:"note"`
}

// An ExpectedRecord is a record of a remedy.
type ExpectedRecord struct{ diagnose.Record }

// UnmarshalYAML reads a certificate's name or a record.
func (r *ExpectedRecord) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		r.Record = Record(home, node.Value)
		return nil
	}
	return strict(node, &r.Record)
}

// Expectations are what the diagnosis of this world must find.
func (w *World) Expectations() []Expectation { return slices.Clone(w.expectations) }

func (w *World) completeExpectations() error {
	for i := range w.expectations {
		e := &w.expectations[i]
		if e.Of != "" {
			c := w.Certificate(e.Of)
			if c == nil {
				return fmt.Errorf("expect.yaml: there is no certificate called %q", e.Of)
			}
			if e.ARN = c.ARN(); e.Ask == "" {
				e.Ask = e.ARN
			}
		}
		if e.Ask == "" {
			return fmt.Errorf("expect.yaml: expectation %d has nothing to ask", i+1)
		}
	}
	return nil
}

// Certificate finds a certificate by what the file calls it, or by its ARN;
// nil where there is none.
func (w *World) Certificate(name string) *Certificate {
	i := slices.IndexFunc(w.Certificates, func(c *Certificate) bool { return c.As == name || c.ARN() == name })
	if i < 0 {
		return nil
	}
	return w.Certificates[i]
}
