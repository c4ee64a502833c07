package diagnose

import (
	"time"
)

// Facts are everything that was observed about one certificate at one time.
// They serialise to JSON: a report can be replayed from a file, attached to a
// bug, and used as a test case.
type Facts struct {
	// At is when the facts were gathered: the only clock a check may read.
	At    time.Time `json:"at"`
	Query Query     `json:"query"`

	Certificate Certificate `json:"certificate"`

	// DNS is what the domain name system answered.
	DNS DNS `json:"dns"`

	// Endpoints are the HTTPS endpoints behind the certificate's names, by
	// name; a wildcard stands under its parent's name.
	Endpoints map[string]Endpoint `json:"endpoints,omitempty"`

	// Redirects are the HTTP validation URLs that were fetched, by URL.
	Redirects map[string]HTTPReply `json:"redirects,omitempty"`

	// HostedZones are the Route 53 zones, in the accounts that could be read,
	// whose name is an ancestor of a validation record.
	HostedZones []HostedZone `json:"hosted_zones,omitempty"`

	// Authority is the private certificate authority of a private certificate.
	Authority *Authority `json:"authority,omitempty"`

	// Siblings are other certificates, over all accounts and regions, that
	// cover the name that was asked for.
	Siblings []CertificateRef `json:"siblings,omitempty"`

	// Unseen lists what could not be observed.
	Unseen []Unseen `json:"unseen,omitempty"`
}

// An Unseen is something that could not be looked at, and why.
type Unseen struct {
	// What is missing, as a noun phrase: "Route 53 hosted zones of account
	// 111122223333".
	What string `json:"what"`
	// Why is the kind of obstacle.
	Why Obstacle `json:"why"`
	// Detail says it in words fit to be shown to a person; never an SDK's
	// error text.
	Detail string `json:"detail,omitempty"`
	// Permission is the IAM action that would allow it, where that is what is
	// missing.
	Permission string `json:"permission,omitempty"`
	Account    string `json:"account,omitempty"`
	Region     string `json:"region,omitempty"`
}

// A CertificateRef names a certificate in a list.
type CertificateRef struct {
	ARN        string    `json:"arn"`
	Account    string    `json:"account"`
	Region     string    `json:"region"`
	DomainName string    `json:"domain_name"`
	Status     string    `json:"status,omitempty"`
	Type       string    `json:"type,omitempty"`
	InUse      bool      `json:"in_use"`
	NotAfter   time.Time `json:"not_after,omitzero"`
}

// Ref returns the certificate's entry in a list.
func (c *Certificate) Ref() CertificateRef {
	return CertificateRef{
		ARN: c.ARN, Account: c.Account, Region: c.Region, DomainName: c.DomainName,
		Status: c.Status, Type: c.Type, InUse: c.InUse(), NotAfter: c.NotAfter,
	}
}

// An Endpoint is what the HTTPS endpoints of a name were seen to serve, on
// every address the name resolves to.
type Endpoint struct {
	Name string `json:"name"`
	// Resolution says why the name has no addresses, where it has none:
	// an outcome of the address look-ups.
	Resolution Outcome     `json:"resolution,omitempty"`
	Canonical  string      `json:"canonical,omitempty"` // where the name's CNAME chain ends, if it has one
	Served     []TLSServed `json:"served,omitempty"`
}

// A TLSServed is one address's answer to a TLS handshake with the name as SNI.
type TLSServed struct {
	Address string `json:"address"` // ip:port
	// Obstacle is set where no certificate was obtained.
	Obstacle Obstacle `json:"obstacle,omitempty"`
	Detail   string   `json:"detail,omitempty"`

	Serial    string    `json:"serial,omitempty"` // like Certificate.Serial
	Subject   string    `json:"subject,omitempty"`
	Issuer    string    `json:"issuer,omitempty"`     // common name
	IssuerOrg string    `json:"issuer_org,omitempty"` // organisation
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
	Names     []string  `json:"names,omitempty"`
}

// An HTTPReply is the answer to one GET over plain HTTP, redirects not
// followed.
type HTTPReply struct {
	URL      string   `json:"url"`
	Obstacle Obstacle `json:"obstacle,omitempty"`
	Detail   string   `json:"detail,omitempty"`
	Status   int      `json:"status,omitempty"`
	Location string   `json:"location,omitempty"`
	// BodyHash is the SHA-256 of the body's first 64 KiB, in hexadecimal.
	BodyHash string `json:"body_hash,omitempty"`
}

// A HostedZone is a Route 53 hosted zone.
type HostedZone struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"` // no trailing dot
	Account     string   `json:"account"`
	Private     bool     `json:"private"`
	NameServers []string `json:"name_servers,omitempty"` // lower-case, no trailing dot; none for a private zone
	// Records are the record sets found at the names that matter.
	Records []RR `json:"records,omitempty"`
	// DNSSEC is GetDNSSEC's ServeSignature ("SIGNING", "NOT_SIGNING",
	// "ACTION_NEEDED", "INTERNAL_FAILURE", …) with its message.
	DNSSEC        string   `json:"dnssec,omitempty"`
	DNSSECMessage string   `json:"dnssec_message,omitempty"`
	Unseen        []Unseen `json:"unseen,omitempty"`
}

// An Authority is a private certificate authority (AWS Private CA).
type Authority struct {
	ARN           string    `json:"arn"`
	Account       string    `json:"account"`
	Status        string    `json:"status,omitempty"` // ACTIVE, DISABLED, EXPIRED, DELETED, PENDING_CERTIFICATE, FAILED, CREATING
	FailureReason string    `json:"failure_reason,omitempty"`
	NotAfter      time.Time `json:"not_after,omitzero"`
	// RestorableUntil is until when a deleted authority can be restored.
	RestorableUntil time.Time `json:"restorable_until,omitzero"`
	UsageMode       string    `json:"usage_mode,omitempty"` // GENERAL_PURPOSE or SHORT_LIVED_CERTIFICATE
	// Permitted are the actions granted to acm.amazonaws.com; nil where they
	// could not be read (see Unseen).
	Permitted []string `json:"permitted,omitempty"`
	// PermissionsRead tells an empty Permitted from an unread one.
	PermissionsRead bool `json:"permissions_read"`
	// SharedWith are whom the CA's resource policy allows: accounts,
	// organizations, organizational units, ARNs, or "*". Only the policy of an
	// authority in another account than the certificate's matters.
	SharedWith []string `json:"shared_with,omitempty"`
	// PolicyRead tells that nobody is allowed from that it is not known.
	PolicyRead bool     `json:"policy_read,omitempty"`
	Unseen     []Unseen `json:"unseen,omitempty"`
}
