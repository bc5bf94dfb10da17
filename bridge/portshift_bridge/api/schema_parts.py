"""The parts that JSON Schemas of messages are made of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from portshift.core.wire import MAX_TEXT

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "maxLength": MAX_TEXT}
MAYBE: Schema = {"type": ["string", "null"], "maxLength": MAX_TEXT}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
TIME: Schema = {"type": "string", "format": "date-time"}
MAYBE_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}


def object_of(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """An object; what is required is always there."""
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def list_of(items: Schema, *, most: int | None = None) -> Schema:
    """A list of at most so many."""
    return {"type": "array", "items": items} | ({} if most is None else {"maxItems": most})


def one_of(values: type[StrEnum]) -> Schema:
    """One of an enumeration's values."""
    return {"type": "string", "enum": [member.value for member in values]}


def reference_to(name: str) -> Schema:
    """A message of the document by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def or_null(schema: Schema) -> Schema:
    """The schema, or nothing."""
    return {"anyOf": [schema, {"type": "null"}]}


def page_of(name: str) -> Schema:
    """A page of a list of messages."""
    return object_of(
        {"items": list_of(reference_to(name)), "next": {**MAYBE, "description": "Cursor of the next page."}}
    )
