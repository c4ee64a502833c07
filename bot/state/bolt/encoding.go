package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"github.com/acmbot/acmbot/bot/state"
)

// An item is kept as: 1 byte, the format; 8 bytes, the version; 8 bytes, when
// it expires in milliseconds since 1970, or 0; 4 bytes, the CRC-32C of the key,
// these and the value; then the value. Numbers are big-endian. bbolt itself
// would not notice a value that went bad on the disk.
const (
	format = 1
	header = 1 + 8 + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encode(item state.Item) []byte {
	text := make([]byte, header, header+len(item.Value))
	text[0] = format
	binary.BigEndian.PutUint64(text[1:], uint64(item.Version))
	if !item.Expires.IsZero() {
		binary.BigEndian.PutUint64(text[9:], uint64(item.Expires.UnixMilli()))
	}
	binary.BigEndian.PutUint32(text[17:], checksum(item.Key, text[:17], item.Value))
	return append(text, item.Value...)
}

// decode reads an item, with a value of its own. Its error is a *damage.
func decode(kind, id, text []byte) (state.Item, error) {
	// Lengths may be damaged, too: they are looked at before anything is
	// copied.
	if len(id) > state.MaxID || len(text) < header || len(text) > header+state.MaxValue || text[0] != format {
		return state.Item{}, &damage{err: fmt.Errorf("what is at %s/%.40q is not an item", kind, id)}
	}
	key := state.Key{Kind: string(kind), ID: string(id)}
	value := slices.Clone(text[header:])
	if binary.BigEndian.Uint32(text[17:]) != checksum(key, text[:17], value) {
		return state.Item{}, &damage{err: fmt.Errorf("the checksum of %s is wrong", key)}
	}
	item := state.Item{Key: key, Version: int64(binary.BigEndian.Uint64(text[1:])), Value: value}
	if ms := int64(binary.BigEndian.Uint64(text[9:])); ms != 0 {
		item.Expires = time.UnixMilli(ms).UTC()
	}
	return item, nil
}

func checksum(key state.Key, head, value []byte) uint32 {
	sum := crc32.Checksum([]byte(key.Kind), castagnoli)
	for _, part := range [][]byte{{0}, []byte(key.ID), head, value} {
		sum = crc32.Update(sum, castagnoli, part)
	}
	return sum
}
