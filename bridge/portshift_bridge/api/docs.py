"""The OpenAPI document as one plain HTML page: it needs no script, no style sheet and no other host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h3{font:600 1rem ui-monospace,monospace;border-top:1px solid #ddd;padding-top:1rem}
pre{background:#f5f5f5;padding:1rem;overflow:auto;font-size:.85rem}
td{padding:.1rem 1rem .1rem 0;vertical-align:top}
@media (prefers-color-scheme:dark){body{background:#161616;color:#eee}pre{background:#222}a{color:#8cf}}
"""


def documentation_page(document: Mapping[str, Any]) -> str:
    """A page that names every operation and shows every schema."""
    info = document["info"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}</p>",
        "<p>As a document for tools: <a href=openapi.json>openapi.json</a></p><h2>Operations</h2>",
        *(
            _operation(method, path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        ),
        "<h2>Messages</h2>",
        *(_schema(name, schema) for name, schema in document["components"]["schemas"].items()),
        "</html>",
    ]
    return "\n".join(parts)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    description = operation.get("description")
    return "".join(
        (
            f"<h3>{method.upper()} {escape(path)}</h3><p>{escape(operation['summary'])}.",
            f"<br>{escape(description)}</p>" if description else "</p>",
            "<table>",
            *_parameters(operation),
            *_messages(operation),
            "</table>",
        )
    )


def _parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        place = f"{parameter['name']} ({parameter['in']})"
        yield _row(place, escape(parameter.get("description", "")))


def _messages(operation: Mapping[str, Any]) -> Iterator[str]:
    if "requestBody" in operation:
        yield _row("takes", _names(operation["requestBody"]))
    for status, answer in operation["responses"].items():
        yield _row(f"answers {status}", _names(answer))


def _names(holder: Mapping[str, Any]) -> str:
    references = (content.get("schema", {}).get("$ref", "") for content in holder.get("content", {}).values())
    names = (escape(reference.rpartition("/")[2]) for reference in references)
    return ", ".join(f"<a href='#{name}'>{name}</a>" for name in names if name) or "nothing"


def _row(name: str, value: str) -> str:
    return f"<tr><td>{escape(name)}<td>{value}</tr>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    shown = escape(json.dumps(schema, indent=2))
    return f"<h3 id='{escape(name)}'>{escape(name)}</h3><pre>{shown}</pre>"
