package diagnose

import (
	"context"
	"slices"
	"time"
)

// A Finding is one cause that holds for one certificate, with the evidence for
// it and what to do about it. Its texts come from the catalogue.
type Finding struct {
	Cause      CauseID    `json:"cause"`
	Title      string     `json:"title"`
	Severity   Severity   `json:"severity"`
	Confidence Confidence `json:"confidence"`
	Owner      Owner      `json:"owner"`
	// Names are the certificate's names that it concerns; none means all.
	Names []string `json:"names,omitempty"`
	// Subject is what tells this finding from another of the same cause: a
	// record's name, a zone's apex, or nothing.
	Subject string `json:"subject,omitempty"`
	// Ahead marks a fault that does not hurt yet, because the renewal has not
	// started: it will fail when it does.
	Ahead    bool       `json:"ahead,omitempty"`
	Text     string     `json:"text"`
	Evidence []Evidence `json:"evidence"`
	Remedy   Remedy     `json:"remedy,omitzero"`
	Sources  []Source   `json:"sources,omitempty"`
}

// Evidence is one observation that a finding rests on.
type Evidence struct {
	// Source is who said it: "ACM", "DNS ns1.example.com (192.0.2.1:53)",
	// "resolver 192.0.2.53:53", "TLS 192.0.2.80:443", "Route 53".
	Source string `json:"source"`
	// Text is what was seen, in words; code spans are in backquotes.
	Text string `json:"text"`
}

// A Remedy is what to do about a finding: words, and where a DNS record is the
// fix, that record. Texts may hold code spans in backquotes.
type Remedy struct {
	// Summary is the fix in one line, for a digest.
	Summary string `json:"summary,omitempty"`
	// Steps are the whole fix, one step each.
	Steps []string `json:"steps,omitempty"`

	// Action is what to do with the record: add, replace or remove. Empty
	// where the fix is not a record.
	Action RecordAction `json:"action,omitempty"`
	// Name, Type and Value are the record to end up with (or, for remove, to
	// take away); Name and Value are absolute, without a trailing dot.
	Name  string `json:"name,omitempty"`
	Type  string `json:"type,omitempty"`
	Value string `json:"value,omitempty"`
	TTL   int    `json:"ttl,omitempty"` // seconds
	// Zone is the zone it belongs in, RelativeName is Name within it, and
	// EnterName and EnterValue are what to type into the DNS host's form.
	Zone         string `json:"zone,omitempty"`
	RelativeName string `json:"relative_name,omitempty"`
	EnterName    string `json:"enter_name,omitempty"`
	EnterValue   string `json:"enter_value,omitempty"`
	// Host is who hosts the zone, where its name servers tell.
	Host     string `json:"host,omitempty"`
	HostNote string `json:"host_note,omitempty"` // that host's peculiarity
	HostURL  string `json:"host_url,omitempty"`
	// Present are the records now at the place where Name should be, or that
	// are to be removed.
	Present []RR `json:"present,omitempty"`

	// Commands are AWS CLI commands to paste, one each.
	Commands   []string `json:"commands,omitempty"`
	Terraform  string   `json:"terraform,omitempty"`
	ZoneFile   string   `json:"zone_file,omitempty"`
	ConsoleURL string   `json:"console_url,omitempty"`
}

// Keeps reports whether the record comes beside others of its kind, which stay.
func (r *Remedy) Keeps() bool {
	return r.Action == AddRecord && slices.ContainsFunc(r.Present, func(rr RR) bool { return rr.Name == r.Name && rr.Type == r.Type })
}

// A RecordAction is what to do with a record.
type RecordAction string

// The record actions.
const (
	AddRecord     RecordAction = "add"
	ReplaceRecord RecordAction = "replace"
	RemoveRecord  RecordAction = "remove"
)

// A Source is a public document that a fact comes from.
type Source struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// A Severity ranks findings: what hurts now, what will, what is worth knowing.
type Severity string

// The severities, the gravest first.
const (
	Fatal    Severity = "fatal"    // this certificate can never renew: it must be replaced
	Blocking Severity = "blocking" // the renewal cannot succeed until this is fixed
	Warning  Severity = "warning"  // renewal is not stopped by it today, but somebody must act
	Notice   Severity = "notice"   // all in order, or nothing to do but wait
)

// A Confidence is how sure a finding is.
type Confidence string

// The confidences.
const (
	Certain  Confidence = "certain"  // ACM says so, or an authoritative server shows it
	Likely   Confidence = "likely"   // one observation shows it
	Possible Confidence = "possible" // only compatible with what was seen
)

// An Owner is who can fix a finding.
type Owner string

// The owners.
const (
	OwnerZone       Owner = "zone owner"        // whoever edits the zone's records
	OwnerParentZone Owner = "parent zone owner" // whoever edits the zone above
	OwnerRegistrar  Owner = "registrar"         // the domain's registration
	OwnerDNSHost    Owner = "DNS host"          // whoever runs the name servers
	OwnerAWSAccount Owner = "AWS account owner" // the certificate's account
	OwnerCA         Owner = "CA administrator"  // the private CA, or the CA that issued an imported certificate
	OwnerMailbox    Owner = "mailbox owner"     // who reads the validation mail
	OwnerWebServer  Owner = "web server owner"  // who runs the endpoint
	OwnerAWSSupport Owner = "AWS Support"       //
	OwnerNobody     Owner = "nobody: just wait" //
)

// A State is where a certificate is in its life, whatever the findings.
type State string

// The states.
const (
	StateNotIssued State = "not-issued" // never validated, failed or timed out
	StateNotDue    State = "not-due"    // renewal has not started and need not have
	StateInRenewal State = "in-renewal" // ACM is at it by itself
	StatePending   State = "pending"    // ACM waits for somebody
	StateRenewed   State = "renewed"    // the last renewal worked, lately
	StateNever     State = "never"      // ACM will not renew it
	StateExpired   State = "expired"
	StateRevoked   State = "revoked"
)

// A Verdict is the report in a word.
type Verdict string

// The verdicts, the gravest first.
const (
	VerdictDown     Verdict = "down"      // expired, revoked or never issued: users are hurt if it is used
	VerdictBlocked  Verdict = "blocked"   // the renewal is due and cannot succeed until somebody acts
	VerdictWillFail Verdict = "will-fail" // the renewal is not due yet and will not succeed
	VerdictWarning  Verdict = "warning"   // will renew, but something needs a hand
	VerdictWaiting  Verdict = "waiting"   // under way or all in order: wait
	VerdictHealthy  Verdict = "healthy"
	VerdictUnknown  Verdict = "unknown" // what would decide it could not be seen
)

// A Report is the diagnosis of one certificate.
type Report struct {
	At          time.Time   `json:"at"`
	Asked       string      `json:"asked"` // the question's subject, as read
	Certificate Certificate `json:"certificate"`
	State       State       `json:"state"`
	Verdict     Verdict     `json:"verdict"`
	// Headline is the verdict in one sentence, with the days left.
	Headline string `json:"headline"`
	// DaysLeft is the whole days from At to the certificate's NotAfter,
	// negative once it has passed; nil where there is no NotAfter.
	DaysLeft *int `json:"days_left,omitempty"`
	// RenewalStarts is when ACM first tries to renew; zero where it never
	// does.
	RenewalStarts time.Time `json:"renewal_starts,omitzero"`
	// Findings are the root causes, the gravest first.
	Findings []Finding `json:"findings"`
	// Consequences are causes that also hold but follow from a finding.
	Consequences []CauseID `json:"consequences"`
	// Names is the state of every name on the certificate, those in trouble
	// first, else in the certificate's order.
	Names []NameState `json:"names,omitempty"`
	// Observations are evidence worth showing that is nobody's fault, such as
	// what the endpoints serve.
	Observations []Evidence `json:"observations,omitempty"`
	// Unseen is what could not be checked.
	Unseen []Unseen `json:"unseen,omitempty"`
	// ConsoleURL leads to this certificate in the AWS console.
	ConsoleURL string `json:"console_url,omitempty"`
}

// A NameState is one name's part in the renewal.
type NameState struct {
	Name   string  `json:"name"`
	Method string  `json:"method,omitempty"`
	Record *Record `json:"record,omitempty"`
	// ACM is the name's validation status in the renewal, empty where no
	// renewal has started.
	ACM string `json:"acm,omitempty"`
	// Seen is what the outside world shows for it, in a few words.
	Seen string `json:"seen,omitempty"`
	OK   bool   `json:"ok"`
	// Causes are the findings that concern it.
	Causes []CauseID `json:"causes,omitempty"`
}

// An Answer is the answer to one question: the certificates that cover the
// name, each diagnosed, and where was looked.
type Answer struct {
	At    time.Time `json:"at"`
	Query Query     `json:"query"`
	// Reports has the certificate that matters most first: the one really
	// served, else one in use, else the one that expires last.
	Reports []Report `json:"-"`
	// Facts that the reports rest on, in the same order.
	Facts []Facts `json:"-"`
	// More are certificates that cover the name too but were not diagnosed,
	// because there were too many.
	More []CertificateRef `json:"-"`
	// Similar are certificates with names like the one asked for, where none
	// covers it.
	Similar []CertificateRef `json:"similar,omitempty"`
	// Endpoint is what the name serves, looked at where no certificate covers
	// it.
	Endpoint *Endpoint `json:"endpoint,omitempty"`
	Scope    Scope     `json:"scope"`
}

// A Scope is where certificates were looked for.
type Scope struct {
	// Places are the account and region pairs that were read.
	Places []Place `json:"places"`
	// Certificates is how many certificates were looked through, where known.
	Certificates int `json:"certificates,omitempty"`
	// Unreadable are the places that could not be read.
	Unreadable []Unseen `json:"unreadable,omitempty"`
}

// A Place is one region of one account.
type Place struct {
	Account string `json:"account"`
	Region  string `json:"region"`
}

// A Progress is how far a diagnosis has come, for a reader who waits.
type Progress struct {
	// Stage is what is being done, as a phrase: "searching 6 regions".
	Stage string
	// Done and Total count the steps of the stage; Total is 0 where unknown.
	Done, Total int
}

// A Diagnostician answers questions. It is what the bot and the command line
// ask; package gather implements it.
type Diagnostician interface {
	// Answer never fails as a whole: what could not be seen is in the answer's
	// scope and in its reports. It calls progress, which may be nil, from any
	// goroutine, and returns early when ctx ends, with what it has by then.
	Answer(ctx context.Context, q Query, progress func(Progress)) Answer
}
