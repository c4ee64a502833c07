//go:build unix && !linux

package main

import "golang.org/x/sys/unix"

// guardMemory lets no core be dumped when the program crashes: there are secrets
// in its memory.
func guardMemory() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
