// Command strategicpatch answers how Kubernetes itself merges a patch: the judge of our own implementation.
//
// It reads lines of {"kind", "object", "patch"} and writes, for each, {"result"} or {"error"}. The result is
// the merged JSON before anything decodes it into Go types, so that no zero value of a struct is added. Whether
// the API server could decode it at all is told beside it, as "undecodable".
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

var types = map[string]any{
	"ConfigMap":               corev1.ConfigMap{},
	"CronJob":                 batchv1.CronJob{},
	"DaemonSet":               appsv1.DaemonSet{},
	"Deployment":              appsv1.Deployment{},
	"HorizontalPodAutoscaler": autoscalingv2.HorizontalPodAutoscaler{},
	"Ingress":                 networkingv1.Ingress{},
	"NetworkPolicy":           networkingv1.NetworkPolicy{},
	"PersistentVolumeClaim":   corev1.PersistentVolumeClaim{},
	"Pod":                     corev1.Pod{},
	"PodDisruptionBudget":     policyv1.PodDisruptionBudget{},
	"RoleBinding":             rbacv1.RoleBinding{},
	"Service":                 corev1.Service{},
	"ServiceAccount":          corev1.ServiceAccount{},
	"StatefulSet":             appsv1.StatefulSet{},
}

type pair struct {
	Kind   string          `json:"kind"`
	Object json.RawMessage `json:"object"`
	Patch  json.RawMessage `json:"patch"`
}

type answer struct {
	Result      json.RawMessage `json:"result,omitempty"`
	Error       string          `json:"error,omitempty"`
	Undecodable string          `json:"undecodable,omitempty"`
}

// merged turns the panics strategicpatch has for some malformed patches into errors, as the API server does.
func merged(p pair) (given answer) {
	defer func() {
		if cause := recover(); cause != nil {
			given = answer{Error: fmt.Sprintf("panic: %v", cause)}
		}
	}()
	result, err := strategicpatch.StrategicMergePatch(p.Object, p.Patch, types[p.Kind])
	if err != nil {
		return answer{Error: err.Error()}
	}
	given.Result = result
	typed := reflect.New(reflect.TypeOf(types[p.Kind])).Interface()
	if err := json.Unmarshal(result, typed); err != nil {
		given.Undecodable = err.Error()
	}
	return given
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answers := json.NewEncoder(out)
	for lines.Scan() {
		var p pair
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			log.Fatalf("not a pair: %v", err)
		}
		if types[p.Kind] == nil {
			log.Fatalf("no type for kind %q", p.Kind)
		}
		if err := answers.Encode(merged(p)); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
