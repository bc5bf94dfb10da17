"""Where images sit in each kind of object, and which annotations reach the pods that run them.

The table is data (``kind_table.py``); a user's file holds entries of the same shape and is read by
``parse_kinds``. docs/how-to/extend-kinds.md explains the columns, docs/reference/kinds.md lists the entries.
An object is matched by API group, in any version, and kind. What the table does not name is no place: images
are found by schema, never by a key's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from portshift.core.errors import InvalidInput
from portshift.core.kind_table import TABLE

ITEM = "[]"
ANY_KEY = "*"
OWN_ANNOTATIONS = ("metadata", "annotations")

# A step is a key, ITEM for each item of a sequence, or ANY_KEY for each value of a mapping.
Path = tuple[str, ...]
_SEGMENT = r"(?:\*|[A-Za-z0-9_-]+)(?:\[\])*"
_PATH = re.compile(rf"{_SEGMENT}(?:\.{_SEGMENT})*\Z")


class Rule(NamedTuple):
    """One set of pods of an object: where its images are, and where its token goes.

    ``pods`` lead to PodSpecs, ``containers`` to things with ``image`` and perhaps ``name``, ``images`` to a
    reference or to a ``{repository, tag}`` mapping. Without ``annotations`` the images are reported with
    ``reason``. The place counts only where ``requires`` exists.
    """

    annotations: Path | None = None
    pods: tuple[Path, ...] = ()
    containers: tuple[Path, ...] = ()
    images: tuple[Path, ...] = ()
    requires: Path = ()
    reason: str | None = None


class Kind(NamedTuple):
    """One kind of object.

    ``immutable`` says that its template may not change after creation, so that the token sits in the
    object's own ``metadata.annotations`` (DESIGN §4.3).
    """

    group: str
    name: str
    rules: tuple[Rule, ...]
    immutable: bool = False
    cluster_scoped: bool = False


@dataclass(frozen=True)
class Kinds:
    """A set of kinds, found by group and name."""

    by_key: Mapping[tuple[str, str], Kind] = field(repr=False)

    def find(self, group: str, name: str) -> Kind | None:
        """The kind of this name in this API group (empty for the core group), or None."""
        return self.by_key.get((group, name))

    def named(self, name: str) -> tuple[Kind, ...]:
        """Every kind of this name, whatever its group."""
        return tuple(kind for kind in self.by_key.values() if kind.name == name)

    @property
    def names(self) -> frozenset[str]:
        """The names of all kinds."""
        return frozenset(name for _, name in self.by_key)

    def extended(self, other: Kinds) -> Kinds:
        """These kinds and ``other``; where both have one, that of ``other``."""
        return Kinds({**self.by_key, **other.by_key})


def parse_kinds(document: Any) -> Kinds:
    """Read a user's file, parsed to plain values: ``{"kinds": [entry, …]}``.

    Raises:
        InvalidInput: the entry that is wrong, by its number, with what was found and expected.

    """
    if not isinstance(document, Mapping) or set(document) != {"kinds"}:
        raise InvalidInput("kinds file: expected a mapping with the one key 'kinds'")
    return _compiled(_list(document["kinds"], "kinds"))


def _compiled(entries: Iterable[Any]) -> Kinds:
    kinds: dict[tuple[str, str], Kind] = {}
    for number, entry in enumerate(entries):
        try:
            kinds.update({(kind.group, kind.name): kind for kind in _entry(entry)})
        except InvalidInput as error:
            raise InvalidInput(f"kinds[{number}]: {error.problem}") from error
    return Kinds(kinds)


_ENTRY_KEYS = {"group", "kinds", "templates", "places", "immutable", "clusterScoped"}
_PLACE_KEYS = {"annotations", "pods", "containers", "images", "requires", "reason"}


def _entry(entry: Any) -> list[Kind]:
    fields = _fields(entry, _ENTRY_KEYS)
    group = fields.get("group")
    names = _texts(fields, "kinds")
    if not isinstance(group, str) or not names:
        raise InvalidInput("expected 'group' (text, empty for the core group) and a list 'kinds'")
    places = tuple(
        [_template(path) for path in _texts(fields, "templates")]
        + [_place(place) for place in _list(fields.get("places", ()), "places")]
    )
    if not places:
        raise InvalidInput("found neither 'templates' nor 'places', expected one of them")
    flags = {"immutable": _flag(fields, "immutable"), "cluster_scoped": _flag(fields, "clusterScoped")}
    return [Kind(group, name, places, **flags) for name in names]


def _template(text: str) -> Rule:
    """The place of an ordinary pod template: ``metadata.annotations`` beside ``spec``."""
    path = parse_path(text)
    return Rule(annotations=(*path, *OWN_ANNOTATIONS), pods=((*path, "spec"),))


def _place(place: Any) -> Rule:
    fields = _fields(place, _PLACE_KEYS)
    annotations, reason = fields.get("annotations"), fields.get("reason")
    if (annotations is None) == (reason is None) or not isinstance(annotations or reason, str):
        raise InvalidInput("expected one of 'annotations' (a path) and 'reason' (why there is none)")
    compiled = Rule(
        annotations=None if annotations is None else parse_path(annotations),
        pods=tuple(map(parse_path, _texts(fields, "pods"))),
        containers=tuple(map(parse_path, _texts(fields, "containers"))),
        images=tuple(map(parse_path, _texts(fields, "images"))),
        requires=parse_path(fields["requires"]) if "requires" in fields else (),
        reason=reason,
    )
    if any(path[-1] in {ITEM, ANY_KEY} for path in compiled.images):
        raise InvalidInput(
            "found a path in 'images' that ends with a wildcard, expected one ending with a key"
        )
    if not (compiled.pods or compiled.containers or compiled.images):
        raise InvalidInput("found no image, expected 'pods', 'containers' or 'images'")
    return compiled


def parse_path(text: Any) -> Path:
    """``spec.tasks[].template`` as steps.

    Raises:
        InvalidInput: ``text`` is no path of keys, ``[]`` and ``*``.

    """
    if not isinstance(text, str) or not _PATH.match(text):
        raise InvalidInput(f"found the path {text!r}, expected keys joined by '.', with '[]' for each item")
    return tuple(text.replace(ITEM, f".{ITEM}").split("."))


def _fields(value: Any, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"found {value!r}, expected a mapping")
    unknown = sorted(str(key) for key in value if key not in known)
    if unknown:
        raise InvalidInput(f"found {unknown[0]!r}, expected {', '.join(sorted(known))}")
    return value


def _list(value: Any, what: str) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise InvalidInput(f"{what}: found {value!r}, expected a list")
    return value


def _texts(fields: Mapping[str, Any], name: str) -> list[str]:
    values = _list(fields.get(name, ()), name)
    if not all(isinstance(value, str) and value for value in values):
        raise InvalidInput(f"{name}: expected a list of texts")
    return list(values)


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput(f"{name}: found {value!r}, expected true or false")
    return value


BUILT_IN = _compiled(TABLE)
