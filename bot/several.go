package bot

import (
	"context"
	"sync"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// severalAtOnce is how many names of one message are diagnosed at the same
// time, so that one message does not take all the room there is.
const severalAtOnce = 3

// answerSeveral gives a short answer for each of several names, in one message
// that fills up as they come.
func (b *Bot) answerSeveral(queries []diagnose.Query, to replier) func(context.Context) error {
	return func(ctx context.Context) error {
		list := make([]view.Summary, len(queries))
		for i, q := range queries {
			list[i].Query = q
		}
		b.showProgress(ctx, to, view.Several(list))
		type result struct {
			at     int
			answer diagnose.Answer
			err    error
		}
		results := make(chan result, len(queries))
		slots := make(chan struct{}, severalAtOnce)
		var group sync.WaitGroup
		defer group.Wait()
		for i, q := range queries {
			group.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				a, err := b.await(ctx, q, nil)
				results <- result{i, a, err}
			})
		}
		for left := len(queries); left > 0; left-- {
			r := <-results
			if r.err != nil {
				b.log.WarnContext(ctx, "could not answer one of several", "error", r.err)
				list[r.at].Problem = "I could not find out: " + faultOf(r.err, &request{}).What
			} else {
				list[r.at].Answer = &r.answer
			}
			if left > 1 && len(results) == 0 {
				b.showProgress(ctx, to, view.Several(list))
			}
		}
		return b.deliver(ctx, to, view.Several(list))
	}
}
