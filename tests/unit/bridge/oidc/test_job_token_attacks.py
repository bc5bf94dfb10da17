"""Each numbered step of docs/reference/job-tokens.md refuses what it is there for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from portshift_bridge.oidc.job_token import Step
from tests.conftest import REPOSITORY
from tests.fakes.bridge_services import FakeBridge
from tests.fakes.issuer import AUDIENCE, KID, FakeIssuer, ec_key, part, public, rsa_key, signed
from tests.unit.bridge.oidc.logins import add_trust, log_in

Attack = Callable[[FakeIssuer], str]


def _hs256(issuer: FakeIssuer) -> str:
    """Signed with the public key as if it were a shared secret (CVE-2015-9235)."""
    header = {"alg": "HS256", "typ": "JWT", "kid": KID}
    head = f"{part(header)}.{part(issuer.claims())}"
    return f"{head}.{part(hmac.new(rsa_key().as_pem(private=False), head.encode(), hashlib.sha256).digest())}"


def _stray_bits(issuer: FakeIssuer) -> str:
    """The same signature spelled differently: its last character has bits that no byte uses."""
    token = issuer.token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def _changed_after_signing(issuer: FakeIssuer) -> str:
    head, _, signature = issuer.token(repository="acme/shop-evil").split(".")
    return f"{head}.{part(issuer.claims())}.{signature}"


def _repeated_key(issuer: FakeIssuer) -> str:
    text = json.dumps(issuer.claims(repository="acme/shop-evil"))
    return signed((text[:-1] + ', "repository": "acme/shop"}').encode())


def _repeated_alg(issuer: FakeIssuer) -> str:
    _, payload, signature = issuer.token().split(".")
    header = part(b'{"alg":"none","alg":"RS256","kid":"key-1"}')
    return f"{header}.{payload}.{signature}"


def _deep(issuer: FakeIssuer) -> str:
    text = json.dumps(issuer.claims())
    return signed((text[:-1] + ', "deep": ' + "[" * 500 + "]" * 500 + "}").encode())


def _jwe(_: FakeIssuer) -> str:
    return ".".join([part({"alg": "RSA-OAEP", "enc": "A256GCM"}), "a2V5", "aXY", "Y2lwaGVy", "dGFn"])


def _pss(issuer: FakeIssuer) -> str:
    """A true signature by the issuer's key, which is for RS256 alone."""
    return signed(issuer.claims(), header={"alg": "PS256"}, key=rsa_key())


def _header(**fields: Any) -> Attack:
    return lambda issuer: issuer.token(fields)


def _claims(**changes: Any) -> Attack:
    return lambda issuer: issuer.token(**changes)


def _later(**seconds: int) -> Attack:
    """Times counted from now; a job's usual ones are just past and five minutes ahead."""
    return lambda issuer: issuer.token(**{name: int(issuer.now()) + by for name, by in seconds.items()})


ATTACKS: list[tuple[str, Step, Attack]] = [
    ("over long", Step.SIZE, lambda issuer: issuer.token(padding="x" * 17_000)),
    ("empty", Step.FORM, lambda _: ""),
    ("no token", Step.FORM, lambda _: "hello"),
    ("not ASCII", Step.FORM, lambda issuer: issuer.token() + "é"),
    ("unsigned", Step.FORM, lambda issuer: issuer.token().rpartition(".")[0] + "."),
    ("detached payload", Step.FORM, lambda issuer: "..".join(issuer.token().split(".")[::2])),
    ("padded", Step.FORM, lambda issuer: issuer.token() + "="),
    ("line break", Step.FORM, lambda issuer: issuer.token() + "\n"),
    ("stray bits", Step.FORM, _stray_bits),
    ("encrypted (JWE)", Step.FORM, _jwe),
    ("JSON serialisation", Step.FORM, lambda issuer: json.dumps({"payload": part(issuer.claims())})),
    ("repeated claim", Step.FORM, _repeated_key),
    ("repeated alg", Step.FORM, _repeated_alg),
    ("nested deeply", Step.FORM, _deep),
    ("claims are a list", Step.FORM, lambda _: signed(b"[]")),
    ("claims are no UTF-8", Step.FORM, lambda _: signed(b'{"iss": "\xff"}')),
    ("NaN", Step.FORM, lambda _: signed(b'{"exp": NaN}')),
    ("alg none", Step.HEADER, _header(alg="none")),
    ("alg None", Step.HEADER, _header(alg="None")),
    ("alg absent", Step.HEADER, _header(alg=None)),
    ("alg a list", Step.HEADER, _header(alg=["RS256"])),
    ("HS256 by the public key", Step.HEADER, _hs256),
    ("alg RS1", Step.HEADER, _header(alg="RS1")),
    ("another type", Step.HEADER, _header(typ="at+jwt")),
    ("type a number", Step.HEADER, _header(typ=1)),
    ("crit", Step.HEADER, _header(crit=["exp"], exp=1)),
    ("b64 false", Step.HEADER, _header(b64=False)),
    ("compressed", Step.HEADER, _header(zip="DEF")),
    ("key in the header", Step.HEADER, _header(jwk=public(rsa_key("evil")))),
    ("key set elsewhere", Step.HEADER, _header(jku="https://evil.example/jwks")),
    ("certificate elsewhere", Step.HEADER, _header(x5u="https://evil.example/x5u")),
    ("certificate in the header", Step.HEADER, _header(x5c=["MIIB"])),
    ("kid absent", Step.HEADER, _header(kid=None)),
    ("kid a number", Step.HEADER, _header(kid=1)),
    ("kid over long", Step.HEADER, _header(kid="k" * 257)),
    ("another issuer", Step.ISSUER, _claims(iss="https://evil.example")),
    ("issuer with a slash more", Step.ISSUER, _claims(iss="https://token.actions.githubusercontent.com/")),
    ("issuer in another case", Step.ISSUER, _claims(iss="https://TOKEN.actions.githubusercontent.com")),
    ("issuer a list", Step.ISSUER, _claims(iss=["https://token.actions.githubusercontent.com"])),
    ("issuer absent", Step.ISSUER, _claims(iss=None)),
    ("unknown kid", Step.KEY, _header(kid="key-2")),
    ("kid as a path", Step.KEY, _header(kid="../../dev/null")),
    ("another's key under the kid", Step.SIGNATURE, lambda i: signed(i.claims(), key=rsa_key("evil"))),
    ("changed after signing", Step.SIGNATURE, _changed_after_signing),
    ("an algorithm the key is not for", Step.SIGNATURE, _pss),
    ("an algorithm of another type of key", Step.SIGNATURE, _header(alg="ES256")),
    ("expired", Step.TIME, _later(exp=-61)),
    ("exp absent", Step.TIME, _claims(exp=None)),
    ("exp a text", Step.TIME, _claims(exp="9999999999")),
    ("nbf true", Step.TIME, _claims(nbf=True)),
    ("exp over every bound", Step.TIME, _claims(exp=10**30)),
    ("nbf in the future", Step.TIME, _later(nbf=65)),
    ("nbf a text", Step.TIME, _claims(nbf="0")),
    ("iat in the future", Step.TIME, _later(iat=65)),
    ("iat absent", Step.TIME, _claims(iat=None)),
    ("over an hour old", Step.TIME, _later(iat=-3_665, exp=9_000)),
    ("another audience", Step.AUDIENCE, _claims(aud="https://sigstore.dev")),
    ("a longer audience", Step.AUDIENCE, _claims(aud=f"{AUDIENCE}.evil.example")),
    ("several audiences", Step.AUDIENCE, _claims(aud=[AUDIENCE, "https://sigstore.dev"])),
    ("no audience", Step.AUDIENCE, _claims(aud=None)),
    ("audience an object", Step.AUDIENCE, _claims(aud={AUDIENCE: 1})),
    ("sub absent", Step.SUBJECT, _claims(sub=None)),
    ("sub empty", Step.SUBJECT, _claims(sub="")),
    ("sub a list", Step.SUBJECT, _claims(sub=["x"])),
    ("sub over long", Step.SUBJECT, _claims(sub="x" * 1_025)),
    ("claim absent", Step.CLAIMS, _claims(ref=None)),
    ("a longer name", Step.CLAIMS, _claims(repository="acme/shop-evil")),
    ("a fork", Step.CLAIMS, _claims(repository="evil/shop")),
    ("another case", Step.CLAIMS, _claims(repository="Acme/Shop")),
    ("a line break at the end", Step.CLAIMS, _claims(repository="acme/shop\n")),
    ("a pull request", Step.CLAIMS, _claims(ref="refs/pull/7/merge")),
    ("a tag called main", Step.CLAIMS, _claims(ref="refs/tags/main")),
    ("claim an object", Step.CLAIMS, _claims(repository={"acme/shop": 1})),
]


@pytest.mark.parametrize(("step", "attack"), [case[1:] for case in ATTACKS], ids=[c[0] for c in ATTACKS])
def test_an_attack_ends_at_its_step(bridge: FakeBridge, step: Step, attack: Attack) -> None:
    add_trust(bridge)
    token = attack(bridge.issuer)

    answer = log_in(bridge, token)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:portshift:problem:job-token-refused")
    number = list(Step).index(step) + 1
    assert answer.json()["detail"].startswith(f"the job token is refused at step {number}, {step.value}: ")
    assert f'portshift_job_logins_total{{outcome="{step.value}"}} 1.0' in bridge.call("GET", "/metrics").text
    if step in {Step.SIZE, Step.FORM, Step.HEADER, Step.ISSUER}:
        assert bridge.issuer.adapter.seen == []
    for secret in [each for each in token.split(".") if len(each) > 40]:
        assert secret not in answer.text


def test_every_step_is_attacked() -> None:
    assert {step for _, step, _ in ATTACKS} == set(Step)


def test_the_page_numbers_the_steps_as_the_code_does() -> None:
    page = (REPOSITORY / "docs" / "reference" / "job-tokens.md").read_text()
    for number, step in enumerate(Step, start=1):
        assert f"\n{number}. **{step.value}**" in page


@pytest.mark.parametrize(
    "accepted",
    [
        _claims(),
        _header(typ=None),
        _header(typ="jwt"),
        _header(x5t="HyqUv3xQK2ZcQ0X5j6h7Wk1n8vo"),
        _claims(aud=[AUDIENCE]),
        _claims(nbf=None),
        _later(exp=-55),
        _later(iat=55, nbf=55),
        _later(iat=-3_600, exp=90_000),
        _claims(repository=["acme/other", "acme/shop"]),
        _claims(sub="x" * 1_024),
    ],
)
def test_what_honest_issuers_send_is_taken(bridge: FakeBridge, accepted: Attack) -> None:
    """The counterpart of the attacks: each of them is near one of these."""
    add_trust(bridge)

    assert log_in(bridge, accepted(bridge.issuer)).status_code == 200


def test_an_ecdsa_issuer_is_as_good(bridge: FakeBridge) -> None:
    bridge.issuer.keys.append(public(ec_key("key-ec")))
    add_trust(bridge)
    header = {"alg": "ES256", "kid": "key-ec"}

    assert (
        log_in(bridge, signed(bridge.issuer.claims(), header=header, key=ec_key("key-ec"))).status_code == 200
    )
    confused = signed(bridge.issuer.claims(), header={**header, "kid": KID}, key=ec_key("key-ec"))
    assert "step 6" in log_in(bridge, confused).json()["detail"]


def test_a_refusal_names_the_callers_own_claims_and_no_trust(bridge: FakeBridge) -> None:
    add_trust(bridge)
    add_trust(bridge, name="a-secret-project", claims={"repository": ["acme/secret"], "environment": ["x"]})

    detail = log_in(bridge, bridge.issuer.token(repository="acme/shop-evil", environment=None)).json()[
        "detail"
    ]

    told = "no trust takes these claims of it: repository 'acme/shop-evil', environment is absent"
    assert detail == f"the job token is refused at step 10, claims: {told}"


def test_the_signature_says_nothing_before_it_is_checked(bridge: FakeBridge) -> None:
    """Claims of a forged token are not compared with any trust."""
    add_trust(bridge)
    forged = signed(bridge.issuer.claims(repository="x/y"), key=rsa_key("evil"))

    assert "step 6" in log_in(bridge, forged).json()["detail"]


def test_the_base64_of_a_token_cannot_be_respelled(bridge: FakeBridge) -> None:
    add_trust(bridge)
    token = bridge.issuer.token()
    standard = base64.b64encode(base64.urlsafe_b64decode(token.split(".")[2] + "==")).decode()

    assert "step 2" in log_in(bridge, f"{token.rpartition('.')[0]}.{standard}").json()["detail"]
