"""etcd and kube-apiserver: all that Helm needs of a cluster, as an ordinary user, on loopback.

There is no controller manager: nothing makes pods, and Jobs finish by the hand of `tests.cluster.jobs`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cluster.api import ApiServer
from tests.cluster.processes import NotReady, free_port, running, wait_until

_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    """A running API server: its client, and a kubeconfig for other programs."""

    api: ApiServer
    kubeconfig: Path


@contextmanager
def control_plane(*, etcd: Path, kube_apiserver: Path, folder: Path) -> Iterator[ControlPlane]:
    """Run both programs for the length of the block, with all their files in the folder."""
    with ExitStack() as stack:
        yield _start(stack, etcd, kube_apiserver, folder)


def _start(stack: ExitStack, etcd: Path, kube_apiserver: Path, folder: Path) -> ControlPlane:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with ExitStack() as tried:
                started = tried.enter_context(_once(etcd, kube_apiserver, folder / str(attempt)))
                stack.push(tried.pop_all())
                return started
        except NotReady:
            # A free port may be taken between finding and binding it: then the program ends at once.
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


@contextmanager
def _once(etcd: Path, kube_apiserver: Path, folder: Path) -> Iterator[ControlPlane]:
    folder.mkdir(parents=True)
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")
    _write_service_account_key(folder / "service-account.pem")
    etcd_address, peer_address = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(
            running([etcd, *_etcd_flags(folder, etcd_address, peer_address)], log=folder / "etcd.log")
        )
        log = folder / "kube-apiserver.log"
        server = stack.enter_context(
            running([kube_apiserver, *_apiserver_flags(folder, etcd_address, port)], log=log)
        )
        certificate = folder / "certificates" / "apiserver.crt"
        api = ApiServer(f"https://127.0.0.1:{port}", token=token, certificate=certificate)
        wait_until(lambda: certificate.exists() and api.is_ready(), process=server, log=log, seconds=90)
        yield ControlPlane(api=api, kubeconfig=_write_kubeconfig(folder / "kubeconfig", api))


def _etcd_flags(folder: Path, address: str, peer: str) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={address}",
        f"--advertise-client-urls={address}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _apiserver_flags(folder: Path, etcd: str, port: int) -> list[str]:
    return [
        f"--etcd-servers={etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        # A loopback address is refused as the endpoint of the kubernetes Service, which nobody uses here.
        "--endpoint-reconciler-type=none",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'service-account.pem'}",
        f"--service-account-signing-key-file={folder / 'service-account.pem'}",
        "--service-cluster-ip-range=10.99.0.0/24",
        "--allow-privileged=true",
        # No controller makes the default service accounts that this plugin waits for.
        "--disable-admission-plugins=ServiceAccount",
    ]


def _write_service_account_key(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    # The API server takes the public half from the same file, but only in this older format.
    older_format = serialization.PrivateFormat.TraditionalOpenSSL
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, older_format, serialization.NoEncryption())
    )


def _write_kubeconfig(path: Path, api: ApiServer) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "test", "cluster": {"server": api.url, "certificate-authority": str(api.certificate)}}
        ],
        "users": [{"name": "admin", "user": {"token": api.token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "current-context": "test",
    }
    path.write_text(yaml.safe_dump(document))
    return path
