//go:build !unix

package main

// guardMemory has nothing to do where no core is dumped.
func guardMemory() {}
