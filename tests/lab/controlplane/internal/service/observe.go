// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package service

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type idKey struct{}

var (
	fitID       = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	traceParent = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$`)
	methods     = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	probes      = []string{"/healthz", "/readyz"}
)

// observed gives every request an id, tells who answers it, ends its connection while draining, counts and logs it.
func (s *Service) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		r = r.WithContext(context.WithValue(r.Context(), idKey{}, givenOrNewID(r)))
		s.introduce(w.Header(), r)
		recorded := &recorder{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(recorded, r)
		s.count(r, recorded.code, time.Since(begun))
	})
}

func (s *Service) introduce(header http.Header, r *http.Request) {
	header.Set("X-Request-Id", requestID(r))
	header.Set("X-Maestro-Pod", s.identity.Pod)
	header.Set("X-Maestro-Version", s.identity.Version)
	if s.draining.Load() {
		header.Set("Connection", "close")
	}
}

func (s *Service) count(r *http.Request, code int, took time.Duration) {
	method, route := bounded(r)
	s.metrics.Requests.WithLabelValues(method, route, strconv.Itoa(code)).Inc()
	s.metrics.RequestSeconds.WithLabelValues(method, route).Observe(took.Seconds())
	s.log.LogAttrs(r.Context(), levelOf(route, code), "request", s.described(r, code, took)...)
}

func (s *Service) described(r *http.Request, code int, took time.Duration) []slog.Attr {
	attributes := []slog.Attr{
		slog.String("request_id", requestID(r)), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", code), slog.Float64("milliseconds", float64(took.Microseconds())/1000),
	}
	if trace := traceParent.FindStringSubmatch(r.Header.Get("traceparent")); trace != nil && s.settings.Monitoring.Tracing {
		attributes = append(attributes, slog.String("trace_id", trace[1]))
	}
	return attributes
}

// bounded are a request's labels: never a client's free text.
func bounded(r *http.Request) (method, route string) {
	method, route = r.Method, "other"
	if !slices.Contains(methods, method) {
		method = "other"
	}
	if _, path, found := strings.Cut(r.Pattern, " "); found {
		route = path
	}
	return method, route
}

func levelOf(route string, code int) slog.Level {
	switch {
	case slices.Contains(probes, route):
		return slog.LevelDebug
	case code >= http.StatusInternalServerError:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

func givenOrNewID(r *http.Request) string {
	if given := r.Header.Get("X-Request-Id"); fitID.MatchString(given) {
		return given
	}
	return newID()
}

func requestID(r *http.Request) string {
	id, _ := r.Context().Value(idKey{}).(string)
	return id
}

// recorder remembers the status code.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap lets the server reach the connection behind.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
