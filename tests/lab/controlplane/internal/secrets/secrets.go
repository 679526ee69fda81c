// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

// Package secrets reads the service's secrets from files or the environment. No message of it holds a value.
package secrets

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Secrets is what the service connects and signs with.
type Secrets struct {
	DatabaseURL string
	RedisURL    string
}

// Source gives the value of a key, or "".
type Source func(key string) (string, error)

// required are the keys that the service will not start without; the database has rules of its own.
var required = []string{"REDIS_URL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "JWT_SIGNING_KEY", "EXTERNAL_SERVICE_TOKEN"}

// Environment looks in the files of a directory first (file name = key; "" for none), then among the variables.
func Environment(directory string, variable func(string) string) Source {
	return func(key string) (string, error) {
		if directory == "" {
			return variable(key), nil
		}
		content, err := os.ReadFile(filepath.Join(directory, key))
		if errors.Is(err, fs.ErrNotExist) {
			return variable(key), nil
		}
		return strings.TrimRight(string(content), "\r\n"), err
	}
}

// Load reads all secrets; the error names every one that is missing or unreadable.
func Load(source Source) (Secrets, error) {
	values, problems := read(source, required)
	database, err := databaseURL(source)
	if err := errors.Join(append(problems, err)...); err != nil {
		return Secrets{}, err
	}
	return Secrets{DatabaseURL: database, RedisURL: values["REDIS_URL"]}, nil
}

func read(source Source, keys []string) (map[string]string, []error) {
	values := map[string]string{}
	var problems []error
	for _, key := range keys {
		value, err := source(key)
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("secret %s cannot be read: %w", key, err))
		case value == "":
			problems = append(problems, fmt.Errorf("secret %s is missing or empty", key))
		}
		values[key] = value
	}
	return values, problems
}

// databaseURL is DATABASE_URL, or is made of its parts.
func databaseURL(source Source) (string, error) {
	whole, err := source("DATABASE_URL")
	if err != nil {
		return "", fmt.Errorf("secret DATABASE_URL cannot be read: %w", err)
	}
	if whole != "" {
		return whole, nil
	}
	parts, problems := read(source, []string{"DATABASE_USERNAME", "DATABASE_PASSWORD", "DATABASE_HOST"})
	if len(problems) > 0 {
		return "", errors.Join(append([]error{errors.New("secret DATABASE_URL is missing, so its parts are needed")}, problems...)...)
	}
	for key, fallback := range map[string]string{"DATABASE_PORT": "5432", "DATABASE_NAME": "maestro", "DATABASE_SSLMODE": "verify-full"} {
		value, err := source(key)
		if err != nil {
			return "", fmt.Errorf("secret %s cannot be read: %w", key, err)
		}
		if parts[key] = value; value == "" {
			parts[key] = fallback
		}
	}
	return join(parts), nil
}

func join(parts map[string]string) string {
	address := url.URL{
		Scheme:   "postgresql",
		User:     url.UserPassword(parts["DATABASE_USERNAME"], parts["DATABASE_PASSWORD"]),
		Host:     net.JoinHostPort(parts["DATABASE_HOST"], parts["DATABASE_PORT"]),
		Path:     "/" + parts["DATABASE_NAME"],
		RawQuery: url.Values{"sslmode": {parts["DATABASE_SSLMODE"]}}.Encode(),
	}
	return address.String()
}
