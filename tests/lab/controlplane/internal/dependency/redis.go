// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package dependency

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is a small pool of connections.
type Redis struct{ client *redis.Client }

func init() { redis.SetLogger(quiet{log.New(io.Discard, "", 0)}) }

// quiet: the client's own log lines are not JSON, and its errors come back to the caller anyway.
type quiet struct{ *log.Logger }

func (q quiet) Printf(_ context.Context, format string, values ...any) {
	q.Logger.Printf(format, values...)
}

// NewRedis does not connect yet. Its error holds no part of the URL.
func NewRedis(url string, authorities *x509.CertPool) (*Redis, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("REDIS_URL is not a Redis URL (rediss://:password@host:port/0)")
	}
	if options.TLSConfig != nil {
		options.TLSConfig.RootCAs = authorities
	}
	options.PoolSize = 4
	options.MaxRetries = -1
	options.DialTimeout = time.Second
	options.ContextTimeoutEnabled = true
	return &Redis{redis.NewClient(options)}, nil
}

// Name is how messages call it.
func (r *Redis) Name() string { return "redis" }

// Ping asks for PONG.
func (r *Redis) Ping(ctx context.Context) error { return r.client.Ping(ctx).Err() }

// Close ends the connections.
func (r *Redis) Close() { _ = r.client.Close() }
