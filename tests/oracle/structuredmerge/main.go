// Command structuredmerge answers what the API server makes of an apply or an update, and of who owns what: the
// judge of gwdeployer.testing.apiserver.fields.
//
// It reads lines of requests and writes one line for each. Objects of Kubernetes' own kinds go through the types,
// defaults and conversions of the server; those of custom kinds stay as they are.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/yaml"
)

type request struct {
	// Definition is the CustomResourceDefinition of a custom kind.
	Definition json.RawMessage `json:"definition,omitempty"`
	// Verb is "apply" or "update"; without a live object they create.
	Verb        string          `json:"verb"`
	Live        json.RawMessage `json:"live,omitempty"`
	Object      json.RawMessage `json:"object"`
	Manager     string          `json:"manager"`
	Force       bool            `json:"force,omitempty"`
	Subresource string          `json:"subresource,omitempty"`
	// Reset has the paths that the write does not own.
	Reset [][]string `json:"reset,omitempty"`
	// Now is what the time of the request is told as.
	Now metav1.Time `json:"now"`
}

type answer struct {
	// Empty is what an object of the kind is printed as before anything is set.
	Empty json.RawMessage `json:"empty"`
	// New is the object of an update as it is decoded and defaulted.
	New json.RawMessage `json:"new,omitempty"`
	// Merged is the object of an apply before it is decoded; missing where nothing changes.
	Merged json.RawMessage `json:"merged,omitempty"`
	// Object is the result.
	Object json.RawMessage `json:"object,omitempty"`
	Error  string          `json:"error,omitempty"`
	Status *metav1.Status  `json:"status,omitempty"`
}

// kind has what the server has for one kind of object.
type kind interface {
	converter() managedfields.TypeConverter
	scheme() objectScheme
	hub(schema.GroupVersionKind) schema.GroupVersion
	decode([]byte) (runtime.Object, error)
	encode(runtime.Object, schema.GroupVersion) ([]byte, error)
}

type objectScheme interface {
	runtime.ObjectConvertor
	runtime.ObjectCreater
	runtime.ObjectDefaulter
}

// recorder remembers what an apply makes of an object before it is decoded.
type recorder struct {
	objectScheme
	last, merged json.RawMessage
}

func (r *recorder) ConvertToVersion(in runtime.Object, gv runtime.GroupVersioner) (runtime.Object, error) {
	if object, ok := in.(*unstructured.Unstructured); ok {
		var err error
		if r.last, err = json.Marshal(object.Object); err != nil {
			return nil, err
		}
	}
	return r.objectScheme.ConvertToVersion(in, gv)
}

func (r *recorder) Default(in runtime.Object) {
	r.merged = r.last
	r.objectScheme.Default(in)
}

func (asked request) answer(started time.Time) (given answer, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	var body unstructured.Unstructured
	if err := yaml.Unmarshal(asked.Object, &body.Object); err != nil {
		return given, err
	}
	gvk := body.GroupVersionKind()
	k, err := kindOf(gvk, asked.Definition)
	if err != nil {
		return given, err
	}
	records := &recorder{objectScheme: k.scheme()}
	manager, err := asked.fieldManager(k, records, gvk)
	if err != nil {
		return given, err
	}
	live, err := k.scheme().New(gvk)
	if err != nil {
		return given, err
	}
	if given.Empty, err = k.encode(live, gvk.GroupVersion()); err != nil {
		return given, err
	}
	if asked.Live != nil {
		if live, err = k.decode(asked.Live); err != nil {
			return given, err
		}
	}
	var result runtime.Object
	if asked.Verb == "apply" {
		result, err = manager.Apply(live, &body, asked.Manager, asked.Force)
		given.Merged = records.merged
	} else {
		if result, err = k.decode(asked.Object); err != nil {
			return given, err
		}
		if given.New, err = k.encode(result, gvk.GroupVersion()); err == nil {
			result = manager.UpdateNoErrors(live, result, asked.Manager)
		}
	}
	if err != nil {
		return given, err
	}
	if err := retime(result, started, asked.Now); err != nil {
		return given, err
	}
	given.Object, err = k.encode(result, gvk.GroupVersion())
	return given, err
}

func (asked request) fieldManager(k kind, scheme objectScheme, gvk schema.GroupVersionKind) (*managedfields.FieldManager, error) {
	reset := fieldpath.NewSet()
	for _, names := range asked.Reset {
		path := fieldpath.Path{}
		for _, name := range names {
			path = append(path, fieldpath.FieldNameElement(name))
		}
		reset.Insert(path)
	}
	filters := map[fieldpath.APIVersion]fieldpath.Filter{}
	for _, version := range []string{"v1", "v2"} {
		gv := schema.GroupVersion{Group: gvk.Group, Version: version}
		filters[fieldpath.APIVersion(gv.String())] = fieldpath.NewExcludeSetFilter(reset)
	}
	create := managedfields.NewDefaultFieldManager
	if _, custom := k.(*customKind); custom {
		create = managedfields.NewDefaultCRDFieldManager
	}
	return create(k.converter(), scheme, scheme, scheme, gvk, k.hub(gvk), asked.Subresource, filters)
}

// retime replaces the times that were taken from the clock.
func retime(object runtime.Object, started time.Time, now metav1.Time) error {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	entries := accessor.GetManagedFields()
	for i := range entries {
		if t := entries[i].Time; t != nil && !t.Time.Before(started) {
			entries[i].Time = &now
		}
	}
	accessor.SetManagedFields(entries)
	return nil
}

func main() {
	started := time.Now().Truncate(time.Second)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			log.Fatalf("not a request: %v", err)
		}
		given, err := asked.answer(started)
		if err != nil {
			given.Error = err.Error()
			if refused := apierrors.APIStatus(nil); errors.As(err, &refused) {
				status := refused.Status()
				given.Status = &status
			}
		}
		if err := answers.Encode(given); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
