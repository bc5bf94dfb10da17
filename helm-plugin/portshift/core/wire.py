"""Every message between the command line and the bridge, defined once.

A message is a named tuple, because a rendering pays 0.5 ms for each dataclass it loads; ``to_json`` and
``from_json`` convert it to and from the plain values that ``json`` reads and writes. Reading is strict about
what a field holds and lenient about fields it does not know, so a newer neighbour may say more. tests/wire
holds a sample of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from portshift.core.errors import InvalidMessage
from portshift.core.identity import Build, PlannedImage, Workload

Json = Mapping[str, Any]
_T = TypeVar("_T")

MAX_WORKLOADS = 20_000
MAX_IMAGES_PER_WORKLOAD = 1_000
MAX_TEXT = 4_096


class Intent(StrEnum):
    """Why a chart was rendered; only ``deploy`` counts as planned (DESIGN §2)."""

    DEPLOY = "deploy"
    RENDER = "render"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of one image of a registration."""

    RESOLVED = "resolved"
    ABSENT = "absent"
    NOT_VISIBLE = "not-visible"
    FORBIDDEN = "forbidden"
    UNCONNECTED = "unconnected"
    INVALID = "invalid"
    LOGIN_REFUSED = "login-refused"
    UNREACHABLE = "unreachable"

    @property
    def conclusive(self) -> bool:
        """Whether the registry gave an answer; without one, no identity may be signed."""
        return self not in {Outcome.UNREACHABLE, Outcome.LOGIN_REFUSED}


class Release(NamedTuple):
    """The Helm release; each part is absent where nobody told us."""

    name: str | None = None
    namespace: str | None = None
    chart: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "namespace": self.namespace, "chart": self.chart}

    @classmethod
    def from_json(cls, value: Any) -> Release:
        body = _object(value, "release")
        return cls(
            name=_optional_text(body, "name"),
            namespace=_optional_text(body, "namespace"),
            chart=_optional_text(body, "chart"),
        )


class ImageRequest(NamedTuple):
    """An image as the manifest writes it, under the name that ``PlannedImage`` gives it."""

    name: str
    reference: str

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "reference": self.reference}

    @classmethod
    def from_json(cls, value: Any) -> ImageRequest:
        body = _object(value, "image")
        return cls(name=_text(body, "name"), reference=_text(body, "reference"))


class WorkloadRequest(NamedTuple):
    """One place that takes a token: a pod template, or an object whose template is immutable."""

    workload: Workload
    images: tuple[ImageRequest, ...]

    def to_json(self) -> dict[str, Any]:
        return {**workload_to_json(self.workload), "images": [image.to_json() for image in self.images]}

    @classmethod
    def from_json(cls, value: Any) -> WorkloadRequest:
        body = _object(value, "workload")
        return cls(
            workload=workload_from_json(body),
            images=_list(body, "images", ImageRequest.from_json, limit=MAX_IMAGES_PER_WORKLOAD),
        )


class RegistrationRequest(NamedTuple):
    """``POST /api/v1/registrations``: everything one rendering is about to deploy.

    ``cluster`` and ``environment`` are what a person gave explicitly. With ``pin`` set, the identity holds
    each known reference with its digest, as the manifest will.
    """

    workloads: tuple[WorkloadRequest, ...]
    release: Release = Release()
    intent: Intent = Intent.UNKNOWN
    cluster: str | None = None
    environment: str | None = None
    pin: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "release": self.release.to_json(),
            "intent": self.intent.value,
            "cluster": self.cluster,
            "environment": self.environment,
            "pin": self.pin,
            "workloads": [workload.to_json() for workload in self.workloads],
        }

    @classmethod
    def from_json(cls, value: Any) -> RegistrationRequest:
        """Read a request.

        Raises:
            InvalidMessage: a field is missing, of the wrong type, or out of bounds.

        """
        body = _object(value, "registration")
        return cls(
            release=Release.from_json(body.get("release") or {}),
            intent=_member(body, "intent", Intent),
            cluster=_optional_text(body, "cluster"),
            environment=_optional_text(body, "environment"),
            pin=_flag(body, "pin"),
            workloads=_list(body, "workloads", WorkloadRequest.from_json, limit=MAX_WORKLOADS),
        )


class ImageResult(NamedTuple):
    """What the bridge found for one image. ``pinned`` is its reference with the digest, when asked for."""

    image: PlannedImage
    outcome: Outcome
    reason: str | None = None
    pinned: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            **planned_image_to_json(self.image),
            "outcome": self.outcome.value,
            "reason": self.reason,
            "pinned": self.pinned,
        }

    @classmethod
    def from_json(cls, value: Any) -> ImageResult:
        body = _object(value, "image")
        return cls(
            image=planned_image_from_json(body),
            outcome=_member(body, "outcome", Outcome),
            reason=_optional_text(body, "reason"),
            pinned=_optional_text(body, "pinned"),
        )


class WorkloadResult(NamedTuple):
    """The identity of one requested workload; no id and no token where an image stayed inconclusive."""

    images: tuple[ImageResult, ...]
    id: str | None = None
    token: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "token": self.token, "images": [image.to_json() for image in self.images]}

    @classmethod
    def from_json(cls, value: Any) -> WorkloadResult:
        body = _object(value, "workload")
        return cls(
            id=_optional_text(body, "id"),
            token=_optional_text(body, "token", limit=256 * 1024),
            images=_list(body, "images", ImageResult.from_json, limit=MAX_IMAGES_PER_WORKLOAD),
        )


class RegistrationResponse(NamedTuple):
    """The answer to a registration: a result for each workload, in the order of the request."""

    registration: str
    workloads: tuple[WorkloadResult, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "registration": self.registration,
            "workloads": [workload.to_json() for workload in self.workloads],
        }

    @classmethod
    def from_json(cls, value: Any) -> RegistrationResponse:
        """Read a response.

        Raises:
            InvalidMessage: the neighbour is not a bridge, or not one this version understands.

        """
        body = _object(value, "registration")
        return cls(
            registration=_text(body, "registration"),
            workloads=_list(body, "workloads", WorkloadResult.from_json, limit=MAX_WORKLOADS),
        )


def workload_to_json(workload: Workload) -> dict[str, Any]:
    """The fields of a workload, as every message carries them."""
    return {
        "group": workload.group,
        "kind": workload.kind,
        "namespace": workload.namespace,
        "name": workload.name,
        "generated": workload.generated,
    }


def workload_from_json(body: Json) -> Workload:
    """Read what ``workload_to_json`` wrote."""
    return Workload(
        group=_text(body, "group", empty=True),
        kind=_text(body, "kind"),
        namespace=_text(body, "namespace", empty=True),
        name=_text(body, "name"),
        generated=_flag(body, "generated"),
    )


def planned_image_to_json(image: PlannedImage) -> dict[str, Any]:
    """The ``containers`` entry of an identity, as ``identities list -o json`` documents it."""
    build = image.build
    return {
        "name": image.name,
        "reference": image.reference,
        "digest": image.digest,
        "children": list(image.children),
        "artifact": image.artifact,
        "build": None if build is None else {"name": build.name, "number": build.number},
    }


def planned_image_from_json(body: Json) -> PlannedImage:
    """Read what ``planned_image_to_json`` wrote."""
    build = body.get("build")
    return PlannedImage(
        name=_text(body, "name"),
        reference=_text(body, "reference", empty=True),
        digest=_optional_text(body, "digest"),
        children=_list(body, "children", _plain_text, limit=MAX_IMAGES_PER_WORKLOAD),
        artifact=_optional_text(body, "artifact"),
        build=None if build is None else _build(build),
    )


def _build(value: Any) -> Build:
    body = _object(value, "build")
    return Build(name=_text(body, "name"), number=_text(body, "number"))


def _object(value: Any, what: str) -> Json:
    if not isinstance(value, Mapping):
        raise InvalidMessage(f"{what}: found {_name(value)}, expected an object")
    return value


def _text(body: Json, field: str, *, empty: bool = False) -> str:
    value = body.get(field)
    if not isinstance(value, str):
        raise InvalidMessage(f"{field}: found {_name(value)}, expected a string")
    if not value and not empty:
        raise InvalidMessage(f"{field}: found an empty string, expected text")
    return _bounded(value, field, MAX_TEXT)


def _optional_text(body: Json, field: str, *, limit: int = MAX_TEXT) -> str | None:
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidMessage(f"{field}: found {_name(value)}, expected a string or null")
    return _bounded(value, field, limit)


def _plain_text(value: Any) -> str:
    return _text({"item": value}, "item")


def _bounded(value: str, field: str, limit: int) -> str:
    if len(value) > limit:
        raise InvalidMessage(f"{field}: found {len(value)} characters, expected at most {limit}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidMessage(f"{field}: found a lone surrogate, expected Unicode text") from error
    return value


def _flag(body: Json, field: str) -> bool:
    value = body.get(field, False)
    if not isinstance(value, bool):
        raise InvalidMessage(f"{field}: found {_name(value)}, expected true or false")
    return value


_E = TypeVar("_E", bound=StrEnum)


def _member(body: Json, field: str, members: type[_E]) -> _E:
    value = body.get(field)
    for member in members:
        if member.value == value:
            return member
    known = ", ".join(str(member.value) for member in members)
    raise InvalidMessage(f"{field}: found {value!r}, expected one of {known}")


def _list(body: Json, field: str, read: Callable[[Any], _T], *, limit: int) -> tuple[_T, ...]:
    value = body.get(field)
    if not isinstance(value, list):
        raise InvalidMessage(f"{field}: found {_name(value)}, expected a list")
    if len(value) > limit:
        raise InvalidMessage(f"{field}: found {len(value)} entries, expected at most {limit}")
    items = []
    for index, item in enumerate(value):
        try:
            items.append(read(item))
        except InvalidMessage as error:
            raise InvalidMessage(f"{field}[{index}].{error.problem}") from error
    return tuple(items)


_NAMES = {
    type(None): "nothing",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


def _name(value: Any) -> str:
    return _NAMES.get(type(value), "something else")
