package diagnose

import (
	"slices"
	"strings"
)

// checkAuthority names what keeps the private CA of a private certificate from
// issuing: as the CA shows it, else as ACM's reason says.
func checkAuthority(r *reading) []Finding {
	c := r.cert
	if c.Type != TypePrivate || r.state == StateRevoked {
		return nil
	}
	why := c.FailureReason
	if c.Status == StatusIssued || why == "" {
		why = ""
		if c.Renewal != nil && c.Renewal.Status != RenewalSuccess {
			why = c.Renewal.Reason
		}
	}
	a := Args{Cert: c, At: r.At, State: r.state, Authority: r.Authority}
	var evidence []Evidence
	if why != "" {
		a.Reason = why
		evidence = append(evidence, acmSays("the reason is %s: %s", code(why), reasonText(why)))
	}
	one := func(id CauseID, confidence Confidence, detail string, more ...Evidence) []Finding {
		a.Detail = detail
		f := CauseOf(id).find(a, confidence, slices.Concat(evidence, more)...)
		f.Ahead = why == "" && r.state != StatePending && r.state != StateInRenewal && r.state != StateExpired && r.state != StateNotIssued
		return []Finding{f}
	}
	if ca := r.Authority; ca != nil && ca.Status != "" {
		status := Evidence{Source: "AWS Private CA", Text: "the status of " + code(ca.ARN) + " is " + code(ca.Status)}
		switch ca.Status {
		case "DISABLED", "FAILED":
			return one("pca-disabled", Certain, "Its status is "+code(ca.Status)+".", status)
		case "EXPIRED":
			return one("pca-expired", Certain, "It ended on "+dateOf(ca.NotAfter)+".", status)
		case "DELETED":
			detail := "Until when it can be restored is not known."
			switch {
			case ca.RestorableUntil.IsZero():
			case r.At.Before(ca.RestorableUntil):
				detail = "It can be restored until " + dateOf(ca.RestorableUntil) + ", and is gone for good after that."
			default:
				detail = "It could be restored until " + dateOf(ca.RestorableUntil) + "; now another CA is needed."
			}
			return one("pca-deleted", Certain, detail, status)
		case "PENDING_CERTIFICATE", "CREATING":
			return one("pca-pending", Certain, "", status)
		}
		if ca.Status == "ACTIVE" && !ca.NotAfter.IsZero() && ca.UsageMode != "SHORT_LIVED_CERTIFICATE" {
			next := r.At
			if starts := renewalStarts(c); r.state == StateNotDue && starts.After(next) {
				next = starts
			}
			if ca.NotAfter.Before(next.Add(privateValidity)) {
				return one("pca-validity", Certain, "It ends on "+dateOf(ca.NotAfter)+"; a certificate of 13 months issued on "+dateOf(next)+" would end later.",
					Evidence{Source: "AWS Private CA", Text: "the CA's certificate is valid until " + dateOf(ca.NotAfter)})
			}
		}
		if (why == "" || why == "PCA_ACCESS_DENIED") && ca.PolicyRead && ca.Account != c.Account && !ca.sharedWith(c.Account) {
			return one("pca-share-removed", Certain, "Its resource policy allows nobody in account "+code(c.Account)+".", Evidence{Source: "AWS Private CA", Text: "the resource policy of " + code(ca.ARN) + " allows " + orNobody(ca.SharedWith)})
		}
		if ca.PermissionsRead && ca.Account == c.Account {
			for _, action := range []string{"IssueCertificate", "GetCertificate", "ListPermissions"} {
				if !slices.Contains(ca.Permitted, action) {
					return one("pca-permission", Certain, "It lacks "+code(action)+".", Evidence{Source: "AWS Private CA", Text: "it permits acm.amazonaws.com " + some(ca.Permitted)})
				}
			}
		}
	}
	switch why {
	case "PCA_INVALID_STATE":
		return one("pca-disabled", Likely, "Which state it is in could not be read.")
	case "PCA_ACCESS_DENIED":
		if accountOf(c.AuthorityARN) != c.Account && accountOf(c.AuthorityARN) != "" {
			if r.Authority != nil && r.Authority.PolicyRead {
				return one("pca-share-removed", Likely, "Its resource policy names account "+code(c.Account)+" or an organization, but it may not allow what ACM needs: IssueCertificate, GetCertificate and ListPermissions.",
					Evidence{Source: "AWS Private CA", Text: "the resource policy of " + code(r.Authority.ARN) + " allows " + orNobody(r.Authority.SharedWith)})
			}
			return one("pca-share-removed", Certain, "")
		}
		return one("pca-permission", Certain, "")
	}
	return nil
}

// accountOf is the account in an ARN.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}

// sharedWith reports whether the authority's policy can allow an account: it
// names the account, everybody, or an organization, whose members are not
// known here.
func (ca *Authority) sharedWith(account string) bool {
	return slices.ContainsFunc(ca.SharedWith, func(who string) bool {
		return who == "*" || strings.Contains(who, account) || strings.HasPrefix(who, "o-") || strings.Contains(who, ":organization/") || strings.Contains(who, ":ou/")
	})
}

func orNobody(list []string) string {
	if len(list) == 0 {
		return "nobody"
	}
	return some(list)
}
