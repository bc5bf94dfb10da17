"""The stand-in as a process and over real sockets: what only a connection can show."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.standin import Standin

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
ADMIN = ("admin", "password")


@pytest.fixture
def program(tmp_path: Path) -> Iterator[str]:
    """The URL of ``python -m tests.standin``, seeded by its options."""
    options = [
        "--repository=docker-local",
        "--repository=hub=remote:https://registry-1.docker.io",
        "--repository=docker=virtual:docker-local,hub",
        "--image=docker-local/team/app:1.0",
        "--build=app/7=docker-local/team/app:1.0",
        f"--folder={tmp_path / 'contents'}",
        "--password=other",
        "--reader=portshift:reads",
        "--conjure",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.standin", *options], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        word, address = process.stdout.readline().split()
        assert word == "listening"
        yield f"{address}/artifactory"
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def test_the_program_is_seeded_by_its_options(program: str, tmp_path: Path) -> None:
    admin = ("admin", "other")

    head = requests.head(f"{program}/api/docker/docker/v2/team/app/manifests/1.0", auth=admin, timeout=10)
    build = requests.get(f"{program}/api/build/app/7", auth=("portshift", "reads"), timeout=10)
    hub = requests.head(f"{program}/api/docker/hub/v2/nginx/manifests/1.27", auth=admin, timeout=10)
    stored = requests.get(f"{program}/api/storage/hub-cache/library/nginx", auth=admin, timeout=10)

    assert (head.status_code, build.status_code, hub.status_code, stored.status_code) == (200, 200, 200, 200)
    digest = head.headers["Docker-Content-Digest"].removeprefix("sha256:")
    assert (tmp_path / "contents" / digest).is_file()


def test_ctrl_c_ends_the_program_quietly() -> None:
    command = [sys.executable, "-m", "tests.standin"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    address = process.stdout.readline().split()[1]
    assert requests.get(f"{address}/artifactory/api/system/ping", timeout=10).text == "OK"

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (0, "")


def test_a_connection_is_closed_in_the_middle_of_a_body(standin: Standin) -> None:
    standin.cut(path="*/system/version")

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{standin.url}/api/system/version", auth=ADMIN, timeout=10)
    assert requests.get(f"{standin.url}/api/system/version", auth=ADMIN, timeout=10).status_code == 200


def test_a_delayed_answer_does_not_hold_up_others(standin: Standin) -> None:
    standin.delay(60.0, path="*/api/repositories")
    late = threading.Thread(target=ask_in_vain, args=(f"{standin.url}/api/repositories",))
    late.start()

    assert requests.get(f"{standin.url}/api/system/ping", timeout=10).text == "OK"
    late.join()


def ask_in_vain(url: str) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(url, auth=ADMIN, timeout=0.3)


def test_many_clients_at_once_each_get_their_own_image(standin: Standin) -> None:
    images = [standin.push_image("docker-local", f"app{number}", "1") for number in range(40)]

    def digest(number: int) -> str:
        url = f"{standin.url}/api/docker/docker/v2/app{number}/manifests/1"
        return requests.head(url, auth=ADMIN, timeout=10).headers["Docker-Content-Digest"]

    with ThreadPoolExecutor(16) as pool:
        digests = list(pool.map(digest, range(40)))

    assert digests == [image.digest for image in images]
    assert len(standin.requests) == 40
    assert standin.total_downloads == 0
