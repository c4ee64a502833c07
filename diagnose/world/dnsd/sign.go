package dnsd

import (
	"cmp"
	"crypto"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// A key is a zone's one key, which signs both its keys and the rest.
type key struct {
	public  *dns.DNSKEY
	private crypto.Signer
}

// signed is what signing adds to a zone's content.
type signed struct {
	// signatures by owner and type covered.
	signatures map[string]map[uint16][]*dns.RRSIG
	// chain are the NSEC records in order, empty where the zone has none.
	chain []*dns.NSEC
}

// The span of good signatures. A network that runs longer than that is not a
// test any more; a change signs anew.
const (
	signedSince = time.Hour
	signedFor   = 60 * 24 * time.Hour
)

func newKey(apex string) (*key, error) {
	public := &dns.DNSKEY{
		Hdr: header(apex, dns.TypeDNSKEY, 300), Flags: dns.ZONE | dns.SEP, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	const bits = 256
	var private crypto.PrivateKey
	for public.PublicKey == "" || public.KeyTag() == 0 { // the library does not sign with a tag of 0, as one key in 65,536 has
		var err error
		if private, err = public.Generate(bits); err != nil {
			return nil, fmt.Errorf("making a key for zone %s: %w", apex, err)
		}
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("making a key for zone %s: it cannot sign", apex)
	}
	return &key{public: public, private: signer}, nil
}

// signer returns the DS record that the parent zone gets for a zone, nil for
// none.
func (s *Signing) signer(k *key) (*dns.DS, error) {
	switch s.Fault {
	case SigningWithoutParent:
		return nil, nil
	case SigningWrongDS:
		other, err := newKey(k.public.Hdr.Name)
		if err != nil {
			return nil, err
		}
		return other.public.ToDS(dns.SHA256), nil
	case SigningUnsupported:
		ds := k.public.ToDS(dns.SHA256)
		ds.Algorithm = 200 // unassigned in IANA's registry
		return ds, nil
	default:
		return k.public.ToDS(dns.SHA256), nil
	}
}

// sign adds keys, signatures and denial to a zone's content.
func (s *Signing) sign(c *content, k *key, now time.Time) error {
	if s.Fault == SigningUnsigned {
		return nil
	}
	c.remove(c.apex, dns.TypeDNSKEY)
	c.add(k.public)
	c.signed = &signed{signatures: map[string]map[uint16][]*dns.RRSIG{}}
	for owner, sets := range c.sets {
		if !c.exists[owner] {
			continue // glue
		}
		delegation := c.cut(owner) == owner
		for rrtype, set := range sets {
			if delegation && rrtype != dns.TypeDS {
				continue
			}
			if err := s.signSet(c, k, now, owner, set); err != nil {
				return err
			}
		}
	}
	if s.Fault == SigningNoDenial {
		return nil
	}
	owners := slices.DeleteFunc(slices.Collect(maps.Keys(c.sets)), func(owner string) bool { return !c.exists[owner] })
	slices.SortFunc(owners, compareNames)
	minimum := c.sets[c.apex][dns.TypeSOA][0].(*dns.SOA).Minttl
	for i, owner := range owners {
		types := append(slices.Collect(maps.Keys(c.sets[owner])), dns.TypeRRSIG, dns.TypeNSEC)
		if c.cut(owner) == owner {
			types = slices.DeleteFunc(types, func(t uint16) bool {
				return t != dns.TypeNS && t != dns.TypeDS && t != dns.TypeRRSIG && t != dns.TypeNSEC
			})
		}
		slices.Sort(types)
		nsec := &dns.NSEC{
			Hdr: header(owner, dns.TypeNSEC, minimum), NextDomain: owners[(i+1)%len(owners)], TypeBitMap: types,
		}
		c.signed.chain = append(c.signed.chain, nsec)
		if err := s.signSet(c, k, now, owner, []dns.RR{nsec}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Signing) signSet(c *content, k *key, now time.Time, owner string, set []dns.RR) error {
	h := set[0].Header()
	sig := &dns.RRSIG{
		Hdr:       header(owner, dns.TypeRRSIG, h.Ttl),
		Algorithm: k.public.Algorithm, KeyTag: k.public.KeyTag(), SignerName: c.apex,
		Inception:  stamp(now.Add(-signedSince)),
		Expiration: stamp(now.Add(signedFor)),
	}
	faulty := len(s.Types) == 0 || slices.ContainsFunc(s.Types, func(t string) bool {
		return strings.EqualFold(t, dns.Type(h.Rrtype).String())
	})
	if faulty {
		switch s.Fault {
		case SigningMissing:
			return nil
		case SigningExpired:
			ended := s.Expired
			if ended.IsZero() {
				ended = now.Add(-7 * 24 * time.Hour)
			}
			sig.Inception, sig.Expiration = stamp(ended.Add(-signedFor)), stamp(ended)
		case SigningNotYet:
			sig.Inception = stamp(now.Add(24 * time.Hour))
		}
	}
	if err := sig.Sign(k.private, set); err != nil {
		return fmt.Errorf("signing %s %s: %w", owner, dns.Type(h.Rrtype), err)
	}
	if faulty && s.Fault == SigningInvalid {
		sig.Signature = flip(sig.Signature)
	}
	if c.signed.signatures[owner] == nil {
		c.signed.signatures[owner] = map[uint16][]*dns.RRSIG{}
	}
	c.signed.signatures[owner][h.Rrtype] = []*dns.RRSIG{sig}
	return nil
}

// stamp is a time as signatures have it: seconds that wrap (RFC 4034 section
// 3.1.5).
func stamp(t time.Time) uint32 {
	return uint32(t.Unix()) //nolint:gosec // it wraps, and is meant to
}

// flip changes a signature in base64 so that it stays readable.
func flip(signature string) string {
	first := "A"
	if strings.HasPrefix(signature, first) {
		first = "B"
	}
	return first + signature[1:]
}

func (c *content) hasNSEC(owner string) bool {
	return c.signed != nil && slices.ContainsFunc(c.signed.chain, func(rr *dns.NSEC) bool { return rr.Hdr.Name == owner })
}

// at returns the NSEC record of a name, with its signatures.
func (c *content) at(owner string) []dns.RR {
	if c.signed == nil {
		return nil
	}
	for _, nsec := range c.signed.chain {
		if nsec.Hdr.Name == owner {
			return c.expand([]dns.RR{nsec}, owner, owner, true)
		}
	}
	return nil
}

// covering returns the NSEC record whose gap a name falls into, with its
// signatures.
func (c *content) covering(name string) []dns.RR {
	if c.signed == nil || len(c.signed.chain) == 0 {
		return nil
	}
	i, found := slices.BinarySearchFunc(c.signed.chain, name, func(rr *dns.NSEC, name string) int {
		return compareNames(rr.Hdr.Name, name)
	})
	if !found {
		i-- // the apex comes first, so there is one before
	}
	return c.at(c.signed.chain[max(i, 0)].Hdr.Name)
}

// compareNames compares names in the canonical order (RFC 4034 section 6.1).
func compareNames(a, b string) int {
	x, y := dns.SplitDomainName(a), dns.SplitDomainName(b)
	for i := 1; i <= min(len(x), len(y)); i++ {
		if c := strings.Compare(x[len(x)-i], y[len(y)-i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}
