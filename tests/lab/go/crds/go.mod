// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

module intelgraph.ai/maestro/lab/crds

go 1.26

require (
	github.com/traefik/traefik/v3 v3.7.13
	github.com/external-secrets/external-secrets v0.19.2
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.6.3
)
