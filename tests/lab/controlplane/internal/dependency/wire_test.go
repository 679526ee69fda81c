// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package dependency

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// serve runs a server of one line of talk and gives its address.
func serve(t *testing.T, talk func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go talk(connection)
		}
	}()
	return listener.Addr().String()
}

// certificate is trusted by the authorities file, and by nobody else.
func certificate(t *testing.T) (server *tls.Config, authorities string) {
	t.Helper()
	made := httptest.NewTLSServer(nil)
	defer made.Close()
	authorities = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Certificate().Raw})
	if err := os.WriteFile(authorities, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: made.TLS.Certificates}, authorities
}

// redisServer knows HELLO, AUTH and PING, as much as a readiness check needs.
func redisServer(password string) func(net.Conn) {
	return func(connection net.Conn) {
		defer connection.Close()
		reader := bufio.NewReader(connection)
		trusted := password == ""
		for {
			command, err := redisCommand(reader)
			if err != nil {
				return
			}
			switch name := strings.ToUpper(command[0]); {
			case name == "HELLO" || name == "CLIENT":
				io.WriteString(connection, "-ERR unknown command\r\n")
			case name == "AUTH" && command[len(command)-1] == password:
				trusted = true
				io.WriteString(connection, "+OK\r\n")
			case name == "AUTH":
				io.WriteString(connection, "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
			case !trusted:
				io.WriteString(connection, "-NOAUTH Authentication required.\r\n")
			default:
				io.WriteString(connection, "+PONG\r\n")
			}
		}
	}
}

func redisCommand(reader *bufio.Reader) ([]string, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	count, err := strconv.Atoi(strings.TrimSpace(line)[1:])
	words := make([]string, count)
	for i := range words {
		if _, err = reader.ReadString('\n'); err == nil {
			words[i], err = reader.ReadString('\n')
		}
		words[i] = strings.TrimSpace(words[i])
	}
	return words, err
}

// postgresServer trusts one password in clear text and answers empty queries.
func postgresServer(password string) func(net.Conn) {
	return func(connection net.Conn) {
		defer connection.Close()
		backend := pgproto3.NewBackend(connection, connection)
		if _, err := backend.ReceiveStartupMessage(); err != nil {
			return
		}
		backend.Send(&pgproto3.AuthenticationCleartextPassword{})
		_ = backend.Flush()
		_ = backend.SetAuthType(pgproto3.AuthTypeCleartextPassword)
		if given, err := backend.Receive(); err != nil || given.(*pgproto3.PasswordMessage).Password != password {
			backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: "password authentication failed"})
			_ = backend.Flush()
			return
		}
		backend.Send(&pgproto3.AuthenticationOk{})
		backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		_ = backend.Flush()
		for {
			if _, err := backend.Receive(); err != nil {
				return
			}
			backend.Send(&pgproto3.EmptyQueryResponse{})
			backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			_ = backend.Flush()
		}
	}
}

func overTLS(config *tls.Config, talk func(net.Conn)) func(net.Conn) {
	return func(connection net.Conn) { talk(tls.Server(connection, config)) }
}

// postgresOverTLS takes the request for TLS first, as PostgreSQL does.
func postgresOverTLS(config *tls.Config, talk func(net.Conn)) func(net.Conn) {
	return func(connection net.Conn) {
		if _, err := io.ReadFull(connection, make([]byte, 8)); err != nil {
			return
		}
		io.WriteString(connection, "S")
		talk(tls.Server(connection, config))
	}
}

func deaf(connection net.Conn) { _, _ = io.Copy(io.Discard, connection) }

func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

const late = "does not answer in time"

// limitFor is more than an answer takes on a busy machine, and soon over where none is to come.
func limitFor(want string) time.Duration {
	if want == late {
		return 500 * time.Millisecond
	}
	return 30 * time.Second
}

// verdict is the reason for which the dependency fails, or "", asked with the limit for the reason that is wanted.
func verdict(t *testing.T, dependency Dependency, err error, want string) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dependency.Close)
	checks := &Readiness{Dependencies: []Dependency{dependency}, Limit: limitFor(want)}
	for _, failure := range checks.Failures() {
		return failure.Reason
	}
	return ""
}

func TestRedis(t *testing.T) {
	serverTLS, trusted := certificate(t)
	plain := serve(t, redisServer("s3cret"))
	secure := serve(t, overTLS(serverTLS, redisServer("s3cret")))
	cases := []struct{ name, url, authorities, want string }{
		{"answers", "redis://:s3cret@" + plain, "", ""},
		{"answers over TLS", "rediss://:s3cret@" + secure, trusted, ""},
		{"unknown authority", "rediss://:s3cret@" + secure, "", "its certificate is not trusted"},
		{"wrong password", "redis://:wrong@" + plain, "", "refuses the credentials"},
		{"no password", "redis://" + plain, "", "refuses the credentials"},
		{"closed port", "redis://" + closedPort(t), "", "refuses connections"},
		{"deaf", "redis://" + serve(t, deaf), "", late},
		{"no such name", "redis://redis.invalid:6379", "", "its name cannot be resolved"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			authorities, err := Authorities(c.authorities)
			if err != nil {
				t.Fatal(err)
			}
			redis, err := NewRedis(c.url, authorities)
			if got := verdict(t, redis, err, c.want); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPostgreSQL(t *testing.T) {
	serverTLS, trusted := certificate(t)
	plain := serve(t, postgresServer("s3cret"))
	secure := serve(t, postgresOverTLS(serverTLS, postgresServer("s3cret")))
	at := func(password, address, mode string) string {
		return fmt.Sprintf("postgresql://maestro:%s@%s/maestro?sslmode=%s", url.QueryEscape(password), address, mode)
	}
	cases := []struct{ name, url, authorities, want string }{
		{"answers", at("s3cret", plain, "disable"), "", ""},
		{"answers over TLS", at("s3cret", secure, "verify-full"), trusted, ""},
		{"encrypted only", at("s3cret", secure, "require"), "", ""},
		{"unknown authority", at("s3cret", secure, "verify-full"), "", "its certificate is not trusted"},
		{"wrong password", at("wrong", plain, "disable"), "", "refuses the credentials"},
		{"closed port", at("s3cret", closedPort(t), "disable"), "", "refuses connections"},
		{"deaf", at("s3cret", serve(t, deaf), "disable"), "", late},
		{"no such name", at("s3cret", "postgresql.invalid", "disable"), "", "its name cannot be resolved"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			authorities, err := Authorities(c.authorities)
			if err != nil {
				t.Fatal(err)
			}
			postgresql, err := NewPostgreSQL(c.url, authorities)
			if got := verdict(t, postgresql, err, c.want); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestARestartedServerIsFoundAgain(t *testing.T) {
	connections := make(chan net.Conn, 8)
	address := serve(t, func(connection net.Conn) {
		connections <- connection
		redisServer("")(connection)
	})
	redis, err := NewRedis("redis://"+address, nil)
	if got := verdict(t, redis, err, ""); got != "" {
		t.Fatal(got)
	}
	_ = (<-connections).Close()
	verdict(t, redis, nil, "")
	if got := verdict(t, redis, nil, ""); got != "" {
		t.Errorf("still %q", got)
	}
}

func TestABadURLIsRefusedWithoutRepeatingIt(t *testing.T) {
	if _, err := NewRedis("http://:s3cret@%zz", nil); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
	if _, err := NewPostgreSQL("postgresql://u:s3cret@host:port/name", nil); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
}

func TestAuthoritiesNameTheBadFile(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{empty, empty + ".absent"} {
		if _, err := Authorities(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
