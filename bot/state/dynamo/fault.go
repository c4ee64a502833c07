package dynamo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/acmbot/acmbot/bot/state"
)

// The IAM actions that a Store calls.
const (
	getItem    = "dynamodb:GetItem"
	putItem    = "dynamodb:PutItem"
	deleteItem = "dynamodb:DeleteItem"
	query      = "dynamodb:Query"
)

// Actions are the IAM actions that a Store needs on its table, sorted.
func Actions() []string { return []string{deleteItem, getItem, putItem, query} }

// fault says what is wrong with the table, with the codes of "Error handling
// with DynamoDB",
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func (s *Store) fault(ctx context.Context, action string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	table := fmt.Sprintf("the DynamoDB table %s in %s", s.table, s.region)
	f := &state.Fault{Err: err}
	code, message := "", ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code, message = api.ErrorCode(), api.ErrorMessage()
	}
	if garbled(code, err) {
		f.Problem = fmt.Sprintf("What answered for %s cannot be read: it is not DynamoDB, or was changed on the way; the change may not have been kept.", table)
		f.Remedy = "Look for a proxy or a sign-in page on the way to the regional endpoint, or use a VPC endpoint for DynamoDB."
		return f
	}
	switch code {
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
		if strings.Contains(strings.ToLower(message), "kms") {
			f.Problem = fmt.Sprintf("acmbot's role may not use the key that %s is encrypted with.", table)
			f.Remedy = "Allow it kms:Decrypt on that key, and in the key's policy, too."
			break
		}
		f.Problem = fmt.Sprintf("acmbot's role has no permission for %s on %s.", action, table)
		f.Remedy = "Attach deploy/iam/dynamodb.json, with the table's ARN; a permissions boundary or a service control policy may deny it as well."
	case "ResourceNotFoundException":
		f.Problem = fmt.Sprintf("There is no DynamoDB table %s in %s that can be used.", s.table, s.region)
		f.Remedy = "Make it, as deploy/README.md tells, or correct ACMBOT_STATE or AWS_REGION. A table that was just made needs a few seconds."
	case "ValidationException":
		f.Problem = fmt.Sprintf("The DynamoDB table %s in %s is laid out otherwise than acmbot's.", s.table, s.region)
		f.Remedy = "Its partition key has to be pk and its sort key sk, both strings, as deploy/README.md tells."
	case "ExpiredTokenException", "ExpiredToken":
		f.Problem = fmt.Sprintf("The AWS credentials that are used for %s have expired.", table)
		f.Remedy = "Renew them."
	case "UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignatureException", "MissingAuthenticationTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch":
		f.Problem = fmt.Sprintf("AWS does not accept the credentials that are used for %s.", table)
		f.Remedy = "Correct them; check the machine's clock, too, which AWS compares with its own."
	case "ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottledException":
		f.Problem = fmt.Sprintf("DynamoDB limits the requests to %s; the change may not have been kept.", table)
		f.Remedy = "Give the table on-demand capacity, or more of it."
	case "":
		f.Problem = fmt.Sprintf("DynamoDB could not be asked for %s.", table)
		f.Remedy = "Check AWS's credentials and the settings of the AWS SDK."
		if network(err) {
			f.Problem = fmt.Sprintf("DynamoDB could not be reached for %s.", table)
			f.Remedy = "Check the way to it: port 443 of the regional endpoint, or a VPC endpoint for DynamoDB."
		}
	default:
		f.Problem = fmt.Sprintf("DynamoDB reports trouble with %s (%s); the change may not have been kept.", table, code)
		f.Remedy = "Where this goes on, AWS's health dashboard may say more."
	}
	return f
}

// errEmpty is an answer without what was asked for.
var errEmpty = errors.New("the answer is empty")

// garbled reports whether an answer is none of DynamoDB's: the SDK makes up the
// code UnknownError where an answer has none, and takes any text for a code.
func garbled(code string, err error) bool {
	if code != "" {
		return code == "UnknownError" || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.") != ""
	}
	if network(err) {
		return false
	}
	_, decoding := errors.AsType[*smithy.DeserializationError](err)
	_, response := errors.AsType[*smithyhttp.ResponseError](err)
	return decoding || response || errors.Is(err, errEmpty)
}

func network(err error) bool {
	_, is := errors.AsType[net.Error](err)
	_, op := errors.AsType[*net.OpError](err)
	return is || op
}
