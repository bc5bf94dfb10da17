"""Where a registry and its proxy may live, and every way to write that they live elsewhere."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portshift.core.errors import InvalidInput
from portshift_bridge.outbound.addresses import permitted_address, proxy_url, registry_url


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://acme.jfrog.io", "https://acme.jfrog.io/artifactory"),
        ("https://acme.jfrog.io/", "https://acme.jfrog.io/artifactory"),
        ("https://ACME.jfrog.io/artifactory/", "https://acme.jfrog.io/artifactory"),
        ("https://acme.jfrog.io./artifactory", "https://acme.jfrog.io/artifactory"),
        ("https://acme.jfrog.io:443/rt", "https://acme.jfrog.io/rt"),
        ("https://acme.example.com:8443/rt", "https://acme.example.com:8443/rt"),
        ("https://rt_1.acme.example.com", "https://rt_1.acme.example.com/artifactory"),
        ("https://10.0.0.5/artifactory", "https://10.0.0.5/artifactory"),
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
        ("https://[::1", "expected https"),
        ("https://[fe80::1%25eth0]/", "expected https"),
        ("https://bob:secret@acme.example.com", "found a login in it"),
        ("https://acme.example.com:443@169.254.169.254/", "found a login in it"),
        ("https://acme.example.com\\@169.254.169.254/", "found a login in it"),
        ("https://acme.example.com?x=1", "query or fragment"),
        ("https://acme.example.com#x", "query or fragment"),
        ("http://acme.example.com", "plain http"),
    ],
)
def test_what_is_no_plain_address_is_refused(url: str, found: str) -> None:
    with pytest.raises(InvalidInput, match=found) as refusal:
        registry_url(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.169.254.",
        "169.254.170.2",  # AWS containers
        "168.63.129.16",  # Azure
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "0.0.0.0",
        "255.255.255.255",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "[fe80::1]",
        "[fe80::a9fe:a9fe]",  # OpenStack
        "[fd00:ec2::254]",  # AWS
        "[fd20:ce::254]",  # Google
        "[fd00:42::42]",  # Scaleway
        "[::]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[::ffff:0:169.254.169.254]",
        "[64:ff9b::169.254.169.254]",  # NAT64
        "[64:ff9b:1::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",  # 6to4
        "[2001:0:4136:e378:8000:63bf:5601:5601]",  # Teredo, the client's address inverted
    ],
)
def test_no_form_of_a_metadata_or_link_local_address_is_taken(host: str) -> None:
    for url in (f"https://{host}/artifactory", f"https://{host}:8443/"):
        with pytest.raises(InvalidInput, match="link-local or metadata"):
            registry_url(url)
    with pytest.raises(InvalidInput, match="link-local or metadata"):
        registry_url(f"http://{host}/", insecure=True)
    with pytest.raises(InvalidInput, match="link-local or metadata"):
        proxy_url(f"http://{host}:3128")


@pytest.mark.parametrize(
    "host",
    ["2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "169.254.43518", "127.1"],
)
def test_an_ipv4_address_in_an_unusual_form_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="unusual form"):
        registry_url(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "https://169。254。169。254/",
        "https://１６９.254.169.254/",
        "https://169%2e254%2e169%2e254/",
        "https://acme.example.com\\.evil.example.com/",
        "https://acme..example.com/",
        "https://-acme.example.com/",
        "https://acme.example.com/a b",
        "https://acme\t.example.com/",
        "https://acme.example.com/\r\nX-Evil: 1",
        "https://*.example.com/",
    ],
)
def test_a_host_that_another_reader_may_read_otherwise_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="url: found"):
        registry_url(url)


def test_plain_http_is_allowed_when_asked_for() -> None:
    assert registry_url("http://acme.example.com", insecure=True) == "http://acme.example.com/artifactory"


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "127.0.0.1", "192.168.1.1", "8.8.8.8", "::1", "fd12::1", "2606:4700::1111", "acme"],
)
def test_private_and_public_addresses_are_permitted(address: str) -> None:
    assert permitted_address(address)


@pytest.mark.parametrize("address", ["fe80::1%eth0", "224.0.0.1", "ff02::1", "240.0.0.1", "0.1.2.3"])
def test_addresses_of_no_registry_are_not_permitted(address: str) -> None:
    assert not permitted_address(address)


@given(st.ip_addresses(v=4, network="169.254.0.0/16"))
def test_no_link_local_address_gets_through_inside_ipv6(address: ipaddress.IPv4Address) -> None:
    for form in (f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}"):
        assert not permitted_address(form)
    assert not permitted_address(str(ipaddress.IPv6Address(0x2002 << 112 | int(address) << 80)))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("http://proxy.acme.com:3128", "http://proxy.acme.com:3128"),
        ("http://PROXY.acme.com:3128/", "http://proxy.acme.com:3128"),
        ("https://proxy.acme.com", "https://proxy.acme.com"),
        ("http://[fd12::1]:3128", "http://[fd12::1]:3128"),
    ],
)
def test_a_proxy_s_address_is_normalised(written: str, kept: str) -> None:
    assert proxy_url(written) == kept


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://bob:secret@proxy.acme.com:3128", "found a login in it"),
        ("http://proxy.acme.com/path", "found the path '/path'"),
        ("http://proxy.acme.com?x", "query"),
        ("proxy.acme.com:3128", "expected http://HOST:PORT"),
    ],
)
def test_what_is_no_proxy_is_refused(url: str, found: str) -> None:
    with pytest.raises(InvalidInput, match=found) as refusal:
        proxy_url(url)
    assert "secret" not in str(refusal.value)
