package awsapi

import (
	"strings"
	"time"

	"github.com/acmbot/acmbot/diagnose/world/awsapi/policy"
)

// A State is everything the API knows: what the accounts hold, who may do
// what, and how the service misbehaves. Change it with [Server.Update] only.
type State struct {
	// Accounts by their 12-digit ids.
	Accounts map[string]*Account
	// Quirks make the API behave like servers other than AWS's own.
	Quirks Quirks
}

// Account returns the account, which it makes where there is none.
func (s *State) Account(id string) *Account {
	if s.Accounts == nil {
		s.Accounts = map[string]*Account{}
	}
	a := s.Accounts[id]
	if a == nil {
		a = &Account{ID: id}
		s.Accounts[id] = a
	}
	return a
}

// Certificate finds a certificate by its ARN; nil where there is none.
func (s *State) Certificate(arn string) *Certificate {
	for _, a := range s.Accounts {
		for _, r := range a.Regions {
			if c := r.certificate(arn); c != nil {
				return c
			}
		}
	}
	return nil
}

// Zone finds a hosted zone by its id, with or without "/hostedzone/"; nil
// where there is none.
func (s *State) Zone(id string) *HostedZone {
	for _, a := range s.Accounts {
		if z := a.zone(id); z != nil {
			return z
		}
	}
	return nil
}

// An Account is an AWS account.
type Account struct {
	ID        string
	Partition string // "aws" where empty

	// Keys are the long-lived access keys of the account's users.
	Keys []AccessKey
	// Roles can be assumed.
	Roles []*Role
	// Regions by name. An account can use a region that is not here: it is
	// empty.
	Regions     map[string]*Region
	HostedZones []*HostedZone

	// Deny lists the actions that nobody in this account may perform, such as
	// "acm:SearchCertificates", "acm:*" or "*".
	Deny []string
	// DenyByPolicy lists actions that a service control policy denies; the
	// message says so.
	DenyByPolicy []string
	// PoliciesCount lets roles do only what the policies that were put into
	// them allow. Users may do everything.
	PoliciesCount bool
}

// Region returns the account's region, which it makes where there is none.
func (a *Account) Region(name string) *Region {
	if a.Regions == nil {
		a.Regions = map[string]*Region{}
	}
	r := a.Regions[name]
	if r == nil {
		r = &Region{Name: name}
		a.Regions[name] = r
	}
	return r
}

func (a *Account) partition() string {
	if a.Partition != "" {
		return a.Partition
	}
	return "aws"
}

func (a *Account) zone(id string) *HostedZone {
	id = strings.TrimPrefix(id, "/hostedzone/")
	for _, z := range a.HostedZones {
		if z.ID == id {
			return z
		}
	}
	return nil
}

// A Region is one region of one account.
type Region struct {
	Name         string
	Certificates []*Certificate
	Authorities  []*Authority
	queues       []*Queue
	Secrets      []*Secret
	Parameters   []*Parameter

	// DaysBeforeExpiry is the account configuration's; 45 where it is 0.
	DaysBeforeExpiry int

	// Deny lists actions that nobody may perform in this region.
	Deny []string
	// Disabled marks an opt-in region that is not enabled: it does not know
	// the account's credentials.
	Disabled bool
}

func (r *Region) certificate(arn string) *Certificate {
	for _, c := range r.Certificates {
		if c.ARN == arn {
			return c
		}
	}
	return nil
}

// An AccessKey signs requests.
type AccessKey struct {
	ID     string
	Secret string
	// SessionToken must come with the request where it is set.
	SessionToken string
	// Principal is the ARN that the key belongs to; that of user/acmbot where
	// empty.
	Principal string
	// Expires is when it stops working; never where zero.
	Expires time.Time
	// Deny lists actions that its principal may not perform.
	Deny []string
}

// A Role can be assumed with sts:AssumeRole.
type Role struct {
	// Name is the last part of the role's ARN.
	Name string
	// ExternalID and Trusts are the trust policy of a role that was not made by
	// iam:CreateRole: the id must be given where it is set, and the accounts
	// may assume it; all where empty.
	ExternalID string
	Trusts     []string
	// Deny lists actions that the role may not perform.
	Deny []string

	trust    *policy.Document
	policies map[string]policy.Document // by name
}

// Quirks make the API behave like other servers that speak its protocol, or
// like older partitions.
type Quirks struct {
	// IgnoreFilters: searches and lists return everything.
	IgnoreFilters bool
	// IgnoreRegions: every region shows the certificates of all.
	IgnoreRegions bool
	// NoSearch: SearchCertificates and ListCertificateDomainValidations are
	// unknown operations.
	NoSearch bool
	// NoOrigins: ListCertificates refuses CertificateKeyPairOrigins.
	NoOrigins bool
	// BareSummaries: ListCertificates gives ARN and domain name only.
	BareSummaries bool
	// PageSize caps the length of every list; 0 means AWS's own limits.
	PageSize int
}
