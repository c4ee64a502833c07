// Package checkup is whether acmbot can work where it runs: checks, how they
// are run together, and how what they found is written.
//
// It does no I/O of its own. A [Task] belongs to the package that knows what it
// tries out: Slack's to package bot, AWS's to those who call it.
package checkup
