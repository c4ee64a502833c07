// Package dnsd runs domain name servers on loopback, for the tests and the
// demo: a whole hierarchy from the root down, with servers that misbehave on
// purpose, DNSSEC, and recursive resolvers with stale caches. They speak the
// real protocol over real UDP and TCP sockets.
//
// A [Description] says what there is; [Start] brings it up as a [Network],
// which a tracer is pointed at:
//
//	network, err := dnsd.Start(description, dnsd.Options{})
//	tracer := dnstrace.New(dnstrace.Options{
//		Roots:        network.Roots(),
//		TrustAnchors: network.TrustAnchors(),
//		Resolvers:    network.Resolvers(),
//		Dial:         network.Dial,
//	})
package dnsd
