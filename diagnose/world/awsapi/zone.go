package awsapi

import (
	"time"
)

// A HostedZone is a Route 53 hosted zone.
type HostedZone struct {
	// ID is the bare id, such as "Z0123456789ABCDEFGHIJ".
	ID string
	// Name has no trailing dot.
	Name        string
	Private     bool
	Comment     string
	NameServers []string // without trailing dots; none for a private zone
	Records     []RecordSet
	// DNSSEC is GetDNSSEC's ServeSignature; NOT_SIGNING where empty.
	DNSSEC        string
	DNSSECMessage string
}

// A RecordSet is a resource record set of a hosted zone.
type RecordSet struct {
	Name   string // without a trailing dot
	Type   string
	TTL    int64 // seconds
	Values []string
	// Alias is the DNS name of an alias target; the set has no values then.
	Alias         string
	AliasZoneID   string
	SetIdentifier string
	Weight        *int64
	// Geo is a geolocation's country or continent code, "*" for the default;
	// Latency is the region of a latency record.
	Geo, Latency string
}

// An Authority is a private certificate authority.
type Authority struct {
	ARN             string
	Type            string // ROOT or SUBORDINATE; ROOT where empty
	Status          string // ACTIVE where empty
	FailureReason   string
	Serial          string
	CreatedAt       time.Time
	NotBefore       time.Time
	NotAfter        time.Time
	RestorableUntil time.Time
	UsageMode       string // GENERAL_PURPOSE where empty
	Permissions     []Permission
	// Policy is its resource policy, JSON; none where empty.
	Policy string
}

// A Permission is what a service principal may do with an authority.
type Permission struct {
	Principal     string
	SourceAccount string
	Actions       []string
	CreatedAt     time.Time
}
