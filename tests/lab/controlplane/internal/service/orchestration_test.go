// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package service

import (
	"context"
	"slices"
	"strings"
	"syscall"
	"testing"

	"intelgraph.ai/maestro/lab/controlplane/internal/settings"
)

const path = "/api/v1/orchestrations"

func TestAnOrchestrationAnswers(t *testing.T) {
	s := given(t)
	answered, body := s.asks("POST", path, `{"query": "is it so?", "sources": ["a", "b", "c"]}`)
	if answered.StatusCode != 200 || body["strategy"] != "consensus" || body["routing"] != "thompson_sampling" || body["answer"] == "" {
		t.Error(answered.Status, body)
	}
	if got := body["sources"].([]any); len(got) != 3 {
		t.Error(got)
	}
	if by := body["servedBy"].(map[string]any); by["pod"] != "maestro-0" {
		t.Error(by)
	}
	if !strings.Contains(s.scraped(), `maestro_orchestrations_total{outcome="success",strategy="consensus"} 1`) {
		t.Error(s.scraped())
	}
	if audit := s.journal.lines(t, "audit"); len(audit) != 1 || audit[0]["orchestration"] != body["id"] {
		t.Error(audit)
	}
}

func TestTheAuditTrailIsASetting(t *testing.T) {
	s := given(t, func(s *settings.Settings) { s.Compliance.AuditTrail = false })
	s.asks("POST", path, `{"query": "q"}`)
	if audit := s.journal.lines(t, "audit"); len(audit) != 0 {
		t.Error(audit)
	}
}

func TestTheDefaultStrategyIsASettingAndMayBeAnyName(t *testing.T) {
	s := given(t, func(s *settings.Settings) { s.Orchestration.DefaultStrategy = "weighted" })
	if _, body := s.asks("POST", path, `{"query": "q"}`); body["strategy"] != "weighted" {
		t.Error(body)
	}
	if _, body := s.asks("POST", path, `{"query": "q", "strategy": "first"}`); body["strategy"] != "first" {
		t.Error(body)
	}
}

func TestRefusedQuestions(t *testing.T) {
	many := strings.Repeat(`"s",`, maxSources) + `"s"`
	for name, c := range map[string]struct{ body, want string }{
		"nothing":          {"", "not a question"},
		"no JSON":          {"query", "not a question"},
		"unknown key":      {`{"query": "q", "colour": 1}`, "unknown field"},
		"no query":         {`{}`, "query:"},
		"no sources":       {`{"query": "q", "sources": []}`, "sources:"},
		"too many sources": {`{"query": "q", "sources": [` + many + `]}`, "sources:"},
		"unknown strategy": {`{"query": "q", "strategy": "guess"}`, "one of [consensus first]"},
		"too long":         {`{"query": "` + strings.Repeat("q", maxBody) + `"}`, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			answered, body := given(t).asks("POST", path, c.body)
			if message, _ := body["error"].(string); answered.StatusCode != 400 || !strings.Contains(message, c.want) {
				t.Error(answered.Status, body)
			}
		})
	}
}

func TestFailuresAreToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		code    int
		outcome string
	}{
		"down": {syscall.ECONNREFUSED, 503, "error"},
		"late": {context.DeadlineExceeded, 504, "timeout"},
		"left": {context.Canceled, 503, "cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(t)
			s.redis.err = c.err
			answered, body := s.asks("POST", path, `{"query": "q"}`)
			if answered.StatusCode != c.code || !strings.HasPrefix(body["error"].(string), "redis ") {
				t.Error(answered.Status, body)
			}
			if !strings.Contains(s.scraped(), `{outcome="`+c.outcome+`",strategy="consensus"} 1`) {
				t.Error(s.scraped())
			}
		})
	}
}

func TestOrchestrationCanBeSwitchedOff(t *testing.T) {
	s := given(t, func(s *settings.Settings) { s.Orchestration.Enabled = false })
	if answered, _ := s.asks("POST", path, `{"query": "q"}`); answered.StatusCode != 404 {
		t.Error(answered.Status)
	}
}

func TestSourcesKeepTheirOrderWhateverTheConcurrency(t *testing.T) {
	asked := question{Query: "q", Sources: []string{"a", "b", "c", "d", "e"}}
	want, err := consult(t.Context(), asked, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := consult(t.Context(), asked, 5)
	if err != nil || !slices.Equal(got, want) {
		t.Error(got, want, err)
	}
}

func TestConsultingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := consult(ctx, question{Query: "q", Sources: []string{"a"}}, 1); err == nil {
		t.Error("went on")
	}
}

func TestTheMostCommonAnswerWins(t *testing.T) {
	for want, answers := range map[string][]string{"no": {"yes", "no", "no"}, "yes": {"yes"}, "a": {"b", "a"}} {
		if got := mostCommon(answers); got != want {
			t.Errorf("%v: %s", answers, got)
		}
	}
}
