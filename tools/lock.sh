#!/bin/sh
# Resolves setup.cfg into the lock files. The base lock keeps to the versions of the development lock,
# so that the wheel is tested on what the tests ran on.
set -eu
cd "$(dirname "$0")/.."
export CUSTOM_COMPILE_COMMAND="make lock"

compile() {
    .venv/bin/python -m piptools compile --quiet --generate-hashes --strip-extras --allow-unsafe \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@" setup.cfg
}

compile --extra=bridge --extra=vault --extra=dev --output-file=requirements/dev.lock
compile --constraint=requirements/dev.lock --output-file=requirements/base.lock
