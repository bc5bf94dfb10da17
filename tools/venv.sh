#!/bin/sh
# Creates .venv from requirements/dev.lock, every package checked against its hash.
# Usage: tools/venv.sh PYTHON. Plain sh, because it must speak where Python is too old or missing.
set -eu
cd "$(dirname "$0")/.."
python=$1

fail() {
    echo "make: $1" >&2
    echo "make: cure: $2" >&2
    exit 1
}

as_root() { [ "$(id -u)" = 0 ] || printf 'sudo '; }

on_debian() { command -v apt-get >/dev/null 2>&1; }

other_python="install Python 3.11 or newer, then: make PYTHON=/path/to/python3 ..."

command -v "$python" >/dev/null 2>&1 ||
    if on_debian; then
        fail "no $python on PATH" "$(as_root)apt-get install python3 python3-venv"
    else
        fail "no $python on PATH" "$other_python"
    fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed, found $("$python" --version 2>&1)" "$other_python"

"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    if on_debian; then
        fail "Python's venv module is missing" "$(as_root)apt-get install python3-venv"
    else
        fail "Python's venv module is missing" "install the package of your system that holds venv and ensurepip"
    fi

# A .venv whose interpreter has gone is of no use; one that works is brought up to date.
.venv/bin/python -c '' 2>/dev/null || { rm -rf .venv; "$python" -m venv .venv; }

echo "make: installing the packages of requirements/dev.lock into .venv"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    --requirement requirements/dev.lock
touch .venv/locked
