package deploy

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmbot/acmbot/diagnose/fix"
)

// fixPolicies are the files, and the fixes that each is for.
var fixPolicies = map[string][]fix.Kind{
	"iam/fix-route53-cname.json":     {fix.AddCNAME, fix.PublishSwitchRecords},
	"iam/fix-route53-caa.json":       {fix.AddCAA},
	"iam/fix-acm-resend-email.json":  {fix.ResendEmail},
	"iam/fix-acm-switch-to-dns.json": {fix.SwitchToDNS},
	"iam/fix-acm-renew-private.json": {fix.RenewPrivate},
}

// What a fix calls, its file allows, and nothing else; every fix has a file,
// and every file a fix.
func TestFixPoliciesMatchTheProgram(t *testing.T) {
	paths, err := filepath.Glob("iam/fix-*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if fixPolicies[path] == nil {
			t.Errorf("%s is for no fix", path)
		}
	}
	covered := map[fix.Kind]bool{}
	for path, kinds := range fixPolicies {
		allowed := read(t, path).actions()
		for _, k := range kinds {
			covered[k] = true
			var called []string
			for _, p := range k.Permissions() {
				called = append(called, p.Action)
			}
			slices.Sort(called)
			if diff := cmp.Diff(called, allowed); diff != "" {
				t.Errorf("%s for %s (-calls, +allowed):\n%s", path, k, diff)
			}
		}
	}
	for _, k := range fix.Kinds() {
		if !covered[k] {
			t.Errorf("no file is for %s", k)
		}
	}
}

// ForAllValues holds where a key is missing altogether, so every such key must
// be required as well ("Single-valued vs. multivalued context keys", IAM User
// Guide,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html);
// and deleting is never allowed.
func TestRecordsAreWrittenUnderConditions(t *testing.T) {
	const actions = "route53:ChangeResourceRecordSetsActions"
	keys := []string{actions, "route53:ChangeResourceRecordSetsNormalizedRecordNames", "route53:ChangeResourceRecordSetsRecordTypes"}
	for _, path := range []string{"iam/fix-route53-cname.json", "iam/fix-route53-caa.json"} {
		for _, s := range read(t, path).Statement {
			if !slices.Contains(s.Action, "route53:ChangeResourceRecordSets") {
				continue
			}
			for _, key := range keys {
				restricted := s.Condition["ForAllValues:StringEquals"][key] != nil || s.Condition["ForAllValues:StringLike"][key] != nil
				if !restricted || !slices.Equal(s.Condition["Null"][key], []string{"false"}) {
					t.Errorf("%s: %s is not restricted, or may be missing", path, key)
				}
			}
			if slices.Contains(s.Condition["ForAllValues:StringEquals"][actions], "DELETE") {
				t.Errorf("%s: allows to delete", path)
			}
		}
	}
}
