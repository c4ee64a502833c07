// Package probe looks at HTTPS and HTTP servers as the outside world sees
// them: which certificate an address presents for a name, and what a plain
// HTTP request is answered with.
//
// The names it is asked about come from people and from certificates, so it
// connects to public addresses only ([Options].Allow makes exceptions), and
// never to link-local or cloud metadata addresses. What is checked is the very
// address that is dialled, after resolution.
package probe
