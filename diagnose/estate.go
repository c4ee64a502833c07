package diagnose

import (
	"context"
	"time"
)

// An Estate lists all certificates, as ACM tells of them without looking
// further.
type Estate interface {
	// List never fails as a whole: what could not be read is in the listing's
	// scope. It may answer from memory; Listing.At says as of when.
	List(ctx context.Context) Listing
}

// A Rereader lists all certificates anew, for those who must not be told what
// they were told before. An Estate that answers from memory may be one.
type Rereader interface {
	// Reread is List with a listing that was begun to be read no earlier than
	// since. Where there is none to be had, it is an older one.
	Reread(ctx context.Context, since time.Time) Listing
}

// A Tagger reads the tags of listed certificates, which listings lack: ACM
// tells them for one certificate at a time. An Estate may be one.
type Tagger interface {
	// Tagged returns the certificates with their tags; those that could not be
	// read in the time there is stay nil, and the obstacles say why.
	Tagged(ctx context.Context, list []Listed) ([]Listed, []Unseen)
}

// A Listing is every certificate that could be read, at one time.
type Listing struct {
	At           time.Time `json:"at"`
	Certificates []Listed  `json:"certificates"`
	Scope        Scope     `json:"scope"`
}

// A Listed is one certificate of a listing.
type Listed struct {
	CertificateRef
	Names            []string `json:"names,omitempty"` // those that the listing tells; not always all
	KeyPairOrigin    string   `json:"key_pair_origin,omitempty"`
	ManagedBy        string   `json:"managed_by,omitempty"`
	ValidationMethod string   `json:"validation_method,omitempty"`
	Eligibility      string   `json:"renewal_eligibility,omitempty"`
	RenewalStatus    string   `json:"renewal_status,omitempty"`
	// Detailed says that RenewalStatus and ValidationMethod were told; where
	// only ListCertificates may be called, they are not.
	Detailed  bool      `json:"detailed"`
	NotBefore time.Time `json:"not_before,omitzero"`
	// Tags are nil where they were not read.
	Tags map[string]string `json:"tags,omitempty"`
}

// UnnamedUse stands in Certificate.InUseBy where a list tells that a
// certificate is in use, and not by what.
const UnnamedUse = "a service that the listing does not name"

// Certificate is the listed certificate with what a listing tells of it.
func (l *Listed) Certificate() Certificate {
	c := Certificate{
		ARN: l.ARN, Account: l.Account, Region: l.Region, DomainName: l.DomainName, Names: l.Names,
		Type: l.Type, Status: l.Status, ValidationMethod: l.ValidationMethod, KeyPairOrigin: l.KeyPairOrigin,
		ManagedBy: l.ManagedBy, Eligibility: l.Eligibility, NotBefore: l.NotBefore, NotAfter: l.NotAfter, Tags: l.Tags,
	}
	if l.InUse {
		c.InUseBy = []string{UnnamedUse}
	}
	if l.RenewalStatus != "" {
		c.Renewal = &Renewal{Status: l.RenewalStatus}
	}
	return c
}

// State is where the certificate is in its life at a time, as far as the
// listing tells.
func (l *Listed) State(at time.Time) State {
	return stateOf(&Facts{At: at, Certificate: l.Certificate()})
}

// RenewalStarts is when ACM first tries to renew it, zero where it never does.
func (l *Listed) RenewalStarts() time.Time {
	c := l.Certificate()
	return renewalStarts(&c)
}
