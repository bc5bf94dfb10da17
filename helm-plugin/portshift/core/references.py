"""Image references: the grammar of distribution/reference and what Kubernetes makes of it.

A reference is ``[domain/]path[:tag][@digest]``. The grammar is that of
https://github.com/distribution/reference (``regexp.go``), the normalisation that of its ``ParseDockerRef``,
which the kubelet and containerd use: a short name belongs to docker.io, ``library/`` is put before an
official image, the tag is ``latest`` where neither tag nor digest is given, and a digest wins over a tag.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from portshift.core.errors import InvalidReference

DEFAULT_DOMAIN = "docker.io"
_OLD_DEFAULT_DOMAIN = "index.docker.io"
_OFFICIAL = "library/"
_MAX_PATH = 255

_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<name>(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PATH_PART}(?:/{_PATH_PART})*))"
    r"(?::(?P<tag>[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[^@]*))?\Z"
)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}\Z")
_DIGEST = re.compile(r"(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})\Z")


class Reference(NamedTuple):
    """A normalised reference: ``domain`` is never empty, and exactly one of ``tag`` and ``digest`` is set."""

    domain: str
    path: str
    tag: str | None
    digest: str | None

    def with_digest(self, digest: str) -> Reference:
        """The same repository at this digest.

        Raises:
            InvalidReference: ``digest`` is none.

        """
        return self._replace(tag=None, digest=_checked_digest(digest))

    @property
    def repository(self) -> str:
        """``docker.io/library/nginx``: the reference without tag and digest."""
        return f"{self.domain}/{self.path}"

    def __str__(self) -> str:
        if self.digest is not None:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{self.tag}"


def parse_reference(text: str) -> Reference:
    """Read a reference as Kubernetes would pull it.

    Raises:
        InvalidReference: ``text`` is outside the grammar; the message says which part.

    """
    domain, remainder = _split_domain(text)
    match = _REFERENCE.match(f"{domain}/{remainder}")
    if match is None or match["domain"] != domain or _IDENTIFIER.match(text):
        raise InvalidReference(_complaint(text))
    path, tag, digest = match["path"], match["tag"], match["digest"]
    if len(path) > _MAX_PATH:
        raise InvalidReference(f"image {_short(text)}: found a path of {len(path)} characters, expected 255")
    if digest is not None:
        return Reference(domain, path, None, _checked_digest(digest))
    return Reference(domain, path, tag or "latest", None)


def pin(text: str, digest: str) -> str:
    """Return ``text`` as written with ``@digest`` behind it; one that names a digest stays as it is.

    Raises:
        InvalidReference: ``text`` is no reference, or ``digest`` no digest.

    """
    parse_reference(text)
    return text if "@" in text else f"{text}@{_checked_digest(digest)}"


def _split_domain(text: str) -> tuple[str, str]:
    """Domain and rest, as ``splitDockerDomain`` tells them apart: a host has a dot, a colon or capitals."""
    first, slash, rest = text.partition("/")
    if not slash or not (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        domain, rest = DEFAULT_DOMAIN, text
    else:
        domain = DEFAULT_DOMAIN if first == _OLD_DEFAULT_DOMAIN else first
    if domain == DEFAULT_DOMAIN and "/" not in rest:
        rest = _OFFICIAL + rest
    return domain, rest


def _checked_digest(digest: str) -> str:
    if not _DIGEST.match(digest):
        raise InvalidReference(
            f"found the digest {_short(digest)}, expected sha256:, sha384: or sha512: and 64, 96 or 128 "
            "lower-case hex digits"
        )
    return digest


def _complaint(text: str) -> str:
    shown = _short(text)
    if not text:
        return "found an empty image reference, expected [host/]path[:tag][@digest]"
    if "://" in text:
        return f"image {shown}: found a URL, expected a reference without a scheme"
    if _IDENTIFIER.match(text):
        return f"image {shown}: found a bare image id, expected [host/]path[:tag][@digest]"
    if text.lower() != text and _REFERENCE.match(text.lower()):
        return f"image {shown}: found upper case in the path, expected lower case"
    return f"image {shown}: expected [host/]path[:tag][@digest]"


def _short(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:97]}...")
