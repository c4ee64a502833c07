package diagnose

import (
	"slices"
	"time"
)

// checkLife names what ACM's own fields decide: what ends a certificate, and
// what keeps ACM from renewing it.
func checkLife(r *reading) []Finding {
	c := r.cert
	args := Args{Cert: c, At: r.At, State: r.state}
	status := acmSays("the status is %s", code(c.Status))
	ends := acmSays("it is valid until %s", momentOf(c.NotAfter))
	use := acmSays("no AWS service uses it")
	if c.InUse() {
		use = acmSays("it is used by %s", some(resourceNames(c.InUseBy)))
	}
	eligibility := acmSays("its renewal eligibility is %s", code(c.Eligibility))
	one := func(id CauseID, evidence ...Evidence) []Finding {
		return []Finding{CauseOf(id).find(args, Certain, evidence...)}
	}
	switch {
	case r.state == StateRevoked:
		return one("revoked", status, use)
	case r.state == StateExpired:
		found := one("expired", status, ends, use)
		if r.cert.Type == TypeImported {
			found = append(found, one("imported", acmSays("its type is %s", code(c.Type)))...)
		}
		return found
	case c.Status == StatusValidationTimedOut:
		return one("validation-timed-out", status)
	case c.Status == StatusInactive:
		return one("inactive", status)
	case c.KeyPairOrigin == OriginACME:
		return one("acme-issued", acmSays("its key pair's origin is %s", code(c.KeyPairOrigin)), ends)
	case c.Type == TypeImported, c.KeyPairOrigin == OriginCustomer:
		found := CauseOf("imported").find(args, Certain, acmSays("its type is %s", code(c.Type)), ends, use)
		if c.NotAfter.Sub(r.At) > renewalDaysLong*24*time.Hour {
			found.Ahead = true
		}
		return []Finding{found}
	case r.state == StateNever && c.InUse() && c.Type == TypePrivate:
		return []Finding{CauseOf("pca-issued-directly").find(args, Likely, acmSays("its type is %s", code(c.Type)), eligibility, use)}
	case r.state == StateNever && c.InUse():
		return []Finding{CauseOf("ineligible").find(args, Likely, eligibility, use)}
	case r.state == StateNever && !c.InUse():
		if exports(c) {
			return one("exported-not-reexported", use, acmSays("it can be exported, and has been"), eligibility)
		}
		return one("not-in-use", use, eligibility)
	}
	return nil
}

// exports reports whether the certificate lives by being exported.
func exports(c *Certificate) bool {
	if c.ExportOption != "ENABLED" && c.Type != TypePrivate {
		return false
	}
	if c.Exported != nil {
		return *c.Exported
	}
	// Made for export at a price, or renewed once while unused, which takes an
	// export.
	return c.ExportOption == "ENABLED" || c.Renewal != nil
}

// checkReason explains ACM's reason where that alone is the cause.
func checkReason(r *reading) []Finding {
	c := r.cert
	why := ""
	switch {
	case r.state == StateRevoked:
		return nil
	case c.Status == StatusFailed:
		why = c.FailureReason
	case c.Renewal != nil && c.Renewal.Status != RenewalSuccess:
		why = c.Renewal.Reason
	}
	failed := c.Status == StatusFailed || c.Renewal != nil && c.Renewal.Status == RenewalFailed && r.state == StatePending
	args := Args{Cert: c, At: r.At, State: r.state, Reason: why, Authority: r.Authority}
	evidence := []Evidence{acmSays("the reason is %s: %s", code(why), reasonText(why))}
	if c.Status == StatusFailed {
		evidence = append(evidence, acmSays("the status is %s", code(c.Status)))
	}
	var found []Finding
	if why != "" {
		switch id := reasons[why].cause; {
		case why == "PCA_INVALID_STATE" || why == "PCA_ACCESS_DENIED":
			// which of several it is, checkAuthority tells
		case id == "":
		case id == "email-no-mx":
			args.Names = r.trouble(c.Names)
			args.Where = validationDomain(c, args.Names)
			args.Detail = "ACM found no mailbox there to write to"
			found = append(found, CauseOf(id).find(args, Certain, evidence...))
		default:
			args.Names = r.trouble(c.Names)
			if c.Type == TypePrivate {
				args.Names = nil
			}
			found = append(found, CauseOf(id).find(args, Certain, evidence...))
		}
	}
	if failed {
		args.Names = nil
		found = append(found, CauseOf("failed").find(args, Certain, evidence...))
	}
	return found
}

// trouble are those of the names that ACM calls pending or failed; all of them
// where it calls none so.
func (r *reading) trouble(names []string) []string {
	var list []string
	for _, n := range names {
		if s := r.nameStatus(n); s == NamePending || s == NameFailed {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return names
	}
	return list
}

func validationDomain(c *Certificate, names []string) string {
	for _, n := range names {
		if v, ok := c.Expected(n); ok && v.ValidationDomain != "" {
			return v.ValidationDomain
		}
	}
	if len(names) == 0 {
		return c.DomainName
	}
	return names[0]
}

// checkRest says what is to be said where nothing stands in the way: the
// certificate's state. It needs the other findings, and comes last.
func checkRest(r *reading, found []Finding) []Finding {
	waits := slices.ContainsFunc(found, func(f Finding) bool { return f.Severity == Notice })
	if waits || slices.ContainsFunc(found, grave) {
		return nil
	}
	c := r.cert
	args := Args{Cert: c, At: r.At, State: r.state}
	switch r.state {
	case StateNotDue:
		args.Detail = "All is in order."
		if r.blind() {
			args.Detail = "ACM reports nothing wrong, but whether DNS is in order for the renewal could not be seen."
		}
		return []Finding{CauseOf("not-due-yet").find(args, Certain, r.stateEvidence()...)}
	case StateRenewed:
		args.Since = c.renewedAt()
		return []Finding{CauseOf("renewed-already").find(args, Certain, r.stateEvidence()...)}
	case StateInRenewal, StatePending, StateNotIssued:
		if r.unread() || r.undecided() || c.Status == StatusFailed || c.Status == StatusValidationTimedOut || c.Status == StatusInactive {
			return nil
		}
		args.Detail = r.progress()
		evidence := r.stateEvidence()
		for _, rec := range r.records {
			if r.anyWaiting(rec.names) && len(evidence) < 8 {
				evidence = append(evidence, dnsEvidence(rec.lookup, rec.right)...)
			}
		}
		return []Finding{CauseOf("in-progress").find(args, Certain, evidence...)}
	default:
		return nil
	}
}

func (r *reading) stateEvidence() []Evidence {
	c := r.cert
	list := []Evidence{acmSays("it is valid until %s", momentOf(c.NotAfter))}
	if c.NotAfter.IsZero() {
		list = []Evidence{acmSays("the status is %s", code(c.Status))}
	}
	if c.Renewal == nil {
		list = append(list, acmSays("no renewal has started"))
	}
	list = append(list, r.nameEvidence(nil)...)
	if c.InUse() {
		list = append(list, acmSays("it is used by %s", some(resourceNames(c.InUseBy))))
	}
	return list
}

// progress says how far the renewal is where nothing stands in its way.
func (r *reading) progress() string {
	c := r.cert
	const again = "ACM looks again by itself, " + afterFix + "."
	switch {
	case r.state == StateNotIssued:
		return "The request waits for validation, and every record it needs is in place. " + again
	case c.Renewal == nil || c.Renewal.Status == RenewalSuccess:
		return "The renewal is due: ACM first tries " + dateOf(renewalStarts(c)) + ", and what it needs is in place. Its status can lag by hours."
	case c.Renewal.Status == RenewalPendingAuto:
		return "ACM is validating the names by itself, and what it needs is in place. Its status can lag by hours."
	case allValidated(c.Renewal):
		return "Every name is validated; ACM is issuing the new certificate. Its status can lag by hours."
	case c.Renewal.Reason == "CAA_ERROR":
		return "ACM was stopped by a CAA error when it last looked. Nothing seen now would stop it: CAA allows Amazon, and the validation records are in place. " + again
	default:
		return "ACM still calls it pending, but everything it waits for is in place now. " + again
	}
}

// blind reports whether the validation records or the CAA records could not be
// looked at.
func (r *reading) blind() bool {
	return r.unread() || slices.ContainsFunc(r.records, func(rec *recordReading) bool {
		return rec.lookup == nil || rec.usable() == 0 && (rec.lookup.Broken == nil || rec.lookup.Broken.Kind != BreakNXDomain)
	}) || slices.ContainsFunc(r.caa, func(c *caaReading) bool { return c.unseen })
}

// unread reports whether the certificate is known from a list alone: what ACM
// asks for could not be read, so that nothing is known to be in order.
func (r *reading) unread() bool {
	c := r.cert
	return len(c.Unseen) > 0 && c.CreatedAt.IsZero() && c.IssuedAt.IsZero() && len(c.Issuance) == 0
}

// undecided reports whether something that would decide could not be seen.
func (r *reading) undecided() bool {
	for _, rec := range r.records {
		if r.anyWaiting(rec.names) && !rec.inOrder() {
			return true
		}
	}
	for _, c := range r.caa {
		if c.unseen && r.waiting(c.name) {
			return true
		}
	}
	if r.validates() && len(r.records) == 0 && r.state != StateInRenewal {
		for _, n := range r.cert.Names {
			if v, ok := r.cert.Expected(n); ok && v.Method == MethodDNS && r.waiting(n) {
				return true // ACM asks for a record and does not say which
			}
		}
	}
	return false
}
