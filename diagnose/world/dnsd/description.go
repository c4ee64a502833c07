package dnsd

import "time"

// A Description is a part of the domain name system as data: zones, the
// servers that answer for them, well or badly, and the recursive resolvers
// that the public asks.
//
// Addresses are IP addresses, with the port 53 unless one is given. They are
// virtual unless [Options].Literal is set: documentation addresses such as
// 192.0.2.1 and 2001:db8::1 (RFC 5737, RFC 3849) are what the zones' glue
// should hold, and [Network.Dial] leads from them to loopback sockets.
type Description struct {
	Zones     []Zone
	Servers   []Server
	Resolvers []Resolver
}

// A Zone is one zone, or one version of it.
type Zone struct {
	// Name is the apex; "." or empty is the root.
	Name string
	// Version tells several contents of the same zone apart, such as what a
	// stale secondary still serves; the current one has none.
	Version string
	// Text is the zone in master file format (RFC 1035 section 5). $ORIGIN
	// starts as Name, $TTL as 300. A SOA record is supplied where there is
	// none. Contents that a good server would refuse to load, such as a CNAME
	// beside other data, are served as they stand.
	Text string
	// Signing signs the zone with a fresh key at start; nil leaves it
	// unsigned. Versions of one zone share their key, and one setting is
	// enough for all of them.
	Signing *Signing
}

// A Signing is how a zone is signed with DNSSEC: one ECDSA P-256 key, NSEC
// denial, and a DS record put into the parent zone where the description has
// one. The root's DS is [Network.TrustAnchors].
type Signing struct {
	// Fault is what is wrong with it; none is the zero value.
	Fault SigningFault
	// Types restricts a fault of the signatures to the record sets of these
	// types, such as "CNAME"; none means all, the keys among them.
	Types []string
	// Expired is when the signatures ran out, for SigningExpired; the zero
	// value is a week before the start.
	Expired time.Time
}

// A SigningFault is something wrong with a zone's DNSSEC.
type SigningFault string

// The signing faults.
const (
	SigningExpired       SigningFault = "expired"               // the signatures have run out
	SigningNotYet        SigningFault = "not-yet-valid"         // the signatures start tomorrow
	SigningInvalid       SigningFault = "invalid"               // the signatures do not match
	SigningMissing       SigningFault = "missing"               // there are keys, but no signatures
	SigningNoDenial      SigningFault = "no-denial"             // there are no NSEC records
	SigningWrongDS       SigningFault = "wrong-ds"              // the parent's DS is for another key
	SigningUnsigned      SigningFault = "unsigned"              // the parent has a DS, the zone neither keys nor signatures
	SigningUnsupported   SigningFault = "unsupported-algorithm" // the parent's DS has an algorithm nobody knows
	SigningWithoutParent SigningFault = "no-ds"                 // signed, but the parent has no DS
)

// A Server is an authoritative name server.
type Server struct {
	// Name is the server's name, for messages only.
	Name string
	// Addresses are where it answers, all alike.
	Addresses []string
	// Zones are the zones that it serves: apexes, followed by "@" and the
	// version where it is not the current one ("example.com@stale"). Other
	// names are answered with REFUSED.
	Zones []string
	// Behaviours are what it does wrong. Of those that apply to a query, each
	// has its effect, in this order; the first that settles the answer ends
	// it.
	Behaviours []Behaviour
}

// A Behaviour is something that a server does wrong.
type Behaviour struct {
	Do Misdeed
	// Type restricts it to queries for one type, such as "CAA"; empty means
	// all.
	Type string
	// Under restricts it to names at or below one; empty means all.
	Under string
	// Delay is for MisdeedDelay.
	Delay time.Duration
}

// A Misdeed is a kind of bad behaviour.
type Misdeed string

// The misdeeds.
const (
	MisdeedDrop           Misdeed = "drop"               // no answer at all
	MisdeedClosed         Misdeed = "closed"             // nothing listens there; takes no Type or Under
	MisdeedRefuse         Misdeed = "refuse"             // REFUSED
	MisdeedServFail       Misdeed = "servfail"           // SERVFAIL
	MisdeedFormErr        Misdeed = "formerr"            // FORMERR
	MisdeedLame           Misdeed = "lame"               // answers without the AA bit
	MisdeedUpward         Misdeed = "upward-referral"    // refers to the root servers
	MisdeedTruncate       Misdeed = "truncate"           // every UDP answer is truncated
	MisdeedTruncateNoTCP  Misdeed = "truncate-no-tcp"    // and TCP is silent
	MisdeedNoEDNS         Misdeed = "no-edns"            // FORMERR for a query with an OPT record
	MisdeedDropEDNS       Misdeed = "drop-edns"          // no answer to a query with an OPT record
	MisdeedDelay          Misdeed = "delay"              // answers after Delay
	MisdeedWrongID        Misdeed = "wrong-id"           // sends a stray answer with another ID first
	MisdeedWrongQuestion  Misdeed = "wrong-question"     // answers another question
	MisdeedGarbage        Misdeed = "garbage"            // answers with bytes that are no message
	MisdeedNXDomainForENT Misdeed = "nxdomain-for-empty" // says NXDOMAIN at an empty non-terminal
	MisdeedNoSOA          Misdeed = "no-soa"             // negative answers without the SOA record
	MisdeedNoDNSSEC       Misdeed = "no-dnssec"          // leaves signatures and denial out
)

// A Resolver is a recursive resolver. It resolves every query afresh from the
// description's root servers, except for what is in its cache.
type Resolver struct {
	Name    string
	Address string
	// NoValidation makes it pass on what does not validate. Otherwise it
	// answers SERVFAIL with an Extended DNS Error (RFC 8914) unless the query
	// has the CD bit.
	NoValidation bool
	// Cache is what it holds from before the start.
	Cache []Cached
	// Behaviours are what it does wrong; those that concern authority alone
	// do nothing.
	Behaviours []Behaviour
}

// A Cached is an answer that a resolver still holds, right or wrong.
type Cached struct {
	Name, Type string
	// Text holds the answer's records in master file format; none makes it a
	// negative answer.
	Text string
	// NXDomain makes a negative answer NXDOMAIN; without it, it is NODATA.
	NXDomain bool
	// SOA is the negative answer's SOA record in master file format; empty
	// supplies one for the name's parent.
	SOA string
	// Remaining is the time from the start until it leaves the cache. It
	// becomes the TTL of the records, counting down.
	Remaining time.Duration
}

var misdeeds = []Misdeed{
	MisdeedDrop, MisdeedClosed, MisdeedRefuse, MisdeedServFail, MisdeedFormErr, MisdeedLame, MisdeedUpward,
	MisdeedTruncate, MisdeedTruncateNoTCP, MisdeedNoEDNS, MisdeedDropEDNS, MisdeedDelay, MisdeedWrongID,
	MisdeedWrongQuestion, MisdeedGarbage, MisdeedNXDomainForENT, MisdeedNoSOA, MisdeedNoDNSSEC,
}

var signingFaults = []SigningFault{
	"", SigningExpired, SigningNotYet, SigningInvalid, SigningMissing, SigningNoDenial, SigningWrongDS,
	SigningUnsigned, SigningUnsupported, SigningWithoutParent,
}
