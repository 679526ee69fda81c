// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

// Package dependency talks to PostgreSQL and Redis and tells whether they answer.
package dependency

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"
)

// Dependency is a service that this one cannot work without.
type Dependency interface {
	Name() string
	// Ping is one cheap round trip.
	Ping(ctx context.Context) error
	// Close frees the connections.
	Close()
}

// Authorities are the host's trusted certificates and those of a PEM file ("" for none).
func Authorities(extra string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if extra == "" {
		return pool, nil
	}
	text, err := os.ReadFile(extra)
	if err != nil {
		return nil, fmt.Errorf("NODE_EXTRA_CA_CERTS: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("NODE_EXTRA_CA_CERTS: %s holds no PEM certificate", extra)
	}
	return pool, nil
}

// Reason is an error in words that anyone may read: no address, no user, no password.
func Reason(err error) string {
	for _, known := range reasons {
		if known.matches(err) {
			return known.words
		}
	}
	return "does not answer as expected"
}

var reasons = []struct {
	words   string
	matches func(error) bool
}{
	{"does not answer in time", timedOut},
	{"refuses connections", is(syscall.ECONNREFUSED)},
	{"cannot be reached", anyOf(is(syscall.EHOSTUNREACH), is(syscall.ENETUNREACH))},
	{"its name cannot be resolved", as[*net.DNSError]()},
	{"its certificate is not trusted", anyOf(as[*tls.CertificateVerificationError](), as[x509.UnknownAuthorityError]())},
	{"refuses the credentials", anyOf(wrongPassword, redis.IsAuthError)},
}

func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// wrongPassword: PostgreSQL's class 28, invalid authorization.
func wrongPassword(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && len(refusal.Code) == 5 && refusal.Code[:2] == "28"
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[T error]() func(error) bool {
	return func(err error) bool {
		var target T
		return errors.As(err, &target)
	}
}

func anyOf(tests ...func(error) bool) func(error) bool {
	return func(err error) bool {
		for _, test := range tests {
			if test(err) {
				return true
			}
		}
		return false
	}
}
