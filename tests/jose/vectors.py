"""Every attack on a token that facts and standards name, with the step that refuses it.

``lax`` says which general JOSE libraries take the token's header and signature although our first five
steps refuse it, and each such leniency is explained where it stands. Steps 6 to 13 are about our own
claims: there a JOSE library says yes to the signature, and rightly.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portshift.core.identity import PlannedImage, Workload
from portshift.core.token import MAX_TOKEN_CHARACTERS, jwk
from tests.jose.minting import (
    IDENTITY,
    KEY,
    KID,
    ORDER,
    OTHER_KEY,
    WEB,
    Mint,
    claims,
    good_token,
    header,
    part,
    raw_signature,
    to_json,
    with_claims,
)

JOSERFC = "joserfc"
NPM_JOSE = "npm jose"
NPM = frozenset({NPM_JOSE})
BOTH = frozenset({JOSERFC, NPM_JOSE})


@dataclass(frozen=True)
class Vector:
    """A token and its verdict: the step that refuses it, or none."""

    name: str
    token: str
    step: str | None
    lax: frozenset[str] = frozenset()


def vectors() -> tuple[Vector, ...]:
    return (
        Vector("a good token", good_token(), None),
        # (r, n - s) verifies wherever (r, s) does (ECDSA itself); revocation goes by id, not by text.
        Vector("the other s of the same signature", str(Mint(sign=_other_s)), None),
        Vector("an additional claim is ignored", with_claims(scope="x"), None),
        *_forms(),
        *_headers(),
        *_keys(),
        *_signatures(),
        *_payloads(),
        *_claims(),
        *_identities(),
    )


def _forms() -> Iterator[Vector]:
    head, payload, signature = good_token().split(".")
    yield Vector("oversized", f"{head}.{'A' * MAX_TOKEN_CHARACTERS}.{signature}", "size")
    yield Vector("empty", "", "form")
    yield Vector("two parts", f"{head}.{payload}", "form")
    yield Vector("no signature", f"{head}.{payload}.", "form")
    yield Vector("no payload (detached)", f"{head}..{signature}", "form")
    yield Vector("five parts, as JWE has", f"{head}.{payload}.{payload}.{signature}.{signature}", "form")
    yield Vector("truncated", good_token()[:-9], "form")
    yield Vector("the JSON form of a JWS", _json_form(head, payload, signature), "form")
    yield Vector("beyond ASCII", f"{head}.{payload}é.{signature}", "form")
    yield Vector("a NUL behind", f"{good_token()}\0", "form")
    # npm jose decodes with Node's Buffer, which skips what is not in the alphabet.
    yield Vector("padding", f"{good_token()}==", "form", lax=NPM)
    yield Vector("a newline behind", f"{good_token()}\n", "form", lax=NPM)
    yield Vector(
        "a space within the signature", f"{head}.{payload}.{signature[:8]} {signature[8:]}", "form", lax=NPM
    )
    yield Vector("stray bits at the end", f"{head}.{payload}.{_stray(signature)}", "form", lax=NPM)
    yield Vector("standard base64", _in_standard_alphabet(), "form")


def _headers() -> Iterator[Vector]:
    none = to_json(header(alg="none"))
    yield Vector("alg none with a signature", str(Mint(header=none)), "header")
    yield Vector("alg none without one", f"{part(none)}.{part(to_json(claims()))}.", "form")
    for spelling in ("None", "nOnE", "es256", "ES384", "ES256K", "EdDSA", "RS256", "PS256", ""):
        yield Vector(f"alg {spelling!r}", str(Mint(header=to_json(header(alg=spelling)))), "header")
    yield Vector("HS256 with the public key in PEM", _hmac(_public_pem()), "form")
    yield Vector("HS256 with the JWK's text", _hmac(to_json(jwk(KEY.public_key()))), "form")
    yield Vector("HS512 with the public key, 64 bytes", _hmac(_public_pem(), alg="HS512"), "header")
    yield Vector("crit", str(Mint(header=to_json(header(crit=["exp"], exp=1)))), "header")
    # The libraries ignore where a header says that its key is; we refuse the attempt.
    for name, value in _foreign_keys().items():
        token = str(Mint(header=to_json(header(**{name: value}))))
        yield Vector(f"{name} with the right signature", token, "header", lax=BOTH)
        forged = Mint(header=to_json(header(**{name: value})), sign=_signed_by_other)
        yield Vector(f"{name} with the attacker's signature", str(forged), "header")
    # RFC 7515 §4 lets a reader take the last of two equal names; both do.
    twice = b'{"alg":"none","alg":"ES256","kid":"%b","typ":"JWT"}' % KID.encode()
    yield Vector("alg twice", str(Mint(header=twice)), "header", lax=BOTH)
    # typ is the application's business in RFC 7515 §4.1.9.
    for typ in ("JWE", "jwt", "at+jwt", "JOSE"):
        yield Vector(f"typ {typ}", str(Mint(header=to_json(header(typ=typ)))), "header", lax=BOTH)
    yield Vector("no typ", _without("typ"), "header", lax=BOTH)
    yield Vector("no alg", _without("alg"), "header")
    # One spelling for each header: another order or a space would be another text for the same token.
    spaced = json.dumps(header(), sort_keys=True).encode()
    yield Vector("spaces in the header", str(Mint(header=spaced)), "header", lax=BOTH)
    yield Vector(
        "another order",
        str(Mint(header=json.dumps(dict(reversed(header().items()))).encode())),
        "header",
        lax=BOTH,
    )
    yield Vector("a header that is a list", str(Mint(header=b"[]")), "header")
    yield Vector("a header nested deeply", str(Mint(header=b"[" * 50_000)), "header")
    yield Vector("a header that is no UTF-8", str(Mint(header=b'{"alg":"ES256\xff"}')), "header")


def _keys() -> Iterator[Vector]:
    unknown = jwk(OTHER_KEY.public_key())["kid"]
    yield Vector(
        "an unknown kid", str(Mint(header=to_json(header(kid=unknown)), sign=_signed_by_other)), "key"
    )
    yield Vector(
        "an unknown kid with the right signature", str(Mint(header=to_json(header(kid=unknown)))), "key"
    )
    for kid in ("", "../../dev/null", "' or 1=1", KID.lower(), f"{KID} "):
        step = "key" if kid == KID.lower() else "header"
        yield Vector(f"kid {kid!r}", str(Mint(header=to_json(header(kid=kid)))), step)


def _signatures() -> Iterator[Vector]:
    head, payload, signature = good_token().split(".")
    yield Vector("another key's signature", str(Mint(sign=_signed_by_other)), "signature")
    yield Vector("a DER signature", str(Mint(sign=_der)), "form")
    for name, r, s in (
        ("r and s are 0", 0, 0),
        ("r is 0", 0, 1),
        ("s is 0", 1, 0),
        ("r is n", ORDER, 1),
        ("s is n", 1, ORDER),
        ("r is n + 1", ORDER + 1, 1),
        ("both all ones", 2**256 - 1, 2**256 - 1),
    ):
        yield Vector(name, str(Mint(sign=lambda _, r=r, s=s: _raw(r, s))), "signature")  # type: ignore[misc]
    yield Vector(
        "the payload of another token",
        f"{head}.{part(to_json({**claims(), 'iat': 1}))}.{signature}",
        "signature",
    )
    yield Vector("images altered after signing", f"{head}.{part(_altered_images())}.{signature}", "signature")
    yield Vector(
        "a bit of the payload flipped", f"{head}.{part(_flipped(to_json(claims())))}.{signature}", "signature"
    )
    yield Vector("the signature repeated", f"{head}.{payload}.{signature}{signature}", "form")


def _payloads() -> Iterator[Vector]:
    text = to_json(claims())
    yield Vector("a JWS within the JWS", str(Mint(payload=good_token().encode())), "claims")
    yield Vector("no JSON", str(Mint(payload=b"{")), "claims")
    yield Vector("a list", str(Mint(payload=b"[]")), "claims")
    yield Vector("null", str(Mint(payload=b"null")), "claims")
    yield Vector("no UTF-8", str(Mint(payload=b'{"iss":"\xff"}')), "claims")
    yield Vector("a lone surrogate", str(Mint(payload=text.replace(b'"web"', b'"\\ud800"'))), "claims")
    yield Vector("a byte order mark", str(Mint(payload=b"\xef\xbb\xbf" + text)), "claims")
    yield Vector("lists nested 40,000 deep", str(Mint(payload=b"[" * 40_000 + b"]" * 40_000)), "claims")
    yield Vector(
        "objects nested 10,000 deep", str(Mint(payload=b'{"a":' * 10_000 + b"1" + b"}" * 10_000)), "claims"
    )
    yield Vector("a space behind the claims", str(Mint(payload=text + b" ")), "claims")
    yield Vector("a claim twice", str(Mint(payload=text.replace(b'{"aud"', b'{"aud":"x","aud"'))), "claims")
    yield Vector(
        "an image's name twice",
        str(Mint(payload=text.replace(b'"name":"proxy"', b'"name":"a","name":"proxy"'))),
        "claims",
    )
    yield Vector("NaN", str(Mint(payload=text.replace(b"1767225600", b"NaN"))), "claims")
    yield Vector("more behind the object", str(Mint(payload=text + b"{}")), "claims")


def _claims() -> Iterator[Vector]:
    for name in ("iss", "sub", "aud", "iat", "jti"):
        yield Vector(f"no {name}", with_claims(**{name: None}), "claims")
    for value in (True, 1.5, "1767225600", -1, 10**20):
        yield Vector(f"iat {value!r}", with_claims(iat=value), "claims")
    yield Vector("an audience in a list", with_claims(aud=["portshift:any-cluster"]), "claims")
    yield Vector("exp, which we do not enforce", with_claims(exp=9_999_999_999), "claims")
    yield Vector("nbf, which we do not enforce", with_claims(nbf=1), "claims")
    yield Vector("no images", with_claims(**{"portshift.io/images": None}), "claims")
    yield Vector("images that are no list", with_claims(**{"portshift.io/images": {}}), "claims")
    yield Vector("another issuer", with_claims(iss="urn:uuid:another"), "issuer")
    yield Vector("another use", with_claims(**{"portshift.io/use": "policy-bundle"}), "use")
    yield Vector("another cluster", with_claims(aud="portshift:cluster:prod-eu-2"), "audience")
    yield Vector("a foreign audience", with_claims(aud="sts.example.com"), "audience")
    for sub in (
        "spiffe://example.org/ns/shop/deployment.apps/web",
        "spiffe://example.com.evil.org/ns/shop/deployment.apps/web",
        "https://example.com/ns/shop/deployment.apps/web",
        "spiffe://example.com/ns/shop/Deployment.apps/web",
        "spiffe://example.com/ns/shop/web",
        "spiffe://example.com/ns/shop/deployment.apps/web/x",
        "spiffe://example.com/ns/../deployment.apps/web",
        "spiffe://example.com/ns/shop/deployment.apps/.._",
        "spiffe://example.com/ns/shop/deployment.apps/web%2f",
        "spiffe://example.com/ns/shop/deployment.apps/web\n",
        "spiffe://example.com/cluster/shop/deployment.apps/web",
    ):
        yield Vector(f"sub {sub!r}", with_claims(sub=sub), "subject")


def _identities() -> Iterator[Vector]:
    for name, workload in (
        ("another workload's", replace(IDENTITY.workload, name="api")),
        ("another namespace's", replace(IDENTITY.workload, namespace="test")),
        ("another kind's", replace(IDENTITY.workload, kind="StatefulSet")),
        ("a generateName's", replace(IDENTITY.workload, generated=True)),
        ("a cluster-scoped object's", Workload("apps", "Deployment", "", "web")),
    ):
        copied = claims(replace(IDENTITY, workload=workload))
        yield Vector(f"{name} token, copied here", str(Mint(payload=to_json(copied))), "subject")
    fewer = claims(replace(IDENTITY, images=IDENTITY.images[:1]))
    yield Vector("a container less", str(Mint(payload=to_json(fewer))), "images")
    more = claims(replace(IDENTITY, images=(*IDENTITY.images, PlannedImage("x", "x:1"))))
    yield Vector("a container more", str(Mint(payload=to_json(more))), "images")
    for name, image in _malformed_images():
        images = [*claims()["portshift.io/images"], image]
        yield Vector(name, with_claims(**{"portshift.io/images": images}), "images")
    for digest in (
        "sha256:abc",
        "sha256:" + "A1" * 32,
        "md5:" + "a" * 32,
        f"{WEB}\n",
        WEB.removeprefix("sha256:"),
    ):
        yield Vector(
            f"digest {digest!r}", with_claims(**{"portshift.io/images": _with_digest(digest)}), "digests"
        )
    childless = [{**image, "children": [WEB]} for image in claims()["portshift.io/images"]]
    yield Vector("children without a digest", with_claims(**{"portshift.io/images": childless}), "digests")
    yield Vector(
        "another digest under the old id",
        with_claims(**{"portshift.io/images": _with_digest("sha256:" + "c3" * 32)}),
        "digests",
    )
    yield Vector("another id", with_claims(jti="0" * 64), "digests")


def _malformed_images() -> Iterator[tuple[str, Any]]:
    yield "an image that is text", "web"
    yield "an image without a name", {"reference": "a:1"}
    yield "an image with an empty name", {"name": "", "reference": "a:1"}
    yield "an image without a reference", {"name": "a"}
    yield "an image with a null digest", {"name": "a", "reference": "a:1", "digest": None}
    yield "children that are text", {"name": "a", "reference": "a:1", "digest": WEB, "children": WEB}
    yield "a build that is text", {"name": "a", "reference": "a:1", "build": "417"}
    yield "a build without a number", {"name": "a", "reference": "a:1", "build": {"name": "web"}}
    yield "a reference of 5,000 characters", {"name": "a", "reference": "a" * 5_000}


def _json_form(head: str, payload: str, signature: str) -> str:
    return json.dumps({"protected": head, "payload": payload, "signature": signature})


def _stray(signature: str) -> str:
    """The same 64 bytes, with one of the four unused bits of the last character set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]


def _in_standard_alphabet() -> str:
    """A good token whose signature has a '-' or '_', written as '+' and '/'."""
    for serial in range(1_000):
        head, payload, signature = with_claims(serial=serial).split(".")
        if {"-", "_"} & set(signature):
            return f"{head}.{payload}.{signature.replace('-', '+').replace('_', '/')}"
    raise AssertionError("a thousand signatures without '-' or '_'")


def _hmac(secret: bytes, *, alg: str = "HS256") -> str:
    digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[alg]
    return str(
        Mint(header=to_json(header(alg=alg)), sign=lambda text: hmac.digest(secret, text.encode(), digest))
    )


def _public_pem() -> bytes:
    return KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _foreign_keys() -> dict[str, Any]:
    return {
        "jwk": jwk(OTHER_KEY.public_key()),
        "jku": "https://attacker.example/jwks.json",
        "x5u": "https://attacker.example/chain.pem",
        "x5c": ["MIIB"],
        "x5t": "AAAA",
    }


def _without(field: str) -> str:
    return str(Mint(header=to_json({name: value for name, value in header().items() if name != field})))


def _signed_by_other(text: str) -> bytes:
    return raw_signature(text, OTHER_KEY)


def _raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _other_s(text: str) -> bytes:
    signature = raw_signature(text)
    return signature[:32] + (ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


def _der(text: str) -> bytes:
    return KEY.sign(text.encode(), ec.ECDSA(hashes.SHA256()))


def _altered_images() -> bytes:
    return to_json(claims()).replace(b"unknown.example.org/proxy:2", b"attacker.example.org/x:2")


def _flipped(data: bytes) -> bytes:
    return data[:100] + bytes([data[100] ^ 1]) + data[101:]


def _with_digest(digest: str) -> list[dict[str, Any]]:
    first, second = claims()["portshift.io/images"]
    return [{**first, "digest": digest}, second]
