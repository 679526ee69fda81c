// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package settings

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// accepted tells which YAML types fill a Go kind, and how a message calls that kind.
var accepted = map[reflect.Kind]struct {
	tags []string
	name string
}{
	reflect.Bool:    {[]string{"!!bool"}, "true or false"},
	reflect.Int:     {[]string{"!!int"}, "a whole number"},
	reflect.Float64: {[]string{"!!int", "!!float"}, "a number"},
	reflect.String:  {[]string{"!!str"}, "a string"},
}

// decode fills target from the text; every problem is one line that begins with the key's path.
func decode(text []byte, target *Settings) error {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return fmt.Errorf("not YAML: %w", err)
	}
	if document.Kind == 0 {
		return nil
	}
	return errors.Join(section(document.Content[0], reflect.ValueOf(target).Elem(), "")...)
}

func section(node *yaml.Node, target reflect.Value, path string) []error {
	if node.Kind != yaml.MappingNode {
		return []error{problem(node, path, "must be a mapping")}
	}
	var problems []error
	seen := map[string]bool{}
	known := fieldsOf(target)
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		field, exists := known[key.Value]
		switch {
		case !exists:
			problems = append(problems, problem(key, at, "unknown key; known here: "+names(known)))
		case seen[key.Value]:
			problems = append(problems, problem(key, at, "is given twice"))
		case field.Kind() == reflect.Struct:
			problems = append(problems, section(value, field, at)...)
		default:
			problems = append(problems, scalar(value, field, at)...)
		}
		seen[key.Value] = true
	}
	return problems
}

func scalar(node *yaml.Node, target reflect.Value, path string) []error {
	want := accepted[target.Kind()]
	if node.Kind != yaml.ScalarNode || !slices.Contains(want.tags, node.ShortTag()) {
		return []error{problem(node, path, "must be "+want.name)}
	}
	if err := node.Decode(target.Addr().Interface()); err != nil {
		return []error{problem(node, path, "must be "+want.name)}
	}
	return nil
}

func fieldsOf(target reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range target.NumField() {
		fields[target.Type().Field(i).Tag.Get("yaml")] = target.Field(i)
	}
	return fields
}

func names(fields map[string]reflect.Value) string {
	sorted := make([]string, 0, len(fields))
	for name := range fields {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	return strings.Join(sorted, ", ")
}

func problem(node *yaml.Node, path, message string) error {
	if path == "" {
		path = "the file"
	}
	return fmt.Errorf("%s: %s (line %d)", path, message, node.Line)
}
