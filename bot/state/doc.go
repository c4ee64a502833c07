// Package state keeps what must survive a restart of the bot: watches,
// snoozes, settings, who is doing what right now.
//
// A Store keeps small JSON items under keys, each with a version. All that it
// can do beyond reading is to change one item if it still has the version
// that was read, which is what an embedded file (package bolt), a DynamoDB
// table shared by several replicas (package dynamo) and plain memory (package
// memory) can all do without transactions. Leases (Claim, Release) and typed
// read-modify-write (Update) are built on that alone, so they behave alike on
// every Store; package statetest holds the tests that prove it.
//
//	err := state.Update(ctx, store, state.Key{Kind: "watch", ID: arn}, func(w *Watch) error {
//		w.Users = append(w.Users, user)
//		return nil
//	})
package state
