// Package access decides who may ask the bot, where it may answer, who sees
// AWS account ids, and who may change anything. It is pure: what is known of a
// person and of a place comes in as a [Person] and a [Place], gathered from
// Slack elsewhere.
//
// What is not known counts as not allowed. Two rules have no setting: other
// bots and deactivated people are never answered, and whoever may not ask may
// not change anything either.
package access
