package world

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecordLooksLikeOneOfACMs(t *testing.T) {
	r := Record("111122223333", "*.example.com")
	if !regexp.MustCompile(`^_[0-9a-f]{32}\.example\.com$`).MatchString(r.Name) {
		t.Errorf("name %q", r.Name)
	}
	if !regexp.MustCompile(`^_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws$`).MatchString(r.Value) {
		t.Errorf("value %q", r.Value)
	}
	if diff := cmp.Diff(Record("111122223333", "example.com"), r); diff != "" {
		t.Errorf("a wildcard's record is not its parent's (-want +got):\n%s", diff)
	}
	if Record("222233334444", "example.com") == r {
		t.Error("two accounts have one record")
	}
}

func TestExpand(t *testing.T) {
	r := Record(home, "a.example")
	other := Record("222233334444", "a.example")
	tests := []struct{ text, want string }{
		{"nothing @ here", "nothing @ here"},
		{"@acm(a.example)", r.Name + ". CNAME " + r.Value + "."},
		{"@acm( a.example , 222233334444 )", other.Name + ". CNAME " + other.Value + "."},
		{"@acm.name(a.example). TXT", r.Name + ". TXT"},
		{"@acm.value(a.example)", r.Value},
		{"@acm.token(a.example)", r.Name[1:33]},
		{"@acm.target(a.example)", r.Value[1:]},
		{"@acm.from(a.example)", "http://a.example/.well-known/pki-validation/" + r.Name[1:33] + ".txt"},
		{"@acm.path(a.example)", "/.well-known/pki-validation/" + r.Name[1:33] + ".txt"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, err := expand(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("expanded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCount(t *testing.T) {
	tests := map[string][]string{
		"a.example":           {"a.example"},
		"t{8..10}.example":    {"t8.example", "t9.example", "t10.example"},
		"t{08..10}.example":   {"t08.example", "t09.example", "t10.example"},
		"t{2..1}.example":     nil,
		"t{1..99999}.example": {"t{1..99999}.example"},
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			if diff := cmp.Diff(want, count(text)); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
		})
	}
}
