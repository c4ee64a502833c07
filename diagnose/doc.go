// Package diagnose says why an AWS Certificate Manager (ACM) certificate does
// or does not renew, and what to do about it.
//
// Data flows one way:
//
//	question → certificates → facts → findings → report → message
//
// This package holds the vocabulary of that flow and its pure parts. A [Query]
// is what a person asked for. [Facts] are everything that was observed about
// one certificate: ACM's own fields, DNS from the root servers down, what the
// endpoints serve. [Judge] turns Facts into a [Report] with no I/O and no
// clock, so the same facts give the same report for ever. The packages below
// it do the I/O: inventory (AWS), dnstrace (DNS), probe (TLS and HTTP), and
// gather, which puts them together.
//
// Two rules hold everywhere. A cause is named only with evidence. What could
// not be looked at is an [Unseen], a third state beside "fine" and "broken",
// and it reaches the reader.
package diagnose
