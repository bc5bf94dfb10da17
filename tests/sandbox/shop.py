"""What the sandbox's Artifactory holds: a small shop's images, and a remote that knows Docker Hub's."""

from __future__ import annotations

import secrets

from tests.standin import Permission, Standin

LOCAL = "docker-local"
REMOTE = "docker-remote"
VIRTUAL = "docker"
HOST = "acme.example.com"
BRIDGE_USER = "portshift"

_STARTED = 1_767_225_600.0  # 2026-01-01, so that every sandbox shows the same


def fill(standin: Standin) -> str:
    """Put repositories, images and builds in; return the password of the bridge's read-only login."""
    standin.add_repository(LOCAL)
    standin.add_repository(REMOTE, "remote", remote_url="https://registry-1.docker.io", library=True)
    standin.add_repository(VIRTUAL, "virtual", members=(LOCAL, REMOTE), default_deployment_repo=LOCAL)
    several = ("linux/amd64", "linux/arm64")
    standin.push_image(LOCAL, "shop/web", "1.0", platforms=several, attestations=True)
    standin.push_image(LOCAL, "shop/web", "1.1", platforms=several, content="a newer build")
    standin.push_image(LOCAL, "shop/worker", "1.0")
    standin.push_image(REMOTE, "library/redis", "7", platforms=several, cached=True)
    standin.push_image(REMOTE, "library/nginx", "1.27", platforms=several)
    for number, images in {
        "41": [(LOCAL, "shop/web", "1.0"), (LOCAL, "shop/worker", "1.0")],
        "42": [(LOCAL, "shop/web", "1.1")],
    }.items():
        standin.publish_build(
            "shop",
            number,
            images,
            url=f"https://ci.example.com/job/shop/{number}/",
            vcs_url="https://git.example.com/shop.git",
            vcs_revision=number * 20,
            vcs_branch="main",
            started=_STARTED,
        )
    password = secrets.token_urlsafe(24)
    standin.add_user(BRIDGE_USER, password, permissions=[Permission.of("read")])
    return password
