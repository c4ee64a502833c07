package view

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/acmbot/acmbot/diagnose"
)

// stateVersion is the version of the encoding of a button's state.
const stateVersion = 1

// ErrStale is a button whose state this version cannot read: it was posted by
// another one.
var ErrStale = errors.New("the button was made by another version")

// A State is what a button carries in its value: all that is needed to act on
// it, so that any replica can, also after a restart.
type State struct {
	// Query is the question as it was read: a domain, an ARN or an id.
	Query string
	// At is when the answer that the button stands under was made; zero for
	// none.
	At time.Time
	// Certificate is the last twelve characters of the certificate's ARN.
	Certificate string
	Verdict     diagnose.Verdict
	// Causes counts that answer's findings by cause.
	Causes map[diagnose.CauseID]int
	// Troubled is how many names were in trouble.
	Troubled int
	// Page is the page of the evidence to show, from 0.
	Page int
	// SharedBy is the user id of the one who shared the answer, if anybody did.
	SharedBy string
	// ARN and NotAfter are the certificate's, and Watch is a watch's id, where
	// the button is about one.
	ARN      string
	NotAfter time.Time
	Watch    string
	// Fix is the kind of fix that the button offers, if it offers any.
	Fix string
}

type wireState struct {
	Version     int            `json:"v"`
	Query       string         `json:"q"`
	At          int64          `json:"t,omitempty"`
	Certificate string         `json:"a,omitempty"`
	Verdict     string         `json:"w,omitempty"`
	Causes      map[string]int `json:"c,omitempty"`
	Troubled    int            `json:"n,omitempty"`
	Page        int            `json:"p,omitempty"`
	SharedBy    string         `json:"by,omitempty"`
	ARN         string         `json:"arn,omitempty"`
	NotAfter    int64          `json:"e,omitempty"`
	Watch       string         `json:"i,omitempty"`
	Fix         string         `json:"f,omitempty"`
}

// sealRoom is how much longer a value may become where account ids in it are
// encrypted.
const sealRoom = 100

// Encode returns the state such that it fits into the 2000 characters that a
// button's value can hold. Where the causes do not fit they are left out, and
// with them what a re-check would compare with: the verdict and the time.
func (s State) Encode() string {
	w := wireState{
		Version: stateVersion, Query: s.Query, Certificate: s.Certificate, Verdict: string(s.Verdict),
		Troubled: s.Troubled, Page: s.Page, SharedBy: s.SharedBy, ARN: s.ARN, Watch: s.Watch, Fix: s.Fix,
	}
	if !s.NotAfter.IsZero() {
		w.NotAfter = s.NotAfter.Unix()
	}
	if !s.At.IsZero() {
		w.At = s.At.Unix()
	}
	if len(s.Causes) > 0 {
		w.Causes = map[string]int{}
		for id, n := range s.Causes {
			w.Causes[string(id)] = n
		}
	}
	value := encode(w)
	if len(value) > mostValue-sealRoom {
		w.Causes, w.At, w.Verdict = nil, 0, ""
		value = encode(w)
	}
	return value
}

// encode is a state as a button carries it.
func encode(state any) string {
	b, err := json.Marshal(state)
	if err != nil {
		return "" // cannot be: states hold strings and numbers only
	}
	return string(b)
}

// ParseState reads a button's value. Its error is ErrStale.
func ParseState(value string) (State, error) {
	var w wireState
	if err := json.Unmarshal([]byte(value), &w); err != nil || w.Version != stateVersion || strings.TrimSpace(w.Query) == "" {
		return State{}, ErrStale
	}
	s := State{
		Query: w.Query, Certificate: w.Certificate, Verdict: diagnose.Verdict(w.Verdict),
		Troubled: w.Troubled, Page: max(w.Page, 0), SharedBy: w.SharedBy, ARN: w.ARN, Watch: w.Watch, Fix: w.Fix,
	}
	if w.NotAfter > 0 {
		s.NotAfter = time.Unix(w.NotAfter, 0).UTC()
	}
	if w.At > 0 {
		s.At = time.Unix(w.At, 0).UTC()
	}
	for id, n := range w.Causes {
		if s.Causes == nil {
			s.Causes = map[diagnose.CauseID]int{}
		}
		s.Causes[diagnose.CauseID(id)] = n
	}
	return s, nil
}

// QueryText is a query in the form that buttons carry, which reads back as the
// same query.
func QueryText(q diagnose.Query) string {
	switch {
	case q.Domain != "":
		return q.Domain
	case q.ARN != "":
		return q.ARN
	default:
		return q.ID
	}
}

// stateOf is the state of the buttons under an answer.
func stateOf(a diagnose.Answer, o Options) State {
	s := State{Query: QueryText(a.Query), At: a.At, SharedBy: o.SharedBy}
	if len(a.Reports) == 0 {
		return s
	}
	r := a.Reports[0]
	s.Verdict, s.Certificate, s.Troubled = r.Verdict, tail(r.Certificate.ARN), len(troubled(r.Names))
	for _, f := range r.Findings {
		if s.Causes == nil {
			s.Causes = map[diagnose.CauseID]int{}
		}
		s.Causes[f.Cause]++
	}
	return s
}

func tail(arn string) string {
	const n = 12
	if len(arn) <= n {
		return arn
	}
	return arn[len(arn)-n:]
}
