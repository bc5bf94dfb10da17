"""``portshift images``: every image reference in rendered manifests, with its place."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from portshift.cli.examples import examples
from portshift.cli.manifest_files import kinds_option, read_kinds, read_manifest_file
from portshift.cli.output import LIST_FORMATS, Column, Item, Listing, rows, write_list
from portshift.core.errors import InvalidManifest, UsageFault
from portshift.core.kinds import Kinds
from portshift.core.manifests import read_manifests

LISTING = Listing(
    columns=(
        Column("NAMESPACE", lambda item: item["namespace"] or "-"),
        Column("KIND", lambda item: item["kind"]),
        Column("NAME", lambda item: item["name"]),
        Column("CONTAINER", lambda item: item["container"] or "-"),
        Column("IMAGE", lambda item: item["reference"]),
        Column("TOKEN", lambda item: "yes" if item["token"] else f"no: {item['reason']}"),
        Column("LINE", lambda item: str(item["line"]), wide=True),
        Column("FIELD", lambda item: item["field"], wide=True),
    ),
    name=lambda item: item["reference"],
)


@click.command(
    epilog=examples(
        "helm template web ./chart | portshift images",
        "portshift images rendered/*.yaml -o json",
        "portshift images rendered.yaml -o name | sort -u",
    )
)
@click.argument("files", metavar="[FILE|-]...", nargs=-1)
@click.option(
    "--release-namespace",
    default="default",
    envvar="PORTSHIFT_RELEASE_NAMESPACE",
    show_default=True,
    show_envvar=True,
    help="The namespace of objects that name none.",
)
@kinds_option
@click.option(
    "-o", "--output", type=click.Choice(LIST_FORMATS), default="table", show_default=True, help="The form."
)
def images(files: tuple[str, ...], release_namespace: str, kinds_file: Path | None, output: str) -> None:
    """List the images of rendered manifests, and for each whether its workload can carry a token.

    Reads stdin where no file is given. JSON is a list of places; docs/reference/cli.md explains each field.
    """
    if not files and sys.stdin.isatty():
        raise UsageFault(
            "found no file and nothing on stdin", cure="pipe rendered manifests in, or name files"
        )
    kinds = read_kinds(kinds_file)
    places = [place for name in files or ("-",) for place in _places(name, kinds, release_namespace)]
    if output == "json":
        click.echo(json.dumps(places, indent=2, ensure_ascii=False))
    else:
        write_list(rows(places), LISTING, output)


def _places(name: str, kinds: Kinds, namespace: str) -> list[Item]:
    data = read_manifest_file(name)
    try:
        manifests = read_manifests(data, kinds=kinds, namespace=namespace)
    except InvalidManifest as error:
        if name == "-":
            raise
        raise InvalidManifest(
            f"{name}: {error.problem}", line=error.line, column=error.column, cure=error.cure
        ) from error
    return [dict(place.to_json()) for place in manifests.places]
