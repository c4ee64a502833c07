package main

import (
	"os/signal"
	"syscall"
)

// outliveReaders keeps a program that runs for long from ending where whoever
// read its log has gone: a write to standard error then fails, and is lost,
// where it would otherwise raise SIGPIPE ("SIGPIPE", package os/signal,
// https://pkg.go.dev/os/signal#hdr-SIGPIPE).
func outliveReaders() { signal.Ignore(syscall.SIGPIPE) }
