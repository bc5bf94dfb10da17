"""A stand-in for Artifactory in a process of its own, as far away or as full as a real one may be.

``docker-local`` holds ``team/app-N:1.N``, and a virtual ``docker`` shows it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from portshift_bridge.registries.model import Login, LoginKind, Registry
from tests.standin import Standin, Switches, build_image

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
def slow_registry(
    images: int, *, milliseconds: int = 20, one_in: int = 0, docker_basic: bool = True
) -> Iterator[SlowRegistry]:
    """Serve so many images until the end of the context; one in ``one_in`` is a list (0: none).

    Without ``docker_basic`` each image wants a Docker token of its own.
    """
    with _process("images" if docker_basic else "guarded-images", images, one_in, milliseconds) as registry:
        yield SlowRegistry(registry, images)


@contextmanager
def large_registry(*, tags: int = 0, properties: int = 0) -> Iterator[Registry]:
    """Serve ``docker-local/app`` with so many tags, and so many properties of full length on ``app:1``."""
    with _process("one", tags, properties, 0) as registry:
        yield registry


@contextmanager
def _process(*arguments: object) -> Iterator[Registry]:
    command = [sys.executable, "-m", "tests.bench.slow_registry", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            yield Registry.from_json({"name": "acme", "url": f"{address}/artifactory"})
        finally:
            process.kill()


def _push_images(standin: Standin, images: int, one_in: int) -> None:
    standin.add_repository("docker-prod")
    standin.add_repository("docker", "virtual", members=("docker-local", "docker-prod"))
    for number in range(images):
        several = bool(one_in) and number % one_in == 0
        platforms = ("linux/amd64", "linux/arm64") if several else ("linux/amd64",)
        image = build_image(f"app-{number}", platforms=platforms)
        standin.push_image("docker-local", f"team/app-{number}", f"1.{number}", image=image)


def _push_one(standin: Standin, tags: int, properties: int) -> None:
    image = standin.push_image("docker-local", "app", "1")
    for number in range(tags - 1):
        path = f"app/1.{number}/manifest.json"
        standin.store.deploy("docker-local", path, image.top.content)
    values = {f"big.{number}": [str(number).zfill(2_400)] for number in range(properties)}
    standin.set_properties("docker-local", "app/1/manifest.json", values)


def _serve(kind: str, *numbers: int) -> None:
    *amounts, milliseconds = numbers
    standin = Standin(switches=Switches(docker_basic=kind != "guarded-images"))
    standin.add_repository("docker-local")
    push = _push_one if kind == "one" else _push_images
    push(standin, *amounts)
    standin.delay(milliseconds / 1000)
    standin.bind()
    print(standin.address, flush=True)
    standin.serve()


if __name__ == "__main__":
    _serve(sys.argv[1], *map(int, sys.argv[2:]))
