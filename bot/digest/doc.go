// Package digest decides what is told to whom, when, and once: which
// certificates are due or in trouble, which channel they belong to, when its
// digest is due, and that no digest is posted twice or never.
//
// It does not know Slack. What it makes is a Digest, a value that package view
// turns into a message and `acmbot digest` into lines or JSON.
package digest
