"""An issuer of job tokens, as GitHub and GitLab are: signs what a test says and answers from a script."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import requests
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from tests.fakes.http import Scripted, ScriptedAdapter

GITHUB = "https://token.actions.githubusercontent.com"
AUDIENCE = "https://portshift.example.com"
KID = "key-1"


@cache
def rsa_key(kid: str = KID, bits: int = 2_048) -> RSAKey:
    """A key of this name; the same one throughout a run."""
    return RSAKey.generate_key(bits, {"kid": kid, "use": "sig", "alg": "RS256"})


@cache
def ec_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


@dataclass
class FakeIssuer:
    """``now`` gives seconds since 1970; ``served`` are the documents by URL, ``status`` of every answer."""

    now: Callable[[], float]
    issuer: str = GITHUB
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(rsa_key())])
    served: dict[str, Any] = field(default_factory=dict)
    status: int = 200

    def __post_init__(self) -> None:
        self.adapter = ScriptedAdapter(self.answer)

    def answer(self, request: requests.PreparedRequest) -> Scripted:
        """The issuer's documents, or what the test put in their place."""
        url = request.url or ""
        documents = {
            f"{self.issuer}/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/.well-known/jwks",
            },
            f"{self.issuer}/.well-known/jwks": {"keys": self.keys},
            **self.served,
        }
        if url not in documents:
            return Scripted(404)
        found = documents[url]
        return found if isinstance(found, Scripted) else Scripted.json(found, status=self.status)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a job on the main branch of acme/shop; None takes one away."""
        now = int(self.now())
        usual = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "repo:acme/shop:ref:refs/heads/main",
            "repository": "acme/shop",
            "ref": "refs/heads/main",
            "event_name": "push",
            "environment": "prod",
            "ref_protected": "true",
            "jti": "a-job",
            "nbf": now - 5,
            "iat": now - 5,
            "exp": now + 300,
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def token(self, header: Mapping[str, Any] | None = None, /, **changes: Any) -> str:
        """A job token of these claims, signed by the issuer's key."""
        return signed(self.claims(**changes), header=header)


def signed(
    claims: Mapping[str, Any] | bytes,
    *,
    header: Mapping[str, Any] | None = None,
    key: RSAKey | ECKey | None = None,
) -> str:
    """A compact JWS by the key, whatever stands in header and claims; None takes a header field away."""
    fields = {"alg": "RS256", "typ": "JWT", "kid": KID, **(header or {})}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signing_input = f"{part(fields)}.{part(payload)}"
    signature = jws.JWSRegistry.algorithms["RS256" if key is None else str(fields["alg"])].sign(
        signing_input.encode(), key or rsa_key()
    )
    return f"{signing_input}.{part(signature)}"


def part(value: Mapping[str, Any] | bytes) -> str:
    """One part of a compact JWS; fields that are None are left out."""
    data = (
        value
        if isinstance(value, bytes)
        else json.dumps({name: item for name, item in value.items() if item is not None}).encode()
    )
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public(key: RSAKey | ECKey, **changes: Any) -> dict[str, Any]:
    """The key as its issuer publishes it."""
    return {**key.as_dict(private=False), **changes}
