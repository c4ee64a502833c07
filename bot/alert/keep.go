package alert

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/acmbot/acmbot/bot/state"
)

const (
	boardKind = "alert-board"
	pieceKind = "alert-piece"
	// mostPiece is how much of a packed board goes into one item: in JSON it
	// takes a third more.
	mostPiece = state.MaxValue * 7 / 10
	// keepPiece is how long a piece stays that a crash has left behind. A
	// board that is in use is written anew far more often.
	keepPiece = 400 * day
	// mostBoard bounds what is unpacked.
	mostBoard = 256 << 20
)

// A packed board is what the store keeps: in one item, or, where it is too large
// for that, in pieces that are named by their contents. They are written before
// the item that names them, which so changes the board as a whole.
type packed struct {
	Gzip   []byte   `json:"gzip,omitempty"`
	Pieces []string `json:"pieces,omitempty"`
	// Posts is how many notices wait to be posted.
	Posts int `json:"posts,omitempty"`
}

type piece struct {
	Gzip []byte `json:"gzip"`
}

func boardKey(channel string) state.Key { return state.Key{Kind: boardKind, ID: channel} }

func pieceKey(channel, sum string) state.Key {
	return state.Key{Kind: pieceKind, ID: channel + "/" + sum}
}

func hash(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "" // cannot be: boards hold values only
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12])
}

// Hash tells one card from another.
func (c Card) Hash() string { return hash(c) }

// Load reads a channel's board, an empty one where there is none.
func Load(ctx context.Context, store state.Store, channel string) (*Board, error) {
	b, _, _, err := load(ctx, store, channel)
	return b, err
}

// load reads a board, again where its pieces were replaced meanwhile.
func load(ctx context.Context, store state.Store, channel string) (*Board, packed, int64, error) {
	var lastErr error
	for range 5 {
		r, err := state.Load[packed](ctx, store, boardKey(channel))
		if errors.Is(err, state.ErrNotFound) {
			return NewBoard(channel), packed{}, 0, nil
		}
		if err != nil {
			return nil, packed{}, 0, fmt.Errorf("reading what %s was alerted to: %w", channel, err)
		}
		raw := r.Value.Gzip
		for _, sum := range r.Value.Pieces {
			var p state.Record[piece]
			if p, err = state.Load[piece](ctx, store, pieceKey(channel, sum)); err != nil {
				break
			}
			raw = append(raw, p.Value.Gzip...)
		}
		if lastErr = err; errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			break
		}
		b := NewBoard(channel)
		unpack, err := gzip.NewReader(bytes.NewReader(raw))
		if err == nil {
			err = json.NewDecoder(io.LimitReader(unpack, mostBoard)).Decode(b)
		}
		if err != nil {
			return nil, packed{}, 0, fmt.Errorf("unpacking what %s was alerted to: %w", channel, err)
		}
		return b, r.Value, r.Version, nil
	}
	return nil, packed{}, 0, fmt.Errorf("reading what %s was alerted to: %w", channel, lastErr)
}

// Change changes a channel's board, as state.Update does: change is called again
// where somebody else has changed it meanwhile, and leaves it as it is by
// returning false.
func Change(ctx context.Context, store state.Store, channel string, now time.Time, change func(*Board) bool) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		b, before, version, err := load(ctx, store, channel)
		if err != nil {
			return err
		}
		if !change(b) {
			return nil
		}
		var buf bytes.Buffer
		w := gzip.NewWriter(&buf)
		if err := errors.Join(json.NewEncoder(w).Encode(b), w.Close()); err != nil {
			return fmt.Errorf("packing what %s was alerted to: %w", channel, err)
		}
		p := packed{Posts: len(b.Outbox)}
		if raw := buf.Bytes(); len(raw) <= mostPiece {
			p.Gzip = raw
		} else if p.Pieces, err = split(ctx, store, channel, now, raw); err != nil {
			return err
		}
		_, err = state.Save(ctx, store, state.Record[packed]{Key: boardKey(channel), Version: version, Value: p})
		if errors.Is(err, state.ErrConflict) {
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("noting what %s is alerted to: %w", channel, err)
		}
		drop(ctx, store, channel, before.Pieces, p.Pieces)
		return nil
	}
}

func split(ctx context.Context, store state.Store, channel string, now time.Time, raw []byte) ([]string, error) {
	var pieces []string
	for len(raw) > 0 {
		n := min(len(raw), mostPiece)
		sum := sha256.Sum256(raw[:n])
		name := hex.EncodeToString(sum[:])
		_, err := state.Create(ctx, store, pieceKey(channel, name), piece{raw[:n]}, now.Add(keepPiece))
		if err != nil && !errors.Is(err, state.ErrConflict) { // it is there already
			return nil, fmt.Errorf("noting what %s is alerted to: %w", channel, err)
		}
		pieces, raw = append(pieces, name), raw[n:]
	}
	return pieces, nil
}

// drop removes pieces that are not used any more. Where it fails they expire.
func drop(ctx context.Context, store state.Store, channel string, old, used []string) {
	keep := map[string]bool{}
	for _, sum := range used {
		keep[sum] = true
	}
	for _, sum := range old {
		if !keep[sum] {
			_ = state.Remove(ctx, store, pieceKey(channel, sum))
		}
	}
}

// Remove forgets what a channel was alerted to.
func Remove(ctx context.Context, store state.Store, channel string) error {
	r, err := state.Load[packed](ctx, store, boardKey(channel))
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err := state.Remove(ctx, store, boardKey(channel)); err != nil {
		return fmt.Errorf("forgetting what %s was alerted to: %w", channel, err)
	}
	drop(ctx, store, channel, r.Value.Pieces, nil)
	return nil
}

// Channels are those that have a board, with how many notices wait to be posted
// there.
func Channels(ctx context.Context, store state.Store) (map[string]int, error) {
	list := map[string]int{}
	for r, err := range state.All[packed](ctx, store, boardKind, "") {
		switch {
		case err == nil:
			list[r.Key.ID] = r.Value.Posts
		case r.Key.ID == "" || ctx.Err() != nil:
			return nil, fmt.Errorf("listing what was alerted to: %w", err)
		}
	}
	return list, nil
}

// A Scan is the latest look of any replica.
type Scan struct {
	Token int64 `json:"token"`
	// N counts all looks, and At is when the latest of all certificates began.
	N  int64     `json:"n"`
	At time.Time `json:"at,omitzero"`
}

// Lease is the key of the lease under which one replica looks for all.
var Lease = state.Key{Kind: "alert-lease", ID: "look"}

var scanKey = state.Key{Kind: "alert-scan", ID: "latest"}

// Due reports whether all certificates are to be looked through again. A clock
// that was far ahead does not put it off for long.
func Due(ctx context.Context, store state.Store, every time.Duration, now time.Time) (bool, error) {
	r, err := state.Load[Scan](ctx, store, scanKey)
	if errors.Is(err, state.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading when the certificates were looked through: %w", err)
	}
	since := now.Sub(r.Value.At)
	return since >= every || since < -every, nil
}

// Begin notes that a look begins, of all certificates or of some, and returns
// its number.
func Begin(ctx context.Context, store state.Store, lease state.Lease, all bool, now time.Time) (n int64, err error) {
	err = state.Update(ctx, store, scanKey, func(s *Scan) error {
		if err := lease.Fence(&s.Token); err != nil {
			return err
		}
		s.N++
		if all {
			s.At = now
		}
		n = s.N
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("noting a look at the certificates: %w", err)
	}
	return n, nil
}
