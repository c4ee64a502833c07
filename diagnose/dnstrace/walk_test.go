package dnstrace

import "testing"

func TestRegistrable(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		".": "", "com.": "", "co.uk.": "", "example.com.": "example.com.", "_x.a.b.example.com.": "example.com.",
		"a.example.co.uk.": "example.co.uk.", "example.test.": "example.test.",
		// Private suffixes are no cuts: github.io is an ordinary domain in io.
		"a.b.github.io.": "github.io.", "x.s3.amazonaws.com.": "amazonaws.com.",
		// Every name in ck is a suffix, except for www.ck.
		"foo.ck.": "", "a.foo.ck.": "a.foo.ck.", "www.ck.": "www.ck.",
	} {
		if got := registrable(name); got != want {
			t.Errorf("registrable(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestLastLabels(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		n    int
		want string
	}{
		{"a.b.c.", 0, "."}, {"a.b.c.", 1, "c."}, {"a.b.c.", 2, "b.c."}, {"a.b.c.", 3, "a.b.c."}, {"a.b.c.", 9, "a.b.c."},
		{`a\.b.c.`, 1, "c."}, {`a\.b.c.`, 2, `a\.b.c.`}, {".", 1, "."}, {".", 0, "."}, {"a.", -1, "."},
	}
	for _, test := range tests {
		if got := lastLabels(test.name, test.n); got != test.want {
			t.Errorf("lastLabels(%q, %d) = %q, want %q", test.name, test.n, got, test.want)
		}
	}
	for name, want := range map[string]string{"a.b.": "b.", "b.": ".", ".": ".", `x\.y.b.`: "b."} {
		if got := parentOf(name); got != want {
			t.Errorf("parentOf(%q) = %q, want %q", name, got, want)
		}
	}
}
