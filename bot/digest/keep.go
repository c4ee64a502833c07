package digest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/acmbot/acmbot/bot/state"
)

const (
	contentKind = "digest-content"
	// PostKind is the kind of the notes that a digest was posted.
	PostKind = "digest"
	// keepContent is how long the buttons under a digest work.
	keepContent = 40 * day
)

// PostID is the id of a channel's digest of a day.
func PostID(channel string, date Date) string { return channel + "/" + string(date) }

// packed is a digest as it is kept: one of thousands of certificates would not
// fit into the store otherwise.
type packed struct {
	At   time.Time `json:"at"`
	Gzip []byte    `json:"gzip"`
}

// Keep keeps a digest, for its buttons, and for the next one to compare with.
// Where even packed it is too large, it keeps the certificates in front.
func Keep(ctx context.Context, store state.Store, d Digest, now time.Time) error {
	for {
		var buf bytes.Buffer
		w := gzip.NewWriter(&buf)
		if err := errors.Join(json.NewEncoder(w).Encode(d), w.Close()); err != nil {
			return fmt.Errorf("packing a digest: %w", err)
		}
		// In JSON it takes a third more.
		if buf.Len() < state.MaxValue*7/10 {
			key := state.Key{Kind: contentKind, ID: PostID(d.Channel, d.Date)}
			return state.UpdateRecord(ctx, store, key, func(r *state.Record[packed]) error {
				r.Value, r.Expires = packed{At: d.At, Gzip: buf.Bytes()}, now.Add(keepContent)
				return nil
			})
		}
		d.Email, d.Snoozed, d.Resolved, d.Carried = nil, nil, nil, nil
		d.Entries, d.Ahead = halve(d.Entries), halve(d.Ahead)
	}
}

func halve(entries []Entry) []Entry {
	list := make([]Entry, 0, len(entries))
	for _, e := range entries[:(len(entries)+1)/2] {
		e.Items = e.Items[:(len(e.Items)+1)/2]
		list = append(list, e)
	}
	return list
}

// Kept returns a digest that was kept; state.ErrNotFound where there is none.
func Kept(ctx context.Context, store state.Store, channel string, date Date) (Digest, error) {
	r, err := state.Load[packed](ctx, store, state.Key{Kind: contentKind, ID: PostID(channel, date)})
	if err != nil {
		return Digest{}, err
	}
	var d Digest
	unpack, err := gzip.NewReader(bytes.NewReader(r.Value.Gzip))
	if err == nil {
		err = json.NewDecoder(io.LimitReader(unpack, 64<<20)).Decode(&d)
	}
	if err != nil {
		return Digest{}, fmt.Errorf("unpacking the digest of %s: %w", date, err)
	}
	return d, nil
}

// Before returns the channel's last digest that was posted before a day, nil
// where there is none.
func Before(ctx context.Context, store state.Store, channel string, date Date) (*Digest, error) {
	last := Date("")
	for r, err := range state.All[Posting](ctx, store, PostKind, channel+"/") {
		if err != nil {
			if r.Key.ID != "" && ctx.Err() == nil {
				continue
			}
			return nil, fmt.Errorf("looking for the last digest: %w", err)
		}
		if on := Date(r.Key.ID[len(channel)+1:]); r.Value.Posted && on < date && on > last {
			last = on
		}
	}
	if last == "" {
		return nil, nil
	}
	d, err := Kept(ctx, store, channel, last)
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &d, nil
}
