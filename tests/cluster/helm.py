"""Real Helm programs, each with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PROGRAMS = Path(sys.executable).parent


class HelmFailed(Exception):
    """Helm ended with another exit code than 0; the message is what it printed."""


@dataclass(frozen=True, kw_only=True)
class Helm:
    """A Helm of one major version, and the variables it runs with."""

    major: int
    program: Path
    environment: dict[str, str] = field(repr=False)

    def run(self, *arguments: str | Path, environment: dict[str, str] | None = None) -> str:
        """Run Helm and return its standard output.

        Raises:
            HelmFailed: with all that it printed.
        """
        command = [os.fspath(part) for part in (self.program, *arguments)]
        run = subprocess.run(
            command,
            env={**self.environment, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if run.returncode != 0:
            raise HelmFailed(f"{' '.join(command)}: exit code {run.returncode}\n{run.stderr}\n{run.stdout}")
        return run.stdout

    def status(self, release: str, namespace: str) -> dict[str, Any]:
        """Read a release's state: version, manifest, info."""
        document: dict[str, Any] = json.loads(
            self.run("status", release, "--namespace", namespace, "--output", "json")
        )
        return document


def isolated_environment(folder: Path, kubeconfig: Path) -> dict[str, str]:
    """Name all that Helm and kubectl would else look for in the home folder; nothing of ours leaks in."""
    return {
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_STATE_HOME": str(folder / "state"),
        "HELM_CACHE_HOME": str(folder / "helm" / "cache"),
        "HELM_CONFIG_HOME": str(folder / "helm" / "config"),
        "HELM_DATA_HOME": str(folder / "helm" / "data"),
        "KUBECONFIG": str(kubeconfig),
        "KUBECACHEDIR": str(folder / "kube"),
    }
