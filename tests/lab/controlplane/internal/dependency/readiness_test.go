// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package dependency

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// scripted answers with err after a delay, deaf to its context.
type scripted struct {
	name  string
	err   error
	delay time.Duration
	calls atomic.Int32
}

func (s *scripted) Name() string { return s.name }
func (s *scripted) Close()       {}
func (s *scripted) Ping(context.Context) error {
	s.calls.Add(1)
	time.Sleep(s.delay)
	return s.err
}

func readiness(dependencies ...Dependency) *Readiness {
	return &Readiness{Dependencies: dependencies, Lasts: time.Second, Limit: time.Second}
}

func TestNothingFailsWhenAllAnswer(t *testing.T) {
	if failures := readiness(&scripted{name: "a"}, &scripted{name: "b"}).Failures(); len(failures) != 0 {
		t.Error(failures)
	}
}

func TestEachFailureIsNamedWithItsReason(t *testing.T) {
	failures := readiness(&scripted{name: "a", err: syscall.ECONNREFUSED}, &scripted{name: "b", err: errors.New("user u, host h")}).Failures()
	if len(failures) != 2 || failures[0].Dependency != "a" || failures[0].Reason != "refuses connections" {
		t.Errorf("%+v", failures)
	}
	if failures[1].Reason != "does not answer as expected" {
		t.Errorf("a reason must not repeat what an error holds: %+v", failures[1])
	}
}

func TestADeafDependencyCostsTheLimitAndNotMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		failures := readiness(&scripted{name: "deaf", delay: time.Minute}, &scripted{name: "slow", delay: 900 * time.Millisecond}).Failures()
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v", took)
		}
		if len(failures) != 1 || failures[0].Dependency != "deaf" || failures[0].Reason != "does not answer in time" {
			t.Errorf("%+v", failures)
		}
		time.Sleep(time.Minute)
	})
}

func TestAnAnswerLastsAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := &scripted{name: "a"}
		checks := readiness(asked)
		for range 5 {
			checks.Failures()
		}
		if asked.calls.Load() != 1 {
			t.Errorf("asked %d times", asked.calls.Load())
		}
		asked.err = syscall.ECONNREFUSED
		time.Sleep(time.Second)
		if failures := checks.Failures(); len(failures) != 1 || asked.calls.Load() != 2 {
			t.Errorf("%+v after %d calls", failures, asked.calls.Load())
		}
	})
}

func TestConcurrentCallersShareOneCheck(t *testing.T) {
	asked := &scripted{name: "a", delay: 50 * time.Millisecond}
	checks := readiness(asked)
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() { checks.Failures() })
	}
	callers.Wait()
	if asked.calls.Load() != 1 {
		t.Errorf("asked %d times", asked.calls.Load())
	}
}

func TestAChangeIsToldOnce(t *testing.T) {
	asked := &scripted{name: "a"}
	var told [][]Failure
	checks := &Readiness{Dependencies: []Dependency{asked}, Limit: time.Second, Changed: func(f []Failure) { told = append(told, f) }}
	for _, err := range []error{nil, nil, syscall.ECONNREFUSED, syscall.ECONNREFUSED, nil} {
		asked.err = err
		checks.Failures()
	}
	if len(told) != 2 || len(told[0]) != 1 || len(told[1]) != 0 {
		t.Errorf("%+v", told)
	}
}
