// Package events receives what ACM tells by itself: EventBridge sends ACM's
// events to an SQS queue, of which this package is the consumer. One queue can
// serve any number of accounts and regions, and any number of replicas of
// acmbot one queue.
//
// A message is deleted once all its events are handled, and never before. One
// whose handling fails comes again, later each time; so does one that cannot
// be read, until the queue's redrive policy takes it away or, where there is
// none, it was received too often.
//
// EventBridge and SQS deliver at least once, and not in order. An event that
// came before is recognised as long as the process remembers it (the last few
// thousand). It is not recognised by another process: handling an event must
// do no harm where it is done twice. That is enough here, since an event only
// says that a certificate is worth a look.
package events
