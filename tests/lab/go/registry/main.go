// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

// Command registry is the lab's image registry: the CNCF distribution registry, in which some repositories are private.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	"github.com/distribution/distribution/v3/registry/auth"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if err := auth.Register("private", newAccess); err != nil {
		panic(err)
	}
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
