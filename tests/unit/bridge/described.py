"""Whether an answer is as the OpenAPI document describes it."""

from __future__ import annotations

from typing import Any

from portshift_bridge.api.schemas import SCHEMAS


def differences(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """Where a value has fields that the schema lacks, lacks those it requires, or is of another type."""
    if "$ref" in schema:
        return differences(value, SCHEMAS[schema["$ref"].rpartition("/")[2]], at)
    if "anyOf" in schema:
        return [] if any(not differences(value, each, at) for each in schema["anyOf"]) else [at]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r}"]
    named = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not isinstance(value, tuple(_TYPES[name] for name in named)):
        return [f"{at}: {type(value).__name__}"]
    if isinstance(value, list):
        parts = (differences(item, schema["items"], f"{at}[{index}]") for index, item in enumerate(value))
        return [difference for part in parts for difference in part]
    return _object_differences(value, schema, at) if isinstance(value, dict) else []


def _object_differences(value: dict[str, Any], schema: dict[str, Any], at: str) -> list[str]:
    described = schema.get("properties")
    if described is None:
        return []
    found = [f"{at}.{name} is not described" for name in value.keys() - described.keys()]
    found += [f"{at}.{name} is missing" for name in set(schema["required"]) - value.keys()]
    for name in value.keys() & described.keys():
        found += differences(value[name], described[name], f"{at}.{name}")
    return found


_TYPES: dict[str, type] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "null": type(None),
}
