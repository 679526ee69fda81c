// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"intelgraph.ai/maestro/lab/controlplane/internal/dependency"
	"intelgraph.ai/maestro/lab/controlplane/internal/settings"
)

const (
	maxBody    = 64 << 10
	maxSources = 100
)

// strategies make one answer of several.
var strategies = map[string]func([]string) string{
	"consensus": mostCommon,
	"first":     func(answers []string) string { return answers[0] },
}

func strategyNames() []string { return slices.Sorted(maps.Keys(strategies)) }

type question struct {
	Query    string   `json:"query"`
	Sources  []string `json:"sources"`
	Strategy string   `json:"strategy"`
}

type answer struct {
	ID       string   `json:"id"`
	Strategy string   `json:"strategy"`
	Routing  string   `json:"routing,omitempty"`
	Sources  []string `json:"sources"`
	Answer   string   `json:"answer"`
	Identity Identity `json:"servedBy"`
}

// orchestrate asks all sources of a question and makes one answer of theirs.
func (s *Service) orchestrate(w http.ResponseWriter, r *http.Request) {
	if !s.settings.Orchestration.Enabled {
		writeError(w, http.StatusNotFound, "orchestration is disabled by orchestration.enabled")
		return
	}
	asked, err := s.readQuestion(w, r)
	if err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.settings.Orchestration.Timeout())
	defer cancel()
	begun := time.Now()
	answered, err := s.answer(ctx, asked)
	outcome, code := outcomeOf(err)
	s.metrics.Orchestrations.WithLabelValues(asked.Strategy, outcome).Inc()
	s.metrics.OrchestrationSeconds.WithLabelValues(asked.Strategy).Observe(time.Since(begun).Seconds())
	if err != nil {
		writeError(w, code, err.Error())
		return
	}
	s.audit(r, answered)
	writeJSON(w, http.StatusOK, answered)
}

func (s *Service) readQuestion(w http.ResponseWriter, r *http.Request) (question, error) {
	asked := question{Strategy: s.settings.Orchestration.DefaultStrategy, Sources: []string{"default"}}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return asked, fmt.Errorf("the body is not a question: %w", err)
	}
	switch {
	case asked.Query == "":
		return asked, errors.New("query: must not be empty")
	case len(asked.Sources) == 0 || len(asked.Sources) > maxSources:
		return asked, fmt.Errorf("sources: must be 1 to %d names", maxSources)
	case strategies[asked.Strategy] == nil && asked.Strategy != s.settings.Orchestration.DefaultStrategy:
		return asked, fmt.Errorf("strategy: must be one of %v", strategyNames())
	}
	return asked, nil
}

// answer costs one round trip to each dependency and a little work for each source.
func (s *Service) answer(ctx context.Context, asked question) (answer, error) {
	for _, needed := range s.readiness.Dependencies {
		if err := needed.Ping(ctx); err != nil {
			return answer{}, &unavailable{needed.Name(), err}
		}
	}
	answers, err := consult(ctx, asked, s.settings.Orchestration.MaxConcurrentSources)
	if err != nil {
		return answer{}, err
	}
	combine := strategies[asked.Strategy]
	if combine == nil {
		combine = mostCommon
	}
	return answer{newID(), asked.Strategy, routing(s.settings.Premium), asked.Sources, combine(answers), s.identity}, nil
}

// consult asks all sources, no more than `concurrent` at a time, and keeps their order.
func consult(ctx context.Context, asked question, concurrent int) ([]string, error) {
	answers := make([]string, len(asked.Sources))
	places := make(chan struct{}, concurrent)
	var running sync.WaitGroup
	for i, source := range asked.Sources {
		select {
		case <-ctx.Done():
			running.Wait()
			return nil, ctx.Err()
		case places <- struct{}{}:
		}
		running.Go(func() {
			answers[i] = opinion(source, asked.Query)
			<-places
		})
	}
	running.Wait()
	return answers, ctx.Err()
}

// opinion is what a source says: the same for the same question.
func opinion(source, query string) string {
	sum := sha256.Sum256([]byte(query))
	for range 100 {
		sum = sha256.Sum256(append(sum[:], source...))
	}
	if sum[0]%2 == 0 {
		return "yes"
	}
	return "no"
}

// mostCommon prefers the alphabetically first of equals.
func mostCommon(answers []string) string {
	counts := map[string]int{}
	for _, one := range answers {
		counts[one]++
	}
	best := ""
	for _, one := range slices.Sorted(maps.Keys(counts)) {
		if counts[one] > counts[best] {
			best = one
		}
	}
	return best
}

func routing(premium settings.Premium) string {
	if !premium.Enabled {
		return ""
	}
	return premium.RoutingStrategy
}

func (s *Service) audit(r *http.Request, answered answer) {
	if s.settings.Compliance.Enabled && s.settings.Compliance.AuditTrail {
		s.log.LogAttrs(r.Context(), slog.LevelInfo, "audit",
			slog.String("orchestration", answered.ID), slog.String("strategy", answered.Strategy), slog.String("request_id", requestID(r)))
	}
}

// unavailable is a dependency that failed in an orchestration; its words are fit for a client.
type unavailable struct {
	dependency string
	cause      error
}

func (u *unavailable) Error() string { return u.dependency + " " + dependency.Reason(u.cause) }

func (u *unavailable) Unwrap() error { return u.cause }

func outcomeOf(err error) (outcome string, code int) {
	switch {
	case err == nil:
		return "success", http.StatusOK
	case errors.Is(err, context.Canceled):
		return "cancelled", http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout", http.StatusGatewayTimeout
	default:
		return "error", http.StatusServiceUnavailable
	}
}

func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:])
	return hex.EncodeToString(id[:])
}
