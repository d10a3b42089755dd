package main

import (
	"encoding/json"
	"fmt"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/kube-openapi/pkg/builder3"
	"k8s.io/kube-openapi/pkg/spec3"
	openapiutil "k8s.io/kube-openapi/pkg/util"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	generatedopenapi "k8s.io/kubernetes/pkg/generated/openapi"
)

// served are Kubernetes' own kinds that may be asked about.
var served = []schema.GroupVersionKind{
	{Version: "v1", Kind: "ConfigMap"},
	{Version: "v1", Kind: "Pod"},
	{Version: "v1", Kind: "Service"},
	{Version: "v1", Kind: "ServiceAccount"},
	{Group: "apps", Version: "v1", Kind: "DaemonSet"},
	{Group: "apps", Version: "v1", Kind: "Deployment"},
	{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"},
	{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
}

var kinds = map[string]kind{}

// kindOf returns what the server has for a kind, or for the kind of a CustomResourceDefinition.
func kindOf(gvk schema.GroupVersionKind, definition json.RawMessage) (kind, error) {
	name := string(definition)
	if kinds[name] == nil {
		models, err := publishedModels()
		if err != nil {
			return nil, err
		}
		if name == "" {
			converter, err := managedfields.NewTypeConverter(models, false)
			if err != nil {
				return nil, err
			}
			kinds[name] = &ownKind{converter}
		} else if kinds[name], err = definedKind(models, definition); err != nil {
			return nil, err
		}
	}
	return kinds[name], nil
}

func publishedModels() (map[string]*spec.Schema, error) {
	namer := openapinamer.NewDefinitionNamer(legacyscheme.Scheme)
	config := genericapiserver.DefaultOpenAPIV3Config(generatedopenapi.GetOpenAPIDefinitions, namer)
	names := []string{}
	for _, gvk := range served {
		object, err := legacyscheme.Scheme.New(gvk)
		if err != nil {
			return nil, err
		}
		names = append(names, openapiutil.GetCanonicalTypeName(object))
	}
	return builder3.BuildOpenAPIDefinitionsForResources(config, names...)
}

func definedKind(models map[string]*spec.Schema, definition json.RawMessage) (kind, error) {
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := json.Unmarshal(definition, crd); err != nil {
		return nil, err
	}
	specs := []*spec3.OpenAPI{{
		Version:    "3.0.0",
		Info:       &spec.Info{},
		Components: &spec3.Components{Schemas: models},
	}}
	for _, version := range crd.Spec.Versions {
		built, err := builder.BuildOpenAPIV3(crd, version.Name, builder.Options{})
		if err != nil {
			return nil, err
		}
		specs = append(specs, built)
	}
	merged, err := builder.MergeSpecsV3(specs...)
	if err != nil {
		return nil, err
	}
	converter, err := managedfields.NewTypeConverter(merged.Components.Schemas, false)
	return &customKind{converter}, err
}

// ownKind is a kind that the server has Go types of.
type ownKind struct{ types managedfields.TypeConverter }

func (k *ownKind) converter() managedfields.TypeConverter { return k.types }

func (k *ownKind) scheme() objectScheme {
	return struct {
		runtime.ObjectConvertor
		runtime.ObjectCreater
		runtime.ObjectDefaulter
	}{runtime.UnsafeObjectConvertor(legacyscheme.Scheme), legacyscheme.Scheme, legacyscheme.Scheme}
}

func (k *ownKind) hub(gvk schema.GroupVersionKind) schema.GroupVersion {
	return schema.GroupVersion{Group: gvk.Group, Version: runtime.APIVersionInternal}
}

func (k *ownKind) decode(data []byte) (runtime.Object, error) {
	return runtime.Decode(legacyscheme.Codecs.UniversalDecoder(), data)
}

func (k *ownKind) encode(object runtime.Object, gv schema.GroupVersion) ([]byte, error) {
	return runtime.Encode(legacyscheme.Codecs.LegacyCodec(gv), object)
}

// customKind is the kind of a CustomResourceDefinition whose versions differ in nothing but their names.
type customKind struct{ types managedfields.TypeConverter }

func (k *customKind) converter() managedfields.TypeConverter { return k.types }

func (k *customKind) scheme() objectScheme { return k }

func (k *customKind) hub(gvk schema.GroupVersionKind) schema.GroupVersion { return gvk.GroupVersion() }

func (k *customKind) decode(data []byte) (runtime.Object, error) {
	object := &unstructured.Unstructured{}
	return object, object.UnmarshalJSON(data)
}

func (k *customKind) encode(object runtime.Object, _ schema.GroupVersion) ([]byte, error) {
	return json.Marshal(object.(*unstructured.Unstructured).Object)
}

func (k *customKind) Default(runtime.Object) {}

func (k *customKind) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(gvk)
	return object, nil
}

func (k *customKind) Convert(any, any, any) error { return fmt.Errorf("not needed") }

func (k *customKind) ConvertToVersion(in runtime.Object, target runtime.GroupVersioner) (runtime.Object, error) {
	object := in.DeepCopyObject().(*unstructured.Unstructured)
	gvk := object.GroupVersionKind()
	if to, ok := target.KindForGroupVersionKinds([]schema.GroupVersionKind{gvk}); ok {
		object.SetGroupVersionKind(to)
	}
	return object, nil
}

func (k *customKind) ConvertFieldLabel(schema.GroupVersionKind, string, string) (string, string, error) {
	return "", "", fmt.Errorf("not needed")
}
