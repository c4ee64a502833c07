// Package workspace is an embedded Slack workspace for the demo and the tests.
//
// It speaks Slack's own protocols over real sockets: the Web API, Socket Mode
// with its envelopes, acknowledgements and retries, response URLs, modals and
// the App Home. A bot built on slack-go runs against it unmodified, by
// [slack.OptionAPIURL]. People are played by a program, with the methods of
// [Workspace] ([Workspace.Slash], [Workspace.Say], [Workspace.Click], …), or by
// somebody at the chat page that it serves at [Workspace.URL].
//
// It is strict where Slack is strict: scopes and event subscriptions come from
// the app's manifest, blocks are checked against Block Kit's limits (see
// [Lint]), an envelope that is not acknowledged in time fails in front of the
// user, trigger ids and response URLs run out. And it can be told to misbehave
// as Slack and networks do: see [Workspace.Fail], [Workspace.Disconnect],
// [Workspace.DropSockets] and [Workspace.FreezeSockets].
//
// Nothing is kept after [Workspace.Close].
package workspace
