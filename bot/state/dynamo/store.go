package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/acmbot/acmbot/bot/state"
)

// page is how many items List reads at a time; DynamoDB ends a page at 1 MB.
const page = 100

// Options are which table is opened. Only Table and Config have no default.
type Options struct {
	// Table is the table's name or ARN.
	Table string
	// Config is how AWS is reached: region, credentials, retries.
	Config aws.Config
	// Now is the clock for what expires: by default time.Now.
	Now func() time.Time
}

// api is what is used of DynamoDB.
type api interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	dynamodb.QueryAPIClient
}

// A Store is a state.Store; make it with Open.
type Store struct {
	api           api
	table, region string
	now           func() time.Time
	closed        atomic.Bool
}

var _ state.Store = (*Store)(nil)

// New returns a Store without asking for the table: to look at what is kept, by
// who must not migrate it.
func New(o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{api: dynamodb.NewFromConfig(o.Config), table: o.Table, region: o.Config.Region, now: o.Now}
	if s.region == "" {
		s.region = "no region"
	}
	return s
}

// Open makes sure that the table is there and can be read and written. Its
// errors are the context's and *state.Fault.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := New(o)
	if err := state.Migrate(ctx, s, s.now); err != nil {
		return nil, err
	}
	return s, nil
}

// Table is the table's name or ARN, as it was given.
func (s *Store) Table() string { return s.table }

// Get is as in state.Store.
func (s *Store) Get(ctx context.Context, key state.Key) (state.Item, error) {
	if err := s.usable(ctx, key.Check()); err != nil {
		return state.Item{}, err
	}
	item, _, err := s.live(ctx, key)
	if err != nil {
		return state.Item{}, fmt.Errorf("reading %s: %w", key, err)
	}
	return item, nil
}

// Put is as in state.Store.
func (s *Store) Put(ctx context.Context, item state.Item) (state.Item, error) {
	if err := s.usable(ctx, item.Check()); err != nil {
		return state.Item{}, err
	}
	now := s.now()
	write := rand.Text()
	last := item.Version
	item.Version = state.Next(last, now)
	item.Expires = state.Millisecond(item.Expires)
	item.Value = append([]byte(nil), item.Value...)
	attributes := primaryKey(item.Key)
	attributes["version"] = number(item.Version)
	attributes["value"] = text(string(item.Value))
	attributes["write"] = text(write)
	if !item.Expires.IsZero() {
		attributes["expires"] = number(item.Expires.UnixMilli())
		attributes["ttl"] = number(item.Expires.Add(time.Second - time.Millisecond).Unix())
	}
	condition, names, values := unchanged(last, now)
	_, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: attributes,
		ConditionExpression: &condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	})
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		// The SDK asks again where an answer was lost; then it is this
		// very write that stands in the way of its repetition. (Where
		// somebody else was so quick as to write on top of it, it counts
		// as a conflict, though it was made.)
		is, by, err := s.live(ctx, item.Key)
		switch {
		case err != nil && !errors.Is(err, state.ErrNotFound):
			return state.Item{}, fmt.Errorf("writing %s: %w", item.Key, err)
		case by == write:
			return is, nil
		}
		return state.Item{}, fmt.Errorf("writing %s: %w", item.Key, state.ErrConflict)
	}
	if err != nil {
		return state.Item{}, fmt.Errorf("writing %s: %w", item.Key, s.fault(ctx, putItem, err))
	}
	return item, nil
}

// Delete is as in state.Store.
func (s *Store) Delete(ctx context.Context, key state.Key, version int64) error {
	if err := s.usable(ctx, key.Check()); err != nil {
		return err
	}
	if version <= 0 { // which no item has
		version = -1
	}
	condition, names, values := unchanged(version, s.now())
	_, err := s.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.table, Key: primaryKey(key),
		ConditionExpression: &condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	})
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		if _, _, err = s.live(ctx, key); err == nil {
			err = state.ErrConflict
		}
		return fmt.Errorf("deleting %s: %w", key, err)
	}
	if err != nil {
		return fmt.Errorf("deleting %s: %w", key, s.fault(ctx, deleteItem, err))
	}
	return nil
}

// List is as in state.Store.
func (s *Store) List(ctx context.Context, kind, prefix string) iter.Seq2[state.Item, error] {
	return func(yield func(state.Item, error) bool) {
		fail := func(err error) { yield(state.Item{}, fmt.Errorf("listing %s/%s: %w", kind, prefix, err)) }
		if err := s.usable(ctx, state.CheckList(kind, prefix)); err != nil {
			fail(err)
			return
		}
		input := &dynamodb.QueryInput{
			TableName: &s.table, ConsistentRead: aws.Bool(true), Limit: aws.Int32(page),
			KeyConditionExpression:    aws.String("#pk = :pk"),
			ExpressionAttributeNames:  map[string]string{"#pk": "pk"},
			ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text(kind)},
		}
		if prefix != "" {
			input.KeyConditionExpression = aws.String("#pk = :pk AND begins_with(#sk, :sk)")
			input.ExpressionAttributeNames["#sk"] = "sk"
			input.ExpressionAttributeValues[":sk"] = text(prefix)
		}
		for pages := dynamodb.NewQueryPaginator(s.api, input); pages.HasMorePages(); {
			if err := s.usable(ctx, nil); err != nil {
				fail(err)
				return
			}
			out, err := pages.NextPage(ctx)
			if err == nil && out.Items == nil { // DynamoDB's list is there, be it empty
				err = errEmpty
			}
			if err != nil {
				fail(s.fault(ctx, query, err))
				return
			}
			now := s.now()
			for _, attributes := range out.Items {
				item, _, err := s.decode(attributes)
				if err != nil {
					fail(err)
					return
				}
				if !item.Expired(now) && !yield(item, nil) {
					return
				}
			}
		}
	}
}

// Close is as in state.Store.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}

func (s *Store) usable(ctx context.Context, check error) error {
	switch {
	case check != nil:
		return check
	case s.closed.Load():
		return state.ErrClosed
	}
	return ctx.Err()
}

// live reads an item that has not expired, and the word of its write: else
// state.ErrNotFound.
func (s *Store) live(ctx context.Context, key state.Key) (state.Item, string, error) {
	out, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: primaryKey(key), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return state.Item{}, "", s.fault(ctx, getItem, err)
	}
	if len(out.Item) == 0 {
		return state.Item{}, "", state.ErrNotFound
	}
	item, write, err := s.decode(out.Item)
	if err == nil && item.Expired(s.now()) {
		err = state.ErrNotFound
	}
	return item, write, err
}

// decode reads an item's attributes. Its error is a *state.Fault.
func (s *Store) decode(attributes map[string]types.AttributeValue) (item state.Item, write string, err error) {
	str := func(name string) string {
		v, ok := attributes[name].(*types.AttributeValueMemberS)
		if !ok {
			err = fmt.Errorf("the attribute %q is no string", name)
			return ""
		}
		return v.Value
	}
	num := func(name string) int64 {
		v, ok := attributes[name].(*types.AttributeValueMemberN)
		if !ok {
			err = fmt.Errorf("the attribute %q is no number", name)
			return 0
		}
		n, parseErr := strconv.ParseInt(v.Value, 10, 64)
		if parseErr != nil {
			err = fmt.Errorf("the attribute %q: %w", name, parseErr)
		}
		return n
	}
	item = state.Item{
		Key:     state.Key{Kind: str("pk"), ID: str("sk")},
		Version: num("version"),
		Value:   []byte(str("value")),
	}
	write = str("write")
	if _, ok := attributes["expires"]; ok {
		item.Expires = time.UnixMilli(num("expires")).UTC()
	}
	if err != nil {
		return state.Item{}, "", &state.Fault{
			Problem: fmt.Sprintf("The DynamoDB table %s in %s holds an item that is not acmbot's.", s.table, s.region),
			Remedy:  "Give acmbot a table of its own.",
			Err:     err,
		}
	}
	return item, write, nil
}

// unchanged is the condition that an item is still at a version, 0 being that
// there is none or it has expired.
func unchanged(version int64, now time.Time) (string, map[string]string, map[string]types.AttributeValue) {
	names := map[string]string{"#expires": "expires"}
	values := map[string]types.AttributeValue{":now": number(now.UnixMilli())}
	if version == 0 {
		names["#pk"] = "pk"
		return "attribute_not_exists(#pk) OR #expires <= :now", names, values
	}
	names["#version"] = "version"
	values[":version"] = number(version)
	return "#version = :version AND (attribute_not_exists(#expires) OR #expires > :now)", names, values
}

func primaryKey(key state.Key) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(key.Kind), "sk": text(key.ID)}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
