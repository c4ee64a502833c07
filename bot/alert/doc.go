// Package alert decides what a channel is told between its digests: which
// certificates get into trouble, get worse, come under a threshold of days, and
// are well again; and that each of it is told once, with as few words as
// possible.
//
// It does not know Slack, and what decides is pure.
package alert
