// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package settings

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
)

const report = `
orchestration:
  enabled: true
  maxConcurrentSources: 15
  defaultStrategy: consensus
  timeoutSeconds: 300
premium:
  enabled: true
  budgetThreshold: 5.0
  routingStrategy: thompson_sampling
compliance:
  enabled: true
  auditTrail: true
  policyDecisionPoint: "http://pdp.security:8181"
monitoring:
  metrics: true
  tracing: true
  healthChecks: true
`

func TestTheReportsSettingsAreTheDefaults(t *testing.T) {
	for name, text := range map[string]string{"the report": report, "nothing": "", "a comment": "# none\n"} {
		found, err := Parse([]byte(text))
		if err != nil || found != Defaults() {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
}

func TestGivenValuesReplaceDefaults(t *testing.T) {
	found, err := Parse([]byte("premium: {budgetThreshold: 7}\nlogging: {level: WARN}\nfaults: {errorRatio: 0.25, slowStartSeconds: 4}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if found.Premium.BudgetThreshold != 7 || !found.Premium.Enabled || found.Faults.ErrorRatio != 0.25 {
		t.Errorf("%+v", found)
	}
	if found.Logging.LogLevel() != slog.LevelWarn || found.Faults.SlowStart().Seconds() != 4 {
		t.Errorf("%+v", found)
	}
}

func TestRefusals(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"unknown section":     {"orchestraton: {}", "orchestraton: unknown key; known here: compliance, faults, "},
		"unknown key":         {"\norchestration:\n  maxSources: 3", "orchestration.maxSources: unknown key; known here: defaultStrategy"},
		"its line":            {"\norchestration:\n  maxSources: 3", "(line 3)"},
		"a string for a bool": {`premium: {enabled: "true"}`, "premium.enabled: must be true or false"},
		"old bool":            {"premium: {enabled: yes}", "premium.enabled: must be true or false"},
		"float for int":       {"server: {port: 80.5}", "server.port: must be a whole number"},
		"string for int":      {`server: {port: "8080"}`, "server.port: must be a whole number"},
		"beyond an int":       {"server: {port: 99999999999999999999}", "server.port: must be"},
		"number for string":   {"logging: {level: 3}", "logging.level: must be a string"},
		"null":                {"logging: {level: }", "logging.level: must be a string"},
		"list for section":    {"logging: [json]", "logging: must be a mapping"},
		"section for scalar":  {"logging: {level: {a: b}}", "logging.level: must be a string"},
		"scalar for the file": {"true", "the file: must be a mapping"},
		"twice":               {"logging: {level: info, level: warn}", "logging.level: is given twice"},
		"no YAML":             {"a: [", "not YAML"},
		"out of range":        {"faults: {errorRatio: 1.5}", "faults.errorRatio: must be from 0 to 1, not 1.5"},
		"not a number":        {"faults: {errorRatio: .nan}", "faults.errorRatio: must be from 0 to 1"},
		"no sense":            {"server: {keepAliveTimeoutSeconds: 66}", "server.headersTimeoutSeconds: must be above server.keepAliveTimeoutSeconds"},
		"one port for two":    {"server: {metricsPort: 8080}", "server.metricsPort: must differ"},
		"no level":            {"logging: {level: loud}", "logging.level: must be debug, info, warn or error"},
		"a level's offset":    {"logging: {level: info+2}", "logging.level: must be"},
		"no format":           {"logging: {format: text}", "logging.format: must be json"},
		"no URL":              {"compliance: {policyDecisionPoint: pdp}", "compliance.policyDecisionPoint: must be an http or https URL"},
		"no strategy":         {`orchestration: {defaultStrategy: " "}`, "orchestration.defaultStrategy: must not be empty"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAllProblemsAreNamedAtOnce(t *testing.T) {
	_, err := Parse([]byte("premium: {enabled: 1}\nfault: {}\nserver: {port: x}"))
	for _, path := range []string{"premium.enabled", "fault:", "server.port"} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s is missing from: %v", path, err)
		}
	}
}

func TestAMissingFileIsNamed(t *testing.T) {
	if _, err := Load(""); err == nil || !strings.Contains(err.Error(), "MAESTRO_CONFIG") {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), "absent.yaml")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
}
