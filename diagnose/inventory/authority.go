package inventory

import (
	"context"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acmpca"
	"github.com/aws/aws-sdk-go-v2/service/acmpca/types"

	"github.com/acmbot/acmbot/diagnose"
)

// acmPrincipal is the service principal of ACM, which an authority must permit
// to issue, to fetch and to list ("Assigning permissions", AWS Private CA User
// Guide,
// https://docs.aws.amazon.com/privateca/latest/userguide/assign-permissions.html).
const acmPrincipal = "acm.amazonaws.com"

// Authority reads a private certificate authority: with the credentials of the
// account that owns it or, where those are not configured, of any account that
// it is shared with. It never returns nil; what could not be read is noted in
// it.
func (i *Inventory) Authority(ctx context.Context, arn string) *diagnose.Authority {
	ca := &diagnose.Authority{ARN: arn}
	what := "the certificate authority " + arn
	parsed, ok := parseARN(arn)
	if !ok || parsed.service != "acm-pca" || parsed.region == "" {
		ca.Unseen = append(ca.Unseen, diagnose.Unseen{What: what, Why: diagnose.NotFound, Detail: "That is not the ARN of a certificate authority."})
		return ca
	}
	ca.Account = parsed.account
	ctx, cancel := i.bounded(ctx)
	defer cancel()

	accounts, unseen := i.reachable(ctx)
	readers := holders(accounts, parsed.account)
	if len(readers) == 0 {
		readers = accounts
	}
	if len(readers) == 0 {
		for _, u := range unseen {
			u.What = what
			ca.Unseen = append(ca.Unseen, u)
		}
		return ca
	}
	var mu sync.Mutex
	var failures []diagnose.Unseen
	var wg sync.WaitGroup
	for _, a := range readers {
		wg.Go(func() {
			p := place{account: a, region: parsed.region, id: a.known()}
			read, u := i.readAuthority(ctx, p, arn)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case u != nil:
				failures = append(failures, *u)
			case !ca.PermissionsRead && !ca.PolicyRead:
				*ca = *read
			}
		})
	}
	wg.Wait()
	if ca.Status == "" && len(failures) > 0 {
		// One reason is enough: that of the owner, if it was asked.
		u := failures[0]
		u.What = what
		ca.Unseen = append(ca.Unseen, u)
	}
	return ca
}

func (i *Inventory) readAuthority(ctx context.Context, p place, arn string) (*diagnose.Authority, *diagnose.Unseen) {
	client := i.client(p.account, p.region).pca
	out, err := client.DescribeCertificateAuthority(ctx, &acmpca.DescribeCertificateAuthorityInput{CertificateAuthorityArn: aws.String(arn)})
	if err == nil && out.CertificateAuthority == nil {
		err = errEmpty
	}
	if err != nil {
		u := i.unseen(ctx, err, "acm-pca:DescribeCertificateAuthority", p)
		return nil, &u
	}
	d := out.CertificateAuthority
	parsed, _ := parseARN(arn)
	ca := &diagnose.Authority{
		ARN: arn, Account: parsed.account, Status: string(d.Status), FailureReason: string(d.FailureReason),
		NotAfter: aws.ToTime(d.NotAfter), RestorableUntil: aws.ToTime(d.RestorableUntil), UsageMode: string(d.UsageMode),
	}
	if d.Status == types.CertificateAuthorityStatusDeleted {
		// Its permissions cannot be listed, and matter no more.
		return ca, nil
	}
	ca.SharedWith, ca.PolicyRead, ca.Unseen = i.sharedWith(ctx, client, p, arn)
	pages := acmpca.NewListPermissionsPaginator(client, &acmpca.ListPermissionsInput{CertificateAuthorityArn: aws.String(arn)},
		func(o *acmpca.ListPermissionsPaginatorOptions) { o.StopOnDuplicateToken = true })
	var permitted []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			u := i.unseen(ctx, err, "acm-pca:ListPermissions", p)
			u.What = "ACM's permissions on the certificate authority " + arn
			ca.Unseen = append(ca.Unseen, u)
			return ca, nil
		}
		for _, permission := range page.Permissions {
			if aws.ToString(permission.Principal) != acmPrincipal {
				continue
			}
			for _, action := range permission.Actions {
				if !slices.Contains(permitted, string(action)) {
					permitted = append(permitted, string(action))
				}
			}
		}
	}
	slices.Sort(permitted)
	ca.Permitted, ca.PermissionsRead = permitted, true
	return ca, nil
}

// sharedWith reads whom an authority is shared with. An authority that is
// shared with nobody has no policy ("GetPolicy", AWS Private CA API Reference,
// https://docs.aws.amazon.com/privateca/latest/APIReference/API_GetPolicy.html).
func (i *Inventory) sharedWith(ctx context.Context, client *acmpca.Client, p place, arn string) ([]string, bool, []diagnose.Unseen) {
	out, err := client.GetPolicy(ctx, &acmpca.GetPolicyInput{ResourceArn: aws.String(arn)})
	if err != nil {
		if classify(ctx, err) == faultNotFound {
			// Whoever sees it without being its owner has it shared somehow.
			parsed, _ := parseARN(arn)
			return nil, p.id == parsed.account, nil
		}
		u := i.unseen(ctx, err, "acm-pca:GetPolicy", p)
		if parsed, _ := parseARN(arn); u.Permission != "" && p.id != parsed.account {
			// Sharing cannot include it ("Customer managed permissions in RAM",
			// AWS Private CA User Guide,
			// https://docs.aws.amazon.com/privateca/latest/userguide/pca-cmp.html).
			u.Why, u.Permission = diagnose.NotConfigured, ""
			u.Detail = "Only account " + parsed.account + ", which has it, can tell, and acmbot does not read that account."
		}
		u.What = "whom the certificate authority " + arn + " is shared with"
		return nil, false, []diagnose.Unseen{u}
	}
	list, ok := allowed(aws.ToString(out.Policy))
	return list, ok, nil
}
