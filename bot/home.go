package bot

import (
	"context"
	"sync"
	"time"

	"github.com/slack-go/slack/slackevents"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

const (
	// mostHomeCauses is how many of the most urgent certificates are diagnosed
	// for the App Home, two at a time, within homeTimeout.
	mostHomeCauses = 10
	homeAtOnce     = 2
	homeTimeout    = 2 * time.Minute
)

// readHomeOpened publishes the App Home when its tab is opened.
func (b *Bot) readHomeOpened(req *request, e *slackevents.AppHomeOpenedEvent) {
	req.kind, req.user = "home", e.User
	if e.Tab != "" && e.Tab != "home" || e.User == "" {
		return
	}
	req.run = func(ctx context.Context) error { return b.showHome(ctx, e.User) }
}

// showHome publishes what is in memory at once, then what there is now, then
// the causes that were not known.
func (b *Bot) showHome(ctx context.Context, user string) error {
	l, ready := b.estate.memory()
	if err := b.publishHome(ctx, user, l, ready, false); err != nil || b.opts.Estate == nil {
		return err
	}
	fresh, ok := b.list(ctx)
	if !ok {
		return nil
	}
	unknown := b.unknownCauses(fresh)
	looks := len(unknown) > 0 && b.estate.begin()
	if !ready || !fresh.At.Equal(l.At) || looks {
		if err := b.publishHome(ctx, user, fresh, true, looks); err != nil {
			if looks {
				b.estate.end()
			}
			return err
		}
	}
	if !looks {
		return nil
	}
	b.findCauses(ctx, unknown)
	return b.publishHome(ctx, user, fresh, true, false)
}

func (b *Bot) publishHome(ctx context.Context, user string, l diagnose.Listing, ready, checking bool) error {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	o := view.Overview{
		Listed: b.opts.Estate != nil, Ready: ready, At: l.At, Certificates: l.Certificates, Scope: l.Scope,
		Causes: b.estate.causeText, Checking: checking, Mine: b.homeWatches(ctx, user),
	}
	return b.api.publish(ctx, user, view.Home(b.status(), o))
}

// unknownCauses are the most urgent certificates of which no recent diagnosis
// is known.
func (b *Bot) unknownCauses(l diagnose.Listing) []diagnose.Listed {
	var list []diagnose.Listed
	for i := range l.Certificates {
		if i == mostHomeCauses || l.Certificates[i].Urgency(l.At) > diagnose.UrgencyIssuing {
			break
		}
		if _, known := b.estate.cause(l.Certificates[i].ARN); !known {
			list = append(list, l.Certificates[i])
		}
	}
	return list
}

// findCauses diagnoses certificates, a few at a time, so that people's own
// questions have room beside them. What is found, the flights remember.
func (b *Bot) findCauses(ctx context.Context, list []diagnose.Listed) {
	defer b.estate.end()
	ctx, cancel := context.WithTimeout(ctx, homeTimeout)
	defer cancel()
	next := make(chan diagnose.Query)
	var group sync.WaitGroup
	for range homeAtOnce {
		group.Go(func() {
			for q := range next {
				if _, err := b.await(ctx, q, nil); err != nil {
					b.log.Info("could not look for a cause", "error", err)
				}
			}
		})
	}
	for i := range list {
		q, err := b.opts.Parse(list[i].ARN)
		if err != nil {
			continue
		}
		select {
		case next <- q:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	group.Wait()
}
