// Package bot is acmbot in Slack: a Socket Mode app that answers "why does my
// certificate not renew?" to a slash command, a mention, a direct message or a
// message shortcut.
//
// Every envelope is acknowledged in one place, receive, before any work, and
// nothing is done for somebody who may not ask: see admit. Everything that is
// said goes through prepare, which knows who will read it. What needs time then
// runs in a bounded pool and is answered through the response URL, or in the
// thread. What a button needs is in its value, so that any replica can handle
// any button, also after a restart; what else must survive one is in the store.
// What is only in memory saves work.
package bot
