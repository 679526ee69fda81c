// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

module github.com/traefik/traefik/dynamic/ext

go 1.26
