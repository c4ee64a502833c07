package manifests

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	root  = "../../.."
	chart = root + "/deploy/helm/acmbot"
	// kubeVersion is what the chart is rendered for. A helm built from its
	// module believes in an old one.
	kubeVersion = "1.34.0"
)

// tool is a program that .ci/helm builds.
func tool(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: run .ci/helm, which builds what this test needs", variable)
	}
	return path
}

// render is `helm template`.
func render(t *testing.T, chart string, args ...string) ([]byte, error) {
	t.Helper()
	command := exec.Command(tool(t, "HELM"), append([]string{"template", "prod", chart, "--namespace", "acmbot", "--kube-version", kubeVersion}, args...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, errors.New(stderr.String())
	}
	return out, nil
}

// around is what the program reads and answers.
func around(t *testing.T, outside ...string) Surroundings {
	t.Helper()
	help, err := exec.Command(tool(t, "ACMBOT"), "run", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	s := Surroundings{Outside: outside}
	for _, line := range regexp.MustCompile(`(?m)^  ([A-Z][A-Z0-9_]+(?:, [A-Z][A-Z0-9_]+)*)`).FindAllStringSubmatch(string(help), -1) {
		s.Settings = append(s.Settings, strings.Split(line[1], ", ")...)
	}
	sources, err := filepath.Glob(root + "/cmd/acmbot/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sources {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, match := range regexp.MustCompile(`"GET (/[a-z]+)"`).FindAllSubmatch(text, -1) {
			s.Paths = append(s.Paths, string(match[1]))
		}
	}
	if !slices.Contains(s.Settings, "ACMBOT_REGIONS") || !slices.Contains(s.Settings, "ACMBOT_LOG_LEVEL") || !slices.Contains(s.Paths, "/metrics") {
		t.Fatalf("the program's settings %q and paths %q were not found", s.Settings, s.Paths)
	}
	return s
}

// outside are the objects that a values file says are there already.
var outside = map[string][]string{
	"minimal":      {"Secret/acmbot-slack"},
	"irsa":         {"Secret/acmbot-slack"},
	"pod-identity": {"Secret/acmbot-slack", "ServiceAccount/acmbot"},
	"keys":         {"Secret/acmbot-slack", "Secret/acmbot-aws"},
	"everything":   {"Secret/acmbot-slack", "Secret/acmbot-external-id"},
}

func get[T meta.Object](t *testing.T, objects []meta.Object, name string) T {
	t.Helper()
	for _, o := range objects {
		if is, ok := o.(T); ok && o.GetName() == name {
			return is
		}
	}
	var none T
	t.Fatalf("there is no %T %s", none, name)
	return none
}

func TestChart(t *testing.T) {
	files, err := filepath.Glob(chart + "/ci/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("there are %d values files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			lint := exec.Command(tool(t, "HELM"), "lint", "--strict", "--quiet", "--kube-version", kubeVersion, "--values", file, chart)
			if out, err := lint.CombinedOutput(); err != nil {
				t.Errorf("helm lint: %v\n%s", err, out)
			}
			out, err := render(t, chart, "--values", file)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := Decode(out)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range Check(objects, around(t, outside[name]...)) {
				t.Error(line)
			}
			var got []string
			for _, o := range objects {
				got = append(got, kindOf(o)+"/"+o.GetName())
			}
			slices.Sort(got)
			if diff := cmp.Diff(released[name], got); diff != "" {
				t.Errorf("mismatch (-want, +got):\n%s", diff)
			}
		})
	}
}

// released are the objects that each values file makes.
var released = map[string][]string{
	"minimal": {
		"Deployment/prod-acmbot", "NetworkPolicy/prod-acmbot", "PersistentVolumeClaim/prod-acmbot-state", "Pod/prod-acmbot-doctor",
		"Service/prod-acmbot-metrics", "ServiceAccount/prod-acmbot",
	},
	"dynamodb": {
		"Deployment/prod-acmbot", "NetworkPolicy/prod-acmbot", "Pod/prod-acmbot-doctor", "PodDisruptionBudget/prod-acmbot",
		"Secret/prod-acmbot-slack", "Service/prod-acmbot-metrics", "ServiceAccount/prod-acmbot",
	},
	"irsa": {
		"Deployment/prod-acmbot", "NetworkPolicy/prod-acmbot", "Pod/prod-acmbot-doctor", "PodDisruptionBudget/prod-acmbot",
		"Service/prod-acmbot-metrics", "ServiceAccount/prod-acmbot",
	},
	"pod-identity": {
		"Deployment/prod-acmbot", "NetworkPolicy/prod-acmbot", "Pod/prod-acmbot-doctor", "PodDisruptionBudget/prod-acmbot",
		"Service/prod-acmbot-metrics",
	},
	"references": {
		"Deployment/prod-acmbot", "NetworkPolicy/prod-acmbot", "Pod/prod-acmbot-doctor", "PodDisruptionBudget/prod-acmbot",
		"Service/prod-acmbot-metrics", "ServiceAccount/prod-acmbot",
	},
	"keys": {"Deployment/prod-acmbot", "Pod/prod-acmbot-doctor", "ServiceAccount/prod-acmbot"},
	"everything": {
		"ConfigMap/certificates-dashboard", "Deployment/certificates", "NetworkPolicy/certificates", "Pod/certificates-doctor",
		"PodDisruptionBudget/certificates", "PrometheusRule/certificates", "Service/certificates-metrics",
		"ServiceAccount/certificates", "ServiceMonitor/certificates",
	},
}

func decoded(t *testing.T, args ...string) []meta.Object {
	t.Helper()
	out, err := render(t, chart, args...)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := Decode(out)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func values(name string) string { return "--values=" + chart + "/ci/" + name + ".yaml" }

func TestIdentity(t *testing.T) {
	account := get[*core.ServiceAccount](t, decoded(t, values("irsa")), "prod-acmbot")
	if got := account.Annotations["eks.amazonaws.com/role-arn"]; got != "arn:aws:iam::111122223333:role/acmbot" {
		t.Errorf("the role is %q", got)
	}
	account = get[*core.ServiceAccount](t, decoded(t, values("dynamodb")), "prod-acmbot")
	if len(account.Annotations) != 0 {
		t.Errorf("annotations without a role: %q", account.Annotations)
	}
}

func TestCopies(t *testing.T) {
	for _, test := range []struct {
		values string
		args   []string
		copies int32
		state  string
	}{
		{"minimal", nil, 1, "/state/state.db"},
		{"dynamodb", nil, 2, "dynamodb:acmbot"},
		{"dynamodb", []string{"--set=replicas=1"}, 1, "dynamodb:acmbot"},
		{"dynamodb", []string{"--set=replicas=0"}, 0, "dynamodb:acmbot"},
		{"keys", nil, 1, "memory"},
	} {
		d := get[*apps.Deployment](t, decoded(t, append(test.args, values(test.values))...), "prod-acmbot")
		env := map[string]string{}
		for _, e := range d.Spec.Template.Spec.Containers[0].Env {
			env[e.Name] = e.Value
		}
		if *d.Spec.Replicas != test.copies || env["ACMBOT_STATE"] != test.state {
			t.Errorf("%s %q: %d copies with the state in %s", test.values, test.args, *d.Spec.Replicas, env["ACMBOT_STATE"])
		}
	}
}

func TestSettingsReachTheProgram(t *testing.T) {
	d := get[*apps.Deployment](t, decoded(t, values("everything")), "certificates")
	got := map[string]string{}
	for _, e := range d.Spec.Template.Spec.Containers[0].Env {
		got[e.Name] = e.Value
	}
	for name, want := range map[string]string{
		"ACMBOT_REGIONS":         "eu-central-1,us-east-1",
		"ACMBOT_WORKERS":         "16",
		"ACMBOT_DIGEST_WEEKDAYS": "true",
		"ACMBOT_DIGEST_ROUTES":   "tag:team=shop => C0SHOP12345 @S0SHOPONCALL,domain:example.net => C0NET123456",
		"ACMBOT_HEALTH_LISTEN":   ":9090",
		"ACMBOT_LOG_FORMAT":      "json",
		"GOMEMLIMIT":             "966367641",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

// New tokens reach the program in its pods, which stay.
func TestTokens(t *testing.T) {
	pods := func(args ...string) core.PodTemplateSpec {
		return get[*apps.Deployment](t, decoded(t, args...), "prod-acmbot").Spec.Template
	}
	one, other := pods(values("dynamodb"), "--set=slack.botToken=xoxb-1"), pods(values("dynamodb"), "--set=slack.botToken=xoxb-2")
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("the pods change with the tokens:\n%s", diff)
	}
	for _, test := range []struct {
		values string
		want   string // the two settings, and the keys of the files they name
	}{
		{"minimal", "file:/slack/bot-token file:/slack/app-token SLACK_BOT_TOKEN SLACK_APP_TOKEN"},
		{"irsa", "file:/slack/bot-token file:/slack/app-token bot app"},
		{"references", "secretsmanager:acmbot/slack#bot arn:aws:ssm:eu-central-1:111122223333:parameter/acmbot/app-token"},
	} {
		spec := pods(values(test.values)).Spec
		var got, keys []string
		for _, e := range spec.Containers[0].Env[:2] {
			got = append(got, e.Value)
			path, isFile := strings.CutPrefix(e.Value, "file:")
			if !isFile {
				continue
			}
			mount := spec.Containers[0].VolumeMounts[0]
			for _, item := range spec.Volumes[0].Secret.Items {
				if mount.Name == spec.Volumes[0].Name && path == mount.MountPath+"/"+item.Path {
					keys = append(keys, item.Key)
				}
			}
		}
		if got = append(got, keys...); strings.Join(got, " ") != test.want {
			t.Errorf("%s: %q, want %q", test.values, got, test.want)
		}
	}
}

// The chart has copies of the alerts and of the dashboard: a chart reads no
// file outside it.
func TestMonitoringIsTheSame(t *testing.T) {
	objects := decoded(t, values("everything"))
	alerts, err := os.ReadFile(root + "/deploy/monitoring/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var want monitoring.PrometheusRuleSpec
	if err := yaml.UnmarshalStrict(alerts, &want); err != nil {
		t.Fatal(err)
	}
	rule := get[*monitoring.PrometheusRule](t, objects, "certificates")
	if diff := cmp.Diff(want, rule.Spec); diff != "" || len(want.Groups) == 0 {
		t.Errorf("deploy/helm/acmbot/files/alerts.yml is not deploy/monitoring/alerts.yml; copy it (-monitoring, +chart):\n%s", diff)
	}
	dashboard, err := os.ReadFile(root + "/deploy/monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	got := get[*core.ConfigMap](t, objects, "certificates-dashboard").Data["acmbot.json"]
	if strings.TrimSpace(got) != strings.TrimSpace(string(dashboard)) {
		t.Error("deploy/helm/acmbot/files/dashboard.json is not deploy/monitoring/dashboard.json; copy it")
	}
}

// What does not go together is refused, in a sentence that says what to do.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		values string
		set    string
		want   string
	}{
		{"minimal", "replicas=2", "replicas is 2, but the state is in a file, which one copy has at a time: set replicas to 1, or share a DynamoDB table with state.kind=dynamodb and state.table."},
		{"keys", "replicas=2", "replicas is 2, but the state is in memory"},
		{"dynamodb", "podDisruptionBudget.maxUnavailable=2", "podDisruptionBudget.maxUnavailable is 2, of 2 copies"},
		{"minimal", "state.kind=dynamodb", "state.table is not set"},
		{"minimal", "state.table=acmbot", "state.table is set, but state.kind is file"},
		{"dynamodb", "state.volume.existingClaim=mine", "state.volume.existingClaim is set, but state.kind is dynamodb"},
		{"minimal", "slack.existingSecret.name=", "the Slack app's tokens are not set"},
		{"minimal", `slack.botToken=xoxb-1,slack.appToken=xapp-1`, "the Slack app's tokens are set in several ways"},
		{"references", "slack.references.appToken=", "only one of slack.references.botToken and slack.references.appToken is set"},
		{"references", "slack.existingSecret.name=mine", "the Slack app's tokens are set in several ways"},
		{"references", "slack.references.appToken=xapp-1", "'xapp-1' does not match pattern"},
		{"dynamodb", "slack.appToken=", "only one of slack.botToken and slack.appToken is set"},
		{"irsa", "aws.roleArn=", "aws.roleArn is not set"},
		{"irsa", "serviceAccount.create=false,serviceAccount.name=mine", "serviceAccount.create is false"},
		{"minimal", "aws.roleArn=arn:aws:iam::111122223333:role/acmbot", "aws.roleArn is set, but aws.identity is podIdentity"},
		{"keys", "aws.existingSecret=", "aws.existingSecret is not set"},
		{"minimal", "aws.existingSecret=keys", "aws.existingSecret is set, but aws.identity is podIdentity"},
		{"minimal", "serviceAccount.create=false", "set serviceAccount.name"},
		{"minimal", "image.repository=", "image.repository is not set"},
		{"keys", "metrics.serviceMonitor.enabled=true", "needs metrics.service.enabled"},
		{"everything", "settings.ACMBOT_EXTERNAL_ID=x", "ACMBOT_EXTERNAL_ID is both in settings and in extraEnv"},
		{"minimal", "extraEnv[0].name=ACMBOT_STATE,extraEnv[0].value=memory", "extraEnv sets ACMBOT_STATE, which the chart sets itself"},

		// By the schema.
		{"minimal", "imgae.tag=1", "additional properties 'imgae' not allowed"},
		{"minimal", "image.tga=1", "additional properties 'tga' not allowed"},
		{"minimal", "settings.ACMBOT_REGION=eu-west-1", "additional properties 'ACMBOT_REGION' not allowed"},
		{"minimal", "settings.ACMBOT_STATE=memory", "additional properties 'ACMBOT_STATE' not allowed"},
		{"minimal", "state.kind=bolt", "value must be one of 'dynamodb', 'file', 'memory'"},
		{"dynamodb", "slack.botToken=xapp-1", "'xapp-1' does not match pattern"},
		{"minimal", "runAsUser=0", "minimum: got 0, want 1"},
		{"minimal", "port=80", "minimum: got 80, want 1,024"},
		{"minimal", "aws.region=Ireland", "'Ireland' does not match pattern"},
		{"dynamodb", "replicas=4", "maximum: got 4, want 3"},
		{"minimal", "terminationGracePeriodSeconds=5", "minimum: got 5, want 15"},
		{"minimal", "replicas=two", "got string, want null or integer"},
		{"minimal", "metrics.serviceMonitor.enabled=1", "got number, want boolean"},
	} {
		t.Run(test.values+" "+test.set, func(t *testing.T) {
			_, err := render(t, chart, values(test.values), "--set="+test.set)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// Every value has a description in the schema, and the schema names no value
// that is not there.
func TestSchemaIsWhatTheValuesAre(t *testing.T) {
	type schema struct {
		Description string             `json:"description"`
		Properties  map[string]*schema `json:"properties"`
		Additional  any                `json:"additionalProperties"`
	}
	text, err := os.ReadFile(chart + "/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var top schema
	if err := json.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	text, err = os.ReadFile(chart + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.UnmarshalStrict(text, &values); err != nil {
		t.Fatal(err)
	}
	delete(top.Properties, "global") // which Helm puts there
	var compare func(path string, s *schema, values map[string]any)
	compare = func(path string, s *schema, values map[string]any) {
		if s.Additional != false && path != "resources." {
			t.Errorf("%s: names that are not known are accepted", path)
		}
		for name := range values {
			if s.Properties[name] == nil {
				t.Errorf("%s%s is not in the schema", path, name)
			}
		}
		for name, property := range s.Properties {
			if property.Description == "" {
				t.Errorf("%s%s is not described", path, name)
			}
			value, ok := values[name]
			if !ok {
				if path+name != "resources.claims" {
					t.Errorf("%s%s has no default in values.yaml", path, name)
				}
				continue
			}
			if name != "settings" && property.Properties != nil {
				under, _ := value.(map[string]any)
				compare(path+name+".", property, under)
			}
		}
	}
	compare("", &top, values)
}

// Each of these mistakes in the chart is found.
func TestMistakesAreFound(t *testing.T) {
	surroundings := around(t, "Secret/acmbot-slack", "Secret/acmbot-external-id")
	for _, test := range []struct {
		file, old, new string
		values, want   string
	}{
		{"templates/deployment.yaml", "revisionHistoryLimit: 5", "revisionsHistoryLimit: 5", "minimal", `unknown field "spec.revisionsHistoryLimit"`},
		{"templates/_helpers.tpl", "readOnlyRootFilesystem: true", "readonlyRootFilesystem: true", "minimal", "unknown field"},
		{"templates/deployment.yaml", "enableServiceLinks: false", `enableServiceLinks: "no"`, "minimal", "cannot unmarshal string"},
		{"templates/deployment.yaml", "enableServiceLinks: false", "enableServiceLinks: false\n      enableServiceLinks: true", "minimal", "already"},
		{"templates/deployment.yaml", "apiVersion: apps/v1", "apiVersion: apps/v1beta1", "minimal", "there is no apps/v1beta1 Deployment"},
		{"templates/deployment.yaml", "path: /readyz", "path: /ready", "minimal", "/ready, which the program does not answer"},
		{"templates/deployment.yaml", "path: /livez\n              port: metrics\n            periodSeconds: 10", "path: /healthz\n              port: metrics\n            periodSeconds: 10", "minimal", "an outage of Slack would restart the bot"},
		{"templates/deployment.yaml", "- name: metrics\n              containerPort", "- name: http\n              containerPort", "minimal", "port metrics is none of the container's"},
		{"templates/deployment.yaml", "mountPath: /state", "mountPath: /state\n            - name: cache\n              mountPath: /cache", "minimal", "there is no volume cache"},
		{"templates/deployment.yaml", "type: Recreate", "type: RollingUpdate", "minimal", "share a volume"},
		{"templates/_helpers.tpl", "runAsNonRoot: true", "runAsNonRoot: false", "minimal", "is not restricted: runAsNonRoot != true"},
		{"templates/_helpers.tpl", "    - ALL", "    - NET_RAW", "minimal", "unrestricted capabilities"},
		{"templates/_helpers.tpl", "readOnlyRootFilesystem: true\n", "", "minimal", "the root file system can be written to"},
		{"templates/_helpers.tpl", "name: ACMBOT_LOG_FORMAT", "name: ACMBOT_LOGFORMAT", "minimal", "ACMBOT_LOGFORMAT is none of the program's settings"},
		{"templates/secret.yaml", `include "acmbot.secretName" .`, `include "acmbot.fullname" .`, "dynamodb", "there is no secret prod-acmbot-slack"},
		{"templates/_helpers.tpl", "mountPath: /slack", "mountPath: /tokens", "minimal", "SLACK_BOT_TOKEN is in the file /slack/bot-token, which nothing mounts"},
		{"templates/_helpers.tpl", "path: app-token", "path: app", "minimal", "SLACK_APP_TOKEN is in the file /slack/app-token, which nothing mounts"},
		{"templates/secret.yaml", ".Values.slack.existingSecret.appTokenKey }}:", ".Values.slack.existingSecret.botTokenKey }}2:", "dynamodb", "has no SLACK_APP_TOKEN"},
		{"templates/_helpers.tpl", "9) 10", "10) 10", "minimal", "GOMEMLIMIT is"},
		{"templates/pvc.yaml", `include "acmbot.claimName" .`, `include "acmbot.fullname" .`, "minimal", "there is no claim prod-acmbot-state"},
		{"templates/serviceaccount.yaml", `name: {{ include "acmbot.serviceAccountName" . }}`, "name: acmbot", "minimal", `there is no service account "prod-acmbot"`},
		{"templates/deployment.yaml", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "minimal", "gets a token for Kubernetes"},
		{"templates/service.yaml", "targetPort: metrics", "targetPort: http", "minimal", "does not lead to one of the pods'"},
		{"templates/service.yaml", `include "acmbot.botSelector"`, `include "acmbot.selector"`, "minimal", "Service/prod-acmbot-metrics: it does not select the bot's pods alone"},
		{"templates/poddisruptionbudget.yaml", `include "acmbot.botSelector"`, `include "acmbot.labels"`, "dynamodb", "PodDisruptionBudget/prod-acmbot: it does not select the bot's pods alone"},
		{"templates/deployment.yaml", `include "acmbot.botSelector" . | nindent 6`, `include "acmbot.selector" . | nindent 6`, "minimal", "Deployment/prod-acmbot: it does not select the bot's pods alone"},
		{"templates/poddisruptionbudget.yaml", "(gt (int (include \"acmbot.replicas\" .)) 1)", "true", "minimal", "no node with a copy on it can be drained"},
		{"templates/poddisruptionbudget.yaml", "maxUnavailable: {{ .Values.podDisruptionBudget.maxUnavailable }}", "maxUnavailable: 2", "dynamodb", "all copies can be drained at once"},
		{"templates/deployment.yaml", "maxSurge: 1", "maxSurge: 50%", "everything", "5 copies at a time have more connections than Slack allows"},
		{"templates/deployment.yaml", "terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}", "terminationGracePeriodSeconds: 10", "minimal", "killed before it has ended"},
		{"templates/networkpolicy.yaml", "- port: 53\n          protocol: TCP", "- port: 5353\n          protocol: TCP", "minimal", "it does not let the bot out to TCP 53 anywhere"},
		{"templates/networkpolicy.yaml", "cidr: 0.0.0.0/0", "cidr: 10.0.0.0/8", "minimal", "it does not let the bot out to TCP 443 anywhere"},
		{"templates/networkpolicy.yaml", "- Ingress\n", "", "minimal", "it does not govern Ingress"},
		{"templates/networkpolicy.yaml", `include "acmbot.selector"`, `include "acmbot.botSelector"`, "minimal", "it does not select the pods of Pod/prod-acmbot-doctor"},
		{"templates/networkpolicy.yaml", "- port: metrics", "- port: 22", "minimal", "lets in more than readers of the metrics"},
		{"templates/servicemonitor.yaml", "replacement: acmbot", "replacement: bot", "everything", `the job is "bot"`},
		{"templates/servicemonitor.yaml", "- port: metrics", "- port: web", "everything", "the service has no port web"},
		{"templates/servicemonitor.yaml", "component: metrics", "component: bot", "everything", "it selects no service"},
		{"templates/servicemonitor.yaml", "targetLabel: job", "target_label: job", "everything", "unknown field"},
		{"files/alerts.yml", "severity: page", "severity: [page]", "everything", "cannot unmarshal"},
	} {
		t.Run(test.want, func(t *testing.T) {
			copied := t.TempDir()
			if err := os.CopyFS(copied, os.DirFS(chart)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(copied, test.file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(text, []byte(test.old)) {
				t.Fatalf("%s has no %q", test.file, test.old)
			}
			if err := os.WriteFile(path, bytes.Replace(text, []byte(test.old), []byte(test.new), 1), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := render(t, copied, values(test.values))
			var objects []meta.Object
			if err == nil {
				objects, err = Decode(out)
			}
			found := Check(objects, surroundings)
			if err != nil {
				found = []string{err.Error()}
			}
			if !strings.Contains(strings.Join(found, "\n"), test.want) {
				t.Errorf("found %q, want %q", found, test.want)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(chart, "charts")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the chart has others in it, which are not checked")
	}
}

// What Helm prints after an installation, which helm template does not: it is
// rendered as a ConfigMap here.
func TestNotes(t *testing.T) {
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	notes, err := os.ReadFile(chart + "/templates/NOTES.txt")
	if err != nil {
		t.Fatal(err)
	}
	const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: notes\n  namespace: x\ndata:\n  notes: {{ tpl (.Files.Get \"notes.txt\") . | toJson }}\n"
	for name, text := range map[string]string{"notes.txt": string(notes), "templates/notes.yaml": configMap} {
		if err := os.WriteFile(filepath.Join(copied, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		values    string
		want, not []string
	}{
		{"minimal", []string{"acmbot is being started: 1 copy, with the state in the volume prod-acmbot-state.", "helm test prod --namespace acmbot --logs", "--service-account prod-acmbot --role-arn", "/acm why shop.example.com"}, nil},
		{"irsa", []string{"2 copies, with the state in the DynamoDB table arn:aws:dynamodb:eu-central-1:111122223333:table/acmbot."}, []string{"create-pod-identity-association"}},
		{"keys", []string{"1 copy, with the state in memory: a restart forgets watches and snoozes."}, []string{"create-pod-identity-association"}},
		{"everything", []string{"3 copies", "deployment/certificates", "/cert why shop.example.com"}, []string{"create-pod-identity-association"}},
	} {
		out, err := render(t, copied, values(test.values))
		if err != nil {
			t.Fatal(err)
		}
		objects, err := Decode(out)
		if err != nil {
			t.Fatal(err)
		}
		got := get[*core.ConfigMap](t, objects, "notes").Data["notes"]
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: there is no %q in\n%s", test.values, want, got)
			}
		}
		for _, not := range append(test.not, "<no value>", "<nil>", "%!") {
			if strings.Contains(got, not) {
				t.Errorf("%s: there is %q in\n%s", test.values, not, got)
			}
		}
	}
}
