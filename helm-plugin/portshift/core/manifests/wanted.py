"""What to keep of a document whose kind is known beforehand."""

from __future__ import annotations

from typing import Any

from portshift.core.kinds import Kinds, Path
from portshift.core.manifests.compose import Wanted
from portshift.core.manifests.images import PROXY_IMAGE, wanted_container, wanted_pod_spec
from portshift.core.manifests.model import ANNOTATION

_ANNOTATIONS: Wanted = {ANNOTATION: None, PROXY_IMAGE: None}
_OBJECT: Wanted = {
    "apiVersion": None,
    "kind": None,
    "metadata": {"name": None, "generateName": None, "namespace": None, "annotations": _ANNOTATIONS},
}


class WantedByKind:
    """What the entries of a kinds table look at, for each kind's name."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._names = kinds.names
        self._known: dict[tuple[str, bool], Wanted] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def of(self, name: str, *, outside: bool) -> Wanted:
        """What to keep of an object of this kind; with ``outside``, arguments and variables too."""
        wanted = self._known.get((name, outside))
        if wanted is None:
            wanted = self._known[name, outside] = self._collect(name, outside=outside)
        return wanted

    def _collect(self, name: str, *, outside: bool) -> Wanted:
        tree: dict[str, Any] = {}
        _add(tree, (), _OBJECT)
        for rule in (rule for kind in self._kinds.named(name) for rule in kind.rules):
            for path in rule.pods:
                _add(tree, path, wanted_pod_spec(outside=outside))
            for path in rule.containers:
                _add(tree, path, wanted_container(outside=outside))
            for path in rule.images:
                _add(tree, path, None)
            if rule.annotations is not None:
                _add(tree, rule.annotations, _ANNOTATIONS)
            _add(tree, rule.requires, {})
        return tree


def _add(tree: dict[str, Any], path: Path, wanted: Wanted | None) -> None:
    """Put ``wanted`` at ``path`` of ``tree``; what already keeps everything stays."""
    if not path:
        for name, inner in (wanted or {}).items():
            _add(tree, (name,), inner)
        return
    name, rest = path[0], path[1:]
    if name in tree and tree[name] is None:
        return
    if wanted is None and not rest:
        tree[name] = None
        return
    _add(tree.setdefault(name, {}), rest, wanted)
