"""The claims of a token: written for an identity, and read back with every form checked.

Reading ignores claims it does not know (RFC 7519 §4), but refuses ``exp`` and ``nbf``: portshift signs
neither, and a limit that is not enforced must not be passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from portshift.core.errors import InvalidInput
from portshift.core.identity import Build, Identity, PlannedImage, identity_id
from portshift.core.wire import MAX_IMAGES_PER_WORKLOAD, MAX_TEXT

USE_CLAIM = "portshift.io/use"
IMAGES_CLAIM = "portshift.io/images"
USE = "image-identity"

# The last second of the year 9999, the last that RFC 3339 can write.
_MAX_TIME = 253_402_300_799
_TEXT_CLAIMS = ("iss", "sub", "aud", "jti", USE_CLAIM)
_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z", re.ASCII)
_TRUST_DOMAIN = re.compile(r"[a-z0-9._-]{1,255}\Z", re.ASCII)
# identity.Workload.path: SPIFFE segments, of which none is "." or "..", and "_" after a generateName prefix.
_SEGMENT = r"(?!\.{1,2}(?:/|_?\Z))[A-Za-z0-9.-]+"
_PATH = re.compile(rf"(?:ns/({_SEGMENT})|cluster)/(?=[^A-Z/]+/)({_SEGMENT})/({_SEGMENT})(_?)\Z")


class Subject(NamedTuple):
    """The workload a token is for, as its ``sub`` names it.

    ``path`` is ``identity.Workload.path``; ``namespace`` is empty for a cluster-scoped kind; with
    ``generated`` set, ``name`` is a ``generateName`` prefix.
    """

    path: str
    namespace: str
    kind_group: str
    name: str
    generated: bool


def token_claims(identity: Identity, *, issuer: str, trust_domain: str, issued_at: int) -> dict[str, Any]:
    """The claims that state ``identity``; ``issued_at`` is in seconds since 1970.

    Raises:
        InvalidInput: a part is out of bounds, so that no verifier would accept the token.

    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": f"spiffe://{trust_domain}/{identity.workload.path}",
        "aud": identity.audience,
        "iat": issued_at,
        "jti": identity.id,
        USE_CLAIM: USE,
        IMAGES_CLAIM: [image_claim(image) for image in identity.images],
    }
    if not _TRUST_DOMAIN.match(trust_domain):
        raise InvalidInput(f"found the trust domain {trust_domain!r}, expected a-z, 0-9, '.', '_' and '-'")
    # Nothing is signed that the verifier's own steps would refuse.
    check_claims(claims)
    read_subject(claims["sub"], trust_domain=trust_domain)
    check_digests(read_images(claims))
    return claims


def image_claim(image: PlannedImage) -> dict[str, Any]:
    """One entry of the images claim; what is not known is left out."""
    claim: dict[str, Any] = {"name": image.name, "reference": image.reference}
    if image.digest is not None:
        claim["digest"] = image.digest
    if image.children:
        claim["children"] = list(image.children)
    if image.artifact is not None:
        claim["artifact"] = image.artifact
    if image.build is not None:
        claim["build"] = {"name": image.build.name, "number": image.build.number}
    return claim


def check_claims(claims: Mapping[str, Any]) -> None:
    """Check that each claim is present and of its type, and that no unenforced limit is there.

    Raises:
        InvalidInput: naming the first claim that is not as it must be.

    """
    for claim in _TEXT_CLAIMS:
        _text(claims.get(claim), claim)
    issued_at = claims.get("iat")
    if type(issued_at) is not int or not 0 <= issued_at <= _MAX_TIME:
        raise InvalidInput(f"iat: found {_shown(issued_at)}, expected whole seconds since 1970")
    if not isinstance(claims.get(IMAGES_CLAIM), list):
        raise InvalidInput(f"{IMAGES_CLAIM}: found {_shown(claims.get(IMAGES_CLAIM))}, expected a list")
    for limit in ("exp", "nbf"):
        if limit in claims:
            raise InvalidInput(f"{limit}: found a limit in time, expected none in an image identity")


def read_subject(subject: str, *, trust_domain: str) -> Subject:
    """Read a ``sub``: ``spiffe://<trust domain>/`` and a workload's path.

    Raises:
        InvalidInput: another trust domain, or a path that names no workload.

    """
    prefix = f"spiffe://{trust_domain}/"
    if not subject.startswith(prefix):
        raise InvalidInput(f"found {_shown(subject)}, expected the trust domain {trust_domain!r}")
    match = _PATH.match(subject, len(prefix))
    if match is None:
        raise InvalidInput(
            f"found {_shown(subject)}, expected {prefix} and then "
            "ns/<namespace>/<kind>/<name> or cluster/<kind>/<name>"
        )
    namespace, kind_group, name, prefix_mark = match.groups()
    return Subject(match.group(), namespace or "", kind_group, name, generated=bool(prefix_mark))


def read_images(claims: Mapping[str, Any]) -> tuple[PlannedImage, ...]:
    """Read the images of checked claims; digests are still as they were written.

    Raises:
        InvalidInput: an entry has not the form that docs/reference/token.md gives it.

    """
    entries = claims[IMAGES_CLAIM]
    if len(entries) > MAX_IMAGES_PER_WORKLOAD:
        raise InvalidInput(f"found {len(entries)} images, expected at most {MAX_IMAGES_PER_WORKLOAD}")
    return tuple([_read_image(entry) for entry in entries])


def check_digests(images: tuple[PlannedImage, ...]) -> None:
    """Check the form of each digest and of each child of an index.

    Raises:
        InvalidInput: a digest is malformed, or an image without one has children.

    """
    for image in images:
        if image.digest is None:
            if image.children:
                raise InvalidInput(f"{_shown(image.name)}: found children of an image without a digest")
            continue
        for digest in (image.digest, *image.children):
            if not _DIGEST.match(digest):
                raise InvalidInput(
                    f"{_shown(image.name)}: found {_shown(digest)}, "
                    "expected sha256: or sha512: and lower-case hex"
                )


def check_id(jti: str, *, subject: Subject, audience: str, images: tuple[PlannedImage, ...]) -> None:
    """Check that ``jti`` is the hash of what the token says.

    Raises:
        InvalidInput: it is another identity's.

    """
    expected = identity_id(path=subject.path, audience=audience, images=images)
    if jti != expected:
        raise InvalidInput(f"found jti {_shown(jti)}, expected {expected}, the hash of what the token says")


def _read_image(entry: object) -> PlannedImage:
    if not isinstance(entry, dict):
        raise InvalidInput(f"found {_shown(entry)} among the images, expected an object")
    return PlannedImage(
        name=_text(entry.get("name"), "name"),
        reference=_text(entry.get("reference"), "reference"),
        digest=_text(entry["digest"], "digest") if "digest" in entry else None,
        children=_read_children(entry["children"]) if "children" in entry else (),
        artifact=_text(entry["artifact"], "artifact") if "artifact" in entry else None,
        build=_read_build(entry["build"]) if "build" in entry else None,
    )


def _read_children(children: object) -> tuple[str, ...]:
    if not isinstance(children, list) or len(children) > MAX_IMAGES_PER_WORKLOAD:
        raise InvalidInput(f"children: expected a list of at most {MAX_IMAGES_PER_WORKLOAD} digests")
    return tuple([_text(child, "child") for child in children])


def _read_build(build: object) -> Build:
    if not isinstance(build, dict):
        raise InvalidInput(f"build: found {_shown(build)}, expected an object")
    return Build(name=_text(build.get("name"), "name"), number=_text(build.get("number"), "number"))


def _text(value: object, field: str) -> str:
    if isinstance(value, str) and 0 < len(value) <= MAX_TEXT:
        return value
    raise InvalidInput(f"{field}: found {_shown(value)}, expected text of at most {MAX_TEXT} characters")


def _shown(value: object) -> str:
    """A value as a message shows it: short, whatever was signed."""
    if isinstance(value, str):
        return repr(value if len(value) <= 80 else f"{value[:77]}...")
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
