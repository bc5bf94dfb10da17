"""A registry as a user writes it: what is accepted, what is refused and why."""

from __future__ import annotations

from typing import Any

import pytest

from portshift.core.errors import InvalidInput
from portshift_bridge.registries.addresses import permitted_address, registry_url
from portshift_bridge.registries.model import (
    HostRule,
    Login,
    LoginKind,
    Mirror,
    Registry,
)

FULL: dict[str, Any] = {
    "name": "acme",
    "url": "https://acme.example.com/artifactory",
    "insecure": False,
    "ca": None,
    "hosts": ["docker.acme.com", "docker.acme.com:5001=docker-local"],
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
    )
    assert registry.mirrors == (
        Mirror("docker.io", "docker-remote"),
        Mirror("quay.io", "all", "quay"),
        Mirror("*", "docker-remote"),
    )


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://acme.jfrog.io", "https://acme.jfrog.io/artifactory"),
        ("https://acme.jfrog.io/", "https://acme.jfrog.io/artifactory"),
        ("https://ACME.jfrog.io/artifactory/", "https://acme.jfrog.io/artifactory"),
        ("https://acme.jfrog.io:443/rt", "https://acme.jfrog.io/rt"),
        ("https://acme.example.com:8443/rt", "https://acme.example.com:8443/rt"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081/artifactory"),
        ("http://localhost:8081", "http://localhost:8081/artifactory"),
        ("http://[::1]:8081", "http://[::1]:8081/artifactory"),
    ],
)
def test_an_address_is_normalised(written: str, kept: str) -> None:
    assert registry_url(written) == kept


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("ftp://acme.example.com", "expected https"),
        ("acme.example.com", "expected https"),
        ("https://", "expected https"),
        ("https://host:port/", "expected https"),
        ("https://bob:secret@acme.example.com", "found a login in it"),
        ("https://acme.example.com?x=1", "query or fragment"),
        ("https://acme.example.com#x", "query or fragment"),
        ("http://acme.example.com", "plain http"),
        ("https://169.254.169.254/artifactory", "link-local"),
        ("https://[fe80::1]/artifactory", "link-local"),
        ("https://[fd00:ec2::254]/", "link-local"),
        ("https://[::ffff:169.254.169.254]/", "link-local"),
    ],
)
def test_an_unsafe_address_is_refused(url: str, found: str) -> None:
    with pytest.raises(InvalidInput, match=found) as refusal:
        registry_url(url)
    assert "secret" not in str(refusal.value)


def test_plain_http_is_allowed_when_asked_for() -> None:
    assert registry_url("http://acme.example.com", insecure=True) == "http://acme.example.com/artifactory"


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "192.168.1.1", "8.8.8.8", "::1", "acme"])
def test_private_and_public_addresses_are_permitted(address: str) -> None:
    assert permitted_address(address)


@pytest.mark.parametrize(
    "address",
    ["169.254.0.1", "fe80::1%eth0", "224.0.0.1", "0.0.0.0", "::", "100.100.100.200", "168.63.129.16"],
)
def test_addresses_of_no_registry_are_not_permitted(address: str) -> None:
    assert not permitted_address(address)


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
        ({"hosts": "docker.acme.com"}, "hosts: expected a list"),
        ({"hosts": [3]}, "hosts: expected each entry to be text"),
        ({"hosts": ["a"] * 201}, "at most 200"),
        ({"hosts": ["docker.acme.com/x"]}, "host: found 'docker.acme.com/x'"),
        ({"hosts": ["docker.acme.com="]}, "repository: found ''"),
        ({"mirrors": ["docker.io"]}, "expected HOST=REPOSITORY"),
        ({"mirrors": ["docker.io=docker-remote/UP"]}, "prefix 'UP'"),
        ({"mirrors": ["docker.io=../x"]}, "repository: found '..'"),
        ({"repositories": {"include": ["a b"]}}, "repositories: found 'a b'"),
        ({"repositories": ["a"]}, "repositories: expected an object"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], found: str) -> None:
    with pytest.raises(InvalidInput, match=found.replace("(", r"\(")):
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
