"""Where a job's token is looked for, and what is said when there is none."""

from __future__ import annotations

import pytest

from portshift.adapters.job_token import MAX_CHARACTERS, checked, find_job_token
from portshift.core.errors import UsageFault

GITHUB = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://g.example/x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "b"}


def test_gitlabs_variable_is_taken_without_asking_anybody() -> None:
    assert find_job_token({**GITHUB, "PORTSHIFT_ID_TOKEN": " a.b.c\n"}, audience="x") == "a.b.c"


@pytest.mark.parametrize(
    ("environ", "cure"),
    [
        ({"GITHUB_ACTIONS": "true"}, "permissions: {id-token: write, contents: read}"),
        ({"GITLAB_CI": "true"}, "id_tokens: {PORTSHIFT_ID_TOKEN: {aud: "),
        ({}, "Elsewhere: pipe it to --id-token-stdin"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": "https://g.example"}, "permissions: {id-token: write"),
        ({"PORTSHIFT_ID_TOKEN": " "}, "id_tokens: "),
    ],
)
def test_without_a_token_it_is_said_what_was_looked_for_and_what_enables_it(
    environ: dict[str, str], cure: str
) -> None:
    with pytest.raises(UsageFault, match="no job token here: neither PORTSHIFT_ID_TOKEN") as caught:
        find_job_token(environ, audience="x")

    assert cure in str(caught.value)


@pytest.mark.parametrize("url", ["http://g.example/x", "file:///etc/passwd", "https://", "https://[", "x"])
def test_github_is_asked_over_https_only(url: str) -> None:
    with pytest.raises(UsageFault, match="is no https address"):
        find_job_token({**GITHUB, "ACTIONS_ID_TOKEN_REQUEST_URL": url}, audience="x")


@pytest.mark.parametrize(
    "token", ["secret", "a.b.c.d.e", "a.b\x1b.c", "ä.b.c", "a." * 2 + "x" * MAX_CHARACTERS]
)
def test_what_is_no_job_token_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(UsageFault, match="stdin holds no job token") as caught:
        checked(token, "stdin")

    assert token not in str(caught.value)
