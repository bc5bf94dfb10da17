"""What an administrator may trust."""

from __future__ import annotations

import re
from typing import Any

import pytest

from portshift.core.errors import InvalidInput, InvalidMessage
from portshift_bridge.oidc.trusts import Trust, parse_trust
from tests.fakes.issuer import AUDIENCE, GITHUB

SHOP: dict[str, Any] = {
    "name": "github-shop",
    "issuer": GITHUB,
    "audience": AUDIENCE,
    "claims": {"repository": ["acme/shop"], "ref": ["refs/heads/main"]},
}


def test_a_trust_with_the_defaults() -> None:
    trust = parse_trust(SHOP)

    claims = {"repository": ("acme/shop",), "ref": ("refs/heads/main",)}
    assert trust == Trust("github-shop", GITHUB, AUDIENCE, claims, ("*",), ("*",), 900, None, None)


def test_what_is_written_is_read_again() -> None:
    given = {
        **SHOP,
        "clusters": ["prod-*"],
        "namespaces": ["shop"],
        "lifetimeSeconds": 60,
        "ca": None,
        "proxy": None,
    }

    assert parse_trust(given).to_json() == given


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "A b"}, "name: found 'A b'"),
        ({"name": None}, "name: found None"),
        ({"issuer": "http://127.0.0.1:8080"}, "issuer: found 'http://127.0.0.1:8080'"),
        ({"issuer": "https://user@git.example"}, "issuer: found"),
        ({"issuer": "https://git.example?x"}, "issuer: found"),
        ({"issuer": "https://git.example#x"}, "issuer: found"),
        ({"issuer": "https://git.example:port"}, "issuer: found"),
        ({"issuer": "https://git example"}, "issuer: found"),
        ({"issuer": "https://"}, "issuer: found"),
        ({"issuer": 7}, "issuer: found 7"),
        ({"issuer": "https://169.254.169.254"}, "metadata address 169.254.169.254"),
        ({"audience": ""}, "audience: found ''"),
        ({"audience": "a b"}, "audience: found 'a b'"),
        ({"claims": {}}, "claims: expected 1 to 32"),
        ({"claims": None}, "claims: expected 1 to 32"),
        ({"claims": {"iss": [GITHUB]}}, "claims: found the claim 'iss'"),
        ({"claims": {"aud": [AUDIENCE]}}, "claims: found the claim 'aud'"),
        ({"claims": {"repository": "acme/shop"}}, "claims.repository: expected a list"),
        ({"claims": {"repository": []}}, "claims.repository: expected a list"),
        ({"claims": {"repository": [1]}}, "claims.repository: found 1"),
        ({"claims": {"repository": ["a/***"]}}, "found '***'"),
        ({"clusters": ["a b"]}, "clusters: found 'a b'"),
        ({"lifetimeSeconds": 59}, "lifetimeSeconds: found 59"),
        ({"lifetimeSeconds": 3601}, "lifetimeSeconds: found 3601"),
        ({"lifetimeSeconds": True}, "lifetimeSeconds: found True"),
        ({"ca": "no certificate"}, "ca: found no certificates"),
        ({"ca": 1}, "ca: found no certificates"),
        ({"proxy": 1}, "proxy: found 1"),
        ({"proxy": "ftp://proxy"}, "proxy: found"),
        ({"proxy": "http://169.254.169.254:80"}, "proxy: found"),
    ],
)
def test_a_trust_that_cannot_be_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(told)):
        parse_trust({**SHOP, **change})


@pytest.mark.parametrize(
    "claims",
    [
        {"ref": ["refs/heads/main"]},
        {"environment": ["prod"]},
        {"repository": ["*/shop"]},
        {"repository": ["acme*/shop"]},
        {"repository": ["acme/shop", "**"]},
        {"repository_owner": ["acme*"]},
        {"sub": ["repo:acme*"]},
        {"sub": ["**:environment:prod"]},
        {"sub": ["environment:prod"]},
        {"sub": ["environment:prod/**"]},
        {"sub": ["repo:acme/shop:*", "repo:*/shop:*"]},
        {"job_workflow_ref": ["acme/shop/.github/workflows/deploy.yml@refs/heads/main"]},
    ],
)
def test_every_job_of_a_public_service_cannot_be_trusted_by_accident(claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage, match="do not say whose are trusted"):
        parse_trust({**SHOP, "claims": claims})


@pytest.mark.parametrize(
    "claims",
    [
        {"repository": ["acme/*"]},
        {"repository_owner_id": ["4711"]},
        {"sub": ["repo:acme/shop:environment:prod"]},
        {"sub": ["repo:acme/*:ref:refs/heads/main"]},
        {"sub": ["repository_owner_id:4711:environment:*"]},
    ],
)
def test_claims_that_say_whose_jobs_are_enough(claims: dict[str, Any]) -> None:
    assert parse_trust({**SHOP, "claims": claims}).claims


def test_an_own_service_needs_a_claim_that_is_no_mere_wildcard() -> None:
    own = {**SHOP, "issuer": "https://gitlab.acme.example"}

    assert parse_trust({**own, "claims": {"ref_protected": ["true"]}})
    with pytest.raises(InvalidMessage, match="only wildcards"):
        parse_trust({**own, "claims": {"project_path": ["**"]}})
