package diagnose

// A reason is one of ACM's values of FailureReason and RenewalStatusReason,
// which share their enumeration ("RenewalSummary", AWS Certificate Manager API
// Reference, https://docs.aws.amazon.com/acm/latest/APIReference/API_RenewalSummary.html).
type reason struct {
	text string // what it means, as a sentence
	fix  string // what to do, as a sentence without its full stop
	// cause is the catalogue's cause that it is by itself; "" where DNS must
	// show which of several it is, or where it says nothing.
	cause CauseID
}

var reasons = map[string]reason{
	"NO_AVAILABLE_CONTACTS":            {"ACM found no mailbox for the validation mail.", "Switch to DNS validation, or give the domain a mail server", "email-no-mx"},
	"ADDITIONAL_VERIFICATION_REQUIRED": {"ACM needs more information before it issues for such a domain.", "Open a case with AWS Support", "additional-verification"},
	"DOMAIN_NOT_ALLOWED":               {"The domain is on a list of unsafe domains, or belongs to Amazon.", "Have the domain delisted, or ask AWS Support", "domain-not-allowed"},
	"INVALID_PUBLIC_DOMAIN":            {"A name is not valid as a public domain name.", "Correct the name and request again", "invalid-public-domain"},
	"DOMAIN_VALIDATION_DENIED":         {"Somebody refused the validation in the mail.", "Ask the domain's owner, and request again with DNS validation", "email-denied"},
	"CAA_ERROR":                        {"A CAA record forbade Amazon, or the CAA look-up failed, when ACM looked.", "See that CAA allows amazon.com and that the servers answer CAA queries", ""},
	"PCA_LIMIT_EXCEEDED":               {"A quota of the private CA is reached.", "Raise the quota, or use another CA", "pca-quota"},
	"PCA_INVALID_ARN":                  {"The private CA's ARN leads nowhere.", "Request the certificate from another CA", "pca-deleted"},
	"PCA_INVALID_STATE":                {"The private CA is not active.", "Bring the private CA into the state ACTIVE", ""},
	"PCA_REQUEST_FAILED":               {"The private CA failed to issue.", "Look up the failed call in CloudTrail", "pca-request-failed"},
	"PCA_NAME_CONSTRAINTS_VALIDATION":  {"The private CA's name constraints exclude a name.", "Use a CA whose constraints allow the names", "pca-name-constraints"},
	"PCA_RESOURCE_NOT_FOUND":           {"The private CA does not exist any more.", "Restore the private CA, or use another", "pca-deleted"},
	"PCA_INVALID_ARGS":                 {"The private CA rejects the request's arguments.", "Compare the CA's configuration with the request", "pca-template"},
	"PCA_INVALID_DURATION":             {"The certificate would outlive its private CA.", "Renew the private CA's certificate", "pca-validity"},
	"PCA_ACCESS_DENIED":                {"ACM may not use the private CA.", "Grant ACM the permissions on the private CA, or share it again", ""},
	"SLR_NOT_FOUND":                    {"ACM's service-linked role is missing.", "Create the service-linked role of acm.amazonaws.com", "slr-missing"},
	"OTHER":                            {"ACM gives no particular reason.", "Check the names for typing errors and request again; else ask AWS Support", ""},
	// Only in the event "ACM Certificate Renewal Action Required" (Amazon
	// EventBridge support for ACM,
	// https://docs.aws.amazon.com/acm/latest/userguide/supported-events.html).
	"PENDING_DOMAIN_VALIDATION": {"ACM waits for a name to be validated.", "Publish the validation records", ""},
}

func reasonText(r string) string {
	if known, ok := reasons[r]; ok {
		return known.text
	}
	if r == "" {
		return "ACM gives no reason."
	}
	return "ACM's reason is " + code(r) + "."
}

func reasonFix(r string) string {
	if known, ok := reasons[r]; ok {
		return known.fix
	}
	return "Ask AWS Support"
}
