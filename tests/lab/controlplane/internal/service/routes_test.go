// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package service

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"intelgraph.ai/maestro/lab/controlplane/internal/settings"
)

func TestLivenessDependsOnNothing(t *testing.T) {
	s := given(t)
	s.postgresql.err, s.redis.err = syscall.ECONNREFUSED, syscall.ECONNREFUSED
	if answered, _ := s.asks("GET", "/healthz", ""); answered.StatusCode != 200 {
		t.Error(answered.Status)
	}
}

func TestReadinessNeedsBothDependencies(t *testing.T) {
	for name, c := range map[string]struct {
		postgresql, redis error
		want              int
		reasons           int
	}{
		"both":         {nil, nil, 200, 0},
		"no database":  {syscall.ECONNREFUSED, nil, 503, 1},
		"no cache":     {nil, syscall.ECONNREFUSED, 503, 1},
		"none of them": {syscall.ECONNREFUSED, syscall.ECONNREFUSED, 503, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(t)
			s.postgresql.err, s.redis.err = c.postgresql, c.redis
			answered, body := s.asks("GET", "/readyz", "")
			reasons := body["reasons"].([]any)
			if answered.StatusCode != c.want || body["ready"] != (c.want == 200) || len(reasons) != c.reasons {
				t.Error(answered.Status, body)
			}
			if logged := s.journal.lines(t, "not ready"); len(logged) != c.reasons {
				t.Error(logged)
			}
		})
	}
}

func TestReadinessNamesTheDependency(t *testing.T) {
	s := given(t)
	s.redis.err = syscall.ECONNREFUSED
	_, body := s.asks("GET", "/readyz", "")
	reason := body["reasons"].([]any)[0].(map[string]any)
	if len(reason) != 2 || reason["dependency"] != "redis" || reason["reason"] != "refuses connections" {
		t.Error(reason)
	}
}

func TestReadinessComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := given(t)
		s.redis.err = syscall.ECONNREFUSED
		s.asks("GET", "/readyz", "")
		s.redis.err = nil
		time.Sleep(readinessLasts)
		if answered, body := s.asks("GET", "/readyz", ""); answered.StatusCode != 200 {
			t.Error(answered.Status, body)
		}
		if len(s.journal.lines(t, "ready")) != 1 {
			t.Error("the return was not logged once")
		}
	})
}

func TestNeverReady(t *testing.T) {
	s := given(t, func(s *settings.Settings) { s.Faults.NeverReady = true })
	if answered, body := s.asks("GET", "/readyz", ""); answered.StatusCode != 503 || body["ready"] != false {
		t.Error(answered.Status, body)
	}
	if answered, _ := s.asks("GET", "/healthz", ""); answered.StatusCode != 200 {
		t.Error("a service that is never ready is alive all the same:", answered.Status)
	}
}

func TestHealthChecksCanBeSwitchedOff(t *testing.T) {
	s := given(t, func(s *settings.Settings) { s.Monitoring.HealthChecks = false })
	for _, path := range []string{"/healthz", "/readyz"} {
		if answered, _ := s.asks("GET", path, ""); answered.StatusCode != 404 {
			t.Error(path, answered.Status)
		}
	}
}

func TestTheStatusTellsWhoAnswers(t *testing.T) {
	_, body := given(t).asks("GET", "/api/v1/status", "")
	for key, want := range map[string]string{
		"service": "maestro-control-plane", "version": "2.0.0-prod", "revision": "5d8f",
		"pod": "maestro-0", "node": "node-1", "zone": "zone-1",
	} {
		if body[key] != want {
			t.Errorf("%s: got %v, want %s", key, body[key], want)
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, body["started"].(string)); err != nil || len(body) != 7 {
		t.Error(body, err)
	}
}

func TestTheSecondVersionTellsMore(t *testing.T) {
	for version, want := range map[string]int{"2.0.0-prod": 0, "2.1.0-prod": 2, "3.0.0": 2, "1.9.9": 0, "0.0.0-dev": 0, "latest": 0, "a.b.c": 0} {
		if got := Identify(version, variables).Strategies; len(got) != want {
			t.Errorf("%s: %v", version, got)
		}
	}
}

func TestOutsideOfKubernetesTheVersionIsTheRevision(t *testing.T) {
	identity := Identify("2.0.0-prod", func(string) string { return "" })
	if identity.Revision != "2.0.0-prod" || identity.Pod == "" {
		t.Errorf("%+v", identity)
	}
}

func TestAShareOfTheAPIFailsAndNoProbeDoes(t *testing.T) {
	s := given(t, func(s *settings.Settings) { s.Faults.ErrorRatio = 0.25 })
	codes := map[int]int{}
	for range 100 {
		answered, _ := s.asks("GET", "/api/v1/status", "")
		codes[answered.StatusCode]++
		if probe, _ := s.asks("GET", "/readyz", ""); probe.StatusCode != 200 {
			t.Fatal(probe.Status)
		}
	}
	if codes[500] != 25 || codes[200] != 75 {
		t.Error(codes)
	}
}

func TestLatencyIsAddedToAShareOfTheAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := given(t, func(s *settings.Settings) { s.Faults.LatencyMilliseconds, s.Faults.LatencyShare = 700, 0.5 })
		slow := 0
		for range 10 {
			begun := time.Now()
			s.asks("GET", "/api/v1/status", "")
			if time.Since(begun) == 700*time.Millisecond {
				slow++
			}
			s.asks("GET", "/healthz", "")
		}
		if slow != 5 {
			t.Errorf("%d of 10 were slow", slow)
		}
	})
}

func TestWorkIsBoundedAndDone(t *testing.T) {
	s := given(t)
	for _, ms := range []string{"", "0", "-5", "1001", "x", "1.5"} {
		if answered, body := s.asks("GET", "/api/v1/work?ms="+ms, ""); answered.StatusCode != 400 || body["error"] == nil {
			t.Errorf("ms=%s: %s", ms, answered.Status)
		}
	}
	begun := time.Now()
	answered, body := s.asks("GET", "/api/v1/work?ms=30", "")
	if took := time.Since(begun); answered.StatusCode != 200 || took < 30*time.Millisecond || body["rounds"].(float64) < 1 {
		t.Error(answered.Status, body, took)
	}
}
