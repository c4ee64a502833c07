package events

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The IAM actions that a Queue calls.
const (
	receiveMessage   = "sqs:ReceiveMessage"
	deleteMessage    = "sqs:DeleteMessage"
	changeVisibility = "sqs:ChangeMessageVisibility"
	getAttributes    = "sqs:GetQueueAttributes"
)

// Actions are the IAM actions that a Queue needs on its queue, sorted.
func Actions() []string {
	return []string{changeVisibility, deleteMessage, getAttributes, receiveMessage}
}

// A Trouble is why the queue could not be used.
type Trouble struct {
	// What says in a sentence what is wrong, Fix what to do about it.
	What, Fix string
	// Permission is the IAM action that is missing, where one is.
	Permission string

	err error
}

func (t *Trouble) Error() string { return t.What }

// Unwrap returns what the AWS SDK said.
func (t *Trouble) Unwrap() error { return t.err }

// errorCode is what an error's code looks like. What answers need not be AWS.
var errorCode = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// trouble says why an action failed, with the codes of "Common error types"
// and of the actions' "Errors" (Amazon SQS API Reference,
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html),
// which come with and without the names of the query protocol.
func (q *Queue) trouble(ctx context.Context, action string, err error) *Trouble {
	t := &Trouble{err: err}
	queue := fmt.Sprintf("the SQS queue %s in %s", q.address.Name, q.region)
	code, message := "", ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code, message = api.ErrorCode(), api.ErrorMessage()
	}
	_, throttled := retry.DefaultThrottleErrorCodes[code]
	switch code = code[strings.LastIndex(code, ".")+1:]; {
	case throttled, code == "KmsThrottled":
		t.What = fmt.Sprintf("AWS limits the requests to %s.", queue)
		t.Fix = "It goes on by itself, more slowly; where it lasts, look for what else asks so often."
	case code == "QueueDoesNotExist", code == "NonExistentQueue":
		t.What = fmt.Sprintf("There is no queue %s in %s in account %s, or acmbot may not see it.", q.address.Name, q.region, q.address.account())
		t.Fix = "Correct ACMBOT_EVENTS_QUEUE_URL, or make the queue; one in another account needs a queue policy that lets acmbot's role in."
	case code == "InvalidAddress":
		t.What = fmt.Sprintf("The address of %s is not one of the place that was asked.", queue)
		t.Fix = "Correct ACMBOT_EVENTS_QUEUE_URL, or the endpoint in AWS_ENDPOINT_URL_SQS or AWS_ENDPOINT_URL."
	case strings.HasPrefix(code, "Kms"), strings.Contains(message, "kms:"):
		t.What = fmt.Sprintf("acmbot may not use the key that %s is encrypted with.", queue)
		t.Fix = "Allow its role kms:Decrypt on that key, and in the key's policy, too; and check that the key is enabled."
	case code == "AccessDenied" && strings.Contains(message, "sts:AssumeRole"):
		t.What = "The role in ACMBOT_EVENTS_ROLE_ARN cannot be assumed."
		t.Fix = "Check that it exists, and that its trust policy names acmbot's own role and the external id in ACMBOT_EXTERNAL_ID; acmbot's role needs sts:AssumeRole on it."
	case code == "AccessDenied", code == "AccessDeniedException", code == "UnauthorizedOperation", code == "InvalidSecurity":
		t.Permission = action
		t.What = fmt.Sprintf("acmbot's role has no permission for %s on %s.", action, queue)
		t.Fix = "Attach deploy/iam/events.json, with the queue's ARN; a queue in another account needs a queue policy that allows the same."
	case code == "ExpiredTokenException", code == "ExpiredToken":
		t.What = fmt.Sprintf("The AWS credentials that are used for %s have expired.", queue)
		t.Fix = "Renew them."
	case code == "UnrecognizedClientException", code == "InvalidClientTokenId", code == "InvalidSignatureException", code == "SignatureDoesNotMatch",
		code == "IncompleteSignature", code == "MissingAuthenticationToken", code == "MissingAuthenticationTokenException", code == "RequestExpired":
		t.What = fmt.Sprintf("AWS does not accept the credentials that are used for %s.", queue)
		t.Fix = "Correct them; check the machine's clock, too, which AWS compares with its own."
	case code == "MessageNotInflight", code == "ReceiptHandleIsInvalid", code == "InvalidParameterValue" && action != receiveMessage:
		t.What = fmt.Sprintf("A message of %s was given to somebody else meanwhile, or is gone.", queue)
		t.Fix = "Nothing: an event that comes twice is recognised."
	case code == "OverLimit":
		t.What = fmt.Sprintf("Too many messages of %s are being handled at a time.", queue)
		t.Fix = "Something else receives from it and does not delete: give acmbot a queue of its own."
	case errorCode.MatchString(code) && code != "UnknownError":
		t.What = fmt.Sprintf("SQS reports trouble with %s (%s).", queue, code)
		t.Fix = "Where this lasts, AWS's health dashboard may say more."
	default:
		t.What, t.Fix = q.unreachable(ctx, err, queue)
	}
	return t
}

// unreachable tells of errors that are not SQS's answers.
func (q *Queue) unreachable(ctx context.Context, err error, queue string) (what, fix string) {
	way := "Check the way to it: port 443 of the regional endpoint, or a VPC endpoint for SQS."
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return fmt.Sprintf("The address of SQS for %s does not exist in DNS.", queue), "Check the region in ACMBOT_EVENTS_QUEUE_URL, and the resolver."
	}
	network, ok := errors.AsType[net.Error](err)
	_, send := errors.AsType[*smithyhttp.RequestSendError](err)
	response, answered := errors.AsType[*smithyhttp.ResponseError](err)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded), ok && network.Timeout():
		return fmt.Sprintf("SQS did not answer in time for %s.", queue), way
	case ok, send:
		return fmt.Sprintf("SQS could not be reached for %s.", queue), way
	case answered && response.HTTPStatusCode() >= 500:
		return fmt.Sprintf("SQS is out of order for %s.", queue), "It goes on by itself; AWS's health dashboard may say more."
	case answered:
		return fmt.Sprintf("What answers at the address of %s does not answer as SQS does.", queue), "Check ACMBOT_EVENTS_QUEUE_URL and AWS_ENDPOINT_URL_SQS, and whether a proxy is on the way."
	}
	return fmt.Sprintf("SQS could not be asked for %s.", queue), "Check AWS's credentials and the settings of the AWS SDK; `acmbot doctor` may tell more."
}

// account is the queue's account in words.
func (a Address) account() string {
	if a.Account == "" {
		return "of the credentials"
	}
	return a.Account
}
