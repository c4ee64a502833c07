package awsapi

import (
	"strings"
)

// authority finds the authority that the request names.
func (c *invocation) authority(arn string) (*Authority, *Error) {
	c.resource = arn
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[2] != "acm-pca" {
		return nil, &Error{Code: "InvalidArnException", Message: "The ARN " + arn + " is not valid."}
	}
	if ca := c.state.authority(arn); ca != nil && parts[3] == c.region.Name {
		return ca, nil
	}
	return nil, &Error{Code: "ResourceNotFoundException", Message: "Could not find Certificate Authority " + arn + "."}
}

// authority finds an authority by its ARN; nil where there is none.
func (s *State) authority(arn string) *Authority {
	for _, a := range s.Accounts {
		for _, r := range a.Regions {
			for _, ca := range r.Authorities {
				if ca.ARN == arn {
					return ca
				}
			}
		}
	}
	return nil
}

func describeCertificateAuthority(c *invocation) (any, *Error) {
	var in struct{ CertificateAuthorityArn string }
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	ca, fault := c.authority(in.CertificateAuthorityArn)
	if fault != nil {
		return nil, fault
	}
	o := object{}
	o.put("Arn", ca.ARN)
	o.put("OwnerAccount", strings.Split(ca.ARN, ":")[4])
	o.put("CreatedAt", ca.CreatedAt)
	o.put("Type", or(ca.Type, "ROOT"))
	o.put("Serial", ca.Serial)
	o.put("Status", or(ca.Status, "ACTIVE"))
	o.put("NotBefore", ca.NotBefore)
	o.put("NotAfter", ca.NotAfter)
	o.put("FailureReason", ca.FailureReason)
	o.put("RestorableUntil", ca.RestorableUntil)
	o.put("UsageMode", or(ca.UsageMode, "GENERAL_PURPOSE"))
	return object{"CertificateAuthority": o}, nil
}

func listPermissions(c *invocation) (any, *Error) {
	var in struct {
		CertificateAuthorityArn string
		MaxResults              *int
		NextToken               string
	}
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	ca, fault := c.authority(in.CertificateAuthorityArn)
	if fault != nil {
		return nil, fault
	}
	if or(ca.Status, "ACTIVE") == "DELETED" {
		return nil, &Error{Code: "InvalidStateException", Message: "The certificate authority is not in the correct state to list permissions."}
	}
	size, fault := pageSize(in.MaxResults, 1000, 1000, "maxResults")
	if fault != nil {
		return nil, fault
	}
	permissions, next, fault := page(c, ca.Permissions, size, in.NextToken)
	if fault != nil {
		return nil, fault
	}
	list := []object{}
	for _, p := range permissions {
		o := object{"CertificateAuthorityArn": ca.ARN}
		o.put("Principal", p.Principal)
		o.put("SourceAccount", p.SourceAccount)
		o.put("Actions", p.Actions)
		o.put("CreatedAt", p.CreatedAt)
		list = append(list, o)
	}
	out := object{"Permissions": list}
	out.put("NextToken", next)
	return out, nil
}

func getPolicy(c *invocation) (any, *Error) {
	var in struct{ ResourceArn string }
	if fault := c.request.decode(&in); fault != nil {
		return nil, fault
	}
	ca, fault := c.authority(in.ResourceArn)
	if fault != nil {
		return nil, fault
	}
	if ca.Policy == "" {
		return nil, &Error{Code: "ResourceNotFoundException", Message: "No policy exists for " + ca.ARN + "."}
	}
	return object{"Policy": ca.Policy}, nil
}
