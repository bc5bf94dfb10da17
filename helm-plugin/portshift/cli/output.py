"""Results on stdout: tables for people, the documented forms for programs."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

Item = dict[str, Any]
LIST_FORMATS = ("table", "wide", "json", "yaml", "csv", "name")
ITEM_FORMATS = ("yaml", "json", "name")


@dataclass(frozen=True)
class Column:
    """A column of a table; a ``wide`` one shows only when asked for.

    ``exact`` is what CSV holds where the table abbreviates.
    """

    title: str
    cell: Callable[[Item], str]
    wide: bool = False
    exact: Callable[[Item], str] | None = None


@dataclass(frozen=True)
class Listing:
    """How a kind of thing is listed; ``name`` is what ``-o name`` prints."""

    columns: tuple[Column, ...]
    name: Callable[[Item], str]


def list_output(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-o`` to a command that lists."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(LIST_FORMATS),
        default="table",
        show_default=True,
        help="The form.",
    )(function)


def paged_output(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--limit``, ``--cursor`` and ``-o`` to a command that lists page by page."""
    limit = click.option(
        "--limit", type=click.IntRange(min=1), help="At most so many; all of them without it."
    )
    cursor = click.option("--cursor", help="Go on where an earlier list with --limit ended.")
    return limit(cursor(list_output(function)))


def item_output(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-o`` to a command that shows one thing."""
    return _item_option("yaml")(function)


def change_output(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-o`` to a command that changes one thing; its name is enough unless more is asked for."""
    return _item_option("name")(function)


def _item_option(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "-o",
        "--output",
        type=click.Choice(ITEM_FORMATS),
        default=default,
        show_default=True,
        help="The form.",
    )


def write_list(pages: Iterable[Item], listing: Listing, output: str) -> None:
    """Write pages of ``{items, next}`` as they come; JSON and YAML are one such object, at the end."""
    if output in {"json", "yaml"}:
        _write_document(_joined(pages), output)
    elif output == "name":
        for item in _items(pages):
            click.echo(listing.name(item))
    elif output == "csv":
        _write_csv(pages, listing)
    else:
        columns = [column for column in listing.columns if output == "wide" or not column.wide]
        _write_table(pages, columns)


def write_item(item: Item, output: str, *, name: str) -> None:
    """Write one thing."""
    if output == "name":
        click.echo(name)
    else:
        _write_document(item, output)


def rows(items: Sequence[Item]) -> list[Item]:
    """A list that came whole, as its only page."""
    return [{"items": list(items), "next": None}]


def say(text: str) -> None:
    """Tell a person something that is no result."""
    click.echo(text, err=True)


def shown_time(moment: str | None) -> str:
    """``2026-11-23T19:27:34Z``: nobody reads microseconds in a table."""
    return "-" if moment is None else moment.partition(".")[0].removesuffix("Z") + "Z"


def printable(text: str) -> str:
    """The text without what could steer a terminal: a name from outside may hold anything."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _items(pages: Iterable[Item]) -> Iterator[Item]:
    for page in pages:
        yield from page["items"]
        _tell_next(page)


def _tell_next(page: Item) -> None:
    if page.get("next"):
        say(f"there is more: --cursor {page['next']}")


def _joined(pages: Iterable[Item]) -> Item:
    items: list[Item] = []
    following = None
    for page in pages:
        items.extend(page["items"])
        following = page.get("next")
    return {"items": items, "next": following}


def _write_document(value: Item, output: str) -> None:
    if output == "json":
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        return
    import yaml

    click.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), nl=False)


def _write_csv(pages: Iterable[Item], listing: Listing) -> None:
    _csv_row([column.title.lower() for column in listing.columns])
    for item in _items(pages):
        _csv_row([(column.exact or column.cell)(item) for column in listing.columns])


def _csv_row(cells: list[str]) -> None:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    click.echo(line.getvalue(), nl=False)


def _write_table(pages: Iterable[Item], columns: list[Column]) -> None:
    """Print page by page; a column never gets narrower than on the page before."""
    widths = [len(column.title) for column in columns]
    heading = True
    for page in pages:
        cells = [[printable(column.cell(item)) for column in columns] for item in page["items"]]
        widths = [max([width, *(len(row[index]) for row in cells)]) for index, width in enumerate(widths)]
        if heading and not cells:
            # As kubectl: no heading over nothing.
            say("nothing found")
        elif sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
            _rich_table(columns, cells, widths, heading=heading)
        else:
            _plain_table([[column.title for column in columns], *cells] if heading else cells, widths)
        heading = False
        _tell_next(page)


def _plain_table(table: list[list[str]], widths: list[int]) -> None:
    for row in table:
        line = "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def _rich_table(columns: list[Column], cells: list[list[str]], widths: list[int], *, heading: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=heading, header_style="bold", pad_edge=False, padding=(0, 3, 0, 0))
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column.title, min_width=min(width, 24), overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)
