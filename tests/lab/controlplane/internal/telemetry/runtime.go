// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package telemetry

import (
	"runtime/metrics"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// runtime gives this process's figures under the names that the service's Node.js client library uses.
type runtime struct{ gauges []gauge }

type gauge struct {
	description *prometheus.Desc
	read        func() float64
}

func newRuntime() runtime {
	described := func(name, help string, read func() float64) gauge {
		return gauge{prometheus.NewDesc(name, help, nil, nil), read}
	}
	return runtime{[]gauge{
		described("nodejs_eventloop_lag_seconds", "Time a ready task waits for the processor.", schedulingLag),
		described("nodejs_heap_size_used_bytes", "Memory of live objects.", sum("/memory/classes/heap/objects:bytes")),
		described("nodejs_heap_size_total_bytes", "Memory of the heap.",
			sum("/memory/classes/heap/objects:bytes", "/memory/classes/heap/unused:bytes", "/memory/classes/heap/free:bytes")),
	}}
}

// Describe tells the metrics' names.
func (r runtime) Describe(descriptions chan<- *prometheus.Desc) {
	for _, g := range r.gauges {
		descriptions <- g.description
	}
}

// Collect reads all gauges.
func (r runtime) Collect(found chan<- prometheus.Metric) {
	for _, g := range r.gauges {
		found <- prometheus.MustNewConstMetric(g.description, prometheus.GaugeValue, g.read())
	}
}

// schedulingLag is how long a new task waits now: the counterpart of an event loop's lag.
func schedulingLag() float64 {
	due := time.Now()
	begun := make(chan time.Time, 1)
	go func() { begun <- time.Now() }()
	return (<-begun).Sub(due).Seconds()
}

func sum(names ...string) func() float64 {
	return func() float64 {
		samples := make([]metrics.Sample, len(names))
		for i, name := range names {
			samples[i].Name = name
		}
		metrics.Read(samples)
		var total float64
		for _, sample := range samples {
			total += float64(sample.Value.Uint64())
		}
		return total
	}
}
