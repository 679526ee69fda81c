// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package dependency

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Failure is a dependency that does not answer.
type Failure struct {
	Dependency string `json:"dependency"`
	Reason     string `json:"reason"`
	Cause      error  `json:"-"`
}

// Readiness remembers for a moment whether the dependencies answer, and never waits longer than its limit for one.
type Readiness struct {
	Dependencies []Dependency
	Lasts        time.Duration
	Limit        time.Duration
	// Changed is told when other dependencies fail than before; nil for nobody.
	Changed func([]Failure)

	mutex   sync.Mutex
	checked time.Time
	last    []Failure
}

// Failures asks all dependencies at once, unless the last answer is fresh. Concurrent callers share one check.
func (r *Readiness) Failures() []Failure {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if time.Since(r.checked) >= r.Lasts {
		r.remember(r.check())
	}
	return r.last
}

func (r *Readiness) remember(failures []Failure) {
	same := func(a, b Failure) bool { return a.Dependency == b.Dependency && a.Reason == b.Reason }
	changed := !slices.EqualFunc(r.last, failures, same)
	r.last, r.checked = failures, time.Now()
	if changed && r.Changed != nil {
		r.Changed(failures)
	}
}

func (r *Readiness) check() []Failure {
	ctx, cancel := context.WithTimeout(context.Background(), r.Limit)
	defer cancel()
	answers := make([]chan error, len(r.Dependencies))
	for i, dependency := range r.Dependencies {
		answers[i] = make(chan error, 1)
		go func() { answers[i] <- dependency.Ping(ctx) }()
	}
	failures := []Failure{}
	for i, dependency := range r.Dependencies {
		if err := await(ctx, answers[i]); err != nil {
			failures = append(failures, Failure{dependency.Name(), Reason(err), err})
		}
	}
	return failures
}

// await returns by the deadline even when the client behind the answer ignores its context.
func await(ctx context.Context, answer <-chan error) error {
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		select {
		case err := <-answer:
			return err
		default:
			return ctx.Err()
		}
	}
}
