package awsapi_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

// iamCall performs an action of IAM's as the AWS CLI does, and returns the
// status and the body of the answer.
func iamCall(t *testing.T, cfg aws.Config, action string, parameters ...string) (int, string) {
	t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	body := form.Encode()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, *cfg.BaseEndpoint+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	keys, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(t.Context(), keys, request, hex.EncodeToString(sum[:]), "iam", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	response, err := cfg.HTTPClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// A role can be entered by whom its trust policy names, with the external id
// that it asks for, and may do what its policies allow.
func TestRolesDoWhatPoliciesAllow(t *testing.T) {
	api, cfg := start(t)
	api.Update(func(s *awsapi.State) {
		s.Account(account).PoliciesCount = true
		s.Account("444455556666").Keys = []awsapi.AccessKey{{ID: "AKIB", Secret: "secret"}}
	})
	other := cfg.Copy()
	other.Credentials = credentials.NewStaticCredentialsProvider("AKIB", "secret", "")
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},
		"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"word"}}}}`
	if status, body := iamCall(t, cfg, "CreateRole", "RoleName", "reader", "AssumeRolePolicyDocument", trust); status != 200 {
		t.Fatal(status, body)
	}
	if status, body := iamCall(t, cfg, "CreateRole", "RoleName", "reader", "AssumeRolePolicyDocument", trust); status != 409 || !strings.Contains(body, "EntityAlreadyExists") {
		t.Error("made twice:", status, body)
	}

	enter := func(cfg aws.Config, id string) *stscreds.AssumeRoleProvider {
		return stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), "arn:aws:iam::"+account+":role/reader", func(o *stscreds.AssumeRoleOptions) { o.ExternalID = &id })
	}
	if _, err := enter(other, "wrong").Retrieve(t.Context()); err == nil {
		t.Error("a wrong external id lets in")
	}
	if _, err := enter(cfg, "word").Retrieve(t.Context()); err == nil {
		t.Error("an account that is not trusted comes in")
	}
	inside := other.Copy()
	inside.Credentials = enter(other, "word")
	client := acm.NewFromConfig(inside)
	if _, err := client.ListCertificates(t.Context(), &acm.ListCertificatesInput{}); code(err) != "AccessDeniedException" {
		t.Errorf("without a policy: %v", err)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"acm:List*","Resource":"*"}]}`
	if status, body := iamCall(t, cfg, "PutRolePolicy", "RoleName", "reader", "PolicyName", "read", "PolicyDocument", policy); status != 200 {
		t.Fatal(status, body)
	}
	if _, err := client.ListCertificates(t.Context(), &acm.ListCertificatesInput{}); err != nil {
		t.Errorf("with the policy: %v", err)
	}
	if _, err := client.SearchCertificates(t.Context(), &acm.SearchCertificatesInput{}); code(err) != "AccessDeniedException" {
		t.Errorf("what the policy does not allow: %v", err)
	}
	if status, body := iamCall(t, cfg, "PutRolePolicy", "RoleName", "writer", "PolicyName", "read", "PolicyDocument", policy); status != 404 || !strings.Contains(body, "NoSuchEntity") {
		t.Error("into a role that is not there:", status, body)
	}
}

// Policies that IAM's grammar does not know are refused; those in deploy/iam
// are not.
func TestMalformedPolicies(t *testing.T) {
	_, cfg := start(t)
	trust := `{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	if status, body := iamCall(t, cfg, "CreateRole", "RoleName", "acmbot", "AssumeRolePolicyDocument", trust); status != 200 {
		t.Fatal(status, body)
	}
	for name, policy := range map[string]string{
		"no JSON":           `{`,
		"two documents":     `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}{}`,
		"unknown element":   `{"Statement":{"Effect":"Allow","Actions":"*","Resource":"*"}}`,
		"unknown version":   `{"Version":"2026-01-01","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"no statement":      `{"Statement":[]}`,
		"no effect":         `{"Statement":{"Action":"*","Resource":"*"}}`,
		"no action":         `{"Statement":{"Effect":"Allow","Resource":"*"}}`,
		"no service":        `{"Statement":{"Effect":"Allow","Action":"ListCertificates","Resource":"*"}}`,
		"no resource":       `{"Statement":{"Effect":"Allow","Action":"*"}}`,
		"resource no ARN":   `{"Statement":{"Effect":"Allow","Action":"*","Resource":"all"}}`,
		"a principal":       `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`,
		"a statement twice": `{"Statement":[{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"}]}`,
	} {
		status, body := iamCall(t, cfg, "PutRolePolicy", "RoleName", "acmbot", "PolicyName", "p", "PolicyDocument", policy)
		if status != 400 || !strings.Contains(body, "<Code>MalformedPolicyDocument</Code>") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	files, err := filepath.Glob("../../../deploy/iam/*.json")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return filepath.Base(f) == "trust.json" })
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := iamCall(t, cfg, "PutRolePolicy", "RoleName", "acmbot", "PolicyName", "p", "PolicyDocument", string(text)); status != 200 {
			t.Errorf("%s: %d %s", file, status, body)
		}
	}
}
