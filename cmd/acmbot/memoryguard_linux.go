package main

import "golang.org/x/sys/unix"

// guardMemory keeps the secrets in the program's memory in there: no core is
// dumped when it crashes, and other processes of the same user can neither
// attach to it nor read its memory or its environment ("prctl(2)",
// PR_SET_DUMPABLE,
// https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html; "core(5)",
// https://man7.org/linux/man-pages/man5/core.5.html). A system that does not
// allow that is no worse than before.
func guardMemory() {
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
