// Package manifests checks rendered Kubernetes manifests: it decodes them
// strictly into the types of the Kubernetes API, so that a field that does not
// exist or has another type is an error, and looks whether what they name is
// there.
package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// kinds are the objects that there may be.
var kinds = map[meta.TypeMeta]func() meta.Object{
	{APIVersion: "apps/v1", Kind: "Deployment"}:                      func() meta.Object { return new(apps.Deployment) },
	{APIVersion: "v1", Kind: "Pod"}:                                  func() meta.Object { return new(core.Pod) },
	{APIVersion: "v1", Kind: "Service"}:                              func() meta.Object { return new(core.Service) },
	{APIVersion: "v1", Kind: "ServiceAccount"}:                       func() meta.Object { return new(core.ServiceAccount) },
	{APIVersion: "v1", Kind: "Secret"}:                               func() meta.Object { return new(core.Secret) },
	{APIVersion: "v1", Kind: "ConfigMap"}:                            func() meta.Object { return new(core.ConfigMap) },
	{APIVersion: "v1", Kind: "PersistentVolumeClaim"}:                func() meta.Object { return new(core.PersistentVolumeClaim) },
	{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}:      func() meta.Object { return new(networking.NetworkPolicy) },
	{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}:           func() meta.Object { return new(policy.PodDisruptionBudget) },
	{APIVersion: "monitoring.coreos.com/v1", Kind: "ServiceMonitor"}: func() meta.Object { return new(monitoring.ServiceMonitor) },
	{APIVersion: "monitoring.coreos.com/v1", Kind: "PrometheusRule"}: func() meta.Object { return new(monitoring.PrometheusRule) },
}

// Decode reads the documents of a rendered chart.
func Decode(text []byte) ([]meta.Object, error) {
	var objects []meta.Object
	var errs []error
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, errors.Join(errs...)
		}
		if err != nil {
			return nil, err
		}
		object, err := decode(document)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if object != nil {
			objects = append(objects, object)
		}
	}
}

func decode(document []byte) (meta.Object, error) {
	// Strictly, also what the types do not see: a key that is there twice.
	text, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(text, []byte("null")) { // only comments
		return nil, nil
	}
	var is meta.TypeMeta
	if err := json.UnmarshalCaseSensitivePreserveInts(text, &is); err != nil {
		return nil, err
	}
	make, ok := kinds[is]
	if !ok {
		return nil, fmt.Errorf("there is no %s %s", is.APIVersion, is.Kind)
	}
	object := make()
	strict, err := json.UnmarshalStrict(text, object)
	for _, e := range append(strict, err) {
		if e != nil {
			return nil, fmt.Errorf("%s %s: %w", is.Kind, object.GetName(), errors.Join(append(strict, err)...))
		}
	}
	return object, nil
}
