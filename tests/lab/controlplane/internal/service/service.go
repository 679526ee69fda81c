// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

// Package service answers requests, and ends without losing one.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"intelgraph.ai/maestro/lab/controlplane/internal/dependency"
	"intelgraph.ai/maestro/lab/controlplane/internal/faults"
	"intelgraph.ai/maestro/lab/controlplane/internal/settings"
	"intelgraph.ai/maestro/lab/controlplane/internal/telemetry"
)

const (
	readinessLasts = time.Second
	readinessLimit = time.Second
)

// Service is one process of the control plane.
type Service struct {
	settings  settings.Settings
	identity  Identity
	readiness *dependency.Readiness
	metrics   *telemetry.Metrics
	log       *slog.Logger
	worker    worker
	leak      *faults.Leak
	failed    *faults.Share
	delayed   *faults.Share
	draining  atomic.Bool
}

// New makes a service that does not listen yet.
func New(given settings.Settings, identity Identity, dependencies []dependency.Dependency, log *slog.Logger) *Service {
	broken := given.Faults
	s := &Service{
		settings: given,
		identity: identity,
		metrics:  telemetry.New(identity.Version, identity.Revision),
		log:      log,
		worker:   newWorker(),
		leak:     &faults.Leak{MiBPerSecond: broken.MemoryLeakMiBPerSecond, LimitMiB: broken.MemoryLeakLimitMiB},
		failed:   faults.NewShare(broken.ErrorRatio),
		delayed:  faults.NewShare(broken.LatencyShare),
	}
	s.readiness = &dependency.Readiness{
		Dependencies: dependencies, Lasts: readinessLasts, Limit: readinessLimit, Changed: s.readinessChanged,
	}
	return s
}

// Handler answers requests of the HTTP port.
func (s *Service) Handler() http.Handler { return s.observed(s.routes()) }

// Run serves until the context ends, then drains. The error is nil when every request was answered.
func (s *Service) Run(ctx context.Context) error {
	if !waited(ctx, s.settings.Faults.SlowStart()) {
		return nil
	}
	servers, err := s.listen()
	if err != nil {
		return err
	}
	go s.leak.Run(ctx)
	ended := make(chan error, len(servers))
	for _, server := range servers {
		go func() { ended <- server.serve() }()
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return s.drain(servers)
	}
}

// listener is one port and what answers there.
type listener struct {
	*http.Server
	socket net.Listener
}

func (l *listener) serve() error {
	if err := l.Serve(l.socket); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Service) listen() ([]*listener, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Handler())
	ports := []struct {
		name    string
		port    int
		handler http.Handler
	}{{"http", s.settings.Server.Port, s.Handler()}, {"metrics", s.settings.Server.MetricsPort, mux}}
	if !s.settings.Monitoring.Metrics {
		ports = ports[:1]
	}
	var servers []*listener
	for _, wanted := range ports {
		socket, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(wanted.port)))
		if err != nil {
			return nil, fmt.Errorf("the %s port: %w", wanted.name, err)
		}
		s.log.Info("listening", "port", wanted.name, "address", socket.Addr().String())
		servers = append(servers, &listener{s.server(wanted.handler), socket})
	}
	return servers, nil
}

func (s *Service) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		IdleTimeout:       s.settings.Server.KeepAliveTimeout(),
		ReadHeaderTimeout: s.settings.Server.HeadersTimeout(),
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
}

// drain goes on answering, asks clients to leave, then waits for requests in flight. Idle connections are closed last,
// when no client should use them any more.
func (s *Service) drain(servers []*listener) error {
	s.draining.Store(true)
	s.log.Info("draining", "seconds", s.settings.Server.DrainSeconds)
	time.Sleep(s.settings.Server.Drain())
	ctx, cancel := context.WithTimeout(context.Background(), s.settings.Server.Shutdown())
	defer cancel()
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close()
			return fmt.Errorf("requests were cut after server.shutdownSeconds (%d): %w", s.settings.Server.ShutdownSeconds, err)
		}
	}
	s.log.Info("drained")
	return nil
}

func (s *Service) readinessChanged(failures []dependency.Failure) {
	for _, failure := range failures {
		s.log.Warn("not ready", "dependency", failure.Dependency, "reason", failure.Reason, "error", failure.Cause.Error())
	}
	if len(failures) == 0 {
		s.log.Info("ready")
	}
}

// waited is false when the context ended first.
func waited(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}
