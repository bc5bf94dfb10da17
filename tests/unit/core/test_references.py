"""The vectors of distribution/reference (reference_test.go, normalize_test.go), and what Kubernetes pulls."""

from __future__ import annotations

import pytest

from portshift.core.errors import InvalidReference
from portshift.core.references import Reference, parse_reference, pin

SHA256 = "sha256:" + "f" * 64
SHA384 = "sha384:" + "f" * 96
SHA512 = "sha512:" + "f" * 128
HEX = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a"

VALID = [
    ("nginx", "docker.io/library/nginx:latest"),
    ("test_com", "docker.io/library/test_com:latest"),
    ("test.com:tag", "docker.io/library/test.com:tag"),
    ("test.com:5000", "docker.io/library/test.com:5000"),
    ("192.168.0.1", "docker.io/library/192.168.0.1:latest"),
    ("192.168.0.1:80", "docker.io/library/192.168.0.1:80"),
    ("192.168.0.1:8/debian", "192.168.0.1:8/debian:latest"),
    ("test.com/repo:tag", "test.com/repo:tag"),
    ("test:5000/repo", "test:5000/repo:latest"),
    (f"test:5000/repo@{SHA256}", f"test:5000/repo@{SHA256}"),
    (f"test:5000/repo:tag@{SHA256}", f"test:5000/repo@{SHA256}"),
    (f"busybox:latest@{SHA384}", f"docker.io/library/busybox@{SHA384}"),
    (f"xn--7o8h.com/myimage:xn--7o8h.com@{SHA512}", f"xn--7o8h.com/myimage@{SHA512}"),
    ("lowercase:Uppercase", "docker.io/library/lowercase:Uppercase"),
    ("foo_bar.com:8080", "docker.io/library/foo_bar.com:8080"),
    ("foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080"),
    (
        "b.gcr.io/test.example.com/my-app:test.example.com",
        "b.gcr.io/test.example.com/my-app:test.example.com",
    ),
    ("localhost/x", "localhost/x:latest"),
    ("localhost:5000/x", "localhost:5000/x:latest"),
    ("Docker/docker", "Docker/docker:latest"),
    ("DOCKER/docker", "DOCKER/docker:latest"),
    ("index.docker.io/docker/docker", "docker.io/docker/docker:latest"),
    ("index.docker.io/debian", "docker.io/library/debian:latest"),
    ("docker.io/debian", "docker.io/library/debian:latest"),
    ("docker.io/library/foo/bar", "docker.io/library/foo/bar:latest"),
    ("registry-1.docker.io/debian", "registry-1.docker.io/debian:latest"),
    ("[2001:db8::1]/repo", "[2001:db8::1]/repo:latest"),
    ("[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000/repo:tag"),
    ("[::1]:5000/repo", "[::1]:5000/repo:latest"),
    ("test.com:750050/foo", "test.com:750050/foo:latest"),
    ("docker---rules/docker", "docker.io/docker---rules/docker:latest"),
    ("dock__er/docker", "docker.io/dock__er/docker:latest"),
    (f"docker.io/{HEX}", f"docker.io/library/{HEX}:latest"),
    (HEX[:-1], f"docker.io/library/{HEX[:-1]}:latest"),
    ("x:_" + "a" * 127, "docker.io/library/x:_" + "a" * 127),
    ("a.b/" + "a/" * 127 + "a", "a.b/" + "a/" * 127 + "a:latest"),
]

INVALID = [
    "",
    ":justtag",
    f"@{SHA256}",
    "repo@sha256:" + "f" * 34,
    "repo@" + SHA256.upper(),
    "repo@sha256:" + "F" * 64,
    "repo@md5:" + "f" * 32,
    "repo@invaliddigest:" + "f" * 64,
    f"repo@{SHA256}@{SHA256}",
    "Uppercase:tag",
    "test:5000/Uppercase/lowercase:tag",
    "docker/Docker",
    "a.b/" + "a/" * 128 + "a:tag",
    "x:" + "a" * 129,
    "x:-foo",
    "x:",
    "aa/asdf$$^/aa",
    "[2001:db8::1]",
    "[2001:db8::1]:5000",
    "[2001:db8::1]:tag",
    "[fe80::1%eth0]:5000/repo",
    "[2001:db8:3:4::192.0.2.33]:5000/debian",
    "fc00::1:5000/debian",
    "https://github.com/docker/docker",
    "-docker",
    "-docker/docker",
    "-docker.io/docker/docker",
    "docker-/docker",
    "docker///docker",
    "docker/",
    "____/____",
    "_docker/_docker",
    "dock..er/docker",
    "dock_.er/docker",
    "dock-.er/docker",
    HEX,
    "$VLLM_IMAGE",
    "<image_url>",
    "nginx:1.27\n",
    " nginx",
]


@pytest.mark.parametrize(("text", "normalised"), VALID)
def test_a_reference_is_read_as_kubernetes_pulls_it(text: str, normalised: str) -> None:
    assert str(parse_reference(text)) == normalised


@pytest.mark.parametrize("text", INVALID)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        parse_reference(text)


def test_the_parts_of_a_reference() -> None:
    assert parse_reference("ghcr.io/a/b:1") == Reference("ghcr.io", "a/b", "1", None)
    assert parse_reference("ghcr.io/a/b:1").with_digest(SHA256) == Reference("ghcr.io", "a/b", None, SHA256)
    with pytest.raises(InvalidReference, match="sha512"):
        parse_reference("x").with_digest("latest")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("https://a.b/c", "URL"),
        (HEX, "image id"),
        ("a.b/C", "upper case"),
        ("x" * 999 + "!", "..."),
    ],
)
def test_a_refusal_says_what_was_found(text: str, said: str) -> None:
    with pytest.raises(InvalidReference, match=said):
        parse_reference(text)


def test_pinning_keeps_what_is_written() -> None:
    assert pin("nginx", SHA256) == f"nginx@{SHA256}"
    assert pin("a.b/c:1", SHA256) == f"a.b/c:1@{SHA256}"
    assert pin(f"a.b/c:1@{SHA512}", SHA256) == f"a.b/c:1@{SHA512}"
    with pytest.raises(InvalidReference):
        pin("$IMAGE", SHA256)
    with pytest.raises(InvalidReference):
        pin("nginx", "sha256:0")
