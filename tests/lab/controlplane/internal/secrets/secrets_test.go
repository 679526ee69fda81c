// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package secrets

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var complete = map[string]string{
	"DATABASE_URL":           "postgresql://maestro:s3cret@db:5432/maestro?sslmode=require",
	"REDIS_URL":              "rediss://:s3cret@cache:6379/0",
	"OPENAI_API_KEY":         "sk-s3cret",
	"ANTHROPIC_API_KEY":      "sk-s3cret",
	"JWT_SIGNING_KEY":        "s3cret",
	"EXTERNAL_SERVICE_TOKEN": "s3cret",
}

func variables(values map[string]string) func(string) string {
	return func(key string) string { return values[key] }
}

func without(keys ...string) map[string]string {
	values := maps.Clone(complete)
	for _, key := range keys {
		delete(values, key)
	}
	return values
}

func TestTheEnvironmentIsEnough(t *testing.T) {
	found, err := Load(Environment("", variables(complete)))
	if err != nil || found.DatabaseURL != complete["DATABASE_URL"] || found.RedisURL != complete["REDIS_URL"] {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestAFileWinsAndItsLineEndIsNoPartOfTheValue(t *testing.T) {
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "REDIS_URL"), []byte("redis://other:6379/1\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := Load(Environment(directory, variables(complete)))
	if err != nil || found.RedisURL != "redis://other:6379/1" || found.DatabaseURL != complete["DATABASE_URL"] {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestAllMissingKeysAreNamedAndNoValueIs(t *testing.T) {
	_, err := Load(Environment("", variables(without("REDIS_URL", "JWT_SIGNING_KEY", "DATABASE_URL"))))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, key := range []string{"REDIS_URL", "JWT_SIGNING_KEY", "DATABASE_URL", "DATABASE_USERNAME", "DATABASE_PASSWORD", "DATABASE_HOST"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%s is missing from: %v", key, err)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a value is in: %v", err)
	}
}

func TestEachKeyIsRequired(t *testing.T) {
	for key := range complete {
		if _, err := Load(Environment("", variables(without(key)))); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("without %s: %v", key, err)
		}
	}
}

func TestTheDatabasesPartsMakeItsURL(t *testing.T) {
	values := without("DATABASE_URL")
	maps.Copy(values, map[string]string{"DATABASE_USERNAME": "u", "DATABASE_PASSWORD": "p@ss/word", "DATABASE_HOST": "fd00::1"})
	found, err := Load(Environment("", variables(values)))
	if want := "postgresql://u:p%40ss%2Fword@[fd00::1]:5432/maestro?sslmode=verify-full"; err != nil || found.DatabaseURL != want {
		t.Errorf("%+v, %v, want %s", found, err, want)
	}
	maps.Copy(values, map[string]string{"DATABASE_PORT": "6432", "DATABASE_NAME": "other", "DATABASE_SSLMODE": "require"})
	found, err = Load(Environment("", variables(values)))
	if want := "postgresql://u:p%40ss%2Fword@[fd00::1]:6432/other?sslmode=require"; err != nil || found.DatabaseURL != want {
		t.Errorf("%+v, %v, want %s", found, err, want)
	}
}

func TestAnUnreadableFileIsNoMissingFile(t *testing.T) {
	directory := t.TempDir()
	if err := os.Mkdir(filepath.Join(directory, "REDIS_URL"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Environment(directory, variables(complete))); err == nil || !strings.Contains(err.Error(), "REDIS_URL cannot be read") {
		t.Error(err)
	}
}
