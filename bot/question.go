package bot

import (
	"context"
	"errors"
	"time"

	"github.com/acmbot/acmbot/bot/view"
	"github.com/acmbot/acmbot/diagnose"
)

// progressEvery is how often progress is updated where it can be.
const progressEvery = 4 * time.Second

// answer diagnoses and delivers the answer, with progress where it takes time.
func (b *Bot) answer(q diagnose.Query, o view.Options, to replier) func(context.Context) error {
	return func(ctx context.Context) error {
		a, err := b.await(ctx, q, to)
		if err != nil {
			return err
		}
		_, end := b.opts.Tracer.Step(ctx, "render")
		message := view.Answer(a, b.options(ctx, a, o))
		end(nil)
		return b.deliver(ctx, to, message)
	}
}

// await waits for a diagnosis. To, where it is not nil, is shown progress.
func (b *Bot) await(ctx context.Context, q diagnose.Query, to replier) (answer diagnose.Answer, err error) {
	ctx, end := b.opts.Tracer.Step(ctx, "diagnosis")
	defer func() { end(err) }()
	f := b.ask(ctx, q)
	timer := time.NewTimer(b.opts.ProgressAfter)
	defer timer.Stop()
	for {
		select {
		case <-f.done:
			return f.answer, f.err
		case <-ctx.Done():
			return diagnose.Answer{}, ctx.Err()
		case <-timer.C:
			if to != nil {
				b.showProgress(ctx, to, view.Progress(q.Subject(), f.stage()))
			}
			timer.Reset(progressEvery)
		}
	}
}

// showProgress gives up early: an answer must not wait for its own progress.
func (b *Bot) showProgress(ctx context.Context, to replier, m view.Message) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := to.progress(ctx, m); err != nil {
		b.log.WarnContext(ctx, "could not show progress", "error", err, "code", slackCode(err))
	}
}

func (b *Bot) deliver(ctx context.Context, to replier, m view.Message) error {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	ctx, end := b.opts.Tracer.Step(ctx, "post")
	err := to.finish(ctx, m)
	end(err)
	return err
}

// problem is what is wrong with a question, as a sentence.
func problem(err error) string {
	if usage, ok := errors.AsType[*diagnose.UsageError](err); ok {
		return usage.Problem
	}
	return "I could not read that as a domain name, a certificate's ARN or its id."
}
