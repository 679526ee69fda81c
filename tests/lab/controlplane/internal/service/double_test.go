// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package service

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"intelgraph.ai/maestro/lab/controlplane/internal/dependency"
	"intelgraph.ai/maestro/lab/controlplane/internal/settings"
)

// needed is a dependency that answers err.
type needed struct {
	name string
	err  error
}

func (n *needed) Name() string               { return n.name }
func (n *needed) Ping(context.Context) error { return n.err }
func (n *needed) Close()                     {}

// journal keeps the log's lines.
type journal struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.text.Write(line)
}

// lines are those with a message.
func (j *journal) lines(t *testing.T, message string) (found []map[string]any) {
	t.Helper()
	j.mutex.Lock()
	defer j.mutex.Unlock()
	for line := range strings.Lines(j.text.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("not JSON: %s", line)
		}
		if entry["msg"] == message {
			found = append(found, entry)
		}
	}
	return found
}

// scenario is a service with changed settings and two dependencies.
type scenario struct {
	*Service
	journal    journal
	postgresql needed
	redis      needed
}

func given(t *testing.T, changes ...func(*settings.Settings)) *scenario {
	t.Helper()
	chosen := settings.Defaults()
	chosen.Server.Port, chosen.Server.MetricsPort = 0, 0
	chosen.Server.DrainSeconds, chosen.Server.ShutdownSeconds = 0, 5
	for _, change := range changes {
		change(&chosen)
	}
	s := &scenario{postgresql: needed{name: "postgresql"}, redis: needed{name: "redis"}}
	log := slog.New(slog.NewJSONHandler(&s.journal, &slog.HandlerOptions{Level: slog.LevelDebug}))
	identity := Identify("2.0.0-prod", variables)
	s.Service = New(chosen, identity, []dependency.Dependency{&s.postgresql, &s.redis}, log)
	return s
}

func variables(key string) string {
	return map[string]string{
		"POD_NAME": "maestro-0", "NODE_NAME": "node-1", "MAESTRO_ZONE": "zone-1", "MAESTRO_REVISION": "5d8f",
	}[key]
}

// asks sends one request and gives the answer with its JSON body.
func (s *scenario) asks(method, path, body string) (*http.Response, map[string]any) {
	recorded := httptest.NewRecorder()
	s.Handler().ServeHTTP(recorded, httptest.NewRequest(method, path, strings.NewReader(body)))
	answered := recorded.Result()
	return answered, decoded(answered.Body)
}

func decoded(body io.Reader) map[string]any {
	var found map[string]any
	_ = json.NewDecoder(body).Decode(&found)
	return found
}

func (s *scenario) scraped() string {
	recorded := httptest.NewRecorder()
	s.metrics.Handler().ServeHTTP(recorded, httptest.NewRequest("GET", "/metrics", nil))
	return recorded.Body.String()
}
