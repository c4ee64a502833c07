// Package dnstrace looks at the domain name system as the outside world does:
// from the root servers down, asking every address of every server at every
// cut, and through public recursive resolvers.
//
// A [Tracer] holds what is the same for every diagnosis; a [Session] is one
// diagnosis. Within a session no server is asked the same question twice, and
// delegations are remembered, so that a hundred names in one zone walk to it
// once.
//
// The walk to a name has two parts. Down to the registrable domain, each
// label is asked for by itself (as QNAME minimisation does, RFC 9156), because
// the answers are then the same for all names and it becomes visible which
// zone denies what. Below it, the servers are asked the real question, and a
// referral, or the owner of the SOA, NS or RRSIG records in an authoritative
// answer, tells of a cut further down; a label is never taken for a cut.
//
// Nothing here returns an error: what went wrong with a query is the outcome
// of that query, a fact like any other.
package dnstrace
