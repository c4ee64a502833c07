package secrets

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

// A Fault is why a secret cannot be had.
type Fault struct {
	// Problem ends a sentence that begins with the setting's name.
	Problem string
	// Fix is what to do about it, as a sentence; empty where that is plain.
	Fix string
	// Passing is whether it may go by itself, as an outage does.
	Passing bool

	err error
}

func (f *Fault) Error() string { return f.Problem }

// Unwrap is what the AWS SDK or the system says, for tests of its kind; its text
// is not for people.
func (f *Fault) Unwrap() error { return f.err }

// name is a secret's, with its kind.
func (r Reference) name() string {
	switch r.Kind {
	case File:
		return fmt.Sprintf("the file %q", r.Place)
	case ParameterStore:
		return "the parameter " + r.Place
	default:
		return "the secret " + r.Place
	}
}

// place is where the whole secret is, in words.
func (r Reference) place() string {
	if r.OnAWS() && r.Region != "" && !strings.HasPrefix(r.Place, "arn:") {
		return r.name() + " in " + r.Region
	}
	return r.name()
}

// where is the secret, in words.
func (r Reference) where() string {
	if r.Key != "" {
		return fmt.Sprintf("the JSON key %q of %s", r.Key, r.place())
	}
	return r.place()
}

func (r Reference) service() string {
	if r.Kind == ParameterStore {
		return "AWS Systems Manager"
	}
	return "AWS Secrets Manager"
}

// faultOf says in plain words why AWS did not give a secret. The codes are those
// of the services' "Common Errors" and of the two calls (see Reader).
func faultOf(ctx context.Context, err error, ref Reference) *Fault {
	f := &Fault{err: err}
	code, message := "", ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code, message = api.ErrorCode(), strings.ToLower(api.ErrorMessage())
	}
	if _, throttled := retry.DefaultThrottleErrorCodes[code]; throttled {
		f.Problem = fmt.Sprintf("refers to %s, and %s gets too many calls", ref.where(), ref.service())
		f.Fix, f.Passing = "Try again in a minute", true
		return f
	}
	aboutKey := strings.Contains(message, "kms") || strings.Contains(message, "ciphertext") || strings.Contains(message, "master key")
	switch code {
	case "ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound":
		f.Problem = fmt.Sprintf("refers to %s, which does not exist", ref.where())
		f.Fix = "Check its name, its region and the account of the AWS credentials"
	case "InvalidRequestException":
		f.Problem = fmt.Sprintf("refers to %s, which is marked for deletion or has no value", ref.where())
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
		if !aboutKey {
			f.Problem = fmt.Sprintf("refers to %s, which acmbot may not read", ref.where())
			f.Fix = "Allow " + actions[ref.Kind] + " on it; deploy/iam/secrets.json has the policy"
			break
		}
		fallthrough
	case "DecryptionFailure", "InvalidKeyId", "InvalidKeyIdException", "KMSAccessDeniedException":
		f.Problem = fmt.Sprintf("refers to %s, whose KMS key acmbot cannot decrypt with", ref.where())
		f.Fix = "Allow kms:Decrypt on the key, in its key policy too, and check that the key is enabled; deploy/iam/secrets.json has the policy"
	case "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "ExpiredToken",
		"InvalidSignatureException", "SignatureDoesNotMatch", "MissingAuthenticationTokenException", "IncompleteSignature":
		f.Problem = fmt.Sprintf("refers to %s, and AWS does not take the credentials to read it with", ref.where())
		f.Fix = "`aws sts get-caller-identity` shows whether they work"
	case "ValidationException", "InvalidParameterException":
		f.Problem = fmt.Sprintf("refers to %s, which %s does not take for a name", ref.where(), ref.service())
	case "":
		f.Problem = fmt.Sprintf("refers to %s, and %s cannot be reached", ref.where(), ref.service())
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			f.Problem = fmt.Sprintf("refers to %s, and %s does not answer", ref.where(), ref.service())
		}
		f.Fix, f.Passing = "Check the way to it: port 443 of the regional endpoint, or a VPC endpoint", true
	default:
		f.Problem = fmt.Sprintf("refers to %s, and %s answers with the error %s", ref.where(), ref.service(), code)
		f.Fix, f.Passing = "Try again in a minute", true
	}
	return f
}
