"""The namespace of a kubeconfig context, as client-go finds it (clientcmd, DeferredLoadingClientConfig)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from portshift.adapters.yaml_files import load_yaml
from portshift.core.context import NOTHING, Setting

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_MAX_BYTES = 16 * 1024 * 1024


def context_namespace(
    environ: Mapping[str, str],
    *,
    context: str | None = None,
    kubeconfig: str | None = None,
    service_account: Path = SERVICE_ACCOUNT,
) -> Setting:
    """The namespace that the context names, else the pod's own inside a cluster, else nothing.

    Args:
        environ: holds ``KUBECONFIG`` (a path list) and ``HELM_KUBECONTEXT``.
        context: the context to use in place of the current one.
        kubeconfig: the one file to read in place of ``KUBECONFIG``.
        service_account: the folder that Kubernetes mounts into every pod.

    A file that cannot be read says nothing here: Helm itself reports it.

    """
    documents = [document for path in _files(environ, kubeconfig) if (document := _document(path))]
    wanted = context or environ.get("HELM_KUBECONTEXT") or _first_text(documents, "current-context")
    for document in documents:
        for entry in _list(document.get("contexts")):
            if entry.get("name") == wanted:
                # The first entry of a name wins, as in client-go's merge.
                namespace = _mapping(entry.get("context")).get("namespace")
                return (
                    Setting(str(namespace), f"kubeconfig context {wanted}")
                    if namespace
                    else _pod(environ, service_account)
                )
    return _pod(environ, service_account)


def _pod(environ: Mapping[str, str], service_account: Path) -> Setting:
    file = service_account / "namespace"
    if environ.get("KUBERNETES_SERVICE_HOST") and (service_account / "token").exists() and file.exists():
        return Setting(file.read_text(encoding="utf-8").strip() or None, "the pod's service account")
    return Setting(None, NOTHING)


def _files(environ: Mapping[str, str], kubeconfig: str | None) -> Iterator[Path]:
    given = kubeconfig or environ.get("KUBECONFIG")
    if kubeconfig:
        yield Path(kubeconfig)
    elif given:
        yield from (Path(part) for part in given.split(os.pathsep) if part)
    else:
        yield Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home()) / ".kube" / "config"


def _document(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            return {}
        return _mapping(load_yaml(path.read_bytes()))
    except (OSError, ValueError, yaml.YAMLError):
        return {}


def _first_text(documents: list[Mapping[str, Any]], key: str) -> str | None:
    for document in documents:
        if isinstance(value := document.get(key), str) and value:
            return value
    return None


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [_mapping(entry) for entry in value] if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
