"""Where portshift keeps its files on this machine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def configuration_file(environ: Mapping[str, str], *, platform: str = sys.platform) -> Path:
    """``PORTSHIFT_CONFIG``, else ``config.yaml`` in the user's folder (XDG, or ``%APPDATA%``)."""
    if given := environ.get("PORTSHIFT_CONFIG"):
        return Path(given)
    variable = "APPDATA" if platform == "win32" else "XDG_CONFIG_HOME"
    folder = environ.get(variable)
    return (Path(folder) if folder else _home(environ) / ".config") / "portshift" / "config.yaml"


def failure_log(environ: Mapping[str, str], *, platform: str = sys.platform) -> Path:
    """The log that ``portshift last-error`` reads, in the user's state folder."""
    if platform == "win32" and (folder := environ.get("LOCALAPPDATA")):
        return Path(folder) / "portshift" / "last-error.log"
    if folder := environ.get("XDG_STATE_HOME"):
        return Path(folder) / "portshift" / "last-error.log"
    if platform == "darwin":
        return _home(environ) / "Library" / "Logs" / "portshift" / "last-error.log"
    return _home(environ) / ".local" / "state" / "portshift" / "last-error.log"


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
