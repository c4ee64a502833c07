package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	mit = `Copyright (c) 2020 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`
	gpl = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.

This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details.

You should have received a copy of the GNU General Public License along with this program. If not, see <https://www.gnu.org/licenses/>.
`
)

func TestKindsOf(t *testing.T) {
	for _, test := range []struct {
		name  string
		texts []string
		want  string // the kinds, or the error
	}{
		{"known", []string{mit}, "MIT"},
		{"with a notice", []string{mit, "NOTICE\nThis has parts of others."}, "MIT"},
		{"another kind", []string{gpl}, "example.com/m v1.0.0 is under GPL-3.0-or-later, which was not agreed to"},
		{"two, one of another kind", []string{mit, gpl}, "example.com/m v1.0.0 is under GPL-3.0-or-later, which was not agreed to"},
		{"none", nil, "example.com/m v1.0.0 has no licence that is known"},
		{"of its own", []string{"You may use this on Tuesdays."}, "example.com/m v1.0.0 has no licence that is known"},
		{"only a part is known", []string{mit + strings.Repeat("\nBut not on Wednesdays, and never for money, nor in the dark.", 40)}, "of a text are of MIT; the rest is not known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			kinds, err := kindsOf(part{name: "example.com/m", version: "v1.0.0", texts: test.texts})
			got := strings.Join(kinds, ", ")
			if err != nil {
				got = err.Error()
			}
			if !strings.HasSuffix(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCompose(t *testing.T) {
	other := strings.Replace(mit, "Somebody", "Somebody else", 1)
	text, err := compose([]part{
		{name: "a", version: "v1.0.0", texts: []string{mit}},
		{name: "b", version: "v2.0.0", texts: []string{other}},
		{name: "c", texts: []string{strings.ReplaceAll(mit, "\n", " \r\n")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\na v1.0.0: MIT\nb v2.0.0: MIT\nc: MIT\n", "\na v1.0.0\nc\n---", "\nb v2.0.0\n---"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "Permission is hereby granted"); n != 2 {
		t.Errorf("the text is there %d times", n)
	}
	if _, err := compose([]part{{name: "a", texts: []string{mit}}, {name: "b"}, {name: "c", texts: []string{gpl}}}); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("not both of what is wrong: %v", err)
	}
}

func TestBundled(t *testing.T) {
	parts, err := bundled("# Licenses\n\n## @a/b - 1.2.3 (MIT)\n\ntext of b\n\n## c - 4.5.6 (ISC)\n\ntext of c\n")
	if err != nil || len(parts) != 2 {
		t.Fatalf("%v, %v", parts, err)
	}
	if diff := cmp.Diff("@a/b 1.2.3 text of b c 4.5.6 text of c", strings.Join([]string{parts[0].String(), clean(parts[0].texts[0]), parts[1].String(), clean(parts[1].texts[0])}, " ")); diff != "" {
		t.Error(diff)
	}
	if _, err := bundled("# Licenses\n"); err == nil {
		t.Error("a page without packages passes")
	}
}

// What is linked is found, with the licences of copied code deep in modules.
func TestLinked(t *testing.T) {
	parts, err := linked("../../..")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]int{}
	for _, p := range parts {
		names[p.name] = len(p.texts)
	}
	for _, want := range []string{"Go's standard library", "github.com/slack-go/slack", "go.etcd.io/bbolt"} {
		if names[want] == 0 {
			t.Errorf("%s, or its licence, is missing in %v", want, names)
		}
	}
	if names["github.com/aws/aws-sdk-go-v2"] < 3 {
		t.Errorf("of the AWS SDK there are %d texts: its copy of singleflight has one of its own", names["github.com/aws/aws-sdk-go-v2"])
	}
	for name := range names {
		if strings.Contains(name, "chromedp") || strings.Contains(name, "go-cmp") {
			t.Errorf("%s is in tests only", name)
		}
	}
}

// What has changed is named.
func TestDifference(t *testing.T) {
	got := difference("same\na v1: MIT\n", "same\na v2: MIT\nb v1: ISC\n")
	if want := "- a v1: MIT\n+ a v2: MIT\n+ b v1: ISC\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
