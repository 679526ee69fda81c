// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/distribution/distribution/v3/registry/auth"
)

func controller(t *testing.T) auth.AccessController {
	t.Helper()
	result, err := newAccess(map[string]any{
		"realm": "ghcr.io", "user": "robot", "password": "right", "repositories": []any{"private/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func wants(repository, action string) auth.Access {
	return auth.Access{Resource: auth.Resource{Type: "repository", Name: repository}, Action: action}
}

func TestAuthorized(t *testing.T) {
	for name, one := range map[string]struct {
		password string
		wanted   []auth.Access
		granted  bool
	}{
		"anyone asks for the base":             {"", nil, true},
		"anyone pulls a public image":          {"", []auth.Access{wants("library/busybox", "pull")}, true},
		"nobody unknown pulls a private image": {"", []auth.Access{wants("private/image", "pull")}, false},
		"nobody unknown pushes":                {"", []auth.Access{wants("library/busybox", "pull"), wants("library/busybox", "push")}, false},
		"nobody unknown reads the catalog":     {"", []auth.Access{{Resource: auth.Resource{Type: "registry", Name: "catalog"}, Action: "*"}}, false},
		"the holder pulls a private image":     {"right", []auth.Access{wants("private/image", "pull")}, true},
		"the holder pushes":                    {"right", []auth.Access{wants("private/image", "push")}, true},
		"a wrong password gets nothing":        {"wrong", []auth.Access{wants("library/busybox", "pull")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest(http.MethodGet, "/v2/", nil)
			if one.password != "" {
				request.SetBasicAuth("robot", one.password)
			}
			grant, err := controller(t).Authorized(request, one.wanted...)
			if granted := err == nil && grant != nil; granted != one.granted {
				t.Fatalf("granted %v, want %v (error: %v)", granted, one.granted, err)
			}
		})
	}
}

func TestRefusalAsksForABasicCredential(t *testing.T) {
	_, err := controller(t).Authorized(httptest.NewRequest(http.MethodGet, "/v2/", nil), wants("private/image", "pull"))
	var refusal auth.Challenge
	if !errors.As(err, &refusal) {
		t.Fatalf("%v is no challenge", err)
	}
	response := httptest.NewRecorder()
	refusal.SetHeaders(nil, response)
	if got, want := response.Header().Get("WWW-Authenticate"), `Basic realm="ghcr.io"`; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestConfigurationWithoutACredentialIsRefused(t *testing.T) {
	if _, err := newAccess(map[string]any{"realm": "ghcr.io", "repositories": []any{}}); err == nil {
		t.Fatal("accepted a configuration without user and password")
	}
}
