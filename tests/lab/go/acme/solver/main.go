// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: Contributors to intelgraph.maestro

// Command solver answers an ACME server's HTTP-01 challenge: cert-manager starts it in a pod for each challenge.
package main

import (
	"flag"
	"log/slog"
	"os"

	"github.com/cert-manager/cert-manager/pkg/issuer/acme/http/solver"
	"github.com/go-logr/logr"
)

func main() {
	answers := &solver.HTTP01Solver{}
	flag.IntVar(&answers.ListenPort, "listen-port", 8089, "port that the challenge is answered on")
	flag.StringVar(&answers.Domain, "domain", "", "host name that the challenge is for")
	flag.StringVar(&answers.Token, "token", "", "last element of the challenge's path")
	flag.StringVar(&answers.Key, "key", "", "what the challenge is answered with")
	flag.Parse()
	logs := slog.NewJSONHandler(os.Stderr, nil)
	if err := answers.Listen(logr.FromSlogHandler(logs)); err != nil {
		slog.New(logs).Error("the solver ends", "error", err)
		os.Exit(1)
	}
}
