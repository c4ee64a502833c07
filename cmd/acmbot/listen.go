package main

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// listenTrouble says in words why an address cannot be listened on.
func listenTrouble(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program has that port"
	case errors.Is(err, os.ErrPermission):
		return "this user may not use that port; those from 1024 up are free to all"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this machine does not have that address"
	default:
		return "there is no such address"
	}
}

// loopbackOnly reports whether an address to listen on can be reached from
// this machine only.
func loopbackOnly(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
