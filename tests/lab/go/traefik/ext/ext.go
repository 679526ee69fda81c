// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

// Package ext stands for the extension points of Traefik that its own build replaces: here they are empty.
package ext

// HTTP would extend Traefik's dynamic HTTP configuration.
type HTTP struct{}

// Router would extend Traefik's router configuration.
type Router struct{}
