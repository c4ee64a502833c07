package awsapi

import (
	"encoding/json"
	"testing"
)

// What the SDK would not make is refused all the same.
func TestFilterStatementsAreUnions(t *testing.T) {
	for text, want := range map[string]bool{
		`{"Filter":{"CertificateArn":"arn:aws:acm:eu-west-1:111122223333:certificate/x"}}`: true,
		`{"Filter":{"AcmCertificateMetadataFilter":{"InUse":false}}}`:                      true,
		`{"Not":{"Filter":{"X509AttributeFilter":{"KeyAlgorithm":"RSA_2048"}}}}`:           true,
		`{}`:            false,
		`{"Filter":{}}`: false,
		`{"Filter":{"AcmCertificateMetadataFilter":{}}}`:                                            false,
		`{"Filter":{"AcmCertificateMetadataFilter":{"Status":"ISSUED","InUse":true}}}`:              false,
		`{"Filter":{"X509AttributeFilter":{"KeyAlgorithm":"RSA_2048"},"CertificateArn":"arn:aws"}}`: false,
		`{"And":[{"Filter":{}}]}`: false,
	} {
		var f filterStatement
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		if got := !f.invalid(); got != want {
			t.Errorf("%s: valid %v, want %v", text, got, want)
		}
	}
}
