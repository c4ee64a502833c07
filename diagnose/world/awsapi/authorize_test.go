package awsapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/acmpca"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

const (
	machineTrust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	roleARN      = "arn:aws:iam::" + account + ":role/acmbot"
)

// printed is a file of deploy, with the changes that its page tells to make.
func printed(t *testing.T, path string, changes ...string) string {
	t.Helper()
	text, err := os.ReadFile("../../../deploy/" + path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(string(text), changes[i]) {
			t.Fatalf("%s does not say %s", path, changes[i])
		}
	}
	return strings.NewReplacer(changes...).Replace(string(text))
}

// role makes the role acmbot with policies, and returns its configuration.
func role(t *testing.T, api *awsapi.Server, admin aws.Config, policies ...string) aws.Config {
	t.Helper()
	api.Update(func(s *awsapi.State) {
		a := s.Account(account)
		a.PoliciesCount = true
		a.Keys = append(a.Keys, awsapi.AccessKey{ID: "AKIAROLE", Secret: "secret", Principal: roleARN})
	})
	if status, body := iamCall(t, admin, "CreateRole", "RoleName", "acmbot", "AssumeRolePolicyDocument", machineTrust); status != 200 {
		t.Fatal(status, body)
	}
	for i, text := range policies {
		put(t, admin, "p"+strconv.Itoa(i), text)
	}
	cfg := admin.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIAROLE", "secret", "")
	return cfg
}

func put(t *testing.T, admin aws.Config, name, text string) {
	t.Helper()
	if status, body := iamCall(t, admin, "PutRolePolicy", "RoleName", "acmbot", "PolicyName", name, "PolicyDocument", text); status != 200 {
		t.Fatal(status, body)
	}
}

// what came of calls, and what should have; "denied" for any refusal.
type outcomes struct{ got, want map[string]string }

func (o *outcomes) add(name string, err error, want string) {
	if o.got == nil {
		o.got, o.want = map[string]string{}, map[string]string{}
	}
	o.got[name], o.want[name] = "allowed", want
	switch c := code(err); c {
	case "":
	case "AccessDenied", "AccessDeniedException":
		o.got[name] = "denied"
	default:
		o.got[name] = c
	}
}

func (o *outcomes) compare(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(o.want, o.got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}

// The policies as they are printed, for what they are for, and for what is next
// to it.
func TestPrintedPoliciesOfReading(t *testing.T) {
	api, admin := start(t)
	const (
		authority = "arn:aws:acm-pca:" + region + ":" + account + ":certificate-authority/1"
		sharing   = `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"acm-pca:ListPermissions","Resource":"*"}]}`
	)
	add(api, &awsapi.Certificate{ARN: arnBase + "1", DomainName: "example.com", Body: "x", Status: "ISSUED"})
	api.Update(func(s *awsapi.State) {
		a := s.Account(account)
		a.HostedZones = []*awsapi.HostedZone{{ID: "Z1", Name: "example.com"}}
		a.Region(region).Authorities = []*awsapi.Authority{{ARN: authority, Policy: sharing}}
	})
	cfg := role(t, api, admin, printed(t, "iam/read.json"))
	var o outcomes
	read := func(extra string) {
		ctx, c, r, p, one := t.Context(), acm.NewFromConfig(cfg), route53.NewFromConfig(cfg), acmpca.NewFromConfig(cfg), aws.String(arnBase+"1")
		_, err := c.ListCertificates(ctx, nil)
		o.add(extra+"ListCertificates", err, "allowed")
		_, err = c.SearchCertificates(ctx, nil)
		o.add(extra+"SearchCertificates", err, "allowed")
		_, err = c.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: one})
		o.add(extra+"DescribeCertificate", err, "allowed")
		_, err = c.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: one})
		o.add(extra+"ListTagsForCertificate", err, "allowed")
		_, err = c.ListCertificateDomainValidations(ctx, &acm.ListCertificateDomainValidationsInput{CertificateArn: one})
		o.add(extra+"ListCertificateDomainValidations", err, "allowed")
		_, err = c.GetCertificate(ctx, &acm.GetCertificateInput{CertificateArn: one})
		o.add(extra+"GetCertificate", err, "denied")
		_, err = c.RenewCertificate(ctx, &acm.RenewCertificateInput{CertificateArn: one})
		o.add(extra+"RenewCertificate", err, "denied")

		more := map[string]string{"": "denied", "more ": "allowed"}[extra]
		_, err = r.ListHostedZones(ctx, nil)
		o.add(extra+"ListHostedZones", err, more)
		_, err = r.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String("Z1")})
		o.add(extra+"GetHostedZone", err, more)
		_, err = r.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String("Z1")})
		o.add(extra+"ListResourceRecordSets", err, more)
		_, err = r.GetDNSSEC(ctx, &route53.GetDNSSECInput{HostedZoneId: aws.String("Z1")})
		o.add(extra+"GetDNSSEC", err, more)
		_, err = p.DescribeCertificateAuthority(ctx, &acmpca.DescribeCertificateAuthorityInput{CertificateAuthorityArn: aws.String(authority)})
		o.add(extra+"DescribeCertificateAuthority", err, more)
		_, err = p.GetPolicy(ctx, &acmpca.GetPolicyInput{ResourceArn: aws.String(authority)})
		o.add(extra+"GetPolicy", err, more)
		_, err = p.ListPermissions(ctx, &acmpca.ListPermissionsInput{CertificateAuthorityArn: aws.String(authority)})
		o.add(extra+"ListPermissions", err, more)
		_, err = r.ListHostedZonesByName(ctx, nil)
		o.add(extra+"ListHostedZonesByName", err, "denied")
	}
	read("")
	put(t, admin, "more", printed(t, "iam/read-extra.json"))
	read("more ")

	// Narrowed to one region, a list is as it was, since it has no resource.
	put(t, admin, "p0", printed(t, "iam/read.json", "arn:aws:acm:*:*:", "arn:aws:acm:us-east-1:*:"))
	_, err := acm.NewFromConfig(cfg).ListCertificates(t.Context(), nil)
	o.add("narrow: ListCertificates", err, "allowed")
	_, err = acm.NewFromConfig(cfg).DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: aws.String(arnBase + "1")})
	o.add("narrow: DescribeCertificate", err, "denied")
	if want := "User: " + roleARN + " is not authorized to perform: acm:DescribeCertificate on resource: " + arnBase + "1 because no identity-based policy allows the acm:DescribeCertificate action"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v", err)
	}
	o.compare(t)
}

const validation = "_0123456789abcdef0123456789abcdef."

// change sends a batch of changes: each "ACTION TYPE name".
func change(t *testing.T, cfg aws.Config, zone string, lines ...string) error {
	t.Helper()
	batch := &r53types.ChangeBatch{}
	for _, line := range lines {
		f := strings.Fields(line)
		value := "value.example."
		if f[1] == "CAA" {
			value = `0 issue "amazon.com"`
		}
		batch.Changes = append(batch.Changes, r53types.Change{Action: r53types.ChangeAction(f[0]), ResourceRecordSet: &r53types.ResourceRecordSet{
			Type: r53types.RRType(f[1]), Name: aws.String(f[2]), TTL: aws.Int64(60), ResourceRecords: []r53types.ResourceRecord{{Value: &value}},
		}})
	}
	_, err := route53.NewFromConfig(cfg).ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: batch})
	return err
}

// simulateChange asks IAM whether change would be allowed.
func simulateChange(t *testing.T, cfg aws.Config, zone string, lines ...string) string {
	t.Helper()
	context := map[string][]string{}
	for _, line := range lines {
		f := strings.Fields(line)
		for i, key := range []string{"Actions", "RecordTypes", "NormalizedRecordNames"} {
			context[key] = append(context[key], strings.ToLower(strings.TrimSuffix(f[i], ".")))
			if i < 2 {
				context[key][len(context[key])-1] = f[i]
			}
		}
	}
	in := &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(roleARN), ActionNames: []string{"route53:ChangeResourceRecordSets"}, ResourceArns: []string{"arn:aws:route53:::hostedzone/" + zone},
	}
	for key, values := range context {
		in.ContextEntries = append(in.ContextEntries, iamtypes.ContextEntry{
			ContextKeyName: aws.String("route53:ChangeResourceRecordSets" + key), ContextKeyType: iamtypes.ContextKeyTypeEnumStringList, ContextKeyValues: values,
		})
	}
	out, err := iam.NewFromConfig(cfg).SimulatePrincipalPolicy(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return string(out.EvaluationResults[0].EvalDecision)
}

// Records can be written in the zones, of the types and at the names that the
// policies say, and not otherwise; and IAM's simulator says the same.
func TestPrintedPoliciesOfRecords(t *testing.T) {
	tests := []struct {
		name, file string
		zone       string
		changes    []string
		want       string
	}{
		{"a validation record", "cname", "Z1", []string{"CREATE CNAME " + validation + "www.example.com."}, "allowed"},
		{"one that is there", "cname", "Z1", []string{"UPSERT CNAME " + validation + "www.example.com"}, "allowed"},
		{"several", "cname", "Z1", []string{"UPSERT CNAME " + validation + "a.example.com.", "CREATE CNAME " + validation + "B.example.com."}, "allowed"},
		{"in another zone", "cname", "Z2", []string{"CREATE CNAME " + validation + "www.example.com."}, "denied"},
		{"of another domain", "cname", "Z1", []string{"CREATE CNAME " + validation + "www.example.net."}, "denied"},
		{"another type", "cname", "Z1", []string{"CREATE TXT " + validation + "www.example.com."}, "denied"},
		{"another type beside it", "cname", "Z1", []string{"CREATE CNAME " + validation + "www.example.com.", "UPSERT A www.example.com."}, "denied"},
		{"another name", "cname", "Z1", []string{"UPSERT CNAME www.example.com."}, "denied"},
		{"an ACME challenge", "cname", "Z1", []string{"UPSERT CNAME _acme-challenge.www.example.com."}, "denied"},
		{"deleting one", "cname", "Z1", []string{"DELETE CNAME " + validation + "www.example.com."}, "denied"},
		{"deleting beside it", "cname", "Z1", []string{"CREATE CNAME " + validation + "www.example.com.", "DELETE CNAME " + validation + "old.example.com."}, "denied"},
		{"a CAA record with the CNAME's policy", "cname", "Z1", []string{"UPSERT CAA example.com."}, "denied"},

		{"the CAA records of a domain", "caa", "Z1", []string{"UPSERT CAA EXAMPLE.com."}, "allowed"},
		{"of a name in it", "caa", "Z1", []string{"UPSERT CAA www.example.com."}, "allowed"},
		{"making them", "caa", "Z1", []string{"CREATE CAA example.com."}, "denied"},
		{"of a name that ends alike", "caa", "Z1", []string{"UPSERT CAA notexample.com."}, "denied"},
		{"in another zone", "caa", "Z2", []string{"UPSERT CAA example.com."}, "denied"},
		{"a CNAME with the CAA's policy", "caa", "Z1", []string{"UPSERT CNAME " + validation + "www.example.com."}, "denied"},
	}
	for _, test := range tests {
		t.Run(test.file+" "+test.name, func(t *testing.T) {
			api, admin := start(t)
			api.Update(func(s *awsapi.State) {
				s.Account(account).HostedZones = []*awsapi.HostedZone{{ID: "Z1", Name: "example.com"}, {ID: "Z2", Name: "example.com"}}
			})
			// Narrowed as deploy/README.md says.
			narrow := []string{"hostedzone/*", "hostedzone/Z1"}
			if test.file == "cname" {
				narrow = append(narrow, "_????????????????????????????????.*", "_????????????????????????????????.*example.com")
			}
			cfg := role(t, api, admin, printed(t, "iam/fix-route53-"+test.file+".json", narrow...), printed(t, "iam/doctor.json"))
			var o outcomes
			o.add("the change", change(t, cfg, test.zone, test.changes...), test.want)
			o.got["simulated"] = simulateChange(t, cfg, test.zone, test.changes...)
			o.want["simulated"] = map[string]string{"allowed": "allowed", "denied": "implicitDeny"}[test.want]
			_, err := route53.NewFromConfig(cfg).GetChange(t.Context(), &route53.GetChangeInput{Id: aws.String("C1")})
			o.add("waiting for it", err, "allowed")
			o.compare(t)
		})
	}
}

// A fix of a certificate is allowed by its own file only.
func TestPrintedPoliciesOfCertificates(t *testing.T) {
	files := map[string]string{"renew-private": "RenewCertificate", "resend-email": "ResendValidationEmail", "switch-to-dns": "UpdateCertificateOptions"}
	for file, action := range files {
		t.Run(file, func(t *testing.T) {
			api, admin := start(t)
			add(api,
				&awsapi.Certificate{ARN: arnBase + "1", Type: "PRIVATE", Exported: true, DomainName: "a.example", Status: "ISSUED"},
				&awsapi.Certificate{ARN: arnBase + "2", DomainName: "b.example", ValidationMethod: "EMAIL", Status: "ISSUED"},
				&awsapi.Certificate{ARN: arnBase + "3", DomainName: "c.example", ValidationMethod: "EMAIL", Status: "PENDING_VALIDATION"},
			)
			cfg := role(t, api, admin, printed(t, "iam/fix-acm-"+file+".json"))
			c := acm.NewFromConfig(cfg)
			want := func(a string) string {
				if a == action {
					return "allowed"
				}
				return "denied"
			}
			var o outcomes
			_, err := c.RenewCertificate(t.Context(), &acm.RenewCertificateInput{CertificateArn: aws.String(arnBase + "1")})
			o.add("renew", err, want("RenewCertificate"))
			_, err = c.UpdateCertificateOptions(t.Context(), &acm.UpdateCertificateOptionsInput{
				CertificateArn: aws.String(arnBase + "2"), Options: &acmtypes.CertificateOptions{ValidationMethod: "DNS"},
			})
			o.add("switch", err, want("UpdateCertificateOptions"))
			// Whoever may switch to DNS may not switch to anything else.
			_, err = c.UpdateCertificateOptions(t.Context(), &acm.UpdateCertificateOptionsInput{
				CertificateArn: aws.String(arnBase + "2"), Options: &acmtypes.CertificateOptions{ValidationMethod: "EMAIL"},
			})
			o.add("switch back", err, "denied")
			_, err = c.ResendValidationEmail(t.Context(), &acm.ResendValidationEmailInput{
				CertificateArn: aws.String(arnBase + "3"), Domain: aws.String("c.example"), ValidationDomain: aws.String("c.example"),
			})
			o.add("resend", err, want("ResendValidationEmail"))
			o.compare(t)
		})
	}
}

func TestPrintedPoliciesOfOtherAccounts(t *testing.T) {
	const other = "444455556666"
	api, admin := start(t)
	theirs := admin.Copy()
	theirs.Credentials = credentials.NewStaticCredentialsProvider("AKIB", "secret", "")
	api.Update(func(s *awsapi.State) {
		s.Account(other).Keys = []awsapi.AccessKey{{ID: "AKIB", Secret: "secret"}}
	})
	trust := func(name, document string) (int, string) {
		return iamCall(t, theirs, "CreateRole", "RoleName", name, "AssumeRolePolicyDocument", document)
	}
	ours := []string{"111122223333", account}
	// IAM takes no trust in a role that is not there yet.
	if status, body := trust("acmbot-read", printed(t, "iam/trust.json", ours...)); status != 400 || !strings.Contains(body, "Invalid principal in policy") {
		t.Errorf("before there is the role: %d %s", status, body)
	}
	cfg := role(t, api, admin)
	api.Update(func(s *awsapi.State) {
		s.Account(other).Roles = []*awsapi.Role{{Name: "acmbot"}}
	})
	for name, document := range map[string]string{
		"acmbot-read": printed(t, "iam/trust.json", ours...),
		"reader":      printed(t, "iam/trust.json", ours...),
		"service":     machineTrust,
	} {
		if status, body := trust(name, document); status != 200 {
			t.Fatal(name, status, body)
		}
	}
	api.Update(func(s *awsapi.State) {
		s.Account(other).Roles = append(s.Account(other).Roles, &awsapi.Role{Name: "acmbot-read-elsewhere"})
	})
	enter := func(cfg aws.Config, name, id string) error {
		in := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + other + ":role/" + name), RoleSessionName: aws.String("test")}
		if id != "" {
			in.ExternalId = &id
		}
		_, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), in)
		return err
	}
	var o outcomes
	o.add("without the policy", enter(cfg, "acmbot-read", "a-long-random-word"), "denied")
	put(t, admin, "assume", printed(t, "iam/assume.json"))
	o.add("with it", enter(cfg, "acmbot-read", "a-long-random-word"), "allowed")
	o.add("another external id", enter(cfg, "acmbot-read", "another"), "denied")
	o.add("no external id", enter(cfg, "acmbot-read", ""), "denied")
	o.add("a role that does not exist", enter(cfg, "acmbot-write", "a-long-random-word"), "denied")
	o.add("a role of another name, which would let in", enter(cfg, "reader", "a-long-random-word"), "denied")
	o.add("a role of a longer name, which would let in", enter(cfg, "acmbot-read-elsewhere", ""), "denied")
	o.add("somebody else of the account", enter(admin, "acmbot-read", "a-long-random-word"), "denied")
	o.add("a role for a service", enter(admin, "service", ""), "denied")
	// Whose policy it is, another account is not told.
	if err := enter(cfg, "acmbot-write", ""); err == nil || !strings.HasSuffix(err.Error(), "role/acmbot-write") {
		t.Errorf("%v", err)
	}
	o.add("a role that trusts anybody", enter(admin, "acmbot-read-elsewhere", ""), "allowed")
	o.compare(t)
}

func TestPrintedPolicyOfSecrets(t *testing.T) {
	const key = "arn:aws:kms:" + region + ":" + account + ":key/1"
	api, admin := start(t)
	api.Update(func(s *awsapi.State) {
		a := s.Account(account)
		for _, name := range []string{"acmbot/slack", "acmbot/own", "acmbots/slack", "other"} {
			a.SetSecret(region, name, "x")
			a.SetParameter(region, "/"+name, "x")
		}
		r := a.Region(region)
		r.Secrets[1].Key, r.Parameters[1].Key = key, key
	})
	cfg := role(t, api, admin, printed(t, "iam/secrets.json"))
	secret := func(id string) error {
		_, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
		return err
	}
	parameter := func(name string) error {
		_, err := ssm.NewFromConfig(cfg).GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
		return err
	}
	const secretARN, parameterARN = "arn:aws:secretsmanager:" + region + ":" + account + ":secret:", "arn:aws:ssm:" + region + ":" + account + ":parameter/"
	var o outcomes
	o.add("a secret", secret("acmbot/slack"), "allowed")
	o.add("by its ARN", secret(secretARN+"acmbot/slack-AbCdEf"), "allowed")
	o.add("by its ARN without the end", secret(secretARN+"acmbot/slack"), "allowed")
	o.add("one that is not there", secret("acmbot/none"), "ResourceNotFoundException")
	o.add("one of another name", secret("acmbots/slack"), "denied")
	o.add("another", secret("other"), "denied")
	o.add("another that is not there", secret("none"), "denied")
	o.add("with a key of one's own", secret("acmbot/own"), "allowed")
	o.add("a parameter", parameter("/acmbot/slack"), "allowed")
	o.add("a parameter by its ARN", parameter(parameterARN+"acmbot/slack"), "allowed")
	o.add("a parameter that is not there", parameter("/acmbot/none"), "ParameterNotFound")
	o.add("a parameter of another name", parameter("/acmbots/slack"), "denied")
	o.add("a parameter with a key of one's own", parameter("/acmbot/own"), "allowed")

	// One secret, by the six characters that Secrets Manager adds.
	put(t, admin, "p0", printed(t, "iam/secrets.json", "secret:acmbot/*", "secret:acmbot/slack-??????"))
	o.add("the only secret", secret("acmbot/slack"), "allowed")
	o.add("beside the only secret", secret("acmbot/own"), "denied")

	put(t, admin, "p0", printed(t, "iam/secrets.json", "ssm.*.amazonaws.com", "s3.*.amazonaws.com"))
	o.add("the key by way of one service", secret("acmbot/own"), "allowed")
	o.add("and not by way of the other", parameter("/acmbot/own"), "denied")
	put(t, admin, "p0", printed(t, "iam/secrets.json", "arn:aws:kms:*:*:key/*", "arn:aws:kms:*:*:key/2"))
	o.add("with another's key", secret("acmbot/own"), "denied")
	o.add("with the key that AWS manages", secret("acmbot/slack"), "allowed")
	o.compare(t)
}

func TestPrintedPoliciesOfEvents(t *testing.T) {
	api, admin := start(t)
	var queue, other *awsapi.Queue
	api.Update(func(s *awsapi.State) {
		queue, other = s.Account(account).Queue(region, "acmbot-events"), s.Account(account).Queue(region, "acmbot-events-dead")
	})
	cfg := role(t, api, admin, printed(t, "iam/events.json"))
	client := sqs.NewFromConfig(cfg)
	var o outcomes
	for _, q := range []*awsapi.Queue{queue, other} {
		want := map[bool]string{true: "allowed", false: "denied"}[q == queue]
		_, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(q.URL())})
		o.add("look at "+q.Name, err, want)
		_, err = client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(q.URL())})
		o.add("receive from "+q.Name, err, want)
		_, err = client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(q.URL()), MessageBody: aws.String("x")})
		o.add("send to "+q.Name, err, "denied")
	}
	o.compare(t)

	// EventBridge sends for the rule that the queue's policy names, once the
	// queue has that policy.
	rule := func(region, id, name string) string { return "arn:aws:events:" + region + ":" + id + ":rule/" + name }
	delivered := func(rule string, q *awsapi.Queue) bool {
		return api.Deliver(rule, q.ARN(), "event") == nil
	}
	if delivered(rule(region, account, "acmbot-events"), queue) {
		t.Error("a queue without a policy takes events")
	}
	api.Update(func(*awsapi.State) {
		queue.Policy = printed(t, "events/queue-policy.json", "eu-central-1", region, "111122223333", account)
		other.Policy = queue.Policy
	})
	got := []bool{
		delivered(rule(region, account, "acmbot-events"), queue),
		delivered(rule(region, account, "other"), queue),
		delivered(rule("eu-central-1", account, "acmbot-events"), queue),
		delivered(rule(region, "444455556666", "acmbot-events"), queue),
		delivered(rule(region, account, "acmbot-events"), other), // its policy is for the queue
	}
	if diff := cmp.Diff([]bool{true, false, false, false, false}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(api.Messages(queue.ARN())); n != 1 {
		t.Errorf("%d messages", n)
	}
	// What cannot be evaluated is not taken for a yes or a no.
	api.Update(func(*awsapi.State) { queue.Policy = strings.Replace(queue.Policy, "ArnEquals", "ArnNotEquals", 1) })
	if err := api.Deliver(rule(region, account, "acmbot-events"), queue.ARN(), "event"); err == nil || !strings.Contains(err.Error(), "ArnNotEquals") {
		t.Errorf("%v", err)
	}
}

// DynamoDB gets what may be done, and nothing else.
func TestPrintedPoliciesOfState(t *testing.T) {
	var reached []string
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached = append(reached, r.Header.Get("X-Amz-Target"))
		_, _ = w.Write([]byte(`{"Table":{"TableName":"acmbot"}}`))
	}))
	t.Cleanup(behind.Close)
	api := awsapi.New(awsapi.Options{Now: func() time.Time { return day }, DynamoDB: behind.URL})
	api.Update(func(s *awsapi.State) { s.Account(account).Keys = []awsapi.AccessKey{{ID: "AKIA", Secret: "secret"}} })
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	_, admin := start(t)
	admin.BaseEndpoint = aws.String(server.URL)
	cfg := role(t, api, admin, printed(t, "iam/dynamodb.json"))
	client := dynamodb.NewFromConfig(cfg)
	describe := func(table string) error {
		_, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
		return err
	}
	query := func(table string) error {
		_, err := client.Query(t.Context(), &dynamodb.QueryInput{TableName: &table, KeyConditionExpression: aws.String("pk = :p")})
		return err
	}
	var o outcomes
	o.add("query the table", query("acmbot"), "allowed")
	o.add("query another", query("acmbot2"), "denied")
	o.add("describe the table", describe("acmbot"), "denied")
	put(t, admin, "doctor", printed(t, "iam/doctor.json"))
	o.add("describe it, as the doctor", describe("acmbot"), "allowed")
	o.add("describe another, as the doctor", describe("acmbot2"), "denied")
	_, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("acmbot")})
	o.add("scan the table", err, "denied")
	_, err = client.ListTables(t.Context(), nil)
	o.add("list tables", err, "denied")
	o.compare(t)
	if diff := cmp.Diff([]string{"DynamoDB_20120810.Query", "DynamoDB_20120810.DescribeTable"}, reached); diff != "" {
		t.Error(diff)
	}
}

// A role may ask IAM about itself only.
func TestPrintedPolicyOfTheDoctor(t *testing.T) {
	api, admin := start(t)
	cfg := role(t, api, admin, printed(t, "iam/doctor.json"), printed(t, "iam/read.json"))
	api.Update(func(s *awsapi.State) {
		s.Account(account).Roles = append(s.Account(account).Roles, &awsapi.Role{Name: "admin"})
	})
	simulate := func(source, action, resource string) (string, error) {
		out, err := iam.NewFromConfig(cfg).SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: &source, ActionNames: []string{action}, ResourceArns: []string{resource},
		})
		if err != nil {
			return "", err
		}
		return string(out.EvaluationResults[0].EvalDecision), nil
	}
	var o outcomes
	_, err := simulate(roleARN, "acm:ListCertificates", "*")
	o.add("itself", err, "allowed")
	_, err = simulate("arn:aws:iam::"+account+":role/admin", "acm:ListCertificates", "*")
	o.add("another role", err, "denied")
	o.compare(t)

	put(t, admin, "deny", `{"Statement":{"Effect":"Deny","Action":"acm:Describe*","Resource":"`+arnBase+`9"}}`)
	want := map[string]string{arnBase + "1": "allowed", arnBase + "9": "explicitDeny", "arn:aws:acm:" + region + ":" + account + ":endpoint/1": "implicitDeny"}
	got := map[string]string{}
	for resource := range want {
		if got[resource], err = simulate(roleARN, "acm:DescribeCertificate", resource); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// And so it is when it is done.
	_, err = acm.NewFromConfig(cfg).DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: aws.String(arnBase + "9")})
	if err == nil || !strings.Contains(err.Error(), "with an explicit deny in an identity-based policy") {
		t.Errorf("%v", err)
	}
}

// What IAM takes and this evaluation does not know is refused where it is put
// in.
func TestUnknownConditionsAreRefusedLoudly(t *testing.T) {
	_, admin := start(t)
	if status, body := iamCall(t, admin, "CreateRole", "RoleName", "acmbot", "AssumeRolePolicyDocument", machineTrust); status != 200 {
		t.Fatal(status, body)
	}
	for _, condition := range []map[string]map[string]string{
		{"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
		{"StringEquals": {"aws:PrincipalTag/team": "shop"}},
	} {
		text, err := json.Marshal(map[string]any{"Statement": map[string]any{"Effect": "Allow", "Action": "acm:*", "Resource": "*", "Condition": condition}})
		if err != nil {
			t.Fatal(err)
		}
		status, body := iamCall(t, admin, "PutRolePolicy", "RoleName", "acmbot", "PolicyName", "p", "PolicyDocument", string(text))
		if status != 501 || !strings.Contains(body, "not evaluated here") {
			t.Errorf("%s: %d %s", text, status, body)
		}
	}
}
