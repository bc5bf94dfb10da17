"""A registry as a user writes it: what is accepted, what is refused and why."""

from __future__ import annotations

import re
from typing import Any

import pytest

from portshift.core.errors import InvalidInput
from portshift_bridge.registries.model import (
    HostRule,
    Login,
    LoginKind,
    Mirror,
    ProxyLogin,
    Registry,
)

FULL: dict[str, Any] = {
    "name": "acme",
    "url": "https://acme.example.com/artifactory",
    "insecure": False,
    "ca": None,
    "proxy": "http://proxy.acme.com:3128",
    "hosts": ["docker.acme.com", "docker.acme.com:5001=docker-local", "*.docker.acme.com"],
    "mirrors": ["docker.io=docker-remote", "quay.io=all/quay", "*=docker-remote"],
    "repositories": {"include": ["docker-*"], "exclude": ["docker-tmp"]},
}


def test_a_registry_is_what_it_was_written_as() -> None:
    assert Registry.from_json(FULL).to_json() == FULL


def test_name_and_url_are_enough() -> None:
    registry = Registry.from_json({"name": "acme", "url": "https://acme.example.com"})
    assert registry == Registry(name="acme", url="https://acme.example.com/artifactory")


def test_hosts_and_mirrors_are_read_into_their_parts() -> None:
    registry = Registry.from_json(FULL)
    assert registry.hosts == (
        HostRule("docker.acme.com"),
        HostRule("docker.acme.com:5001", "docker-local"),
        HostRule("*.docker.acme.com"),
    )
    assert registry.mirrors == (
        Mirror("docker.io", "docker-remote"),
        Mirror("quay.io", "all", "quay"),
        Mirror("*", "docker-remote"),
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"name": "Acme"}, "name: found 'Acme'"),
        ({"name": "a" * 64}, "at most 63"),
        ({"name": None}, "name: expected text"),
        ({"url": "https://" + "a" * 3000}, "at most 2048"),
        ({"insecure": "yes"}, "insecure: expected true or false"),
        ({"ca": "no certificate"}, "ca: found no usable certificate"),
        ({"ca": 3}, "ca: expected PEM text"),
        ({"ca": ""}, "ca: expected PEM text"),
        ({"ca": " \n"}, "ca: expected PEM text"),
        ({"ca": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}, "no usable certificate"),
        ({"ca": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}, "found a private key"),
        ({"ca": "x" * (256 * 1024 + 1)}, "at most 256 KiB"),
        ({"proxy": "socks5://proxy.acme.com"}, "proxy: found 'socks5"),
        ({"proxy": ""}, "proxy: expected text"),
        ({"hosts": "docker.acme.com"}, "hosts: expected a list"),
        ({"hosts": [3]}, "hosts: expected each entry to be text"),
        ({"hosts": ["a"] * 201}, "at most 200"),
        ({"hosts": ["docker.acme.com/x"]}, "host: found 'docker.acme.com/x'"),
        ({"hosts": ["docker.acme.com="]}, "repository: found ''"),
        ({"hosts": ["docker.*.acme.com"]}, "one * in the first label"),
        ({"hosts": ["*"]}, "one * in the first label"),
        ({"hosts": ["**.acme.com"]}, "one * in the first label"),
        ({"hosts": ["*.acme.com=docker-local"]}, "one * in the first label and no repository"),
        ({"hosts": ["*.acme_com"]}, "host: found 'x.acme_com'"),
        ({"mirrors": ["docker.io"]}, "expected HOST=REPOSITORY"),
        ({"mirrors": ["docker.io=docker-remote/UP"]}, "prefix 'UP'"),
        ({"mirrors": ["docker.io=../x"]}, "repository: found '..'"),
        ({"repositories": {"include": ["a b"]}}, "repositories: found 'a b'"),
        ({"repositories": ["a"]}, "repositories: expected an object"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], found: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(found)):
        Registry.from_json({**FULL, **change})


@pytest.mark.parametrize(
    "written",
    [
        {"kind": "anonymous"},
        {"kind": "password", "username": "bob", "secret": "swordfish"},
        {"kind": "token", "secret": "swordfish"},
        {"kind": "api-key", "secret": "swordfish"},
        {"kind": "password", "username": "zoë", "secret": "swörd fish€"},
    ],
)
def test_a_login_goes_into_the_secret_store_and_comes_back(written: dict[str, str]) -> None:
    login = Login.from_json(written)
    assert Login.from_json(login.to_secret()) == login


def test_a_login_never_shows_its_secret() -> None:
    login = Login.from_json({"kind": "password", "username": "bob", "secret": "swordfish"})
    assert login.to_json() == {"kind": "password", "username": "bob"}
    assert "swordfish" not in f"{login} {login!r}"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ({"kind": "ldap"}, "found the kind 'ldap'"),
        ({"kind": "password", "username": "bob"}, "expected username and secret"),
        ({"kind": "token", "username": "bob", "secret": "x"}, "expected secret"),
        ({"kind": "anonymous", "secret": "x"}, "expected neither"),
        ({"kind": "password", "username": "b:ob", "secret": "x"}, "username holds"),
        ({"kind": "token", "secret": "swordfish\r\nX-Evil: 1"}, "secret holds"),
        ({"kind": "token", "secret": ""}, "secret is empty"),
        ({"kind": "api-key", "secret": " swordfish"}, "secret holds"),
        ({"kind": "api-key", "secret": "swordfish€"}, "expected ASCII"),
        ({"kind": "token", "secret": "a" * 20_000}, "too long"),
        ([], "login: expected an object"),
    ],
)
def test_a_wrong_login_is_refused_without_showing_it(written: Any, found: str) -> None:
    with pytest.raises(InvalidInput, match=found) as refusal:
        Login.from_json(written)
    assert "swordfish" not in str(refusal.value)


def test_a_login_without_kind_is_anonymous() -> None:
    assert Login.from_json({}) == Login(LoginKind.ANONYMOUS)


PROXY = {"username": "bob@acme", "secret": "swordfish"}


def test_the_proxy_s_login_is_kept_in_the_same_secret_and_never_shown() -> None:
    login = Login(LoginKind.TOKEN, secret="t", proxy=ProxyLogin.from_json(PROXY))
    assert Login.from_secret(login.to_secret()) == login
    assert login.to_json() == {"kind": "token", "username": None}
    assert "swordfish" not in f"{login} {login!r}"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ({"username": "bob"}, "expected username and secret"),
        ({**PROXY, "kind": "token"}, "expected username and secret"),
        ({**PROXY, "username": "b:ob"}, "username holds"),
        ({**PROXY, "secret": "swordfish\r\nX-Evil: 1"}, "secret holds"),
        ("swordfish", "proxyLogin: expected an object"),
    ],
)
def test_a_wrong_proxy_login_is_refused_without_showing_it(written: Any, found: str) -> None:
    with pytest.raises(InvalidInput, match=found) as refusal:
        ProxyLogin.from_json(written)
    assert "swordfish" not in str(refusal.value)
