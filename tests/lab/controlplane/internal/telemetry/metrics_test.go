// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package telemetry

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if answer.Code != 200 {
		t.Fatal(answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func TestTheContractsMetricsAreThere(t *testing.T) {
	m := New("2.0.0-prod", "7")
	m.Requests.WithLabelValues("GET", "/api/v1/status", "200").Inc()
	m.RequestSeconds.WithLabelValues("GET", "/api/v1/status").Observe(1.5)
	m.Orchestrations.WithLabelValues("consensus", "success").Inc()
	m.OrchestrationSeconds.WithLabelValues("consensus").Observe(1.5)
	text := scrape(t, m)
	for _, line := range []string{
		`maestro_http_requests_total{code="200",method="GET",route="/api/v1/status"} 1`,
		`maestro_http_request_duration_seconds_bucket{method="GET",route="/api/v1/status",le="1"} 0`,
		`maestro_http_request_duration_seconds_bucket{method="GET",route="/api/v1/status",le="2"} 1`,
		`maestro_http_request_duration_seconds_bucket{method="GET",route="/api/v1/status",le="30"} 1`,
		`maestro_orchestrations_total{outcome="success",strategy="consensus"} 1`,
		`maestro_orchestration_duration_seconds_bucket{strategy="consensus",le="30"} 1`,
		`maestro_build_info{revision="7",version="2.0.0-prod"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
}

func TestTheProcessIsMeasured(t *testing.T) {
	text := scrape(t, New("v", "r"))
	for _, name := range []string{
		"process_resident_memory_bytes", "process_start_time_seconds",
		"nodejs_eventloop_lag_seconds", "nodejs_heap_size_used_bytes", "nodejs_heap_size_total_bytes",
	} {
		if !regexp.MustCompile(`(?m)^` + name + ` [0-9.e+-]*[1-9]`).MatchString(text) {
			t.Errorf("%s is missing or 0", name)
		}
	}
	if !strings.Contains(text, "\nprocess_cpu_seconds_total ") {
		t.Error("process_cpu_seconds_total is missing")
	}
}
