"""Which registry, repository and image a reference means."""

from __future__ import annotations

from typing import Any

import pytest

from portshift.core.references import parse_reference
from portshift_bridge.registries.hosts import candidates, unconnected
from portshift_bridge.registries.model import Registry


def registry(name: str = "acme", url: str = "https://acme.example.com/artifactory", **more: Any) -> Registry:
    return Registry.from_json({"name": name, "url": url, **more})


def claims(reference: str, *registries: Registry) -> list[str]:
    """``registry: repository image`` of each candidate, in order."""
    return [
        f"{found.registry.name}: {found.repository} {found.image}"
        for found in candidates(registries, parse_reference(reference))
    ]


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        ("acme.example.com/docker-local/app:1", "acme: docker-local app"),
        ("acme.example.com/docker-local/team/app:1", "acme: docker-local team/app"),
        ("docker-local.acme.example.com/app:1", "acme: docker-local app"),
        ("docker-local.acme.example.com/team/app:1", "acme: docker-local team/app"),
    ],
)
def test_the_url_s_host_means_the_path_and_the_subdomain_method(reference: str, meant: str) -> None:
    assert claims(reference, registry()) == [meant]


def test_a_port_is_part_of_the_host() -> None:
    local = registry(url="http://127.0.0.1:8081")
    assert claims("127.0.0.1:8081/docker-local/app", local) == ["acme: docker-local app"]
    assert claims("127.0.0.1:8082/docker-local/app", local) == []


def test_a_host_may_mean_one_repository() -> None:
    ports = registry(hosts=["acme.example.com:5001=docker-local", "images.acme.com=docker-prod"])
    assert claims("acme.example.com:5001/team/app", ports) == ["acme: docker-local team/app"]
    assert claims("images.acme.com/app", ports) == ["acme: docker-prod app"]


def test_another_host_may_serve_the_path_method() -> None:
    assert claims("docker.acme.com/docker-local/app", registry(hosts=["docker.acme.com"])) == [
        "acme: docker-local app"
    ]


def test_jfrog_s_cloud_puts_the_instance_before_the_repository() -> None:
    cloud = registry(url="https://acme.jfrog.io")
    assert claims("acme-docker-local.jfrog.io/app", cloud) == ["acme: docker-local app"]
    assert claims("other-docker-local.jfrog.io/app", cloud) == []


@pytest.mark.parametrize(
    ("rule", "reference", "meant"),
    [
        ("*.docker.acme.com", "docker-local.docker.acme.com/team/app", ["acme: docker-local team/app"]),
        ("*.docker.acme.com:8443", "docker-local.docker.acme.com:8443/app", ["acme: docker-local app"]),
        ("*.docker.acme.com:8443", "docker-local.docker.acme.com/app", []),
        ("*.docker.acme.com", "docker.acme.com/docker-local/app", []),
        ("*.docker.acme.com", "a.b.docker.acme.com/app", []),
        ("ac-*.jfrog.io", "ac-docker-local.jfrog.io/app", ["acme: docker-local app"]),
        ("ac-*.jfrog.io", "docker-local.jfrog.io/app", []),
    ],
)
def test_a_star_stands_for_the_repository(rule: str, reference: str, meant: list[str]) -> None:
    assert claims(reference, registry(hosts=[rule])) == meant


def test_two_registries_that_serve_one_host_are_tried_in_their_order() -> None:
    shared = {"hosts": ["docker.acme.com"]}
    first = registry("first", "https://first.acme.com", **shared)
    second = registry("second", "https://second.acme.com", **shared)
    assert claims("docker.acme.com/docker-local/app", first, second) == [
        "first: docker-local app",
        "second: docker-local app",
    ]


@pytest.mark.parametrize(
    ("mirror", "reference", "meant"),
    [
        ("docker.io=docker-remote", "nginx", "acme: docker-remote library/nginx"),
        ("docker.io=docker-remote", "bitnami/redis:7", "acme: docker-remote bitnami/redis"),
        ("quay.io=all/quay", "quay.io/team/app", "acme: all quay/team/app"),
        ("*=docker-remote", "ghcr.io/team/app", "acme: docker-remote team/app"),
    ],
)
def test_a_mirror_stands_for_another_host(mirror: str, reference: str, meant: str) -> None:
    assert claims(reference, registry(mirrors=[mirror])) == [meant]


def test_the_registry_s_own_host_comes_before_mirrors_and_an_exact_mirror_before_the_wildcard() -> None:
    wild = registry("wild", "https://wild.example.com", mirrors=["*=everything"])
    exact = registry("exact", "https://exact.example.com", mirrors=["acme.example.com=proxy"])
    assert claims("acme.example.com/docker-local/app", wild, exact, registry()) == [
        "acme: docker-local app",
        "exact: proxy docker-local/app",
        "wild: everything docker-local/app",
    ]


def test_two_registries_with_the_same_mirror_are_tried_in_their_order() -> None:
    first = registry("first", mirrors=["docker.io=one"])
    second = registry("second", mirrors=["docker.io=two"])
    assert claims("nginx", first, second) == ["first: one library/nginx", "second: two library/nginx"]


def test_a_repository_that_is_left_out_is_not_claimed() -> None:
    some = registry(repositories={"include": ["docker-*"], "exclude": ["docker-tmp"]})
    assert claims("acme.example.com/docker-local/app", some) == ["acme: docker-local app"]
    assert claims("acme.example.com/docker-tmp/app", some) == []
    assert claims("acme.example.com/helm-local/app", some) == []


def test_without_a_registry_the_cure_is_to_add_one() -> None:
    reason = unconnected([], parse_reference("nginx"))
    assert "no registry is connected" in reason
    assert "helm portshift registries add … --mirror docker.io=REPOSITORY" in reason


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("nginx", "no connected registry serves docker.io"),
        ("acme.example.com/app", "expected acme.example.com/REPOSITORY/IMAGE"),
        ("acme.example.com/tmp/app", "registry acme leaves out the repository tmp"),
    ],
)
def test_a_reference_that_nobody_claims_is_told_why(reference: str, reason: str) -> None:
    some = registry(repositories={"exclude": ["tmp"]})
    assert claims(reference, some) == []
    assert reason in unconnected([some], parse_reference(reference))
