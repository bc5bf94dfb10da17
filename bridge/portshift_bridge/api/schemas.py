"""The messages as JSON Schema, for the OpenAPI document; a test holds them to the messages themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portshift.core.wire import MAX_IMAGES_PER_WORKLOAD, MAX_WORKLOADS, Intent, Outcome
from portshift_bridge.access import Role
from portshift_bridge.api.artifact_schemas import ARTIFACT_SCHEMAS
from portshift_bridge.api.schema_parts import (
    FLAG,
    MAYBE,
    MAYBE_TIME,
    TEXT,
    TEXTS,
    TIME,
    Schema,
    list_of,
    object_of,
    one_of,
    or_null,
    page_of,
    reference_to,
)
from portshift_bridge.secrets import SecretState

_WORKLOAD = {"group": TEXT, "kind": TEXT, "namespace": TEXT, "name": TEXT, "generated": FLAG}
_RELEASE = object_of({}, name=MAYBE, namespace=MAYBE, chart=MAYBE)
_IMAGE = {
    "name": TEXT,
    "reference": TEXT,
    "digest": MAYBE,
    "children": TEXTS,
    "artifact": {**MAYBE, "description": "REGISTRY/REPOSITORY/PATH"},
    "build": or_null(object_of({"name": TEXT, "number": TEXT})),
}
_LOGIN = object_of(
    {"kind": {"type": "string", "enum": ["anonymous", "password", "token", "api-key"]}},
    username=MAYBE,
    secret={**MAYBE, "writeOnly": True},
)
_SHOWN_LOGIN = object_of(
    {
        "kind": {**MAYBE, "description": "As given; null while it is unavailable."},
        "username": MAYBE,
        "state": {"type": "string", "enum": ["available", *SecretState]},
        "problem": {**MAYBE, "description": "Why the secret store does not give it."},
        "cure": MAYBE,
    }
)
_PROXY_LOGIN = or_null(object_of({"username": TEXT}, secret={**TEXT, "writeOnly": True}))
_REGISTRY: Schema = {
    "url": TEXT,
    "insecure": FLAG,
    "ca": {"type": ["string", "null"], "description": "PEM"},
    "proxy": {**MAYBE, "description": "Address of an HTTP proxy on the way."},
    "hosts": TEXTS,
    "mirrors": TEXTS,
    "repositories": object_of({}, include=TEXTS, exclude=TEXTS),
}
_WEBHOOK: Schema = {
    "url": TEXT,
    "createdAt": TIME,
    "keys": {**TEXTS, "description": "Of the subscriptions in Artifactory."},
    "registryUrl": {**TEXT, "description": "Of the Artifactory that it was made in."},
    "problem": {**MAYBE, "description": "Why it does not tell the bridge what it should."},
    "cure": MAYBE,
}
_SCOPE = {"clusters": TEXTS, "namespaces": TEXTS}
_TRUST: Schema = {
    "name": TEXT,
    "issuer": {**TEXT, "format": "uri"},
    "audience": TEXT,
    "claims": {
        "type": "object",
        "description": "Claim to patterns: * is any text without / and :, ** any text.",
        "additionalProperties": TEXTS,
    },
}
_TRUST_OPTIONS: Schema = {
    **_SCOPE,
    "lifetimeSeconds": {"type": "integer", "minimum": 60, "maximum": 3600, "default": 900},
    "ca": {"type": ["string", "null"], "description": "PEM of the issuer's authority"},
    "proxy": {**MAYBE, "description": "HTTP proxy on the way to the issuer"},
}
_ACCESS = {"name": TEXT, "role": one_of(Role), "clusters": TEXTS, "namespaces": TEXTS}

SCHEMAS: Mapping[str, Schema] = {
    "Problem": object_of(
        {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT}, cure=TEXT
    ),
    "RegistrationRequest": object_of(
        {
            "intent": one_of(Intent),
            "workloads": list_of(
                object_of(
                    {
                        **_WORKLOAD,
                        "images": list_of(
                            object_of({"name": TEXT, "reference": TEXT}), most=MAX_IMAGES_PER_WORKLOAD
                        ),
                    }
                ),
                most=MAX_WORKLOADS,
            ),
        },
        release=_RELEASE,
        cluster=MAYBE,
        environment=MAYBE,
        pin=FLAG,
    ),
    "RegistrationResponse": object_of(
        {
            "registration": TEXT,
            "workloads": list_of(
                object_of(
                    {
                        "id": MAYBE,
                        "token": {"type": ["string", "null"]},
                        "images": list_of(
                            object_of(
                                {**_IMAGE, "outcome": one_of(Outcome), "reason": MAYBE, "pinned": MAYBE}
                            )
                        ),
                    }
                )
            ),
        }
    ),
    "Identity": object_of(
        {
            "id": TEXT,
            "status": {"type": "string", "enum": ["active", "revoked"]},
            "workload": object_of({"cluster": MAYBE, "environment": MAYBE, **_WORKLOAD}),
            "containers": list_of(object_of(_IMAGE)),
            "issuedAt": TIME,
            "signedBy": TEXT,
            "lastRegisteredAt": TIME,
            "revokedAt": MAYBE_TIME,
            "revokedBy": MAYBE,
            "revokedReason": MAYBE,
            "release": _RELEASE,
            "intent": one_of(Intent),
            "token": {"type": "string"},
        },
        effect={"type": "string", "description": "What a revocation or restoration reaches."},
    ),
    "Identities": page_of("Identity"),
    "Revocation": object_of({"reason": TEXT}),
    "Envelope": object_of(
        {
            "payloadType": TEXT,
            "payload": {"type": "string", "contentEncoding": "base64"},
            "signatures": list_of(object_of({"keyid": TEXT, "sig": TEXT})),
        }
    ),
    "NewRegistry": object_of(
        {"name": TEXT, "url": TEXT}, **{**_REGISTRY, "login": _LOGIN, "proxyLogin": _PROXY_LOGIN}
    ),
    "RegistryChange": object_of({}, **_REGISTRY, login=_LOGIN, proxyLogin=_PROXY_LOGIN),
    "Registry": object_of({"name": TEXT, **_REGISTRY, "login": _SHOWN_LOGIN, "proxyLogin": _PROXY_LOGIN}),
    "Removal": object_of(
        {
            "name": TEXT,
            "identities": {"type": "integer", "description": "That name artifacts of it; they stay."},
            "paths": {"type": "integer", "description": "Of the catalogue that are forgotten."},
            "secretsLeft": {**TEXTS, "description": "Secrets that the secret store did not let go."},
        }
    ),
    "Registries": page_of("Registry"),
    "Event": {"type": "object", "description": "As Artifactory's webhooks send it."},
    "NewWebhook": object_of(
        {"adminToken": {**TEXT, "writeOnly": True, "description": "Used once, never kept."}},
        url={**MAYBE, "description": "Of the bridge; by default the setting public_url."},
    ),
    "WebhookRemoval": object_of({"adminToken": {**TEXT, "writeOnly": True}}),
    "RegistryRemoval": object_of({"adminToken": {**TEXT, "writeOnly": True}}, force=FLAG),
    "Webhook": object_of(
        {
            **_WEBHOOK,
            "privateNetwork": {
                **TEXT,
                "description": "What Artifactory's system.yaml needs when the URL is in a private network.",
            },
        }
    ),
    "Watch": object_of(
        {
            "webhook": or_null(object_of(_WEBHOOK)),
            "lastEventAt": MAYBE_TIME,
            "polledAt": MAYBE_TIME,
            "readUntil": {**MAYBE_TIME, "description": "By the registry's own clock."},
            "comparedAt": MAYBE_TIME,
            "problem": MAYBE,
        }
    ),
    "ConnectionTest": object_of(
        {
            "status": {
                "type": "string",
                "enum": ["passed", "failed"],
                "description": "Failed when a required check failed.",
            },
            "checks": list_of(
                object_of(
                    {
                        "name": TEXT,
                        "status": {"type": "string", "enum": ["passed", "failed", "not-applicable"]},
                        "required": FLAG,
                        "cause": MAYBE,
                        "cure": MAYBE,
                    }
                )
            ),
        }
    ),
    "Change": object_of(
        {
            "number": {"type": "integer"},
            "at": TIME,
            "actor": TEXT,
            "action": TEXT,
            "object": TEXT,
            "detail": {"type": "object"},
        }
    ),
    "Changes": page_of("Change"),
    "NewAccess": object_of({"name": TEXT, "role": one_of(Role)}, clusters=TEXTS, namespaces=TEXTS),
    "Access": object_of({**_ACCESS, "createdAt": TIME}),
    "CreatedAccess": object_of({**_ACCESS, "token": {**TEXT, "description": "Shown this once."}}),
    "Accesses": page_of("Access"),
    "NewTrust": object_of(_TRUST, **_TRUST_OPTIONS),
    "Trust": object_of({**_TRUST, **_TRUST_OPTIONS, "createdAt": TIME}),
    "Trusts": page_of("Trust"),
    "JobToken": object_of(
        {"token": {"type": "string", "maxLength": 16384, "writeOnly": True, "description": "The job's JWT."}},
        trust={**TEXT, "description": "The trust to log in by; the first that fits without it."},
    ),
    "JobLogin": object_of(
        {
            "token": {**TEXT, "description": "Shown this once."},
            "expiresAt": TIME,
            "name": TEXT,
            "role": one_of(Role),
            **_SCOPE,
        }
    ),
    "Status": object_of(
        {"version": TEXT, "issuer": TEXT, "trustDomain": TEXT, "name": TEXT, "role": one_of(Role)}
    ),
    "KeySet": object_of({"keys": list_of({"type": "object"})}),
    "Health": object_of({"status": TEXT}),
    **ARTIFACT_SCHEMAS,
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
        described["content"] = {"application/json": {"schema": reference_to(answer)}}
    extra: Schema = {} if public else {"security": [{"accessToken": []}]}
    if body is not None:
        extra["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": reference_to(body)}},
        }
    problem = {"application/problem+json": {"schema": reference_to("Problem")}}
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
