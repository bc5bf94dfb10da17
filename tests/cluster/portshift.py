"""`portshift install` and `upgrade` on one Helm, and what they left on the cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.api import ApiServer
from tests.cluster.bridge import RunningBridge
from tests.cluster.helm import PROGRAMS, Helm

ANNOTATION = "portshift.io/identity"

_PLURALS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
}


@dataclass(frozen=True)
class Workload:
    """A workload on the API server: what decides whether its pods are made anew."""

    kind: str
    name: str
    generation: int
    annotations: dict[str, str]
    template: dict[str, Any]

    @property
    def token(self) -> str | None:
        """Its token: in the pod template, or on the object of a Job, whose template is immutable."""
        inside = self.template["metadata"].get("annotations", {})
        return inside.get(ANNOTATION) or self.annotations.get(ANNOTATION)


def workloads(api: ApiServer, namespace: str) -> list[Workload]:
    """Read every workload of a namespace."""
    return [
        _workload(kind, item) for kind, path in _PLURALS.items() for item in api.items(path.format(namespace))
    ]


def _workload(kind: str, item: dict[str, Any]) -> Workload:
    spec = item["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else item["spec"]
    return Workload(
        kind=kind,
        name=item["metadata"]["name"],
        generation=item["metadata"].get("generation", 0),
        annotations=item["metadata"].get("annotations", {}),
        template=spec["template"],
    )


def through_portshift(helm: Helm, bridge: RunningBridge) -> Helm:
    """The same Helm behind `portshift`, which brings the post-renderer for its major version."""
    environment = {**helm.environment, **bridge.environment, "HELM_BIN": str(helm.program)}
    return dataclasses.replace(helm, program=PROGRAMS / "portshift", environment=environment)


def hooks(helm: Helm, release: str, namespace: str) -> Iterator[dict[str, Any]]:
    """Yield the hooks of a release as Helm recorded them."""
    for document in yaml.safe_load_all(helm.run("get", "hooks", release, "--namespace", namespace)):
        if document:
            yield document


def write_chart(folder: Path, **templates: str) -> Path:
    """Write a chart that renders these templates as they are."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {folder.name}\nversion: 0.1.0\n")
    for name, template in templates.items():
        (folder / "templates" / f"{name}.yaml").write_text(template)
    return folder
