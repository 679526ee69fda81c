# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
#   LAB=name     the lab to work on (default: maestro)
#   WITH=a,b     add-ons of the lab beside the default ones (make deploy, make lab)
#   PYTHON=...   the interpreter for .venv (default: the newest of 3.11 .. 3.14 on the PATH)
export LAB ?= maestro
export PYTHON
export WITH
export STARTED := $(shell date +%s.%N)
export MAESTRO_LAB = $(LAB)

PY = .venv/bin/python
BOOTSTRAP = $(or $(PYTHON),python3) tools/bootstrap.py
.DEFAULT_GOAL := help
.PHONY: help deploy check test lint sanity unit integration molecule lab lab-down bench faults audit docs build clean clean-cache
.PHONY: venv venv-test packages packages-test

deploy: export VENV_STEP = [1/5]
deploy: export PACKAGES_STEP = [2/5]
deploy: venv packages ## Start the lab and deploy Maestro on it
	@$(PY) tools/deploy.py

check: venv-test ## Lint and unit tests of what changed since main: seconds (BASE=... for another branch)
	@$(PY) tools/changed.py

test: venv-test packages-test ## All that a change must pass: lint, sanity, unit, integration, molecule
	@$(PY) tools/check.py lint sanity unit integration molecule

lint sanity unit integration molecule: venv-test packages-test ## One part of the tests
	@$(PY) tools/check.py $@

lab: venv packages ## Start the lab: a three-node Kubernetes on this machine
	@tests/lab/lab --name $(LAB) up $(if $(WITH),--with $(WITH))

lab-down: venv ## Stop the lab and leave nothing of it
	@tests/lab/lab --name $(LAB) down

bench: venv-test packages ## Measure deploys, verdicts and loads beside other tools on the lab
	@$(PY) tools/debian_packages.py tests/benchmarks/debian-packages.txt
	@$(PY) tools/check.py bench

faults: venv-test packages ## Stop a release at every write on the lab, and see a plain re-run mend it
	@$(PY) tools/check.py faults

audit: venv-test ## Look for known vulnerabilities of the requirements (needs the advisories of PyPI)
	@.venv/bin/pip-audit --requirement requirements/deploy.txt --requirement meta/ee-requirements.txt

docs: venv-test ## Build the documentation into artifacts/docs
	@$(PY) tools/docs.py

build: venv ## Build the collection's tarball into artifacts
	@$(PY) tools/build.py

clean-cache: venv ## Remove what the targets keep outside the checkout: caches, programs, images, Debian packages
	@$(PY) tools/clean_cache.py

clean: ## Remove what the targets made in the checkout (not the lab, not the caches in the home directory)
	@rm -rf .venv .cache .ansible artifacts maestro-reports

help: ## Show this
	@grep -hE '^[a-z -]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-42s %s\n", $$1, $$2 }'

venv:
	@$(BOOTSTRAP) deploy

venv-test:
	@$(BOOTSTRAP) test

packages: venv
	@$(PY) tools/debian_packages.py tests/lab/debian-packages.txt

packages-test: venv
	@$(PY) tools/debian_packages.py tests/lab/debian-packages.txt tests/unit/monitoring/debian-packages.txt \
		tests/integration/debian-packages.txt
