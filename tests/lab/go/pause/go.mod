// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

module intelgraph.ai/maestro/lab/pause

go 1.26
