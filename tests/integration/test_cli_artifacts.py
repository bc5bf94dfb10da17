"""`portshift artifacts`, as a process: tables for people, the documented form for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes.bridge import FakeBridge, running_bridge
from tests.fakes.program import Program, program_for

pytestmark = pytest.mark.integration

DIGEST = "sha256:" + "ab" * 32


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with running_bridge() as running:
        yield running


@pytest.fixture
def program(bridge: FakeBridge, tmp_path: Path) -> Program:
    return program_for(bridge, tmp_path)


def path(tag: str | None = "1.0", *, registry: str = "acme", build: bool = True) -> dict[str, Any]:
    return {
        "registry": registry,
        "repository": "docker-local",
        "path": f"team/app/{tag}",
        "name": "manifest.json",
        "image": "team/app",
        "tag": tag,
        "created": "2026-05-01T10:00:00.000000Z",
        "modified": None,
        "build": {"name": "shop", "number": "17"} if build else None,
    }


def listed(*paths: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "digest": DIGEST,
        "mediaType": "m",
        "size": 5_242_880,
        "platforms": ["linux/amd64"],
        "firstSeenAt": "2026-05-02T10:00:00.123456Z",
        "pathCount": len(paths),
        "paths": list(paths),
        **fields,
    }


def group(*items: Any, state: str = "known", reason: str | None = None) -> dict[str, Any]:
    return {"state": state, "reason": reason, "items": list(items)}


def shown() -> dict[str, Any]:
    known = {name: group() for name in ("content", "pull", "parents", "builds", "bundles")}
    dead = group(state="unreachable", reason="dead did not answer in time")
    blocked = {"path": "docker-local/team/app/1.0/manifest.json"}
    return {
        "digest": DIGEST,
        "firstSeenAt": None,
        "registries": [
            {
                "registry": "acme",
                "paths": group(path(), path("2.0", build=False)),
                **known,
                "content": group({"platforms": ["linux/amd64"]}),
                "pull": group(blocked, state="blocked", reason="Xray blocks it"),
                "bundles": group({"name": "shop", "version": "3"}),
            },
            {"registry": "dead", **dict.fromkeys(["paths", *known], dead)},
        ],
    }


def test_a_table_says_what_a_person_looks_for(program: Program, bridge: FakeBridge) -> None:
    tags = [path(str(tag)) for tag in range(5)]
    bridge.artifacts = [
        listed(path(), path(registry="beta")),
        listed(*tags, pathCount=7),
        listed(path(None, build=False), size=None, platforms=[]),
    ]

    titles, *lines = program.run("artifacts", "list").out.decode().splitlines()

    assert titles.split() == ["DIGEST", "IMAGES", "TAGS", "SIZE", "PLATFORMS", "BUILDS", "FIRST", "SEEN"]
    assert lines[0].split()[1] == "acme/docker-local/team/app,beta/docker-local/team/app"
    assert "5.0MiB" in lines[0]
    assert "2026-05-02T10:00:00Z" in lines[0]
    assert "0,1,2 +2" in lines[1]
    assert "acme/docker-local/team/app +2" in lines[1]
    assert lines[2].split()[2:6] == ["-", "-", "-", "-"]


def test_filters_reach_the_bridge(program: Program, bridge: FakeBridge) -> None:
    filters = {"registry": "r", "repository": "k", "image": "i/j", "tag": "t", "digest": "d", "build": "b/7"}
    flags = [text for name, value in filters.items() for text in (f"--{name}", value)]

    assert program.run("artifacts", "list", *flags, "-o", "json").json == {"items": [], "next": None}

    (asked,) = [target for _, target in bridge.requests]
    assert all(part in asked for part in ("registry=r", "image=i%2Fj", "build=b%2F7", "tag=t", "digest=d"))


def test_every_form_of_a_list(program: Program, bridge: FakeBridge) -> None:
    bridge.artifacts = [listed(path())]

    assert program.run("artifacts", "list", "-o", "name").out.decode() == f"{DIGEST}\n"
    (line,) = csv.DictReader(io.StringIO(program.run("artifacts", "list", "-o", "csv").out.decode()))
    assert (line["tags"], line["builds"]) == ("1.0", "shop/17")
    wide = program.run("artifacts", "list", "-o", "wide").out.decode()
    assert "acme/docker-local/team/app/1.0/manifest.json" in wide
    assert yaml.safe_load(program.run("artifacts", "list", "-o", "yaml").out)["items"] == bridge.artifacts


def test_an_artifact_is_shown_whole_or_place_by_place(program: Program, bridge: FakeBridge) -> None:
    bridge.shown_artifact = shown()

    assert program.run("artifacts", "show", DIGEST, "-o", "json").json == bridge.shown_artifact
    assert program.run("artifacts", "show", DIGEST, "-o", "name").out.decode() == f"{DIGEST}\n"
    table = program.run("artifacts", "show", "acme.com/team/app:1.0", "-o", "wide")

    rows = [line.split() for line in table.out.decode().splitlines()]
    assert rows[1][:5] == ["acme", "known", "docker-local/team/app/1.0/manifest.json", "blocked", "shop/17"]
    assert rows[2][:5] == ["acme", "known", "docker-local/team/app/2.0/manifest.json", "-", "-"]
    assert rows[3][:3] == ["dead", "unreachable", "-"]
    assert rows[1][-1] == "shop/3"
    assert "acme: blocked: Xray blocks it" in table.err
    assert table.err.count("dead did not answer in time") == 1
    assert bridge.requests[-1] == ("GET", "/api/v1/artifacts/acme.com%2Fteam%2Fapp%3A1.0")
