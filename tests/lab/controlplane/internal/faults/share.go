// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

// Package faults breaks the service on purpose, by measure.
package faults

import (
	"math"
	"sync/atomic"
)

// Share picks a share of all calls, spread evenly and without chance: of n calls it picks n times the ratio, rounded down.
type Share struct {
	ratio float64
	calls atomic.Int64
}

// NewShare picks a ratio from 0 (none) to 1 (all).
func NewShare(ratio float64) *Share { return &Share{ratio: ratio} }

// Picks tells whether this call is one of the share.
func (s *Share) Picks() bool {
	if s.ratio <= 0 {
		return false
	}
	call := s.calls.Add(1)
	return s.picked(call) > s.picked(call-1)
}

// picked is how many of the first calls are picked. The small term keeps 10 x 0.1 from being 0.
func (s *Share) picked(calls int64) int64 {
	return int64(math.Floor(float64(calls)*s.ratio + 1e-9))
}
