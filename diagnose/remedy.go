package diagnose

import (
	"encoding/json"
	"fmt"
	"strings"
)

const recordTTL = 300 // seconds; short, so that a correction shows soon

// publish is the remedy that puts the record ACM asks for into its zone.
func publish(a Args, action RecordAction, firstSteps ...string) Remedy {
	r := Remedy{
		Action: action, Name: a.Record.Name, Type: "CNAME", Value: a.Record.Value, TTL: recordTTL,
		Zone: a.Zone, Present: a.Present,
		ZoneFile: fmt.Sprintf("%s. %d IN CNAME %s.", a.Record.Name, recordTTL, a.Record.Value),
	}
	r.atHost(a)
	verb := "Add"
	r.Summary = fmt.Sprintf("Add the CNAME %s → %s", code(a.Record.Name), code(a.Record.Value))
	if action == ReplaceRecord {
		verb = "Change the record so that it reads"
		r.Summary = fmt.Sprintf("Correct the CNAME %s to point to %s", code(a.Record.Name), code(a.Record.Value))
	}
	where := "in the public zone"
	if a.Zone != "" {
		where = "in the public zone " + code(a.Zone)
	}
	if a.Host.ID != "" {
		where += " at " + a.Host.Name
	}
	r.Steps = append(r.Steps, firstSteps...)
	r.Steps = append(r.Steps, fmt.Sprintf("%s, %s: name %s, type CNAME, value %s.", verb, where, code(a.Record.Name), code(a.Record.Value)))
	if r.HostNote != "" {
		r.Steps = append(r.Steps, fmt.Sprintf("At %s type %s as the name. %s", a.Host.Name, code(r.EnterName), r.HostNote))
	}
	r.Steps = append(r.Steps, "Keep the validation record in DNS for ever: ACM needs it again at every renewal.", afterFixStep(a))
	if a.Host.ID == HostRoute53 {
		r.Commands = []string{changeRecordSet(zoneID(a), "UPSERT", r.Name, "CNAME", []string{r.Value})}
	}
	if a.Host.ID == HostRoute53 || a.Host.ID == "cloudflare" {
		r.Terraform = terraformRecord(a.Host.ID, r.Name, r.Value)
	}
	return r
}

// atHost fills in what to type at the zone's host.
func (r *Remedy) atHost(a Args) {
	r.RelativeName = relativeName(r.Name, a.Zone)
	r.EnterName = a.Host.EnterName(r.Name, a.Zone)
	r.EnterValue = a.Host.EnterValue(r.Value)
	r.Host, r.HostNote, r.HostURL = a.Host.Name, a.Host.Note, a.Host.Page(a.Zone)
}

// afterFixStep says what happens once the fix is in place.
func afterFixStep(a Args) string {
	switch a.State {
	case StateExpired, StateRevoked:
		return "Then request the new certificate; in the same account and for the same name ACM asks for the same record."
	case StateNotIssued:
		if a.Cert != nil && a.Cert.Status != StatusPendingValidation {
			return "Then request the certificate again; in the same account and for the same name ACM asks for the same record."
		}
		return "ACM looks again by itself: " + afterFix + "."
	case StatePending, StateInRenewal:
		return "There is nothing to restart: ACM looks again by itself, " + afterFix + "."
	case StateNever:
		return "ACM looks once the certificate is eligible for renewal, and not before."
	default:
		return "Nothing else is needed: ACM looks when the renewal starts."
	}
}

func zoneID(a Args) string {
	for _, z := range a.Zones {
		if !z.Private && z.Name == a.Zone && sameNames(z.NameServers, a.NameServers) {
			return z.ID
		}
	}
	return "HOSTED_ZONE_ID"
}

// changeRecordSet is the AWS CLI command that changes one Route 53 record set.
func changeRecordSet(zone, action, name, rrtype string, values []string) string {
	type resourceRecord struct{ Value string }
	type recordSet struct {
		Name            string
		Type            string
		TTL             int
		ResourceRecords []resourceRecord
	}
	type change struct {
		Action            string
		ResourceRecordSet recordSet
	}
	set := recordSet{Name: name, Type: rrtype, TTL: recordTTL}
	for _, v := range values {
		set.ResourceRecords = append(set.ResourceRecords, resourceRecord{v})
	}
	batch, err := json.Marshal(struct{ Changes []change }{[]change{{action, set}}})
	if err != nil {
		return ""
	}
	return fmt.Sprintf("aws route53 change-resource-record-sets --hosted-zone-id %s --change-batch %s", zone, shellQuote(string(batch)))
}

func terraformRecord(hostID, name, value string) string {
	label := "acm_validation_" + strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name), "_")
	if hostID == "cloudflare" {
		return fmt.Sprintf("resource \"cloudflare_dns_record\" %q {\n  zone_id = var.zone_id\n  name    = %q\n  type    = \"CNAME\"\n  content = %q\n  ttl     = %d\n  proxied = false\n}\n", label, name, value, recordTTL)
	}
	return fmt.Sprintf("resource \"aws_route53_record\" %q {\n  zone_id         = var.zone_id\n  name            = %q\n  type            = \"CNAME\"\n  ttl             = %d\n  records         = [%q]\n  allow_overwrite = true\n}\n", label, name, recordTTL, value)
}

// shellQuote quotes a word for a POSIX shell.
func shellQuote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:=@%+,", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// acmCommand is an AWS CLI command on the certificate.
func acmCommand(c *Certificate, operation string, args ...string) string {
	words := []string{"aws", "acm", operation, "--region", c.Region, "--certificate-arn", c.ARN}
	for _, a := range args {
		words = append(words, shellQuote(a))
	}
	return strings.Join(words, " ")
}

// requestCommand asks for a new certificate with the same names.
func requestCommand(c *Certificate) string {
	words := []string{"aws acm request-certificate", "--region", c.Region, "--domain-name", shellQuote(c.DomainName)}
	var more []string
	for _, n := range c.Names {
		if n != c.DomainName {
			more = append(more, shellQuote(n))
		}
	}
	if len(more) > 0 {
		words = append(words, "--subject-alternative-names", strings.Join(more, " "))
	}
	switch {
	case c.Type == TypePrivate && c.AuthorityARN != "":
		words = append(words, "--certificate-authority-arn", c.AuthorityARN)
	default:
		words = append(words, "--validation-method DNS")
	}
	return strings.Join(words, " ")
}

// replaceSteps are how to put a new certificate in another's place.
func replaceSteps(c *Certificate) []string {
	steps := []string{
		"Request a new certificate with the same names, validated by DNS. Where the validation CNAMEs are still in DNS it is issued within minutes.",
	}
	if c.InUse() {
		steps = append(steps, "Put the new certificate's ARN in place of this one on "+some(resourceNames(c.InUseBy))+".")
	} else {
		steps = append(steps, "Attach the new certificate to the resource that serves the name; nothing uses this one.")
	}
	return steps
}

// resourceNames are ARNs of resources in words.
func resourceNames(arns []string) []string {
	list := make([]string, len(arns))
	for i, arn := range arns {
		list[i] = ResourceName(arn)
	}
	return list
}

// ResourceName puts the ARN of a resource that uses a certificate into words,
// such as "load balancer shop (eu-west-1)".
func ResourceName(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return arn
	}
	service, region, resource := parts[2], parts[3], parts[5]
	segments := strings.Split(resource, "/")
	last := segments[len(segments)-1]
	in := ""
	if region != "" {
		in = " (" + region + ")"
	}
	switch service {
	case "elasticloadbalancing":
		if strings.Contains(resource, "cdtls") {
			return "an API Gateway custom domain" + in
		}
		if len(segments) >= 3 {
			kind := map[string]string{"app": "Application Load Balancer ", "net": "Network Load Balancer ", "gwy": "Gateway Load Balancer "}[segments[1]]
			if kind == "" {
				kind = "load balancer "
			}
			return kind + segments[2] + in
		}
		return "Classic Load Balancer " + last + in
	case "cloudfront":
		if strings.HasPrefix(resource, "distribution-tenant/") {
			return "CloudFront distribution tenant " + last
		}
		return "CloudFront distribution " + last
	case "apigateway":
		return "API Gateway custom domain " + last + in
	case "cognito-idp":
		return "Cognito user pool domain " + last + in
	case "es", "opensearch":
		return "OpenSearch domain " + last + in
	case "iam":
		return "IAM role " + last + " (Nitro Enclaves)"
	case "ec2":
		return "Client VPN endpoint " + last + in
	case "apprunner":
		return "App Runner service " + last + in
	case "amplify":
		return "Amplify app " + last + in
	default:
		return service + " " + resource + in
	}
}

// consoleURL leads to a certificate in the AWS console.
func consoleURL(c *Certificate) string {
	_, id, ok := strings.Cut(c.ARN, "certificate/")
	if !ok || c.Region == "" {
		return ""
	}
	host := "console.aws.amazon.com"
	switch {
	case strings.HasPrefix(c.Region, "cn-"):
		host = "console.amazonaws.cn"
	case strings.HasPrefix(c.Region, "us-gov-"):
		host = "console.amazonaws-us-gov.com"
	}
	return fmt.Sprintf("https://%s.%s/acm/home?region=%s#/certificates/%s", c.Region, host, c.Region, id)
}

// sameNames compares name-server sets.
func sameNames(a, b []string) bool {
	set := map[string]bool{}
	for _, n := range a {
		set[CanonicalName(n)] = true
	}
	other := map[string]bool{}
	for _, n := range b {
		other[CanonicalName(n)] = true
		if !set[CanonicalName(n)] {
			return false
		}
	}
	return len(set) == len(other) && len(set) > 0
}
