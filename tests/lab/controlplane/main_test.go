// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const asProgram = "RUN_AS_THE_PROGRAM"

// TestMain lets the test binary play the program, so that tests see real exit codes and signals.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run())
	}
	os.Exit(m.Run())
}

var secretValues = []string{
	"DATABASE_URL=postgresql://maestro:s3cret@127.0.0.1:1/maestro?sslmode=disable",
	"REDIS_URL=redis://:s3cret@127.0.0.1:1/0",
	"OPENAI_API_KEY=s3cret", "ANTHROPIC_API_KEY=s3cret", "JWT_SIGNING_KEY=s3cret", "EXTERNAL_SERVICE_TOKEN=s3cret",
}

type program struct {
	*exec.Cmd
	lines *bufio.Scanner
}

func start(t *testing.T, settings string, environment ...string) *program {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append([]string{asProgram + "=1", "MAESTRO_CONFIG=" + file, "POD_NAME=maestro-0"}, environment...)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	return &program{command, bufio.NewScanner(output)}
}

// reads lines up to one with the message, and gives that one.
func (p *program) reads(t *testing.T, message string) map[string]string {
	t.Helper()
	for p.lines.Scan() {
		var line map[string]any
		if err := json.Unmarshal(p.lines.Bytes(), &line); err != nil {
			t.Fatalf("not JSON: %s", p.lines.Text())
		}
		if line["msg"] == message {
			return texts(line)
		}
	}
	t.Fatalf("ended without %q", message)
	return nil
}

func texts(line map[string]any) map[string]string {
	found := map[string]string{}
	for key, value := range line {
		if text, ok := value.(string); ok {
			found[key] = text
		}
	}
	return found
}

func (p *program) listens(t *testing.T) string {
	t.Helper()
	_, port, _ := net.SplitHostPort(p.reads(t, "listening")["address"])
	return "http://127.0.0.1:" + port
}

func (p *program) code(t *testing.T) int {
	t.Helper()
	timer := time.AfterFunc(10*time.Second, func() { _ = p.Process.Kill() })
	defer timer.Stop()
	_ = p.Wait()
	return p.ProcessState.ExitCode()
}

const anyPorts = "server: {port: 0, metricsPort: 0, drainSeconds: 0}\n"

func TestItServesAndEndsBySigterm(t *testing.T) {
	p := start(t, anyPorts, secretValues...)
	answered, err := http.Get(p.listens(t) + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answered.Body)
	if answered.StatusCode != 503 || !strings.Contains(string(body), "refuses connections") || strings.Contains(string(body), "s3cret") {
		t.Error(answered.Status, string(body))
	}
	if line := p.reads(t, "not ready"); line["pod"] != "maestro-0" || strings.Contains(line["error"], "s3cret") {
		t.Error(line)
	}
	_ = p.Process.Signal(syscall.SIGTERM)
	if code := p.code(t); code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestRefusedSettingsExitAs78(t *testing.T) {
	p := start(t, "orchestration: {maxSources: 3}", secretValues...)
	if line := p.reads(t, "the settings are refused"); !strings.Contains(line["error"], "orchestration.maxSources: unknown key") {
		t.Error(line)
	}
	if code := p.code(t); code != exitMisconfigured {
		t.Errorf("exit %d", code)
	}
}

func TestMissingSecretsExitAs78(t *testing.T) {
	p := start(t, anyPorts, secretValues[:3]...)
	line := p.reads(t, "the secrets are refused")
	if !strings.Contains(line["error"], "JWT_SIGNING_KEY") || strings.Contains(line["error"], "s3cret") {
		t.Error(line)
	}
	if code := p.code(t); code != exitMisconfigured {
		t.Errorf("exit %d", code)
	}
}

func TestSecretsComeFromFiles(t *testing.T) {
	directory := t.TempDir()
	for _, pair := range secretValues {
		key, value, _ := strings.Cut(pair, "=")
		if err := os.WriteFile(filepath.Join(directory, key), []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, anyPorts, "MAESTRO_SECRETS_DIR="+directory).listens(t)
}

func TestCrashAtStart(t *testing.T) {
	p := start(t, anyPorts+"faults: {crashAtStart: true}", secretValues...)
	p.reads(t, "faults.crashAtStart is set")
	if code := p.code(t); code != exitFailed {
		t.Errorf("exit %d", code)
	}
}

func TestItCanIgnoreSigterm(t *testing.T) {
	p := start(t, anyPorts+"faults: {ignoreSigterm: true}", secretValues...)
	address := p.listens(t)
	_ = p.Process.Signal(syscall.SIGTERM)
	time.Sleep(200 * time.Millisecond)
	if _, err := http.Get(address + "/healthz"); err != nil {
		t.Error(err)
	}
	_ = p.Process.Kill()
	if code := p.code(t); code != -1 {
		t.Errorf("exit %d: it ended before it was killed", code)
	}
}

func TestTheLevelIsASetting(t *testing.T) {
	p := start(t, anyPorts+"logging: {level: error}\nfaults: {slowStartSeconds: 1}", secretValues...)
	time.Sleep(100 * time.Millisecond)
	_ = p.Process.Signal(syscall.SIGTERM)
	if p.lines.Scan() {
		t.Errorf("logged: %s", p.lines.Text())
	}
}
