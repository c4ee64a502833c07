// Package watch follows certificates in trouble: it looks at them again until
// they renew, tells those who asked when they do or when it gets worse, and
// keeps quiet about those that somebody has snoozed.
//
// What is to be told when is decided by pure rules (Watch.look, Snooze.Holds);
// a Keeper carries them out. Everything a Keeper does is noted in the store
// before and after, under a lease for each watch, so that any replica can go on
// where another one was killed: what was to be posted is noted before it is
// posted, and whoever finds such a note without its end looks at what stands in
// the conversation before it posts again.
package watch
