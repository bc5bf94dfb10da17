from __future__ import annotations

import pytest

from portshift.adapters.endpoint import Proxy, make_endpoint
from portshift.core.errors import UsageFault


def test_a_url_is_taken_apart() -> None:
    endpoint = make_endpoint("https://bridge.example/portshift/", token="a-secret", environ={})
    assert (endpoint.host, endpoint.port, endpoint.path, endpoint.secure) == (
        "bridge.example",
        443,
        "/portshift",
        True,
    )
    assert "a-secret" not in repr(endpoint)


@pytest.mark.parametrize(
    "url", ["bridge:8480", "ftp://x", "https://", "http://h:port", "https://h/?q=1", "http://[::1"]
)
def test_what_is_no_address_of_a_bridge_is_refused(url: str) -> None:
    with pytest.raises(UsageFault):
        make_endpoint(url, token=None, environ={})


def test_a_login_in_the_url_is_refused_without_repeating_it() -> None:
    with pytest.raises(UsageFault) as caught:
        make_endpoint("https://ann:hunter2@bridge.example", token=None, environ={})
    assert "hunter2" not in str(caught.value)


def test_a_token_never_travels_in_clear_text_to_another_machine() -> None:
    with pytest.raises(UsageFault, match="unencrypted"):
        make_endpoint("http://bridge.example", token="t", environ={})
    assert make_endpoint("http://127.0.0.1:8480", token="t", environ={}).token == "t"
    assert (
        make_endpoint("http://bridge.example", token="t", environ={"PORTSHIFT_ALLOW_HTTP": "1"}).token == "t"
    )


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ünicode"])
def test_a_token_that_could_split_a_header_is_refused(token: str) -> None:
    with pytest.raises(UsageFault) as caught:
        make_endpoint("https://bridge.example", token=token, environ={})
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://b.example", {"HTTPS_PROXY": "http://p:3128"}, Proxy("p", 3128)),
        ("https://b.example", {"https_proxy": "p:3128", "HTTPS_PROXY": "http://q"}, Proxy("p", 3128)),
        ("https://b.example", {"HTTPS_PROXY": "http://ann:s%40@p:1"}, Proxy("p", 1, "ann:s@")),
        ("https://b.example", {"HTTP_PROXY": "http://p"}, None),
        ("https://b.example", {"HTTPS_PROXY": "http://p", "NO_PROXY": "x,.example"}, None),
        ("https://b.example", {"HTTPS_PROXY": "http://p", "no_proxy": "*"}, None),
        ("https://b.example", {"HTTPS_PROXY": "http://p", "NO_PROXY": "ample"}, Proxy("p", 80)),
        ("http://127.0.0.1:8480", {"HTTP_PROXY": "http://p"}, None),
    ],
)
def test_proxy_variables_are_followed(url: str, environ: dict[str, str], proxy: Proxy | None) -> None:
    assert make_endpoint(url, token=None, environ=environ).proxy == proxy
