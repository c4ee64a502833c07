package inventory

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/acmbot/acmbot/diagnose"
)

// A Client is the AWS SDK's clients for one region of one account, with the
// inventory's credentials, quotas and retries.
type Client struct {
	// Account is its id, as far as it is known.
	Account string
	ACM     *acm.Client
	Route53 *route53.Client

	inventory *Inventory
	place     place
}

// An ObstacleError is what stands in the way of a call, in words for a person.
type ObstacleError struct{ diagnose.Unseen }

func (e *ObstacleError) Error() string { return e.Detail }

// Client returns the clients for an account and a region; the home region where
// it is empty. Its error is an *ObstacleError.
func (i *Inventory) Client(ctx context.Context, account, region string) (*Client, error) {
	accounts, unseen := i.reachable(ctx)
	held := holders(accounts, account)
	if len(held) == 0 {
		for _, u := range unseen {
			if u.Account == account || u.Account == "" {
				return nil, &ObstacleError{u}
			}
		}
		return nil, &ObstacleError{notTold(account)}
	}
	a := held[0]
	p := place{account: a, region: cmp.Or(region, i.options.Config.Region), id: cmp.Or(a.known(), account)}
	c := i.client(a, p.region)
	return &Client{Account: p.id, ACM: c.acm, Route53: c.route53, inventory: i, place: p}, nil
}

// Certificate reads one certificate afresh. Its error is an *ObstacleError.
func (c *Client) Certificate(ctx context.Context, arn string) (diagnose.Certificate, error) {
	ctx, cancel := c.inventory.bounded(ctx)
	defer cancel()
	cert, err := c.inventory.describe(ctx, c.place, arn)
	if err != nil {
		return diagnose.Certificate{}, c.Explain(ctx, err, "acm:DescribeCertificate")
	}
	return cert, nil
}

// Explain says in plain words why a call of an IAM action failed.
func (c *Client) Explain(ctx context.Context, err error, action string) *ObstacleError {
	return &ObstacleError{c.inventory.unseen(ctx, err, action, c.place)}
}
