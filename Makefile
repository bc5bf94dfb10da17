# The verbs of the project. Each is a script or pytest; this file only names them and builds .venv for them.
PYTHON ?= python3
python := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo sandbox test soak lint bench wheel tools lock

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: .venv/installed ## the whole way on this machine in one go: chart, registry, signed manifests
	@$(python) -m tests.demo

sandbox: .venv/installed ## a bridge and a stand-in for Artifactory to try things by hand, until Ctrl-C
	@$(python) -m tests.sandbox

test: .venv/installed ## set everything up, then lint, types, import rules, docs and all tests
	@$(python) -m tools.test

soak: .venv/installed ## the long runs that make test holds only in short form
	@$(python) -m pytest -m '' -v -s --hypothesis-profile=soak tests/property tests/soak

lint: .venv/installed ## style, types, import rules and links in the documentation
	@$(python) -m tools.lint

bench: .venv/installed ## speed beside its references, measured in the same run
	@$(python) -m tests.bench

wheel: .venv/installed ## build the sdist and the wheel into dist/
	@$(python) -m tools.wheel

tools: .venv/installed ## build the pinned Helms, API server, etcd, helmfile, helm-diff and kustomize into .tools/bin
	@$(python) -m tools.build_tools

lock: .venv/installed ## resolve setup.cfg anew into requirements/*.lock
	@tools/lock.sh

# Installed anew when the lock changes; the packages of setup.cfg are linked, not copied, and need no network.
.venv/locked: requirements/dev.lock
	@tools/venv.sh $(PYTHON)

.venv/installed: .venv/locked setup.cfg pyproject.toml
	@PYTHONWARNINGS=ignore $(python) -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@
