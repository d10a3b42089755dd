// What a kube-apiserver says of CustomResourceDefinitions and of objects under them, from its own packages.
//
// Reads a JSON list of {"crd": ..., "documents": [...]} and writes, in the same order, the faults of each.
// An object is handled as on a create with strict field validation: unknown fields, nulls, defaults, schema,
// list types, rules in CEL.
package main

import (
	"context"
	"encoding/json"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

type request struct {
	CRD       json.RawMessage   `json:"crd"`
	Documents []json.RawMessage `json:"documents"`
}

type answer struct {
	CRD       []string   `json:"crd"`
	Documents [][]string `json:"documents"`
}

func main() {
	var requests []request
	utilruntime.Must(json.NewDecoder(os.Stdin).Decode(&requests))
	answers := []answer{}
	for _, asked := range requests {
		answers = append(answers, answered(asked))
	}
	utilruntime.Must(json.NewEncoder(os.Stdout).Encode(answers))
}

func answered(asked request) answer {
	crd := decoded(asked.CRD)
	found := answer{
		CRD:       texts(crdvalidation.ValidateCustomResourceDefinition(context.Background(), crd)),
		Documents: [][]string{},
	}
	schema := crd.Spec.Validation // where the conversion puts the schema of a single version
	if schema == nil {
		schema = crd.Spec.Versions[0].Schema
	}
	for _, document := range asked.Documents {
		found.Documents = append(found.Documents, refusals(schema, document))
	}
	return found
}

func decoded(raw json.RawMessage) *apiextensions.CustomResourceDefinition {
	scheme := runtime.NewScheme()
	utilruntime.Must(apiextensions.AddToScheme(scheme))
	utilruntime.Must(apiv1.AddToScheme(scheme))
	published, crd := &apiv1.CustomResourceDefinition{}, &apiextensions.CustomResourceDefinition{}
	utilruntime.Must(json.Unmarshal(raw, published))
	apiv1.SetDefaults_CustomResourceDefinition(published)
	apiv1.SetDefaults_CustomResourceDefinitionSpec(&published.Spec)
	utilruntime.Must(scheme.Convert(published, crd, nil))
	crd.Status.StoredVersions = []string{crd.Spec.Versions[0].Name}
	return crd
}

func refusals(schema *apiextensions.CustomResourceValidation, raw json.RawMessage) []string {
	object := map[string]interface{}{}
	utilruntime.Must(utiljson.Unmarshal(raw, &object))
	tree, err := structural.NewStructural(schema.OpenAPIV3Schema)
	utilruntime.Must(err)
	validator, _, err := schemavalidation.NewSchemaValidator(schema.OpenAPIV3Schema)
	utilruntime.Must(err)

	tracked := structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	told := []string{}
	for _, path := range pruning.PruneWithOptions(object, tree, true, tracked) {
		told = append(told, "unknown field "+path)
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object, tree)
	defaulting.Default(object, tree)
	faults := schemavalidation.ValidateCustomResource(nil, object, validator)
	faults = append(faults, listtype.ValidateListSetsAndMaps(nil, tree, object)...)
	if rules := cel.NewValidator(tree, true, celconfig.PerCallLimit); len(faults) == 0 && rules != nil {
		more, _ := rules.Validate(context.Background(), nil, tree, object, nil, celconfig.RuntimeCELCostBudget)
		faults = append(faults, more...)
	}
	return append(told, texts(faults)...)
}

func texts(faults field.ErrorList) []string {
	told := []string{}
	for _, fault := range faults {
		told = append(told, fault.Error())
	}
	return told
}
