// Package dynamo is a state.Store in an Amazon DynamoDB table, for any number
// of processes.
//
// It is the one package of the bot that talks to AWS, and only through its
// constructor's aws.Config does anybody see that.
//
// The table has to be there: a partition key "pk" and a sort key "sk", both
// strings, and "ttl" as its time-to-live attribute, by which DynamoDB removes
// what has expired long ago. An item has:
//
//	pk       S  its kind
//	sk       S  its id
//	version  N
//	value    S  JSON
//	expires  N  milliseconds since 1970; where it expires
//	ttl      N  seconds since 1970, rounded up; where it expires
//	write    S  a random word, by which a write recognises itself
//
// Only single items are read and written, with conditions and strong
// consistency: no transactions, no streams, no indexes.
package dynamo
