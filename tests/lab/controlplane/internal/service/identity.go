// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

package service

import (
	"cmp"
	"os"
	"strconv"
	"strings"
	"time"
)

// Name is what the service calls itself.
const Name = "maestro-control-plane"

// Identity tells which process answers, and is the body of the status endpoint.
type Identity struct {
	Service  string    `json:"service"`
	Version  string    `json:"version"`
	Revision string    `json:"revision"`
	Pod      string    `json:"pod"`
	Node     string    `json:"node"`
	Zone     string    `json:"zone"`
	Started  time.Time `json:"started"`
	// Strategies is new in 2.1.
	Strategies []string `json:"strategies,omitempty"`
}

// Identify reads what Kubernetes told the process; outside of it the pod is the host's name.
func Identify(version string, variable func(string) string) Identity {
	host, _ := os.Hostname()
	identity := Identity{
		Service:  Name,
		Version:  version,
		Revision: cmp.Or(variable("MAESTRO_REVISION"), version),
		Pod:      cmp.Or(variable("POD_NAME"), host),
		Node:     variable("NODE_NAME"),
		Zone:     variable("MAESTRO_ZONE"),
		Started:  time.Now().UTC(),
	}
	if since(version, 2, 1) {
		identity.Strategies = strategyNames()
	}
	return identity
}

// since tells whether a version (major.minor.patch-suffix) is not older than another.
func since(version string, major, minor int) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 3 {
		return false
	}
	first, errFirst := strconv.Atoi(parts[0])
	second, errSecond := strconv.Atoi(parts[1])
	return errFirst == nil && errSecond == nil && (first > major || first == major && second >= minor)
}
