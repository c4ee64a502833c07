package awsapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/acmpca"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	arnBase = "arn:aws:acm:" + region + ":" + account + ":certificate/"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// start serves a fresh API with one account, whose key is AKIA/secret.
func start(t *testing.T) (*awsapi.Server, aws.Config) {
	t.Helper()
	api := awsapi.New(awsapi.Options{Now: func() time.Time { return day }})
	api.Update(func(s *awsapi.State) {
		s.Account(account).Keys = []awsapi.AccessKey{{ID: "AKIA", Secret: "secret"}}
	})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return api, aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(server.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:   &http.Client{Transport: transport},
	}
}

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func add(api *awsapi.Server, certificates ...*awsapi.Certificate) {
	api.Update(func(s *awsapi.State) {
		r := s.Account(account).Region(region)
		r.Certificates = append(r.Certificates, certificates...)
	})
}

func TestDescribeCertificateGivesEveryField(t *testing.T) {
	api, config := start(t)
	add(api, &awsapi.Certificate{
		ARN: arnBase + "full", DomainName: "example.com",
		SubjectAlternativeNames: []string{"example.com", "*.example.com"},
		ValidationMethod:        "DNS", Export: "ENABLED", Exported: true, InUseBy: []string{"arn:aws:elb"},
		NotBefore: day, NotAfter: day.AddDate(0, 0, 198), CreatedAt: day.Add(1500 * time.Millisecond), IssuedAt: day,
		Serial: "0a:ff", Issuer: "Amazon", KeyAlgorithm: "EC_prime256v1",
		KeyUsages: []string{"DIGITAL_SIGNATURE"}, ExtendedKeyUsages: []string{"TLS_WEB_SERVER_AUTHENTICATION"},
		DomainValidationOptions: []awsapi.DomainValidation{{
			DomainName: "example.com", ValidationMethod: "DNS", ValidationStatus: "SUCCESS",
			RecordName: "_a.example.com.", RecordValue: "_b.acm-validations.aws.",
		}},
		Renewal: &awsapi.RenewalSummary{
			RenewalStatus: "PENDING_VALIDATION", RenewalStatusReason: "CAA_ERROR", UpdatedAt: day,
			DomainValidationOptions: []awsapi.DomainValidation{{
				DomainName: "example.com", ValidationMethod: "HTTP", ValidationStatus: "PENDING_VALIDATION",
				RedirectFrom: "http://example.com/a", RedirectTo: "https://validation.example/b",
			}},
		},
		Update: &awsapi.UpdateSummary{Status: "FAILED", From: "EMAIL", To: "DNS", RequestedAt: day},
	})

	out, err := acm.NewFromConfig(config).DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: aws.String(arnBase + "full")})
	if err != nil {
		t.Fatal(err)
	}
	want := &types.CertificateDetail{
		CertificateArn: aws.String(arnBase + "full"), DomainName: aws.String("example.com"),
		SubjectAlternativeNames: []string{"example.com", "*.example.com"},
		Type:                    "AMAZON_ISSUED", Status: "ISSUED", CertificateKeyPairOrigin: "AWS_MANAGED",
		RenewalEligibility: "ELIGIBLE", InUseBy: []string{"arn:aws:elb"},
		Options:   &types.CertificateOptions{ValidationMethod: "DNS", Export: "ENABLED"},
		NotBefore: aws.Time(day), NotAfter: aws.Time(day.AddDate(0, 0, 198)),
		CreatedAt: aws.Time(day.Add(1500 * time.Millisecond)), IssuedAt: aws.Time(day),
		Serial: aws.String("0a:ff"), Subject: aws.String("CN=example.com"), Issuer: aws.String("Amazon"), KeyAlgorithm: "EC_prime256v1",
		KeyUsages:         []types.KeyUsage{{Name: "DIGITAL_SIGNATURE"}},
		ExtendedKeyUsages: []types.ExtendedKeyUsage{{Name: "TLS_WEB_SERVER_AUTHENTICATION"}},
		DomainValidationOptions: []types.DomainValidation{{
			DomainName: aws.String("example.com"), ValidationMethod: "DNS", ValidationStatus: "SUCCESS",
			ResourceRecord: &types.ResourceRecord{Name: aws.String("_a.example.com."), Type: "CNAME", Value: aws.String("_b.acm-validations.aws.")},
		}},
		RenewalSummary: &types.RenewalSummary{
			RenewalStatus: "PENDING_VALIDATION", RenewalStatusReason: "CAA_ERROR", UpdatedAt: aws.Time(day),
			DomainValidationOptions: []types.DomainValidation{{
				DomainName: aws.String("example.com"), ValidationMethod: "HTTP", ValidationStatus: "PENDING_VALIDATION",
				HttpRedirect: &types.HttpRedirect{RedirectFrom: aws.String("http://example.com/a"), RedirectTo: aws.String("https://validation.example/b")},
			}},
		},
		UpdateSummary: &types.UpdateSummary{
			Type: "DOMAIN_VALIDATION_METHOD", Status: "FAILED", RequestedAt: aws.Time(day),
			DomainValidationMethodUpdateSummary: &types.DomainValidationMethodUpdateSummary{From: "EMAIL", To: "DNS"},
		},
	}
	if diff := cmp.Diff(want, out.Certificate, ignoreMarkers); diff != "" {
		t.Errorf("certificate (-want +got):\n%s", diff)
	}
}

var ignoreMarkers = cmpopts.IgnoreUnexported(
	types.CertificateDetail{}, types.CertificateOptions{}, types.KeyUsage{}, types.ExtendedKeyUsage{}, types.DomainValidation{},
	types.ResourceRecord{}, types.HttpRedirect{}, types.RenewalSummary{}, types.UpdateSummary{}, types.DomainValidationMethodUpdateSummary{},
)

func TestListCertificatesHidesByDefault(t *testing.T) {
	api, config := start(t)
	add(
		api,
		&awsapi.Certificate{ARN: arnBase + "rsa"},
		&awsapi.Certificate{ARN: arnBase + "ec", KeyAlgorithm: "EC_prime256v1"},
		&awsapi.Certificate{ARN: arnBase + "acme", KeyPairOrigin: "ACME"},
	)
	client := acm.NewFromConfig(config)
	for _, test := range []struct {
		name string
		in   acm.ListCertificatesInput
		want []string
	}{
		{"default", acm.ListCertificatesInput{}, []string{"rsa"}},
		{"all keys", acm.ListCertificatesInput{Includes: &types.Filters{KeyTypes: types.KeyAlgorithm("").Values()}}, []string{"rsa", "ec"}},
		{"acme", acm.ListCertificatesInput{CertificateKeyPairOrigins: []types.CertificateKeyPairOrigin{"ACME"}}, []string{"acme"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := client.ListCertificates(t.Context(), &test.in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range out.CertificateSummaryList {
				got = append(got, strings.TrimPrefix(*c.CertificateArn, arnBase))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("listed (-want +got):\n%s", diff)
			}
		})
	}
}

func san(op types.ComparisonOperator, name string) types.CertificateFilterStatement {
	return &types.CertificateFilterStatementMemberFilter{Value: &types.CertificateFilterMemberX509AttributeFilter{
		Value: &types.X509AttributeFilterMemberSubjectAlternativeName{
			Value: &types.SubjectAlternativeNameFilterMemberDnsName{Value: types.DnsNameFilter{ComparisonOperator: op, Value: &name}},
		},
	}}
}

func metadata(f types.AcmCertificateMetadataFilter) types.CertificateFilterStatement {
	return &types.CertificateFilterStatementMemberFilter{Value: &types.CertificateFilterMemberAcmCertificateMetadataFilter{Value: f}}
}

func TestSearchCertificatesFilters(t *testing.T) {
	api, config := start(t)
	add(
		api,
		&awsapi.Certificate{ARN: arnBase + "apex", DomainName: "example.com", InUseBy: []string{"x"}, NotAfter: day},
		&awsapi.Certificate{ARN: arnBase + "wild", DomainName: "*.example.com", Renewal: &awsapi.RenewalSummary{RenewalStatus: "FAILED"}},
		&awsapi.Certificate{ARN: arnBase + "acme", DomainName: "example.com", KeyPairOrigin: "ACME"},
	)
	client := acm.NewFromConfig(config)
	for _, test := range []struct {
		name   string
		filter types.CertificateFilterStatement
		want   []string
		code   string
	}{
		{"none", nil, []string{"apex", "wild"}, ""},
		{"equals", san("EQUALS", "example.com"), []string{"apex"}, ""},
		{"contains", san("CONTAINS", "example"), []string{"apex", "wild"}, ""},
		{
			"or", &types.CertificateFilterStatementMemberOr{Value: []types.CertificateFilterStatement{san("EQUALS", "example.com"), san("EQUALS", "*.example.com")}},
			[]string{"apex", "wild"}, "",
		},
		{
			"and", &types.CertificateFilterStatementMemberAnd{Value: []types.CertificateFilterStatement{
				san("CONTAINS", "example.com"), metadata(&types.AcmCertificateMetadataFilterMemberRenewalStatus{Value: "FAILED"}),
			}},
			[]string{"wild"}, "",
		},
		{"not", &types.CertificateFilterStatementMemberNot{Value: metadata(&types.AcmCertificateMetadataFilterMemberInUse{Value: true})}, []string{"wild"}, ""},
		{"origin", metadata(&types.AcmCertificateMetadataFilterMemberCertificateKeyPairOrigin{Value: "ACME"}), []string{"acme"}, ""},
		{
			"expiry", &types.CertificateFilterStatementMemberFilter{Value: &types.CertificateFilterMemberX509AttributeFilter{
				Value: &types.X509AttributeFilterMemberNotAfter{Value: types.TimestampRange{End: aws.Time(day)}},
			}},
			[]string{"apex"}, "",
		},
		{"empty or", &types.CertificateFilterStatementMemberOr{}, nil, "ValidationException"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := client.SearchCertificates(t.Context(), &acm.SearchCertificatesInput{FilterStatement: test.filter})
			if code(err) != test.code {
				t.Fatalf("error %v, want %q", err, test.code)
			}
			if err != nil {
				return
			}
			var got []string
			for _, c := range out.Results {
				got = append(got, strings.TrimPrefix(*c.CertificateArn, arnBase))
				if _, ok := c.CertificateMetadata.(*types.CertificateMetadataMemberAcmCertificateMetadata); !ok {
					t.Errorf("%s: metadata is a %T", *c.CertificateArn, c.CertificateMetadata)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPages(t *testing.T) {
	api, config := start(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		add(api, &awsapi.Certificate{ARN: arnBase + id, DomainName: id + ".example.com"})
	}
	api.Update(func(s *awsapi.State) { s.Quirks.PageSize = 2 })
	client := acm.NewFromConfig(config)

	found := 0
	for p := acm.NewSearchCertificatesPaginator(client, &acm.SearchCertificatesInput{}); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found += len(out.Results)
	}
	listed := 0
	for p := acm.NewListCertificatesPaginator(client, &acm.ListCertificatesInput{}); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		listed += len(out.CertificateSummaryList)
	}
	if found != 5 || listed != 5 || len(api.Calls()) != 6 {
		t.Errorf("found %d and listed %d of 5 in %d calls, want 6", found, listed, len(api.Calls()))
	}
	_, err := client.SearchCertificates(t.Context(), &acm.SearchCertificatesInput{MaxResults: aws.Int32(501)})
	if code(err) != "ValidationException" {
		t.Errorf("501 results: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name               string
		key, secret, token string
		change             func(*awsapi.State)
		acm, sts, route53  string
	}{
		{"right", "AKIA", "secret", "", nil, "", "", ""},
		{"unknown key", "AKIB", "secret", "", nil, "UnrecognizedClientException", "InvalidClientTokenId", "InvalidClientTokenId"},
		{"wrong secret", "AKIA", "wrong", "", nil, "InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"},
		{"stray token", "AKIA", "secret", "token", nil, "UnrecognizedClientException", "InvalidClientTokenId", "InvalidClientTokenId"},
		{"expired", "AKIA", "secret", "", func(s *awsapi.State) {
			s.Account(account).Keys[0].Expires = time.Now().Add(-time.Minute)
		}, "ExpiredTokenException", "ExpiredToken", "ExpiredToken"},
		{"denied", "AKIA", "secret", "", func(s *awsapi.State) {
			s.Account(account).Deny = []string{"acm:*", "route53:ListHostedZones"}
		}, "AccessDeniedException", "", "AccessDenied"},
		{"region off", "AKIA", "secret", "", func(s *awsapi.State) {
			s.Account(account).Region(region).Disabled = true
		}, "UnrecognizedClientException", "InvalidClientTokenId", "InvalidClientTokenId"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, config := start(t)
			if test.change != nil {
				api.Update(test.change)
			}
			config.Credentials = credentials.NewStaticCredentialsProvider(test.key, test.secret, test.token)
			_, err := acm.NewFromConfig(config).SearchCertificates(t.Context(), nil)
			if code(err) != test.acm {
				t.Errorf("ACM: %v, want %q", err, test.acm)
			}
			_, err = sts.NewFromConfig(config).GetCallerIdentity(t.Context(), nil)
			if code(err) != test.sts {
				t.Errorf("STS: %v, want %q", err, test.sts)
			}
			// Route 53 is signed for a region of its own in real life; here,
			// with one endpoint for all, the client's region is used.
			_, err = route53.NewFromConfig(config).ListHostedZones(t.Context(), nil)
			if code(err) != test.route53 {
				t.Errorf("Route 53: %v, want %q", err, test.route53)
			}
		})
	}
}

// What the API's model does not allow, it refuses.
func TestACMValidates(t *testing.T) {
	_, config := start(t)
	client := acm.NewFromConfig(config)
	list := func(in acm.ListCertificatesInput) error {
		_, err := client.ListCertificates(t.Context(), &in)
		return err
	}
	for what, err := range map[string]error{
		"status":           list(acm.ListCertificatesInput{CertificateStatuses: []types.CertificateStatus{"RENEWING"}}),
		"key type":         list(acm.ListCertificatesInput{Includes: &types.Filters{KeyTypes: []types.KeyAlgorithm{"RSA-2048"}}}),
		"origin":           list(acm.ListCertificatesInput{CertificateKeyPairOrigins: []types.CertificateKeyPairOrigin{"acme"}}),
		"order":            list(acm.ListCertificatesInput{SortBy: types.SortByCreatedAt, SortOrder: "DOWN"}),
		"order of nothing": list(acm.ListCertificatesInput{SortOrder: types.SortOrderAscending}),
	} {
		if code(err) != "ValidationException" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := list(acm.ListCertificatesInput{SortBy: types.SortByCreatedAt, SortOrder: types.SortOrderDescending, Includes: &types.Filters{KeyTypes: types.KeyAlgorithm("").Values()}}); err != nil {
		t.Error(err)
	}
}

func TestAssumeRole(t *testing.T) {
	api, config := start(t)
	const other = "444455556666"
	api.Update(func(s *awsapi.State) {
		s.Account(other).Roles = []*awsapi.Role{{Name: "reader", ExternalID: "shibboleth"}}
	})
	client := sts.NewFromConfig(config)
	in := sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + other + ":role/path/reader"), RoleSessionName: aws.String("test")}
	if _, err := client.AssumeRole(t.Context(), &in); code(err) != "AccessDenied" {
		t.Errorf("without external id: %v", err)
	}
	in.ExternalId = aws.String("shibboleth")
	out, err := client.AssumeRole(t.Context(), &in)
	if err != nil {
		t.Fatal(err)
	}
	config.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	who, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if *who.Account != other || *who.Arn != "arn:aws:sts::"+other+":assumed-role/reader/test" {
		t.Errorf("became %s in %s", *who.Arn, *who.Account)
	}
	if until := time.Until(*out.Credentials.Expiration); until < 59*time.Minute {
		t.Errorf("credentials expire in %s", until)
	}
}

func TestRoute53(t *testing.T) {
	api, config := start(t)
	api.Update(func(s *awsapi.State) {
		s.Account(account).HostedZones = []*awsapi.HostedZone{
			{ID: "Z1", Name: "example.com", NameServers: []string{"ns-1.awsdns-01.com"}, DNSSEC: "SIGNING", Records: []awsapi.RecordSet{
				{Name: "example.com", Type: "A", Alias: "d1.cloudfront.net"},
				{Name: "*.example.com", Type: "TXT", TTL: 60, Values: []string{`"a"`, `"b"`}},
				{Name: "zz.example.com", Type: "A", TTL: 60, Values: []string{"192.0.2.1"}},
			}},
			{ID: "Z2", Name: "example.com", Private: true},
			{ID: "Z3", Name: "a.example", NameServers: []string{"ns-2.awsdns-02.net"}},
		}
		s.Quirks.PageSize = 2
	})
	client := route53.NewFromConfig(config)
	ctx := t.Context()

	var ids []string
	for p := route53.NewListHostedZonesPaginator(client, &route53.ListHostedZonesInput{}); p.HasMorePages(); {
		out, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, z := range out.HostedZones {
			ids = append(ids, *z.Id)
		}
	}
	if diff := cmp.Diff([]string{"/hostedzone/Z1", "/hostedzone/Z2", "/hostedzone/Z3"}, ids); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
	byName, err := client.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String("example.com.")})
	if err != nil {
		t.Fatal(err)
	}
	if *byName.HostedZones[0].Id != "/hostedzone/Z1" {
		t.Errorf("first by name is %s", *byName.HostedZones[0].Id)
	}
	zone, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String("/hostedzone/Z1")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ns-1.awsdns-01.com"}, zone.DelegationSet.NameServers); diff != "" {
		t.Errorf("name servers (-want +got):\n%s", diff)
	}
	signing, err := client.GetDNSSEC(ctx, &route53.GetDNSSECInput{HostedZoneId: aws.String("Z1")})
	if err != nil || *signing.Status.ServeSignature != "SIGNING" {
		t.Errorf("DNSSEC: %+v, %v", signing, err)
	}

	var sets []string
	for p := route53.NewListResourceRecordSetsPaginator(client, &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String("Z1")}); p.HasMorePages(); {
		out, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.ResourceRecordSets {
			text := *r.Name + " " + string(r.Type)
			for _, v := range r.ResourceRecords {
				text += " " + *v.Value
			}
			if r.AliasTarget != nil {
				text += " alias " + *r.AliasTarget.DNSName
			}
			sets = append(sets, text)
		}
	}
	want := []string{`example.com. A alias d1.cloudfront.net.`, `\052.example.com. TXT "a" "b"`, `zz.example.com. A 192.0.2.1`}
	if diff := cmp.Diff(want, sets); diff != "" {
		t.Errorf("record sets (-want +got):\n%s", diff)
	}

	if _, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String("Z9")}); code(err) != "NoSuchHostedZone" {
		t.Errorf("unknown zone: %v", err)
	}
}

func TestChangeResourceRecordSets(t *testing.T) {
	api, config := start(t)
	api.Update(func(s *awsapi.State) {
		s.Account(account).HostedZones = []*awsapi.HostedZone{{ID: "Z1", Name: "example.com", Records: []awsapi.RecordSet{
			{Name: "www.example.com", Type: "A", TTL: 60, Values: []string{"192.0.2.1"}},
			{Name: "routed.example.com", Type: "CNAME", TTL: 60, Values: []string{"a.example."}, SetIdentifier: "de", Geo: "DE"},
		}}}
	})
	client := route53.NewFromConfig(config)
	change := func(action r53types.ChangeAction, name string, rrtype r53types.RRType, value string) error {
		_, err := client.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: aws.String("Z1"),
			ChangeBatch: &r53types.ChangeBatch{Changes: []r53types.Change{{Action: action, ResourceRecordSet: &r53types.ResourceRecordSet{
				Name: &name, Type: rrtype, TTL: aws.Int64(300), ResourceRecords: []r53types.ResourceRecord{{Value: &value}},
			}}}},
		})
		return err
	}
	if err := change("CREATE", "_x.example.com.", "CNAME", "_y.acm-validations.aws."); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what string
		err  error
	}{
		{"twice", change("CREATE", "_x.example.com", "CNAME", "_y.acm-validations.aws.")},
		{"beside an A record", change("CREATE", "www.example.com", "CNAME", "elsewhere.example")},
		{"at the apex", change("UPSERT", "example.com", "CNAME", "elsewhere.example")},
		{"outside", change("UPSERT", "example.net", "CNAME", "elsewhere.example")},
		{"a CAA value without quotes", change("CREATE", "example.com", "CAA", "0 issue amazon.com")},
		{"an address that is none", change("UPSERT", "www.example.com", "A", "192.0.2.256")},
		{"beside one with routing", change("CREATE", "routed.example.com", "CNAME", "elsewhere.example")},
	} {
		if code(test.err) != "InvalidChangeBatch" {
			t.Errorf("%s: %v", test.what, test.err)
		}
	}
	api.View(func(s *awsapi.State) {
		want := []awsapi.RecordSet{
			{Name: "www.example.com", Type: "A", TTL: 60, Values: []string{"192.0.2.1"}},
			{Name: "routed.example.com", Type: "CNAME", TTL: 60, Values: []string{"a.example."}, SetIdentifier: "de", Geo: "DE"},
			{Name: "_x.example.com", Type: "CNAME", TTL: 300, Values: []string{"_y.acm-validations.aws."}},
		}
		if diff := cmp.Diff(want, s.Zone("/hostedzone/Z1").Records); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
	})
}

func TestAuthority(t *testing.T) {
	api, config := start(t)
	const arn = "arn:aws:acm-pca:" + region + ":" + account + ":certificate-authority/ca"
	api.Update(func(s *awsapi.State) {
		s.Account(account).Region(region).Authorities = []*awsapi.Authority{{
			ARN: arn, Status: "DISABLED", NotAfter: day,
			Permissions: []awsapi.Permission{{Principal: "acm.amazonaws.com", Actions: []string{"IssueCertificate"}, CreatedAt: day}},
		}}
	})
	client := acmpca.NewFromConfig(config)
	ca, err := client.DescribeCertificateAuthority(t.Context(), &acmpca.DescribeCertificateAuthorityInput{CertificateAuthorityArn: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	if ca.CertificateAuthority.Status != "DISABLED" || !ca.CertificateAuthority.NotAfter.Equal(day) {
		t.Errorf("authority: %+v", ca.CertificateAuthority)
	}
	permissions, err := client.ListPermissions(t.Context(), &acmpca.ListPermissionsInput{CertificateAuthorityArn: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	if len(permissions.Permissions) != 1 || *permissions.Permissions[0].Principal != "acm.amazonaws.com" || permissions.Permissions[0].Actions[0] != "IssueCertificate" {
		t.Errorf("permissions: %+v", permissions.Permissions)
	}
	if _, err := client.GetPolicy(t.Context(), &acmpca.GetPolicyInput{ResourceArn: aws.String(arn)}); code(err) != "ResourceNotFoundException" {
		t.Errorf("policy: %v", err)
	}
}

func TestSwitchFromEmailToDNS(t *testing.T) {
	api, config := start(t)
	var wrote []string
	add(api, &awsapi.Certificate{
		ARN: arnBase + "mail", DomainName: "example.com", SubjectAlternativeNames: []string{"example.com", "www.example.com"},
		DomainValidationOptions: []awsapi.DomainValidation{
			{DomainName: "example.com", ValidationMethod: "EMAIL", ValidationStatus: "SUCCESS", ValidationDomain: "example.com", ValidationEmails: []string{"admin@example.com"}},
			{DomainName: "www.example.com", ValidationMethod: "EMAIL", ValidationStatus: "SUCCESS", ValidationDomain: "example.com"},
		},
		Renewal: &awsapi.RenewalSummary{RenewalStatus: "PENDING_VALIDATION"},
	})
	client := acm.NewFromConfig(config)
	arn := aws.String(arnBase + "mail")

	if _, err := client.ResendValidationEmail(t.Context(), &acm.ResendValidationEmailInput{CertificateArn: arn, Domain: aws.String("www.example.com"), ValidationDomain: aws.String("example.com")}); err != nil {
		t.Errorf("resending: %v", err)
	}
	if _, err := client.ResendValidationEmail(t.Context(), &acm.ResendValidationEmailInput{CertificateArn: arn, Domain: aws.String("www.example.com"), ValidationDomain: aws.String("example.net")}); code(err) != "InvalidDomainValidationOptionsException" {
		t.Errorf("resending elsewhere: %v", err)
	}
	in := &acm.UpdateCertificateOptionsInput{CertificateArn: arn, Options: &types.CertificateOptions{ValidationMethod: "DNS"}}
	if _, err := client.UpdateCertificateOptions(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateCertificateOptions(t.Context(), in); code(err) != "ConflictException" {
		t.Errorf("switching twice: %v", err)
	}
	out, err := client.ListCertificateDomainValidations(t.Context(), &acm.ListCertificateDomainValidationsInput{CertificateArn: arn})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range out.DomainValidationSummaryList {
		challenge, ok := v.RequestedValidationConfiguration.ValidationChallenge.(*types.ValidationChallengeMemberDnsValidationChallenge)
		if !ok {
			t.Fatalf("%s: challenge is a %T", *v.DomainName, v.RequestedValidationConfiguration.ValidationChallenge)
		}
		wrote = append(wrote, *v.DomainName)
		if name := *challenge.Value.ResourceRecord.Name; !strings.HasPrefix(name, "_") || !strings.HasSuffix(name, "."+*v.DomainName+".") {
			t.Errorf("%s: record %s", *v.DomainName, name)
		}
		if _, ok := v.ActiveValidationConfiguration.ValidationChallenge.(*types.ValidationChallengeMemberEmailValidationChallenge); !ok {
			t.Errorf("%s: active challenge is a %T", *v.DomainName, v.ActiveValidationConfiguration.ValidationChallenge)
		}
	}
	if diff := cmp.Diff([]string{"example.com", "www.example.com"}, wrote); diff != "" {
		t.Errorf("validations (-want +got):\n%s", diff)
	}
}

func TestRenewCertificate(t *testing.T) {
	api, config := start(t)
	add(api, &awsapi.Certificate{ARN: arnBase + "exported", Type: "PRIVATE", Exported: true}, &awsapi.Certificate{ARN: arnBase + "public"})
	client := acm.NewFromConfig(config)
	if _, err := client.RenewCertificate(t.Context(), &acm.RenewCertificateInput{CertificateArn: aws.String(arnBase + "exported")}); err != nil {
		t.Error(err)
	}
	if _, err := client.RenewCertificate(t.Context(), &acm.RenewCertificateInput{CertificateArn: aws.String(arnBase + "public")}); code(err) != "ValidationException" {
		t.Errorf("public: %v", err)
	}
	api.View(func(s *awsapi.State) {
		if r := s.Certificate(arnBase + "exported").Renewal; r == nil || r.RenewalStatus != "PENDING_AUTO_RENEWAL" || !r.UpdatedAt.Equal(day) {
			t.Errorf("renewal: %+v", r)
		}
	})
}

func TestFaults(t *testing.T) {
	api, config := start(t)
	client := acm.NewFromConfig(config)
	search := func(ctx context.Context) error {
		_, err := client.SearchCertificates(ctx, nil)
		return err
	}
	remove := api.Inject(&awsapi.Fault{Action: "SearchCertificates", First: 2, Error: awsapi.Throttle()})
	var got []string
	for range 3 {
		got = append(got, code(search(t.Context())))
	}
	if diff := cmp.Diff([]string{"ThrottlingException", "ThrottlingException", ""}, got); diff != "" {
		t.Errorf("first two throttled (-want +got):\n%s", diff)
	}
	remove()

	remove = api.Inject(&awsapi.Fault{Region: region, Status: 200, Body: "<html>not JSON</html>"})
	if err := search(t.Context()); err == nil {
		t.Error("garbage was read")
	}
	remove()

	remove = api.Inject(&awsapi.Fault{Error: awsapi.Unavailable()})
	if err := search(t.Context()); code(err) != "ServiceUnavailable" {
		t.Errorf("unavailable: %v", err)
	}
	remove()

	remove = api.Inject(&awsapi.Fault{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := search(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hanging: %v", err)
	}
	remove()

	api.Inject(&awsapi.Fault{PerSecond: 1, Error: awsapi.Throttle()})
	if first, second := code(search(t.Context())), code(search(t.Context())); first != "" || second != "ThrottlingException" {
		t.Errorf("over the rate: %q, %q", first, second)
	}
}

func TestCallsAreRecorded(t *testing.T) {
	writes := make(chan awsapi.Call, 1)
	api := awsapi.New(awsapi.Options{OnWrite: func(c awsapi.Call) { writes <- c }})
	api.Update(func(s *awsapi.State) {
		s.Account(account).Keys = []awsapi.AccessKey{{ID: "AKIA", Secret: "secret"}}
	})
	add(api, &awsapi.Certificate{ARN: arnBase + "exported", Type: "PRIVATE", Exported: true})
	server := httptest.NewServer(api)
	defer server.Close()
	client := acm.New(acm.Options{Region: region, BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", "")})

	_, _ = client.DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: aws.String(arnBase + "none")})
	if _, err := client.RenewCertificate(t.Context(), &acm.RenewCertificateInput{CertificateArn: aws.String(arnBase + "exported")}); err != nil {
		t.Fatal(err)
	}
	want := []awsapi.Call{
		{Service: "acm", Action: "DescribeCertificate", Account: account, Region: region, Resource: arnBase + "none", Status: 400, Code: "ResourceNotFoundException"},
		{Service: "acm", Action: "RenewCertificate", Account: account, Region: region, Resource: arnBase + "exported", Status: 200},
	}
	ignoreTime := cmpopts.IgnoreFields(awsapi.Call{}, "Time")
	if diff := cmp.Diff(want, api.Calls(), ignoreTime); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[1], <-writes, ignoreTime); diff != "" {
		t.Errorf("write (-want +got):\n%s", diff)
	}
}
