"""A stand-in for Artifactory in a process of its own, as far away as a real one: for speed, not for answers.

``python -m tests.bench.slow_registry IMAGES MILLISECONDS ONE_IN`` serves ``docker-local/team/app-N:1.N`` and
a virtual ``docker`` on a free port; one in ONE_IN images has two platforms (0: none).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from portshift_bridge.registries.model import Login, LoginKind, Registry
from tests.standin import Standin, build_image

ADMIN = Login(LoginKind.PASSWORD, "admin", "password")


@dataclass(frozen=True)
class SlowRegistry:
    """Its address, and what it holds."""

    registry: Registry
    images: int

    def references(self, *, virtual_from: int | None = None) -> list[str]:
        """Each image once; from number ``virtual_from`` on through the virtual repository."""
        first = self.images if virtual_from is None else virtual_from
        keys = ["docker-local" if number < first else "docker" for number in range(self.images)]
        return [f"{self.registry.host}/{key}/team/app-{number}:1.{number}" for number, key in enumerate(keys)]


@contextmanager
def slow_registry(images: int, *, milliseconds: int = 20, one_in: int = 0) -> Iterator[SlowRegistry]:
    """Serve it until the end of the context."""
    arguments = [str(images), str(milliseconds), str(one_in)]
    command = [sys.executable, "-m", "tests.bench.slow_registry", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            registry = Registry.from_json({"name": "acme", "url": f"{address}/artifactory"})
            yield SlowRegistry(registry, images)
        finally:
            process.kill()


def _serve(images: int, milliseconds: int, one_in: int) -> None:
    standin = Standin()
    for key in ("docker-local", "docker-prod"):
        standin.add_repository(key)
    standin.add_repository("docker", "virtual", members=("docker-local", "docker-prod"))
    for number in range(images):
        several = bool(one_in) and number % one_in == 0
        platforms = ("linux/amd64", "linux/arm64") if several else ("linux/amd64",)
        image = build_image(f"app-{number}", platforms=platforms)
        standin.push_image("docker-local", f"team/app-{number}", f"1.{number}", image=image)
    standin.delay(milliseconds / 1000)
    standin.bind()
    print(standin.address, flush=True)
    standin.serve()


if __name__ == "__main__":
    _serve(*map(int, sys.argv[1:]))
