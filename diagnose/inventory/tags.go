package inventory

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/acmbot/acmbot/diagnose"
)

// tagReaders is how many certificates' tags are read at the same time; ACM's
// quota for it is kept beside that.
const tagReaders = 8

// Tags reads the tags of certificates, by ARN. ACM tells them for one
// certificate at a time, so this takes as long as its quota wants; what was not
// read before ctx ended is missing from the map. The obstacles are told once
// for each place.
func (i *Inventory) Tags(ctx context.Context, certificates []diagnose.CertificateRef) (map[string]map[string]string, []diagnose.Unseen) {
	accounts, unseen := i.reachable(ctx)
	var (
		mu     sync.Mutex
		tags   = map[string]map[string]string{}
		failed = map[diagnose.Place]bool{}
		group  errgroup.Group
	)
	group.SetLimit(tagReaders)
	for _, c := range certificates {
		owners := holders(accounts, c.Account)
		if len(owners) == 0 || ctx.Err() != nil {
			continue
		}
		p := place{account: owners[0], region: c.Region, id: c.Account}
		group.Go(func() error {
			mu.Lock()
			hopeless := failed[p.public()]
			mu.Unlock()
			if hopeless || ctx.Err() != nil {
				return nil
			}
			t, err := readTags(ctx, i.client(p.account, p.region).acm, c.ARN)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				tags[c.ARN] = t
			case classify(ctx, err) == faultNotFound: // deleted meanwhile
				tags[c.ARN] = map[string]string{}
			case !failed[p.public()]:
				failed[p.public()] = true
				u := i.unseen(ctx, err, "acm:ListTagsForCertificate", p)
				u.What = "the tags of the certificates of " + p.where()
				unseen = append(unseen, u)
			}
			return nil
		})
	}
	_ = group.Wait()
	return tags, unseen
}
