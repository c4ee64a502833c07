package manifests

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	admission "k8s.io/pod-security-admission/api"
	security "k8s.io/pod-security-admission/policy"
)

// Surroundings are what a release finds in its cluster and in the program.
type Surroundings struct {
	// Settings are the names of the environment variables that the program
	// reads.
	Settings []string
	// Paths are the paths that its health server answers.
	Paths []string
	// Outside are names of objects that are not the chart's: kind/name.
	Outside []string
}

// A checker looks at the objects of one release.
type checker struct {
	Surroundings
	objects []meta.Object
	wrong   []string
}

// Check says what is wrong with the objects of a release, one line each.
func Check(objects []meta.Object, around Surroundings) []string {
	c := &checker{Surroundings: around, objects: objects}
	seen := map[string]bool{}
	for _, o := range objects {
		name := fmt.Sprintf("%s/%s", kindOf(o), o.GetName())
		if seen[name] {
			c.say("%s is there twice", name)
		}
		seen[name] = true
		for _, problem := range validation.IsDNS1123Subdomain(o.GetName()) {
			c.say("%s: %s", name, problem)
		}
		if o.GetNamespace() == "" {
			c.say("%s has no namespace", name)
		}
		c.labels(name, o.GetLabels())
		switch o := o.(type) {
		case *apps.Deployment:
			c.deployment(name, o)
		case *core.Pod:
			c.pod(name, o.ObjectMeta, o.Spec)
		case *core.Service:
			c.service(name, o)
		case *networking.NetworkPolicy:
			c.networkPolicy(name, o)
		case *policy.PodDisruptionBudget:
			c.budget(name, o)
		case *monitoring.ServiceMonitor:
			c.monitor(name, o)
		}
	}
	return c.wrong
}

func (c *checker) say(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func kindOf(o meta.Object) string {
	kind := fmt.Sprintf("%T", o)
	return kind[strings.LastIndex(kind, ".")+1:]
}

// there tells whether an object is in the release or outside.
func (c *checker) there(kind, name string) bool {
	return slices.Contains(c.Outside, kind+"/"+name) || slices.ContainsFunc(c.objects, func(o meta.Object) bool {
		return kindOf(o) == kind && o.GetName() == name
	})
}

func (c *checker) labels(name string, set map[string]string) {
	for key, value := range set {
		for _, problem := range append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...) {
			c.say("%s, label %s=%s: %s", name, key, value, problem)
		}
	}
}

// bots tells whether the pods that a selector selects are those of the
// Deployment, and no others.
func (c *checker) bots(s labels.Selector) bool {
	for _, o := range c.objects {
		if pod, ok := o.(*core.Pod); ok && s.Matches(labels.Set(pod.Labels)) {
			return false
		}
	}
	return len(c.pods(s)) == 1
}

// pods are the pods of the release that a selector selects.
func (c *checker) pods(selector labels.Selector) (found []core.PodTemplateSpec) {
	for _, o := range c.objects {
		var p core.PodTemplateSpec
		switch o := o.(type) {
		case *apps.Deployment:
			p = o.Spec.Template
		case *core.Pod:
			p = core.PodTemplateSpec{ObjectMeta: o.ObjectMeta, Spec: o.Spec}
		default:
			continue
		}
		if selector.Matches(labels.Set(p.Labels)) {
			found = append(found, p)
		}
	}
	return found
}

func selector(s *meta.LabelSelector) labels.Selector {
	made, err := meta.LabelSelectorAsSelector(s)
	if err != nil || made.Empty() {
		return labels.Nothing()
	}
	return made
}

func (c *checker) deployment(name string, d *apps.Deployment) {
	if !c.bots(selector(d.Spec.Selector)) {
		c.say("%s: it does not select the bot's pods alone", name)
	}
	replicas := int32(1)
	if d.Spec.Replicas != nil {
		replicas = *d.Spec.Replicas
	}
	claims := slices.ContainsFunc(d.Spec.Template.Spec.Volumes, func(v core.Volume) bool { return v.PersistentVolumeClaim != nil })
	if claims && (replicas > 1 || d.Spec.Strategy.Type != apps.RecreateDeploymentStrategyType) {
		c.say("%s: %d copies with the strategy %s share a volume that one has at a time", name, replicas, d.Spec.Strategy.Type)
	}
	// Slack allows an app ten connections ("Using Socket Mode", Slack,
	// https://docs.slack.dev/apis/events-api/using-socket-mode). Each copy has
	// two, and opens a third where Slack is about to end one.
	most := int(replicas)
	if update := d.Spec.Strategy.RollingUpdate; update != nil && update.MaxSurge != nil {
		surge, err := intstr.GetScaledValueFromIntOrPercent(update.MaxSurge, int(replicas), true)
		if err != nil {
			c.say("%s: %v", name, err)
		}
		most += surge
	}
	if most*2+1 > 10 {
		c.say("%s: %d copies at a time have more connections than Slack allows", name, most)
	}
	spec := d.Spec.Template.Spec
	// Ten for what is under way, and five for the last traces.
	if spec.TerminationGracePeriodSeconds == nil || *spec.TerminationGracePeriodSeconds < 15 {
		c.say("%s: the program is killed before it has ended", name)
	}
	c.pod(name, d.Spec.Template.ObjectMeta, spec)
	for _, container := range spec.Containers {
		for what, probe := range map[string]*core.Probe{"startup": container.StartupProbe, "liveness": container.LivenessProbe, "readiness": container.ReadinessProbe} {
			if probe == nil || probe.HTTPGet == nil {
				c.say("%s: there is no %s probe", name, what)
				continue
			}
			if !slices.Contains(c.Paths, probe.HTTPGet.Path) {
				c.say("%s: the %s probe asks for %s, which the program does not answer", name, what, probe.HTTPGet.Path)
			}
			if portOf(container, probe.HTTPGet.Port) == 0 {
				c.say("%s: the %s probe's port %s is none of the container's", name, what, probe.HTTPGet.Port.String())
			}
		}
		if p := container.LivenessProbe; p != nil && p.HTTPGet != nil && p.HTTPGet.Path != "/livez" {
			c.say("%s: the liveness probe asks for %s: an outage of Slack would restart the bot", name, p.HTTPGet.Path)
		}
		listens := ""
		for _, e := range container.Env {
			if e.Name == "ACMBOT_HEALTH_LISTEN" {
				listens = e.Value
			}
		}
		if port := portOf(container, intstr.FromString("metrics")); listens != ":"+strconv.Itoa(int(port)) {
			c.say("%s: the program listens on %q, and the container's port is %d", name, listens, port)
		}
	}
	for _, spread := range spec.TopologySpreadConstraints {
		if len(c.pods(selector(spread.LabelSelector))) == 0 {
			c.say("%s: it is spread among pods that there are none of", name)
		}
	}
}

func portOf(container core.Container, port intstr.IntOrString) int32 {
	for _, p := range container.Ports {
		if port.Type == intstr.String && p.Name == port.StrVal || port.Type == intstr.Int && p.ContainerPort == port.IntVal {
			return p.ContainerPort
		}
	}
	return 0
}

// knownElsewhere are variables that others than the program itself read: Go,
// and the AWS SDK.
var knownElsewhere = []string{
	"GOMEMLIMIT", "HTTPS_PROXY", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_EC2_METADATA_DISABLED",
}

func (c *checker) pod(name string, is meta.ObjectMeta, spec core.PodSpec) {
	c.labels(name, is.Labels)
	c.restricted(name, is, spec)
	if !c.there("ServiceAccount", spec.ServiceAccountName) {
		c.say("%s: there is no service account %q", name, spec.ServiceAccountName)
	}
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		c.say("%s: it gets a token for Kubernetes, which it does not need", name)
	}
	volumes := map[string]bool{}
	for _, v := range spec.Volumes {
		volumes[v.Name] = true
		if claim := v.PersistentVolumeClaim; claim != nil && !c.there("PersistentVolumeClaim", claim.ClaimName) {
			c.say("%s: there is no claim %s", name, claim.ClaimName)
		}
	}
	for _, container := range spec.Containers {
		if s := container.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
			c.say("%s: the root file system can be written to", name)
		}
		for _, m := range container.VolumeMounts {
			if !volumes[m.Name] {
				c.say("%s: there is no volume %s to mount", name, m.Name)
			}
		}
		c.env(name, container)
		c.files(name, container, spec.Volumes)
	}
}

func (c *checker) env(name string, container core.Container) {
	set := map[string]string{}
	for _, e := range container.Env {
		if _, twice := set[e.Name]; twice {
			c.say("%s: %s is set twice", name, e.Name)
		}
		set[e.Name] = e.Value
		if !slices.Contains(c.Settings, e.Name) && !slices.Contains(knownElsewhere, e.Name) {
			c.say("%s: %s is none of the program's settings", name, e.Name)
		}
		if e.ValueFrom == nil {
			continue
		}
		ref := e.ValueFrom.SecretKeyRef
		if ref == nil {
			c.say("%s: %s does not come from a secret", name, e.Name)
			continue
		}
		c.secretKey(name, ref.Name, ref.Key)
	}
	if limit := container.Resources.Limits.Memory(); !limit.IsZero() {
		soft, err := strconv.ParseInt(set["GOMEMLIMIT"], 10, 64)
		if err != nil || soft >= limit.Value() || soft < limit.Value()*8/10 {
			c.say("%s: GOMEMLIMIT is %q, with a memory limit of %d bytes", name, set["GOMEMLIMIT"], limit.Value())
		}
	}
}

// files looks whether the files that settings refer to are mounted from secrets
// that have them.
func (c *checker) files(name string, container core.Container, volumes []core.Volume) {
	mounted := map[string]bool{}
	for _, m := range container.VolumeMounts {
		for _, v := range volumes {
			if v.Name != m.Name || v.Secret == nil {
				continue
			}
			for _, item := range v.Secret.Items {
				mounted[m.MountPath+"/"+item.Path] = true
				c.secretKey(name, v.Secret.SecretName, item.Key)
			}
		}
	}
	for _, e := range container.Env {
		if path, ok := strings.CutPrefix(e.Value, "file:"); ok && !mounted[path] {
			c.say("%s: %s is in the file %s, which nothing mounts", name, e.Name, path)
		}
	}
}

// secretKey looks whether a secret has a key.
func (c *checker) secretKey(name, secret, key string) {
	if !c.there("Secret", secret) {
		c.say("%s: there is no secret %s", name, secret)
	}
	for _, o := range c.objects {
		if s, ok := o.(*core.Secret); ok && s.Name == secret && s.StringData[key] == "" && s.Data[key] == nil {
			c.say("%s: the secret %s has no %s", name, secret, key)
		}
	}
}

// restricted holds a pod to the strictest of the Pod Security Standards, by the
// code that clusters enforce it with ("Pod Security Standards", Kubernetes
// documentation, https://kubernetes.io/docs/concepts/security/pod-security-standards/).
func (c *checker) restricted(name string, is meta.ObjectMeta, spec core.PodSpec) {
	evaluator, err := security.NewEvaluator(security.DefaultChecks(), nil)
	if err != nil {
		c.say("%s: %v", name, err)
		return
	}
	for _, result := range evaluator.EvaluatePod(admission.LevelVersion{Level: admission.LevelRestricted, Version: admission.LatestVersion()}, &is, &spec) {
		if !result.Allowed {
			c.say("%s is not restricted: %s: %s", name, result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
}

func (c *checker) service(name string, s *core.Service) {
	pods := labels.SelectorFromSet(s.Spec.Selector)
	if !c.bots(pods) {
		c.say("%s: it does not select the bot's pods alone", name)
	}
	for _, pod := range c.pods(pods) {
		for _, p := range s.Spec.Ports {
			if !slices.ContainsFunc(pod.Spec.Containers, func(container core.Container) bool { return portOf(container, p.TargetPort) == p.Port }) {
				c.say("%s: its port %s does not lead to one of the pods'", name, p.Name)
			}
		}
	}
}

func (c *checker) monitor(name string, m *monitoring.ServiceMonitor) {
	found := false
	for _, o := range c.objects {
		s, ok := o.(*core.Service)
		if !ok || !selector(&m.Spec.Selector).Matches(labels.Set(s.Labels)) {
			continue
		}
		found = true
		for _, e := range m.Spec.Endpoints {
			if !slices.ContainsFunc(s.Spec.Ports, func(p core.ServicePort) bool { return p.Name == e.Port }) {
				c.say("%s: the service has no port %s", name, e.Port)
			}
			if !slices.Contains(c.Paths, e.Path) {
				c.say("%s: the program does not answer %s", name, e.Path)
			}
			job := ""
			for _, r := range e.RelabelConfigs {
				if r.TargetLabel == "job" && r.Replacement != nil {
					job = *r.Replacement
				}
			}
			if job != "acmbot" {
				c.say("%s: the job is %q, and the alerts ask for acmbot", name, job)
			}
		}
	}
	if !found {
		c.say("%s: it selects no service", name)
	}
}

func (c *checker) budget(name string, b *policy.PodDisruptionBudget) {
	if !c.bots(selector(b.Spec.Selector)) {
		c.say("%s: it does not select the bot's pods alone", name)
	}
	for _, o := range c.objects {
		d, ok := o.(*apps.Deployment)
		if !ok || d.Spec.Replicas == nil {
			continue
		}
		if b.Spec.MaxUnavailable == nil || b.Spec.MaxUnavailable.IntValue() < 1 || *d.Spec.Replicas < 2 {
			c.say("%s: no node with a copy on it can be drained", name)
		} else if b.Spec.MaxUnavailable.IntValue() >= int(*d.Spec.Replicas) {
			c.say("%s: all copies can be drained at once", name)
		}
	}
}

// needs is what the bot has to reach, as deploy/README.md has it.
var needs = []struct {
	protocol core.Protocol
	port     int32
}{{core.ProtocolUDP, 53}, {core.ProtocolTCP, 53}, {core.ProtocolTCP, 443}, {core.ProtocolTCP, 80}}

func (c *checker) networkPolicy(name string, p *networking.NetworkPolicy) {
	for _, o := range c.objects {
		var pod map[string]string
		switch o := o.(type) {
		case *apps.Deployment:
			pod = o.Spec.Template.Labels
		case *core.Pod:
			pod = o.Labels
		default:
			continue
		}
		if !selector(&p.Spec.PodSelector).Matches(labels.Set(pod)) {
			c.say("%s: it does not select the pods of %s/%s", name, kindOf(o), o.GetName())
		}
	}
	for _, direction := range []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress} {
		if !slices.Contains(p.Spec.PolicyTypes, direction) {
			c.say("%s: it does not govern %s", name, direction)
		}
	}
	for _, rule := range p.Spec.Ingress {
		if len(rule.From) == 0 || len(rule.Ports) != 1 || rule.Ports[0].Port.String() != "metrics" {
			c.say("%s: it lets in more than readers of the metrics", name)
		}
	}
	for _, need := range needs {
		if !slices.ContainsFunc(p.Spec.Egress, func(rule networking.NetworkPolicyEgressRule) bool { return lets(rule, need.protocol, need.port) }) {
			c.say("%s: it does not let the bot out to %s %d anywhere", name, need.protocol, need.port)
		}
	}
	for _, rule := range p.Spec.Egress {
		if len(rule.Ports) == 0 {
			c.say("%s: a rule lets the bot out to every port", name)
		}
	}
}

// lets tells whether a rule lets out to a port anywhere, but for single
// addresses.
func lets(rule networking.NetworkPolicyEgressRule, protocol core.Protocol, port int32) bool {
	anywhere := len(rule.To) == 0
	both := map[string]bool{}
	for _, to := range rule.To {
		if to.IPBlock == nil {
			continue
		}
		single := !slices.ContainsFunc(to.IPBlock.Except, func(cidr string) bool {
			return !strings.HasSuffix(cidr, "/32") && !strings.HasSuffix(cidr, "/128")
		})
		both[to.IPBlock.CIDR] = single
	}
	anywhere = anywhere || both["0.0.0.0/0"] && both["::/0"]
	return anywhere && slices.ContainsFunc(rule.Ports, func(p networking.NetworkPolicyPort) bool {
		return p.Protocol != nil && *p.Protocol == protocol && p.Port != nil && p.Port.IntVal == port
	})
}
