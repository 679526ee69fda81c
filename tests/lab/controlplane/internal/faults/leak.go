// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package faults

import (
	"context"
	"sync/atomic"
	"time"
)

const mebibyte = 1 << 20

// Leak takes memory and never gives it back, up to a limit.
type Leak struct {
	MiBPerSecond int
	LimitMiB     int

	kept [][]byte
	size atomic.Int64
}

// Run leaks until the limit or the context's end.
func (l *Leak) Run(ctx context.Context) {
	if l.MiBPerSecond <= 0 {
		return
	}
	ticker := time.NewTicker(time.Second / time.Duration(l.MiBPerSecond))
	defer ticker.Stop()
	for l.Size() < l.LimitMiB {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			l.kept = append(l.kept, touched(mebibyte))
			l.size.Add(1)
		}
	}
}

// Size is what has been leaked, in MiB.
func (l *Leak) Size() int { return int(l.size.Load()) }

// touched writes to every page, so that the memory is resident.
func touched(size int) []byte {
	memory := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		memory[i] = 1
	}
	return memory
}
