// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package faults

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func count(share *Share, calls int) (picked int) {
	for range calls {
		if share.Picks() {
			picked++
		}
	}
	return picked
}

func TestAShareIsExact(t *testing.T) {
	for _, c := range []struct {
		ratio       float64
		calls, want int
	}{{0, 100, 0}, {1, 100, 100}, {0.1, 10, 1}, {0.1, 1000, 100}, {0.25, 9, 2}, {1.0 / 3, 300, 100}, {0.001, 999, 0}} {
		if got := count(NewShare(c.ratio), c.calls); got != c.want {
			t.Errorf("%v of %d: got %d, want %d", c.ratio, c.calls, got, c.want)
		}
	}
}

func TestAShareIsSpreadEvenly(t *testing.T) {
	share := NewShare(0.5)
	for range 10 {
		if got := count(share, 2); got != 1 {
			t.Fatalf("%d of 2", got)
		}
	}
}

func TestAShareIsExactAmongConcurrentCalls(t *testing.T) {
	share := NewShare(0.2)
	results := make(chan int, 8)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() { results <- count(share, 1000) })
	}
	callers.Wait()
	close(results)
	total := 0
	for picked := range results {
		total += picked
	}
	if total != 1600 {
		t.Errorf("picked %d of 8000", total)
	}
}

func TestALeakGrowsByItsRateUpToItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leak := &Leak{MiBPerSecond: 4, LimitMiB: 10}
		go leak.Run(t.Context())
		time.Sleep(time.Second + time.Millisecond)
		if leak.Size() != 4 {
			t.Errorf("%d MiB after a second", leak.Size())
		}
		time.Sleep(time.Minute)
		if leak.Size() != 10 {
			t.Errorf("%d MiB in the end", leak.Size())
		}
	})
}

func TestALeakEndsWithItsContextAndNoRateLeaksNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, leak := range []*Leak{{MiBPerSecond: 1, LimitMiB: 10}, {LimitMiB: 10}} {
		leak.Run(ctx)
		if leak.Size() > 0 {
			t.Errorf("%d MiB", leak.Size())
		}
	}
}
