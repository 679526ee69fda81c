// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package dependency

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// PostgreSQL is a small pool of connections.
type PostgreSQL struct{ pool *pgxpool.Pool }

// NewPostgreSQL does not connect yet. Its error holds no part of the URL.
func NewPostgreSQL(url string, authorities *x509.CertPool) (*PostgreSQL, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a PostgreSQL URL (postgresql://user:password@host:port/name?sslmode=verify-full)")
	}
	if config.ConnConfig.TLSConfig != nil {
		config.ConnConfig.TLSConfig.RootCAs = authorities
	}
	for _, other := range config.ConnConfig.Fallbacks {
		if other.TLSConfig != nil {
			other.TLSConfig.RootCAs = authorities
		}
	}
	config.ConnConfig.ConnectTimeout = 2 * time.Second
	config.MaxConns = 4
	config.MaxConnIdleTime = time.Minute
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, err
	}
	return &PostgreSQL{pool}, nil
}

// Name is how messages call it.
func (p *PostgreSQL) Name() string { return "postgresql" }

// Ping asks for an empty query's answer.
func (p *PostgreSQL) Ping(ctx context.Context) error { return p.pool.Ping(ctx) }

// Close ends the connections.
func (p *PostgreSQL) Close() { p.pool.Close() }
