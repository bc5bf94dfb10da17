"""``portshift artifacts``: what the connected registries hold, and everything about one artifact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from portshift.adapters.bridge import Bridge, segment
from portshift.cli.connection import with_bridge
from portshift.cli.examples import examples
from portshift.cli.output import (
    LIST_FORMATS,
    Column,
    Item,
    Listing,
    paged_output,
    rows,
    say,
    shown_time,
    write_item,
    write_list,
)

_ARTIFACTS = "/api/v1/artifacts"
_SHORT = 19
_FEW = 3
_GROUPS = ("paths", "content", "pull", "parents", "builds", "bundles")


@click.group()
def artifacts() -> None:
    """List and show the images that the connected registries hold."""


def _places(item: Item) -> str:
    names = [f"{path['registry']}/{path['repository']}/{path['image']}" for path in item["paths"]]
    return _few(names, more=item["pathCount"] - len(item["paths"]))


def _tags(item: Item) -> str:
    return _few([path["tag"] for path in item["paths"] if path["tag"]]) or "-"


def _builds(item: Item) -> str:
    return _few([_build(path) for path in item["paths"] if path["build"]]) or "-"


def _build(path: Item) -> str:
    build = path["build"]
    return f"{build['name']}/{build['number']}" if build else "-"


def _few(names: list[str], *, more: int = 0) -> str:
    """The first different names, and how many there are beyond."""
    distinct = list(dict.fromkeys(names))
    more += max(0, len(distinct) - _FEW)
    return ",".join(distinct[:_FEW]) + (f" +{more}" if more else "")


def _every_path(item: Item) -> str:
    return ",".join(f"{path['registry']}/{_full(path)}" for path in item["paths"])


def _full(path: Item) -> str:
    return f"{path['repository']}/{path['path']}/{path['name']}"


def _size(size: int | None) -> str:
    """Bytes as a person reads them, and as one word for ``awk``."""
    if size is None:
        return "-"
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f}{unit}" if unit == "B" else f"{amount:.1f}{unit}"
        amount /= 1024
    return f"{amount:.1f}GiB"


LISTING = Listing(
    columns=(
        Column("DIGEST", lambda item: item["digest"][:_SHORT], exact=lambda item: item["digest"]),
        Column("IMAGES", _places),
        Column("TAGS", _tags),
        Column("SIZE", lambda item: _size(item["size"]), exact=lambda item: str(item["size"] or "")),
        Column("PLATFORMS", lambda item: _few(item["platforms"]) or "-"),
        Column("BUILDS", _builds),
        Column("FIRST SEEN", lambda item: shown_time(item["firstSeenAt"])),
        Column("TYPE", lambda item: item["mediaType"] or "-", wide=True),
        Column("PATHS", _every_path, wide=True),
    ),
    name=lambda item: item["digest"],
)

PLACES = Listing(
    columns=(
        Column("REGISTRY", lambda item: item["registry"]),
        Column("STATE", lambda item: item["state"]),
        Column("PATH", lambda item: item["path"]),
        Column("PULL", lambda item: item["pull"]),
        Column("BUILD", lambda item: item["build"]),
        Column("PLATFORMS", lambda item: item["platforms"]),
        Column("MODIFIED", lambda item: item["modified"], wide=True),
        Column("BUNDLES", lambda item: item["bundles"], wide=True),
    ),
    name=lambda item: item["path"],
)


@artifacts.command(
    "list",
    epilog=examples(
        "portshift artifacts list --image team/app",
        "portshift artifacts list --registry acme --tag 1.0 -o wide",
        "portshift artifacts list --build shop/17 -o name",
    ),
)
@click.option("--registry", help="Only artifacts of this registry.")
@click.option("--repository", help="Only artifacts stored in this repository.")
@click.option("--image", help="Only artifacts of this image, its path in the repository.")
@click.option("--tag", help="Only artifacts with this tag.")
@click.option("--digest", help="Only artifacts with this digest, or one that begins so; also children.")
@click.option("--build", help="Only artifacts of this build: NAME or NAME/NUMBER.")
@paged_output
@with_bridge
def list_artifacts(bridge: Bridge, limit: int | None, output: str, **filters: str | None) -> None:
    """List what the bridge knows of the registries, those seen last first."""
    write_list(bridge.pages(_ARTIFACTS, filters, limit=limit), LISTING, output)


@artifacts.command(
    "show",
    epilog=examples(
        "portshift artifacts show sha256:4f53cda18c2b",
        "portshift artifacts show docker.acme.com/team/app:1.0 -o table",
    ),
)
@click.argument("artifact")
@click.option(
    "-o", "--output", type=click.Choice(LIST_FORMATS), default="yaml", show_default=True, help="The form."
)
@with_bridge
def show(bridge: Bridge, artifact: str, output: str) -> None:
    """Show everything about an artifact, asked of every registry now.

    ARTIFACT is a digest, 8 digits or more of a known one, or an image reference. What could not be learned
    has its state and reason; nothing that is read counts as a download.
    """
    shown = bridge.call("GET", f"{_ARTIFACTS}/{segment(artifact)}")
    if output in {"json", "yaml", "name"}:
        write_item(shown, output, name=shown["digest"])
        return
    write_list(rows(list(_shown_places(shown))), PLACES, output)
    for line in _reasons(shown):
        say(line)


def _shown_places(shown: Item) -> Iterator[Item]:
    for each in shown["registries"]:
        content: list[Any] = each["content"]["items"]
        bundles = [f"{item['name']}/{item['version']}" for item in each["bundles"]["items"]]
        common = {
            "registry": each["registry"],
            "state": each["paths"]["state"],
            "platforms": _few(content[0]["platforms"] if content else []) or "-",
            "bundles": _few(bundles) or "-",
        }
        blocked = {item["path"] for item in each["pull"]["items"]}
        for path in each["paths"]["items"] or [None]:
            yield {**common, **_place(path, blocked, each["pull"]["state"])}


def _place(path: Item | None, blocked: set[str], pull: str) -> Item:
    if path is None:
        return {"path": "-", "pull": "-", "build": "-", "modified": "-"}
    full = _full(path)
    return {
        "path": full,
        "pull": "blocked" if full in blocked else "-" if pull == "blocked" else pull,
        "build": _build(path),
        "modified": shown_time(path["modified"]),
    }


def _reasons(shown: Item) -> Iterator[str]:
    """Why a group is not known, once for each registry and reason."""
    told = {
        (each["registry"], each[group]["reason"]): each[group]["state"]
        for each in shown["registries"]
        for group in _GROUPS
        if each[group]["state"] not in {"known", "not-applicable"}
    }
    for (registry, reason), state in told.items():
        yield f"{registry}: {state}: {reason}"
