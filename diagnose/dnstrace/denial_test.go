package dnstrace

import (
	"fmt"
	"slices"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

// The order of RFC 4034 section 6.1.
func TestCompareNames(t *testing.T) {
	t.Parallel()
	ordered := []string{
		"example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.", "zABC.a.EXAMPLE.", "z.example.",
		`\001.z.example.`, "*.z.example.", `\200.z.example.`,
	}
	for i, a := range ordered {
		for j, b := range ordered {
			got := compareNames(a, b)
			if (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("compareNames(%q, %q) = %d", a, b, got)
			}
		}
	}
}

func TestProvenByNSEC(t *testing.T) {
	t.Parallel()
	nsec := func(text string) *dns.NSEC { return record4(t, text).(*dns.NSEC) }
	last := nsec("x.example.com. 60 IN NSEC example.com. A RRSIG NSEC")
	tests := []struct {
		name     string
		records  []*dns.NSEC
		at       string
		rrtype   uint16
		nxdomain bool
		want     bool
	}{
		{"type is not there", []*dns.NSEC{nsec("m.example.com. 60 IN NSEC n.example.com. A RRSIG NSEC")}, "m.example.com.", dns.TypeCNAME, false, true},
		{"type is there", []*dns.NSEC{nsec("m.example.com. 60 IN NSEC n.example.com. CNAME RRSIG NSEC")}, "m.example.com.", dns.TypeCNAME, false, false},
		{"alias is there", []*dns.NSEC{nsec("m.example.com. 60 IN NSEC n.example.com. CNAME RRSIG NSEC")}, "m.example.com.", dns.TypeCAA, false, false},
		{"covered", []*dns.NSEC{nsec("a.example.com. 60 IN NSEC n.example.com. A")}, "m.example.com.", dns.TypeCNAME, true, true},
		{"covered by the last", []*dns.NSEC{last}, "z.example.com.", dns.TypeCNAME, true, true},
		{"not covered", []*dns.NSEC{last}, "m.example.com.", dns.TypeCNAME, true, false},
		{"empty non-terminal", []*dns.NSEC{nsec("a.example.com. 60 IN NSEC a.m.example.com. A")}, "m.example.com.", dns.TypeCNAME, false, true},
		{"covered, but no wildcard", []*dns.NSEC{nsec("a.example.com. 60 IN NSEC n.example.com. A")}, "m.example.com.", dns.TypeCNAME, false, false},
		{"wildcard without the type", []*dns.NSEC{nsec("*.example.com. 60 IN NSEC n.example.com. A")}, "m.example.com.", dns.TypeCNAME, false, true},
		{"the parent's side of a delegation", []*dns.NSEC{nsec("m.example.com. 60 IN NSEC n.example.com. NS RRSIG NSEC")}, "m.example.com.", dns.TypeCAA, false, false},
		{"unsigned delegation", []*dns.NSEC{nsec("m.example.com. 60 IN NSEC n.example.com. NS RRSIG NSEC")}, "m.example.com.", dns.TypeDS, false, true},
		{"signed delegation", []*dns.NSEC{nsec("m.example.com. 60 IN NSEC n.example.com. NS DS RRSIG NSEC")}, "m.example.com.", dns.TypeDS, false, false},
		{"the child's side of a delegation", []*dns.NSEC{nsec("m.example.com. 60 IN NSEC n.example.com. NS SOA RRSIG NSEC")}, "m.example.com.", dns.TypeDS, false, false},
		{"compact denial", []*dns.NSEC{nsec(`m.example.com. 60 IN NSEC \000.m.example.com. RRSIG NSEC NXNAME`)}, "m.example.com.", dns.TypeCNAME, true, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := provenByNSEC(test.records, test.at, test.rrtype, test.nxdomain); got != test.want {
				t.Errorf("proven is %v, want %v", got, test.want)
			}
		})
	}
}

// hashed makes the NSEC3 records of a zone with some names.
func hashed(zone string, flags uint8, names map[string][]uint16) []*dns.NSEC3 {
	var records []*dns.NSEC3
	for name, types := range names {
		records = append(records, &dns.NSEC3{
			Hdr:  dns.RR_Header{Name: dns.HashName(name, dns.SHA1, 0, "") + "." + zone, Rrtype: dns.TypeNSEC3, Class: dns.ClassINET},
			Hash: dns.SHA1, Flags: flags, TypeBitMap: types,
		})
	}
	slices.SortFunc(records, func(a, b *dns.NSEC3) int { return compareNames(a.Hdr.Name, b.Hdr.Name) })
	for i, rr := range records {
		next := records[(i+1)%len(records)].Hdr.Name
		rr.NextDomain = next[:dns.Split(next)[1]-1]
	}
	return records
}

func TestProvenByNSEC3(t *testing.T) {
	t.Parallel()
	const zone = "example.com."
	records := hashed(zone, 0, map[string][]uint16{
		zone: {dns.TypeSOA, dns.TypeNS}, "www.example.com.": {dns.TypeA}, "alias.example.com.": {dns.TypeCNAME},
		"empty.example.com.": {}, "sub.example.com.": {dns.TypeNS},
		"wild.example.com.": {}, "*.wild.example.com.": {dns.TypeTXT},
	})
	optOut := hashed(zone, 1, map[string][]uint16{zone: {dns.TypeSOA, dns.TypeNS}, "www.example.com.": {dns.TypeA}})
	tests := []struct {
		name     string
		records  []*dns.NSEC3
		at       string
		rrtype   uint16
		nxdomain bool
		want     bool
	}{
		{"type is not there", records, "www.example.com.", dns.TypeCNAME, false, true},
		{"type is there", records, "www.example.com.", dns.TypeA, false, false},
		{"alias is there", records, "alias.example.com.", dns.TypeCAA, false, false},
		{"empty non-terminal", records, "empty.example.com.", dns.TypeCAA, false, true},
		{"name is not there", records, "gone.example.com.", dns.TypeCNAME, true, true},
		{"deep name is not there", records, "a.b.gone.example.com.", dns.TypeCNAME, true, true},
		{"name is there", records, "www.example.com.", dns.TypeCNAME, true, false},
		{"no wildcard", records, "gone.example.com.", dns.TypeCNAME, false, false},
		{"wildcard without the type", records, "gone.wild.example.com.", dns.TypeCNAME, false, true},
		{"wildcard with the type", records, "gone.wild.example.com.", dns.TypeTXT, false, false},
		{"unsigned delegation", records, "sub.example.com.", dns.TypeDS, false, true},
		{"the parent's side of a delegation", records, "sub.example.com.", dns.TypeCAA, false, false},
		{"opt-out", optOut, "sub.example.com.", dns.TypeDS, false, true},
		{"no opt-out", records, "other.example.com.", dns.TypeDS, false, false},
		{"nothing", nil, "gone.example.com.", dns.TypeCNAME, true, false},
		{"another zone", records, "gone.example.net.", dns.TypeCNAME, true, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := provenByNSEC3(test.records, test.at, test.rrtype, zone, test.nxdomain); got != test.want {
				t.Errorf("proven is %v, want %v", got, test.want)
			}
		})
	}
}

// The gaps of a chain cover each name exactly once, its owners not at all.
func TestBetween(t *testing.T) {
	t.Parallel()
	label := rapid.StringMatching(`[a-c*_\-]{1,2}`)
	rapid.Check(t, func(t *rapid.T) {
		owners := []string{"example.com."}
		for _, l := range rapid.SliceOfDistinct(label, rapid.ID[string]).Draw(t, "labels") {
			owners = append(owners, l+".example.com.")
		}
		slices.SortFunc(owners, compareNames)
		name := fmt.Sprintf("%s.%s.example.com.", label.Draw(t, "first"), label.Draw(t, "second"))
		if rapid.Bool().Draw(t, "owner") {
			name = rapid.SampledFrom(owners).Draw(t, "name")
		}
		covered := 0
		for i, owner := range owners {
			if between(owner, owners[(i+1)%len(owners)], name) {
				covered++
			}
		}
		want := 1
		if slices.Contains(owners, name) {
			want = 0
		}
		if covered != want && len(owners) > 1 {
			t.Fatalf("%q is covered %d times by %q", name, covered, owners)
		}
	})
}
