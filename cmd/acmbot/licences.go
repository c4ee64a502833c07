package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"io"
)

// licences names what is in the program and has its licences, which ask to be
// passed on with it. .ci/licences -update writes it.
//
//go:embed licences.txt
var licences string

func runLicences(_ context.Context, c *console, args []string) error {
	flags := flag.NewFlagSet("licences", flag.ContinueOnError)
	others, err := c.parseFlags(flags, args, "usage: acmbot licences\n\nPrints what is in this program, and the licences of it.\n")
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return usageErrorf("licences takes no arguments")
	}
	if _, err := io.WriteString(c.stdout, licences); err != nil {
		return fmt.Errorf("writing the licences: %w", err)
	}
	return nil
}
