package diagnose

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// DNS is what the domain name system was seen to answer: a set of look-ups,
// and the zones on the way from the root to each name. A check reads it like a
// database; a look-up that was not made is absent, which is not the same as an
// empty answer. Names are lower-case and without a trailing dot; the root
// zone's name is ".".
type DNS struct {
	// Lookups by LookupKey.
	Lookups map[string]*Lookup `json:"lookups,omitempty"`
	// Zones by apex.
	Zones map[string]*Zone `json:"zones,omitempty"`
	// Resolvers are the recursive resolvers that were asked, as host:port.
	Resolvers []string `json:"resolvers,omitempty"`
	// Queries is how many queries were sent.
	Queries int `json:"queries,omitempty"`
}

// LookupKey is the key of a look-up in DNS.Lookups, such as
// "_x.example.com/CNAME".
func LookupKey(name, rrtype string) string {
	return CanonicalName(name) + "/" + rrtype
}

// CanonicalName lower-cases a domain name and drops its trailing dot, unless
// that is escaped and so a character of the last label; the root becomes ".".
func CanonicalName(name string) string {
	if name == "." || name == "" {
		return "."
	}
	name = strings.ToLower(name)
	if body, ok := strings.CutSuffix(name, "."); ok && (len(body)-len(strings.TrimRight(body, `\`)))%2 == 0 {
		return body
	}
	return name
}

// Lookup returns the look-up of a name and type, nil if it was not made.
func (d *DNS) Lookup(name, rrtype string) *Lookup {
	return d.Lookups[LookupKey(name, rrtype)]
}

// A Lookup is one question and all the answers to it: from every address of
// every server of the zone that the name is in, and from the recursive
// resolvers.
type Lookup struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// Path lists the apexes of the zones on the way to the name, from "." to
	// the zone whose servers were asked; that one is last.
	Path []string `json:"path,omitempty"`
	// Replies are the authoritative servers' answers, in order of server name
	// and address.
	Replies []Reply `json:"replies,omitempty"`
	// Public are the recursive resolvers' answers.
	Public []Reply `json:"public,omitempty"`
	// Broken says why no authoritative server could be asked, or none gave a
	// usable answer because the delegation is at fault; nil where one did.
	Broken *Break `json:"broken,omitempty"`
	// Security is the DNSSEC state of the answer.
	Security Security `json:"security,omitzero"`
}

// along are a look-up and those of what its name is an alias of, as far as they
// were made: a resolver that fails at one of them fails for the name.
func (d *DNS) along(l *Lookup) []*Lookup {
	var list []*Lookup
	add := func(l *Lookup) {
		if l != nil && !slices.Contains(list, l) {
			list = append(list, l)
		}
	}
	add(l)
	for i := 0; i < len(list) && len(list) <= maxAlong; i++ {
		for _, reply := range list[i].Replies {
			for _, rr := range reply.Answer {
				if rr.Type == "CNAME" && CanonicalName(rr.Name) == list[i].Name {
					add(d.Lookup(rr.Value, list[i].Type))
				}
			}
		}
	}
	return list
}

// maxAlong bounds the aliases that are followed: servers may disagree at each.
const maxAlong = 32

// Zone returns the apex of the zone that was asked, "" where none was reached.
func (l *Lookup) Zone() string {
	if l == nil || len(l.Path) == 0 {
		return ""
	}
	return l.Path[len(l.Path)-1]
}

// A Reply is one server's answer to one question.
type Reply struct {
	Server    string  `json:"server,omitempty"` // the name server's name; empty for a resolver
	Address   string  `json:"address"`          // ip:port
	Transport string  `json:"transport,omitempty"`
	Outcome   Outcome `json:"outcome"`
	RCode     string  `json:"rcode,omitempty"` // NOERROR, NXDOMAIN, …; empty where no message came back

	Authoritative bool `json:"aa,omitempty"`
	// CheckingDisabled marks a resolver's answer to the same question asked
	// again with the CD bit, after a SERVFAIL.
	CheckingDisabled bool `json:"cd,omitempty"`

	Answer    []RR  `json:"answer,omitempty"`    // RRSIGs left out
	Authority []RR  `json:"authority,omitempty"` // NS and SOA only
	EDE       []EDE `json:"ede,omitempty"`

	RTT    time.Duration `json:"rtt_ns,omitempty"`
	Detail string        `json:"detail,omitempty"` // an error in words fit to be shown
}

// An Outcome is what became of one query.
type Outcome string

// The outcomes of a query. The words are those of RFC 9499, "DNS Terminology"
// (https://www.rfc-editor.org/rfc/rfc9499).
const (
	OutcomeAnswer         Outcome = "answer"          // NOERROR with records at the name (of the type asked for, or a CNAME)
	OutcomeNoData         Outcome = "nodata"          // NOERROR, authoritative, no such records
	OutcomeNXDomain       Outcome = "nxdomain"        // the name does not exist
	OutcomeReferral       Outcome = "referral"        // a delegation further down
	OutcomeUpwardReferral Outcome = "upward-referral" // a referral to the root or to an ancestor: lame
	OutcomeLame           Outcome = "lame"            // an answer without authority from a server that should have it
	OutcomeRefused        Outcome = "refused"
	OutcomeServFail       Outcome = "servfail"
	OutcomeBadMessage     Outcome = "bad-message" // unparsable, another question's answer, or another RCODE
	OutcomeTimeout        Outcome = "timeout"
	OutcomeUnreachable    Outcome = "unreachable" // no route, port closed
	OutcomeTruncated      Outcome = "truncated"   // truncated over UDP, and TCP failed
	OutcomeNoAddress      Outcome = "no-address"  // the server's own name has no address
	OutcomeOverBudget     Outcome = "over-budget" // not asked: the diagnosis' query budget was spent
	OutcomeNotReached     Outcome = "not-reached" // not asked: the deadline had passed
)

// Usable reports whether the outcome says something about the name: there are
// records, there are none, or the name does not exist.
func (o Outcome) Usable() bool {
	return o == OutcomeAnswer || o == OutcomeNoData || o == OutcomeNXDomain
}

// Words is the outcome in words, for a list of servers and what each said.
func (o Outcome) Words() string {
	switch o {
	case OutcomeAnswer:
		return "answer"
	case OutcomeNoData:
		return "no such record at the name (NODATA)"
	case OutcomeNXDomain:
		return "no such name (NXDOMAIN)"
	case OutcomeReferral:
		return "referral"
	case OutcomeUpwardReferral:
		return "referral back up the tree: lame"
	case OutcomeLame:
		return "answer without authority: lame"
	case OutcomeRefused:
		return "refused (REFUSED)"
	case OutcomeServFail:
		return "server failure (SERVFAIL)"
	case OutcomeBadMessage:
		return "an answer that makes no sense"
	case OutcomeTimeout:
		return "no answer in time"
	case OutcomeUnreachable:
		return "not reachable"
	case OutcomeTruncated:
		return "truncated over UDP, and no answer over TCP"
	case OutcomeNoAddress:
		return "no address"
	case OutcomeOverBudget:
		return "not asked: the queries of this diagnosis were used up"
	case OutcomeNotReached:
		return "not heard"
	default:
		return string(o)
	}
}

// An RR is a resource record. Value is the record data in presentation format;
// domain names in it are lower-case and without a trailing dot.
type RR struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	TTL   uint32 `json:"ttl"` // seconds
	Value string `json:"value"`
	// Routing is how Route 53 chooses the record among others of its name and
	// type, such as "geolocation DE"; empty for a plain one, and in answers.
	Routing string `json:"routing,omitempty"`
}

// An EDE is an Extended DNS Error (RFC 8914,
// https://www.rfc-editor.org/rfc/rfc8914).
type EDE struct {
	Code uint16 `json:"code"`
	Name string `json:"name,omitempty"` // as IANA registers it, such as "DNSSEC Bogus"
	Text string `json:"text,omitempty"` // what the server added
}

// A Zone is a zone on the way to a name, as its parent and its own servers
// present it.
type Zone struct {
	Apex   string `json:"apex"`
	Parent string `json:"parent,omitempty"` // empty for the root
	// Delegated are the name servers that the parent's servers refer to.
	Delegated []string `json:"delegated,omitempty"`
	// Referrals are the parent's servers' answers that made the delegation;
	// they may differ.
	Referrals []Reply `json:"referrals,omitempty"`
	// Servers are the delegated servers with their addresses.
	Servers []ZoneServer `json:"servers,omitempty"`
	// NS and SOA are the answers of the zone's own servers to queries for its
	// apex; Delegated against NS shows a delegation that differs.
	NS  []Reply `json:"ns,omitempty"`
	SOA []Reply `json:"soa,omitempty"`
	// DS are the parent's delegation signer records; none means unsigned.
	DS []RR `json:"ds,omitempty"`
	// Security is the state of the chain of trust down to this zone's keys.
	Security Security `json:"security,omitzero"`
}

// A ZoneServer is a name server of a zone.
type ZoneServer struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses,omitempty"` // ip:port
	// Outcome says why there is no address, where there is none.
	Outcome Outcome `json:"outcome,omitempty"`
}

// ApexNS returns the NS names at the apex, over all of the zone's servers that answered with authority,
// sorted and without duplicates.
func (z *Zone) ApexNS() []string {
	seen := map[string]bool{}
	for _, r := range z.NS {
		if r.Outcome != OutcomeAnswer {
			continue
		}
		for _, rr := range r.Answer {
			if rr.Type == "NS" {
				seen[rr.Value] = true
			}
		}
	}
	return sortedKeys(seen)
}

// A Break is where and why the way from the root to a name ended early.
type Break struct {
	Kind BreakKind `json:"kind"`
	// Zone is the apex of the zone whose servers are at fault or, for
	// BreakNXDomain, whose servers say that Name does not exist.
	Zone   string `json:"zone"`
	Name   string `json:"name,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Replies are the answers that show it.
	Replies []Reply `json:"replies,omitempty"`
}

// A BreakKind is a kind of Break.
type BreakKind string

// The kinds of break.
const (
	BreakNoServers BreakKind = "no-servers" // none of the zone's servers has an address
	BreakLame      BreakKind = "lame"       // none of the zone's servers answers with authority
	BreakNXDomain  BreakKind = "nxdomain"   // a zone above says that an ancestor of the name, which should be delegated or exist, does not exist
	BreakLoop      BreakKind = "loop"       // the servers' names resolve only through each other
	BreakBadName   BreakKind = "bad-name"   // the name or the type is none that the DNS can hold
	BreakBudget    BreakKind = "budget"     // the query budget or the deadline ran out
)

// Security is a DNSSEC state (RFC 4035 section 4.3,
// https://www.rfc-editor.org/rfc/rfc4035).
type Security struct {
	State  SecurityState `json:"state,omitempty"`
	Fault  SecurityFault `json:"fault,omitempty"` // set where the state is Bogus, or Insecure by unsupported algorithm
	Zone   string        `json:"zone,omitempty"`  // where the fault is
	Detail string        `json:"detail,omitempty"`
	// Expired is when the signature ran out, for FaultSignatureExpired.
	Expired time.Time `json:"expired,omitzero"`
}

// A SecurityState is a DNSSEC validation state.
type SecurityState string

// The states; Unchecked is the zero value.
const (
	Unchecked     SecurityState = ""
	Secure        SecurityState = "secure"
	Insecure      SecurityState = "insecure" // provably unsigned
	Bogus         SecurityState = "bogus"
	Indeterminate SecurityState = "indeterminate" // could not be told, for want of answers
)

// A SecurityFault is why an answer is bogus.
type SecurityFault string

// The faults.
const (
	FaultSignatureExpired SecurityFault = "signature-expired"
	FaultSignatureNotYet  SecurityFault = "signature-not-yet-valid"
	FaultSignatureMissing SecurityFault = "signature-missing"
	FaultSignatureInvalid SecurityFault = "signature-invalid"
	FaultDSStale          SecurityFault = "ds-stale"              // no DNSKEY of the zone matches any DS
	FaultNoDNSKEY         SecurityFault = "no-dnskey"             // a DS, but the zone serves no DNSKEY: moved or unsigned
	FaultUnsupported      SecurityFault = "unsupported-algorithm" // no DS of a supported algorithm
	FaultDenialUnproven   SecurityFault = "denial-unproven"       // a signed zone's negative answer has no valid proof
)

func sortedKeys(set map[string]bool) []string {
	return slices.Sorted(maps.Keys(set))
}
