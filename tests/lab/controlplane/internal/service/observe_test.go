// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package service

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"intelgraph.ai/maestro/lab/controlplane/internal/settings"
)

const trace = "4bf92f3577b34da6a3ce929d0e0e4736"

func (s *scenario) asksWith(header, value string) *http.Response {
	request := httptest.NewRequest("GET", "/api/v1/status", nil)
	request.Header.Set(header, value)
	recorded := httptest.NewRecorder()
	s.Handler().ServeHTTP(recorded, request)
	return recorded.Result()
}

func TestEveryAnswerTellsWhoGaveIt(t *testing.T) {
	for _, where := range []string{"/healthz", "/api/v1/status", "/nowhere"} {
		answered, _ := given(t).asks("GET", where, "")
		if answered.Header.Get("X-Maestro-Pod") != "maestro-0" || answered.Header.Get("X-Maestro-Version") != "2.0.0-prod" {
			t.Error(where, answered.Header)
		}
	}
}

func TestAFitRequestIDIsKeptAndAnotherIsReplaced(t *testing.T) {
	s := given(t)
	if got := s.asksWith("X-Request-Id", "abc-1.2_3").Header.Get("X-Request-Id"); got != "abc-1.2_3" {
		t.Error(got)
	}
	for _, unfit := range []string{"", "a b", strings.Repeat("a", 65), "a\"b"} {
		if got := s.asksWith("X-Request-Id", unfit).Header.Get("X-Request-Id"); len(got) != 16 || got == unfit {
			t.Errorf("%q became %q", unfit, got)
		}
	}
	if logged := s.journal.lines(t, "request"); len(logged) != 5 || logged[0]["request_id"] != "abc-1.2_3" {
		t.Error(logged)
	}
}

func TestTheTraceIsLoggedWhereTracingIsOn(t *testing.T) {
	for on, want := range map[bool]any{true: trace, false: nil} {
		s := given(t, func(s *settings.Settings) { s.Monitoring.Tracing = on })
		s.asksWith("traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
		if logged := s.journal.lines(t, "request"); logged[0]["trace_id"] != want {
			t.Error(logged)
		}
	}
}

func TestALineTellsWhatWasAnswered(t *testing.T) {
	s := given(t, func(s *settings.Settings) { s.Faults.ErrorRatio = 1 })
	s.asks("GET", "/healthz", "")
	s.asks("GET", "/nowhere", "")
	s.asks("GET", "/api/v1/status", "")
	logged := s.journal.lines(t, "request")
	for i, want := range []struct {
		level, path string
		status      float64
	}{{"DEBUG", "/healthz", 200}, {"INFO", "/nowhere", 404}, {"WARN", "/api/v1/status", 500}} {
		if got := logged[i]; got["level"] != want.level || got["path"] != want.path || got["status"] != want.status || got["time"] == nil {
			t.Error(got)
		}
	}
}

func TestRequestsAreCountedByBoundedLabels(t *testing.T) {
	s := given(t)
	s.asks("GET", "/api/v1/work?ms=no", "")
	s.asks("GET", "/a/random/path", "")
	s.asks("BREW", "/healthz", "")
	text := s.scraped()
	for _, line := range []string{
		`maestro_http_requests_total{code="400",method="GET",route="/api/v1/work"} 1`,
		`maestro_http_requests_total{code="404",method="GET",route="other"} 1`,
		`maestro_http_requests_total{code="405",method="other",route="other"} 1`,
		`maestro_http_request_duration_seconds_count{method="GET",route="/api/v1/work"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("missing %s in\n%s", line, text)
		}
	}
}
