// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// bound is a number that must lie between two others.
type bound struct {
	path       string
	value      float64
	least, top float64
}

func (s Settings) bounds() []bound {
	return []bound{
		{"orchestration.maxConcurrentSources", float64(s.Orchestration.MaxConcurrentSources), 1, 1000},
		{"orchestration.timeoutSeconds", float64(s.Orchestration.TimeoutSeconds), 1, 3600},
		{"premium.budgetThreshold", s.Premium.BudgetThreshold, 0, 1e6},
		{"server.port", float64(s.Server.Port), 0, 65535},
		{"server.metricsPort", float64(s.Server.MetricsPort), 0, 65535},
		{"server.keepAliveTimeoutSeconds", float64(s.Server.KeepAliveTimeoutSeconds), 1, 3600},
		{"server.headersTimeoutSeconds", float64(s.Server.HeadersTimeoutSeconds), 1, 3600},
		{"server.drainSeconds", float64(s.Server.DrainSeconds), 0, 300},
		{"server.shutdownSeconds", float64(s.Server.ShutdownSeconds), 1, 3600},
		{"faults.slowStartSeconds", float64(s.Faults.SlowStartSeconds), 0, 600},
		{"faults.errorRatio", s.Faults.ErrorRatio, 0, 1},
		{"faults.latencyMilliseconds", float64(s.Faults.LatencyMilliseconds), 0, 120_000},
		{"faults.latencyShare", s.Faults.LatencyShare, 0, 1},
		{"faults.memoryLeakMiBPerSecond", float64(s.Faults.MemoryLeakMiBPerSecond), 0, 1024},
		{"faults.memoryLeakLimitMiB", float64(s.Faults.MemoryLeakLimitMiB), 1, 8192},
	}
}

// judge refuses values that have the right type and no sense.
func (s Settings) judge() error {
	var problems []error
	for _, b := range s.bounds() {
		if !(b.value >= b.least && b.value <= b.top) {
			problems = append(problems, fmt.Errorf("%s: must be from %v to %v, not %v", b.path, b.least, b.top, b.value))
		}
	}
	for _, rule := range s.rules() {
		if rule.broken {
			problems = append(problems, fmt.Errorf("%s: %s", rule.path, rule.message))
		}
	}
	return errors.Join(problems...)
}

type rule struct {
	path    string
	broken  bool
	message string
}

func (s Settings) rules() []rule {
	return []rule{
		{"orchestration.defaultStrategy", blank(s.Orchestration.DefaultStrategy), "must not be empty"},
		{"premium.routingStrategy", blank(s.Premium.RoutingStrategy), "must not be empty"},
		{"compliance.policyDecisionPoint", s.Compliance.Enabled && !httpURL(s.Compliance.PolicyDecisionPoint), "must be an http or https URL"},
		{"server.headersTimeoutSeconds", s.Server.HeadersTimeoutSeconds <= s.Server.KeepAliveTimeoutSeconds, "must be above server.keepAliveTimeoutSeconds"},
		{"server.metricsPort", s.Server.MetricsPort != 0 && s.Server.MetricsPort == s.Server.Port, "must differ from server.port"},
		{"logging.level", !knownLevel(s.Logging.Level), "must be debug, info, warn or error"},
		{"logging.format", s.Logging.Format != "json", "must be json"},
	}
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

func httpURL(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != ""
}

func knownLevel(text string) bool {
	var level slog.Level
	return !strings.ContainsAny(text, "+-") && level.UnmarshalText([]byte(text)) == nil
}
