package digest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/acmbot/acmbot/bot/state"
)

// A Quiet is what a channel gets on a day without anything to tell.
type Quiet string

// The kinds of quiet.
const (
	QuietLine    Quiet = "line"    // one line
	QuietNothing Quiet = "nothing" // nothing
)

// A Subscription is a channel's wish for a digest.
type Subscription struct {
	Channel string `json:"channel"`
	At      Clock  `json:"at"` // minutes after midnight
	// Zone is the name of a time zone of the IANA database.
	Zone     string `json:"zone"`
	Weekdays bool   `json:"weekdays,omitempty"`
	Quiet    Quiet  `json:"quiet"`
	// Filter is a Selector as text; empty for what is routed to the channel.
	Filter string `json:"filter,omitempty"`
	// Off says that the channel gets none, although the settings have one for
	// it.
	Off bool `json:"off,omitempty"`
	// NoAlerts says that the channel is told nothing between its digests.
	NoAlerts bool `json:"no_alerts,omitempty"`
	// By is the user who wished so, and Changed when; empty for the settings.
	By      string    `json:"by,omitempty"`
	Changed time.Time `json:"changed,omitzero"`
}

// Schedule is when the subscription's digest is due. A time zone that this
// machine does not know counts as UTC.
func (s Subscription) Schedule() Schedule {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC
	}
	return Schedule{At: s.At, Zone: zone, Weekdays: s.Weekdays}
}

// Selector is the subscription's filter. One that cannot be read picks
// nothing, rather than what nobody asked for.
func (s Subscription) Selector() (Selector, error) { return ParseSelector(s.Filter) }

const subscriptionKind = "digest-subscription"

func subscriptionKey(channel string) state.Key {
	return state.Key{Kind: subscriptionKind, ID: channel}
}

// Defaults are the subscriptions that the settings make: that of the default
// channel, and of each channel that something is routed to.
func (r Routing) Defaults(standard Subscription) []Subscription {
	var list []Subscription
	for _, channel := range r.Channels() {
		s := standard
		s.Channel = channel
		list = append(list, s)
	}
	return list
}

// Channels are the channels that certificates are routed to, in order.
func (r Routing) Channels() []string {
	var list []string
	if r.Default != "" {
		list = append(list, r.Default)
	}
	for _, route := range r.Routes {
		list = append(list, route.Channel)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Subscriptions are those that the settings make, as people have changed them,
// and those that people have made. One that cannot be read hides no other.
func Subscriptions(ctx context.Context, store state.Store, defaults []Subscription) ([]Subscription, error) {
	byChannel := map[string]Subscription{}
	for _, s := range defaults {
		byChannel[s.Channel] = s
	}
	for r, err := range state.All[Subscription](ctx, store, subscriptionKind, "") {
		if err != nil {
			if r.Key.ID != "" && ctx.Err() == nil {
				continue
			}
			return nil, fmt.Errorf("listing the subscriptions: %w", err)
		}
		r.Value.Channel = r.Key.ID
		byChannel[r.Key.ID] = r.Value
	}
	var list []Subscription
	for _, s := range byChannel {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Subscription) int { return cmp.Compare(a.Channel, b.Channel) })
	return list, nil
}

// Subscribe keeps a channel's wish.
func Subscribe(ctx context.Context, store state.Store, s Subscription) error {
	return state.Update(ctx, store, subscriptionKey(s.Channel), func(v *Subscription) error {
		*v = s
		return nil
	})
}
