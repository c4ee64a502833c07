// Package view turns what the diagnosis found into Slack messages and modals.
// Every function is pure: the same input gives the same Block Kit for ever.
//
// Text that comes from outside (domain names, tags, DNS data, resource names)
// goes into rich text elements, which Slack does not parse, or into escaped
// code spans; so it neither pings anybody nor formats anything. The limits of
// Block Kit are kept in one place, limits.go.
package view
