// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

// The lab's stand-in for the Maestro control plane: the same ports, endpoints, settings, secrets and metrics. See README.md.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"intelgraph.ai/maestro/lab/controlplane/internal/dependency"
	"intelgraph.ai/maestro/lab/controlplane/internal/secrets"
	"intelgraph.ai/maestro/lab/controlplane/internal/service"
	"intelgraph.ai/maestro/lab/controlplane/internal/settings"
)

const (
	exitFailed        = 1
	exitMisconfigured = 78
)

// version is set by the linker.
var version = "0.0.0-dev"

func main() { os.Exit(run()) }

func run() int {
	identity := service.Identify(version, os.Getenv)
	log := logger(identity, slog.LevelInfo)
	given, err := settings.Load(os.Getenv("MAESTRO_CONFIG"))
	if err != nil {
		return ended(log, "the settings are refused", err, exitMisconfigured)
	}
	log = logger(identity, given.Logging.LogLevel())
	dependencies, err := connect()
	if err != nil {
		return ended(log, "the secrets are refused", err, exitMisconfigured)
	}
	if given.Faults.CrashAtStart {
		log.Error("faults.crashAtStart is set")
		return exitFailed
	}
	ctx, stop := untilTold(given.Faults.IgnoreSigterm)
	defer stop()
	if err := service.New(given, identity, dependencies, log).Run(ctx); err != nil {
		return ended(log, "the service failed", err, exitFailed)
	}
	for _, dependency := range dependencies {
		dependency.Close()
	}
	return 0
}

func logger(identity service.Identity, level slog.Level) *slog.Logger {
	handler := slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: level})
	return slog.New(handler).With("service", identity.Service, "version", identity.Version, "pod", identity.Pod)
}

func connect() ([]dependency.Dependency, error) {
	found, err := secrets.Load(secrets.Environment(os.Getenv("MAESTRO_SECRETS_DIR"), os.Getenv))
	if err != nil {
		return nil, err
	}
	authorities, err := dependency.Authorities(os.Getenv("NODE_EXTRA_CA_CERTS"))
	if err != nil {
		return nil, err
	}
	postgresql, err := dependency.NewPostgreSQL(found.DatabaseURL, authorities)
	if err != nil {
		return nil, err
	}
	redis, err := dependency.NewRedis(found.RedisURL, authorities)
	if err != nil {
		return nil, err
	}
	return []dependency.Dependency{postgresql, redis}, nil
}

// untilTold ends by SIGINT or SIGTERM; as PID 1 the process must ask for either to have any effect.
func untilTold(ignoreSigterm bool) (context.Context, context.CancelFunc) {
	if ignoreSigterm {
		signal.Ignore(syscall.SIGTERM)
		return signal.NotifyContext(context.Background(), syscall.SIGINT)
	}
	return signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
}

func ended(log *slog.Logger, message string, err error, code int) int {
	log.Error(message, "error", err.Error())
	return code
}
