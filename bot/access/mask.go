package access

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// accountDigits is how long an AWS account id is ("AWS account identifiers",
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html).
const accountDigits = 12

// A Mask takes AWS account ids out of what is shown. In text, of each only the
// last four digits stay. In what Slack keeps for the bot, such as a button's
// value, which everybody can read who can read the message through Slack's API,
// an encrypted form takes its place, which comes back with the press.
//
// The key comes from a secret that all copies of the bot have, so that each of
// them can read what any of them sealed.
type Mask struct{ block cipher.Block }

// NewMask makes a mask from a secret.
func NewMask(secret string) Mask {
	key := sha256.Sum256([]byte("acmbot: account ids in buttons\x00" + secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // cannot be: the key has 32 bytes
	}
	return Mask{block}
}

// uuid is a certificate's id, of which the last part may be twelve digits too.
var uuid = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)

// replace gives each account id in a text to a function: each run of twelve
// digits, also in the form 1111-2222-3333, with no letter or digit beside it,
// that is not in a certificate's id.
func replace(s string, with func(id string) string) string {
	if len(s) < accountDigits {
		return s
	}
	var b strings.Builder
	last := 0
	for _, part := range append(uuid.FindAllStringIndex(s, -1), []int{len(s), len(s)}) {
		for at := last; at < part[0]; {
			n, id := accountAt(s[:part[0]], at)
			if n == 0 {
				at++
				continue
			}
			b.WriteString(s[last:at])
			b.WriteString(with(id))
			at += n
			last = at
		}
		b.WriteString(s[last:part[1]])
		last = part[1]
	}
	return b.String()
}

// accountAt returns the account id at a place in a text, and how long it is
// there; 0 for none.
func accountAt(s string, at int) (n int, id string) {
	if at > 0 && alphanumeric(s[at-1]) || !digit(s[at]) {
		return 0, ""
	}
	end := at
	for end < len(s) && digit(s[end]) {
		end++
	}
	switch end - at {
	case accountDigits:
	case accountDigits / 3: // in the console's form
		if end = at + accountDigits + 2; end > len(s) || !dashed(s[at:end]) {
			return 0, ""
		}
	default:
		return 0, ""
	}
	if end < len(s) && alphanumeric(s[end]) {
		return 0, ""
	}
	return end - at, strings.ReplaceAll(s[at:end], "-", "")
}

func dashed(s string) bool {
	for i := range len(s) {
		if dash := i%5 == 4; dash && s[i] != '-' || !dash && !digit(s[i]) {
			return false
		}
	}
	return true
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func alphanumeric(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

// Short is an account id as it is shown to those who may not see it.
func Short(id string) string { return "…" + id[max(len(id)-4, 0):] }

// Text is a text in which of each account id only the last four digits are
// left.
func (m Mask) Text(s string) string { return replace(s, Short) }

// URL is the same for an address, which stays one.
func (m Mask) URL(s string) string {
	return replace(s, func(id string) string { return url.PathEscape(Short(id)) })
}

// The plain form of a sealed id is one block: a mark by which it is known again,
// and the digits.
const sealMark = "acct"

// Seal is a text in which each account id is encrypted.
func (m Mask) Seal(s string) string {
	return replace(s, func(id string) string {
		plain, sealed := []byte(sealMark+id), make([]byte, aes.BlockSize)
		m.block.Encrypt(sealed, plain)
		return "~" + base64.RawURLEncoding.EncodeToString(sealed) + "~"
	})
}

var sealed = regexp.MustCompile(`~[A-Za-z0-9_-]{22}~`)

// Open is a text in which each sealed account id can be read again. One that
// was sealed with another secret stays as it is.
func (m Mask) Open(s string) string {
	return sealed.ReplaceAllStringFunc(s, func(text string) string {
		block, err := base64.RawURLEncoding.DecodeString(text[1 : len(text)-1])
		if err != nil || len(block) != aes.BlockSize {
			return text
		}
		m.block.Decrypt(block, block)
		id, ok := strings.CutPrefix(string(block), sealMark)
		if n, found := accountAt(id, 0); !ok || n != accountDigits || found != id {
			return text
		}
		return id
	})
}

// kept are the fields of blocks and views that Slack keeps for the bot and does
// not show.
var kept = map[string]bool{
	"value": true, "private_metadata": true, "block_id": true, "action_id": true, "callback_id": true, "external_id": true,
}

// Value masks the texts in anything that can be encoded as JSON, such as Block
// Kit's blocks, and returns it decoded: what is shown is masked, what Slack
// keeps for the bot is sealed.
func (m Mask) Value(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding what is to be masked: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("decoding what is to be masked: %w", err)
	}
	return m.tree("", tree), nil
}

func (m Mask) tree(key string, v any) any {
	switch v := v.(type) {
	case string:
		switch {
		case kept[key]:
			return m.Seal(v)
		case strings.HasSuffix(key, "url"):
			return m.URL(v)
		}
		return m.Text(v)
	case []any:
		for i := range v {
			v[i] = m.tree(key, v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = m.tree(k, v[k])
		}
	}
	return v
}
