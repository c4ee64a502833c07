// Package dnstrace looks at the domain name system as the outside world does.
package dnstrace

// A Root is a root name server.
type Root struct {
	Name string
	// Addresses are ip:port; an address without a port gets 53.
	Addresses []string
}
