package inventory

import (
	"context"
	"maps"
	"math"
	"sync"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// DefaultQuotas are the requests a second that AWS allows one account in one
// region, by IAM action ("Quotas", AWS Certificate Manager User Guide,
// https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html; "Quotas",
// Amazon Route 53 Developer Guide,
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html).
// Route 53's is for all its actions together. The quota of
// ListCertificateDomainValidations is not published; it is taken to be that of
// SearchCertificates. An action that is not here is not limited.
func DefaultQuotas() map[string]float64 {
	return map[string]float64{
		"acm:DescribeCertificate":              10,
		"acm:ListCertificates":                 8,
		"acm:ListCertificateDomainValidations": 5,
		"acm:ListTagsForCertificate":           10,
		"acm:RenewCertificate":                 5,
		"acm:ResendValidationEmail":            1,
		"acm:SearchCertificates":               5,
		"acm:UpdateCertificateOptions":         5,
		"route53:*":                            5,
	}
}

// limits hold the calls of one process back, so that they stay within the
// quotas that it shares with everything else in the account.
type limits struct {
	quotas map[string]float64

	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

func newLimits(overrides map[string]float64) *limits {
	quotas := DefaultQuotas()
	maps.Copy(quotas, overrides)
	return &limits{quotas: quotas, limiters: map[string]*rate.Limiter{}}
}

// services are the IAM prefixes of the SDK's service ids.
var services = map[string]string{"ACM": "acm", "ACM PCA": "acm-pca", "Route 53": "route53", "STS": "sts"}

// wait waits for the turn of a call.
func (l *limits) wait(ctx context.Context, account, region, service, operation string) error {
	action := service + ":" + operation
	if service == "route53" {
		action, region = "route53:*", ""
	}
	quota := l.quotas[action]
	if quota <= 0 {
		return nil
	}
	key := account + "/" + region + "/" + action
	l.mu.Lock()
	limiter := l.limiters[key]
	if limiter == nil {
		// In any one second, at most burst + rate calls get through: that
		// is the quota, and no more.
		burst := max(1, math.Floor(quota*0.4))
		limiter = rate.NewLimiter(rate.Limit(max(quota-burst, quota/2)), int(burst))
		l.limiters[key] = limiter
	}
	l.mu.Unlock()
	if err := limiter.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// The turn would come after the deadline.
		return context.DeadlineExceeded
	}
	return nil
}

// attach returns the SDK option that puts the limits before each attempt of a
// call.
func (l *limits) attach(account, region string) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		wait := middleware.FinalizeMiddlewareFunc("QuotaWait", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			service := services[awsmiddleware.GetServiceID(ctx)]
			if err := l.wait(ctx, account, region, service, awsmiddleware.GetOperationName(ctx)); err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, err
			}
			return next.HandleFinalize(ctx, in)
		})
		return stack.Finalize.Insert(wait, "Retry", middleware.After)
	}
}
