package fix

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/smithy-go"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
)

// resend has ACM send the mails again. ACM allows one such call a second,
// which the inventory's limits keep to.
func (x *Fixer) resend(ctx context.Context, client *inventory.Client, cert *diagnose.Certificate, p Plan) (Result, error) {
	var result Result
	due := mailsDue(cert)
	if len(p.Mails) == 0 || len(p.Mails) > mostAtOnce {
		return result, refuse(Unsafe, "A plan of %d mails is not one that I carry out.", len(p.Mails))
	}
	for _, m := range p.Mails {
		i := slices.IndexFunc(due, func(d Mail) bool { return d.Name == m.Name })
		if i < 0 {
			continue // approved meanwhile
		}
		if due[i].ValidationDomain != m.ValidationDomain {
			return result, refuse(Stale, "ACM writes to `%s` for `%s` now, which is not what the plan shows.", due[i].ValidationDomain, m.Name)
		}
		_, err := client.ACM.ResendValidationEmail(ctx, &acm.ResendValidationEmailInput{
			CertificateArn: aws.String(cert.ARN), Domain: aws.String(m.Name), ValidationDomain: aws.String(m.ValidationDomain),
		})
		switch {
		case errorCode(err) == "InvalidStateException":
			return result, refuse(Stale, "ACM says that `%s` does not wait for a validation mail any more.", m.Name)
		case err != nil:
			return result, failed(client.Explain(ctx, err, "acm:ResendValidationEmail"))
		}
		result.Mailed = append(result.Mailed, m)
	}
	return result, nil
}

// switchToDNS begins the switch, and waits for ACM to name the records.
func (x *Fixer) switchToDNS(ctx context.Context, client *inventory.Client, cert *diagnose.Certificate) (Result, error) {
	var result Result
	if cert.ValidationMethod == diagnose.MethodDNS && cert.Status == diagnose.StatusIssued {
		return result, nil
	}
	if refusal := canSwitch(cert); refusal != nil {
		return result, refusal
	}
	if cert.Update == nil || cert.Update.Status != updatePending {
		_, err := client.ACM.UpdateCertificateOptions(ctx, &acm.UpdateCertificateOptionsInput{
			CertificateArn: aws.String(cert.ARN), Options: &types.CertificateOptions{ValidationMethod: types.ValidationMethodDns},
		})
		switch code := errorCode(err); {
		case err == nil:
			result.Started = true
		case code == "ConflictException": // somebody else has begun it
		case code == "InvalidStateException":
			return result, refuse(Stale, "ACM does not take the switch: the certificate is not in a state that allows it.")
		default:
			return result, failed(client.Explain(ctx, err, "acm:UpdateCertificateOptions"))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, x.o.SyncTimeout)
	defer cancel()
	for {
		again, err := client.Certificate(ctx, cert.ARN)
		if err == nil {
			records, names := wantedRecords(&again, PublishSwitchRecords)
			count := 0
			for _, n := range names {
				count += len(n)
			}
			if count >= len(again.Names) {
				result.Records = records
				return result, nil
			}
		}
		if !x.pause(ctx) {
			return result, nil // begun all the same
		}
	}
}

func (x *Fixer) renew(ctx context.Context, client *inventory.Client, cert *diagnose.Certificate, p Plan) (Result, error) {
	var result Result
	if refusal := canRenew(cert); refusal != nil {
		return result, refusal
	}
	if !p.Exported {
		return result, refuse(Unsafe, "ACM renews by request only what was exported.")
	}
	if renewing(cert) {
		return result, nil
	}
	_, err := client.ACM.RenewCertificate(ctx, &acm.RenewCertificateInput{CertificateArn: aws.String(cert.ARN)})
	switch {
	case err == nil:
		result.Started = true
	case errorCode(err) == "RequestInProgressException": // under way already
	default:
		return result, failed(client.Explain(ctx, err, "acm:RenewCertificate"))
	}
	return result, nil
}

// errorCode is the code of AWS's error, "" where it is none of AWS's.
func errorCode(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}
