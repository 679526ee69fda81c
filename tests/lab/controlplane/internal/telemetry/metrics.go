// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

// Package telemetry measures the service in Prometheus' terms.
package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The bounds include 2 (the latency objective) and 30 (the latency alert), in seconds.
var (
	requestSeconds       = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60}
	orchestrationSeconds = []float64{0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300}
)

// Metrics are the service's own figures; the registry adds those of the process.
type Metrics struct {
	Requests             *prometheus.CounterVec   // method, route, code
	RequestSeconds       *prometheus.HistogramVec // method, route
	Orchestrations       *prometheus.CounterVec   // strategy, outcome
	OrchestrationSeconds *prometheus.HistogramVec // strategy

	registry *prometheus.Registry
}

// New registers all metrics of one process of a version and a revision.
func New(version, revision string) *Metrics {
	m := &Metrics{
		Requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "maestro_http_requests_total", Help: "HTTP requests answered.",
		}, []string{"method", "route", "code"}),
		RequestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "maestro_http_request_duration_seconds", Help: "Time to answer an HTTP request.", Buckets: requestSeconds,
		}, []string{"method", "route"}),
		Orchestrations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "maestro_orchestrations_total", Help: "Orchestrations by how they ended.",
		}, []string{"strategy", "outcome"}),
		OrchestrationSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "maestro_orchestration_duration_seconds", Help: "Time an orchestration took.", Buckets: orchestrationSeconds,
		}, []string{"strategy"}),
		registry: prometheus.NewRegistry(),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "maestro_build_info", Help: "1, with what runs as labels.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision},
	})
	build.Set(1)
	m.registry.MustRegister(
		m.Requests, m.RequestSeconds, m.Orchestrations, m.OrchestrationSeconds, build, newRuntime(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
