// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

module lab.maestro.intelgraph.ai/pause

go 1.26
