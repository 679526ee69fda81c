// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

// Package settings reads the mounted configuration file strictly: what it does not know, it refuses by path.
package settings

import (
	"fmt"
	"log/slog"
	"os"
	"time"
)

// Settings is the whole file; every section and every key may be left out.
type Settings struct {
	Orchestration Orchestration `yaml:"orchestration"`
	Premium       Premium       `yaml:"premium"`
	Compliance    Compliance    `yaml:"compliance"`
	Monitoring    Monitoring    `yaml:"monitoring"`
	Server        Server        `yaml:"server"`
	Logging       Logging       `yaml:"logging"`
	Faults        Faults        `yaml:"faults"`
}

// Orchestration bounds what one orchestration may use.
type Orchestration struct {
	Enabled              bool   `yaml:"enabled"`
	MaxConcurrentSources int    `yaml:"maxConcurrentSources"`
	DefaultStrategy      string `yaml:"defaultStrategy"`
	TimeoutSeconds       int    `yaml:"timeoutSeconds"`
}

// Premium routes to paid models within a budget.
type Premium struct {
	Enabled         bool    `yaml:"enabled"`
	BudgetThreshold float64 `yaml:"budgetThreshold"`
	RoutingStrategy string  `yaml:"routingStrategy"`
}

// Compliance records and decides what may run.
type Compliance struct {
	Enabled             bool   `yaml:"enabled"`
	AuditTrail          bool   `yaml:"auditTrail"`
	PolicyDecisionPoint string `yaml:"policyDecisionPoint"`
}

// Monitoring switches the metrics port, trace ids in logs, and the health endpoints.
type Monitoring struct {
	Metrics      bool `yaml:"metrics"`
	Tracing      bool `yaml:"tracing"`
	HealthChecks bool `yaml:"healthChecks"`
}

// Server holds ports (0 takes a free one) and the times of connections and of the end.
type Server struct {
	Port                    int `yaml:"port"`
	MetricsPort             int `yaml:"metricsPort"`
	KeepAliveTimeoutSeconds int `yaml:"keepAliveTimeoutSeconds"`
	HeadersTimeoutSeconds   int `yaml:"headersTimeoutSeconds"`
	DrainSeconds            int `yaml:"drainSeconds"`
	ShutdownSeconds         int `yaml:"shutdownSeconds"`
}

// Logging picks the least level that is written and the form of a line.
type Logging struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// Faults are what tests break on purpose.
type Faults struct {
	CrashAtStart           bool    `yaml:"crashAtStart"`
	NeverReady             bool    `yaml:"neverReady"`
	SlowStartSeconds       int     `yaml:"slowStartSeconds"`
	ErrorRatio             float64 `yaml:"errorRatio"`
	LatencyMilliseconds    int     `yaml:"latencyMilliseconds"`
	LatencyShare           float64 `yaml:"latencyShare"`
	MemoryLeakMiBPerSecond int     `yaml:"memoryLeakMiBPerSecond"`
	MemoryLeakLimitMiB     int     `yaml:"memoryLeakLimitMiB"`
	IgnoreSigterm          bool    `yaml:"ignoreSigterm"`
}

// Defaults are the deployment report's values, and no fault.
func Defaults() Settings {
	return Settings{
		Orchestration: Orchestration{Enabled: true, MaxConcurrentSources: 15, DefaultStrategy: "consensus", TimeoutSeconds: 300},
		Premium:       Premium{Enabled: true, BudgetThreshold: 5.0, RoutingStrategy: "thompson_sampling"},
		Compliance:    Compliance{Enabled: true, AuditTrail: true, PolicyDecisionPoint: "http://pdp.security:8181"},
		Monitoring:    Monitoring{Metrics: true, Tracing: true, HealthChecks: true},
		Server: Server{
			Port: 8080, MetricsPort: 9090,
			KeepAliveTimeoutSeconds: 65, HeadersTimeoutSeconds: 66,
			DrainSeconds: 3, ShutdownSeconds: 300,
		},
		Logging: Logging{Level: "info", Format: "json"},
		Faults:  Faults{LatencyShare: 1, MemoryLeakLimitMiB: 1024},
	}
}

// Load reads and judges the file; the error names every problem at once.
func Load(path string) (Settings, error) {
	if path == "" {
		return Settings{}, fmt.Errorf("MAESTRO_CONFIG is not set: it names the settings file")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Settings{}, fmt.Errorf("the settings file cannot be read: %w", err)
	}
	found, err := Parse(text)
	if err != nil {
		return Settings{}, fmt.Errorf("%s: %w", path, err)
	}
	return found, nil
}

// Parse lays the text over the defaults and judges the result.
func Parse(text []byte) (Settings, error) {
	found := Defaults()
	if err := decode(text, &found); err != nil {
		return Settings{}, err
	}
	return found, found.judge()
}

// LogLevel is the level as the logger takes it; judge has refused unknown ones.
func (l Logging) LogLevel() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.Level))
	return level
}

// Timeout is the longest that one orchestration may take.
func (o Orchestration) Timeout() time.Duration { return seconds(o.TimeoutSeconds) }

// KeepAliveTimeout is how long an idle connection is kept.
func (s Server) KeepAliveTimeout() time.Duration { return seconds(s.KeepAliveTimeoutSeconds) }

// HeadersTimeout is how long a client may take to send its headers.
func (s Server) HeadersTimeout() time.Duration { return seconds(s.HeadersTimeoutSeconds) }

// Drain is how long new requests are still answered after SIGTERM.
func (s Server) Drain() time.Duration { return seconds(s.DrainSeconds) }

// Shutdown is how long requests in flight may take after the drain.
func (s Server) Shutdown() time.Duration { return seconds(s.ShutdownSeconds) }

// SlowStart is how long the service waits before it listens.
func (f Faults) SlowStart() time.Duration { return seconds(f.SlowStartSeconds) }

// Latency is what is added to a request that the share picks.
func (f Faults) Latency() time.Duration {
	return time.Duration(f.LatencyMilliseconds) * time.Millisecond
}

func seconds(count int) time.Duration { return time.Duration(count) * time.Second }
