package diagnose

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"
)

// A Recording is what one answer rests on, to be kept, attached to a bug and
// judged again.
type Recording struct {
	Schema   int              `json:"schema"`
	At       time.Time        `json:"at"`
	Query    Query            `json:"query"`
	Scope    Scope            `json:"scope"`
	Facts    []Facts          `json:"facts"`
	More     []CertificateRef `json:"more,omitempty"`
	Similar  []CertificateRef `json:"similar,omitempty"`
	Endpoint *Endpoint        `json:"endpoint,omitempty"`
}

// Recording returns what the answer rests on.
func (a *Answer) Recording() Recording {
	return Recording{
		Schema: SchemaVersion, At: a.At, Query: a.Query, Scope: a.Scope, Facts: a.Facts,
		More: a.More, Similar: a.Similar, Endpoint: a.Endpoint,
	}
}

// Answer judges the recorded facts again.
func (r Recording) Answer() Answer {
	a := Answer{At: r.At, Query: r.Query, Scope: r.Scope, More: r.More, Similar: r.Similar, Endpoint: r.Endpoint}
	facts := make([]Facts, len(r.Facts))
	for i, f := range r.Facts {
		f.Siblings = nil // Conclude finds them anew
		facts[i] = f
	}
	a.Conclude(facts)
	return a
}

// Write writes the recording as JSON.
func (r Recording) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the facts: %w", err)
	}
	return nil
}

// ReadRecording reads what Write wrote. Its errors are sentences for the person
// who named the file.
func ReadRecording(r io.Reader) (Recording, error) {
	var rec Recording
	if err := json.NewDecoder(r).Decode(&rec); err != nil {
		return Recording{}, fmt.Errorf("this is no file of facts that acmbot wrote: %w", err)
	}
	switch {
	case rec.Schema == 0 || len(rec.Facts) == 0 && rec.Query == (Query{}):
		return Recording{}, fmt.Errorf("this is no file of facts that acmbot wrote: it has no facts in it")
	case rec.Schema > SchemaVersion:
		return Recording{}, fmt.Errorf("these facts were written by a newer acmbot (format %d, this one reads up to %d): use that one, or a newer one", rec.Schema, SchemaVersion)
	}
	return rec, nil
}

var accountNumber = regexp.MustCompile(`\b\d{12}\b`)

// Redacted returns the recording with every AWS account id replaced, the same
// one by the same stand-in throughout, so that what belongs together still
// does; and without the certificates' tags.
func (r Recording) Redacted() (Recording, error) {
	r.Facts = slices.Clone(r.Facts)
	for i := range r.Facts {
		r.Facts[i].Certificate.Tags = nil
	}
	data, err := json.Marshal(r)
	if err != nil {
		return Recording{}, fmt.Errorf("writing the facts: %w", err)
	}
	stand := map[string]string{}
	data = accountNumber.ReplaceAllFunc(data, func(id []byte) []byte {
		s, ok := stand[string(id)]
		if !ok {
			s = fmt.Sprintf("%012d", len(stand)+1)
			stand[string(id)] = s
		}
		return []byte(s)
	})
	var redacted Recording
	if err := json.Unmarshal(data, &redacted); err != nil {
		return Recording{}, fmt.Errorf("reading the redacted facts: %w", err)
	}
	return redacted, nil
}
