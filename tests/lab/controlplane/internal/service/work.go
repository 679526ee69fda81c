// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package service

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"time"
)

const maxWorkMilliseconds = 1000

// worker burns processor time, for as many callers at once as there are processors.
type worker struct{ places chan struct{} }

func newWorker() worker { return worker{make(chan struct{}, runtime.GOMAXPROCS(0))} }

// handle answers GET /api/v1/work?ms=N after N milliseconds of work.
func (k worker) handle(w http.ResponseWriter, r *http.Request) {
	milliseconds, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil || milliseconds < 1 || milliseconds > maxWorkMilliseconds {
		writeError(w, http.StatusBadRequest, fmt.Sprintf("ms: must be a whole number from 1 to %d", maxWorkMilliseconds))
		return
	}
	select {
	case k.places <- struct{}{}:
		defer func() { <-k.places }()
	case <-r.Context().Done():
		return
	}
	rounds := burn(r.Context(), time.Duration(milliseconds)*time.Millisecond)
	writeJSON(w, http.StatusOK, map[string]int{"milliseconds": milliseconds, "rounds": rounds})
}

// burn keeps one processor busy and counts the rounds it went.
func burn(ctx context.Context, duration time.Duration) (rounds int) {
	end := time.Now().Add(duration)
	var sum [32]byte
	for time.Now().Before(end) && ctx.Err() == nil {
		for range 100 {
			sum = sha256.Sum256(sum[:])
		}
		rounds++
	}
	return rounds
}
