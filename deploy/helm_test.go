package deploy

import (
	"bytes"
	"os"
	"testing"
)

// A chart reads no file outside it, so it has copies.
func TestChartHasTheMonitoring(t *testing.T) {
	for _, name := range []string{"alerts.yml", "dashboard.json"} {
		want, err := os.ReadFile("monitoring/" + name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile("helm/acmbot/files/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("the chart's %s is not that of deploy/monitoring: cp deploy/monitoring/%s deploy/helm/acmbot/files/", name, name)
		}
	}
}

// Who may take the role: the pods of one account in one namespace, and nobody
// else of the cluster.
func TestTrustOfPods(t *testing.T) {
	for path, want := range map[string]struct {
		principal, action string
		conditions        map[string]string
	}{
		"helm/trust-pod-identity.json": {"Service", "sts:AssumeRole", map[string]string{
			"aws:RequestTag/kubernetes-namespace": "acmbot", "aws:RequestTag/kubernetes-service-account": "acmbot",
		}},
		"helm/trust-irsa.json": {"Federated", "sts:AssumeRoleWithWebIdentity", map[string]string{
			"oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E:sub": "system:serviceaccount:acmbot:acmbot",
			"oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E:aud": "sts.amazonaws.com",
		}},
	} {
		p := read(t, path)
		if len(p.Statement) != 1 {
			t.Fatalf("%s has %d statements", path, len(p.Statement))
		}
		s := p.Statement[0]
		if len(s.Principal[want.principal]) != 1 || s.Action[0] != want.action || len(s.Condition["StringEquals"]) != len(want.conditions) {
			t.Errorf("%s: %+v", path, s)
		}
		for key, value := range want.conditions {
			if got := s.Condition["StringEquals"][key]; len(got) != 1 || got[0] != value {
				t.Errorf("%s: %s is %q, want %q", path, key, got, value)
			}
		}
	}
}
