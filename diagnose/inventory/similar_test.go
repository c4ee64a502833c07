package inventory

import "testing"

func TestDamerau(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"abc", "abc", 0},
		{"", "abc", 3},
		{"example.com", "exmaple.com", 1},
		{"example.com", "examples.com", 1},
		{"example.com", "exampl.com", 1},
		{"example.com", "exanple.com", 1},
		{"kitten", "sitting", 3},
	} {
		if got := damerau(test.a, test.b); got != test.want {
			t.Errorf("%s and %s: %d, want %d", test.a, test.b, got, test.want)
		}
		if got := damerau(test.b, test.a); got != test.want {
			t.Errorf("%s and %s: %d, want %d", test.b, test.a, got, test.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		asked  string
		nearer string // than
		other  string // which may have nothing to do with it
	}{
		{"shop.example.com", "shop.exmaple.com", "blog.example.com"},
		{"a.shop.example.com", "*.shop.example.com", "blog.example.com"},
		{"shop.example.co.uk", "blog.example.co.uk", "example.com"},
		{"shop.example.co.uk", "example.co.uk", "other.co.uk"},
	} {
		near, ok := distance(test.asked, test.nearer)
		if !ok {
			t.Errorf("%s has nothing to do with %s", test.nearer, test.asked)
			continue
		}
		if far, ok := distance(test.asked, test.other); ok && far <= near {
			t.Errorf("%s is at %d from %s, %s at %d", test.nearer, near, test.asked, test.other, far)
		}
	}
	if _, ok := distance("shop.example.co.uk", "other.co.uk"); ok {
		t.Error("names under the same public suffix are not related")
	}
}
