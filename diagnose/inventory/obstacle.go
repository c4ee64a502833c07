package inventory

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/acmbot/acmbot/diagnose"
)

const (
	noCredentials = "No AWS credentials were found. Give the bot a role (on ECS, EKS or EC2) or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
	badClock      = "AWS refused the request because of its date: the clock of the machine that acmbot runs on is wrong."
)

// A fault is a kind of error, finer than an obstacle.
type fault int

const (
	faultOther fault = iota
	faultDenied
	faultDeniedByPolicy // by an organisation's policy: granting more does not help
	faultCredentials
	faultExpired
	faultClock
	faultThrottled
	faultTimeout
	faultStopped
	faultUnreachable
	faultNoHost
	faultNotFound
	faultUnknownAction
	faultInvalid
	faultServer
	faultCode    // an error whose code is not known here
	faultGarbled // an answer that is not what the protocol says
)

// faults by the codes of AWS's errors ("Common errors" in the API references of
// ACM, STS, Route 53 and AWS Private CA).
var faults = map[string]fault{
	"AccessDenied":                        faultDenied,
	"AccessDeniedException":               faultDenied,
	"NotAuthorized":                       faultDenied,
	"UnauthorizedOperation":               faultDenied,
	"UnauthorizedException":               faultDenied,
	"ExpiredToken":                        faultExpired,
	"ExpiredTokenException":               faultExpired,
	"RequestExpired":                      faultClock,
	"RequestTimeTooSkewed":                faultClock,
	"UnrecognizedClientException":         faultCredentials,
	"InvalidClientTokenId":                faultCredentials,
	"InvalidAccessKeyId":                  faultCredentials,
	"InvalidSignatureException":           faultCredentials,
	"SignatureDoesNotMatch":               faultCredentials,
	"IncompleteSignature":                 faultCredentials,
	"IncompleteSignatureException":        faultCredentials,
	"MissingAuthenticationToken":          faultCredentials,
	"MissingAuthenticationTokenException": faultCredentials,
	"AuthFailure":                         faultCredentials,
	"OptInRequired":                       faultCredentials,
	"ResourceNotFoundException":           faultNotFound,
	"NoSuchEntity":                        faultNotFound,
	"NoSuchHostedZone":                    faultNotFound,
	"UnknownOperationException":           faultUnknownAction,
	"InvalidAction":                       faultUnknownAction,
	"NotImplemented":                      faultUnknownAction,
	"ValidationException":                 faultInvalid,
	"ValidationError":                     faultInvalid,
	"InvalidParameterException":           faultInvalid,
	"InvalidArgsException":                faultInvalid,
	"InvalidInput":                        faultInvalid,
	"InvalidArnException":                 faultInvalid,
	"SerializationException":              faultInvalid,
}

// classify finds out what kind of error it is. The context tells a deadline
// from an error that only looks like one.
func classify(ctx context.Context, err error) fault {
	var api smithy.APIError
	if errors.As(err, &api) {
		code, message := api.ErrorCode(), api.ErrorMessage()
		if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
			return faultThrottled
		}
		switch f := faults[code]; {
		case f == faultDenied && strings.Contains(message, "control policy"):
			return faultDeniedByPolicy
		case f == faultCredentials && (strings.HasPrefix(message, "Signature expired") || strings.HasPrefix(message, "Signature not yet current")):
			return faultClock
		case f != faultOther:
			return f
		}
	}
	var response *smithyhttp.ResponseError
	var dns *net.DNSError
	var send *smithyhttp.RequestSendError
	var network net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return faultStopped
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		return faultTimeout
	case errors.As(err, &dns) && dns.IsNotFound:
		return faultNoHost
	case errors.As(err, &network) && network.Timeout():
		return faultTimeout
	case errors.As(err, &send):
		return faultUnreachable
	case errors.As(err, &response):
		switch status := response.HTTPStatusCode(); {
		case status == 429:
			return faultThrottled
		case status == 501 || status == 404 || status == 405:
			return faultUnknownAction
		case status >= 500:
			return faultServer
		case api != nil && api.ErrorCode() != "UnknownError":
			return faultCode
		}
		return faultGarbled
	}
	return faultOther
}

// unseen says in plain words why something in a place could not be read. What
// that is, the caller has to fill in.
func (i *Inventory) unseen(ctx context.Context, err error, action string, p place) diagnose.Unseen {
	i.options.Logger.DebugContext(ctx, "calling AWS", "action", action, "account", p.id, "region", p.region, "error", err)
	u := diagnose.Unseen{Account: p.id, Region: p.region}
	who := "the AWS credentials"
	if p.account != nil {
		who = p.account.name()
	}
	service, _, _ := strings.Cut(action, ":")
	name := cmp.Or(map[string]string{"acm": "ACM", "acm-pca": "AWS Private CA", "route53": "Route 53", "sts": "STS", "iam": "IAM"}[service], "AWS")
	if p.region != "" {
		name += " in " + p.region
	}
	switch classify(ctx, err) {
	case faultDenied:
		u.Why, u.Permission = diagnose.AccessDenied, action
		u.Detail = "The permission " + action + " is missing from " + who + "."
	case faultDeniedByPolicy:
		u.Why, u.Permission = diagnose.AccessDenied, action
		u.Detail = "A policy of the AWS organization denies " + action + " to " + who + "; only whoever manages that policy can allow it."
	case faultCredentials:
		u.Why = diagnose.AccessDenied
		u.Detail = "The AWS credentials are not valid: AWS does not know the key, or its secret is wrong."
	case faultExpired:
		u.Why = diagnose.AccessDenied
		u.Detail = "The AWS credentials are not valid any more: they have expired."
	case faultClock:
		u.Why = diagnose.NotConfigured
		u.Detail = badClock
	case faultThrottled:
		u.Why = diagnose.Throttled
		u.Detail = name + " refused too many calls in a short time, also on the retries. Ask again in a minute."
	case faultTimeout:
		u.Why = diagnose.TimedOut
		u.Detail = name + " did not answer in time."
	case faultStopped:
		u.Why = diagnose.OverBudget
		u.Detail = "The search was stopped before " + name + " had answered."
	case faultNoHost:
		u.Why = diagnose.Unreachable
		u.Detail = "The address of " + name + " does not exist in DNS: check the region's name and the resolver."
	case faultUnreachable:
		u.Why = diagnose.Unreachable
		u.Detail = "No connection to " + name + " could be made."
	case faultNotFound:
		u.Why = diagnose.NotFound
		u.Detail = name + " does not have it."
	case faultUnknownAction:
		u.Why = diagnose.BadAnswer
		u.Detail = name + " does not know the action " + action + "."
	case faultInvalid:
		u.Why = diagnose.BadAnswer
		u.Detail = name + " did not accept the request " + action + "."
	case faultServer:
		u.Why = diagnose.BadAnswer
		u.Detail = name + " answered with an internal error, also on the retries."
	case faultCode:
		u.Why = diagnose.BadAnswer
		u.Detail = name + " refused the request " + action + " for a reason that acmbot does not know."
		if code := errorCode(err); code != "" {
			u.Detail = name + " refused the request " + action + " with the error code " + code + "."
		}
	default:
		u.Why = diagnose.BadAnswer
		u.Detail = name + " gave an answer that could not be read."
	}
	return u
}

// notTold says that an account is none of those that are read.
func notTold(account string) diagnose.Unseen {
	return diagnose.Unseen{
		What: "account " + account, Why: diagnose.NotConfigured, Account: account,
		Detail: "Account " + account + " is not one of those that acmbot was told to read.",
	}
}

// credentialsUnseen says why an account's credentials could not be had.
func (i *Inventory) credentialsUnseen(ctx context.Context, err error, a *account) diagnose.Unseen {
	id := a.known()
	f := classify(ctx, err)
	if a.role == "" {
		u := diagnose.Unseen{Account: id, Why: diagnose.NotConfigured, Detail: noCredentials}
		switch f {
		case faultDenied, faultDeniedByPolicy, faultCredentials, faultExpired:
			u.Why, u.Detail = diagnose.AccessDenied, "The AWS credentials are not valid: AWS refused them."
		case faultClock:
			u.Detail = badClock
		case faultTimeout, faultStopped:
			u.Why, u.Detail = diagnose.TimedOut, "The AWS credentials could not be obtained in time."
		}
		return u
	}
	u := i.unseen(ctx, err, "sts:AssumeRole", place{account: a, id: id})
	switch f {
	case faultDenied, faultDeniedByPolicy:
		u.Detail = "The role " + a.role + " could not be assumed: it does not exist, does not trust the bot's AWS credentials or wants another external id, or those credentials lack sts:AssumeRole."
	case faultInvalid:
		u.Why = diagnose.NotConfigured
		u.Detail = "The role " + a.role + " could not be assumed: that is not the ARN of a role."
	case faultOther:
		// The base credentials are missing: STS was never asked.
		u.Why, u.Detail = diagnose.NotConfigured, noCredentials
	}
	return u
}

// errorCode is the code of an AWS error, where it looks like one.
func errorCode(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	for _, r := range api.ErrorCode() {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' {
			return ""
		}
	}
	return api.ErrorCode()
}
