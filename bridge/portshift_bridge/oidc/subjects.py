"""The name under which a job signs: ``github:repo:acme/shop:ref:refs/heads/main``."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

MAX_NAME = 512
_MARK = 16
# Every printable character of ASCII but space, quotes, % and backslash stands for itself.
_SAFE = "!#$&()*+,/:;<=>?@[]^`{|}~"


def signer_name(trust: str, subject: str) -> str:
    """The trust and the token's subject, printable and bounded, and different for different subjects.

    An access that an administrator names never holds a colon, so no job can pass for one.
    """
    name = f"{trust}:{quote(subject, safe=_SAFE)}"
    if len(name) <= MAX_NAME:
        return name
    mark = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK]
    return f"{name[: MAX_NAME - _MARK - 1]}~{mark}"
