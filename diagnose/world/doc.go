// Package world runs an embedded world for the demo and the tests: an AWS API,
// the domain name system from the root servers down, recursive resolvers, and
// HTTPS and HTTP servers, all on loopback and over the real protocols. One
// readable file describes it, in txtar format.
//
// A world with one fault is a few lines:
//
//	The CNAME record was tidied away, so ACM cannot validate the name.
//	-- certificates.yaml --
//	- name: shop.example.com
//	  expires: +12d
//	  renewal: PENDING_VALIDATION
//	-- zone example.com --
//	shop  A  198.51.100.10
//	-- expect.yaml --
//	- ask: shop.example.com
//	  causes: [cname-missing]
//	  verdict: blocked
//	  records: [shop.example.com]
//
// The text before the first file is the world's title and story. These are the
// files; each may be left out.
//
// # certificates.yaml
//
// A list of certificates. What is not said is as ACM would have it: public,
// issued, 198 days valid, validated by DNS, used by a load balancer, in account
// 111122223333 and region eu-west-1. See [Certificate] for all keys. Moments
// are relative to the start ("-3d", "+12d", "+36h") or dates; names may count
// ("t{01..99}.example.com").
//
// # zone NAME
//
// A zone in master file format (RFC 1035 section 5), with any name in the
// header: "zone example.com". SOA and NS records are supplied where there are
// none, and so are the delegation in the parent zone with its glue, the parent
// zones up to the root, and the zones of the name servers. Clauses after the
// name say more:
//
//	zone example.com on cloudflare           at that host, by its servers' names
//	zone example.com on ns1.example.net ns2.example.net
//	zone example.com in 111122223333         a Route 53 hosted zone of that account
//	zone example.com …, not delegated        the parent does not know these servers
//	zone example.com …, private              a private hosted zone, without servers
//	zone example.com …, geolocation DE       whose CNAMEs Route 53 gives to one country
//	zone example.com …, signed               with DNSSEC, and so are all zones above
//	zone example.com …, signatures expired   or another fault; see signings
//
// Several sections for one zone, on different servers, are versions of it: some
// servers have one, some the other. Hosts are cloudflare, godaddy, azure,
// google, namecheap, ionos, gandi, ovh and route53.
//
// In all sections, @acm.name(NAME) and @acm.value(NAME) stand for the name and
// the value of the CNAME record that ACM asks for, without trailing dots; a
// second argument is the account. @acm(NAME) in a zone is the whole record. So
// a healthy zone has one line a name, and a fault is what is made by hand:
//
//	@acm(shop.example.com)
//	@acm.name(www.example.com).  CNAME  @acm.value(www.example.com)  ; no dot: doubled
//
// Lines and names in a zone may count too ("c{01..99}  A  198.51.100.1").
//
// @acm.token(NAME) is the name's first label without its underscore,
// @acm.target(NAME) the value without its own, and @acm.from(NAME),
// @acm.to(NAME) and @acm.path(NAME) are the URLs of the redirect that HTTP
// validation asks for, and the first one's path.
//
// # servers.yaml
//
// What name servers do wrong, by server name, or by zone for all of its
// servers:
//
//	ns2.example.net: refuse
//	example.com: [servfail CAA, delay 300ms]
//	ns3.example.net: no address
//
// The words are those of package dnsd, with a type and "under NAME" where the
// misdeed is restricted.
//
// # resolver.yaml
//
// The recursive resolvers, each with what it still has in its cache; see
// [Resolver]. Without this file there is one, with an empty cache.
//
// # endpoints.yaml
//
// HTTPS and HTTP servers; see [Endpoint]. An address in a zone that is not in
// this file is a load balancer which has all certificates that are in use.
//
// # accounts.yaml
//
// AWS accounts by id; see [Account]. The first one is where acmbot has its
// keys, the others are reached by the role acmbot-read.
//
// # authorities.yaml
//
// Private certificate authorities; see [Authority].
//
// # expect.yaml
//
// What a diagnosis must find: exactly these causes, for each question; see
// [Expectation].
package world
