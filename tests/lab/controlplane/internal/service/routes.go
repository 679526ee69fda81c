// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package service

import (
	"encoding/json"
	"net/http"
	"time"

	"intelgraph.ai/maestro/lab/controlplane/internal/dependency"
)

// routes are the service's endpoints. Probes are never delayed or failed by a fault of the API.
func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	if s.settings.Monitoring.HealthChecks {
		mux.HandleFunc("GET /healthz", s.alive)
		mux.HandleFunc("GET /readyz", s.ready)
	}
	mux.HandleFunc("GET /api/v1/status", s.faulty(s.status))
	mux.HandleFunc("POST /api/v1/orchestrations", s.faulty(s.orchestrate))
	mux.HandleFunc("GET /api/v1/work", s.faulty(s.worker.handle))
	return mux
}

// alive depends on nothing: a restart mends no dependency.
func (s *Service) alive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

type readyBody struct {
	Ready   bool                 `json:"ready"`
	Reasons []dependency.Failure `json:"reasons"`
}

func (s *Service) ready(w http.ResponseWriter, _ *http.Request) {
	reasons := s.readiness.Failures()
	if s.settings.Faults.NeverReady {
		reasons = append([]dependency.Failure{{Dependency: "faults", Reason: "faults.neverReady is set"}}, reasons...)
	}
	code := http.StatusOK
	if len(reasons) > 0 {
		code = http.StatusServiceUnavailable
	}
	writeJSON(w, code, readyBody{len(reasons) == 0, reasons})
}

func (s *Service) status(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.identity)
}

// faulty adds the latency and the errors that the settings ask for.
func (s *Service) faulty(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.delayed.Picks() {
			select {
			case <-time.After(s.settings.Faults.Latency()):
			case <-r.Context().Done():
			}
		}
		if s.failed.Picks() {
			writeError(w, http.StatusInternalServerError, "faults.errorRatio fails this request")
			return
		}
		handle(w, r)
	}
}

func writeError(w http.ResponseWriter, code int, message string) {
	writeJSON(w, code, map[string]string{"error": message})
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}
