// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package service

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"intelgraph.ai/maestro/lab/controlplane/internal/settings"
)

// running is a service that listens on ports of its own.
type running struct {
	*scenario
	stop  context.CancelFunc
	ended chan error
}

func run(t *testing.T, changes ...func(*settings.Settings)) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{given(t, changes...), stop, make(chan error, 1)}
	go func() { r.ended <- r.Run(ctx) }()
	t.Cleanup(stop)
	return r
}

// address is where a port listens; it is asked for until it does.
func (r *running) address(t *testing.T, port string) string {
	t.Helper()
	for range 500 {
		for _, line := range r.journal.lines(t, "listening") {
			if line["port"] == port {
				_, number, _ := net.SplitHostPort(line["address"].(string))
				return "http://127.0.0.1:" + number
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the %s port does not listen", port)
	return ""
}

func (r *running) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("does not end")
		return nil
	}
}

// waitFor the message in the log.
func (r *running) waitFor(t *testing.T, message string) {
	t.Helper()
	for range 500 {
		if len(r.journal.lines(t, message)) > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q is not logged", message)
}

// get gives the status and whether the connection is closed after it.
func get(client *http.Client, url string) (int, bool, error) {
	answered, err := client.Get(url)
	if err != nil {
		return 0, false, err
	}
	defer answered.Body.Close()
	return answered.StatusCode, answered.Close, nil
}

func fresh() *http.Client { return &http.Client{Transport: &http.Transport{}} }

func TestBothPortsAnswerAndAStopEndsThemWithoutError(t *testing.T) {
	r := run(t)
	for port, path := range map[string]string{"http": "/healthz", "metrics": "/metrics"} {
		if code, _, err := get(fresh(), r.address(t, port)+path); code != 200 {
			t.Error(port, code, err)
		}
	}
	address := r.address(t, "http")
	r.stop()
	if err := r.end(t); err != nil {
		t.Error(err)
	}
	if _, _, err := get(fresh(), address+"/healthz"); err == nil {
		t.Error("it still listens")
	}
}

func TestWithoutMetricsThePortIsClosed(t *testing.T) {
	r := run(t, func(s *settings.Settings) { s.Monitoring.Metrics = false })
	r.address(t, "http")
	if lines := r.journal.lines(t, "listening"); len(lines) != 1 {
		t.Error(lines)
	}
}

func TestATakenPortIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	r := run(t, func(s *settings.Settings) { s.Server.MetricsPort = taken.Addr().(*net.TCPAddr).Port })
	if err := r.end(t); err == nil || !strings.Contains(err.Error(), "the metrics port") {
		t.Error(err)
	}
}

// arrival is as long as a request takes to its handler on a busy machine.
const arrival = time.Second

func TestARequestInFlightIsAnsweredAfterTheStop(t *testing.T) {
	r := run(t, func(s *settings.Settings) { s.Faults.LatencyMilliseconds = 2_000 })
	address := r.address(t, "http")
	answered := make(chan int, 1)
	go func() {
		code, _, _ := get(fresh(), address+"/api/v1/status")
		answered <- code
	}()
	time.Sleep(arrival)
	r.stop()
	if err := r.end(t); err != nil {
		t.Error(err)
	}
	if code := <-answered; code != 200 {
		t.Errorf("got %d", code)
	}
}

func TestWhileDrainingAllAreAnsweredAndAskedToLeave(t *testing.T) {
	r := run(t, func(s *settings.Settings) { s.Server.DrainSeconds = 1 })
	address := r.address(t, "http")
	kept := fresh()
	if code, closed, err := get(kept, address+"/api/v1/status"); code != 200 || closed {
		t.Fatal(code, closed, err)
	}
	r.stop()
	r.waitFor(t, "draining")
	for name, client := range map[string]*http.Client{"a kept connection": kept, "a new connection": fresh()} {
		if code, closed, err := get(client, address+"/readyz"); code != 200 || !closed {
			t.Errorf("%s: %d, closed %v, %v", name, code, closed, err)
		}
	}
	if err := r.end(t); err != nil {
		t.Error(err)
	}
}

func TestARequestLongerThanTheLimitIsCutAndTold(t *testing.T) {
	r := run(t, func(s *settings.Settings) { s.Faults.LatencyMilliseconds, s.Server.ShutdownSeconds = 60_000, 1 })
	address := r.address(t, "http")
	go get(fresh(), address+"/api/v1/status")
	time.Sleep(arrival)
	r.stop()
	if err := r.end(t); err == nil || !strings.Contains(err.Error(), "server.shutdownSeconds (1)") {
		t.Error(err)
	}
}

func TestAnIdleConnectionOutlivesThoseOfTheIngress(t *testing.T) {
	server := given(t).server(http.NotFoundHandler())
	if server.IdleTimeout < 65*time.Second || server.ReadHeaderTimeout <= server.IdleTimeout {
		t.Error(server.IdleTimeout, server.ReadHeaderTimeout)
	}
}

func TestASlowStartListensLateAndCanBeStopped(t *testing.T) {
	slow := func(s *settings.Settings) { s.Faults.SlowStartSeconds = 1 }
	begun := time.Now()
	run(t, slow).address(t, "http")
	if took := time.Since(begun); took < time.Second {
		t.Errorf("listened after %v", took)
	}
	stopped := run(t, slow)
	stopped.stop()
	if err := stopped.end(t); err != nil || len(stopped.journal.lines(t, "listening")) > 0 {
		t.Error(err)
	}
}

func TestALeakRunsWithTheService(t *testing.T) {
	r := run(t, func(s *settings.Settings) { s.Faults.MemoryLeakMiBPerSecond, s.Faults.MemoryLeakLimitMiB = 100, 3 })
	r.address(t, "http")
	for range 200 {
		if r.leak.Size() == 3 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d MiB", r.leak.Size())
}
