package inventory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose"
	"github.com/acmbot/acmbot/diagnose/inventory"
	"github.com/acmbot/acmbot/diagnose/world/awsapi"
)

func TestTags(t *testing.T) {
	api, options := start(t, dublin)
	addRole(api, &options, spoke)
	mine := addCertificate(api, hub, dublin, "mine", "a.example.com")
	addCertificate(api, spoke, dublin, "theirs", "b.example.com")
	api.Update(func(s *awsapi.State) {
		mine.Tags = map[string]string{"team": "shop"}
		s.Account(spoke).Region(dublin).Deny = []string{"acm:ListTagsForCertificate"}
	})
	i := inventory.New(options)
	list, _ := i.List(t.Context())
	if len(list) != 2 || list[0].NotBefore.IsZero() {
		t.Fatalf("listed %+v", list)
	}
	tags, unseen := i.Tags(t.Context(), refsOf(list))
	if diff := cmp.Diff(map[string]map[string]string{mine.ARN: {"team": "shop"}}, tags); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{spoke + "/" + dublin + " access-denied acm:ListTagsForCertificate"}, obstacles(unseen)); diff != "" {
		t.Errorf("obstacles (-want +got):\n%s", diff)
	}
}

func refsOf(list []diagnose.Listed) []diagnose.CertificateRef {
	var refs []diagnose.CertificateRef
	for _, s := range list {
		refs = append(refs, s.CertificateRef)
	}
	return refs
}
