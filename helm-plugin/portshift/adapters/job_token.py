"""The token that a CI service gives to a job to prove whose job it is.

GitHub: docs.github.com/actions/reference/openid-connect-reference; GitLab:
docs.gitlab.com/ci/secrets/id_token_authentication. No secret is stored in the pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

from portshift.adapters.endpoint import make_endpoint
from portshift.adapters.transport import exchange
from portshift.core.errors import PortshiftError, Unreachable, UsageFault

VARIABLE = "PORTSHIFT_ID_TOKEN"
MAX_CHARACTERS = 16 * 1024
_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
_BEARER = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_GITHUB = "GitHub's token service"
_SECONDS = 30.0
_FOR_GITHUB = (
    "give the job `permissions: {id-token: write, contents: read}`; a pull request from a fork gets none"
)
_FOR_GITLAB = f"give the job `id_tokens: {{{VARIABLE}: {{aud: <the trust's audience>}}}}`"


def find_job_token(environ: Mapping[str, str], *, audience: str) -> str:
    """The job's token: GitLab's variable, else asked of GitHub for the audience.

    Raises:
        UsageFault: this is no job, or one that may not have a token; the cure says what enables it.
        Unreachable: GitHub's token service gives no answer.
        PortshiftError: it refuses.

    """
    if token := environ.get(VARIABLE, "").strip():
        return checked(token, VARIABLE)
    url, bearer = environ.get(_URL, ""), environ.get(_BEARER, "")
    if url and bearer:
        return checked(_ask_github(url, bearer, audience, environ), _GITHUB)
    raise UsageFault(
        f"there is no job token here: neither {VARIABLE} (GitLab) nor {_URL} with {_BEARER} (GitHub) is set",
        cure=_how_to_enable(environ),
    )


def checked(token: str, source: str) -> str:
    """The token, if it can be one; it is the bridge that verifies it.

    Raises:
        UsageFault: it is no signed JWT; the text itself is not repeated.

    """
    if len(token) > MAX_CHARACTERS or token.count(".") != 2 or not token.isascii() or not token.isprintable():
        raise UsageFault(
            f"{source} holds no job token ({len(token)} characters), expected a JWT: three parts with dots"
        )
    return token


def _how_to_enable(environ: Mapping[str, str]) -> str:
    if environ.get("GITHUB_ACTIONS"):
        return _FOR_GITHUB
    if environ.get("GITLAB_CI"):
        return _FOR_GITLAB
    return f"GitHub: {_FOR_GITHUB}. GitLab: {_FOR_GITLAB}. Elsewhere: pipe it to --id-token-stdin"


def _ask_github(url: str, bearer: str, audience: str, environ: Mapping[str, str]) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname:
        raise UsageFault(f"{_URL} is no https address", cure="GitHub sets it; do not set it yourself")
    base = make_endpoint(f"https://{parts.netloc}", token=bearer, timeout=_SECONDS, environ=environ)
    endpoint = replace(base, path=parts.path, name=_GITHUB)
    query = f"?{parts.query}&audience=" if parts.query else "?audience="
    try:
        answer = exchange(endpoint, "GET", query + quote(audience, safe=""))
    except Unreachable as error:
        raise Unreachable(error.problem, cure="run the step again") from error
    if answer.status != 200:
        raise PortshiftError(f"{_GITHUB} answered HTTP {answer.status}", cure=_FOR_GITHUB)
    return _value(answer.body)


def _value(body: bytes) -> str:
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("value"), str):
        raise Unreachable(f"{_GITHUB} answered without a token", cure="run the step again")
    return str(answer["value"])
