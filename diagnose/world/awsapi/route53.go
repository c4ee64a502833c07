package awsapi

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const route53Namespace = "https://route53.amazonaws.com/doc/2013-04-01/"

type xmlZone struct {
	ID        string `xml:"Id"`
	Name      string
	Reference string `xml:"CallerReference"`
	Comment   string `xml:"Config>Comment,omitempty"`
	Private   bool   `xml:"Config>PrivateZone"`
	Count     int    `xml:"ResourceRecordSetCount"`
}

func (z *HostedZone) xml() xmlZone {
	return xmlZone{ID: "/hostedzone/" + z.ID, Name: z.Name + ".", Reference: z.ID, Comment: z.Comment, Private: z.Private, Count: len(z.Records)}
}

type xmlRecordSet struct {
	Name          string
	Type          string
	SetIdentifier string      `xml:",omitempty"`
	Weight        *int64      `xml:",omitempty"`
	Region        string      `xml:",omitempty"`
	Geo           *xmlGeo     `xml:"GeoLocation,omitempty"`
	TTL           *int64      `xml:",omitempty"`
	Records       []xmlRecord `xml:"ResourceRecords>ResourceRecord,omitempty"`
	Alias         *xmlAlias   `xml:"AliasTarget,omitempty"`
}

type xmlGeo struct {
	Country string `xml:"CountryCode,omitempty"`
}

type xmlRecord struct{ Value string }

type xmlAlias struct {
	ZoneID   string `xml:"HostedZoneId"`
	DNSName  string
	Evaluate bool `xml:"EvaluateTargetHealth"`
}

func (r *RecordSet) xml() xmlRecordSet {
	x := xmlRecordSet{Name: octal(r.Name) + ".", Type: r.Type, SetIdentifier: r.SetIdentifier, Weight: r.Weight, Region: r.Latency}
	if r.Geo != "" {
		x.Geo = &xmlGeo{r.Geo}
	}
	if r.Alias != "" {
		x.Alias = &xmlAlias{ZoneID: or(r.AliasZoneID, "Z2FDTNDATAQYW2"), DNSName: r.Alias + "."}
		return x
	}
	ttl := r.TTL
	x.TTL = &ttl
	for _, v := range r.Values {
		x.Records = append(x.Records, xmlRecord{v})
	}
	return x
}

// octal escapes a name as Route 53 gives it back: all but letters, digits,
// hyphens, underscores and dots as \ooo ("DNS domain name format", Amazon
// Route 53 Developer Guide,
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html).
func octal(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-_.", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}

// canonical undoes octal, lower-cases, and drops the trailing dot.
func canonical(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+3 < len(name) {
			if c, err := strconv.ParseUint(name[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// compareNames orders names as Route 53 does: as text, with the labels reversed
// and a dot behind, so that a hyphen comes before the end of a label
// ("ListResourceRecordSets", Amazon Route 53 API Reference,
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html).
func compareNames(a, b string) int {
	reversed := func(name string) string {
		labels := strings.Split(name, ".")
		slices.Reverse(labels)
		return strings.Join(labels, ".") + "."
	}
	return strings.Compare(reversed(a), reversed(b))
}

func noZone(id string) *Error {
	return &Error{Status: 404, Code: "NoSuchHostedZone", Message: "No hosted zone found with ID: " + id}
}

func (c *invocation) hostedZone() (*HostedZone, *Error) {
	id := c.request.path[1]
	c.resource = id
	if z := c.account.zone(id); z != nil {
		return z, nil
	}
	return nil, noZone(id)
}

// limit reads maxitems, and caps it.
func (c *invocation) limit(fallback int) (int, *Error) {
	size := fallback
	if asked := c.request.URL.Query().Get("maxitems"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil || n < 1 {
			return 0, &Error{Code: "InvalidInput", Message: "maxitems is not valid"}
		}
		size = min(n, fallback)
	}
	if capped := c.state.Quirks.PageSize; capped > 0 {
		size = min(size, capped)
	}
	return size, nil
}

type listHostedZonesResponse struct {
	XMLName    xml.Name  `xml:"ListHostedZonesResponse"`
	NS         string    `xml:"xmlns,attr"`
	Zones      []xmlZone `xml:"HostedZones>HostedZone"`
	Marker     string    `xml:",omitempty"`
	Truncated  bool      `xml:"IsTruncated"`
	NextMarker string    `xml:",omitempty"`
	MaxItems   int
}

func listHostedZones(c *invocation) (any, *Error) {
	size, fault := c.limit(100)
	if fault != nil {
		return nil, fault
	}
	out := listHostedZonesResponse{NS: route53Namespace, MaxItems: size, Marker: c.request.URL.Query().Get("marker")}
	zones := c.account.HostedZones
	if out.Marker != "" {
		i := slices.IndexFunc(zones, func(z *HostedZone) bool { return z.ID == out.Marker })
		if i < 0 {
			return nil, noZone(out.Marker)
		}
		zones = zones[i:]
	}
	if len(zones) > size {
		out.Truncated, out.NextMarker = true, zones[size].ID
		zones = zones[:size]
	}
	for _, z := range zones {
		out.Zones = append(out.Zones, z.xml())
	}
	return out, nil
}

type listHostedZonesByNameResponse struct {
	XMLName   xml.Name  `xml:"ListHostedZonesByNameResponse"`
	NS        string    `xml:"xmlns,attr"`
	Zones     []xmlZone `xml:"HostedZones>HostedZone"`
	DNSName   string    `xml:",omitempty"`
	Truncated bool      `xml:"IsTruncated"`
	NextName  string    `xml:"NextDNSName,omitempty"`
	NextID    string    `xml:"NextHostedZoneId,omitempty"`
	MaxItems  int
}

func listHostedZonesByName(c *invocation) (any, *Error) {
	size, fault := c.limit(100)
	if fault != nil {
		return nil, fault
	}
	query := c.request.URL.Query()
	from, id := canonical(query.Get("dnsname")), query.Get("hostedzoneid")
	zones := slices.Clone(c.account.HostedZones)
	order := func(a, b *HostedZone) int {
		if n := compareNames(a.Name, b.Name); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	}
	slices.SortFunc(zones, order)
	if from != "" {
		start := &HostedZone{Name: from, ID: id}
		zones = slices.DeleteFunc(zones, func(z *HostedZone) bool { return order(z, start) < 0 })
	}
	out := listHostedZonesByNameResponse{NS: route53Namespace, MaxItems: size, DNSName: query.Get("dnsname")}
	if len(zones) > size {
		out.Truncated, out.NextName, out.NextID = true, zones[size].Name+".", zones[size].ID
		zones = zones[:size]
	}
	for _, z := range zones {
		out.Zones = append(out.Zones, z.xml())
	}
	return out, nil
}

type getHostedZoneResponse struct {
	XMLName     xml.Name `xml:"GetHostedZoneResponse"`
	NS          string   `xml:"xmlns,attr"`
	Zone        xmlZone  `xml:"HostedZone"`
	NameServers []string `xml:"DelegationSet>NameServers>NameServer,omitempty"`
	VPCs        []xmlVPC `xml:"VPCs>VPC,omitempty"`
}

type xmlVPC struct {
	Region string `xml:"VPCRegion"`
	ID     string `xml:"VPCId"`
}

func getHostedZone(c *invocation) (any, *Error) {
	z, fault := c.hostedZone()
	if fault != nil {
		return nil, fault
	}
	out := getHostedZoneResponse{NS: route53Namespace, Zone: z.xml(), NameServers: z.NameServers}
	if z.Private {
		out.NameServers, out.VPCs = nil, []xmlVPC{{Region: "us-east-1", ID: "vpc-0example"}}
	}
	return out, nil
}

type listResourceRecordSetsResponse struct {
	XMLName        xml.Name       `xml:"ListResourceRecordSetsResponse"`
	NS             string         `xml:"xmlns,attr"`
	Sets           []xmlRecordSet `xml:"ResourceRecordSets>ResourceRecordSet"`
	Truncated      bool           `xml:"IsTruncated"`
	NextName       string         `xml:"NextRecordName,omitempty"`
	NextType       string         `xml:"NextRecordType,omitempty"`
	NextIdentifier string         `xml:"NextRecordIdentifier,omitempty"`
	MaxItems       int
}

func compareSets(a, b RecordSet) int {
	if n := compareNames(a.Name, b.Name); n != 0 {
		return n
	}
	if n := strings.Compare(a.Type, b.Type); n != 0 {
		return n
	}
	return strings.Compare(a.SetIdentifier, b.SetIdentifier)
}

func listResourceRecordSets(c *invocation) (any, *Error) {
	z, fault := c.hostedZone()
	if fault != nil {
		return nil, fault
	}
	size, fault := c.limit(300)
	if fault != nil {
		return nil, fault
	}
	query := c.request.URL.Query()
	if query.Get("type") != "" && query.Get("name") == "" {
		return nil, &Error{Code: "InvalidInput", Message: "a start type needs a start name"}
	}
	sets := slices.Clone(z.Records)
	slices.SortFunc(sets, compareSets)
	if query.Get("name") != "" {
		start := RecordSet{Name: canonical(query.Get("name")), Type: query.Get("type"), SetIdentifier: query.Get("identifier")}
		sets = slices.DeleteFunc(sets, func(r RecordSet) bool { return compareSets(r, start) < 0 })
	}
	out := listResourceRecordSetsResponse{NS: route53Namespace, MaxItems: size}
	if len(sets) > size {
		next := sets[size].xml()
		out.Truncated, out.NextName, out.NextType, out.NextIdentifier = true, next.Name, next.Type, next.SetIdentifier
		sets = sets[:size]
	}
	for _, r := range sets {
		out.Sets = append(out.Sets, r.xml())
	}
	return out, nil
}

type getDNSSECResponse struct {
	XMLName xml.Name `xml:"GetDNSSECResponse"`
	NS      string   `xml:"xmlns,attr"`
	Status  string   `xml:"Status>ServeSignature"`
	Message string   `xml:"Status>StatusMessage,omitempty"`
	Keys    struct{} `xml:"KeySigningKeys"`
}

func getDNSSEC(c *invocation) (any, *Error) {
	z, fault := c.hostedZone()
	if fault != nil {
		return nil, fault
	}
	if z.Private {
		return nil, &Error{Code: "InvalidArgument", Message: "DNSSEC is not available for private hosted zones"}
	}
	return getDNSSECResponse{NS: route53Namespace, Status: or(z.DNSSEC, "NOT_SIGNING"), Message: z.DNSSECMessage}, nil
}

type changeBatch struct {
	Changes []struct {
		Action string
		Set    struct {
			Name          string
			Type          string
			TTL           *int64
			SetIdentifier string
			Weight        *int64
			Values        []string  `xml:"ResourceRecords>ResourceRecord>Value"`
			Alias         *xmlAlias `xml:"AliasTarget"`
		} `xml:"ResourceRecordSet"`
	} `xml:"ChangeBatch>Changes>Change"`
}

type changeResponse struct {
	XMLName   xml.Name
	NS        string `xml:"xmlns,attr"`
	ID        string `xml:"ChangeInfo>Id"`
	Status    string `xml:"ChangeInfo>Status"`
	Submitted string `xml:"ChangeInfo>SubmittedAt"`
}

// changeResourceRecordSets applies all changes of a batch, or none.
func changeResourceRecordSets(c *invocation) (any, *Error) {
	z, fault := c.hostedZone()
	if fault != nil {
		return nil, fault
	}
	var in changeBatch
	if err := xml.Unmarshal(c.request.body, &in); err != nil || len(in.Changes) == 0 {
		return nil, &Error{Code: "InvalidInput", Message: "the change batch is not valid"}
	}
	records := slices.Clone(z.Records)
	for _, change := range in.Changes {
		set := RecordSet{
			Name: canonical(change.Set.Name), Type: change.Set.Type,
			SetIdentifier: change.Set.SetIdentifier, Weight: change.Set.Weight, Values: change.Set.Values,
		}
		if change.Set.TTL != nil {
			set.TTL = *change.Set.TTL
		}
		if change.Set.Alias != nil {
			set.Alias, set.AliasZoneID = canonical(change.Set.Alias.DNSName), change.Set.Alias.ZoneID
		}
		what := fmt.Sprintf("[name='%s.', type='%s']", set.Name, set.Type)
		refuse := func(why string) (any, *Error) {
			return nil, &Error{Code: "InvalidChangeBatch", Message: "[" + why + "]"}
		}
		switch change.Action {
		case "CREATE", "DELETE", "UPSERT":
		default:
			return nil, &Error{Code: "InvalidInput", Message: "1 validation error detected: Value '" + change.Action + "' at 'changeBatch.changes.1.member.action' failed to satisfy constraint: Member must satisfy enum value set: [CREATE, DELETE, UPSERT]"}
		}
		if why := set.invalid(change.Set.TTL != nil); why != "" {
			return nil, &Error{Code: "InvalidInput", Message: why}
		}
		if why := set.malformed(); why != "" {
			return refuse(why)
		}
		mixed := slices.ContainsFunc(records, func(r RecordSet) bool {
			return r.Name == set.Name && r.Type == set.Type && (r.SetIdentifier == "") != (set.SetIdentifier == "")
		})
		if change.Action != "DELETE" && mixed {
			return refuse("RRSet with DNS name " + set.Name + "., type " + set.Type + ", SetIdentifier " + or(set.SetIdentifier, "null") + " cannot be created because a RRSet with the same name and type, but another kind of routing, exists")
		}
		if set.Name != z.Name && !strings.HasSuffix(set.Name, "."+z.Name) {
			return refuse("RRSet with DNS name " + set.Name + ". is not permitted in zone " + z.Name + ".")
		}
		i := slices.IndexFunc(records, func(r RecordSet) bool { return compareSets(r, set) == 0 })
		other := slices.ContainsFunc(records, func(r RecordSet) bool {
			return r.Name == set.Name && r.Type != set.Type && (r.Type == "CNAME" || set.Type == "CNAME")
		})
		switch {
		case change.Action == "DELETE" && (i < 0 || !slices.Equal(records[i].Values, set.Values) || records[i].TTL != set.TTL):
			return refuse("Tried to delete resource record set " + what + " but it was not found")
		case change.Action == "DELETE":
			records = slices.Delete(records, i, i+1)
			continue
		case change.Action == "CREATE" && i >= 0:
			return refuse("Tried to create resource record set " + what + " but it already exists")
		case set.Type == "CNAME" && set.Name == z.Name:
			return refuse("RRSet of type CNAME with DNS name " + set.Name + ". is not permitted at apex in zone " + z.Name + ".")
		case other:
			return refuse("RRSet of type " + set.Type + " with DNS name " + set.Name + ". is not permitted as it conflicts with other records with the same DNS name in zone " + z.Name + ".")
		case i >= 0:
			records[i] = set
		default:
			records = append(records, set)
		}
	}
	z.Records = records
	c.wrote = true
	c.serial++
	return c.change("ChangeResourceRecordSetsResponse", fmt.Sprintf("C%020d", c.serial), "PENDING"), nil
}

// invalid says what a record set lacks that every one has ("ResourceRecordSet",
// Amazon Route 53 API Reference,
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html);
// "" for nothing.
func (r *RecordSet) invalid(hasTTL bool) string {
	switch {
	case r.Alias != "" && (hasTTL || len(r.Values) > 0):
		return "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found more than one"
	case r.Alias == "" && (!hasTTL || len(r.Values) == 0):
		return "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none"
	case r.TTL < 0 || r.TTL > 1<<31-1:
		return "1 validation error detected: Value at 'tTL' failed to satisfy constraint"
	}
	return ""
}

// malformed says what is wrong with a record set's values; "" for nothing
// ("Supported DNS record types", Amazon Route 53 Developer Guide,
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html).
func (r *RecordSet) malformed() string {
	seen := map[string]bool{}
	for _, v := range r.Values {
		switch _, err := dns.NewRR(dns.Fqdn(r.Name) + " 300 IN " + r.Type + " " + v); {
		case seen[v]:
			return "Duplicate Resource Record: '" + v + "'"
		case r.Type == "CAA" && !caaValue.MatchString(v):
			return "Invalid Resource Record: 'FATAL problem: InvalidCAAData (Value is not in the form of flags tag \"value\") encountered with '" + v + "''"
		case err != nil:
			return "Invalid Resource Record: 'FATAL problem: value encountered with '" + v + "''"
		}
		seen[v] = true
	}
	if r.Type == "CNAME" && len(r.Values) > 1 {
		return "Multiple resource records for CNAME " + r.Name + "."
	}
	return ""
}

var caaValue = regexp.MustCompile(`^\d{1,3} [A-Za-z0-9]{1,15} ".*"$`)

func (c *invocation) change(element, id, status string) changeResponse {
	return changeResponse{
		XMLName: xml.Name{Local: element}, NS: route53Namespace,
		ID: "/change/" + id, Status: status, Submitted: c.now().UTC().Format(time.RFC3339),
	}
}

func getChange(c *invocation) (any, *Error) {
	return c.change("GetChangeResponse", c.request.path[1], "INSYNC"), nil
}
