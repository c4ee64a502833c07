package fix

import "slices"

// A Kind is one thing that can be done to mend a certificate. The kinds are
// part of settings and of buttons that stand in channels for years, so they
// never change.
type Kind string

// The kinds.
const (
	// AddCNAME puts the validation CNAMEs that ACM asks for into the Route 53
	// zone, or corrects them there.
	AddCNAME Kind = "add-cname"
	// AddCAA adds a value that allows Amazon to a CAA record set in Route 53.
	AddCAA Kind = "add-caa"
	// ResendEmail has ACM send the validation mail again.
	ResendEmail Kind = "resend-email"
	// SwitchToDNS has ACM begin the switch from e-mail to DNS validation.
	SwitchToDNS Kind = "switch-to-dns"
	// PublishSwitchRecords puts the CNAMEs into Route 53 that such a switch
	// waits for.
	PublishSwitchRecords Kind = "publish-switch-records"
	// RenewPrivate has ACM renew an exported private certificate now.
	RenewPrivate Kind = "renew-private"
)

var kinds = []Kind{AddCNAME, AddCAA, ResendEmail, SwitchToDNS, PublishSwitchRecords, RenewPrivate}

// Kinds are all kinds there are.
func Kinds() []Kind { return slices.Clone(kinds) }

// Known reports whether there is such a kind.
func (k Kind) Known() bool { return slices.Contains(kinds, k) }

// Records reports whether the kind writes DNS records.
func (k Kind) Records() bool { return k == AddCNAME || k == AddCAA || k == PublishSwitchRecords }

// A Permission is an IAM action that a kind needs beyond those that a diagnosis
// reads with.
type Permission struct {
	Action string
	Why    string
}

// Permissions are the IAM actions that a kind calls beyond
// inventory.Permissions, by action.
func (k Kind) Permissions() []Permission {
	switch k {
	case AddCNAME, AddCAA, PublishSwitchRecords:
		return []Permission{
			{"route53:ChangeResourceRecordSets", "writing the record"},
			{"route53:GetChange", "waiting until all of Route 53's servers have it"},
		}
	case ResendEmail:
		return []Permission{{"acm:ResendValidationEmail", "sending the validation mail again"}}
	case SwitchToDNS:
		return []Permission{{"acm:UpdateCertificateOptions", "beginning the switch to DNS validation"}}
	case RenewPrivate:
		return []Permission{{"acm:RenewCertificate", "renewing the private certificate"}}
	default:
		return nil
	}
}
