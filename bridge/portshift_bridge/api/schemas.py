"""The messages as JSON Schema, for the OpenAPI document; a test holds them to the messages themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portshift.core.wire import MAX_IMAGES_PER_WORKLOAD, MAX_TEXT, MAX_WORKLOADS, Intent, Outcome
from portshift_bridge.access import Role

Schema = dict[str, Any]


def _object(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def _list(items: Schema, *, most: int | None = None) -> Schema:
    return {"type": "array", "items": items} | ({} if most is None else {"maxItems": most})


def _one_of(values: type[Intent] | type[Outcome] | type[Role]) -> Schema:
    return {"type": "string", "enum": [member.value for member in values]}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _page(of: str) -> Schema:
    return _object(
        {"items": _list(_reference(of)), "next": {**_MAYBE, "description": "Cursor of the next page."}}
    )


_TEXT: Schema = {"type": "string", "maxLength": MAX_TEXT}
_MAYBE: Schema = {"type": ["string", "null"], "maxLength": MAX_TEXT}
_FLAG: Schema = {"type": "boolean"}
_TEXTS = _list(_TEXT)
_TIME: Schema = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
_WORKLOAD = {"group": _TEXT, "kind": _TEXT, "namespace": _TEXT, "name": _TEXT, "generated": _FLAG}
_RELEASE = _object({}, name=_MAYBE, namespace=_MAYBE, chart=_MAYBE)
_IMAGE = {
    "name": _TEXT,
    "reference": _TEXT,
    "digest": _MAYBE,
    "children": _TEXTS,
    "artifact": {**_MAYBE, "description": "REGISTRY/REPOSITORY/PATH"},
    "build": _or_null(_object({"name": _TEXT, "number": _TEXT})),
}
_LOGIN = _object(
    {"kind": {"type": "string", "enum": ["anonymous", "password", "token", "api-key"]}},
    username=_MAYBE,
    secret={**_MAYBE, "writeOnly": True},
)
_SHOWN_LOGIN = _object(
    {
        "kind": {**_MAYBE, "description": "As given; null while it is unavailable."},
        "username": _MAYBE,
        "state": {"type": "string", "enum": ["available", "unavailable"]},
        "problem": {**_MAYBE, "description": "Why the secret store does not give it."},
        "cure": _MAYBE,
    }
)
_PROXY_LOGIN = _or_null(_object({"username": _TEXT}, secret={**_TEXT, "writeOnly": True}))
_REGISTRY: Schema = {
    "url": _TEXT,
    "insecure": _FLAG,
    "ca": {"type": ["string", "null"], "description": "PEM"},
    "proxy": {**_MAYBE, "description": "Address of an HTTP proxy on the way."},
    "hosts": _TEXTS,
    "mirrors": _TEXTS,
    "repositories": _object({}, include=_TEXTS, exclude=_TEXTS),
}
_SCOPE = {"clusters": _TEXTS, "namespaces": _TEXTS}
_TRUST: Schema = {
    "name": _TEXT,
    "issuer": {**_TEXT, "format": "uri"},
    "audience": _TEXT,
    "claims": {
        "type": "object",
        "description": "Claim to patterns: * is any text without / and :, ** any text.",
        "additionalProperties": _TEXTS,
    },
}
_TRUST_OPTIONS: Schema = {
    **_SCOPE,
    "lifetimeSeconds": {"type": "integer", "minimum": 60, "maximum": 3600, "default": 900},
    "ca": {"type": ["string", "null"], "description": "PEM of the issuer's authority"},
    "proxy": {**_MAYBE, "description": "HTTP proxy on the way to the issuer"},
}
_ACCESS = {"name": _TEXT, "role": _one_of(Role), "clusters": _TEXTS, "namespaces": _TEXTS}

SCHEMAS: Mapping[str, Schema] = {
    "Problem": _object(
        {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT}, cure=_TEXT
    ),
    "RegistrationRequest": _object(
        {
            "intent": _one_of(Intent),
            "workloads": _list(
                _object(
                    {
                        **_WORKLOAD,
                        "images": _list(
                            _object({"name": _TEXT, "reference": _TEXT}), most=MAX_IMAGES_PER_WORKLOAD
                        ),
                    }
                ),
                most=MAX_WORKLOADS,
            ),
        },
        release=_RELEASE,
        cluster=_MAYBE,
        environment=_MAYBE,
        pin=_FLAG,
    ),
    "RegistrationResponse": _object(
        {
            "registration": _TEXT,
            "workloads": _list(
                _object(
                    {
                        "id": _MAYBE,
                        "token": {"type": ["string", "null"]},
                        "images": _list(
                            _object(
                                {**_IMAGE, "outcome": _one_of(Outcome), "reason": _MAYBE, "pinned": _MAYBE}
                            )
                        ),
                    }
                )
            ),
        }
    ),
    "Identity": _object(
        {
            "id": _TEXT,
            "status": {"type": "string", "enum": ["active", "revoked"]},
            "workload": _object({"cluster": _MAYBE, "environment": _MAYBE, **_WORKLOAD}),
            "containers": _list(_object(_IMAGE)),
            "issuedAt": _TIME,
            "signedBy": _TEXT,
            "lastRegisteredAt": _TIME,
            "revokedAt": _MAYBE_TIME,
            "revokedBy": _MAYBE,
            "revokedReason": _MAYBE,
            "release": _RELEASE,
            "intent": _one_of(Intent),
            "token": {"type": "string"},
        },
        effect={"type": "string", "description": "What a revocation or restoration reaches."},
    ),
    "Identities": _page("Identity"),
    "Revocation": _object({"reason": _TEXT}),
    "Envelope": _object(
        {
            "payloadType": _TEXT,
            "payload": {"type": "string", "contentEncoding": "base64"},
            "signatures": _list(_object({"keyid": _TEXT, "sig": _TEXT})),
        }
    ),
    "NewRegistry": _object(
        {"name": _TEXT, "url": _TEXT}, **{**_REGISTRY, "login": _LOGIN, "proxyLogin": _PROXY_LOGIN}
    ),
    "RegistryChange": _object({}, **_REGISTRY, login=_LOGIN, proxyLogin=_PROXY_LOGIN),
    "Registry": _object({"name": _TEXT, **_REGISTRY, "login": _SHOWN_LOGIN, "proxyLogin": _PROXY_LOGIN}),
    "Removal": _object(
        {
            "name": _TEXT,
            "identities": {"type": "integer", "description": "That name artifacts of it; they stay."},
            "paths": {"type": "integer", "description": "Of the catalogue that are forgotten."},
            "secretsLeft": {**_TEXTS, "description": "Secrets that the secret store did not let go."},
        }
    ),
    "Registries": _page("Registry"),
    "Event": {"type": "object", "description": "As Artifactory's webhooks send it."},
    "NewWebhook": _object(
        {"adminToken": {**_TEXT, "writeOnly": True, "description": "Used once, never kept."}},
        url={**_MAYBE, "description": "Of the bridge; by default the setting public_url."},
    ),
    "WebhookRemoval": _object({"adminToken": {**_TEXT, "writeOnly": True}}),
    "Webhook": _object(
        {
            "url": _TEXT,
            "createdAt": _TIME,
            "keys": {**_TEXTS, "description": "Of the subscriptions in Artifactory."},
            "privateNetwork": {
                **_TEXT,
                "description": "What Artifactory's system.yaml needs when the URL is in a private network.",
            },
        }
    ),
    "Watch": _object(
        {
            "webhook": _or_null(_object({"url": _TEXT, "createdAt": _TIME, "keys": _TEXTS})),
            "lastEventAt": _MAYBE_TIME,
            "polledAt": _MAYBE_TIME,
            "readUntil": {**_MAYBE_TIME, "description": "By the registry's own clock."},
            "comparedAt": _MAYBE_TIME,
            "problem": _MAYBE,
        }
    ),
    "ConnectionTest": _object(
        {
            "status": {
                "type": "string",
                "enum": ["passed", "failed"],
                "description": "Failed when a required check failed.",
            },
            "checks": _list(
                _object(
                    {
                        "name": _TEXT,
                        "status": {"type": "string", "enum": ["passed", "failed", "not-applicable"]},
                        "required": _FLAG,
                        "cause": _MAYBE,
                        "cure": _MAYBE,
                    }
                )
            ),
        }
    ),
    "Change": _object(
        {
            "number": {"type": "integer"},
            "at": _TIME,
            "actor": _TEXT,
            "action": _TEXT,
            "object": _TEXT,
            "detail": {"type": "object"},
        }
    ),
    "Changes": _page("Change"),
    "NewAccess": _object({"name": _TEXT, "role": _one_of(Role)}, clusters=_TEXTS, namespaces=_TEXTS),
    "Access": _object({**_ACCESS, "createdAt": _TIME}),
    "CreatedAccess": _object({**_ACCESS, "token": {**_TEXT, "description": "Shown this once."}}),
    "Accesses": _page("Access"),
    "NewTrust": _object(_TRUST, **_TRUST_OPTIONS),
    "Trust": _object({**_TRUST, **_TRUST_OPTIONS, "createdAt": _TIME}),
    "Trusts": _page("Trust"),
    "JobToken": _object(
        {"token": {"type": "string", "maxLength": 16384, "writeOnly": True, "description": "The job's JWT."}},
        trust={**_TEXT, "description": "The trust to log in by; the first that fits without it."},
    ),
    "JobLogin": _object(
        {
            "token": {**_TEXT, "description": "Shown this once."},
            "expiresAt": _TIME,
            "name": _TEXT,
            "role": _one_of(Role),
            **_SCOPE,
        }
    ),
    "Status": _object(
        {"version": _TEXT, "issuer": _TEXT, "trustDomain": _TEXT, "name": _TEXT, "role": _one_of(Role)}
    ),
    "KeySet": _object({"keys": _list({"type": "object"})}),
    "Health": _object({"status": _TEXT}),
}


def operation(
    summary: str,
    *,
    answer: str | None,
    body: str | None = None,
    status: int = 200,
    public: bool = False,
) -> dict[str, Any]:
    """The arguments of a route that describe it: summary, schemas by name, and whether a token is needed."""
    described: Schema = {"description": summary}
    if answer is not None:
        described["content"] = {"application/json": {"schema": _reference(answer)}}
    extra: Schema = {} if public else {"security": [{"accessToken": []}]}
    if body is not None:
        extra["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(body)}},
        }
    problem = {"application/problem+json": {"schema": _reference("Problem")}}
    return {
        "summary": summary,
        "status_code": status,
        "responses": {
            status: described,
            "default": {"description": "A problem (RFC 9457)", "content": problem},
        },
        "openapi_extra": extra,
        "response_model": None,
    }
