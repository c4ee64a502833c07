package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestLicences(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := Main(t.Context(), []string{"licences"}, strings.NewReader(""), &stdout, &stderr); status != exitOK {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	for _, want := range []string{"\nGo's standard library: BSD-3-Clause", "\ngithub.com/slack-go/slack v", "\nreact ", "Redistribution and use in source and binary forms"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("there is no %q", want)
		}
	}
	if status := Main(t.Context(), []string{"licences", "MIT"}, strings.NewReader(""), &stdout, &stderr); status != exitUsage {
		t.Errorf("with an argument: status %d", status)
	}
}
