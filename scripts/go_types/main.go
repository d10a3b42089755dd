// Command go_types tells what the published schemas of Kubernetes leave out of its Go types.
//
// It writes one JSON object: each type of the stable kinds by its published name, with its fields and the Go
// type of each ("fields"), what an empty value of the type is printed as ("zero": fields without omitempty are
// printed even when not set), and its name in Go ("name").
package main

import (
	"encoding/json"
	"log"
	"os"
	"reflect"
	"regexp"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

var stable = regexp.MustCompile(`^v\d+$`)

type goType struct {
	Name   string            `json:"name"`
	Fields map[string]string `json:"fields,omitempty"`
	Zero   json.RawMessage   `json:"zero"`
}

type types map[string]goType

func main() {
	found := types{}
	for kind, t := range scheme.Scheme.AllKnownTypes() {
		if stable.MatchString(kind.Version) {
			found.add(t)
		}
	}
	found.add(reflect.TypeFor[apiextensionsv1.CustomResourceDefinition]())
	found.add(reflect.TypeFor[apiregistrationv1.APIService]())
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

// add records t and every type it refers to, through any number of others.
func (found types) add(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
		found.add(t.Elem())
	case reflect.Struct:
		name := published(t)
		if _, known := found[name]; known || name == "" {
			return
		}
		found[name] = goType{}
		recorded := goType{Name: t.String(), Fields: map[string]string{}, Zero: zero(t)}
		if !printsItself(t) {
			found.fields(t, recorded.Fields)
		}
		found[name] = recorded
	}
}

func (found types) fields(t reflect.Type, into map[string]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case !field.IsExported() || name == "-":
		case name == "" && field.Anonymous:
			found.fields(field.Type, into)
		case name != "":
			into[name] = field.Type.String()
			found.add(field.Type)
		}
	}
}

// printsItself tells types whose JSON is not made of their fields: quantities, times, integers or strings.
func printsItself(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]())
}

func zero(t reflect.Type) json.RawMessage {
	text, err := json.Marshal(reflect.New(t).Interface())
	if err != nil {
		log.Printf("%s: %v", t, err)
		return json.RawMessage("null")
	}
	return text
}

// published turns k8s.io/api/core/v1.Pod into io.k8s.api.core.v1.Pod.
func published(t reflect.Type) string {
	host, path, ok := strings.Cut(t.PkgPath(), "/")
	if !ok || host != "k8s.io" {
		return ""
	}
	return "io.k8s." + strings.ReplaceAll(path, "/", ".") + "." + t.Name()
}
