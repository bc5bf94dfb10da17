"""Every rendered manifest of the corpora through the real program, the real bridge and the stand-in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from portshift.core.jwks import KeySet
from portshift.core.token import verify_token
from tests.conftest import CORPORA
from tests.e2e.program import ANNOTATION, Outcome, Portshift, tokens_of
from tests.sandbox import Sandbox, sandbox

FILES = (
    sorted(path for path in (CORPORA / "rendered").rglob("*") if path.is_file()) if CORPORA.is_dir() else []
)
POD_TEMPLATES = {
    "Pod": (),
    "PodTemplate": ("template",),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(
        ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"),
        ("spec", "template"),
    ),
}
IMMUTABLE = {"Job"}

pytestmark = [
    pytest.mark.integration,
    pytest.mark.corpora,
    pytest.mark.skipif(not FILES, reason=f"no corpora in {CORPORA}"),
]


class Loader(yaml.CSafeLoader):
    """Keeps every scalar as it is written: ``=`` and dates mean nothing here."""


Loader.yaml_implicit_resolvers = {}


@dataclass(frozen=True)
class Rendering:
    """A file, and what became of it."""

    path: Path
    first: Outcome

    @property
    def name(self) -> str:
        return str(self.path.relative_to(CORPORA))


@dataclass(frozen=True)
class Rendered:
    """The corpora as they came out, and the sandbox that made the tokens."""

    place: Sandbox
    program: Portshift
    renderings: tuple[Rendering, ...]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rendered]:
    """Each file is a rendering of its own; two run at a time."""
    folder = tmp_path_factory.mktemp("corpora")
    with sandbox(folder, conjure=True) as place:
        program = Portshift(folder, place.environment)

        def render(path: Path) -> Rendering:
            arguments = ("post-render", "--release", path.stem[:50].lower(), "--release-namespace", "shop")
            return Rendering(path, program.run(*arguments, stdin=path.read_bytes()))

        with ThreadPoolExecutor(2) as threads:
            yield Rendered(place, program, tuple(threads.map(render, FILES)))


def test_every_file_is_rendered_without_error(rendered: Rendered) -> None:
    failures = {each.name: each.first.err for each in rendered.renderings if each.first.exit_code}
    assert failures == {}
    assert len(rendered.renderings) == len(FILES)


def test_a_second_pass_changes_nothing(rendered: Rendered) -> None:
    """All files as one stream: whatever stands beside a workload, its token stays."""
    stream = b"\n---\n".join(each.first.out for each in rendered.renderings)
    again = rendered.program.run("post-render", "--release-namespace", "shop", stdin=stream, seconds=120)
    assert again.exit_code == 0, again.err
    assert len(again.tokens) == sum(len(each.first.tokens) for each in rendered.renderings) > 300
    assert again.out == stream


def test_lines_are_only_added_but_for_annotations_that_were_empty(rendered: Rendered) -> None:
    lost = [
        (each.name, line)
        for each in rendered.renderings
        for line in _lost_lines(each.path.read_bytes(), each.first.out)
        if b"annotations:" not in line and b"{" not in line
    ]
    assert lost == []


def _lost_lines(before: bytes, after: bytes) -> Iterator[bytes]:
    """The lines of the input that the output does not have, in the same order."""
    lines = after.splitlines(keepends=True)
    position = 0
    for wanted in before.splitlines(keepends=True):
        try:
            position = lines.index(wanted, position) + 1
        except ValueError:
            yield wanted


def test_every_image_of_every_pod_template_is_in_exactly_one_valid_token(rendered: Rendered) -> None:
    keys = KeySet.from_jwks(_get(rendered.place, "/.well-known/jwks.json"))
    status = _get(rendered.place, "/api/v1/status")
    for each in rendered.renderings:
        expected = Counter(_images(each.path.read_bytes()))
        found: Counter[tuple[str, ...]] = Counter()
        for where, token in _placed_tokens(each.first.out):
            verified = verify_token(
                token, keys=keys, issuer=status["issuer"], trust_domain=status["trustDomain"]
            )
            found.update({(*where, image.name, image.reference) for image in verified.images})
            assert all(image.digest for image in verified.images if _resolvable(image.reference)), each.name
        assert found == expected, each.name


def _resolvable(reference: str) -> bool:
    """Charts that were rendered without values name images such as ``auto`` or ``$IMAGE``."""
    return "@" not in reference and reference.islower() and "$" not in reference and "<" not in reference


def _images(manifests: bytes) -> Iterator[tuple[str, ...]]:
    for where, template in _templates(manifests):
        yield from {(*where, name, image) for name, image in _named(template["spec"])}


def _placed_tokens(manifests: bytes) -> Iterator[tuple[tuple[str, ...], str]]:
    for where, template in _templates(manifests):
        kind, place = where[0], template
        if kind in IMMUTABLE:
            place = template["owner"]
        token = ((place.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION)
        if token:
            yield where, token


def _templates(manifests: bytes) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every pod template with its workload's kind and name; found without portshift's own tables."""
    queue = list(yaml.load_all(manifests, Loader))
    while queue:
        value = queue.pop()
        if not isinstance(value, dict):
            continue
        if isinstance(value.get("items"), list) and str(value.get("kind")).endswith("List"):
            queue += value["items"]
        steps = POD_TEMPLATES.get(str(value.get("kind")))
        if steps is None or str(value.get("apiVersion", "")).count(".") > 2:
            continue
        template: Any = value
        for step in steps:
            template = template.get(step) if isinstance(template, dict) else None
        if isinstance(template, dict) and isinstance(template.get("spec"), dict):
            metadata = value.get("metadata") or {}
            name = metadata.get("name") or metadata.get("generateName") or ""
            yield (value["kind"], name), {**template, "owner": value}


def _named(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(field) or []:
            injected = (container.get("name"), container.get("image")) == ("istio-proxy", "auto")
            if container.get("image") and not injected:
                yield container["name"], container["image"]
    for volume in spec.get("volumes") or []:
        if isinstance(volume.get("image"), dict):
            yield f"volume/{volume['name']}", volume["image"]["reference"]


def test_the_program_verifies_its_own_output(rendered: Rendered, tmp_path: Path) -> None:
    """All files at once; whatever carries no token is named, and so is nothing that carries one."""
    paths = []
    for number, each in enumerate(rendered.renderings):
        if tokens_of(each.first.out):
            path = tmp_path / f"{number}.yaml"
            path.write_bytes(each.first.out)
            paths.append(path)
    done = rendered.program.run(
        "identities", "verify", *paths, "--release-namespace", "shop", "-o", "json", seconds=120
    )
    verdicts = json.loads(done.out)["items"]
    assert done.exit_code == 0, done.err
    assert len(verdicts) == sum(len(tokens_of(each.first.out)) for each in rendered.renderings)


def test_the_bridge_knows_each_identity_once(rendered: Rendered) -> None:
    done = rendered.program.run("identities", "list", "-o", "json")
    items = json.loads(done.out)["items"]
    written = {token for each in rendered.renderings for token in tokens_of(each.first.out)}
    assert len({item["id"] for item in items}) == len(items)
    assert {item["token"] for item in items} == written


def _get(place: Sandbox, path: str) -> dict[str, Any]:
    answer = requests.get(
        place.bridge.url + path, headers={"Authorization": f"Bearer {place.bridge.token}"}, timeout=30
    )
    document: dict[str, Any] = answer.json()
    return document
