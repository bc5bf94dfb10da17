"""Whatever a stranger sends as a job token, reading it ends with a token or a numbered refusal."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from portshift_bridge.errors import JobTokenRefused
from portshift_bridge.oidc.job_token import (
    JobToken,
    check_subject,
    check_times,
    mismatches,
    read_job_token,
)
from portshift_bridge.oidc.subjects import MAX_NAME, signer_name
from tests.fakes.issuer import part

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
headers = st.fixed_dictionaries(
    {"alg": st.sampled_from(["RS256", "ES256", "none"]), "kid": json_values}, optional={"typ": json_values}
)
claims = st.fixed_dictionaries(
    {"iss": json_values},
    optional=dict.fromkeys(("sub", "aud", "exp", "iat", "nbf", "repository"), json_values),
)


@given(st.text(max_size=200) | st.builds(".".join, st.lists(st.text(max_size=30), max_size=6)))
def test_any_text_is_refused_or_read(text: str) -> None:
    _read(text)


@given(headers, claims)
def test_any_header_and_claims_are_refused_or_checked(
    header: dict[str, object], claimed: dict[str, object]
) -> None:
    token = _read(f"{part(header)}.{part(claimed)}.{part(b'signature')}")
    if token is None:
        return
    for check in (check_subject, lambda read: check_times(read, now=1_800_000_000)):
        with suppress(JobTokenRefused):
            check(token)
    assert mismatches(token, {"repository": ("**",)}) in {(), ("repository",)}


@given(st.text(min_size=1, max_size=1_024))
def test_any_subject_makes_a_name_of_one_printable_word(subject: str) -> None:
    name = signer_name("ci", subject.encode("utf-8", "replace").decode())

    assert name.isascii()
    assert name.isprintable()
    assert " " not in name
    assert len(name) <= MAX_NAME


def _read(text: str) -> JobToken | None:
    with suppress(JobTokenRefused):
        return read_job_token(text)
    return None
