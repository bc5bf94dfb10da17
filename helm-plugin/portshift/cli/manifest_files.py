"""Manifests and kinds as files and streams, within bounds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import click
import yaml

from portshift.adapters.yaml_files import load_yaml
from portshift.core.errors import InvalidInput, PortshiftError
from portshift.core.kinds import BUILT_IN, Kinds, parse_kinds

MAX_INPUT = 256 * 1024 * 1024


def read_bounded(stream: BinaryIO, name: str) -> bytes:
    """Everything in the stream.

    Raises:
        InvalidInput: it holds more than ``MAX_INPUT`` bytes.

    """
    data = stream.read(MAX_INPUT + 1)
    if len(data) > MAX_INPUT:
        raise InvalidInput(f"{name} holds more than {MAX_INPUT} bytes of manifests", cure="render in parts")
    return data


def read_stdin() -> bytes:
    """Everything on stdin.

    Raises:
        PortshiftError: it is closed.
        InvalidInput: it holds more than ``MAX_INPUT`` bytes.

    """
    if sys.stdin is None:
        raise PortshiftError("stdin is closed", cure="pipe the manifests into it")
    return read_bounded(sys.stdin.buffer, "stdin")


def read_manifest_file(name: str) -> bytes:
    """The bytes of a file, or of stdin for ``-``.

    Raises:
        PortshiftError: the file cannot be read.

    """
    if name == "-":
        return read_stdin()
    try:
        with Path(name).open("rb") as stream:
            return read_bounded(stream, name)
    except OSError as error:
        raise PortshiftError(f"cannot read {name}: {error.strerror}") from error


def kinds_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--kinds`` to a command that reads manifests."""
    return click.option(
        "--kinds",
        "kinds_file",
        type=click.Path(path_type=Path),
        envvar="PORTSHIFT_KINDS",
        show_envvar=True,
        help="A file with more kinds that hold images.",
    )(function)


def read_kinds(path: Path | None) -> Kinds:
    """The built-in kinds, and those of a user's file.

    Raises:
        InvalidInput: the file is no table of kinds.

    """
    if path is None:
        return BUILT_IN
    data = read_manifest_file(str(path))
    try:
        document = load_yaml(data)
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidInput(f"{path} is no YAML: {error}") from error
    return BUILT_IN.extended(parse_kinds(document))
