package world

import _ "embed"

//go:embed demo.txtar
var demo []byte

// Demo is the world of "acmbot demo": a company whose certificates show most
// of what there is to see. It panics if the file is not well-formed, which a
// test makes sure of.
func Demo() *World {
	w, err := Parse("demo.txtar", demo)
	if err != nil {
		panic(err)
	}
	return w
}
