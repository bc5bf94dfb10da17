"""An issuer's public keys, from where OpenID Connect Discovery 1.0 §4 says they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from portshift.core.errors import InvalidInput, Unreachable
from portshift.core.jose import parse_object

PublicKey = RSAKey | ECKey
# Gets a document: an absolute URL in, the body of the answer 200 out, or Unreachable.
Get = Callable[[str], bytes]

MAX_KEYS = 100
MAX_DOCUMENT = 256 * 1024
_WELL_KNOWN = "/.well-known/openid-configuration"
# An RSA modulus of 2,048 to 8,192 bits: shorter ones are weak, longer ones slow (NIST SP 800-131A).
_RSA_CHARACTERS = range(342, 1_367)


def fetch_keys(issuer: str, *, get: Get) -> Mapping[str, PublicKey]:
    """The issuer's signing keys by ``kid``.

    Raises:
        Unreachable: the issuer does not answer, not as itself, or keeps its keys at another origin.

    """
    document = _document(get, f"{issuer.rstrip('/')}{_WELL_KNOWN}")
    if document.get("issuer") != issuer:
        raise Unreachable(
            f"{issuer} says that it is the issuer {document.get('issuer')!r:.200}",
            cure="give the trust's issuer just as the issuer itself says it",
        )
    uri = document.get("jwks_uri")
    if not isinstance(uri, str) or not _same_origin(uri, issuer):
        raise Unreachable(
            f"{issuer} keeps its keys at {uri!r:.200}, expected https at its own host and port",
            cure="such an issuer cannot be trusted",
        )
    return read_keys(_document(get, uri), issuer=issuer)


def read_keys(document: Mapping[str, Any], *, issuer: str) -> Mapping[str, PublicKey]:
    """The keys of a JSON Web Key Set (RFC 7517 §5) that can have signed a job token.

    What is for another use, of another type, weak, private or without a ``kid`` is left out.

    Raises:
        Unreachable: the set is none, too large, or has two keys of one ``kid``.

    """
    entries = document.get("keys")
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise Unreachable(f"{issuer} has no list of at most {MAX_KEYS} keys at its jwks_uri")
    keys: dict[str, PublicKey] = {}
    for entry in entries:
        key = _read_key(entry)
        if key is None:
            continue
        known = keys.setdefault(entry["kid"], key)
        if known.thumbprint() != key.thumbprint():
            raise Unreachable(f"{issuer} has two keys of the kid {entry['kid'][:64]!r}")
    return keys


def _read_key(entry: object) -> PublicKey | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str) or "d" in entry:
        return None
    rsa = entry.get("kty") == "RSA"
    if entry.get("kty") not in {"RSA", "EC"} or entry.get("use", "sig") != "sig":
        return None
    if rsa and len(str(entry.get("n"))) not in _RSA_CHARACTERS:
        return None
    try:
        key: PublicKey = RSAKey.import_key(entry) if rsa else ECKey.import_key(entry)
        key.thumbprint()
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return key


def _document(get: Get, url: str) -> dict[str, Any]:
    body = get(url)
    if len(body) > MAX_DOCUMENT:
        raise Unreachable(f"{url} answers more than {MAX_DOCUMENT // 1024} KiB")
    try:
        return parse_object(body)
    except InvalidInput as error:
        raise Unreachable(f"{url} answers with no document of an issuer: {error.problem}") from error


def _same_origin(uri: str, issuer: str) -> bool:
    try:
        found, expected = _origin(urlsplit(uri)), _origin(urlsplit(issuer))
    except ValueError:
        return False
    return found == expected and found[0] == "https" and "@" not in urlsplit(uri).netloc


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or 443
